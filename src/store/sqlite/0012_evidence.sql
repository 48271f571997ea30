-- What reports on faults, success and data quality read without reading everything.

-- When outlets were not at work: few among all the intervals of drivers coming and going.
CREATE INDEX status_interval_idle ON status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause, frame_id)
  WHERE state IN ('OUTOFORDER', 'INOPERATIVE', 'UNKNOWN');

-- What chargers gave as the reason for being out of work: error codes of 1.6, codes of observations of 2.x.
CREATE INDEX status_report_error ON status_report (charger_id, at_ms, evse, connector, error, vendor_error)
  WHERE status IN ('Faulted', 'Unavailable') AND coalesce(error, vendor_error) IS NOT NULL;
CREATE INDEX observation_with_code ON observation_row (charger_id, at_ms, evse, connector, code) WHERE code IS NOT NULL;
