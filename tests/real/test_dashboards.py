"""Dashboards and rules against parts that we did not write: Grafana's own model of a dashboard (the PyPI package
grafana-foundation-sdk), a real Prometheus that scrapes a simulated fleet and is asked every query of every panel, variable,
annotation and rule, the parser of Flux that InfluxData publishes, and a real InfluxDB 2 where there is one."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
import yaml
from conftest import BINARY, ROOT, Service
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from telemetry_servers import Influx2, environment, free_port, wait_for
from test_metrics import talk

FOLDER = ROOT / "dashboards"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}

# What belongs to a data source and therefore not to Grafana's common model.
OF_DATA_SOURCE = {"step", "titleFormat", "textFormat", "tagKeys", "useValueForTime", "definition"}

# What Grafana puts in place of its own variables.
BUILT_IN = {"$__rate_interval": "1m", "$__interval": "1m", "$__range": "1h"}


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def lost(before, after, path=""):
    """Paths of what Grafana's model did not keep."""
    if isinstance(before, dict):
        known = {key: value for key, value in before.items() if key not in OF_DATA_SOURCE}
        return [
            gone
            for key, value in known.items()
            for gone in (lost(value, after[key], f"{path}/{key}") if key in after else [f"{path}/{key}"])
        ]
    if isinstance(before, list):
        return [gone for index, value in enumerate(before) for gone in lost(value, after[index], f"{path}/{index}")]
    return [] if before == after else [path]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_what_grafana_takes_it_for(name):
    board = BOARDS[name]
    model = Dashboard.from_json(board)
    assert lost(board, json.loads(JSONEncoder().encode(model))) == []
    assert board["uid"] == f"cw-{name}"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_says_what_it_shows_and_none_lies_on_another(name):
    taken = {}
    for panel in BOARDS[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken.get((x, y)))
                taken[x, y] = panel["title"]
    for panel in panels(BOARDS[name]):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]


def test_links_lead_to_dashboards_that_exist():
    known = {board["uid"] for board in BOARDS.values()}
    for uid in re.findall(r"/d/(cw-[a-z]+)", json.dumps(BOARDS)):
        assert uid in known, uid


def flux_queries():
    """Every Flux query of every dashboard, with the variables filled in that name a bucket and a charger."""
    found = []
    for board in BOARDS.values():
        for query in (target["query"] for panel in panels(board) for target in panel["targets"] if "query" in target):
            found.append(query.replace("${bucket}", "charging").replace("${charger}", "CP-1"))
    return found


def test_flux_queries_name_measurements_and_fields_of_the_schema():
    reference = (FOLDER / "README.md").read_text()
    schema = reference[reference.index("# Telemetry") : reference.index("# Runbook: telemetry")]
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", schema, flags=re.M))
    measures = set(re.findall(r"`([a-z0-9_]+)`", schema[schema.index("**Measures.**") : schema.index("**Numbers.**")]))
    for query in flux_queries():
        (measurement,) = re.findall(r'r\._measurement == "([^"]+)"', query)
        fields = set(re.findall(r'r\._field == "([^"]+)"', query))
        known = measures if measurement == "charger_reading" else set(re.findall(r"`([a-z_]+)`", rows[measurement]))
        assert fields and fields <= known, query


def test_flux_queries_are_valid_for_the_parser_of_influxdata():
    packages = ROOT / "target" / "node" / "node_modules"
    assert packages.is_dir(), "tests/run installs the npm packages"
    queries = flux_queries()
    broken = [query.replace("range(start", "range(begin") for query in queries]
    command = ["node", ROOT / "tests" / "real" / "node" / "flux.cjs"]
    told = subprocess.run(
        command, input=json.dumps(queries + broken), env=dict(os.environ, NODE_PATH=str(packages)),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert json.loads(told.stdout) == [True] * len(queries) + [False] * len(broken)


@pytest.mark.skipif(Influx2.binary() is None, reason="there is no InfluxDB 2 here; INFLUXD_BIN names one")
async def test_flux_queries_return_data_from_a_real_influxdb(tmp_path):
    influx = Influx2(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    service = Service(data, extra=environment(influx.url))
    try:
        connection = await talk(service)
        wait_for(lambda: influx.aggregate("charging_session", "session_id", "count"), "a session in InfluxDB")
        wait_for(lambda: influx.aggregate("charger_reading", "energy_wh", "count"), "a reading in InfluxDB")
        # The session began in the past.
        given = "option v = {timeRangeStart: 2000-01-01T00:00:00Z, timeRangeStop: now()}\n"
        for query in flux_queries():
            assert influx.flux(given + query), query
        await connection.close()
    finally:
        service.stop()
        influx.stop()


class Prometheus:
    """A real one."""

    def __init__(self, folder, settings):
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(settings))
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
        command.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=dict(os.environ, no_proxy="*"))

    def ask(self, query):
        """The result of an instant query; a query that cannot be read is an error."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it is still starting
                return []
            raise AssertionError(f"{query}\n{error.read().decode()}") from error

    def wait_for(self, query):
        for _ in range(1200):
            try:
                if result := self.ask(query):
                    return result
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"Prometheus never had {query}")

    def values(self, query):
        """What a variable of Grafana offers."""
        selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
        return sorted({series["metric"][label] for series in self.ask(f"group by ({label}) ({selector})")})

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def set_aside(folder, charger):
    """An operator enters that a charger is being worked on."""
    times = [(datetime.now(timezone.utc) + timedelta(hours=hours)).isoformat() for hours in (-1, 2)]
    command = [BINARY, "exemption", "add", charger, "--kind", "planned_work", "--cause", "maintenance", "--from", times[0]]
    command += ["--until", times[1], "--evidence", "a work order of the tests", "--data-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """A simulated day that has caught up with the present, watched by a real Prometheus."""
    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus here")
    folder = tmp_path_factory.mktemp("fleet")
    http, ocpp = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    command = [BINARY, "demo", "--chargers", "60", "--speed", "4000", "--trouble", "20", "--data-dir", str(folder)]
    command += ["--http-listen", http, "--ocpp-listen", ocpp]
    with open(folder / "demo.txt", "w", encoding="utf-8") as out:
        often = dict(os.environ, CHARGEWATCH_METRICS__PROGRAMME_EVERY_S="1")
        demo = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=often)
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{FOLDER}/alerts/*.yaml"],
        "scrape_configs": [
            {"job_name": "chargewatch", "static_configs": [{"targets": [http]}]},
            {"job_name": "programme", "metrics_path": "/metrics/programme", "static_configs": [{"targets": [http]}]},
        ],
    }
    prometheus = Prometheus(folder, settings)
    try:
        prometheus.wait_for("min(abs(time() - chargewatch_charger_last_heard_timestamp_seconds)) < 30")
        prometheus.wait_for("abs(time() - chargewatch_programme_made_timestamp_seconds) < 600")
        prometheus.wait_for("chargewatch_connector_power_watts and on () chargewatch_site_power_watts")
        set_aside(folder, prometheus.values("label_values(chargewatch_charger_connected, charger)")[0])
        prometheus.wait_for("chargewatch_connector_exempt")
        yield prometheus
    finally:
        prometheus.stop()
        demo.terminate()
        demo.wait(timeout=30)


def filled(query, board, prometheus):
    """A query with the variables of its dashboard filled in."""
    for name, value in BUILT_IN.items():
        query = query.replace(name, value)
    for variable in board["templating"]["list"]:
        if variable["type"] == "custom":
            query = query.replace(f"${variable['name']}", variable["current"]["value"])
        if variable["type"] != "query":
            continue
        definition = filled(variable["definition"], {"templating": {"list": []}}, prometheus).replace("$site", ".*")
        offered = prometheus.values(definition)
        assert offered, variable["name"]
        charging = [one for one in offered if prometheus.ask(f'chargewatch_connector_power_watts{{charger="{one}"}}')]
        query = query.replace(f"${variable['name']}", ".*" if variable["multi"] else (charging or offered)[0])
    return query


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_draws_from_series_that_exist(name, fleet):
    board = BOARDS[name]
    bare = []
    for panel in panels(board):
        may_be_empty = "noValue" in panel["fieldConfig"]["defaults"]
        for target in (target for target in panel["targets"] if "expr" in target):
            found = fleet.ask(filled(target["expr"], board, fleet))
            if not found and not may_be_empty:
                bare.append((panel["title"], target["expr"]))
    for annotation in board["annotations"]["list"]:
        fleet.ask(filled(annotation["expr"], board, fleet))
    assert bare == []


def test_what_operators_set_aside_is_shown_and_neither_broken_nor_free(fleet):
    board = BOARDS["network"]
    expr = {panel["title"]: filled(panel["targets"][0]["expr"], board, fleet) for panel in panels(board)}
    aside = fleet.ask(expr["Set aside by operators"])
    assert aside and fleet.ask(expr["Set aside"])[0]["value"][1] == str(len(aside))
    chargers = {series["metric"]["charger"] for series in aside}
    assert all(series["metric"]["charger"] not in chargers for series in fleet.ask(expr["Faulted connectors"]))
    # What is in use is that, whatever was entered; all the others are somewhere once.
    shown = [expr[title] for title in ("Free", "Faulted", "Out of use", "Unknown", "Set aside")]
    of = "on (instance, charger, evse, connector) chargewatch_connector_exempt"
    others = f'count((chargewatch_connector_state{{state=~"CHARGING|RESERVED"}} == 1) unless {of}) or vector(0)'
    total = f"(sum(chargewatch_site_connectors) == {' + '.join(f'({part})' for part in [*shown, others])})"
    fleet.wait_for(total)


def test_every_rule_is_loaded_and_its_series_exist(fleet):
    known = set(re.findall(r"`(chargewatch_[a-z_]+)`", (FOLDER / "README.md").read_text()))
    known |= {f"{name}_bucket" for name in known}
    for path in (FOLDER / "alerts").glob("*.yaml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                fleet.ask(rule["expr"])
                for name in re.findall(r"chargewatch_[a-z_]+", rule["expr"]):
                    assert name in known, (rule, name)
    fleet.wait_for("site:chargers_connected:ratio")
    fleet.wait_for("rapid:down:ratio")
