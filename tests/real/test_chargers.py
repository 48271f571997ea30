"""Chargers that we did not write: the charge point of the PyPI package `ocpp`, which checks every answer against the
official JSON schemas of OCPP 1.6 and raises when one does not fit."""

import asyncio
import json
import pathlib
import signal
from datetime import datetime, timedelta, timezone

import websockets
from conftest import Service
from ocpp.messages import CallResult, validate_payload
from ocpp.v16 import ChargePoint, call
from ocpp.v16.enums import (
    ChargePointErrorCode,
    ChargePointStatus,
    DiagnosticsStatus,
    FirmwareStatus,
    Reason,
    RegistrationStatus,
)

QUIRKS = pathlib.Path(__file__).resolve().parents[1] / "frames" / "1.6" / "quirks.jsonl"


class Charger:
    """A charge point with its connection."""

    def __init__(self, service, name):
        self.service, self.name = service, name

    async def __aenter__(self):
        self.socket = await websockets.connect(self.service.url(self.name), subprotocols=["ocpp1.6"])
        assert self.socket.subprotocol == "ocpp1.6"
        self.point = ChargePoint(self.name, self.socket)
        self.reader = asyncio.create_task(self.point.start())
        return self

    async def __aexit__(self, *_):
        self.reader.cancel()
        await self.socket.close()

    async def call(self, message):
        return await self.point.call(message, suppress=False)

    async def drop(self):
        """The network goes away without a word."""
        self.reader.cancel()
        self.socket.transport.abort()

    async def boot(self):
        answer = await self.call(call.BootNotification(charge_point_model="Model", charge_point_vendor="Vendor"))
        assert answer.status == RegistrationStatus.accepted
        assert answer.interval == 300
        return answer


def stamp(at):
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


NOW = datetime.now(timezone.utc) - timedelta(hours=2)


def start(at=NOW, meter=1000, connector=1, tag="04AABBCC"):
    return call.StartTransaction(connector_id=connector, id_tag=tag, meter_start=meter, timestamp=stamp(at))


def stop(transaction, at, meter, reason=Reason.local, tag="04AABBCC"):
    return call.StopTransaction(transaction_id=transaction, id_tag=tag, meter_stop=meter, timestamp=stamp(at), reason=reason)


def reading(at, wh, transaction=None, connector=1):
    values = [
        {"value": str(wh), "context": "Sample.Periodic", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "7.36", "context": "Sample.Periodic", "measurand": "Power.Active.Import", "unit": "kW"},
    ]
    bucket = [{"timestamp": stamp(at), "sampled_value": values}]
    return call.MeterValues(connector_id=connector, transaction_id=transaction, meter_value=bucket)


def status(state, at, connector=1, error=ChargePointErrorCode.no_error):
    return call.StatusNotification(connector_id=connector, error_code=error, status=state, timestamp=stamp(at))


async def test_a_whole_session_is_told_as_it_was(service):
    service.act_as("operator")
    async with Charger(service, "PY-1") as charger:
        await charger.boot()
        await charger.call(status(ChargePointStatus.available, NOW))
        answer = await charger.call(call.Authorize(id_tag="04AABBCC"))
        assert answer.id_tag_info["status"] == "Accepted"
        transaction = (await charger.call(start())).transaction_id
        assert transaction > 0
        await charger.call(status(ChargePointStatus.charging, NOW))
        for minute in range(1, 11):
            await charger.call(reading(NOW + timedelta(minutes=minute), 1000 + 120 * minute, transaction))
        assert service.items("/api/v1/sessions?state=active")[0]["energy_wh"] == 1200
        await charger.call(stop(transaction, NOW + timedelta(minutes=11), 2345))
        await charger.call(status(ChargePointStatus.available, NOW + timedelta(minutes=12)))
        await charger.call(call.Heartbeat())
        await charger.call(call.DataTransfer(vendor_id="Vendor", message_id="x", data="y"))
        await charger.call(call.FirmwareStatusNotification(status=FirmwareStatus.installed))
        await charger.call(call.DiagnosticsStatusNotification(status=DiagnosticsStatus.uploaded))
        told = service.json("/api/v1/chargers/PY-1")
        assert told["connected"] and told["vendor"] == "Vendor" and told["protocol"] == "ocpp1.6"
        assert [connector["status"] for connector in told["connectors"]] == ["Available"]
    [session] = service.items("/api/v1/sessions?charger=PY-1")
    assert session["state"] == "ended" and not session["provisional"]
    assert (session["energy_wh"], session["energy_quality"]) == (1345, "register")
    assert session["started_at"] == stamp(NOW) and session["reading_count"] == 20
    assert session["token"].startswith("t:") and "04AABBCC" not in json.dumps(session)
    readings = service.items(f"/api/v1/sessions/{session['id']}/readings")
    assert len(readings) == 20 and {row["value"] for row in readings if row["unit"] == "kW"} == {7360}
    assert service.ledger("SELECT energy_wh FROM session WHERE charger = 'PY-1'") == [(1345,)]
    assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-1") == 1345
    assert service.metric("chargewatch_connector_sessions_total", charger="PY-1") == 1
    assert service.items("/api/v1/deviations?charger=PY-1") == []
    states = [row["status"] for row in service.items("/api/v1/chargers/PY-1/timeline")]
    assert states == ["Available", "Charging", "Available"] or states == ["Charging", "Available"]


async def test_what_happened_offline_is_replayed_into_its_own_time(service):
    begin = NOW - timedelta(days=40)
    async with Charger(service, "PY-2") as charger:
        await charger.boot()
        transaction = (await charger.call(start(begin, 500))).transaction_id
        for minute in (1, 2, 3):
            await charger.call(reading(begin + timedelta(minutes=minute), 500 + 100 * minute, transaction))
        await charger.call(stop(-1, begin + timedelta(minutes=4), 950))
    [session] = service.items("/api/v1/sessions?charger=PY-2")
    assert (session["started_at"], session["energy_wh"]) == (stamp(begin), 450)
    assert service.items(f"/api/v1/sessions?from={stamp(NOW - timedelta(days=1)).replace('+', '%2B')}") == []


async def test_starts_and_stops_that_come_again_count_once(service):
    async with Charger(service, "PY-3") as charger:
        first = (await charger.call(start())).transaction_id
        again = (await charger.call(start())).transaction_id
        assert first == again
        await charger.drop()
    async with Charger(service, "PY-3") as charger:
        assert (await charger.call(start())).transaction_id == first
        ended = stop(first, NOW + timedelta(minutes=5), 1900, Reason.ev_disconnected)
        await charger.call(ended)
        await charger.call(ended)
        await charger.call(reading(NOW + timedelta(minutes=2), 1300, first))
        await charger.call(reading(NOW + timedelta(minutes=2), 1300, first))
    [session] = service.items("/api/v1/sessions?charger=PY-3")
    assert (session["energy_wh"], session["stop_reason"], session["reading_count"]) == (900, "EVDisconnected", 2)


async def test_abrupt_ends_lose_nothing(service):
    transactions = []
    for attempt in range(5):
        async with Charger(service, "PY-4") as charger:
            at = NOW + timedelta(minutes=10 * attempt)
            transactions.append((await charger.call(start(at, 1000 * attempt))).transaction_id)
            await charger.call(reading(at + timedelta(minutes=1), 1000 * attempt + 50, transactions[-1]))
            await charger.drop()
    sessions = {row["id"]: row for row in service.items("/api/v1/sessions?charger=PY-4")}
    assert sorted(sessions) == sorted(transactions) and len(set(transactions)) == 5
    assert [sessions[id]["state"] for id in transactions] == ["ended_without_stop"] * 4 + ["active"]
    assert {row["energy_wh"] for row in sessions.values()} == {50}


async def test_a_restart_keeps_sessions_and_counters(tmp_path):
    service = Service(tmp_path)
    async with Charger(service, "PY-5") as charger:
        await charger.boot()
        transaction = (await charger.call(start())).transaction_id
        await charger.call(reading(NOW + timedelta(minutes=1), 1100, transaction))
        before = service.metric("chargewatch_connector_energy_wh_total", charger="PY-5")
    assert service.stop() == 0
    service = Service(tmp_path)
    assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-5") == before == 100
    async with Charger(service, "PY-5") as charger:
        await charger.call(reading(NOW + timedelta(minutes=2), 1200, transaction))
        await charger.call(stop(transaction, NOW + timedelta(minutes=3), 1300))
    [session] = service.items("/api/v1/sessions?charger=PY-5")
    assert (session["id"], session["state"], session["energy_wh"]) == (transaction, "ended", 300)
    assert service.metric("chargewatch_connector_energy_wh_total", charger="PY-5") == 300
    service.stop(signal.SIGKILL)


async def test_every_answer_to_a_quirk_fits_the_official_schema(service):
    checked = 0
    for line in QUIRKS.read_text(encoding="utf-8").splitlines():
        quirk = json.loads(line)
        async with websockets.connect(service.url(quirk["id"]), subprotocols=["ocpp1.6"]) as socket:
            for frame in quirk["frames"]:
                await socket.send(frame)
            await socket.send('[2,"the-end","Heartbeat",{}]')
            while True:
                kind, name, *rest = json.loads(await asyncio.wait_for(socket.recv(), 20))
                if kind == 3:
                    action = "Heartbeat" if name == "the-end" else action_of(quirk["frames"], name)
                    if action not in ("SecurityEventNotification",):
                        await validate_payload(CallResult(name, rest[0], action), "1.6")
                    checked += 1
                if name == "the-end":
                    break
    assert checked > 150


def action_of(frames, name):
    """The action of the call with this id, found in the raw text: some frames are not JSON."""
    wanted = name if isinstance(name, str) else str(name)
    for frame in frames:
        head = frame[:200].replace(" ", "").replace("\ufeff", "").replace("\n", "")
        if head.startswith((f'[2,"{wanted}","', f'[2,{wanted},"')):
            return head.split('","' if head.startswith('[2,"') else ',"', 1)[1].split('"', 1)[0]
    raise AssertionError((name, frames))
