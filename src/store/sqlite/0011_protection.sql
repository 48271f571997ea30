-- How connections are protected: the security profile of OCPP (0 to 3), null where it is not known, and until when the
-- certificate is good that the charger showed.
ALTER TABLE charger_row ADD COLUMN profile INTEGER;
ALTER TABLE charger_row ADD COLUMN certificate_until_ms INTEGER;
ALTER TABLE contact ADD COLUMN profile INTEGER;

DROP VIEW charger;
CREATE VIEW charger AS SELECT id, charger, vendor, model, serial, firmware, protocol, profile AS security_profile,
    strftime('%Y-%m-%dT%H:%M:%fZ', certificate_until_ms / 1000.0, 'unixepoch') AS certificate_until,
    strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch') AS first_seen,
    strftime('%Y-%m-%dT%H:%M:%fZ', booted_ms / 1000.0, 'unixepoch') AS last_boot,
    strftime('%Y-%m-%dT%H:%M:%fZ', heard_ms / 1000.0, 'unixepoch') AS last_heard, boots
  FROM charger_row;

-- An attempt that ends in its TLS handshake never comes to a status of HTTP; the row says 0 for it, the view null.
DROP VIEW handshake;
CREATE VIEW handshake AS SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, peer, charger,
    request, offered, outcome, nullif(status, 0) AS status, remarks
  FROM handshake_row;
