-- API tokens of people and monitors. The token itself is nowhere: it is shown once, when it is made.
CREATE TABLE api_token_row (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,   -- stands in the audit log, so it is never given out again
    digest TEXT NOT NULL UNIQUE,           -- SHA-256 of the token, in hex
    role TEXT NOT NULL,                    -- admin, operator, viewer, monitor, metrics
    created_ms INTEGER NOT NULL, author TEXT NOT NULL,
    expires_ms INTEGER,                    -- null: never
    revoked_ms INTEGER,                    -- null: in force
    used_ms INTEGER                        -- last use, to the minute; null: never used
);

-- The sites that a token is limited to; none: the whole network.
CREATE TABLE api_token_site_row (
    token_id INTEGER NOT NULL REFERENCES api_token_row, site TEXT NOT NULL,
    PRIMARY KEY (token_id, site)
) WITHOUT ROWID;

CREATE VIEW api_token AS SELECT name, role, (SELECT group_concat(site, ' ') FROM api_token_site_row WHERE token_id = id) AS sites,
    strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created, author,
    strftime('%Y-%m-%dT%H:%M:%fZ', expires_ms / 1000.0, 'unixepoch') AS expires,
    strftime('%Y-%m-%dT%H:%M:%fZ', revoked_ms / 1000.0, 'unixepoch') AS revoked,
    strftime('%Y-%m-%dT%H:%M:%fZ', used_ms / 1000.0, 'unixepoch') AS last_used
  FROM api_token_row;
