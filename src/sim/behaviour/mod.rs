//! How makers differ: one file per behaviour, each a value of [`Behaviour`] that says where it departs from `plain`.
//!
//! The makers are invented; the habits are those that real chargers are known for. A new habit is a new field here, read in the one
//! place that acts on it, and a new file that switches it on. Whatever the habit, what truly happened stays well defined.

mod bare;
mod forgetful;
mod fractional;
mod hoarder;
mod kilowatt_hours;
mod latecomer;
mod numeric;
mod padded;
mod per_session;
mod plain;
mod powerless;
mod pretty;
mod resender;

/// How instants are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStyle {
    /// `2026-02-03T12:00:00Z`
    Zulu,
    /// `2026-02-03T12:00:00.123Z`
    Millis,
    /// `2026-02-03T12:00:00`, meaning UTC.
    NoZone,
    /// `2026-07-03T13:00:00+01`, London time with a short offset.
    ShortOffset,
}

/// How the energy register is written in readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnergyStyle {
    /// Watt-hours with measurand and unit.
    WattHours,
    /// Kilowatt-hours with three decimals.
    KilowattHours,
    /// Watt-hours with neither measurand nor unit: the defaults of the specification.
    Bare,
}

/// How numbers are written where the specification wants text, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueStyle {
    /// As specified: sampled values are text, registers and ids are numbers.
    Specified,
    /// Sampled values are JSON numbers.
    Numbers,
    /// Everything is text with blanks around it.
    Padded,
}

/// How the ids of calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdStyle {
    /// A random UUID.
    Uuid,
    /// A counter as text that begins again at 1 after each boot.
    Counter,
    /// A counter as a JSON number.
    Number,
}

/// What the charger's register counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Everything since it was built.
    Lifetime,
    /// Each session from nought.
    PerSession,
}

/// What becomes of a session that a power cut ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterPowerCut {
    /// The stop is sent after the boot, with the time of the cut.
    StopsLate,
    /// The stop is never sent.
    NeverStops,
}

/// What goes first when the link is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayOrder {
    /// The present status of each connector, then what was queued.
    StatusFirst,
    /// What was queued, then the present status of each connector.
    QueueFirst,
}

/// The habits of one maker's chargers.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// Name of the behaviour, as in the file name.
    pub name: &'static str,
    /// Invented maker, sent at boot.
    pub vendor: &'static str,
    /// Invented model; sent as `SIM`, this, and the rating.
    pub model: &'static str,
    /// Firmware sent at boot.
    pub firmware: &'static str,
    /// How instants are written.
    pub time: TimeStyle,
    /// How the energy register is written in readings.
    pub energy: EnergyStyle,
    /// How numbers are written.
    pub values: ValueStyle,
    /// How the ids of calls are made.
    pub ids: IdStyle,
    /// Frames go over several lines.
    pub pretty_printed: bool,
    /// Enumerations begin with a small letter.
    pub small_letters: bool,
    /// Optional texts are sent empty instead of left out.
    pub empty_strings: bool,
    /// Each sampled value sits in a bucket of its own, all with the same time.
    pub one_sample_per_bucket: bool,
    /// Sends readings at the beginning and the end of a session.
    pub reads_begin_and_end: bool,
    /// The stop carries the first and last register as transaction data.
    pub stop_carries_data: bool,
    /// Asks for authorisation before a start.
    pub authorizes: bool,
    /// Sends a boot at each reconnect, not only when it powered up.
    pub boots_on_reconnect: bool,
    /// Boots several times in a row now and then.
    pub boot_loops: bool,
    /// Keeps every status while offline, not only the latest of each connector.
    pub keeps_all_statuses: bool,
    /// What goes first when the link is back.
    pub replay: ReplayOrder,
    /// Sends starts and stops once more under a new id, although they were answered.
    pub resends: bool,
    /// Sends -1 as the transaction id in whatever was queued before the id was known.
    pub forgets_transaction_id: bool,
    /// What becomes of a session that a power cut ended.
    pub after_power_cut: AfterPowerCut,
    /// What the register counts.
    pub register: Register,
    /// How many times longer than usual it stays offline.
    pub offline_length: f64,
    /// How many times more often than usual the power fails.
    pub power_cuts: f64,
}

/// Every behaviour, in the order in which a fleet takes them.
pub static ALL: &[&Behaviour] = &[
    &plain::BEHAVIOUR,
    &fractional::BEHAVIOUR,
    &forgetful::BEHAVIOUR,
    &powerless::BEHAVIOUR,
    &resender::BEHAVIOUR,
    &kilowatt_hours::BEHAVIOUR,
    &latecomer::BEHAVIOUR,
    &numeric::BEHAVIOUR,
    &per_session::BEHAVIOUR,
    &padded::BEHAVIOUR,
    &bare::BEHAVIOUR,
    &pretty::BEHAVIOUR,
    &hoarder::BEHAVIOUR,
];

/// The behaviour of this name.
pub fn named(name: &str) -> Option<&'static Behaviour> {
    ALL.iter().copied().find(|behaviour| behaviour.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_behaviour_has_its_own_name_and_an_invented_maker() {
        let names: BTreeSet<_> = ALL.iter().map(|behaviour| behaviour.name).collect();
        let makers: BTreeSet<_> = ALL.iter().map(|behaviour| behaviour.vendor).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(makers.len(), ALL.len());
        assert!(named("plain").is_some() && named("unheard-of").is_none());
    }
}
