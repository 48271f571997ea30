-- What operators entered with evidence, and facts by EVSE and day from which reports are made.

CREATE TABLE exemption_row (
    id         INTEGER PRIMARY KEY,
    charger    TEXT NOT NULL,              -- identity, as entered
    folded     TEXT NOT NULL,              -- the identity without case
    evse       INTEGER,                    -- one EVSE of it, by the registry; null: all
    kind       TEXT NOT NULL,              -- blocked, exempt, planned_work
    cause      TEXT NOT NULL,              -- vandalism, grid_failure …
    from_ms    INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    evidence   TEXT NOT NULL,              -- what proves it: report, photograph, reference
    author     TEXT NOT NULL, added_ms INTEGER NOT NULL,
    revoked_ms INTEGER, revoked_by TEXT, revoked_why TEXT
);
CREATE INDEX exemption_of_charger ON exemption_row (folded, from_ms);
CREATE TRIGGER exemption_row_is_kept BEFORE DELETE ON exemption_row
    BEGIN SELECT raise(ABORT, 'an exemption is never deleted, only revoked'); END;
CREATE TRIGGER exemption_row_stays
    BEFORE UPDATE OF id, charger, folded, evse, kind, cause, from_ms, until_ms, evidence, author, added_ms ON exemption_row
    BEGIN SELECT raise(ABORT, 'an exemption is never altered, only revoked'); END;
CREATE TRIGGER exemption_row_is_revoked_once BEFORE UPDATE ON exemption_row WHEN old.revoked_ms IS NOT NULL
    BEGIN SELECT raise(ABORT, 'an exemption is revoked once'); END;

-- An EVSE of which facts are kept, without a gap from first_day to last_day (local days of the default zone, as days since
-- 1970). made_by says what they were made by: with other opening hours, connectors or dates they are made anew.
CREATE TABLE evse_row (
    id INTEGER PRIMARY KEY, charger_id INTEGER NOT NULL, evse INTEGER NOT NULL,
    made_by TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    UNIQUE (charger_id, evse)
);

-- The facts of an EVSE on a day, as bytes of domain/facts.rs: a year of a large network is read in a moment.
CREATE TABLE evse_day (
    day INTEGER NOT NULL, evse_id INTEGER NOT NULL, facts BLOB NOT NULL,
    PRIMARY KEY (day, evse_id)
) WITHOUT ROWID;

-- What few reports ask for, apart from what all do: 1 the sessions that began, as bytes of domain/summary.rs, 2 what attempts
-- and visits came to, of domain/outcome.rs, 3 how full the site was, of domain/demand.rs. Where there is nothing, no row.
CREATE TABLE evse_day_part (
    part INTEGER NOT NULL, day INTEGER NOT NULL, evse_id INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (part, day, evse_id)
) WITHOUT ROWID;

-- The same by month (months since 1970), where every day of the month is kept.
CREATE TABLE evse_month (
    month INTEGER NOT NULL, evse_id INTEGER NOT NULL, facts BLOB NOT NULL,
    PRIMARY KEY (month, evse_id)
) WITHOUT ROWID;
CREATE TABLE evse_month_part (
    part INTEGER NOT NULL, month INTEGER NOT NULL, evse_id INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (part, month, evse_id)
) WITHOUT ROWID;

-- Sessions that reach into a stretch from before it.
CREATE INDEX session_by_reach ON session_row
    (charger_id, max(coalesce(started_ms, 0), coalesce(ended_ms, 0), coalesce(last_reading_ms, 0)), started_ms)
    WHERE state <> 'active';

-- Where kept facts may be wrong by now: something of this charger changed in this stretch. Gone when they are made anew.
CREATE TABLE fact_mark (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, charger_id INTEGER NOT NULL, from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
);

-- A session that gets another start or an earlier end leaves days on which it was counted.
CREATE TRIGGER session_row_leaves_its_days AFTER UPDATE OF started_ms, ended_ms ON session_row
    WHEN old.started_ms IS NOT NULL AND (old.started_ms IS NOT new.started_ms OR old.ended_ms > new.ended_ms)
    BEGIN INSERT INTO fact_mark (charger_id, from_ms, until_ms)
      VALUES (old.charger_id, old.started_ms, max(old.started_ms, coalesce(old.ended_ms, 0)) + 1); END;

-- Sessions of other systems (numbers below 0) come by another way than frames.
CREATE TRIGGER session_row_is_imported AFTER INSERT ON session_row WHEN new.id < 0 AND new.started_ms IS NOT NULL
    BEGIN INSERT INTO fact_mark (charger_id, from_ms, until_ms)
      VALUES (new.charger_id, new.started_ms, max(new.started_ms, coalesce(new.ended_ms, 0)) + 1); END;
CREATE TRIGGER session_row_is_corrected AFTER UPDATE ON session_row WHEN new.id < 0 AND new.started_ms IS NOT NULL
    BEGIN INSERT INTO fact_mark (charger_id, from_ms, until_ms)
      VALUES (new.charger_id, new.started_ms, max(new.started_ms, coalesce(new.ended_ms, 0)) + 1); END;

-- A view for people.

CREATE VIEW exemption AS SELECT id, charger, evse, kind, cause,
    strftime('%Y-%m-%dT%H:%M:%fZ', from_ms / 1000.0, 'unixepoch') AS "from",
    strftime('%Y-%m-%dT%H:%M:%fZ', until_ms / 1000.0, 'unixepoch') AS until, evidence, author,
    strftime('%Y-%m-%dT%H:%M:%fZ', added_ms / 1000.0, 'unixepoch') AS added,
    strftime('%Y-%m-%dT%H:%M:%fZ', revoked_ms / 1000.0, 'unixepoch') AS revoked, revoked_by, revoked_why
  FROM exemption_row;
