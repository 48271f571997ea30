"""Chargers on two stacks of another language that we did not write: the npm packages `ocpp-rpc`, which in its strict mode
checks everything against its own schemas, and `ocpp-ts`."""

import json
import os
import subprocess

import pytest
from conftest import ROOT
from official import actions, faults

CHARGER = ROOT / "tests" / "real" / "node" / "charger.cjs"
PACKAGES = ROOT / "target" / "node" / "node_modules"


def charge(service, stack, identity, *offers):
    """Runs a charger and gives what it says that it did."""
    assert PACKAGES.is_dir(), "tests/run installs the npm packages"
    command = ["node", CHARGER, stack, f"ws://{service.ocpp}/ocpp", identity, *offers]
    environment = dict(os.environ, NODE_PATH=str(PACKAGES))
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["faults"], ran.returncode) == ([], 0), told["faults"]
    return told


@pytest.mark.parametrize(
    ("stack", "offers", "agreed"),
    [
        ("rpc", ["ocpp1.6"], "ocpp1.6"),
        ("rpc", ["ocpp2.0.1"], "ocpp2.0.1"),
        ("rpc", ["ocpp2.1"], "ocpp2.1"),
        ("rpc", ["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        ("rpc", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], "ocpp2.1"),
        ("rpc", [], None),
        ("ts", ["ocpp1.6"], "ocpp1.6"),
    ],
)
def test_a_charger_on_a_foreign_stack_is_told_as_it_was(service, stack, offers, agreed):
    told = charge(service, stack, "NODE-1", *offers)
    assert told["protocol"] == agreed
    version = (agreed or "ocpp1.6").removeprefix("ocpp")
    charger = service.json("/api/v1/chargers/NODE-1")
    assert (charger["vendor"], charger["model"], charger["protocol"]) == ("Node", stack, f"ocpp{version}")
    assert [outlet["status"] for outlet in charger["connectors"]] == ["Available", "Available"]
    assert len(told["answers"]) > 25 and {action for action, _ in told["answers"]} <= set(actions(version))
    wrong = [fault for action, answer in told["answers"] for fault in faults(version, action, answer, answer=True)]
    assert wrong == []
    sessions = service.items("/api/v1/sessions?charger=NODE-1")
    kept = [
        {
            "evse": session["evse_id"],
            "connector": session["connector_id"],
            "transaction": session["transaction_id"],
            "energy": session["energy_wh"],
            "started": session["started_at"],
            "ended": session["ended_at"],
        }
        for session in sessions
    ]
    assert sorted(kept, key=lambda row: row["evse"]) == told["sessions"]
    assert {(session["state"], session["stop_reason"]) for session in sessions} == {("ended", "Local")}
    powers = service.ledger("SELECT DISTINCT value FROM reading WHERE measurand = 'Power.Active.Import'")
    assert powers == [(7020,)]
    total = sum(session["energy"] for session in told["sessions"])
    assert service.metric("chargewatch_connector_energy_wh_total", charger="NODE-1") == total
    assert service.items("/api/v1/deviations?charger=NODE-1") == []
    handshakes = service.items("/api/v1/handshakes?charger=NODE-1")
    assert [attempt["outcome"] for attempt in handshakes] == ["accepted", "accepted"]
