-- Credentials of chargers, what was decided of unknown ones, and the list of driver tokens.

-- What a charger must show when it connects. No secret can be read from it.
CREATE TABLE credential_row (
    charger_key TEXT PRIMARY KEY,          -- the identity in small letters
    charger TEXT NOT NULL,                 -- the identity as written
    scheme TEXT NOT NULL,                  -- 'key': drawn by a machine; 'password': chosen by a person
    verifier TEXT NOT NULL,                -- key: salt and HMAC-SHA-256 under the charger key, in hex; password: argon2id
    changed_ms INTEGER NOT NULL, expires_ms INTEGER, revoked_ms INTEGER
) WITHOUT ROWID;

-- Chargers that the registry does not know, and what an operator decided of them.
CREATE TABLE admission_row (
    charger_key TEXT PRIMARY KEY, charger TEXT NOT NULL,
    decision TEXT NOT NULL,                -- accepted, refused
    decided_ms INTEGER NOT NULL, author TEXT NOT NULL
) WITHOUT ROWID;

-- What drivers' tokens may. A token that is not here gets what [drivers] unknown says.
CREATE TABLE driver_token_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- stands for it in the audit log, and is never given out again
    token TEXT NOT NULL UNIQUE,            -- keyed hash, as in sessions
    status TEXT NOT NULL,                  -- Accepted, Blocked, Expired, Invalid
    one_at_a_time INTEGER NOT NULL,        -- 1: ConcurrentTx while another session of it runs
    group_name TEXT,                       -- chosen by the operator; answered as the parent token
    expires_ms INTEGER, changed_ms INTEGER NOT NULL
);
CREATE INDEX session_running_of_token ON session_row (token) WHERE state = 'active' AND token IS NOT NULL;

CREATE VIEW charger_credential AS SELECT charger, scheme,
    strftime('%Y-%m-%dT%H:%M:%fZ', changed_ms / 1000.0, 'unixepoch') AS changed_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', expires_ms / 1000.0, 'unixepoch') AS expires_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', revoked_ms / 1000.0, 'unixepoch') AS revoked_at
  FROM credential_row;
CREATE VIEW admission AS SELECT charger, decision,
    strftime('%Y-%m-%dT%H:%M:%fZ', decided_ms / 1000.0, 'unixepoch') AS decided_at, author
  FROM admission_row;
CREATE VIEW driver_token AS SELECT id, token, status, one_at_a_time, group_name,
    strftime('%Y-%m-%dT%H:%M:%fZ', expires_ms / 1000.0, 'unixepoch') AS expires_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', changed_ms / 1000.0, 'unixepoch') AS changed_at
  FROM driver_token_row;
