-- What was forgotten.

-- When the link from a session to its token was cut: by request or by retention. The token is null from then on.
ALTER TABLE session_row ADD COLUMN token_forgotten_ms INTEGER;
CREATE INDEX session_with_token ON session_row (began_ms) WHERE token IS NOT NULL;

-- Readings with a text, such as a signed record: few, and to be found without reading all.
CREATE INDEX reading_with_text ON reading_row (charger_id, evse, connector, at_ms, kind_id, value_milli) WHERE text IS NOT NULL;

-- Clear text of id tokens, written only where privacy.id_tokens is "clear".
CREATE TABLE clear_token_row (
    token TEXT PRIMARY KEY,                -- keyed hash, as in session_row
    clear TEXT NOT NULL, seen_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE VIEW clear_token AS SELECT token, clear, strftime('%Y-%m-%dT%H:%M:%fZ', seen_ms / 1000.0, 'unixepoch') AS seen FROM clear_token_row;
