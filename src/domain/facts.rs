//! What is known of an EVSE in a stretch of time, as numbers that add up over EVSEs and over time. They are kept by EVSE
//! and day, and every report that is about sums is made from them.

use std::ops::{AddAssign, Index, IndexMut};

use super::compact::{put, take};
use super::service::{Class, Piece};
use super::status::{ConnectorStatus, State};
use super::summary::Summary;

/// Declares the facts with their words.
macro_rules! facts {
    ($($(#[$about:meta])+ $name:ident = $word:literal,)+) => {
        /// A number of a stretch. Times (`_ms`) are milliseconds, energies (`_mwh`) thousandths of a watt-hour. What belongs
        /// to sessions as wholes stands in the stretch in which they began.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$about])+ $name,)+
        }

        impl Fact {
            /// Every fact. Kept facts know them by their place in this list: with a change of it they are made anew.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// Its name.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

facts! {
    /// In service: commissioned and not removed.
    InService = "in_service_ms",
    /// In service while the site is open: the T of the formulas. It is the sum of the next six.
    Counted = "counted_ms",
    /// Up.
    Up = "up_ms",
    /// Down.
    Down = "down_ms",
    /// Not heard.
    Unknown = "unknown_ms",
    /// Our own outage.
    Ours = "ours_ms",
    /// Blocked, as entered.
    Blocked = "blocked_ms",
    /// Exempt, as entered.
    Exempt = "exempt_ms",
    /// Of `Down`: during planned work.
    PlannedDown = "planned_down_ms",
    /// Of `Unknown`: during planned work.
    PlannedUnknown = "planned_unknown_ms",
    /// Of `Blocked` and `Exempt`: when nothing was heard.
    ExemptUnheard = "exempt_unheard_ms",
    /// Of `Counted`, by what the timeline says: free.
    Available = "available_ms",
    /// Plugged in or card shown, no transaction.
    Preparing = "preparing_ms",
    /// Charging.
    Charging = "charging_ms",
    /// The vehicle takes nothing.
    SuspendedEv = "suspended_ev_ms",
    /// The charger gives nothing.
    SuspendedEvse = "suspended_evse_ms",
    /// Over, still plugged in.
    Finishing = "finishing_ms",
    /// In use, without saying how.
    Occupied = "occupied_ms",
    /// Reserved.
    Reserved = "reserved_ms",
    /// Inoperative.
    Inoperative = "inoperative_ms",
    /// Out of order.
    OutOfOrder = "out_of_order_ms",
    /// Of `Counted`: a vehicle was there, by the timeline or because a session ran.
    InUse = "in_use_ms",
    /// Of `InUse`: while nothing was heard (imported sessions).
    InUseUnheard = "in_use_unheard_ms",
    /// Of `InUse`: energy flowed.
    Flowing = "flowing_ms",
    /// Of `Flowing`: by the status Charging alone, for lack of readings.
    FlowingByStatus = "flowing_by_status_ms",
    /// Of `InUse`: nobody knows whether energy flowed.
    FlowUnknown = "flow_unknown_ms",
    /// Of `InUse`: after energy last flowed, until the vehicle is gone.
    Idle = "idle_ms",
    /// Of `Idle`: beyond the first ten minutes.
    IdleBeyondGrace = "idle_beyond_grace_ms",
    /// Energy delivered in this stretch; the parts of a session add up to its energy. It is the sum of the next five.
    Energy = "energy_mwh",
    /// Of `Energy`: by the registers of session and meter, or signed.
    EnergyByRegister = "energy_by_register_mwh",
    /// Of `Energy`: by sums of intervals.
    EnergyByInterval = "energy_by_interval_mwh",
    /// Of `Energy`: by power over time.
    EnergyByPower = "energy_by_power_mwh",
    /// Of `Energy`: by registers of which an end is not the session's own.
    EnergyInferred = "energy_inferred_mwh",
    /// Of `Energy`: told by a file.
    EnergyImported = "energy_imported_mwh",
    /// Of `Energy`: of sessions without register readings; what reaches beyond a stretch is spread evenly.
    EnergySpread = "energy_spread_mwh",
    /// Sessions that began.
    Sessions = "sessions",
    /// Of these: without a known energy.
    SessionsUnmetered = "sessions_unmetered",
    /// Of these: with a known energy of 0.
    SessionsEmpty = "sessions_empty",
    /// Of these: with energy, but less than 0.1 kWh.
    SessionsInVain = "sessions_in_vain",
    /// Of these: told by a file.
    SessionsImported = "sessions_imported",
    /// Of these: without a known end.
    SessionsUnended = "sessions_unended",
    /// Energy of the sessions that began, over their whole length.
    SessionEnergy = "session_energy_mwh",
    /// From start to end of the sessions that began, those without a known end apart.
    SessionTime = "session_ms",
    /// From the first to the last flow of the sessions that began and have readings that tell.
    ChargeTime = "charge_ms",
    /// Energy of the sessions that are in `ChargeTime`.
    ChargedEnergy = "charged_energy_mwh",
    /// Highest mean power of a minute, in milliwatts, of the sessions that began. It is no sum but the highest.
    PeakPower = "peak_mw",
}

/// The facts of a stretch, or of several together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    sums: [i64; Fact::ALL.len()],
    /// The sessions that began, where they were asked for.
    pub sessions: Vec<Summary>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { sums: [0; Fact::ALL.len()], sessions: Vec::new() }
    }
}

impl Index<Fact> for Facts {
    type Output = i64;

    fn index(&self, fact: Fact) -> &i64 {
        &self.sums[fact as usize]
    }
}

impl IndexMut<Fact> for Facts {
    fn index_mut(&mut self, fact: Fact) -> &mut i64 {
        &mut self.sums[fact as usize]
    }
}

impl AddAssign<&Self> for Facts {
    fn add_assign(&mut self, other: &Self) {
        self.add_sums(other);
        self.sessions.extend_from_slice(&other.sessions);
    }
}

impl Facts {
    /// Adds others but for their sessions.
    pub fn add_sums(&mut self, other: &Self) {
        let peak = self[Fact::PeakPower].max(other[Fact::PeakPower]);
        for (sum, more) in self.sums.iter_mut().zip(other.sums) {
            *sum = sum.saturating_add(more);
        }
        self[Fact::PeakPower] = peak;
    }

    /// Adds what the timeline says of a piece.
    pub fn add(&mut self, piece: &Piece) {
        let ms = piece.span.millis();
        let fact = match piece.class {
            Class::Outside => return,
            Class::Closed => {
                self[Fact::InService] += ms;
                return;
            }
            Class::Up => Fact::Up,
            Class::Down => Fact::Down,
            Class::Unknown => Fact::Unknown,
            Class::Ours => Fact::Ours,
            Class::Blocked => Fact::Blocked,
            Class::Exempt => Fact::Exempt,
        };
        for fact in [Fact::InService, Fact::Counted, fact] {
            self[fact] += ms;
        }
        match (piece.class, piece.planned, piece.seen) {
            (Class::Down, Some(_), _) => self[Fact::PlannedDown] += ms,
            (Class::Unknown, Some(_), _) => self[Fact::PlannedUnknown] += ms,
            (Class::Blocked | Class::Exempt, _, State::Unknown) => self[Fact::ExemptUnheard] += ms,
            (
                Class::Outside
                | Class::Closed
                | Class::Up
                | Class::Down
                | Class::Unknown
                | Class::Ours
                | Class::Blocked
                | Class::Exempt,
                ..,
            ) => {}
        }
        if let Some(fact) = of_state(piece.seen, piece.status.as_ref()) {
            self[fact] += ms;
        }
    }

    /// The sums as bytes: for each that is not 0 its place and its value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, value) in (0_u8..).zip(self.sums).filter(|(_, value)| *value != 0) {
            bytes.push(place);
            put(&mut bytes, value);
        }
        bytes
    }

    /// The sums from [`Facts::to_bytes`]; what is no fact of today is left out.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes.iter();
        while let Some(place) = rest.next() {
            let value = take(&mut rest);
            if let Some(fact) = found.sums.get_mut(usize::from(*place)) {
                *fact = value;
            }
        }
        found
    }
}

/// The fact of what the timeline says; none where it says nothing.
const fn of_state(state: State, status: Option<&ConnectorStatus>) -> Option<Fact> {
    Some(match state {
        State::Available => Fact::Available,
        State::Reserved => Fact::Reserved,
        State::Inoperative => Fact::Inoperative,
        State::OutOfOrder => Fact::OutOfOrder,
        State::Charging => match status {
            Some(ConnectorStatus::Preparing) => Fact::Preparing,
            Some(ConnectorStatus::SuspendedEv) => Fact::SuspendedEv,
            Some(ConnectorStatus::SuspendedEvse) => Fact::SuspendedEvse,
            Some(ConnectorStatus::Finishing) => Fact::Finishing,
            Some(ConnectorStatus::Charging) => Fact::Charging,
            Some(
                ConnectorStatus::Available
                | ConnectorStatus::Reserved
                | ConnectorStatus::Unavailable
                | ConnectorStatus::Faulted
                | ConnectorStatus::Occupied
                | ConnectorStatus::Other(_),
            )
            | None => Fact::Occupied,
        },
        State::Unknown | State::Blocked | State::Planned | State::Removed => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_say_the_same_facts(values in prop::collection::vec((0..Fact::ALL.len(), any::<i64>()), 0..30)) {
            let mut facts = Facts::default();
            for (place, value) in values {
                facts[Fact::ALL[place]] = value;
            }
            prop_assert_eq!(&Facts::from_bytes(&facts.to_bytes()), &facts);
        }

        #[test]
        fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let facts = Facts::from_bytes(&bytes);
            prop_assert_eq!(&Facts::from_bytes(&facts.to_bytes()), &facts);
        }
    }

    #[test]
    fn the_highest_of_two_peaks_stays_and_sums_add_up() {
        let of = |peak, up| {
            let mut facts = Facts::default();
            (facts[Fact::PeakPower], facts[Fact::Up]) = (peak, up);
            facts
        };
        let mut sum = of(7, 7);
        sum += &of(5, 5);
        assert_eq!(sum, of(7, 12));
    }
}
