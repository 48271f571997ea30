//! The watch: when chargewatch was running, so that its own outages are known.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::figures::Marks;
use super::outbox::Outbox;
use super::timeline;
use crate::domain::time::At;
use crate::store::telemetry::Keeping;

/// Begins a watch: what lies since the last one is our own outage, in which nothing is known of any connector.
/// Returns how long that was.
pub(super) fn begin_watch(
    db: &mut Connection,
    now: At,
    keeping: &Keeping,
) -> Result<Option<Duration>, rusqlite::Error> {
    let last: Option<i64> =
        db.query_row("SELECT alive_ms FROM watch ORDER BY id DESC LIMIT 1", [], |row| row.get(0)).optional()?;
    let transaction = db.transaction()?;
    if let Some(alive) = last {
        timeline::cut_for_our_outage(&transaction, alive)?;
        Marks::open(&transaction)?.touch_all(&transaction, alive)?;
        Outbox::new(keeping).all_unknown_since(&transaction, alive, now.millis())?;
    }
    if !keeping.outbox {
        // Whoever sends telemetry later begins anew: what changes until then is not noted.
        transaction.execute("DELETE FROM sink_position", [])?;
    }
    transaction.execute(
        "INSERT INTO watch (began_ms, alive_ms, ended_cleanly) VALUES (?1, ?1, 0)",
        [now.millis().max(last.unwrap_or(i64::MIN))],
    )?;
    transaction.commit()?;
    let outage = last.map(|alive| now.millis().saturating_sub(alive)).and_then(|millis| u64::try_from(millis).ok());
    Ok(outage.map(Duration::from_millis))
}
