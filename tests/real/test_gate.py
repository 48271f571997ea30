"""Who may charge and who may come in, asked by chargers that we did not write while people decide on the command line."""

import asyncio
import subprocess

import pytest
import websockets
from conftest import BINARY, Service
from test_chargers import NOW, Charger, start, status
from test_stations import EVSE_1, EVSE_2, Station, stamp, two_x

from ocpp.v16 import call
from ocpp.v16.enums import ChargePointStatus

CARDS = """token,status,one_at_a_time
CARD-BLOCKED,Blocked,
CARD-EXPIRED,Expired,
CARD-INVALID,Invalid,
CARD-ONCE,Accepted,yes
"""

# What a token may be by the official schemas. In 2.1 any word may stand there; these are those of its appendix.
KINDS = {"2.0.1": ["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"]}
KINDS["2.1"] = [*KINDS["2.0.1"], "DirectPayment", "EVCCID", "VIN"]


def decide(service, *arguments, text=None):
    """A decision on the command line, beside the service that runs; its standard output."""
    command = [BINARY, *arguments, "--data-dir", str(service.folder)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.strip()


async def until(is_so):
    async with asyncio.timeout(20):
        while not await is_so():
            await asyncio.sleep(0.1)


@pytest.fixture
def listed(tmp_path):
    """A service with cards on its list."""
    running = Service(tmp_path)
    (tmp_path / "cards.csv").write_text(CARDS, encoding="utf-8")
    assert decide(running, "driver-token", "import", str(tmp_path / "cards.csv")).startswith("4 tokens")
    yield running
    (tmp_path / "cards.csv").unlink()
    assert running.stop() == 0
    for path in tmp_path.iterdir():
        assert b"CARD-" not in path.read_bytes(), path


async def test_cards_of_the_list_are_answered_in_1_6_and_every_session_is_kept(listed):
    async with Charger(listed, "PY-1") as charger, Charger(listed, "PY-2") as other:
        await charger.boot()

        async def known():
            return (await charger.call(call.Authorize(id_tag="CARD-BLOCKED"))).id_tag_info["status"] == "Blocked"

        await until(known)
        for status in ["Blocked", "Expired", "Invalid"]:
            card = f"CARD-{status.upper()}"
            assert (await charger.call(call.Authorize(id_tag=card))).id_tag_info["status"] == status
            answer = await charger.call(start(tag=card))
            assert answer.id_tag_info["status"] == status and answer.transaction_id > 0
        assert (await charger.call(call.Authorize(id_tag="ANOTHER"))).id_tag_info["status"] == "Accepted"
        assert (await charger.call(start(connector=2, tag="CARD-ONCE"))).id_tag_info["status"] == "Accepted"
        assert (await charger.call(start(connector=2, tag="CARD-ONCE"))).id_tag_info["status"] == "Accepted"
        assert (await other.call(start(tag="CARD-ONCE"))).id_tag_info["status"] == "ConcurrentTx"
    assert len(listed.items("/api/v1/sessions")) == 5


@two_x
async def test_cards_of_the_list_are_answered_in_2_x_and_every_session_is_kept(listed, version):
    async with Station(listed, "PY-1", version) as station, Station(listed, "PY-2", version) as other:
        await station.boot()

        async def known():
            answer = await station.say("Authorize", id_token={"id_token": "CARD-BLOCKED", "type": "ISO14443"})
            return answer.id_token_info["status"] == "Blocked"

        await until(known)

        async def begin(at, name, card, evse=EVSE_1, minute=0):
            answer = await at.say(
                "TransactionEvent",
                event_type="Started",
                timestamp=stamp(minute),
                trigger_reason="Authorized",
                seq_no=0,
                transaction_info={"transaction_id": name},
                evse=evse,
                id_token={"id_token": card, "type": "ISO14443"},
            )
            return answer.id_token_info["status"]

        for minute, status in enumerate(["Blocked", "Expired", "Invalid"]):
            card = f"CARD-{status.upper()}"
            answer = await station.say("Authorize", id_token={"id_token": card, "type": "ISO14443"})
            assert answer.id_token_info["status"] == status
            assert await begin(station, f"tx-{minute}", card, minute=minute) == status
        for kind in KINDS[version]:
            answer = await station.say("Authorize", id_token={"id_token": "CARD-BLOCKED", "type": kind})
            assert answer.id_token_info["status"] == "Blocked", kind
        nobody = await station.say("Authorize", id_token={"id_token": "", "type": "NoAuthorization"})
        assert nobody.id_token_info["status"] == "Accepted"
        assert await begin(station, "tx-8", "CARD-ONCE", EVSE_2) == "Accepted"
        assert await begin(other, "tx-9", "CARD-ONCE") == "ConcurrentTx"
    assert len(listed.items("/api/v1/sessions")) == 5


@pytest.fixture
def holding(tmp_path):
    """A service that holds chargers until somebody decides."""
    running = Service(tmp_path, extra={"CHARGEWATCH_OCPP__UNKNOWN_CHARGERS": "hold"})
    yield running
    assert running.stop() == 0


async def test_a_charger_of_1_6_is_held_until_it_is_accepted_and_one_that_is_refused_is_sent_away(holding):
    model = call.BootNotification(charge_point_model="Model", charge_point_vendor="Vendor")
    async with Charger(holding, "PY-1") as charger, Charger(holding, "PY-2") as other:
        for held in (charger, other):
            answer = await held.call(model)
            assert (answer.status, answer.interval) == ("Pending", 300)
        # What it says meanwhile is kept all the same.
        await charger.call(status(ChargePointStatus.available, NOW))
        holding.act_as("operator")
        assert {row["charger"] for row in holding.items("/api/v1/inbox")} == {"PY-1", "PY-2"}
        decide(holding, "charger", "accept", "PY-1")
        decide(holding, "charger", "refuse", "PY-2")

        async def accepted():
            return (await charger.call(model)).status == "Accepted"

        await until(accepted)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(other.reader, 20)
        assert closed.value.rcvd.code == 1008
        assert (await charger.call(start())).transaction_id > 0
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(holding.url("PY-2"), subprotocols=["ocpp1.6"])
    assert refused.value.response.status_code == 403
    assert [row["charger_id"] for row in holding.items("/api/v1/sessions")] == ["PY-1"]


@two_x
async def test_a_station_of_2_x_is_held_until_it_is_accepted(holding, version):
    about = {"charging_station": {"model": "Post", "vendor_name": "Vendor"}, "reason": "PowerUp"}
    async with Station(holding, "PY-1", version) as station:
        assert (await station.say("BootNotification", **about)).status == "Pending"
        decide(holding, "charger", "accept", "PY-1")

        async def accepted():
            return (await station.say("BootNotification", **about)).status == "Accepted"

        await until(accepted)
        await station.status(EVSE_1, "Available")
        assert holding.json("/api/v1/chargers/PY-1")["connected"]


async def test_a_key_set_on_the_command_line_counts_while_serving_and_a_revoked_charger_is_sent_away(service):
    async with Charger(service, "PY-1") as charger:
        await charger.boot()
        key = decide(service, "charger", "add", "PY-1")

        async def outcome(url):
            try:
                async with websockets.connect(url, subprotocols=["ocpp1.6"]):
                    return 101
            except websockets.InvalidStatus as refused:
                return refused.response.status_code

        plain = service.url("PY-2").replace("PY-2", "PY-1")
        await until(lambda: _is(outcome(plain), 401))
        # The user name and the key go into the address; websockets makes the header of them.
        with_key = plain.replace("ws://", f"ws://PY-1:{key}@")
        assert await outcome(with_key) == 101
        async with websockets.connect(with_key, subprotocols=["ocpp1.6"]) as socket:
            decide(service, "charger", "revoke", "PY-1")
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(socket.recv(), 20)
            assert closed.value.rcvd.code == 1008
        assert await outcome(with_key) == 403
    assert [row[0] for row in service.ledger("SELECT deed FROM audit ORDER BY id")] == ["charger.add", "charger.revoke"]
    for path in service.folder.iterdir():
        assert key.encode() not in path.read_bytes(), path


async def _is(told, wanted):
    return await told == wanted
