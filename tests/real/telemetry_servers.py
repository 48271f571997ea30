"""Servers of telemetry: real ones, started on loopback with free ports, and one of our own that misbehaves on demand."""

import contextlib
import gzip
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

TOKEN = "token-of-the-test"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=60):
    """Waits for a fact, not for a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, KeyError, http.client.HTTPException):
            found = condition()
            if found:
                return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def fetch(url, data=None, headers=None):
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def environment(url, **more):
    """Settings that send telemetry to a server, quick enough for a test."""
    settings = {
        "URL": url, "ORG": "city", "BUCKET": "charging", "BATCH_AGE_MS": "50", "TIMEOUT_S": "3", "BACKOFF_MAX_S": "1",
    }
    settings.update({key.upper(): str(value) for key, value in more.items()})
    return {f"CHARGEWATCH_INFLUX__{key}": value for key, value in settings.items()} | {"CHARGEWATCH_INFLUX_TOKEN": TOKEN}


class Process:
    """A server process with a log of its own."""

    def __init__(self, folder, name, command):
        self.command, self.log = command, open(folder / f"{name}.log", "ab")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, env=dict(os.environ, no_proxy="*"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Influx1:
    """Debian's influxd 1.6: a true parser of line protocol, behind a proxy that speaks its /api/v2/write."""

    def __init__(self, folder):
        self.port = free_port()
        config = folder / "influxd.toml"
        config.write_text(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
            f'query-log-enabled = false\n[http]\nbind-address = "127.0.0.1:{self.port}"\nlog-enabled = false\n'
            "[monitor]\nstore-enabled = false\n"
        )
        self.process = Process(folder, "influxd", [shutil.which("influxd"), "-config", str(config)])
        wait_for(self.alive, "influxd answers")
        self.query("CREATE DATABASE charging")
        self.proxy = Proxy(self.port)
        self.url = self.proxy.url

    def alive(self):
        return fetch(f"http://127.0.0.1:{self.port}/ping") == ""

    def query(self, text):
        url = f"http://127.0.0.1:{self.port}/query?{urllib.parse.urlencode({'q': text, 'db': 'charging'})}"
        result = json.loads(fetch(url, data=b""))["results"][0]
        assert "error" not in result, result
        return result.get("series", [])

    def totals(self):
        """Instants with a register and its sum; sessions and their energy: in thousandths of a watt-hour."""
        def one(fields, measurement):
            series = self.query(f"SELECT {fields} FROM {measurement}")
            return [int(value or 0) for value in series[0]["values"][0][1:]] if series else [0] * (fields.count(",") + 1)

        readings = one("count(energy_wh), sum(energy_wh), sum(energy_wh_thousandths)", "charger_reading")
        energy = one("sum(energy_wh), sum(energy_wh_thousandths)", "charging_session WHERE state <> 'moved'")
        sessions = one("count(session_id)", "charging_session WHERE state <> 'moved'")[0]
        return readings[0], readings[1] * 1000 + readings[2], sessions, energy[0] * 1000 + energy[1]

    def field(self, field, measurement, tags=""):
        """Values of a field, in order of time."""
        series = self.query(f"SELECT {field} FROM {measurement} {tags}")
        return [row[1] for one in series for row in one["values"]]

    def drop(self):
        self.query("DROP DATABASE charging")
        self.query("CREATE DATABASE charging")

    def stop(self):
        self.proxy.stop()
        self.process.kill()


class Influx2:
    """An InfluxDB 2, where there is one: INFLUXD_BIN, or an influxd on PATH that says it is version 2."""

    @staticmethod
    def binary():
        found = os.environ.get("INFLUXD_BIN") or shutil.which("influxd")
        if found is None:
            return None
        told = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
        return found if re.search(r"InfluxDB v?2\.", told.stdout + told.stderr) else None

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [self.binary(), "--http-bind-address", f"127.0.0.1:{self.port}", "--reporting-disabled"]
        command += ["--bolt-path", f"{folder}/influxd.bolt", "--engine-path", f"{folder}/engine"]
        command += ["--sqlite-path", f"{folder}/influxd.sqlite"]
        self.process = Process(folder, "influxd2", command)
        wait_for(self.alive, "influxd answers")
        setup = {"username": "test", "password": "test-test", "org": "city", "bucket": "charging", "token": TOKEN}
        fetch(f"{self.url}/api/v2/setup", json.dumps(setup).encode(), {"Content-Type": "application/json"})

    def alive(self):
        return json.loads(fetch(f"{self.url}/health"))["status"] == "pass"

    def flux(self, text):
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/vnd.flux", "Accept": "application/csv"}
        lines = fetch(f"{self.url}/api/v2/query?org=city", text.encode(), headers).replace("\r", "").split("\n")
        rows = [line.split(",") for line in lines if line]
        return [dict(zip(rows[0], row)) for row in rows[1:]] if rows else []

    def aggregate(self, measurement, field, function):
        rows = self.flux(
            f'from(bucket: "charging") |> range(start: 2000-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)'
            f' |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")'
            f" |> group() |> {function}()"
        )
        return int(rows[0]["_value"]) if rows else 0

    def totals(self):
        def energy(measurement):
            whole = self.aggregate(measurement, "energy_wh", "sum")
            return whole * 1000 + self.aggregate(measurement, "energy_wh_thousandths", "sum")

        readings = self.aggregate("charger_reading", "energy_wh", "count")
        sessions = self.aggregate("charging_session", "session_id", "count")
        return readings, energy("charger_reading"), sessions, energy("charging_session")

    def stop(self):
        self.process.kill()


class VictoriaMetrics:
    """Debian's victoria-metrics: takes /api/v2/write as it is. It answers broken lines with 204, so it proves no error."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [shutil.which("victoria-metrics"), f"-httpListenAddr=127.0.0.1:{self.port}"]
        command += [f"-storageDataPath={folder}/victoria", "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]
        self.process = Process(folder, "victoria", command)
        wait_for(self.alive, "victoria-metrics answers")

    def alive(self):
        return fetch(f"{self.url}/health") == "OK"

    def exported(self, name):
        """Values of a metric as stored, by labels and time."""
        fetch(f"{self.url}/internal/force_flush")
        query = urllib.parse.urlencode({"match[]": name, "start": "0", "reduce_mem_usage": "0"})
        found = {}
        for line in fetch(f"{self.url}/api/v1/export?{query}").splitlines():
            series = json.loads(line)
            labels = json.dumps({k: v for k, v in series["metric"].items() if k != "__name__"}, sort_keys=True)
            found.update({(labels, at): value for at, value in zip(series["timestamps"], series["values"])})
        return found

    def totals(self):
        def energy(measurement):
            whole = sum(self.exported(f"{measurement}_energy_wh").values())
            return round(whole * 1000 + sum(self.exported(f"{measurement}_energy_wh_thousandths").values()))

        readings = len(self.exported("charger_reading_energy_wh"))
        sessions = len(self.exported("charging_session_session_id"))
        return readings, energy("charger_reading"), sessions, energy("charging_session")

    def stop(self):
        self.process.kill()


class Http:
    """An HTTP server in a thread; a subclass says what a request gets."""

    def __init__(self, tls=None):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                # A client may be killed, or give up.
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def do_POST(self):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def reply(handler, status, text="", **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())


class Proxy(Http):
    """Writes of version 2 become writes of version 1. It can keep an answer back until it is told to let go."""

    def __init__(self, port):
        self.port, self.keep_back, self.kept = port, False, threading.Event()
        super().__init__()

    def answer(self, handler):
        path, _, query = handler.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if path != "/api/v2/write" or handler.headers["Authorization"] != f"Token {TOKEN}":
            return reply(handler, 401 if path == "/api/v2/write" else 404, '{"code":"unauthorized"}')
        precision = {"ns": "n", "us": "u"}.get(asked["precision"], asked["precision"])
        target = f"/write?{urllib.parse.urlencode({'db': asked['bucket'], 'precision': precision})}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Encoding": handler.headers["Content-Encoding"] or "identity"}
        try:
            connection.request("POST", target, body, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read().decode()
        except OSError:
            status, text = 502, "the server behind the proxy is away"
        if self.keep_back:
            self.kept.set()
            return handler.connection.shutdown(socket.SHUT_RDWR)
        return reply(handler, status, text)


POINT = re.compile(r"(?P<series>(?:\\.|[^ \\])+) (?P<fields>.+) (?P<time>-?\d+)$", re.S)
FIELD = re.compile(r'(?P<name>\w+)=(?P<value>"(?:\\.|[^"\\])*"|true|false|-?[\d.]+i?)(?:,|$)', re.S)


class Double(Http):
    """A server that keeps points by series and time, as InfluxDB does, and misbehaves as it is told: `script` holds what
    the next requests get, one after the other; afterwards all is well."""

    def __init__(self, tls=None):
        self.points, self.requests, self.script, self.bad = {}, [], [], None
        self.hang, self.lock = threading.Event(), threading.Lock()
        super().__init__(tls)

    def answer(self, handler):
        what = self.script.pop(0) if self.script else "well"
        length = int(handler.headers["Content-Length"] or 0)
        if what == "reset":
            handler.rfile.read(min(length, 50))
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return handler.connection.close()
        body = handler.rfile.read(length)
        lines = gzip.decompress(body).decode().splitlines() if body else []
        self.requests.append((time.monotonic(), what, len(lines)))
        if what == "hang":
            return self.hang.wait(30)
        if what == "slow":
            time.sleep(1)
        if isinstance(what, tuple):
            return reply(handler, what[0], what[1], **(what[2] if len(what) > 2 else {}))
        if what == "stored, then reset":
            self.keep(lines)
            return handler.connection.shutdown(socket.SHUT_RDWR)
        bad = [line for line in lines if self.bad and self.bad in line]
        if bad:
            return reply(handler, 422, json.dumps({"code": "invalid", "message": f"unable to parse '{bad[0]}'"}))
        self.keep(lines)
        return reply(handler, 204)

    def keep(self, lines):
        for line in lines:
            point = POINT.match(line)
            assert point, line
            fields = {field["name"]: field["value"] for field in FIELD.finditer(point["fields"])}
            assert fields, line
            with self.lock:
                self.points.setdefault((point["series"], int(point["time"])), {}).update(fields)

    def of(self, measurement):
        with self.lock:
            return [dict(point) for (series, _), point in self.points.items() if series.startswith(measurement + ",")]

    def totals(self):
        def energy(points):
            return sum(int(p.get("energy_wh", "0i")[:-1]) * 1000 + int(p.get("energy_wh_thousandths", "0i")[:-1]) for p in points)

        readings = [point for point in self.of("charger_reading") if "energy_wh" in point]
        sessions = [point for point in self.of("charging_session") if point["state"] != '"moved"']
        return len(readings), energy(readings), len(sessions), energy(sessions)
