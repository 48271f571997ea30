//! What can be read from the ledger: views for the API and exports. Lists are paged by key, oldest or newest first as
//! their names say, so that a whole list can be streamed with flat memory.

use crate::domain::energy::{Milli, MilliWh};
use crate::domain::event::Boot;
use crate::domain::ids::{ChargerId, FrameKey, Outlet, SessionId, StationKey};
use crate::domain::imported::Origin;
use crate::domain::reading::{Flags, ReadingKind};
use crate::domain::record::{ConnectorNow, SessionRow, SessionState};
use crate::domain::security::Profile;
use crate::domain::security_event::SecurityKind;
use crate::domain::time::At;

use super::StoreError;
use super::device::{ConformanceFilter, ConformanceView, MonitorView, ObservationView, ReportView, VariableView};
use super::security::{SecurityEventView, SecurityFilter};
use crate::domain::availability::Interval;

/// The reading side of a store backend.
pub trait Archive {
    /// Chargers by row number, after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn chargers(
        &mut self,
        only: Option<&ChargerId>,
        after: Option<StationKey>,
        limit: usize,
    ) -> Result<Vec<ChargerView>, StoreError>;

    /// Sessions by id, newest first, before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn sessions(
        &mut self,
        filter: &SessionFilter,
        before: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<SessionView>, StoreError>;

    /// One session.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn session(&mut self, id: SessionId) -> Result<Option<SessionView>, StoreError>;

    /// Readings of a session in order of time (then measurand, phase …), after `after`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn readings(
        &mut self,
        session: SessionId,
        after: Option<ReadingPlace>,
        limit: usize,
    ) -> Result<Vec<ReadingView>, StoreError>;

    /// Frames, newest first, before `before`, at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn frames(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<FrameKey>,
        limit: usize,
    ) -> Result<Vec<FrameView>, StoreError>;

    /// Deviations, newest first, before `before` (their row number), at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn deviations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<DeviationView>, StoreError>;

    /// Connection attempts, newest first, before `before` (their row number), at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn handshakes(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<HandshakeView>, StoreError>;

    /// The availability timeline of a connector that overlaps `[from, until)`, in order of time.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn timeline(
        &mut self,
        station: StationKey,
        outlet: Outlet,
        from: At,
        until: At,
    ) -> Result<Vec<Interval>, StoreError>;

    /// What counters and live series start from: per connector totals of the whole ledger.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn totals(&mut self) -> Result<Vec<ConnectorTotals>, StoreError>;

    /// Reports of a transaction in order of arrival, after `after` (their row number), at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn reports(&mut self, session: SessionId, after: i64, limit: usize) -> Result<Vec<ReportView>, StoreError>;

    /// What chargers saw of their device models, newest first, before `before` (their row number), at most `limit`.
    /// The filter's `what` is `true` for alerts alone, `false` for all that is none.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn observations(
        &mut self,
        filter: &EvidenceFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ObservationView>, StoreError>;

    /// Security events, newest first, before `before` (their row number), at most `limit`.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn security_events(
        &mut self,
        filter: &SecurityFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<SecurityEventView>, StoreError>;

    /// How many security events the whole ledger has had; a kind may come several times.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn security_tally(&mut self) -> Result<Vec<(SecurityKind, u32)>, StoreError>;

    /// The device model of a charger, as last reported.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn variables(&mut self, station: StationKey) -> Result<Vec<VariableView>, StoreError>;

    /// What a charger watches by itself, as last reported.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn monitors(&mut self, station: StationKey) -> Result<Vec<MonitorView>, StoreError>;

    /// How closely builds keep to their version of OCPP, in order of build and period.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn conformance(&mut self, filter: &ConformanceFilter) -> Result<Vec<ConformanceView>, StoreError>;

    /// Spans in which chargewatch was running, in order of time. What lies between them is our own outage.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn watches(&mut self) -> Result<Vec<(At, At)>, StoreError>;
}

/// A charger as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargerView {
    /// Its row.
    pub key: StationKey,
    /// Its identity.
    pub charger: ChargerId,
    /// What it last said of itself.
    pub boot: Boot,
    /// Protocol of its last connection.
    pub protocol: Option<String>,
    /// Security profile of its last connection, where it is known.
    pub profile: Option<Profile>,
    /// Until when the certificate is good that it last showed.
    pub certificate_until: Option<At>,
    /// When we first met it.
    pub first_seen: At,
    /// When it last booted.
    pub last_boot: Option<At>,
    /// When it was last heard, as far as the ledger knows.
    pub last_heard: Option<At>,
    /// How often it has booted.
    pub boots: u32,
    /// How many of its connections ended.
    pub disconnects: u32,
    /// Its connectors' present status.
    pub connectors: Vec<ConnectorNow>,
    /// The present interval of each timeline.
    pub present: Vec<(Outlet, Interval)>,
}

/// Which sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of these chargers; empty means all.
    pub chargers: Vec<ChargerId>,
    /// Begun (or, for an orphan without start, first heard of) at or after.
    pub from: Option<At>,
    /// Begun before.
    pub until: Option<At>,
    /// In this state.
    pub state: Option<SessionState>,
    /// From this source: the name of an import, or [`crate::domain::imported::CHARGER`] for what chargers told.
    pub source: Option<String>,
}

/// A session with its charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its charger.
    pub charger: ChargerId,
    /// The session.
    pub row: SessionRow,
    /// How many readings it has.
    pub reading_count: u32,
    /// Where it came from, if not from its charger.
    pub origin: Option<Origin>,
}

/// Which frames, deviations or handshakes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvidenceFilter {
    /// Of these chargers; empty means all.
    pub chargers: Vec<ChargerId>,
    /// Received at or after.
    pub from: Option<At>,
    /// Received before.
    pub until: Option<At>,
    /// Only with this action (frames), rule (deviations) or outcome (handshakes).
    pub what: Option<String>,
}

/// Where a reading stands in its session, for paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingPlace {
    /// Its time.
    pub at: At,
    /// Its outlet.
    pub outlet: Outlet,
    /// Row number of its kind.
    pub kind: i64,
    /// Its value.
    pub value: Option<Milli>,
}

/// A reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingView {
    /// Where it stands, for paging.
    pub place: ReadingPlace,
    /// What it is.
    pub kind: ReadingKind,
    /// Text as sent, where the number does not say it all.
    pub text: Option<String>,
    /// What is odd about it.
    pub flags: Flags,
    /// When we received it.
    pub received: At,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameView {
    /// Its row.
    pub key: FrameKey,
    /// Its charger.
    pub charger: ChargerId,
    /// When we received it.
    pub received: At,
    /// Its action.
    pub action: String,
    /// Its text, tokens hashed.
    pub text: String,
    /// What we answered.
    pub reply: Option<String>,
    /// How many deviations it has.
    pub deviations: u32,
}

/// A deviation with its charger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviationView {
    /// Row number.
    pub id: i64,
    /// The frame; it may be gone by retention.
    pub frame: FrameKey,
    /// Its charger.
    pub charger: ChargerId,
    /// Maker, model and firmware at the time of asking.
    pub boot: Boot,
    /// When we received the frame.
    pub received: At,
    /// The frame's action.
    pub action: String,
    /// The rule that was needed.
    pub rule: String,
    /// Where in the payload.
    pub path: String,
    /// What stood there.
    pub found: String,
}

/// A connection attempt, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeRow {
    /// When.
    pub at: At,
    /// Where from.
    pub peer: String,
    /// The charger's identity, if one could be read.
    pub charger: Option<ChargerId>,
    /// The request line without its query.
    pub request: String,
    /// The subprotocols that were offered.
    pub offered: String,
    /// `accepted`, or one word for why it was refused.
    pub outcome: &'static str,
    /// HTTP status that was answered; none where it never came to HTTP.
    pub status: Option<u16>,
    /// What was odd, in words.
    pub remarks: String,
}

/// A connection attempt as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeView {
    /// Row number.
    pub id: i64,
    /// When.
    pub at: At,
    /// Where from.
    pub peer: String,
    /// The charger's identity, if one could be read.
    pub charger: Option<ChargerId>,
    /// The request line without its query.
    pub request: String,
    /// The subprotocols that were offered.
    pub offered: String,
    /// Outcome word.
    pub outcome: String,
    /// HTTP status; none where it never came to HTTP.
    pub status: Option<u16>,
    /// What was odd, in words.
    pub remarks: String,
}

/// Totals of a connector over the whole ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorTotals {
    /// Its charger.
    pub charger: ChargerId,
    /// Which connector.
    pub outlet: Outlet,
    /// Sessions begun.
    pub sessions: u32,
    /// Energy delivered in all its sessions.
    pub energy: MilliWh,
    /// Sessions that ended with less than [`crate::domain::energy::IN_VAIN`].
    pub vain: u32,
    /// How often its status became another one.
    pub status_changes: u32,
    /// Its open session, if it has one.
    pub open: Option<SessionRow>,
}
