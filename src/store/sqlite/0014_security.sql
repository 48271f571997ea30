-- How many security events there were of each kind that is known, and of all others together: a counter that is shown to
-- Prometheus and must not fall when the service starts again.
CREATE TABLE security_tally (kind TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO security_tally SELECT kind, count(*) FROM security_event GROUP BY kind;
