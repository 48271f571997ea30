//! A year of drivers, failures and lost links, for reports that read what happened itself.

use rusqlite::Connection;

/// Sessions of an EVSE in the year: one every 16 hours.
const SESSIONS: i64 = 547;

/// Fills in what happened at one connector of every charger from an instant on: sessions with their statuses and the
/// tokens that were shown for them, eight failures, thirty lost links and forty outages of ours.
pub(crate) fn fill(db: &mut Connection, from: i64) {
    let write = db.transaction().unwrap();
    let begun = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2),
         begun AS (SELECT c.id AS charger, i, ?1 + i * 57600000 + c.id % 60 * 60000 AS at FROM charger_row c CROSS JOIN n)";
    for insert in [
        "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms, start_said_ms,
           ended_ms, end_said_ms, energy_mwh, energy_quality, stop_reason, token, received_ms)
         SELECT charger * 1000 + i, charger, 1, 1, i, 'ended', at, at, at, at + 7200000, at + 7200000, 20000000, 'register',
           'Local', printf('t:%032x', charger * 31 + i % 40), at FROM begun WHERE true",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause)
         SELECT charger, 1, 1, at - 30000, at, 'CHARGING', 'Preparing', 'charger' FROM begun WHERE true",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause)
         SELECT charger, 1, 1, at, at + 7200000, 'CHARGING', 'Charging', 'charger' FROM begun WHERE true",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause)
         SELECT charger, 1, 1, at + 7200000, at + 57570000, 'AVAILABLE', 'Available', 'charger' FROM begun WHERE true",
        "INSERT OR IGNORE INTO token_check_row (charger_id, at_ms, accepted) SELECT charger, at - 20000, 1 FROM begun WHERE true",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, status, cause)
         SELECT charger, 1, 1, at + 10000000, at + 46000000, 'OUTOFORDER', 'Faulted', 'charger' FROM begun WHERE i % 68 = 0",
        "INSERT INTO status_report (charger_id, evse, connector, at_ms, status, error)
         SELECT charger, 1, 1, at + 10000000, 'Faulted', 'GroundFailure' FROM begun WHERE i % 68 = 0",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause)
         SELECT charger, 1, 1, at + 10000000, at + 11500000, 'UNKNOWN', 'link' FROM begun WHERE i % 18 = 5",
        "INSERT OR IGNORE INTO status_interval (charger_id, evse, connector, from_ms, until_ms, state, cause)
         SELECT charger, 1, 1, at + 20000000, at + 20060000, 'UNKNOWN', 'our_outage' FROM begun WHERE i % 14 = 9",
        "INSERT OR IGNORE INTO conformance_charger_row (charger_id, day, frames, deviating)
         SELECT charger, at / 86400000, 200, 3 FROM begun WHERE true",
    ] {
        // The recursion stands before the INSERT in SQLite.
        write.execute(&format!("{begun} {insert}"), (from, SESSIONS)).unwrap();
    }
    write.commit().unwrap();
}
