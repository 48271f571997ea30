-- The ledger of chargewatch. Plain names are views for people (`SELECT * FROM session`); tables ending in `_row` and the
-- rest hold the facts. In tables all times are milliseconds since 1970 UTC (`_ms`), all quantities integers of
-- thousandths (`_milli`, `_mwh`); in views times are RFC 3339 UTC text and energy is in Wh.

-- A charger, from its first connection on.
CREATE TABLE charger_row (
    id             INTEGER PRIMARY KEY,
    charger        TEXT NOT NULL,
    folded         TEXT NOT NULL UNIQUE,   -- the identity without case
    first_seen_ms  INTEGER NOT NULL,
    booted_ms      INTEGER,
    heard_ms       INTEGER,                -- last byte received, as of the last alive mark
    protocol       TEXT,
    vendor TEXT, model TEXT, serial TEXT, box_serial TEXT, firmware TEXT,
    iccid TEXT, imsi TEXT, meter_type TEXT, meter_serial TEXT, boot_reason TEXT,
    boots          INTEGER NOT NULL DEFAULT 0
);

-- The present of a connector: its status as last reported, by order of arrival. (0, 0) is the charger as a whole.
CREATE TABLE connector_row (
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    status TEXT NOT NULL, since_ms INTEGER NOT NULL, error TEXT, vendor_error TEXT, info TEXT,
    PRIMARY KEY (charger_id, evse, connector)
) WITHOUT ROWID;

-- A charging session. Rewritten whole when a late fact revises it.
CREATE TABLE session_row (
    id              INTEGER PRIMARY KEY,   -- also the transaction id given to OCPP 1.6 chargers
    charger_id      INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    transaction_id  TEXT NOT NULL,
    state           TEXT NOT NULL,         -- active, ended, ended_without_stop, orphan
    began_ms        INTEGER NOT NULL,      -- start, else when first heard of: for filters
    started_ms      INTEGER, start_said_ms INTEGER, -- placed in time, and as the charger said it
    ended_ms        INTEGER, end_said_ms INTEGER,
    meter_start_mwh INTEGER, meter_stop_mwh INTEGER,
    energy_mwh      INTEGER, energy_quality TEXT NOT NULL,
    stop_reason     TEXT, token TEXT,      -- token: keyed hash
    received_ms     INTEGER NOT NULL,
    first_register_ms INTEGER, first_register_mwh INTEGER,
    last_register_ms  INTEGER, last_register_mwh  INTEGER,
    last_reading_ms INTEGER,
    flow_from_ms    INTEGER, flow_until_ms INTEGER, -- when energy flowed, as far as readings tell, pauses included
    peak_mw         INTEGER,               -- highest mean power of a minute, in milliwatts
    reading_count   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX session_of_charger ON session_row (charger_id, id);
CREATE INDEX session_of_transaction ON session_row (charger_id, transaction_id);
CREATE INDEX session_by_start ON session_row (charger_id, started_ms);
CREATE INDEX session_by_said_start ON session_row (charger_id, start_said_ms);
CREATE INDEX session_by_said_end ON session_row (charger_id, end_said_ms);
CREATE INDEX session_by_time ON session_row (began_ms);
CREATE INDEX session_open ON session_row (charger_id) WHERE state = 'active';

-- Each status message, as evidence.
CREATE TABLE status_report (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, status TEXT NOT NULL, error TEXT, info TEXT, vendor_error TEXT, frame_id INTEGER
);
CREATE INDEX status_report_at ON status_report (charger_id, evse, connector, at_ms);

-- The availability timeline of each connector: half-open intervals, never overlapping. until_ms NULL: it lasts.
CREATE TABLE status_interval (
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    from_ms INTEGER NOT NULL, until_ms INTEGER,
    state TEXT NOT NULL,                   -- OCPI 2.2.1 word
    status TEXT,                           -- the OCPP status behind it
    cause TEXT NOT NULL,                   -- charger, transaction, link, our_outage, operator
    frame_id INTEGER,                      -- the frame that proves it
    PRIMARY KEY (charger_id, evse, connector, from_ms)
) WITHOUT ROWID;
CREATE INDEX status_interval_open ON status_interval (state, cause) WHERE until_ms IS NULL;

-- What kinds of readings there are.
CREATE TABLE reading_kind (
    id INTEGER PRIMARY KEY,
    measurand TEXT NOT NULL, phase TEXT NOT NULL, location TEXT NOT NULL, context TEXT NOT NULL, unit TEXT NOT NULL,
    UNIQUE (measurand, phase, location, context, unit)
);

-- Meter readings. The key is the content, so that the same reading twice is one row. value_milli is in the base unit
-- of the measurand; where there is only text (flag 16) it is a hash of the text.
CREATE TABLE reading_row (
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, kind_id INTEGER NOT NULL, value_milli INTEGER NOT NULL,
    session_id INTEGER, text TEXT, flags INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (charger_id, evse, connector, at_ms, kind_id, value_milli)
) WITHOUT ROWID;

-- Frames as received (id tokens hashed) with the answer that was given.
CREATE TABLE frame_row (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    action TEXT NOT NULL, text TEXT NOT NULL, reply TEXT, deviations INTEGER NOT NULL
);
CREATE INDEX frame_of_charger ON frame_row (charger_id, id);

-- Deviations from OCPP. They outlive their frames.
CREATE TABLE deviation_row (
    id INTEGER PRIMARY KEY, frame_id INTEGER NOT NULL, charger_id INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    action TEXT NOT NULL, rule TEXT NOT NULL, path TEXT NOT NULL, found TEXT NOT NULL
);
CREATE INDEX deviation_of_charger ON deviation_row (charger_id, id);

-- Connection attempts.
CREATE TABLE handshake_row (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, peer TEXT NOT NULL, charger TEXT, request TEXT NOT NULL,
    offered TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, remarks TEXT NOT NULL
);

-- Connections: began, ended (last heard), why.
CREATE TABLE contact (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, began_ms INTEGER NOT NULL, protocol TEXT NOT NULL,
    peer TEXT NOT NULL, heard_ms INTEGER, reason TEXT
);
CREATE INDEX contact_of_charger ON contact (charger_id, id);

CREATE TABLE security_event (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, info TEXT,
    frame_id INTEGER
);

CREATE TABLE progress (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, task TEXT NOT NULL,
    status TEXT NOT NULL, frame_id INTEGER
);

-- When chargewatch was running. What lies between two rows is our own outage.
CREATE TABLE watch (
    id INTEGER PRIMARY KEY, began_ms INTEGER NOT NULL, alive_ms INTEGER NOT NULL, ended_cleanly INTEGER NOT NULL
);

-- Views for people.

CREATE VIEW charger AS SELECT id, charger, vendor, model, serial, firmware, protocol,
    strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch') AS first_seen,
    strftime('%Y-%m-%dT%H:%M:%fZ', booted_ms / 1000.0, 'unixepoch') AS last_boot,
    strftime('%Y-%m-%dT%H:%M:%fZ', heard_ms / 1000.0, 'unixepoch') AS last_heard, boots
  FROM charger_row;

CREATE VIEW connector AS SELECT c.charger, evse, connector, status,
    strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch') AS since, error, vendor_error, info
  FROM connector_row JOIN charger_row c ON c.id = charger_id;

CREATE VIEW session AS SELECT s.id, c.charger, evse, connector, transaction_id, state, state <> 'ended' AS provisional,
    strftime('%Y-%m-%dT%H:%M:%fZ', started_ms / 1000.0, 'unixepoch') AS started,
    strftime('%Y-%m-%dT%H:%M:%fZ', ended_ms / 1000.0, 'unixepoch') AS ended,
    CASE meter_start_mwh % 1000 WHEN 0 THEN meter_start_mwh / 1000 ELSE meter_start_mwh / 1000.0 END AS meter_start_wh,
    CASE meter_stop_mwh % 1000 WHEN 0 THEN meter_stop_mwh / 1000 ELSE meter_stop_mwh / 1000.0 END AS meter_stop_wh,
    CASE energy_mwh % 1000 WHEN 0 THEN energy_mwh / 1000 ELSE energy_mwh / 1000.0 END AS energy_wh,
    energy_quality, stop_reason, token, reading_count,
    strftime('%Y-%m-%dT%H:%M:%fZ', received_ms / 1000.0, 'unixepoch') AS received
  FROM session_row s JOIN charger_row c ON c.id = charger_id;

CREATE VIEW reading AS SELECT c.charger, evse, connector,
    strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at,
    measurand, phase, location, context, unit AS unit_as_sent,
    CASE WHEN flags & 16 THEN NULL WHEN value_milli % 1000 = 0 THEN value_milli / 1000 ELSE value_milli / 1000.0 END AS value,
    text, session_id, flags, strftime('%Y-%m-%dT%H:%M:%fZ', received_ms / 1000.0, 'unixepoch') AS received
  FROM reading_row r JOIN reading_kind k ON k.id = r.kind_id JOIN charger_row c ON c.id = charger_id;

CREATE VIEW availability AS SELECT c.charger, evse, connector,
    strftime('%Y-%m-%dT%H:%M:%fZ', from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', until_ms / 1000.0, 'unixepoch') AS until, state, status, cause, frame_id
  FROM status_interval JOIN charger_row c ON c.id = charger_id;

CREATE VIEW frame AS SELECT f.id, c.charger, strftime('%Y-%m-%dT%H:%M:%fZ', received_ms / 1000.0, 'unixepoch') AS received,
    action, text, reply, deviations
  FROM frame_row f JOIN charger_row c ON c.id = charger_id;

CREATE VIEW deviation AS SELECT d.id, c.charger, vendor, model, firmware,
    strftime('%Y-%m-%dT%H:%M:%fZ', received_ms / 1000.0, 'unixepoch') AS received, action, rule, path, found, frame_id
  FROM deviation_row d JOIN charger_row c ON c.id = charger_id;

CREATE VIEW handshake AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, peer, charger,
    request, offered, outcome, status, remarks
  FROM handshake_row;

CREATE VIEW our_outage AS SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', alive_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', next / 1000.0, 'unixepoch') AS until, ended_cleanly AS planned
  FROM (SELECT alive_ms, ended_cleanly, lead(began_ms) OVER (ORDER BY id) AS next FROM watch) WHERE next IS NOT NULL;
