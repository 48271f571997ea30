-- The operators' desk: what people decide, beside what chargers say. As in the ledger itself, times are milliseconds since
-- 1970 UTC; plain names are views for people.

-- Every change that a person made or tried to make. Nothing here is ever altered or taken away.
CREATE TABLE audit_row (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,
    author TEXT NOT NULL,                  -- who: 'token NAME' over HTTP, 'cli USER' on the machine itself
    deed TEXT NOT NULL,                    -- what: 'charger.add', 'token.revoke' …
    subject TEXT NOT NULL,                 -- on what: a charger, the name of a token …; never a secret
    outcome TEXT NOT NULL,                 -- 'done', or why not
    detail TEXT                            -- what else is worth knowing; never a secret
);
CREATE TRIGGER audit_row_stays BEFORE UPDATE ON audit_row BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_row_is_kept BEFORE DELETE ON audit_row BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;

-- Rises with each change at the desk, so that a running service notices what was decided by another process.
CREATE TABLE desk_edition (one INTEGER PRIMARY KEY CHECK (one = 1), edition INTEGER NOT NULL);
INSERT INTO desk_edition VALUES (1, 0);

CREATE VIEW audit AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, author, deed, subject,
    outcome, detail
  FROM audit_row;
