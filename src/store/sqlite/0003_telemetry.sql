-- Telemetry: roll-ups of readings, and what a sink needs to find what is new. As in the ledger itself, times are
-- milliseconds or (`_s`) seconds since 1970 UTC, quantities integers of thousandths; plain names are views for people.

-- Roll-ups of 1 minute, 15 minutes and 1 hour, written in the transaction of their readings. `measure` is the number of
-- domain/telemetry.rs. The key begins with the time: all connectors write at the end of the tree, a query over a site reads
-- one stretch, and what is too old goes from the front.
CREATE TABLE rollup_minute (
    measure INTEGER NOT NULL, start_s INTEGER NOT NULL,
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    increase_milli INTEGER,                -- how far the register rose; null where there is no reading before
    count INTEGER NOT NULL, sum_milli INTEGER NOT NULL, max_milli INTEGER NOT NULL,
    last_after_ms INTEGER NOT NULL, last_milli INTEGER NOT NULL, -- the last reading, so many ms after the start
    PRIMARY KEY (measure, start_s, charger_id, evse, connector)
) WITHOUT ROWID;

CREATE TABLE rollup_quarter (
    measure INTEGER NOT NULL, start_s INTEGER NOT NULL,
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    increase_milli INTEGER,
    count INTEGER NOT NULL, sum_milli INTEGER NOT NULL, max_milli INTEGER NOT NULL,
    last_after_ms INTEGER NOT NULL, last_milli INTEGER NOT NULL,
    PRIMARY KEY (measure, start_s, charger_id, evse, connector)
) WITHOUT ROWID;

CREATE TABLE rollup_hour (
    measure INTEGER NOT NULL, start_s INTEGER NOT NULL,
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    increase_milli INTEGER,
    count INTEGER NOT NULL, sum_milli INTEGER NOT NULL, max_milli INTEGER NOT NULL,
    last_after_ms INTEGER NOT NULL, last_milli INTEGER NOT NULL,
    PRIMARY KEY (measure, start_s, charger_id, evse, connector)
) WITHOUT ROWID;

-- What changed, in the order in which it became durable; written only while a sink is configured. An entry points at a
-- place, never holds a value: whoever sends reads what the ledger says by then, so that sending twice or out of order
-- cannot send anything old. Entries that every sink has passed go; the newest always stays, so that no number comes twice.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY,
    what       INTEGER NOT NULL,           -- 1 readings of an instant, 2 session, 3 availability at an instant, 4 a session left this place
    noted_ms   INTEGER NOT NULL,           -- when it became known, our clock
    charger_id INTEGER NOT NULL, evse INTEGER NOT NULL, connector INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,           -- the instant; for 4 where the session had begun
    until_ms   INTEGER,                    -- for 3: sessions up to here may have changed too; null: all later ones
    session_id INTEGER
);

-- How far a sink has come. (gap_from, gap_until] is what was left for back-fill, so that live data goes first.
CREATE TABLE sink_position (
    sink TEXT PRIMARY KEY, schema INTEGER NOT NULL,
    change_live INTEGER NOT NULL, change_gap_from INTEGER, change_gap_until INTEGER,
    minute_live INTEGER NOT NULL, minute_gap_from INTEGER, minute_gap_until INTEGER -- minutes since 1970, for site_load
) WITHOUT ROWID;

-- Points that a server refused for what they say, with its reason. The newest stay.
CREATE TABLE dead_letter_row (
    id INTEGER PRIMARY KEY, sink TEXT NOT NULL, at_ms INTEGER NOT NULL, line TEXT NOT NULL, reason TEXT NOT NULL
);

CREATE VIEW dead_letter AS SELECT id, sink, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, line, reason
  FROM dead_letter_row;

CREATE VIEW energy_by_hour AS SELECT c.charger, evse, connector, strftime('%Y-%m-%dT%H:%M:%SZ', start_s, 'unixepoch') AS hour,
    CASE increase_milli % 1000 WHEN 0 THEN increase_milli / 1000 ELSE increase_milli / 1000.0 END AS energy_wh
  FROM rollup_hour JOIN charger_row c ON c.id = charger_id WHERE measure = 100;
