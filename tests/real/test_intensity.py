"""Carbon intensity asked for at a server that answers as the grid operator of Great Britain does, and what becomes of it in a
report, against fractions reckoned here. The server is Python's; the form of its answers is the published one."""

import datetime
import http.server
import json
import subprocess
import threading
import time
from fractions import Fraction

import pytest
from conftest import BINARY, ENVIRONMENT, Service

HALF_HOUR = datetime.timedelta(minutes=30)
FORM = "%Y-%m-%dT%H:%MZ"
# kg for a kilowatt-hour, of 2025: the newest edition that is built in.
GENERATION, LOSSES = Fraction("0.177"), Fraction("0.01853")

MAP = """source = "books"
[columns]
session = "id"
charger = "charger"
start = "start"
end = "end"
energy = "kwh"
[constants]
connector = "1"
[time]
zone = "UTC"
formats = ["%Y-%m-%dT%H:%M"]
"""


def grams(at):
    """What the grid measured in the half-hour that begins then; two of a day were never measured."""
    return None if at.hour == 11 else 100 + 10 * at.hour + at.minute


class Grid(http.server.BaseHTTPRequestHandler):
    """The grid operator. A half-hour before what was asked for comes with it, as it does there."""

    def do_GET(self):
        self.server.asked.append(self.path)
        since, until = (datetime.datetime.strptime(part, FORM) for part in self.path.split("/")[2:])
        at, data = since - HALF_HOUR, []
        while at < until:
            intensity = {"forecast": 999, "actual": grams(at), "index": "moderate"}
            data.append({"from": at.strftime(FORM), "to": (at + HALF_HOUR).strftime(FORM), "intensity": intensity})
            at += HALF_HOUR
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def grid():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Grid)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def emitted(sessions):
    """Kilograms of the electricity of sessions, half-hour by half-hour; each session's energy flows evenly."""
    total = Fraction(0)
    for start, end, kwh in sessions:
        at = start
        while at < end:
            begin = at.replace(minute=at.minute - at.minute % 30)
            until = min(begin + HALF_HOUR, end)
            part = Fraction(kwh) * Fraction(int((until - at).total_seconds()), int((end - start).total_seconds()))
            measured = grams(begin)
            total += part * (LOSSES + (GENERATION if measured is None else Fraction(measured, 1000)))
            at = until
    return total


def test_half_hours_that_the_grid_told_are_kept_and_judge_what_was_charged(tmp_path, grid):
    yesterday = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    yesterday -= datetime.timedelta(days=1)
    clock = lambda hour, minute: yesterday + datetime.timedelta(hours=hour, minutes=minute)
    sessions = [(clock(10, 0), clock(12, 0), "20"), (clock(2, 15), clock(3, 0), "9.6")]
    rows = ["id,charger,start,end,kwh"]
    rows += [f"{n},CP-1,{a:%Y-%m-%dT%H:%M},{b:%Y-%m-%dT%H:%M},{kwh}" for n, (a, b, kwh) in enumerate(sessions)]
    (tmp_path / "sessions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "map.toml").write_text(MAP, encoding="utf-8")
    registry = "charger_id,site_id,commissioned_on,evse_id,connector_ids,rated_kw\nCP-1,square,2020-01-01,1,1,50\n"
    (tmp_path / "sites.csv").write_text(registry, encoding="utf-8")
    kept = tmp_path / "intensity.csv"
    settings = {
        "CHARGEWATCH_REGISTRY__FILE": str(tmp_path / "sites.csv"),
        "CHARGEWATCH_REGISTRY__INTENSITY_URL": f"http://127.0.0.1:{grid.server_port}/intensity",
        "CHARGEWATCH_REGISTRY__INTENSITY_FILE": str(kept), "CHARGEWATCH_REGISTRY__INTENSITY_DAYS": "3",
        "CHARGEWATCH_REGISTRY__RELOAD_S": "1", "NO_PROXY": "127.0.0.1",
    }
    service = Service(tmp_path, extra=settings)
    try:
        command = [BINARY, "import", "sessions", tmp_path / "sessions.csv", "--map", tmp_path / "map.toml"]
        done = subprocess.run(
            [*command, "--data-dir", tmp_path], env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        path = f"/api/v1/reports/carbon?from={yesterday:%Y-%m-%d}&to={yesterday + datetime.timedelta(days=1):%Y-%m-%d}&zone=UTC"
        deadline = time.monotonic() + 30
        while "127.0.0.1, last asked" not in (answer := service.json(path))["factors"]["carbon_intensity"]:
            assert time.monotonic() < deadline, answer["factors"]
            time.sleep(0.2)
        (row,) = answer["rows"]
        told = Fraction(str(row["electricity_half_hourly_ttw_kg"]))
        assert abs(told - emitted(sessions)) <= Fraction(1, 2000), (float(told), float(emitted(sessions)))
        assert (row["method"], row["half_hours_missing"]) == ("mixed", 2), row
        assert Fraction(str(row["half_hourly_share"])) == round(Fraction("19.6") / Fraction("29.6"), 6)
        assert len(grid.asked) == 1 and service.metric("chargewatch_intensity_rounds_total", outcome="told") == 1
        # The command line makes the same figure of the same file, without the service and the grid.
        command = [BINARY, "report", "carbon", "--data-dir", tmp_path, "--format", "json", "--zone", "UTC"]
        days = ["--from", f"{yesterday:%Y-%m-%d}", "--to", f"{yesterday + datetime.timedelta(days=1):%Y-%m-%d}"]
        done = subprocess.run([*command, *days], env=ENVIRONMENT | settings, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["rows"] == answer["rows"]
        assert "999" in kept.read_text(encoding="utf-8"), "a forecast is kept where nothing was measured, and not used"
    finally:
        assert service.stop() == 0
