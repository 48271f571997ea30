-- Counters that are shown to Prometheus and must not fall when the service starts again.
ALTER TABLE charger_row ADD COLUMN disconnects INTEGER NOT NULL DEFAULT 0;
UPDATE charger_row SET disconnects = (SELECT count(heard_ms) FROM contact WHERE charger_id = charger_row.id);
ALTER TABLE connector_row ADD COLUMN changes INTEGER NOT NULL DEFAULT 0; -- how often the status became another one
