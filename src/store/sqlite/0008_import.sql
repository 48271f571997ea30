-- Sessions that were imported from files of other systems. Each is a row of session_row with a number below 0, so that
-- it can never be taken for a transaction of a charger and never meets a number that a running service gives; what is
-- known of its origin stands here. As in the ledger itself, times are milliseconds since 1970 UTC.

-- Where files came from: the name that a map gives. What a file says twice under one name is one session.
CREATE TABLE import_source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- The origin of an imported session.
CREATE TABLE imported_session (
    session_id  INTEGER PRIMARY KEY,       -- of session_row, below 0
    source_id   INTEGER NOT NULL,
    identity    TEXT NOT NULL,             -- the session's id there; without one 'sha256:' and a hash of what it says
    content     BLOB NOT NULL,             -- hash of all that was taken, to see what a corrected file changes
    site        TEXT,                      -- the site as the file names it
    oddities    INTEGER NOT NULL,          -- bits of domain/imported.rs
    imported_ms INTEGER NOT NULL,
    UNIQUE (source_id, identity)
);

CREATE VIEW imported AS SELECT i.session_id AS id, f.name AS source, CASE WHEN identity NOT LIKE 'sha256:%' THEN identity END
    AS source_session, i.site AS source_site, oddities,
    strftime('%Y-%m-%dT%H:%M:%fZ', imported_ms / 1000.0, 'unixepoch') AS imported
  FROM imported_session i JOIN import_source f ON f.id = i.source_id;
