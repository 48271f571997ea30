-- Certificates that were signed for chargers. The certificate itself is not kept; its fingerprint recognises it.
CREATE TABLE certificate_row (
    id INTEGER PRIMARY KEY,
    serial TEXT NOT NULL UNIQUE,           -- in hex
    charger_key TEXT NOT NULL,             -- the identity in small letters
    charger TEXT NOT NULL,                 -- the identity as written
    fingerprint TEXT NOT NULL,             -- SHA-256 of the certificate, in hex
    not_before_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL, signed_ms INTEGER NOT NULL,
    profile INTEGER NOT NULL, peer TEXT NOT NULL, -- of the connection over which it was asked for
    delivery TEXT NOT NULL,                -- waiting, accepted, rejected, unanswered: what the charger said to it
    delivered_ms INTEGER, revoked_ms INTEGER, revoked_by TEXT
);
CREATE INDEX certificate_of_charger ON certificate_row (charger_key, id);
CREATE INDEX certificate_revoked ON certificate_row (not_after_ms) WHERE revoked_ms IS NOT NULL;

CREATE VIEW certificate AS SELECT serial, charger, fingerprint,
    strftime('%Y-%m-%dT%H:%M:%fZ', not_before_ms / 1000.0, 'unixepoch') AS not_before,
    strftime('%Y-%m-%dT%H:%M:%fZ', not_after_ms / 1000.0, 'unixepoch') AS not_after,
    strftime('%Y-%m-%dT%H:%M:%fZ', signed_ms / 1000.0, 'unixepoch') AS signed_at, profile AS security_profile, peer, delivery,
    strftime('%Y-%m-%dT%H:%M:%fZ', revoked_ms / 1000.0, 'unixepoch') AS revoked_at, revoked_by
  FROM certificate_row;

CREATE INDEX security_event_of_charger ON security_event (charger_id, id);
