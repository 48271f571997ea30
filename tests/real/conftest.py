"""A chargewatch of its own for each test: the built binary on loopback with free ports, stopped afterwards."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Taken out of the environment: chargewatch refuses variables that it does not know.
BINARY = pathlib.Path(os.environ.pop("CHARGEWATCH_BINARY", ROOT / "target" / "debug" / "chargewatch"))

# What is set for the tests is no setting of the service.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CHARGEWATCH_")}


class Service:
    """A running chargewatch."""

    def __init__(self, folder, ocpp="127.0.0.1:0", http="127.0.0.1:0", extra=None):
        self.folder = pathlib.Path(folder)
        self.token = None
        log = {"CHARGEWATCH_LOG__FORMAT": "json", "CHARGEWATCH_LOG__FILTER": "info"}
        environment = ENVIRONMENT | log | (extra or {})
        command = [BINARY, "serve", "--ocpp-listen", ocpp, "--http-listen", http, "--data-dir", str(folder)]
        self.log = open(self.folder / "log.json", "a+", encoding="utf-8")
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.log.write(line)
            fields = json.loads(line)["fields"]
            if fields.get("message") == "serving":
                self.ocpp, self.http = fields["chargers"], fields["readers"]
                break
        else:
            raise AssertionError("chargewatch ended before it served")
        # The rest of the log must not fill its pipe.
        self.rest = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log)

    def url(self, charger):
        return f"ws://{self.ocpp}/ocpp/{charger}"

    def add_token(self, name, role, *more):
        """Makes a token at the desk beside the service."""
        command = [BINARY, "token", "add", name, "--role", role, "--data-dir", str(self.folder), *more]
        return subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()

    def revoke_token(self, name):
        command = [BINARY, "token", "revoke", name, "--data-dir", str(self.folder)]
        subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)

    def act_as(self, role):
        """From now on every request has a token of this role."""
        self.token = self.add_token(role, role)
        deadline = time.monotonic() + 20
        while self.get("/api/v1/nowhere")[0] == 401:
            assert time.monotonic() < deadline, "the service never noticed the token"
            time.sleep(0.2)

    def get(self, path):
        """Status and body of a GET."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(f"http://{self.http}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path):
        status, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def items(self, path):
        return self.json(path)["items"]

    def wait_for(self, path):
        """The items of a list, once there are any: what no answer waits for is written a moment later."""
        deadline = time.monotonic() + 20
        while not (items := self.items(path)):
            assert time.monotonic() < deadline, f"nothing at {path}"
            time.sleep(0.02)
        return items

    def ledger(self, sql, *arguments):
        """Rows of a query, as anybody with sqlite3 would ask it."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'chargewatch.db'}?mode=ro", uri=True)) as db:
            return db.execute(sql, arguments).fetchall()

    def metric(self, name, **labels):
        """The sum of a metric's samples with these labels."""
        total = None
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("#") or not line.startswith((name + "{", name + " ")):
                continue
            if all(f'{key}="{value}"' in line for key, value in labels.items()):
                total = (total or 0) + float(line.rsplit(" ", 1)[1])
        return total

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=15)
        # Whoever reads the log now finds all of it.
        self.rest.wait(timeout=15)
        return status


@pytest.fixture
def service(tmp_path):
    running = Service(tmp_path)
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0
