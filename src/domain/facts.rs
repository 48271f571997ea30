//! What is known of an EVSE in a stretch of time, as numbers that add up over EVSEs and over time. They are kept by EVSE
//! and day, and every report that is about sums is made from them.

use std::ops::{AddAssign, Index, IndexMut};

use super::demand::Demand;
use super::outcome::Outcomes;
use super::service::{Class, Piece};
use super::status::{ConnectorStatus, State};
use super::summary::Summary;
use super::sums::{Sums, summed};

summed! {
    /// A number of a stretch. Times are milliseconds, energies thousandths of a watt-hour. What belongs to sessions as wholes
    /// stands in the stretch in which they began.
    Fact {
        /// In service: commissioned and not removed.
        InService,
        /// In service while the site is open: the T of the formulas. It is the sum of the next six.
        Counted,
        /// Up.
        Up,
        /// Down.
        Down,
        /// Not heard.
        Unknown,
        /// Our own outage.
        Ours,
        /// Blocked, as entered.
        Blocked,
        /// Exempt, as entered.
        Exempt,
        /// Of `Down`: during planned work.
        PlannedDown,
        /// Of `Unknown`: during planned work.
        PlannedUnknown,
        /// Of `Blocked` and `Exempt`: when nothing was heard.
        ExemptUnheard,
        /// Of `Counted`, by what the timeline says: free.
        Available,
        /// Plugged in or card shown, no transaction.
        Preparing,
        /// Charging.
        Charging,
        /// The vehicle takes nothing.
        SuspendedEv,
        /// The charger gives nothing.
        SuspendedEvse,
        /// Over, still plugged in.
        Finishing,
        /// In use, without saying how.
        Occupied,
        /// Reserved.
        Reserved,
        /// Inoperative.
        Inoperative,
        /// Out of order.
        OutOfOrder,
        /// Of `Counted`: a vehicle was there, by the timeline or because a session ran.
        InUse,
        /// Of `InUse`: while nothing was heard (imported sessions).
        InUseUnheard,
        /// Of `InUse`: energy flowed.
        Flowing,
        /// Of `Flowing`: by the status Charging alone, for lack of readings.
        FlowingByStatus,
        /// Of `InUse`: nobody knows whether energy flowed.
        FlowUnknown,
        /// Of `InUse`: after energy last flowed, until the vehicle is gone.
        Idle,
        /// Of `Idle`: beyond the first ten minutes.
        IdleBeyondGrace,
        /// Energy delivered in this stretch; the parts of a session add up to its energy. It is the sum of the next five.
        Energy,
        /// Of `Energy`: by the registers of session and meter, or signed.
        EnergyByRegister,
        /// Of `Energy`: by sums of intervals.
        EnergyByInterval,
        /// Of `Energy`: by power over time.
        EnergyByPower,
        /// Of `Energy`: by registers of which an end is not the session's own.
        EnergyInferred,
        /// Of `Energy`: told by a file.
        EnergyImported,
        /// Of `Energy`: of sessions without register readings; what reaches beyond a stretch is spread evenly.
        EnergySpread,
        /// Sessions that began.
        Sessions,
        /// Of these: without a known energy.
        SessionsUnmetered,
        /// Of these: with a known energy of 0.
        SessionsEmpty,
        /// Of these: with energy, but less than 0.1 kWh.
        SessionsInVain,
        /// Of these: told by a file.
        SessionsImported,
        /// Of these: without a known end.
        SessionsUnended,
        /// Of the sessions that chargers told of and that are over, by how their energy was found: from a signed record.
        FoundSigned,
        /// By the registers at their own start and stop.
        FoundByRegister,
        /// By sums of intervals.
        FoundByInterval,
        /// By power over time.
        FoundByPower,
        /// By registers of which an end is not their own.
        FoundInferred,
        /// Spread between known points.
        FoundInterpolated,
        /// Not at all.
        NotFound,
        /// Of these: without a stop.
        WithoutStop,
        /// Of these: their start was not seen.
        Orphans,
        /// Sessions that chargers told of and that still run.
        Running,
        /// Energy of the sessions that began, over their whole length.
        SessionEnergy,
        /// From start to end of the sessions that began, those without a known end apart.
        SessionTime,
        /// From the first to the last flow of the sessions that began and have readings that tell.
        ChargeTime,
        /// Energy of the sessions that are in `ChargeTime`.
        ChargedEnergy,
        /// Highest mean power of a minute, in milliwatts, of the sessions that began. It is no sum but the highest.
        PeakPower,
    }
}

/// The facts of a stretch, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    sums: Sums<{ Fact::ALL.len() }>,
    /// The sessions that began, where they were asked for.
    pub sessions: Vec<Summary>,
    /// What attempts and visits came to, where that was asked for and there were any.
    pub outcomes: Option<Box<Outcomes>>,
    /// How full the site was and how energy lay over days, where that was asked for.
    pub demand: Option<Box<Demand>>,
}

impl Index<Fact> for Facts {
    type Output = i64;

    fn index(&self, fact: Fact) -> &i64 {
        &self.sums.0[fact as usize]
    }
}

impl IndexMut<Fact> for Facts {
    fn index_mut(&mut self, fact: Fact) -> &mut i64 {
        &mut self.sums.0[fact as usize]
    }
}

impl AddAssign<&Self> for Facts {
    fn add_assign(&mut self, other: &Self) {
        self.add_sums(other);
        self.sessions.extend_from_slice(&other.sessions);
        if let Some(outcomes) = &other.outcomes {
            self.outcomes.get_or_insert_default().add(outcomes);
        }
        if let Some(demand) = &other.demand {
            self.demand.get_or_insert_default().add(demand);
        }
    }
}

impl Facts {
    /// Adds the sums of others.
    pub fn add_sums(&mut self, other: &Self) {
        let peak = self[Fact::PeakPower].max(other[Fact::PeakPower]);
        self.sums.add(&other.sums);
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

    /// The sums as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.sums.to_bytes()
    }

    /// The sums from [`Facts::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self { sums: Sums::from_bytes(bytes), ..Self::default() }
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
