"""The simulated fleet against a server that we did not write the rules of: every message of the chargers and every answer
that they give is held against the official JSON schemas of its version, as the PyPI package `ocpp` carries them."""

import asyncio
import collections
import contextlib
import json
import pathlib

import jsonschema
import ocpp
import pytest
import websockets
from conftest import BINARY

FOLDERS = {"ocpp1.6": "v16", "ocpp2.0.1": "v201", "ocpp2.1": "v21"}
NOW = "2026-02-03T12:00:00Z"
COMPONENT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
TOKEN = {"idToken": "REMOTE", "type": "Central"}

# The one maker of 2.x whose habit it is to break the schemas: it shows that the judge can tell.
LOOSE = "Tongwell Technik"

# What the server asks each charger, once.
QUESTIONS = {
    "ocpp2.0.1": [
        ("GetBaseReport", {"requestId": 7, "reportBase": "FullInventory"}),
        ("GetVariables", {"getVariableData": [COMPONENT]}),
        ("SetVariables", {"setVariableData": [{**COMPONENT, "attributeValue": "600"}]}),
        ("TriggerMessage", {"requestedMessage": "StatusNotification"}),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
        ("TriggerMessage", {"requestedMessage": "TransactionEvent"}),
        ("TriggerMessage", {"requestedMessage": "SignV2GCertificate"}),
        ("RequestStartTransaction", {"remoteStartId": 5, "idToken": TOKEN}),
        ("RequestStopTransaction", {"transactionId": "none"}),
        ("ChangeAvailability", {"operationalStatus": "Operative"}),
        ("GetTransactionStatus", {"transactionId": "none"}),
        ("GetLocalListVersion", {}),
        ("UnlockConnector", {"evseId": 1, "connectorId": 1}),
        ("ClearVariableMonitoring", {"id": [1, 2]}),
        (
            "SetVariableMonitoring",
            {"setMonitoringData": [{**COMPONENT, "value": 1, "type": "Delta", "severity": 3}]},
        ),
        ("CostUpdated", {"totalCost": 1, "transactionId": "none"}),
        ("DataTransfer", {"vendorId": "nobody"}),
        ("CancelReservation", {"reservationId": 1}),
        ("CertificateSigned", {"certificateChain": "x"}),
        ("ClearCache", {}),
        ("ClearChargingProfile", {}),
        ("ClearDisplayMessage", {"id": 1}),
        ("CustomerInformation", {"requestId": 1, "report": True, "clear": False}),
        ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}),
        ("GetCompositeSchedule", {"duration": 60, "evseId": 1}),
        ("GetDisplayMessages", {"requestId": 1}),
        ("GetInstalledCertificateIds", {}),
        ("GetLog", {"logType": "SecurityLog", "requestId": 1, "log": {"remoteLocation": "x"}}),
        ("GetMonitoringReport", {"requestId": 1}),
        ("GetReport", {"requestId": 1}),
        ("InstallCertificate", {"certificateType": "V2GRootCertificate", "certificate": "x"}),
        ("SendLocalList", {"versionNumber": 1, "updateType": "Full"}),
        ("SetMonitoringBase", {"monitoringBase": "All"}),
        ("SetMonitoringLevel", {"severity": 5}),
        ("UnpublishFirmware", {"checksum": "x"}),
        ("Reset", {"type": "OnIdle"}),
    ],
    "ocpp2.1": [
        ("GetTariffs", {"evseId": 0}),
        ("SetDERControl", {}),
        ("UsePriorityCharging", {}),
        ("AFRRSignal", {}),
        ("ChangeTransactionTariff", {}),
    ],
    "ocpp1.6": [
        ("GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]}),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
        ("RemoteStartTransaction", {"idTag": "REMOTE"}),
        ("RemoteStopTransaction", {"transactionId": 0}),
        ("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
        ("GetLocalListVersion", {}),
    ],
}
QUESTIONS["ocpp2.1"] += QUESTIONS["ocpp2.0.1"]


class Judge:
    """A server that lets nobody feel what it thinks of them: complaints are kept by maker."""

    def __init__(self):
        self.complaints, self.seen = collections.defaultdict(list), collections.Counter()
        self.known, self.makers = {}, {}

    def check(self, socket, name, payload, text):
        protocol = socket.subprotocol
        version = FOLDERS[protocol]
        # 1.6 names the schema of a call after the action alone.
        file = name.removesuffix("Request") if version == "v16" else name
        if (version, file) not in self.known:
            path = pathlib.Path(ocpp.__file__).parent / version / "schemas" / f"{file}.json"
            schema = json.loads(path.read_text(encoding="utf-8-sig"))
            self.known[version, file] = jsonschema.validators.validator_for(schema)(schema)
        for error in self.known[version, file].iter_errors(payload):
            self.complain(socket, f"{protocol} {name}: {error.message} in {text}")
        self.seen[protocol, name] += 1

    def complain(self, socket, what):
        self.complaints[self.makers.get(socket.request.path)].append(what)

    async def serve(self, socket):
        # Chargers in trouble do not say goodbye.
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.talk(socket)

    async def talk(self, socket):
        protocol, asked, transactions = socket.subprotocol, {}, 0
        async for text in socket:
            kind, number, *rest = json.loads(text)
            if kind == 2:
                action, payload = rest
                if action == "BootNotification":
                    self.makers[socket.request.path] = payload.get("chargingStation", {}).get("vendorName")
                self.check(socket, action + "Request", payload, text)
                transactions += 1
                await socket.send(json.dumps([3, number, answer(protocol, action, transactions)]))
                if action == "Heartbeat" and not asked:
                    for place, (question, wish) in enumerate(QUESTIONS[protocol]):
                        asked[f"q{place}"] = question
                        await socket.send(json.dumps([2, f"q{place}", question, wish]))
            elif kind == 3:
                self.check(socket, asked[number] + "Response", rest[0], text)
            else:
                self.complain(socket, f"{protocol} refused {asked.get(number)}: {text}")


def answer(protocol, action, number):
    if action == "BootNotification":
        return {"status": "Accepted", "interval": 900, "currentTime": NOW}
    if action == "Heartbeat":
        return {"currentTime": NOW}
    if action == "StartTransaction":
        return {"transactionId": number, "idTagInfo": {"status": "Accepted"}}
    if action == "DataTransfer":
        return {"status": "Accepted"}
    if action == "Authorize":
        return {"idTagInfo" if protocol == "ocpp1.6" else "idTokenInfo": {"status": "Accepted"}}
    return {}


async def simulate(judge, port, protocol, folder, chargers):
    truth = folder / "truth.json"
    command = ["simulate", "--url", f"ws://127.0.0.1:{port}/", "--chargers", str(chargers), "--speed", "10000"]
    command += ["--duration", "16", "--trouble", "10", "--protocols", protocol, "--truth", str(truth)]
    process = await asyncio.create_subprocess_exec(BINARY, *command, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(process.wait(), 240) == 0
    return json.loads(truth.read_text())


@pytest.mark.parametrize("protocol", ["2.0.1", "2.1"])
async def test_every_frame_of_a_simulated_charger_fits_the_official_schemas(tmp_path, protocol):
    judge = Judge()
    async with websockets.serve(judge.serve, "127.0.0.1", 0, subprotocols=list(FOLDERS)) as server:
        port = server.sockets[0].getsockname()[1]
        truth = await simulate(judge, port, protocol, tmp_path, 16)
    loose = judge.complaints.pop(LOOSE, [])
    assert not judge.complaints, judge.complaints
    assert bool(loose) == (protocol == "2.0.1")
    subprotocol = f"ocpp{protocol}"
    assert truth["totals"]["sessions"] > 5 and truth["totals"]["stops_acknowledged"] > 5
    expected = ["BootNotificationRequest", "HeartbeatRequest", "TransactionEventRequest", "NotifyReportRequest"]
    expected += ["NotifyEventRequest"] if protocol == "2.1" else ["StatusNotificationRequest", "MeterValuesRequest"]
    expected += [question + "Response" for question, _ in QUESTIONS[subprotocol]]
    missing = [name for name in expected if not judge.seen[subprotocol, name]]
    assert not missing, (missing, judge.seen)


async def test_every_frame_of_a_plain_charger_of_16_fits_the_official_schemas(tmp_path):
    judge = Judge()
    async with websockets.serve(judge.serve, "127.0.0.1", 0, subprotocols=list(FOLDERS)) as server:
        port = server.sockets[0].getsockname()[1]
        await simulate(judge, port, "1.6", tmp_path, 1)
    assert not judge.complaints, judge.complaints
    assert judge.seen["ocpp1.6", "StartTransactionRequest"] and judge.seen["ocpp1.6", "GetConfigurationResponse"]
