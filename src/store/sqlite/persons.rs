//! What the ledger keeps of persons beside sessions: clear text of tokens where that is remembered, and the end of the
//! link from a session to its token, after so many days.

use rusqlite::{Connection, params};

use crate::domain::time::At;
use crate::domain::token::TokenHash;

/// Sessions that lose their token at a time.
const SLICE: i64 = 200;

/// What stands for a token that was forgotten, within a text.
pub(in crate::store) const FORGOTTEN: &str = TokenHash::FORGOTTEN;

/// Remembers the clear text of a token.
pub(super) fn remember(db: &Connection, token: &TokenHash, clear: &str, at: At) -> Result<(), rusqlite::Error> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO clear_token_row (token, clear, seen_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (token) DO UPDATE SET seen_ms = max(seen_ms, ?3)",
    )?;
    upsert.execute(params![token.as_str(), clear, at.millis()])?;
    Ok(())
}

/// Cuts the link to the token of a slice of sessions that began before `cut`; says whether there are more.
pub(super) fn unlink_a_slice(db: &Connection, cut: i64, now: i64) -> Result<bool, rusqlite::Error> {
    let mut select = db.prepare_cached(
        "SELECT id, token, charger_id, evse, connector, began_ms, max(began_ms, coalesce(ended_ms, 0), coalesce(last_reading_ms, 0))
         FROM session_row WHERE token IS NOT NULL AND began_ms < ?1 AND state <> 'active' ORDER BY began_ms LIMIT ?2",
    )?;
    let mut unlink = db.prepare_cached("UPDATE session_row SET token = NULL, token_forgotten_ms = ?2 WHERE id = ?1")?;
    let mut cover = db.prepare_cached(
        "UPDATE reading_row SET text = replace(text, ?1, ?2)
         WHERE charger_id = ?3 AND evse = ?4 AND connector = ?5 AND at_ms BETWEEN ?6 AND ?7
           AND text IS NOT NULL AND instr(text, ?1)",
    )?;
    let rows = select.query_map(params![cut, SLICE], |row| {
        let place: (i64, u32, u32, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?);
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, place))
    })?;
    let found = rows.collect::<Result<Vec<_>, _>>()?;
    for (id, token, (charger, evse, connector, from, until)) in &found {
        cover.execute(params![token, FORGOTTEN, charger, evse, connector, from, until])?;
        unlink.execute(params![id, now])?;
    }
    db.prepare_cached("DELETE FROM clear_token_row WHERE seen_ms < ?1")?.execute([cut])?;
    Ok(i64::try_from(found.len()).unwrap_or(SLICE) == SLICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::open_for_desk;

    #[test]
    fn a_link_that_is_too_old_is_cut_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let db = open_for_desk(folder.path()).unwrap();
        for (id, state, began) in [(1, "ended", 100), (2, "active", 100), (3, "ended", 300)] {
            db.execute(
                "INSERT INTO session_row (id, charger_id, evse, connector, transaction_id, state, began_ms, ended_ms,
                   energy_quality, token, received_ms, energy_mwh) VALUES (?1, 1, 1, 1, 'x', ?2, ?3, ?3, 'register', 't:ab', 0, 7)",
                params![id, state, began],
            )
            .unwrap();
            db.execute("INSERT INTO reading_row VALUES (1, 1, 1, ?1, ?2, 1, ?2, 'ID t:ab', 0, 0)", [began, id])
                .unwrap();
        }
        for (token, seen) in [("t:ab", 300), ("t:cd", 100)] {
            remember(&db, &TokenHash::from_ledger(token), "CLEAR", At::from_millis(seen)).unwrap();
        }
        assert!(!unlink_a_slice(&db, 200, 1000).unwrap());
        let read = |sql: &str| {
            let mut select = db.prepare(sql).unwrap();
            select.query_map([], |row| row.get::<_, String>(0)).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
        };
        let sessions = "SELECT id || ' ' || coalesce(token, '-') || ' ' || energy_mwh || ' ' || coalesce(token_forgotten_ms, '-') FROM session_row";
        assert_eq!(read(sessions), ["1 - 7 1000", "2 t:ab 7 -", "3 t:ab 7 -"]);
        assert_eq!(read("SELECT text FROM reading_row WHERE session_id = 3"), ["ID t:ab"]);
        assert_eq!(read("SELECT text FROM reading_row WHERE session_id = 1"), ["ID forgotten"]);
        assert_eq!(read("SELECT token FROM clear_token"), ["t:ab"]);
        assert!(!unlink_a_slice(&db, 200, 2000).unwrap());
        assert_eq!(read("SELECT token_forgotten_ms || '' FROM session_row WHERE id = 1"), ["1000"]);
    }
}
