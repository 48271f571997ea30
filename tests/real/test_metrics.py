"""The metrics page against the tools of Prometheus itself."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest
import websockets
import yaml
from conftest import ROOT
from telemetry_servers import wait_for

FRAMES = [
    '[2,"1","BootNotification",{"chargePointVendor":"Ven\\"dor\\\\","chargePointModel":"Model"}]',
    '[2,"2","StatusNotification",{"connectorId":1,"errorCode":"OverVoltage","status":"Faulted"}]',
    '[2,"3","StatusNotification",{"connectorId":2,"errorCode":"NoError","status":"Charging"}]',
    '[2,"4","StartTransaction",{"connectorId":2,"idTag":"A1","meterStart":100,"timestamp":"2026-01-01T00:00:00Z"}]',
    '[2,"5","MeterValues",{"connectorId":2,"meterValue":[{"timestamp":"TIME","sampledValue":['
    '{"value":"228.5","measurand":"Voltage","phase":"L1-N","unit":"V"},'
    '{"value":"16","measurand":"Current.Import","phase":"L1","unit":"A"},'
    '{"value":"53.5","measurand":"SoC","unit":"Percent"},'
    '{"value":"7.4","measurand":"Power.Active.Import","unit":"kW"},'
    '{"value":"7.4","measurand":"Power.Offered","unit":"kW"},'
    '{"value":"1234.567","measurand":"Energy.Active.Import.Register","unit":"kWh"}]}]}]',
]


async def talk(service):
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    connection = await websockets.connect(service.url("CP-1"), subprotocols=["ocpp1.6"])
    for frame in FRAMES:
        await connection.send(frame.replace("TIME", now))
        assert json.loads(await connection.recv())[0] == 3
    return connection


async def test_promtool_finds_nothing_wrong(service):
    connection = await talk(service)
    _, page = service.get("/metrics")
    assert 'chargewatch_connector_soc_ratio{site="unregistered",charger="CP-1",evse="2",connector="2"} 0.53500' in page
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    await connection.close()


@pytest.mark.parametrize("role", ["monitor", "metrics", "viewer"])
async def test_the_programme_page_is_for_monitors_and_names_no_charger(service, role):
    connection = await talk(service)
    service.act_as(role)
    status, page = service.get("/metrics/programme")
    assert (status, "CP-1" in page) == (200, False)
    assert 'chargewatch_programme_evses{period="year"} ' in page
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert service.get("/metrics/programme")[1] == page, "it is kept for a while"
    assert service.get("/metrics")[0] == (403 if role == "monitor" else 200)
    service.token = service.add_token("one-site", role, "--site", "coachway")
    wait_for(lambda: service.get("/metrics/programme")[0] != 401, "the token")
    assert service.get("/metrics/programme")[0] == 403
    await connection.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_a_real_prometheus_scrapes_it(service, tmp_path):
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("there is no prometheus here")
    connection = await talk(service)
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: chargewatch\n"
        f"  static_configs: [{{targets: ['{service.http}']}}]\n"
    )
    command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}"]
    command.append(f"--web.listen-address=127.0.0.1:{port}")
    environment = dict(os.environ, no_proxy="*")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    try:
        query = 'chargewatch_connector_power_watts{charger="CP-1",connector="2"}'
        assert await ask(port, query) == 7400
        assert await ask(port, 'sum(chargewatch_connector_state{state="OUTOFORDER"})') == 1
        assert await ask(port, 'chargewatch_connector_register_wh{charger="CP-1"}') == 1234567
    finally:
        process.terminate()
        process.wait(timeout=20)
    await connection.close()


async def ask(port, query):
    """The value of a query, once Prometheus has it."""
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
            if result:
                return float(result[0]["value"][1])
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"Prometheus never had {query}")


ALERTS = ROOT / "dashboards" / "alerts"


@pytest.mark.parametrize("tests", sorted((ALERTS / "tests").glob("*.yaml")), ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(tests):
    promtool("test", "rules", str(tests))


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_is_silent():
    promtool("check", "rules", *map(str, ALERTS.glob("*.yaml")))
    silent, firing = set(), set()
    for tests in (ALERTS / "tests").glob("*.yaml"):
        for group in yaml.safe_load(tests.read_text())["tests"]:
            for check in group["alert_rule_test"]:
                (firing if check["exp_alerts"] else silent).add(check["alertname"])
    groups = [group for rules in ALERTS.glob("*.yaml") for group in yaml.safe_load(rules.read_text())["groups"]]
    alerts = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert alerts - firing == set()
    assert alerts - silent == set()


def promtool(*command):
    checked = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_its_words_in_the_runbook():
    runbook = (ROOT / "dashboards" / "README.md").read_text()
    for rules in (ROOT / "dashboards" / "alerts").glob("*.yaml"):
        for line in rules.read_text().splitlines():
            if line.strip().startswith("- alert: "):
                assert f"\n## {line.split()[-1]}\n" in runbook, line
