-- What OCPP 2.x brings, and how closely chargers keep to their version of OCPP.

-- Which of the charger's reports of a transaction have come (their seqNo), as runs: '0..5,7'. Empty for 1.6.
ALTER TABLE session_row ADD COLUMN report_seqs TEXT NOT NULL DEFAULT '';

-- Each report of a transaction (TransactionEvent), as evidence. The same report twice is one row.
CREATE TABLE transaction_report (
    id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, seq INTEGER, stage TEXT NOT NULL, at_ms INTEGER NOT NULL,
    trigger TEXT, charging TEXT, offline INTEGER NOT NULL,
    details TEXT,                          -- JSON: cost, tariff, phases, reservation … as sent
    frame_id INTEGER
);
CREATE UNIQUE INDEX transaction_report_once ON transaction_report (session_id, coalesce(seq, -1), stage, at_ms);

-- What a charger saw of its own device model (NotifyEvent). They outlive their frames.
CREATE TABLE observation_row (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    component TEXT NOT NULL, component_instance TEXT, variable TEXT NOT NULL, variable_instance TEXT,
    value TEXT, trigger TEXT, alert INTEGER NOT NULL, cleared INTEGER NOT NULL, code TEXT, info TEXT, severity INTEGER,
    event INTEGER, cause INTEGER, transaction_id TEXT, frame_id INTEGER
);
CREATE INDEX observation_of_charger ON observation_row (charger_id, id);

-- The device model as last reported (NotifyReport). Instances that do not exist are empty texts.
CREATE TABLE variable_row (
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    component TEXT NOT NULL, component_instance TEXT NOT NULL, variable TEXT NOT NULL, variable_instance TEXT NOT NULL,
    attribute TEXT NOT NULL, value TEXT, mutability TEXT, data_type TEXT, unit TEXT, seen_ms INTEGER NOT NULL,
    PRIMARY KEY (charger_id, evse, connector, component, component_instance, variable, variable_instance, attribute)
) WITHOUT ROWID;

-- What a charger watches by itself, as last reported (NotifyMonitoringReport).
CREATE TABLE monitor_row (
    charger_id INTEGER NOT NULL, monitor INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    component TEXT NOT NULL, component_instance TEXT, variable TEXT NOT NULL, variable_instance TEXT,
    kind TEXT, value TEXT, severity INTEGER, seen_ms INTEGER NOT NULL,
    PRIMARY KEY (charger_id, monitor)
) WITHOUT ROWID;

-- What a charger can be, for conformance: a maker's model with one firmware, speaking one protocol. Empty: not said.
CREATE TABLE build_row (
    id INTEGER PRIMARY KEY,
    vendor TEXT NOT NULL, model TEXT NOT NULL, firmware TEXT NOT NULL, protocol TEXT NOT NULL,
    UNIQUE (vendor, model, firmware, protocol)
);

-- Frames of a build by day (days since 1970, UTC) and action: all, and those that deviate.
CREATE TABLE conformance_row (
    build_id INTEGER NOT NULL, day INTEGER NOT NULL, action TEXT NOT NULL,
    frames INTEGER NOT NULL, deviating INTEGER NOT NULL,
    PRIMARY KEY (build_id, day, action)
) WITHOUT ROWID;

-- The same by rule: frames in which the rule was needed.
CREATE TABLE conformance_rule_row (
    build_id INTEGER NOT NULL, day INTEGER NOT NULL, action TEXT NOT NULL, rule TEXT NOT NULL, frames INTEGER NOT NULL,
    PRIMARY KEY (build_id, day, action, rule)
) WITHOUT ROWID;

-- The last frame that is counted in these. Later ones are counted at the next mark, or at the next start.
CREATE TABLE conformance_mark (one INTEGER PRIMARY KEY CHECK (one = 1), frame_id INTEGER NOT NULL);
INSERT INTO conformance_mark VALUES (1, 0);

-- Views for people.

CREATE VIEW report AS SELECT r.id, c.charger, r.session_id, seq, stage,
    strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, trigger, charging, offline, details, frame_id
  FROM transaction_report r JOIN session_row s ON s.id = r.session_id JOIN charger_row c ON c.id = s.charger_id;

CREATE VIEW observation AS SELECT o.id, c.charger, evse, connector,
    strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, component, component_instance, variable,
    variable_instance, value, trigger, alert, cleared, code, info, severity, event, cause, transaction_id, frame_id
  FROM observation_row o JOIN charger_row c ON c.id = charger_id;

CREATE VIEW device_variable AS SELECT c.charger, evse, connector, component, component_instance, variable,
    variable_instance, attribute, value, mutability, data_type, unit,
    strftime('%Y-%m-%dT%H:%M:%fZ', seen_ms / 1000.0, 'unixepoch') AS seen
  FROM variable_row JOIN charger_row c ON c.id = charger_id;

CREATE VIEW conformance AS SELECT vendor, model, firmware, protocol, date(day * 86400, 'unixepoch') AS day, action, frames,
    deviating
  FROM conformance_row JOIN build_row b ON b.id = build_id;
