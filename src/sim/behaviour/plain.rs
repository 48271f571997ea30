//! The plain charger: does what the specification says and boots whenever it connects.

use super::{
    AfterPowerCut, Begins, Behaviour, EnergyStyle, IdStyle, Protocol, Register, ReplayOrder, TimeStyle, ValueStyle,
};

/// Departs from nothing.
pub(super) const BEHAVIOUR: Behaviour = Behaviour {
    name: "plain",
    vendor: "Ouzel Electric",
    model: "Ouzel",
    firmware: "4.2.0",
    protocol: Protocol::V16,
    time: TimeStyle::Zulu,
    energy: EnergyStyle::WattHours,
    values: ValueStyle::Specified,
    ids: IdStyle::Uuid,
    pretty_printed: false,
    small_letters: false,
    empty_strings: false,
    one_sample_per_bucket: false,
    reads_begin_and_end: false,
    stop_carries_data: false,
    authorizes: true,
    boots_on_reconnect: true,
    boot_loops: false,
    keeps_all_statuses: false,
    replay: ReplayOrder::StatusFirst,
    resends: false,
    forgets_transaction_id: false,
    after_power_cut: AfterPowerCut::StopsLate,
    register: Register::Lifetime,
    begins: Begins::PowerFlow,
    pairs_connectors: false,
    names_connector_once: false,
    leaves_out_optional: false,
    numbers_events_on: false,
    reads_by_the_clock: false,
    tells_states_as_events: false,
    tells_cost: false,
    offline_length: 1.0,
    power_cuts: 1.0,
};
