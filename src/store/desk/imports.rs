//! Sessions from files of other systems enter the ledger here, a slice at a time, each in a short transaction of its own.
//!
//! They are written as rows of the ledger but not as facts of a charger: no frame, reading, availability or roll-up comes
//! with them, and telemetry is not told. A time-series server refuses or drops points older than its retention, and what
//! it took cannot be taken back when a file turns out to be wrong.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Desk, DeskError};
use crate::domain::energy::MilliWh;
use crate::domain::ids::ChargerId;
use crate::domain::imported::{ImportedSession, Oddities};
use crate::domain::record::SessionState;
use crate::domain::time::At;
use crate::domain::token::TokenHash;

/// Marks are set on so many sessions in one transaction.
const MARKED_AT_ONCE: usize = 1000;

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Added,
    /// It is there as it is.
    Known,
    /// It is there and says something else, which stays.
    Differs,
    /// It said something else and was replaced.
    Replaced,
}

/// What the ledger has of a session.
struct Before {
    id: i32,
    is_same: bool,
}

impl Desk {
    /// Takes sessions of a source into the ledger, all in one transaction; tells what became of each. With `replace`, what
    /// differs is replaced under its number.
    ///
    /// # Errors
    /// When the ledger cannot be read or written; then none was taken.
    pub fn import(&self, source: &str, sessions: &[ImportedSession], replace: bool) -> Result<Vec<Fate>, DeskError> {
        let now = self.now();
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let source = enroll_source(&transaction, source)?;
        let mut last: i32 =
            transaction.query_row("SELECT min(0, coalesce(min(id), 0)) FROM session_row", [], |row| row.get(0))?;
        let mut fates = Vec::with_capacity(sessions.len());
        for session in sessions {
            let before = before(&transaction, source, session)?;
            let fate = match &before {
                None => Fate::Added,
                Some(before) if before.is_same => Fate::Known,
                Some(_) if replace => Fate::Replaced,
                Some(_) => Fate::Differs,
            };
            if matches!(fate, Fate::Added | Fate::Replaced) {
                let id = before.map_or_else(|| last.saturating_sub(1), |before| before.id);
                last = last.min(id);
                write(&transaction, source, id, session, now)?;
            }
            fates.push(fate);
        }
        transaction.commit()?;
        Ok(fates)
    }

    /// What would become of sessions of a source, without taking them.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn would_import(
        &self,
        source: &str,
        sessions: &[ImportedSession],
        replace: bool,
    ) -> Result<Vec<Fate>, DeskError> {
        self.look(|connection| {
            let source = known_source(connection, source)?.unwrap_or(0);
            let fate = |session| {
                Ok(match before(connection, source, session)? {
                    None => Fate::Added,
                    Some(before) if before.is_same => Fate::Known,
                    Some(_) if replace => Fate::Replaced,
                    Some(_) => Fate::Differs,
                })
            };
            sessions.iter().map(fate).collect()
        })
    }

    /// Marks the sessions of a source that begin before another of it at the same connector has ended; tells how many there are.
    ///
    /// # Errors
    /// When the ledger cannot be read or written.
    pub fn mark_overlaps(&self, source: &str) -> Result<u64, DeskError> {
        let found = self.look(|connection| overlapping(connection, known_source(connection, source)?.unwrap_or(0)))?;
        let wrong: Vec<(i32, bool)> =
            found.iter().filter(|(_, is, marked)| is != marked).map(|(id, is, _)| (*id, *is)).collect();
        for slice in wrong.chunks(MARKED_AT_ONCE) {
            let mut connection = self.connection.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, overlaps) in slice {
                transaction
                    .prepare_cached(
                        "UPDATE imported_session SET oddities = oddities & ~?2 | iif(?3, ?2, 0) WHERE session_id = ?1",
                    )?
                    .execute(params![id, Oddities::OVERLAP.0, overlaps])?;
            }
            transaction.commit()?;
        }
        Ok(found.iter().filter(|(_, overlaps, _)| *overlaps).count() as u64)
    }
}

fn known_source(connection: &Connection, name: &str) -> Result<Option<i64>, DeskError> {
    let mut select = connection.prepare_cached("SELECT id FROM import_source WHERE name = ?")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

fn enroll_source(transaction: &Transaction<'_>, name: &str) -> Result<i64, DeskError> {
    match known_source(transaction, name)? {
        Some(id) => Ok(id),
        None => Ok(transaction.prepare_cached("INSERT INTO import_source (name) VALUES (?)")?.insert([name])?),
    }
}

fn before(connection: &Connection, source: i64, session: &ImportedSession) -> Result<Option<Before>, DeskError> {
    let mut select = connection.prepare_cached(
        "SELECT session_id, content = ?3 FROM imported_session WHERE source_id = ?1 AND identity = ?2",
    )?;
    let values = params![source, session.identity(), session.content()];
    let before = |row: &rusqlite::Row<'_>| Ok(Before { id: row.get(0)?, is_same: row.get(1)? });
    Ok(select.query_row(values, before).optional()?)
}

/// The row of a charger, made where there is none. A model from a file stands until the charger says its own.
fn enroll(transaction: &Transaction<'_>, charger: &ChargerId, model: Option<&str>, now: At) -> Result<i64, DeskError> {
    let folded = charger.folded();
    transaction
        .prepare_cached("INSERT OR IGNORE INTO charger_row (charger, folded, first_seen_ms, model) VALUES (?,?,?,?)")?
        .execute(params![charger.as_str(), folded, now.millis(), model])?;
    let mut select = transaction.prepare_cached("SELECT id FROM charger_row WHERE folded = ?")?;
    Ok(select.query_row([folded], |row| row.get(0))?)
}

fn write(
    transaction: &Transaction<'_>,
    source: i64,
    id: i32,
    session: &ImportedSession,
    now: At,
) -> Result<(), DeskError> {
    let charger = enroll(transaction, &session.charger, session.model.as_deref(), now)?;
    let energy = |energy: Option<MilliWh>| energy.map(|energy| energy.0);
    let state = if session.ended_at.is_some() { SessionState::Ended } else { SessionState::EndedWithoutStop };
    // A token that was forgotten stays so. start_said_ms and end_said_ms stay empty: no charger said anything, and by them its repeats are recognised.
    transaction
        .prepare_cached(
            "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, started_ms,
               ended_ms, meter_start_mwh, meter_stop_mwh, energy_mwh, energy_quality, stop_reason, token, received_ms)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?7,?8,?9,?10,?11,?12,?13,?14,?15)
             ON CONFLICT (id) DO UPDATE SET charger_id = ?2, evse = ?3, connector = ?4, transaction_id = ?5, state = ?6,
               began_ms = ?7, started_ms = ?7, ended_ms = ?8, meter_start_mwh = ?9, meter_stop_mwh = ?10, energy_mwh = ?11,
               energy_quality = ?12, stop_reason = ?13, token = iif(token_forgotten_ms IS NULL, ?14, NULL)",
        )?
        .execute(params![
            id,
            charger,
            session.outlet.evse,
            session.outlet.connector,
            session.id.as_deref().unwrap_or_default(),
            state.as_str(),
            session.started_at.millis(),
            session.ended_at.map(At::millis),
            energy(session.meter_start),
            energy(session.meter_stop),
            energy(session.energy),
            session.quality.as_str(),
            session.stop_reason,
            session.token.as_ref().map(TokenHash::as_str),
            now.millis(),
        ])?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO imported_session (session_id, source_id, identity, content, site, oddities, imported_ms)
             VALUES (?,?,?,?,?,?,?)",
        )?
        .execute(params![
            id,
            source,
            session.identity(),
            session.content(),
            session.site,
            session.oddities.0,
            now.millis()
        ])?;
    Ok(())
}

/// Sessions that overlap or are marked so: number, whether they do, whether they are marked.
fn overlapping(connection: &Connection, source: i64) -> Result<Vec<(i32, bool, bool)>, DeskError> {
    let mut select = connection.prepare_cached(
        "SELECT id, overlaps, marked FROM (
           SELECT s.id, i.oddities & ?2 <> 0 AS marked, coalesce(s.started_ms < max(s.ended_ms) OVER (
             PARTITION BY s.charger_id, s.evse, s.connector ORDER BY s.started_ms, s.id DESC
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS overlaps
           FROM imported_session i JOIN session_row s ON s.id = i.session_id WHERE i.source_id = ?1)
         WHERE overlaps OR marked",
    )?;
    let found =
        select.query_map(params![source, Oddities::OVERLAP.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::energy::EnergyQuality;
    use crate::domain::ids::Outlet;

    fn desk(folder: &Path) -> Desk {
        Desk::open(folder, Arc::new(|| At::from_millis(1_795_521_000_000))).unwrap()
    }

    fn session(id: Option<&str>, connector: u32, from: i64, until: Option<i64>) -> ImportedSession {
        ImportedSession {
            id: id.map(str::to_owned),
            charger: ChargerId::new("CP-1"),
            outlet: Outlet::new(connector, connector),
            started_at: At::from_millis(from),
            ended_at: until.map(At::from_millis),
            meter_start: None,
            meter_stop: None,
            energy: Some(MilliWh(from)),
            quality: EnergyQuality::Inferred,
            stop_reason: None,
            token: None,
            site: None,
            model: Some("M".into()),
            oddities: Oddities::default(),
        }
    }

    fn ledger(desk: &Desk) -> Vec<(i32, i64, Option<i64>, i64, u32)> {
        desk.look(|connection| {
            let mut select = connection.prepare(
                "SELECT s.id, started_ms, ended_ms, energy_mwh, oddities FROM session_row s
                 JOIN imported_session i ON i.session_id = s.id ORDER BY s.id DESC",
            )?;
            let rows =
                select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap()
    }

    #[test]
    fn a_corrected_session_replaces_the_old_one_only_when_asked_and_keeps_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let (old, new) = (session(Some("7"), 1, 1000, Some(2000)), session(Some("7"), 1, 1000, Some(3000)));
        assert_eq!(desk.import("north", std::slice::from_ref(&old), false).unwrap(), [Fate::Added]);
        assert_eq!(desk.import("north", std::slice::from_ref(&old), true).unwrap(), [Fate::Known]);
        assert_eq!(desk.would_import("north", std::slice::from_ref(&new), false).unwrap(), [Fate::Differs]);
        assert_eq!(desk.import("north", std::slice::from_ref(&new), false).unwrap(), [Fate::Differs]);
        assert_eq!(ledger(&desk), [(-1, 1000, Some(2000), 1000, 0)]);
        assert_eq!(desk.import("north", std::slice::from_ref(&new), true).unwrap(), [Fate::Replaced]);
        assert_eq!(ledger(&desk), [(-1, 1000, Some(3000), 1000, 0)]);
        // The same id of another source is another session.
        assert_eq!(desk.import("south", &[new], false).unwrap(), [Fate::Added]);
        assert_eq!(ledger(&desk).len(), 2);
    }

    #[test]
    fn a_token_that_was_forgotten_does_not_come_back_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let token = Some(TokenHash::from_ledger("t:1"));
        let told = ImportedSession { token, ..session(Some("7"), 1, 1000, Some(2000)) };
        desk.import("north", std::slice::from_ref(&told), false).unwrap();
        desk.look(|db| Ok(db.execute("UPDATE session_row SET token = NULL, token_forgotten_ms = 1", [])?)).unwrap();
        assert_eq!(desk.import("north", std::slice::from_ref(&told), true).unwrap(), [Fate::Known]);
        let corrected = ImportedSession { ended_at: None, ..told };
        assert_eq!(desk.import("north", &[corrected], true).unwrap(), [Fate::Replaced]);
        let tokens = "SELECT count(token), count(token_forgotten_ms) FROM session_row";
        let kept = |db: &Connection| Ok(db.query_row(tokens, [], |row| Ok((row.get(0)?, row.get(1)?)))?);
        assert_eq!(desk.look(kept).unwrap(), (0, 1));
    }

    #[test]
    fn overlaps_are_marked_per_connector_and_unmarked_when_they_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let sessions = [
            session(Some("a"), 1, 0, Some(5000)),
            session(Some("b"), 1, 1000, Some(2000)),
            session(Some("c"), 1, 3000, None),
            session(Some("d"), 1, 5000, Some(6000)),
            session(Some("e"), 2, 1000, Some(2000)),
        ];
        desk.import("north", &sessions, false).unwrap();
        assert_eq!((desk.mark_overlaps("north").unwrap(), desk.mark_overlaps("north").unwrap()), (2, 2));
        let marked = |desk: &Desk| ledger(desk).iter().map(|row| row.4 != 0).collect::<Vec<_>>();
        assert_eq!(marked(&desk), [false, true, true, false, false]);
        assert_eq!(desk.import("north", &sessions, false).unwrap(), [Fate::Known; 5], "a mark is no difference");
        desk.import("north", &[session(Some("a"), 1, 0, Some(1000))], true).unwrap();
        assert_eq!((desk.mark_overlaps("north").unwrap(), marked(&desk)), (0, vec![false; 5]));
    }

    #[test]
    fn a_charger_keeps_the_model_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk(folder.path());
        let other = ImportedSession { model: Some("N".into()), ..session(None, 1, 5, None) };
        desk.import("north", &[session(None, 1, 1, None), other], false).unwrap();
        let read = |connection: &Connection| {
            Ok(connection.query_row("SELECT group_concat(model), max(booted_ms) FROM charger_row", [], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?))
            })?)
        };
        assert_eq!(desk.look(read).unwrap(), ("M".to_owned(), None));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn twice_is_once_in_any_slices(
            told in prop::collection::vec((any::<bool>(), 1..3_u32, 0..50_i64, prop::option::of(0..50_i64)), 1..40),
            slice in 1..9_usize,
        ) {
            let sessions: Vec<ImportedSession> = told
                .iter()
                .enumerate()
                .map(|(at, (named, connector, from, lasts))| {
                    let id = named.then(|| at.to_string());
                    session(id.as_deref(), *connector, *from, lasts.map(|lasts| from + lasts))
                })
                .collect();
            let (once, twice) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (once, twice) = (desk(once.path()), desk(twice.path()));
            once.import("north", &sessions, false).unwrap();
            once.mark_overlaps("north").unwrap();
            for _ in 0..2 {
                for part in sessions.chunks(slice) {
                    twice.import("north", part, false).unwrap();
                }
                twice.mark_overlaps("north").unwrap();
            }
            prop_assert_eq!(ledger(&once), ledger(&twice));
        }
    }
}
