//! What reports are made from: timelines, sessions and entries as they stand, and facts by EVSE and day that were made
//! from them before.

use crate::domain::attempt::{PlugIn, TokenCheck, Tried};
use crate::domain::availability::Interval;
use crate::domain::energy::Milli;
use crate::domain::event::Boot;
use crate::domain::exemption::Exemption;
use crate::domain::fault::FaultClass;
use crate::domain::ids::{ChargerId, Outlet, StationKey};
use crate::domain::record::SessionRow;
use crate::domain::service::Facts;
use crate::domain::time::{At, Span};

use super::StoreError;

/// The reading side of reports. All that is read in one turn is one state of the ledger.
pub trait Figures {
    /// Every charger that was met.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn met(&mut self) -> Result<Vec<Met>, StoreError>;

    /// The timelines of a charger's outlets where they overlap a stretch, each in order of time.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn timelines(
        &mut self,
        station: StationKey,
        outlets: &[Outlet],
        within: Span,
    ) -> Result<Vec<(Outlet, Vec<Interval>)>, StoreError>;

    /// Takes the stretches in which outlets were out of work or not heard (OUTOFORDER, INOPERATIVE, UNKNOWN), of a charger
    /// or of all, where they overlap a stretch: by charger, outlet and time.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn idle(
        &mut self,
        station: Option<StationKey>,
        within: Span,
        take: &mut dyn FnMut(StationKey, Outlet, Interval),
    ) -> Result<(), StoreError>;

    /// Takes what chargers, or one, gave as reasons for being out of work: by charger and time those that came with a
    /// status, then so those that were observed.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn reasons(
        &mut self,
        station: Option<StationKey>,
        within: Span,
        take: &mut dyn FnMut(StationKey, Outlet, At, FaultClass),
    ) -> Result<(), StoreError>;

    /// What tells of attempts to charge at a charger in a stretch. What was imported tells of none.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn tries(&mut self, station: StationKey, within: Span) -> Result<Tries, StoreError>;

    /// When an outlet first said within a stretch that it was charging.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn charged(&mut self, station: StationKey, outlet: Outlet, within: Span) -> Result<Option<At>, StoreError>;

    /// Takes the frames of the days `[from, until)`, in days since 1970 UTC: by charger and day.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn frames_by_day(&mut self, days: (i64, i64), take: &mut dyn FnMut(DayOfFrames)) -> Result<(), StoreError>;

    /// Takes by how many milliseconds clocks were found to be ahead of ours before an instant, by charger and time.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn clocks(&mut self, until: At, take: &mut dyn FnMut(StationKey, At, i64)) -> Result<(), StoreError>;

    /// Sessions of a charger that started in a stretch, in order of their start.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn sessions_started(&mut self, station: StationKey, within: Span) -> Result<Vec<SessionRow>, StoreError>;

    /// Sessions of a charger of which something may lie in a stretch: that started in it, or before and reach into it or
    /// still run. In order of their start.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn sessions_touching(&mut self, station: StationKey, within: Span) -> Result<Vec<SessionRow>, StoreError>;

    /// From the first start of these sessions to where the last of them reaches.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn sessions_hull(&mut self, station: StationKey, within: Span) -> Result<Option<Span>, StoreError>;

    /// The register readings of a session that were believed, with their times, in order.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn registers(&mut self, station: StationKey, session: &SessionRow) -> Result<Vec<(At, Milli)>, StoreError>;

    /// Whether a session that started before an instant is still open.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn open_since_before(&mut self, at: At) -> Result<bool, StoreError>;

    /// When a charger's first session started.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn first_session(&mut self, station: StationKey) -> Result<Option<At>, StoreError>;

    /// When chargewatch first watched, if it ever did.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn watched_from(&mut self) -> Result<Option<At>, StoreError>;

    /// The entries in force that touch a stretch, in order of their number.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn exemptions(&mut self, within: Span) -> Result<Vec<Exemption>, StoreError>;

    /// The EVSEs of which facts are kept.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn kept(&mut self) -> Result<Vec<Kept>, StoreError>;

    /// Kept facts of the days `[from, until)`, to be taken one by one: day, EVSE, facts.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn days(&mut self, days: (i32, i32), detail: Detail, take: Take<'_>) -> Result<(), StoreError>;

    /// Kept facts of the months `[from, until)`, as [`Figures::days`].
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn months(&mut self, months: (i32, i32), detail: Detail, take: Take<'_>) -> Result<(), StoreError>;

    /// Where kept facts may be wrong by now, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    fn marks(&mut self) -> Result<Vec<Mark>, StoreError>;
}

/// What tells of attempts to charge at a charger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Sessions that started.
    pub sessions: Vec<Tried>,
    /// When a connector was taken without charging.
    pub plugs: Vec<PlugIn>,
    /// Tokens that were shown, in order of time.
    pub checks: Vec<TokenCheck>,
}

/// The frames of a charger and a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOfFrames {
    /// The charger.
    pub station: StationKey,
    /// The day, since 1970 UTC.
    pub day: i64,
    /// All.
    pub frames: i64,
    /// Those that deviate from OCPP.
    pub deviating: i64,
}

/// Takes the facts of a day or month and an EVSE's row.
pub type Take<'a> = &'a mut dyn FnMut(i32, i64, &Facts);

/// What is wanted of facts besides their sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The sessions that began.
    pub sessions: bool,
    /// What attempts and visits came to.
    pub outcomes: bool,
    /// How full sites were, and how energy lay over days.
    pub demand: bool,
}

impl Detail {
    /// Nothing besides.
    pub const SUMS: Self = Self { sessions: false, outcomes: false, demand: false };
    /// Sessions.
    pub const SESSIONS: Self = Self { sessions: true, ..Self::SUMS };
    /// Attempts and visits.
    pub const OUTCOMES: Self = Self { outcomes: true, ..Self::SUMS };
    /// Demand.
    pub const DEMAND: Self = Self { demand: true, ..Self::SUMS };
    /// All that is kept.
    pub const ALL: Self = Self { sessions: true, outcomes: true, demand: true };

    /// Whether it takes what other EVSEs of the site lived through.
    pub const fn is_of_sites(self) -> bool {
        self.outcomes || self.demand
    }
}

/// A charger that was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// Its row.
    pub key: StationKey,
    /// Its identity.
    pub charger: ChargerId,
    /// What it last said of itself.
    pub boot: Boot,
    /// When it was first met.
    pub first_seen: At,
    /// The outlets that it has told of.
    pub outlets: Vec<Outlet>,
}

/// An EVSE of which facts are kept, without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its row.
    pub id: i64,
    /// Its charger.
    pub station: StationKey,
    /// Its number.
    pub evse: u32,
    /// What the facts were made by.
    pub made_by: String,
    /// The first day, local, in days since 1970.
    pub first_day: i32,
    /// The last day.
    pub last_day: i32,
}

/// A stretch in which something of a charger changed after facts were made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its number.
    pub seq: i64,
    /// The charger.
    pub station: StationKey,
    /// When.
    pub span: Span,
}

/// Facts to be kept of an EVSE.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Its charger.
    pub station: StationKey,
    /// Its number.
    pub evse: u32,
    /// What they are made by. Others that were kept before go, unless this is the same.
    pub made_by: String,
    /// The first day of all, where nothing is kept yet.
    pub first_day: i32,
    /// Where the last of these days ends.
    pub until: At,
    /// The days; those behind what is kept must follow it without a gap.
    pub days: Vec<(i32, Facts)>,
}

/// Facts to be kept, and the marks that are settled by them: those up to this number.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// The facts.
    pub keep: Vec<Keep>,
    /// The last mark that is settled; 0: none.
    pub settled: i64,
}
