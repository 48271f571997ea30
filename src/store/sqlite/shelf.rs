//! The tables of facts that are kept, by day and by month.

use rusqlite::{Connection, OptionalExtension, Rows, Statement, params};

use crate::domain::demand::Demand;
use crate::domain::outcome::Outcomes;
use crate::domain::service::Facts;
use crate::domain::summary::Summary;
use crate::store::figures::{Detail, Take};

/// Where facts are kept by day or by month.
#[derive(Clone, Copy)]
pub(super) struct Shelf {
    table: &'static str,
    key: &'static str,
}

pub(super) const DAY: Shelf = Shelf { table: "evse_day", key: "day" };
pub(super) const MONTH: Shelf = Shelf { table: "evse_month", key: "month" };

/// What is kept apart: sessions, outcomes, demand.
const PARTS: [i64; 3] = [1, 2, 3];

impl Shelf {
    /// Takes the facts of days or months with what is wanted of their parts. All lie in one order, so that each part is read
    /// along with the facts and nothing is looked up.
    pub(super) fn read(
        self,
        db: &Connection,
        (from, until): (i32, i32),
        detail: Detail,
        take: Take<'_>,
    ) -> Result<(), rusqlite::Error> {
        let Self { table, key } = self;
        let parted = format!(
            "SELECT {key}, evse_id, bytes FROM {table}_part WHERE part = ? AND {key} >= ? AND {key} < ? ORDER BY {key}, evse_id"
        );
        let [mut one, mut two, mut three] =
            [db.prepare_cached(&parted)?, db.prepare_cached(&parted)?, db.prepare_cached(&parted)?];
        let [sessions, outcomes, demand] = PARTS;
        let mut sessions = Part::open(&mut one, (sessions, from, until), detail.sessions)?;
        let mut outcomes = Part::open(&mut two, (outcomes, from, until), detail.outcomes)?;
        let mut demand = Part::open(&mut three, (demand, from, until), detail.demand)?;
        let sql =
            format!("SELECT {key}, evse_id, facts FROM {table} WHERE {key} >= ? AND {key} < ? ORDER BY {key}, evse_id");
        let mut select = db.prepare_cached(&sql)?;
        let mut rows = select.query([from, until])?;
        while let Some(row) = rows.next()? {
            let at = (row.get(0)?, row.get(1)?);
            let mut facts = Facts::from_bytes(row.get_ref(2)?.as_blob()?);
            if let Some(bytes) = sessions.of(at)? {
                Summary::read_all(bytes, &mut facts.sessions);
            }
            facts.outcomes = outcomes.of(at)?.map(|bytes| Box::new(Outcomes::from_bytes(bytes)));
            facts.demand = demand.of(at)?.map(|bytes| Box::new(Demand::from_bytes(bytes)));
            take(at.0, at.1, &facts);
        }
        Ok(())
    }

    /// All facts of an EVSE in a day or month.
    pub(super) fn one(self, db: &Connection, at: i32, id: i64) -> Result<Option<Facts>, rusqlite::Error> {
        let Self { table, key } = self;
        let sql = format!("SELECT facts FROM {table} WHERE {key} = ? AND evse_id = ?");
        let found: Option<Vec<u8>> =
            db.prepare_cached(&sql)?.query_row(params![at, id], |row| row.get(0)).optional()?;
        let Some(bytes) = found else { return Ok(None) };
        let mut facts = Facts::from_bytes(&bytes);
        let sql = format!("SELECT bytes FROM {table}_part WHERE part = ? AND {key} = ? AND evse_id = ?");
        let mut select = db.prepare_cached(&sql)?;
        let mut part = |part: i64| -> Result<Option<Vec<u8>>, rusqlite::Error> {
            select.query_row(params![part, at, id], |row| row.get(0)).optional()
        };
        let [sessions, outcomes, demand] = PARTS;
        part(sessions)?.iter().for_each(|bytes| Summary::read_all(bytes, &mut facts.sessions));
        facts.outcomes = part(outcomes)?.map(|bytes| Box::new(Outcomes::from_bytes(&bytes)));
        facts.demand = part(demand)?.map(|bytes| Box::new(Demand::from_bytes(&bytes)));
        Ok(Some(facts))
    }

    /// Keeps the facts of a day or month.
    pub(super) fn write(self, db: &Connection, at: i32, id: i64, facts: &Facts) -> Result<(), rusqlite::Error> {
        let Self { table, key } = self;
        db.prepare_cached(&format!("INSERT OR REPLACE INTO {table} ({key}, evse_id, facts) VALUES (?,?,?)"))?
            .execute(params![at, id, facts.to_bytes()])?;
        let outcomes = facts.outcomes.as_ref().map(|outcomes| outcomes.to_bytes()).unwrap_or_default();
        let demand = facts.demand.as_ref().map(|demand| demand.to_bytes()).unwrap_or_default();
        for (part, bytes) in PARTS.into_iter().zip([Summary::to_bytes(&facts.sessions), outcomes, demand]) {
            if bytes.is_empty() {
                db.prepare_cached(&format!("DELETE FROM {table}_part WHERE part = ? AND {key} = ? AND evse_id = ?"))?
                    .execute(params![part, at, id])?;
            } else {
                let sql = format!("INSERT OR REPLACE INTO {table}_part (part, {key}, evse_id, bytes) VALUES (?,?,?,?)");
                db.prepare_cached(&sql)?.execute(params![part, at, id, bytes])?;
            }
        }
        Ok(())
    }

    /// Forgets the facts of an EVSE. The tables lie in order of time: day by day is a look-up each, and this is rare.
    pub(super) fn forget(self, db: &Connection, id: i64) -> Result<(), rusqlite::Error> {
        let Self { table, key } = self;
        let days = format!("{key} IN (SELECT DISTINCT {key} FROM {table})");
        db.execute(&format!("DELETE FROM {table}_part WHERE part IN (1, 2, 3) AND evse_id = ?1 AND {days}"), [id])?;
        db.execute(&format!("DELETE FROM {table} WHERE evse_id = ?1 AND {days}"), [id])?;
        Ok(())
    }
}

/// What is kept apart of facts, read along with them.
struct Part<'a> {
    /// None where it is not wanted.
    rows: Option<Rows<'a>>,
    /// Where it has come to.
    at: Option<(i32, i64)>,
    bytes: Vec<u8>,
}

impl<'a> Part<'a> {
    fn open(select: &'a mut Statement<'_>, of: (i64, i32, i32), is_wanted: bool) -> Result<Self, rusqlite::Error> {
        let rows = if is_wanted { Some(select.query(of)?) } else { None };
        Ok(Self { rows, at: None, bytes: Vec::new() })
    }

    /// What there is of a day or month and an EVSE; they are asked for in their order.
    fn of(&mut self, wanted: (i32, i64)) -> Result<Option<&[u8]>, rusqlite::Error> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        while self.at.is_none_or(|at| at < wanted) {
            let Some(row) = rows.next()? else {
                self.rows = None;
                return Ok(None);
            };
            self.at = Some((row.get(0)?, row.get(1)?));
            self.bytes.clear();
            self.bytes.extend_from_slice(row.get_ref(2)?.as_blob()?);
        }
        Ok((self.at == Some(wanted)).then_some(self.bytes.as_slice()))
    }
}
