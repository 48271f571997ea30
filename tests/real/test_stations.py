"""Charging stations of OCPP 2.0.1 and 2.1 that we did not write: the charge points of the PyPI package `ocpp`, which
check what they say and what they hear against the official JSON schemas."""

import asyncio
import json
import signal
import uuid
from datetime import datetime, timedelta, timezone

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
import websockets
from conftest import Service

PACKAGES = {"1.6": ocpp.v16, "2.0.1": ocpp.v201, "2.1": ocpp.v21}
NOW = datetime.now(timezone.utc) - timedelta(hours=3)
EVSE_1, EVSE_2 = {"id": 1, "connector_id": 1}, {"id": 2, "connector_id": 1}
TOKEN = {"id_token": "04AABBCCDD", "type": "ISO14443"}

two_x = pytest.mark.parametrize("version", ["2.0.1", "2.1"])


def stamp(minute):
    """So many minutes after the beginning, as a charger writes it."""
    return (NOW + timedelta(minutes=minute)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Station:
    """A charging station with its connection."""

    def __init__(self, service, name, version, offers=None):
        self.service, self.name, self.version = service, name, version
        self.offers = [f"ocpp{version}"] if offers is None else offers

    async def __aenter__(self):
        self.socket = await websockets.connect(self.service.url(self.name), subprotocols=self.offers or None)
        self.point = PACKAGES[self.version].ChargePoint(self.name, self.socket)
        self.reader = asyncio.create_task(self.point.start())
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()

    async def say(self, action, **fields):
        message = getattr(PACKAGES[self.version].call, action)(**fields)
        return await self.point.call(message, suppress=False)

    def drop(self):
        """The network goes away without a word."""
        self.reader.cancel()
        self.socket.transport.abort()

    async def boot(self):
        about = {"model": "Post 22", "vendor_name": "Vendor", "serial_number": "S-1", "firmware_version": "3.1"}
        answer = await self.say("BootNotification", charging_station=about, reason="PowerUp")
        assert (answer.status, answer.interval) == ("Accepted", 300)

    async def status(self, evse, status, minute=0):
        fields = {"evse_id": evse["id"], "connector_id": evse["connector_id"], "connector_status": status}
        await self.say("StatusNotification", timestamp=stamp(minute), **fields)


def measured(minute, wh, watts=None, context="Sample.Periodic"):
    """A register in kWh with fraction, and the power."""
    register = {"value": wh / 1000, "measurand": "Energy.Active.Import.Register", "unit_of_measure": {"unit": "kWh"}}
    values = [register | {"context": context, "location": "Outlet"}]
    if watts is not None:
        power = {"value": watts, "measurand": "Power.Active.Import", "unit_of_measure": {"unit": "W"}}
        values.append(power | {"context": context, "location": "Outlet"})
    return {"timestamp": stamp(minute), "sampled_value": values}


class Transaction:
    """What a station reports of a transaction, numbered."""

    def __init__(self, evse):
        self.evse, self.id, self.seq = evse, str(uuid.uuid4()), -1

    def report(self, event, minute, wh, watts=None, charging="Charging", trigger="MeterValuePeriodic", **fields):
        self.seq += 1
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(event, "Sample.Periodic")
        info = {"transaction_id": self.id, "charging_state": charging} | fields.pop("transaction", {})
        told = {"event_type": event, "timestamp": stamp(minute), "trigger_reason": trigger, "seq_no": self.seq}
        values = [measured(minute, wh, watts, context)]
        return told | {"transaction_info": info, "evse": self.evse, "meter_value": values} | fields

    def started(self, minute, wh):
        return self.report("Started", minute, wh, charging="EVConnected", trigger="Authorized", id_token=TOKEN)

    def ended(self, minute, wh, **fields):
        why = {"stopped_reason": "EVDisconnected"}
        last = {"charging": "Idle", "trigger": "EVCommunicationLost", "transaction": why}
        return self.report("Ended", minute, wh, **last, **fields)


@two_x
async def test_a_whole_transaction_is_told_as_it_was(service, version):
    service.act_as("operator")
    async with Station(service, "PY-1", version) as station:
        await station.boot()
        for evse in (EVSE_1, EVSE_2):
            await station.status(evse, "Available")
        accepted = await station.say("Authorize", id_token=TOKEN)
        assert accepted.id_token_info["status"] == "Accepted"
        transaction = Transaction(EVSE_2)
        await station.status(EVSE_2, "Occupied", 1)
        answer = await station.say("TransactionEvent", **transaction.started(1, 1_000_000))
        assert answer.id_token_info["status"] == "Accepted"
        for minute in range(2, 12):
            told = transaction.report("Updated", minute, 1_000_000 + 123 * (minute - 1), 7380)
            assert (await station.say("TransactionEvent", **told)).id_token_info is None
        [active] = service.items("/api/v1/sessions?state=active")
        assert (active["energy_wh"], active["evse_id"]) == (1230, 2)
        await station.say("MeterValues", evse_id=1, meter_value=[measured(5, 777_000, 0)])
        await station.say("TransactionEvent", **transaction.ended(12, 1_001_357))
        await station.status(EVSE_2, "Available", 13)
        security = {"type": "SettingSystemTime", "timestamp": stamp(13), "tech_info": "by NTP"}
        await station.say("SecurityEventNotification", **security)
        await station.say("Heartbeat")
        told = service.json("/api/v1/chargers/PY-1")
        assert told["connected"] and told["vendor"] == "Vendor" and told["protocol"] == f"ocpp{version}"
        outlets = [(outlet["evse_id"], outlet["connector_id"], outlet["status"]) for outlet in told["connectors"]]
        assert outlets == [(1, 1, "Available"), (2, 1, "Available")]
    [session] = service.items("/api/v1/sessions?charger=PY-1")
    assert (session["evse_id"], session["connector_id"]) == (2, 1)
    assert (session["transaction_id"], session["stop_reason"]) == (transaction.id, "EVDisconnected")
    assert session["state"] == "ended" and not session["provisional"]
    assert (session["energy_wh"], session["energy_quality"]) == (1357, "register")
    assert (session["started_at"], session["ended_at"]) == (stamp(1), stamp(12))
    assert session["token"].startswith("t:") and TOKEN["id_token"] not in json.dumps(session)
    readings = service.items(f"/api/v1/sessions/{session['id']}/readings")
    assert len(readings) == session["reading_count"] == 22
    assert {(row["evse_id"], row["connector_id"]) for row in readings} == {(2, 1)}
    assert {row["value"] for row in readings if row["measurand"] == "Power.Active.Import"} == {7380}
    assert service.ledger("SELECT energy_wh FROM session") == [(1357,)]
    assert service.ledger("SELECT report_seqs FROM session_row") == [("0..11",)]
    idle = service.ledger("SELECT measurand, value FROM reading WHERE evse = 1 AND session_id IS NULL ORDER BY 1")
    assert idle == [("Energy.Active.Import.Register", 777_000), ("Power.Active.Import", 0)]
    assert service.ledger("SELECT kind, info FROM security_event") == [("SettingSystemTime", "by NTP")]
    stages = service.ledger("SELECT stage, count(*) FROM report GROUP BY stage ORDER BY stage")
    assert {stage.lower(): count for stage, count in stages} == {"ended": 1, "started": 1, "updated": 10}
    assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-1", evse="2", connector="1") == 1357
    assert service.items("/api/v1/deviations?charger=PY-1") == []
    assert TOKEN["id_token"] not in str(service.ledger("SELECT text, reply FROM frame"))


@two_x
async def test_the_same_connector_number_of_two_evses_is_two_connectors(service, version):
    one, two = Transaction(EVSE_1), Transaction(EVSE_2)
    async with Station(service, "PY-2", version) as station:
        for transaction, register in ((one, 5_000), (two, 9_000_000)):
            await station.say("TransactionEvent", **transaction.started(0, register))
        for minute in range(1, 6):
            await station.say("TransactionEvent", **one.report("Updated", minute, 5_000 + 50 * minute, 3000))
            await station.say("TransactionEvent", **two.report("Updated", minute, 9_000_000 + 1800 * minute, 108_000))
        assert len(service.items("/api/v1/sessions?charger=PY-2&state=active")) == 2
        await station.say("TransactionEvent", **two.ended(6, 9_010_001))
        await station.say("TransactionEvent", **one.ended(7, 5_333))
    sessions = {row["evse_id"]: row for row in service.items("/api/v1/sessions?charger=PY-2")}
    assert {evse: row["energy_wh"] for evse, row in sessions.items()} == {1: 333, 2: 10_001}
    assert {evse: row["transaction_id"] for evse, row in sessions.items()} == {1: one.id, 2: two.id}
    assert service.items("/api/v1/deviations?charger=PY-2") == []


@two_x
async def test_a_drop_within_a_transaction_and_an_offline_replay_make_one_session(service, version):
    transaction = Transaction(EVSE_1)
    async with Station(service, "PY-3", version) as station:
        await station.boot()
        await station.say("TransactionEvent", **transaction.started(0, 100_000))
        last = transaction.report("Updated", 1, 100_100, 6000)
        await station.say("TransactionEvent", **last)
        station.drop()
    told = [("Updated", minute, 100_000 + 100 * minute, 6000) for minute in range(2, 8)]
    kept = [transaction.report(*report, offline=True) for report in told]
    async with Station(service, "PY-3", version) as station:
        # The last one before the drop comes again: its answer may have been lost.
        for told in [last, *kept]:
            await station.say("TransactionEvent", **told)
        [session] = service.items("/api/v1/sessions?charger=PY-3")
        assert (session["state"], session["energy_wh"]) == ("active", 700)
        station.drop()
    async with Station(service, "PY-3", version) as station:
        # Over before the connection was back; one report comes behind the end.
        late = transaction.report("Updated", 8, 100_800, 6000, offline=True)
        ended = transaction.ended(9, 100_950, offline=True)
        for told in (ended, late, ended):
            await station.say("TransactionEvent", **told)
        await station.status(EVSE_1, "Available", 10)
    [session] = service.items("/api/v1/sessions?charger=PY-3")
    assert (session["state"], session["energy_wh"], session["transaction_id"]) == ("ended", 950, transaction.id)
    assert (session["started_at"], session["ended_at"]) == (stamp(0), stamp(9))
    assert service.ledger("SELECT report_seqs FROM session_row") == [("0..9",)]
    assert service.ledger("SELECT count(*), sum(offline) FROM report") == [(10, 8)]
    assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-3") == 950
    assert service.items("/api/v1/deviations?charger=PY-3") == []


@two_x
async def test_a_service_that_is_killed_within_a_transaction_goes_on_with_it(tmp_path, version):
    service = Service(tmp_path)
    transaction = Transaction(EVSE_2)
    async with Station(service, "PY-10", version) as station:
        await station.boot()
        await station.say("TransactionEvent", **transaction.started(0, 2_000))
        await station.say("TransactionEvent", **transaction.report("Updated", 1, 2_100, 6000))
        service.stop(signal.SIGKILL)
    service = Service(tmp_path)
    try:
        # What was said meanwhile is replayed, and no boot comes first: the station itself never went away.
        kept = [transaction.report("Updated", minute, 2_000 + 100 * minute, 6000, offline=True) for minute in (2, 3)]
        async with Station(service, "PY-10", version) as station:
            for told in [*kept, transaction.ended(4, 2_444)]:
                await station.say("TransactionEvent", **told)
        [session] = service.items("/api/v1/sessions?charger=PY-10")
        assert (session["state"], session["energy_wh"], session["evse_id"]) == ("ended", 444, 2)
        assert service.ledger("SELECT report_seqs FROM session_row") == [("0..4",)]
        assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-10") == 444
        assert service.items("/api/v1/deviations?charger=PY-10") == []
    finally:
        assert service.stop() == 0


@two_x
async def test_a_device_model_and_its_events_are_kept(service, version):
    evse = {"name": "EVSE", "evse": {"id": 1}}
    power = {"name": "Power"}
    attribute = {"type": "Actual", "value": "22000.5", "mutability": "ReadOnly"}
    about = {"unit": "W", "data_type": "decimal", "supports_monitoring": True}
    reported = {"component": evse, "variable": power, "variable_attribute": [attribute]}
    event = {"event_id": 7, "timestamp": stamp(1), "trigger": "Alerting", "actual_value": "71.5", "tech_code": "T-9"}
    event |= {"component": evse, "variable": {"name": "Temperature"}}
    event |= {"event_notification_type": "HardWiredNotification"}
    async with Station(service, "PY-4", version) as station:
        for seq, more in enumerate((True, False)):
            named = reported | {"component": evse | {"evse": {"id": seq + 1}}, "variable_characteristics": about}
            fields = {"request_id": 1, "generated_at": stamp(0), "seq_no": seq, "tbc": more}
            await station.say("NotifyReport", report_data=[named], **fields)
        await station.say("NotifyEvent", generated_at=stamp(1), seq_no=0, event_data=[event])
        await station.say("FirmwareStatusNotification", status="Installed", request_id=3)
        await station.say("LogStatusNotification", status="Uploaded", request_id=4)
    rows = service.ledger("SELECT evse, component, variable, attribute, value, unit FROM device_variable ORDER BY evse")
    assert rows == [(number, "EVSE", "Power", "Actual", "22000.5", "W") for number in (1, 2)]
    rows = service.ledger("SELECT evse, component, variable, value, code, event, at FROM observation")
    assert rows == [(1, "EVSE", "Temperature", "71.5", "T-9", 7, stamp(1))]
    assert {status for (status,) in service.ledger("SELECT status FROM progress")} == {"Installed", "Uploaded"}
    assert service.items("/api/v1/deviations?charger=PY-4") == []


async def test_what_only_two_one_has_is_answered_by_its_schemas(service):
    reference = {"hash_algorithm": "SHA256", "issuer_name_hash": "aa", "issuer_key_hash": "bb", "serial_number": "1"}
    stream = {"id": 1, "variable_monitoring_id": 5, "params": {"interval": 60, "values": 10}}
    battery = {"evse_id": 1, "serial_number": "B-1", "so_c": 80.5, "so_h": 99}
    async with Station(service, "PY-5", "2.1") as station:
        chain = {"certificate_hash_data": reference, "source": "OCSP", "urls": ["http://ocsp.example.org"]}
        answer = await station.say("GetCertificateChainStatus", certificate_status_requests=[chain])
        assert answer.certificate_status[0]["status"] == "Failed"
        answer = await station.say("VatNumberValidation", vat_number="GB999999973", evse_id=1)
        assert answer.vat_number == "GB999999973"
        assert (await station.say("OpenPeriodicEventStream", constant_stream_data=stream)).status == "Accepted"
        await station.say("ClosePeriodicEventStream", id=1)
        await station.say("NotifyPriorityCharging", transaction_id="T-1", activated=True)
        await station.say("BatterySwap", battery_data=[battery], event_type="BatteryIn", id_token=TOKEN, request_id=1)
    assert service.items("/api/v1/deviations?charger=PY-5") == []


@pytest.mark.parametrize(
    ("offers", "agreed", "version"),
    [
        (["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], "ocpp2.1", "2.1"),
        (["ocpp2.0.1", "ocpp1.6"], "ocpp2.0.1", "2.0.1"),
        (["ocpp1.5", "soap", "ocpp1.6"], "ocpp1.6", "1.6"),
        (["OCPP2.0.1"], "OCPP2.0.1", "2.0.1"),
        ([], None, "1.6"),
    ],
)
async def test_a_station_speaks_what_was_agreed(service, offers, agreed, version):
    async with Station(service, "PY-6", version, offers) as station:
        assert station.socket.subprotocol == agreed
        if version == "1.6":
            await station.say("BootNotification", charge_point_model="Model", charge_point_vendor="Vendor")
            await station.say("StatusNotification", connector_id=1, error_code="NoError", status="Available")
        else:
            await station.boot()
            await station.status(EVSE_1, "Available")
    assert service.json("/api/v1/chargers/PY-6")["protocol"] == f"ocpp{version}"
    [attempt] = service.wait_for("/api/v1/handshakes?charger=PY-6")
    assert (attempt["outcome"], attempt["offered"]) == ("accepted", ", ".join(offers))
    assert ("assumed" in attempt["remarks"]) == (agreed is None)
    assert service.items("/api/v1/deviations?charger=PY-6") == []


async def test_a_version_that_is_not_spoken_is_refused_and_recorded(service):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with Station(service, "PY-8", "2.0.1", ["ocpp2.0"]):
            pass
    assert refused.value.response.status_code == 400
    assert b"ocpp1.6, ocpp2.0.1, ocpp2.1" in refused.value.response.body
    [attempt] = service.wait_for("/api/v1/handshakes")
    assert (attempt["outcome"], attempt["charger_id"]) == ("no_common_protocol", "PY-8")
    assert attempt["offered"] == "ocpp2.0"


async def test_a_version_that_is_not_spoken_is_understood_as_the_settings_say(tmp_path):
    service = Service(tmp_path, extra={"CHARGEWATCH_OCPP__ODD_SUBPROTOCOL": "ocpp2.0.1"})
    try:
        async with Station(service, "PY-9", "2.0.1", ["ocpp2.0"]) as station:
            assert station.socket.subprotocol == "ocpp2.0"
            await station.boot()
        assert service.json("/api/v1/chargers/PY-9")["protocol"] == "ocpp2.0.1"
    finally:
        assert service.stop() == 0


async def test_a_station_that_changes_its_version_keeps_its_past(service):
    async with Station(service, "PY-7", "1.6") as station:
        started = {"connector_id": 1, "id_tag": "A", "meter_start": 100, "timestamp": stamp(0)}
        transaction = (await station.say("StartTransaction", **started)).transaction_id
        await station.say("StopTransaction", transaction_id=transaction, meter_stop=400, timestamp=stamp(5))
    later = Transaction(EVSE_1)
    async with Station(service, "PY-7", "2.0.1") as station:
        await station.boot()
        await station.say("TransactionEvent", **later.started(60, 400))
        await station.say("TransactionEvent", **later.ended(90, 5_400))
    sessions = service.items("/api/v1/sessions?charger=PY-7")
    told = [(row["transaction_id"], row["energy_wh"]) for row in sessions]
    assert told == [(later.id, 5000), (str(transaction), 300)]
    assert service.json("/api/v1/chargers/PY-7")["protocol"] == "ocpp2.0.1"
