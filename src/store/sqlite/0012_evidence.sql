-- What reports on faults, success and data quality read without reading everything.

-- When outlets were not at work: few among all the intervals of drivers coming and going.
CREATE INDEX status_interval_idle ON status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause, frame_id)
  WHERE state IN ('OUTOFORDER', 'INOPERATIVE', 'UNKNOWN');

-- What chargers gave as the reason for being out of work: error codes of 1.6, codes of observations of 2.x.
CREATE INDEX status_report_error ON status_report (charger_id, at_ms, evse, connector, error, vendor_error)
  WHERE status IN ('Faulted', 'Unavailable') AND coalesce(error, vendor_error) IS NOT NULL;
CREATE INDEX observation_with_code ON observation_row (charger_id, at_ms, evse, connector, code) WHERE code IS NOT NULL;

-- When connectors were taken without charging: by its status alone, before a session begins or where none does.
CREATE INDEX status_interval_plugged ON status_interval (charger_id, from_ms, evse, connector, until_ms, status)
  WHERE status IN ('Preparing', 'Occupied');

-- Tokens that were shown to chargers, without whose they were.
CREATE TABLE token_check_row (
    charger_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, accepted INTEGER NOT NULL,
    PRIMARY KEY (charger_id, at_ms)
) WITHOUT ROWID;

-- By how much a charger's clock was found to be ahead of ours, from then on.
CREATE TABLE clock_row (
    charger_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, ahead_ms INTEGER NOT NULL,
    PRIMARY KEY (charger_id, at_ms)
) WITHOUT ROWID;

-- Frames of a charger by day (days since 1970, UTC): all, and those that deviate.
CREATE TABLE conformance_charger_row (
    charger_id INTEGER NOT NULL, day INTEGER NOT NULL, frames INTEGER NOT NULL, deviating INTEGER NOT NULL,
    PRIMARY KEY (charger_id, day)
) WITHOUT ROWID;

CREATE VIEW token_check AS SELECT c.charger, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, accepted
  FROM token_check_row JOIN charger_row c ON c.id = charger_id;
CREATE VIEW clock AS SELECT c.charger, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, ahead_ms
  FROM clock_row JOIN charger_row c ON c.id = charger_id;
