"""The stack of config/compose.yaml without Docker: each file against the tool or the schema of its maker (Prometheus,
Alertmanager, the Compose specification as the PyPI package check-jsonschema brings it, systemd), and its first start with the
real binary: the same script, the same settings, a real Prometheus that scrapes over HTTPS with the token made there."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import BINARY, ROOT, Service
from telemetry_servers import free_port
from test_dashboards import Prometheus

CONFIG = ROOT / "config"
STACK = yaml.safe_load((CONFIG / "compose.yaml").read_text())


def run(*command, env=None, code=0):
    told = subprocess.run(
        [str(part) for part in command], env=dict(os.environ, **(env or {})), capture_output=True, text=True, check=False
    )
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout


def test_compose_is_what_the_specification_says_and_every_image_is_pinned():
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    run(*checker, CONFIG / "compose.yaml")
    for name, service in STACK["services"].items():
        assert re.fullmatch(r"\S+:(local|v?\d+\.\d+\.\d+)", service["image"]), name
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in STACK["volumes"] or (CONFIG / source).exists(), (name, mount)
        for other, how in service.get("depends_on", {}).items():
            waits = "healthcheck" in STACK["services"][other] or how["condition"] == "service_completed_successfully"
            assert waits, (name, other)
        assert "healthcheck" in service or name == "first-start", name


def test_only_chargers_reach_the_stack_from_elsewhere():
    open_ports = [port for service in STACK["services"].values() for port in service.get("ports", [])]
    assert [port for port in open_ports if not port.startswith("127.0.0.1:")] == ["9000:9000"]
    for name, service in STACK["services"].items():
        secrets = {mount.split(":")[0] for mount in service["volumes"] if "secrets" in mount}
        assert name == "first-start" or secrets <= {f"{name}-secrets"}, name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = tmp_path / "chargewatch.service"
    unit.write_text((CONFIG / "chargewatch.service").read_text().replace("/usr/local/bin/chargewatch", str(BINARY)))
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert (told.returncode, [line for line in told.stderr.splitlines() if "chargewatch" in line]) == (0, [])


def test_alertmanager_reads_its_file_and_silences_alerts_that_exist():
    run("amtool", "check-config", CONFIG / "alertmanager.yml")
    groups = [
        group
        for path in (ROOT / "dashboards" / "alerts").glob("*.yaml")
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    known = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    rules = yaml.safe_load((CONFIG / "alertmanager.yml").read_text())["inhibit_rules"]
    named = re.findall(r"[A-Z][A-Za-z]+", " ".join(str(rule["source_matchers"] + rule["target_matchers"]) for rule in rules))
    assert named and set(named) <= known


class FirstStart:
    """What the containers would find, in folders."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        for name in ("chargewatch", "prometheus", "influxdb", "grafana"):
            (folder / "secrets" / name).mkdir(parents=True)

    def run(self):
        here = {"PATH": f"{BINARY.parent}:{os.environ['PATH']}", "SECRETS": str(self.folder / "secrets")}
        run("sh", CONFIG / "first-start.sh", env=here | {"CHARGEWATCH_STORE__DATA_DIR": str(self.data)})
        return {
            str(path.relative_to(self.folder)): path.read_text()
            for path in sorted((self.folder / "secrets").rglob("*"))
            if path.is_file()
        }

    def settings(self):
        """The settings of the container, in these folders and at free ports."""
        told = STACK["services"]["chargewatch"]["environment"]
        here = {key: value.replace("/secrets", f"{self.folder}/secrets/chargewatch") for key, value in told.items()}
        return here | {"CHARGEWATCH_HTTP__LISTEN": f"0.0.0.0:{free_port()}", "CHARGEWATCH_STORE__DATA_DIR": str(self.data)}

    def prometheus(self, port):
        """The settings of Prometheus, for these folders."""
        text = (CONFIG / "prometheus.yml").read_text()
        text = text.replace("/secrets", f"{self.folder}/secrets/prometheus").replace("chargewatch:8080", f"localhost:{port}")
        settings = yaml.safe_load(text.replace("/etc/prometheus/alerts", str(ROOT / "dashboards" / "alerts")))
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for job in settings["scrape_configs"]:
            job.pop("scrape_interval", None)
        return settings


def test_the_first_start_makes_what_all_need_once(tmp_path):
    first = FirstStart(tmp_path)
    made = first.run()
    token = made["secrets/prometheus/token"].strip()
    assert re.fullmatch(r"cw_[0-9a-f]{72}", token)
    assert made["secrets/chargewatch/influx-token"] == made["secrets/grafana/influx-token"] != ""
    assert made["secrets/prometheus/certificate.pem"] == made["secrets/chargewatch/certificate.pem"]
    assert all(path.stat().st_mode & 0o077 in (0, 0o044) for path in (tmp_path / "secrets").rglob("*.pem"))
    assert (tmp_path / "secrets/chargewatch/key.pem").stat().st_mode & 0o077 == 0
    assert first.run() == made, "what is there stays"
    # Once a token is not in force any more, there is another one.
    name = run(BINARY, "token", "list", "--data-dir", first.data).split("\n")[1].split()[0]
    run(BINARY, "token", "revoke", name, "--data-dir", first.data)
    assert first.run()["secrets/prometheus/token"].strip() != token


def test_a_real_prometheus_scrapes_what_the_first_start_has_made(tmp_path):
    first = FirstStart(tmp_path)
    first.run()
    settings = first.settings()
    assert "the certificates of 1 addresses can be used" in run(BINARY, "check-config", env=settings)
    listen = settings.pop("CHARGEWATCH_HTTP__LISTEN")
    service = Service(first.data, extra=settings, http=listen)
    port = listen.rsplit(":", 1)[1]
    environment = settings | {"CHARGEWATCH_HTTP__LISTEN": listen}
    prometheus = Prometheus(tmp_path, first.prometheus(port))
    try:
        run(BINARY, "healthcheck", env=environment)
        prometheus.wait_for('up{job="chargewatch"} == 1')
        prometheus.wait_for("chargewatch_build_info")
        prometheus.wait_for('up{job="programme"} == 1 and on () chargewatch_programme_made_timestamp_seconds')
    finally:
        prometheus.stop()
        assert service.stop() == 0
    run(BINARY, "healthcheck", env=environment, code=1)
