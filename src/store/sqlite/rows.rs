//! Rows of the ledger to types of the domain and back.

use rusqlite::{CachedStatement, Row, params};

use crate::domain::energy::{EnergyQuality, Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::ids::{Outlet, SessionId, StationKey, TransactionId};
use crate::domain::reading::{ReadingKind, Word};
use crate::domain::record::{ConnectorNow, SessionRow, SessionState};
use crate::domain::sequence::SeqNos;
use crate::domain::status::ConnectorStatus;
use crate::domain::time::At;
use crate::domain::token::TokenHash;

/// The columns of a session, in the order of [`session`].
pub(super) const SESSION: &str = "s.id, s.evse, s.connector, s.transaction_id, s.state, s.started_ms, s.start_said_ms, s.ended_ms, \
     s.end_said_ms, s.meter_start_mwh, s.meter_stop_mwh, s.energy_mwh, s.energy_quality, s.stop_reason, s.token, \
     s.received_ms, s.first_register_ms, s.first_register_mwh, s.last_register_ms, s.last_register_mwh, \
     s.last_reading_ms, s.reading_count, s.report_seqs, s.flow_from_ms, s.flow_until_ms, s.peak_mw";

/// The columns of what a charger says of itself, in the order of [`boot`].
pub(super) const BOOT: &str = "c.vendor, c.model, c.serial, c.box_serial, c.firmware, c.iccid, c.imsi, c.meter_type, c.meter_serial, c.boot_reason";

/// How many columns [`BOOT`] has.
pub(super) const BOOT_WIDTH: usize = 10;

/// The columns of a connector's present, in the order of [`connector`].
pub(super) const CONNECTOR: &str = "evse, connector, status, since_ms, error, vendor_error, info";

/// A word's text.
pub(super) fn word(word: &Option<Word>) -> Option<&str> {
    word.as_ref().map(Word::as_str)
}

fn other(text: String) -> Word {
    Word::Other(text.into())
}

/// Writes a session.
pub(super) fn bind_session(
    upsert: &mut CachedStatement<'_>,
    key: StationKey,
    row: &SessionRow,
) -> Result<(), rusqlite::Error> {
    let millis = |at: Option<At>| at.map(At::millis);
    let energy = |energy: Option<MilliWh>| energy.map(|energy| energy.0);
    upsert.execute(params![
        row.id.0,
        key.0,
        row.outlet.evse,
        row.outlet.connector,
        &*row.transaction.0,
        row.state.as_str(),
        row.started_at.unwrap_or(row.received_at).millis(),
        millis(row.started_at),
        millis(row.start_said),
        millis(row.ended_at),
        millis(row.end_said),
        energy(row.meter_start),
        energy(row.meter_stop),
        energy(row.energy),
        row.quality.as_str(),
        word(&row.stop_reason),
        row.token.as_ref().map(TokenHash::as_str),
        row.received_at.millis(),
        millis(row.first_register.map(|(at, _)| at)),
        energy(row.first_register.map(|(_, register)| register)),
        millis(row.last_register.map(|(at, _)| at)),
        energy(row.last_register.map(|(_, register)| register)),
        millis(row.last_reading_at),
        row.reports.to_string(),
        millis(row.flow.map(|(from, _)| from)),
        millis(row.flow.map(|(_, until)| until)),
        row.peak.map(|peak| peak.0),
    ])?;
    Ok(())
}

/// Reads a session and its reading count; its columns begin at `first`.
pub(super) fn session(row: &Row<'_>, first: usize) -> Result<(SessionRow, u32), rusqlite::Error> {
    let at = |index: usize| row.get::<_, Option<i64>>(first + index).map(|at| at.map(At::from_millis));
    let energy = |index: usize| row.get::<_, Option<i64>>(first + index).map(|wh| wh.map(MilliWh));
    let state: String = row.get(first + 4)?;
    let quality: String = row.get(first + 12)?;
    let transaction: String = row.get(first + 3)?;
    let session = SessionRow {
        id: SessionId(row.get(first)?),
        outlet: Outlet::new(row.get(first + 1)?, row.get(first + 2)?),
        transaction: TransactionId(transaction.into()),
        state: SessionState::from_word(&state).unwrap_or(SessionState::Orphan),
        started_at: at(5)?,
        start_said: at(6)?,
        ended_at: at(7)?,
        end_said: at(8)?,
        meter_start: energy(9)?,
        meter_stop: energy(10)?,
        energy: energy(11)?,
        quality: EnergyQuality::from_word(&quality).unwrap_or(EnergyQuality::Missing),
        stop_reason: row.get::<_, Option<String>>(first + 13)?.map(other),
        token: row.get::<_, Option<String>>(first + 14)?.map(TokenHash::from_ledger),
        received_at: At::from_millis(row.get(first + 15)?),
        first_register: at(16)?.zip(energy(17)?),
        last_register: at(18)?.zip(energy(19)?),
        last_reading_at: at(20)?,
        reports: SeqNos::from_text(&row.get::<_, String>(first + 22)?),
        flow: at(23)?.zip(at(24)?),
        peak: row.get::<_, Option<i64>>(first + 25)?.map(Milli),
    };
    Ok((session, row.get(first + 21)?))
}

/// Reads what a charger says of itself; its columns begin at `first`.
pub(super) fn boot(row: &Row<'_>, first: usize) -> Result<Boot, rusqlite::Error> {
    let text = |index: usize| row.get::<_, Option<String>>(first + index).map(|text| text.map(String::into_boxed_str));
    Ok(Boot {
        vendor: text(0)?,
        model: text(1)?,
        serial: text(2)?,
        box_serial: text(3)?,
        firmware: text(4)?,
        iccid: text(5)?,
        imsi: text(6)?,
        meter_type: text(7)?,
        meter_serial: text(8)?,
        reason: text(9)?,
    })
}

/// Reads a connector's present.
pub(super) fn connector(row: &Row<'_>) -> Result<ConnectorNow, rusqlite::Error> {
    let status: String = row.get(2)?;
    Ok(ConnectorNow {
        outlet: Outlet::new(row.get(0)?, row.get(1)?),
        status: ConnectorStatus::from_word(&status),
        since: At::from_millis(row.get(3)?),
        error: row.get::<_, Option<String>>(4)?.map(other),
        vendor_error: row.get::<_, Option<String>>(5)?.map(String::into_boxed_str),
        info: row.get::<_, Option<String>>(6)?.map(String::into_boxed_str),
    })
}

/// Reads a kind of reading; its columns begin at `first`.
pub(super) fn kind(row: &Row<'_>, first: usize) -> Result<ReadingKind, rusqlite::Error> {
    let word = |index: usize| row.get::<_, String>(first + index).map(other);
    Ok(ReadingKind { measurand: word(0)?, phase: word(1)?, location: word(2)?, context: word(3)?, unit: word(4)? })
}
