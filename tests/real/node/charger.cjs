// A charger on a stack that we did not write: node charger.cjs STACK URL IDENTITY [SUBPROTOCOL...]
// It charges a car on each of two EVSEs, loses its connection in between, and says as JSON what it did and heard.
"use strict";

const { RPCClient, createValidator } = require("ocpp-rpc");
const { OcppClient } = require("ocpp-ts");

const [stack, url, identity, ...offers] = process.argv.slice(2);
const told = { protocol: null, sessions: [], answers: [], faults: [] };
const began = Date.now() - 3 * 3600 * 1000;
const at = (minute) => new Date(began + minute * 60_000).toISOString();

// ocpp-rpc 2.2.1 brings the schemas of 2.1 under the names that they have there, and looks for those of 2.0.1.
const named = (schema) => ({ ...schema, $id: schema.$id.replace(/Request$/, ".req").replace(/Response$/, ".conf") });
const validator21 = createValidator("ocpp2.1", require("ocpp-rpc/lib/schemas/ocpp2_1.json").map(named));

// ocpp-rpc. In strict mode it checks what it says and what it hears against its own schemas.
async function rpc() {
  const strict = { strictMode: offers.length > 0, strictModeValidators: [validator21] };
  const client = new RPCClient({ endpoint: url, identity, protocols: offers, reconnect: false, ...strict });
  client.on("strictValidationFailure", ({ method, error }) => told.faults.push(`${method}: ${error.message}`));
  client.on("badMessage", ({ error }) => told.faults.push(`bad message: ${error?.message}`));
  await client.connect();
  return {
    protocol: () => client.protocol,
    call: (action, payload) => client.call(action, payload),
    reconnect: async () => {
      await client.close({ force: true });
      await client.connect();
    },
    close: () => client.close(),
  };
}

// ocpp-ts. It offers ocpp1.6 and nothing else, and checks no answers.
async function ts() {
  let client;
  const connect = () =>
    new Promise((resolve, reject) => {
      client = new OcppClient(identity);
      client.on("connect", resolve);
      client.on("error", reject);
      client.connect(`${url}/`);
    });
  await connect();
  return {
    protocol: () => "ocpp1.6",
    call: (action, payload) => client.callRequest(action, payload),
    // The old connection is left as it is; the new one takes its place.
    reconnect: connect,
    close: () => {},
  };
}

async function main() {
  const connection = await { rpc, ts }[stack]();
  told.protocol = connection.protocol() || null;
  const call = async (action, payload) => {
    const answer = await connection.call(action, payload);
    told.answers.push([action, answer]);
    return answer;
  };
  const speak = !told.protocol || told.protocol === "ocpp1.6" ? speaks16 : speaks2;
  await speak(call, connection.reconnect, told.protocol);
  await connection.close();
}

// The register of an outlet in Wh: odd steps, so that only exact sums are right.
const register = (outlet, minute) => 10_000 * outlet + 117 * minute * outlet;

async function speaks16(call, reconnect) {
  const sampled = (outlet, minute) => [
    {
      timestamp: at(minute),
      sampledValue: [
        { value: String(register(outlet, minute)), measurand: "Energy.Active.Import.Register", unit: "Wh" },
        { value: "7.02", measurand: "Power.Active.Import", unit: "kW", context: "Sample.Periodic" },
      ],
    },
  ];
  await call("BootNotification", { chargePointVendor: "Node", chargePointModel: stack, firmwareVersion: "1.0" });
  const transactions = {};
  for (const connectorId of [1, 2]) {
    await call("StatusNotification", { connectorId, errorCode: "NoError", status: "Preparing", timestamp: at(0) });
    await call("Authorize", { idTag: "04AABBCC" });
    const start = { connectorId, idTag: "04AABBCC", meterStart: register(connectorId, 0), timestamp: at(0) };
    transactions[connectorId] = (await call("StartTransaction", start)).transactionId;
  }
  for (let minute = 1; minute <= 6; minute++) {
    if (minute === 4) await reconnect();
    for (const connectorId of [1, 2]) {
      const transactionId = transactions[connectorId];
      await call("MeterValues", { connectorId, transactionId, meterValue: sampled(connectorId, minute) });
    }
  }
  for (const connectorId of [1, 2]) {
    const transactionId = transactions[connectorId];
    const stop = { transactionId, meterStop: register(connectorId, 7), timestamp: at(7), reason: "Local" };
    await call("StopTransaction", { ...stop, transactionData: sampled(connectorId, 7) });
    await call("StatusNotification", { connectorId, errorCode: "NoError", status: "Available", timestamp: at(8) });
    const energy = register(connectorId, 7) - register(connectorId, 0);
    const session = { evse: connectorId, connector: connectorId, transaction: String(transactionId), energy };
    told.sessions.push({ ...session, started: at(0), ended: at(7) });
  }
  await call("DataTransfer", { vendorId: "org.example", data: "x" });
  await call("FirmwareStatusNotification", { status: "Installed" });
  await call("DiagnosticsStatusNotification", { status: "Uploaded" });
  await call("Heartbeat", {});
}

async function speaks2(call, reconnect, protocol) {
  const idToken = { idToken: "04AABBCC", type: "ISO14443" };
  const sampled = (outlet, minute, context) => [
    {
      timestamp: at(minute),
      sampledValue: [
        {
          value: register(outlet, minute),
          context,
          measurand: "Energy.Active.Import.Register",
          unitOfMeasure: { unit: "Wh" },
        },
        // A multiplier: tens of watts.
        { value: 702, context, measurand: "Power.Active.Import", unitOfMeasure: { unit: "W", multiplier: 1 } },
      ],
    },
  ];
  const station = { vendorName: "Node", model: stack, firmwareVersion: "1.0" };
  await call("BootNotification", { reason: "PowerUp", chargingStation: station });
  const seq = { 1: -1, 2: -1 };
  const report = (evse, eventType, triggerReason, minute, context, info, more) =>
    call("TransactionEvent", {
      eventType,
      timestamp: at(minute),
      triggerReason,
      seqNo: ++seq[evse],
      transactionInfo: { transactionId: `${identity}-${evse}`, ...info },
      evse: { id: evse, connectorId: 1 },
      meterValue: sampled(evse, minute, context),
      ...more,
    });
  const charging = { chargingState: "Charging" };
  for (const evseId of [1, 2]) {
    const status = { evseId, connectorId: 1, timestamp: at(0) };
    await call("StatusNotification", { ...status, connectorStatus: "Occupied" });
    await call("Authorize", { idToken });
    await report(evseId, "Started", "Authorized", 0, "Transaction.Begin", charging, { idToken });
  }
  for (let minute = 1; minute <= 6; minute++) {
    if (minute === 4) await reconnect();
    for (const evse of [1, 2]) {
      const offline = minute === 4 ? { offline: true } : {};
      await report(evse, "Updated", "MeterValuePeriodic", minute, "Sample.Periodic", charging, offline);
    }
  }
  for (const evse of [1, 2]) {
    const info = { chargingState: "Idle", stoppedReason: "Local" };
    await report(evse, "Ended", "StopAuthorized", 7, "Transaction.End", info, {});
    const status = { evseId: evse, connectorId: 1, timestamp: at(8) };
    await call("StatusNotification", { ...status, connectorStatus: "Available" });
    const energy = register(evse, 7) - register(evse, 0);
    const session = { evse, connector: 1, transaction: `${identity}-${evse}`, energy };
    told.sessions.push({ ...session, started: at(0), ended: at(7) });
  }
  await call("SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: at(0) });
  await call("DataTransfer", { vendorId: "org.example", data: { any: ["thing", 1] } });
  await call("FirmwareStatusNotification", { status: "Installed", requestId: 1 });
  if (protocol === "ocpp2.1") {
    await call("VatNumberValidation", { vatNumber: "GB999999973" });
    await call("NotifyPriorityCharging", { transactionId: `${identity}-1`, activated: false });
  }
  await call("Heartbeat", {});
}

main()
  .catch((error) => told.faults.push(String(error?.stack ?? error)))
  // The stacks leave timers behind.
  .finally(() => process.stdout.write(JSON.stringify(told), () => process.exit(told.faults.length ? 1 : 0)));
