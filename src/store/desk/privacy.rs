//! Forgetting a person: every trace of an id token in the ledger is cut, and what was measured stays. Long searches only
//! read; what is changed is changed in slices, so that a running service waits some milliseconds and no more. Doing it
//! twice changes nothing the second time, and one that was interrupted goes on with the next.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Author, Deed, Desk, DeskError};
use crate::domain::time::At;
use crate::domain::token::TokenHash;
use crate::store::StoreError;
use crate::store::sqlite::FORGOTTEN;

/// Rows that are looked at in one go.
const LOOKED_AT: i64 = 4000;

/// Rows that are changed in one transaction.
const CHANGED: usize = 100;

/// Between two transactions others have their turn.
const PAUSE: Duration = Duration::from_millis(2);

/// How long the wiping of the write-ahead log may hold up others.
const WIPE_LIMIT: Duration = Duration::from_millis(100);

/// So much of a hash tells that a text which was cut off held it.
const STUB: usize = 10;

/// Texts in which a token's hash may stand, by table and column, with what they are called when they are counted.
const TEXTS: &[(&str, &str, &str)] = &[
    ("frame_row", "text", "frames"),
    ("frame_row", "reply", "answers"),
    ("deviation_row", "found", "deviations"),
    ("transaction_report", "details", "reports of transactions"),
    ("status_report", "info", "status messages"),
    ("status_report", "vendor_error", "status messages"),
    ("observation_row", "value", "observations"),
    ("observation_row", "info", "observations"),
    ("security_event", "info", "security events"),
];

/// What was found of a person, by kind, and cut unless it was only to be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces(Vec<(&'static str, usize)>);

impl Traces {
    /// Kinds and how many of each, in order; kinds of which there was none are left out.
    pub fn counts(&self) -> &[(&'static str, usize)] {
        &self.0
    }

    /// How many in all.
    pub fn total(&self) -> usize {
        self.0.iter().map(|(_, count)| count).sum()
    }

    fn add(&mut self, kind: &'static str, count: usize) {
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, total)) => *total += count,
            None if count > 0 => self.0.push((kind, count)),
            None => {}
        }
    }

    /// For the audit log and the terminal: `2 sessions, 14 frames`.
    pub fn summary(&self) -> String {
        let parts = self.0.iter().map(|(kind, count)| format!("{count} {kind}"));
        let told = parts.collect::<Vec<_>>().join(", ");
        if told.is_empty() { "nothing was there".to_owned() } else { told }
    }
}

/// A token whose clear text is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearTokenView {
    /// Its hash, as sessions have it.
    pub token: TokenHash,
    /// As a charger sent it.
    pub clear: String,
    /// When it was last seen.
    pub seen: At,
}

impl Desk {
    /// Cuts every trace of a token; with `only_count` it only says what there is. The audit log gets the counts, and
    /// nothing of the token.
    ///
    /// # Errors
    /// When the ledger cannot be read or written; what was cut until then stays cut.
    pub fn forget_person(&self, author: &Author, token: &TokenHash, only_count: bool) -> Result<Traces, DeskError> {
        if TokenHash::parse(token.as_str()).is_none() {
            return Err(DeskError::Refused("that is no token of a person".to_owned()));
        }
        let found = self.cut(token.as_str(), only_count);
        if !only_count {
            let (detail, outcome) = match &found {
                Ok(traces) => (traces.summary(), "done".to_owned()),
                Err(error) => ("interrupted".to_owned(), error.to_string()),
            };
            self.note(author, &Deed::of("person.forget", "a person").saying(detail), &outcome)?;
            self.wipe()?;
        }
        found
    }

    /// Tokens whose clear text is remembered, in order of hash, after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn clear_tokens(&self, after: Option<&str>, limit: usize) -> Result<Vec<ClearTokenView>, DeskError> {
        self.look(|db| {
            let mut select = db.prepare_cached(
                "SELECT token, clear, seen_ms FROM clear_token_row WHERE token > ?1 ORDER BY token LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = select.query_map(params![after.unwrap_or_default(), limit], |row| {
                Ok(ClearTokenView {
                    token: TokenHash::from_ledger(row.get::<_, String>(0)?),
                    clear: row.get(1)?,
                    seen: At::from_millis(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn cut(&self, token: &str, only_count: bool) -> Result<Traces, DeskError> {
        let mut traces = Traces::default();
        // Sessions go last: by them an interrupted search is seen not to be done.
        for (table, column, kind) in TEXTS {
            traces.add(kind, self.cut_texts(table, column, token, only_count)?);
        }
        traces.add("readings", self.cut_readings(token, only_count)?);
        let present = [
            ("values of the device model", "variable_row", "value = ?1", "value = ?2"),
            ("connectors", "connector_row", "instr(info, ?1)", "info = replace(info, ?1, ?2)"),
        ];
        for (kind, table, filter, set) in present {
            traces.add(kind, self.cut_present(table, filter, set, token, only_count)?);
        }
        traces.add("sessions", self.cut_sessions(token, only_count)?);
        let clear = self.look(|db| {
            let sql = if only_count {
                "SELECT 1 FROM clear_token_row WHERE token = ?1"
            } else {
                "DELETE FROM clear_token_row WHERE token = ?1"
            };
            let mut statement = db.prepare_cached(sql)?;
            Ok(if only_count { usize::from(statement.exists([token])?) } else { statement.execute([token])? })
        })?;
        traces.add("tokens in clear", clear);
        traces.add("places on the list of driver tokens", self.cut_listed(token, only_count)?);
        Ok(traces)
    }

    /// The list of driver tokens. A running service follows it by the edition.
    fn cut_listed(&self, token: &str, only_count: bool) -> Result<usize, DeskError> {
        let mut connection = self.connection.lock();
        if only_count {
            let sql = "SELECT 1 FROM driver_token_row WHERE token = ?1";
            return Ok(usize::from(connection.prepare_cached(sql)?.exists([token])?));
        }
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let cut = transaction.execute("DELETE FROM driver_token_row WHERE token = ?1", [token])?;
        if cut > 0 {
            transaction.execute("UPDATE desk_edition SET edition = edition + 1", [])?;
        }
        transaction.commit()?;
        Ok(cut)
    }

    /// Changes rows in slices, each a transaction; says how many.
    fn in_slices<T>(
        &self,
        rows: &[T],
        mut change: impl FnMut(&Connection, &T) -> Result<usize, rusqlite::Error>,
    ) -> Result<(), DeskError> {
        for slice in rows.chunks(CHANGED) {
            {
                let mut connection = self.connection.lock();
                let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
                for row in slice {
                    change(&transaction, row)?;
                }
                transaction.commit()?;
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn cut_texts(&self, table: &str, column: &str, token: &str, only_count: bool) -> Result<usize, DeskError> {
        // What was found of a deviation may be cut off within the hash.
        let is_cut_off = column == "found";
        let needle = if is_cut_off { token.get(..STUB).unwrap_or(token) } else { token };
        let set = if is_cut_off { "?3".to_owned() } else { format!("replace({column}, ?2, ?3)") };
        let select = format!("SELECT id FROM {table} WHERE id > ?1 AND id <= ?2 AND instr({column}, ?3)");
        let update = format!("UPDATE {table} SET {column} = {set} WHERE id = ?1 AND instr({column}, ?2)");
        let end: i64 = self
            .look(|db| Ok(db.query_row(&format!("SELECT coalesce(max(id), 0) FROM {table}"), [], |row| row.get(0))?))?;
        let mut after: i64 = self.look(|db| {
            Ok(db.query_row(&format!("SELECT coalesce(min(id), 1) - 1 FROM {table}"), [], |row| row.get(0))?)
        })?;
        let mut count = 0;
        while after < end {
            let until = after.saturating_add(LOOKED_AT);
            let found: Vec<i64> = self.look(|db| {
                let mut select = db.prepare_cached(&select)?;
                let rows = select.query_map(params![after, until, needle], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })?;
            count += found.len();
            if !only_count {
                self.in_slices(&found, |db, id| db.prepare_cached(&update)?.execute(params![id, needle, FORGOTTEN]))?;
            }
            after = until;
        }
        Ok(count)
    }

    /// Signed records among the readings: those with a text have an index of their own.
    fn cut_readings(&self, token: &str, only_count: bool) -> Result<usize, DeskError> {
        type Place = (i64, i64, i64, i64, i64, i64);
        const KEY: &str = "charger_id, evse, connector, at_ms, kind_id, value_milli";
        let mut after: Place = (i64::MIN, 0, 0, 0, 0, 0);
        let mut count = 0;
        loop {
            let found: Vec<(Place, bool)> = self.look(|db| {
                let mut select = db.prepare_cached(&format!(
                    "SELECT {KEY}, instr(text, ?7) FROM reading_row INDEXED BY reading_with_text
                     WHERE text IS NOT NULL AND ({KEY}) > (?1, ?2, ?3, ?4, ?5, ?6) ORDER BY {KEY} LIMIT ?8"
                ))?;
                let (a, b, c, d, e, f) = after;
                let rows = select.query_map(params![a, b, c, d, e, f, token, LOOKED_AT], |row| {
                    let place = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
                    Ok((place, row.get::<_, i64>(6)? > 0))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })?;
            let Some((last, _)) = found.last() else { return Ok(count) };
            after = *last;
            let hit: Vec<Place> = found.into_iter().filter(|(_, hit)| *hit).map(|(place, _)| place).collect();
            count += hit.len();
            if !only_count {
                self.in_slices(&hit, |db, (a, b, c, d, e, f)| {
                    db.prepare_cached(&format!(
                        "UPDATE reading_row SET text = replace(text, ?7, ?8) WHERE ({KEY}) = (?1, ?2, ?3, ?4, ?5, ?6)"
                    ))?
                    .execute(params![a, b, c, d, e, f, token, FORGOTTEN])
                })?;
            }
        }
    }

    /// What stands of the present of chargers, charger by charger.
    fn cut_present(
        &self,
        table: &str,
        filter: &str,
        set: &str,
        token: &str,
        only_count: bool,
    ) -> Result<usize, DeskError> {
        let mut count = 0;
        let mut after = i64::MIN;
        loop {
            let next = self.look(|db| {
                let sql = format!("SELECT charger_id FROM {table} WHERE charger_id > ?1 ORDER BY charger_id LIMIT 1");
                Ok(db.prepare_cached(&sql)?.query_row([after], |row| row.get::<_, i64>(0)).optional()?)
            })?;
            let Some(charger) = next else { return Ok(count) };
            after = charger;
            let found: usize = self.look(|db| {
                let sql = format!("SELECT count(*) FROM {table} WHERE charger_id = ?2 AND {filter}");
                Ok(db.prepare_cached(&sql)?.query_row(params![token, charger], |row| row.get::<_, u32>(0))? as usize)
            })?;
            count += found;
            if found > 0 && !only_count {
                let sql = format!("UPDATE {table} SET {set} WHERE charger_id = ?3 AND {filter}");
                self.in_slices(&[charger], |db, charger| {
                    db.prepare_cached(&sql)?.execute(params![token, FORGOTTEN, charger])
                })?;
            }
        }
    }

    fn cut_sessions(&self, token: &str, only_count: bool) -> Result<usize, DeskError> {
        let found: Vec<i64> = self.look(|db| {
            let mut select = db.prepare_cached("SELECT id FROM session_row WHERE token = ?1")?;
            Ok(select.query_map([token], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })?;
        if !only_count {
            let now = self.now().millis();
            self.in_slices(&found, |db, id| {
                db.prepare_cached("UPDATE session_row SET token = NULL, token_forgotten_ms = ?2 WHERE id = ?1")?
                    .execute(params![id, now])
            })?;
        }
        Ok(found.len())
    }

    /// Empties the write-ahead log, which still holds pages as they were. Where somebody reads just then the service's
    /// own work does so a little later.
    fn wipe(&self) -> Result<(), DeskError> {
        self.look(|db| {
            let told = |error: rusqlite::Error| DeskError::Store(StoreError::Read(error.to_string()));
            db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(told)?;
            db.busy_timeout(WIPE_LIMIT).map_err(told)?;
            let emptied = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            db.busy_timeout(Duration::from_secs(5)).map_err(told)?;
            emptied.map_err(told)
        })
    }
}
