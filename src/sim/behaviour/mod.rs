//! How makers differ: one file per behaviour, each a value of [`Behaviour`] that says where it departs from `plain`.
//!
//! The makers are invented; the habits are those that real chargers are known for. A new habit is a new field here, read in the one
//! place that acts on it, and a new file that switches it on. Whatever the habit, what truly happened stays well defined.

mod bare;
mod forgetful;
mod fractional;
mod hoarder;
mod hub;
mod jumbled;
mod kilowatt_hours;
mod latecomer;
mod loose;
mod notifier;
mod numeric;
mod padded;
mod per_session;
mod plain;
mod powerless;
mod pretty;
mod resender;
mod scaled;

/// What a charger speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OCPP 1.6J.
    V16,
    /// OCPP 2.0.1.
    V201,
    /// OCPP 2.1.
    V21,
}

impl Protocol {
    /// Every protocol, oldest first.
    pub const ALL: &[Self] = &[Self::V16, Self::V201, Self::V21];

    /// The version as people write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V16 => "1.6",
            Self::V201 => "2.0.1",
            Self::V21 => "2.1",
        }
    }

    /// The protocol of a version as people write it.
    pub fn of_version(version: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.as_str() == version)
    }

    /// The WebSocket subprotocol.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Self::V16 => "ocpp1.6",
            Self::V201 => "ocpp2.0.1",
            Self::V21 => "ocpp2.1",
        }
    }

    /// Whether it has EVSEs, transaction events and the charger's own transaction ids.
    pub fn is_v2(self) -> bool {
        match self {
            Self::V16 => false,
            Self::V201 | Self::V21 => true,
        }
    }
}

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
    /// Thousandths of a kilowatt-hour, which 2.x says with a power of ten. 1.6 has no word for it and gets kilowatt-hours.
    Scaled,
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
    /// The present status of each connector and whatever happens now; what was queued waits for some minutes.
    NewsFirst,
}

/// When a transaction begins. 1.6 begins when power flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// When the car is about to get power.
    PowerFlow,
    /// When the car is plugged in, even if it never gets any.
    PlugIn,
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
    /// What it speaks.
    pub protocol: Protocol,
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
    /// Sends starts and stops, with 2.x every event of a transaction, once more under a new id, although they were answered.
    pub resends: bool,
    /// Sends -1 as the transaction id in whatever was queued before the id was known.
    pub forgets_transaction_id: bool,
    /// What becomes of a session that a power cut ended.
    pub after_power_cut: AfterPowerCut,
    /// What the register counts.
    pub register: Register,
    /// 2.x: when its transactions begin.
    pub begins: Begins,
    /// 2.x: each EVSE has two connectors, where the kit allows.
    pub pairs_connectors: bool,
    /// 2.x: names the connector in the first event of a transaction only.
    pub names_connector_once: bool,
    /// 2.x: leaves out what may be left out, whether an event happened offline included.
    pub leaves_out_optional: bool,
    /// 2.x: the numbers of events go on from one transaction to the next, instead of beginning at 0.
    pub numbers_events_on: bool,
    /// 2.x: reads each idle EVSE every quarter of an hour.
    pub reads_by_the_clock: bool,
    /// 2.x: tells the state of connectors as events of a variable, not as statuses.
    pub tells_states_as_events: bool,
    /// 2.1: tells at the end what the session cost.
    pub tells_cost: bool,
    /// How many times longer than usual it stays offline.
    pub offline_length: f64,
    /// How many times more often than usual the power fails.
    pub power_cuts: f64,
}

/// Every behaviour, in the order in which a fleet takes them.
pub static ALL: &[&Behaviour] = &[
    &plain::BEHAVIOUR,
    &fractional::BEHAVIOUR,
    &jumbled::BEHAVIOUR,
    &forgetful::BEHAVIOUR,
    &hub::BEHAVIOUR,
    &powerless::BEHAVIOUR,
    &resender::BEHAVIOUR,
    &notifier::BEHAVIOUR,
    &kilowatt_hours::BEHAVIOUR,
    &latecomer::BEHAVIOUR,
    &numeric::BEHAVIOUR,
    &scaled::BEHAVIOUR,
    &per_session::BEHAVIOUR,
    &padded::BEHAVIOUR,
    &loose::BEHAVIOUR,
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

    #[test]
    fn every_protocol_is_spoken_and_found_by_its_version() {
        for protocol in Protocol::ALL {
            assert!(ALL.iter().any(|behaviour| behaviour.protocol == *protocol), "{protocol:?}");
            assert_eq!(Protocol::of_version(protocol.as_str()), Some(*protocol));
        }
        assert_eq!(Protocol::of_version("1.5"), None);
    }
}
