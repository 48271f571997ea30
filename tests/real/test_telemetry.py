"""Telemetry against servers that we did not write, and against one that misbehaves: nothing is lost, nothing doubled."""

import csv
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import pytest
import websockets.sync.client as websockets
from conftest import BINARY, Service
from telemetry_servers import Double, Influx1, Influx2, VictoriaMetrics, environment, wait_for

BEGIN = datetime(2026, 3, 1, tzinfo=timezone.utc)
HOSTILE = ["CP-1", "back\\", "a b,c=d", 'quo"te', "comma,x=1 y=2", "50%", "ünïcode 🔌", "NaN"]


def stamp(at):
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Talker:
    """A charger that says what it is told, and waits for each answer."""

    def __init__(self, service, charger):
        url = service.url(urllib.parse.quote(charger, safe=""))
        self.socket = websockets.connect(url, subprotocols=["ocpp1.6"], max_size=None)

    def call(self, action, **payload):
        self.socket.send(json.dumps([2, "1", action, payload]))
        return json.loads(self.socket.recv(timeout=20))[2]

    def session(self, at, minutes, reason="Local", register=1000, step=123.457, tag="04AABBCC"):
        """A session with a reading every minute."""
        start = self.call("StartTransaction", connectorId=1, idTag=tag, meterStart=register, timestamp=stamp(at))
        for minute in range(1, minutes + 1):
            self.reading(at + timedelta(minutes=minute), f"{register + minute * step:.3f}", start["transactionId"])
        self.call(
            "StopTransaction", transactionId=start["transactionId"], meterStop=int(register + minutes * step),
            timestamp=stamp(at + timedelta(minutes=minutes, seconds=30)), reason=reason,
        )

    def reading(self, at, register, transaction=None, more=()):
        values = [
            {"value": register, "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": "7360.5", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "16", "measurand": "Current.Import", "phase": "L1", "unit": "A"},
            *more,
        ]
        extra = {} if transaction is None else {"transactionId": transaction}
        self.call("MeterValues", connectorId=1, meterValue=[{"timestamp": stamp(at), "sampledValue": values}], **extra)

    def status(self, status, at):
        self.call("StatusNotification", connectorId=1, errorCode="NoError", status=status, timestamp=stamp(at))

    def close(self):
        self.socket.close()


def ledger_totals(service):
    """What the server must come to: as in the totals of the servers."""
    register = """SELECT charger_id, evse, connector, at_ms, max(value_milli) AS value FROM reading_row
        JOIN reading_kind k ON k.id = kind_id WHERE k.measurand = 'Energy.Active.Import.Register' AND k.phase = ''
        AND k.location = 'Outlet' AND flags & 19 = 0 GROUP BY 1, 2, 3, 4"""
    [readings] = service.ledger(f"SELECT count(*), coalesce(sum(value), 0) FROM ({register})")
    [sessions] = service.ledger("SELECT count(*), coalesce(sum(energy_mwh), 0) FROM session_row")
    return readings + sessions


def settle(service, server, seconds=60):
    """Waits until the server has what the ledger has; tells both if that never comes."""
    wanted = ledger_totals(service)
    found = []

    def agree():
        found[:] = [server.totals()]
        return found[0] == wanted

    try:
        wait_for(agree, "the totals agree", seconds)
    except AssertionError as error:
        raise AssertionError(f"the ledger says {wanted}, the server {found}") from error
    return wanted


def rss(service):
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) * 1024


@pytest.fixture
def influx(tmp_path):
    if shutil.which("influxd") is None:
        pytest.skip("there is no influxd here")
    server = Influx1(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def double():
    server = Double()
    yield server
    server.hang.set()
    server.stop()


@pytest.fixture
def started(tmp_path):
    """Starts services on one ledger, and stops the last one."""
    running = []

    def start(url, extra=None, **more):
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        running.append(Service(folder, extra=environment(url, **more) | (extra or {})))
        return running[-1]

    yield start
    if running and running[-1].process.poll() is None:
        assert running[-1].stop() == 0


def whole_day(service):
    """Hostile names and texts, statuses, sessions with fractions of a watt-hour, what no server could take."""
    for number, name in enumerate(HOSTILE):
        charger = Talker(service, name)
        charger.call("BootNotification", chargePointVendor="Ven\\dor", chargePointModel="M")
        at = BEGIN + timedelta(hours=number)
        charger.status("Charging", at)
        charger.session(at, 5, reason='odd "reason"\\\nwith, everything=', register=1000 * number, step=100.001 + number)
        charger.status("Available", at + timedelta(minutes=10))
        odd = [{"value": value, "measurand": "Power.Offered"} for value in ("NaN", "inf", "1e400", "")]
        odd.append({"value": "1", "measurand": "odd,measurand=1 x", "unit": "W"})
        charger.reading(at + timedelta(minutes=30), "1e3", more=odd)
        charger.close()


def test_a_true_parser_takes_every_line_and_comes_to_the_same_watt_hours(influx, started):
    service = started(influx.url)
    whole_day(service)
    readings, register, sessions, energy = settle(service, influx)
    assert readings >= len(HOSTILE) * 6 and sessions == len(HOSTILE) and register % 1000 and energy > 0
    assert service.metric("chargewatch_sink_dead_letters_total") in (None, 0)
    assert service.ledger("SELECT count(*) FROM dead_letter") == [(0,)]
    # Integers are integers, quantities decimals, texts texts; nothing of a person.
    kinds = {row[0]: row[1] for row in influx.query("SHOW FIELD KEYS FROM charger_reading")[0]["values"]}
    assert kinds["energy_wh"] == kinds["energy_wh_thousandths"] == "integer"
    assert kinds["power_w"] == kinds["current_l1_a"] == "float"
    kinds = {row[0]: row[1] for row in influx.query("SHOW FIELD KEYS FROM charging_session")[0]["values"]}
    assert kinds["dwell_s"] == "integer" and kinds["provisional"] == "boolean" and kinds["stop_reason"] == "string"
    tags = {row[0] for series in influx.query("SHOW TAG KEYS") for row in series["values"]}
    assert tags == {"site", "charger", "evse", "connector"}
    assert influx.field("stop_reason", "charging_session")[0] == 'odd "reason"\\ with, everything='
    chargers = {row[1] for row in influx.query('SHOW TAG VALUES FROM charging_session WITH KEY = "charger"')[0]["values"]}
    assert len(chargers) == len(HOSTILE) and "back%5C" in chargers and "a b,c=d" in chargers
    # What was sent stands at its own time, with what the timeline says of it.
    assert influx.field("charging_s", "charging_session", "WHERE charger = 'CP-1'") == [330]
    states = influx.field("state", "connector_state", f"WHERE charger = 'CP-1' AND time < '{stamp(BEGIN + timedelta(days=1))}'")
    assert states[:2] == ["CHARGING", "AVAILABLE"]
    assert service.metric("chargewatch_sink_points_total", sink="influx") > readings


@pytest.mark.skipif(Influx2.binary() is None, reason="there is no InfluxDB 2 here; INFLUXD_BIN names one")
def test_influxdb_2_comes_to_the_same_watt_hours_by_flux(tmp_path, started):
    server = Influx2(tmp_path)
    service = started(server.url)
    whole_day(service)
    settle(service, server)
    assert service.ledger("SELECT count(*) FROM dead_letter") == [(0,)]
    server.stop()


@pytest.mark.skipif(shutil.which("victoria-metrics") is None, reason="there is no victoria-metrics here")
def test_victoria_metrics_has_every_point_and_the_same_registers(tmp_path, started):
    """It keeps every version of a point that is written again, so that energy of sessions is not compared here."""
    server = VictoriaMetrics(tmp_path)
    service = started(server.url)
    whole_day(service)
    wait_for(lambda: server.totals()[:3] == ledger_totals(service)[:3], "the totals agree")
    server.stop()


def test_a_real_server_that_is_killed_under_load_misses_nothing(influx, started):
    service = started(influx.url, batch_points=200)
    stop, begun = threading.Event(), threading.Event()

    def load(name):
        charger, n = Talker(service, name), 0
        while not stop.is_set():
            charger.session(BEGIN + timedelta(minutes=40 * n), 20, register=10_000 * n)
            n += 1
            begun.set()
        charger.close()

    threads = [threading.Thread(target=load, args=(f"L-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    for _ in range(2):
        influx.process.kill()
        wait_for(lambda: service.metric("chargewatch_sink_up") == 0, "the outage is seen")
        behind = service.ledger("SELECT max(seq) FROM outbox")[0][0]
        wait_for(lambda: service.ledger("SELECT max(seq) FROM outbox")[0][0] > behind + 1500, "load goes on")
        wait_for(lambda: (service.metric("chargewatch_sink_rows_behind", part="live") or 0) > 0, "the metrics tell what waits")
        influx.process.start()
        wait_for(lambda: service.metric("chargewatch_sink_up") == 1, "it flows again")
    stop.set()
    for thread in threads:
        thread.join()
    settle(service, influx)
    wait_for(lambda: service.metric("chargewatch_sink_rows_behind") == 0, "nothing is behind")
    assert service.ledger("SELECT count(*) FROM dead_letter") == [(0,)]


def test_whatever_a_server_does_nothing_is_lost_or_doubled(double, started):
    service = started(double.url, timeout_s=1, batch_points=20)
    double.script = [
        (503, "busy"), "reset", "slow", (500, "no space left on device"), "stored, then reset", "hang", (429, "later"),
        (401, "unauthorized"), (404, "bucket not found"), (413, "too large"), "well", (302, ""), "reset", "hang",
    ]
    charger = Talker(service, "CP-1")
    for n in range(8):
        charger.session(BEGIN + timedelta(hours=n), 10, register=10_000 * n)
    charger.close()
    settle(service, double)
    assert not double.script, double.script
    assert service.metric("chargewatch_sink_requests_total", outcome="retried") >= 9
    assert service.metric("chargewatch_sink_dead_letters_total") in (None, 0)
    log = (service.folder / "log.json").read_text()
    assert "telemetry waits for its server" in log and "telemetry flows again" in log
    assert "token-of-the-test" not in log


def test_a_server_that_asks_to_be_left_alone_is(double, started):
    service = started(double.url)
    refused = (429, "slow down", {"Retry_After": "2"})
    double.script = [refused, refused]
    charger = Talker(service, "CP-1")
    charger.session(BEGIN, 3)
    charger.close()
    settle(service, double)
    # The batch, an empty request to learn the pause, and then nothing for as long as was asked.
    (_, first, points), (asked, second, none), (again, third, _), *_ = double.requests
    assert (first, second, third) == (refused, refused, "well") and points > 0 and none == 0
    assert again - asked >= 2


def certificates(folder):
    """An authority of our own, and a certificate of 127.0.0.1 by it."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context, folder / "ca.pem"


def test_over_tls_only_a_server_of_a_trusted_authority_gets_anything(tmp_path, started):
    context, authority = certificates(tmp_path)
    server = Double(context)
    service = started(server.url)
    charger = Talker(service, "CP-1")
    charger.session(BEGIN, 3)
    wait_for(lambda: service.metric("chargewatch_sink_requests_total", outcome="retried"), "it is not trusted")
    assert server.requests == []
    assert service.stop() == 0
    (tmp_path / "token").write_text("token-of-the-test\n")
    service = started(server.url, ca_file=authority, token_file=tmp_path / "token")
    settle(service, server)
    server.stop()


def test_a_bad_point_is_laid_aside_with_its_reason_and_blocks_nothing(double, started):
    double.bad = "charger=BAD"
    service = started(double.url)
    for name in ("CP-1", "BAD", "CP-2"):
        charger = Talker(service, name)
        charger.session(BEGIN, 10)
        charger.close()
    good = "SELECT count(*) FROM session WHERE charger <> 'BAD'"
    wait_for(lambda: (double.totals()[2],) == service.ledger(good)[0] == (2,), "the good sessions arrive")
    refused = "SELECT line, reason FROM dead_letter WHERE line LIKE 'charger_reading%'"
    wait_for(lambda: len(service.ledger(refused)) >= 10, "what was refused is laid aside")
    wait_for(lambda: double.totals()[0] == 20, "all good readings are there")
    wait_for(lambda: service.ledger("SELECT change_live = (SELECT max(seq) FROM outbox) FROM sink_position") == [(1,)], "nothing waits")
    dead = service.ledger("SELECT line, reason FROM dead_letter")
    assert all("charger=BAD" in line and "unable to parse" in reason for line, reason in dead)
    assert service.metric("chargewatch_sink_dead_letters_total", sink="influx") == len(dead)


def test_a_real_server_refuses_one_field_and_takes_the_rest(influx, started):
    """A field that somebody wrote with another type: InfluxDB refuses those points and stores their neighbours."""
    now = int(BEGIN.timestamp() * 1e9)
    url = f"http://127.0.0.1:{influx.port}/write?db=charging"
    subprocess.run(["curl", "-sf", "--noproxy", "*", url, "--data-binary", f'charger_reading,x=y frequency_hz="text" {now}'], check=True)
    service = started(influx.url)
    charger = Talker(service, "CP-1")
    charger.reading(BEGIN + timedelta(minutes=1), "1000")
    charger.reading(BEGIN + timedelta(minutes=2), "1100", more=[{"value": "50", "measurand": "Frequency"}])
    charger.reading(BEGIN + timedelta(minutes=3), "1200")
    charger.close()
    [(line, reason)] = wait_for(lambda: service.ledger("SELECT line, reason FROM dead_letter"), "it is laid aside")
    assert "frequency_hz=50" in line and "field type conflict" in reason
    wait_for(lambda: influx.totals()[:2] == (2, 2_200_000), "the others are there")


def test_killed_in_the_middle_of_batches_twenty_times_it_still_agrees(influx, started):
    stored_by_the_dead = 0
    for kill in range(20):
        influx.proxy.keep_back, influx.proxy.kept = kill % 2 == 0, threading.Event()
        service = started(influx.url, batch_points=50)
        charger = Talker(service, f"K-{kill % 3}")
        charger.session(BEGIN + timedelta(hours=kill), 12, register=10_000 * kill)
        if influx.proxy.keep_back:
            # The server has stored a batch, and its answer is lost with the process.
            assert influx.proxy.kept.wait(30)
            stored_by_the_dead += 1
        service.stop(signal.SIGKILL)
        charger.socket.close_socket() if hasattr(charger.socket, "close_socket") else charger.socket.socket.close()
    influx.proxy.keep_back = False
    service = started(influx.url, batch_points=50)
    _, _, sessions, _ = settle(service, influx)
    assert (stored_by_the_dead, sessions) == (10, 20)


def test_memory_stays_flat_while_a_server_is_away_and_live_goes_first_when_it_is_back(double, started):
    double.script = [(503, "away")] * 100_000
    service = started(double.url, batch_points=500, catch_up_points_s=20_000)
    chargers = [Talker(service, f"M-{number}") for number in range(4)]

    def load(rounds, hour):
        def one(charger):
            for n in range(rounds):
                charger.session(BEGIN + timedelta(hours=hour + n), 50, register=10_000 * (hour + n))

        threads = [threading.Thread(target=one, args=(charger,)) for charger in chargers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    load(5, 0)
    before = rss(service)
    load(25, 10)
    waiting = service.metric("chargewatch_sink_rows_behind", part="live")
    grown = rss(service) - before
    assert waiting > 5000, waiting
    assert grown < 8_000_000, grown
    double.script.clear()
    settle(service, double)
    first = [json.loads(line)["fields"] for line in (service.folder / "log.json").read_text().splitlines()]
    [opened] = [line for line in first if line["message"].startswith("telemetry sends what is new first")]
    assert opened["rows"] > 0
    wait_for(lambda: service.metric("chargewatch_sink_rows_behind") == 0, "nothing is behind")
    print(f"{waiting:.0f} changes waited; memory grew by {grown} bytes meanwhile")
    for charger in chargers:
        charger.close()


def test_a_lost_bucket_is_filled_again_also_after_an_interruption(influx, started):
    service = started(influx.url)
    for n in range(3):
        charger = Talker(service, f"B-{n}")
        charger.status("Available", BEGIN)
        for hour in range(4):
            charger.session(BEGIN + timedelta(hours=hour), 20, register=10_000 * hour)
        charger.close()
    wanted = settle(service, influx)
    influx.drop()
    assert influx.totals() == (0, 0, 0, 0)
    command = [BINARY, "backfill", "--data-dir", service.folder, "--from", stamp(BEGIN), "--to", stamp(BEGIN + timedelta(days=1))]
    slow = dict(os.environ, **environment(influx.url, batch_points=20, catch_up_points_s=100))
    interrupted = subprocess.Popen(command, env=slow, stdout=subprocess.PIPE, text=True)
    progress = service.folder / "backfill-influx.json"
    wait_for(lambda: json.loads(progress.read_text())["points"] >= 60, "some of it is sent")
    interrupted.kill()
    interrupted.wait()
    assert influx.totals()[0] < wanted[0]
    done = subprocess.run(command, env=slow | environment(influx.url), capture_output=True, text=True, check=True)
    assert "going on with readings after" in done.stdout and "0 refused" in done.stdout, done.stdout
    assert influx.totals() == wanted
    day = f"WHERE time >= '{stamp(BEGIN)}' AND time < '{stamp(BEGIN + timedelta(days=1))}'"
    assert influx.field("count(occupied)", "site_load", day) == [24 * 60]
    assert influx.field("max(power_w)", "site_load", day) == [3 * 7360.5]


def test_an_export_says_what_the_ledger_says(double, started, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    service = started(double.url)
    whole_day(service)

    def export(what, form):
        output = tmp_path / f"{what}.{form}"
        command = [BINARY, "export", what, "--format", form, "--data-dir", service.folder, "--output", output]
        subprocess.run(command, capture_output=True, check=True)
        return output

    [(rows, energy)] = service.ledger("SELECT count(*), sum(energy_mwh) FROM session_row")
    query = "SELECT count(*), CAST(sum(energy_wh) * 1000 AS BIGINT), min(started_at) FROM '{}'"
    [found] = duckdb.sql(query.format(export("sessions", "parquet"))).fetchall()
    assert found[:2] == (rows, energy) and found[2].astimezone(timezone.utc) == BEGIN
    with open(export("sessions", "csv"), encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == rows and {row["charger"] for row in table} == set(HOSTILE)
    assert sum(round(float(row["energy_wh"]) * 1000) for row in table) == energy
    [(rows, total)] = service.ledger("SELECT count(*), sum(value_milli) FROM reading_row WHERE NOT flags & 16")
    query = "SELECT count(value), CAST(sum(value) * 1000 AS BIGINT), count(DISTINCT charger) FROM '{}'"
    assert duckdb.sql(query.format(export("readings", "parquet"))).fetchall() == [(rows, total, len(HOSTILE))]
