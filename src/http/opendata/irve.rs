//! The French file of dynamic data (IRVE dynamique 2.3): a row per EVSE in service, in French words.

use std::fmt::Write;

use crate::domain::ocpi::plug::{CCS, CHADEMO, TYPE_2, TYPE_E};
use crate::domain::ocpi::{EvseNow, is_down};
use crate::domain::status::State;
use crate::domain::time::At;

/// The columns.
pub(super) const HEAD: &str = "id_pdc_itinerance,etat_pdc,occupation_pdc,horodatage,etat_prise_type_2,\
                               etat_prise_type_combo_ccs,etat_prise_type_chademo,etat_prise_type_ef\n";

/// Kinds of connectors, in the order of their columns.
const PLUGS: [&str; 4] = [TYPE_2, CCS, CHADEMO, TYPE_E];

/// Whether a plug works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlugState {
    Works,
    Down,
    Unknown,
}

/// Adds the row of an EVSE. One that is not yet, or no longer, in service has none.
pub(super) fn row(
    out: &mut String,
    public_id: &str,
    now: &EvseNow,
    updated: At,
    plug: impl Fn(&str) -> Option<PlugState>,
) {
    let Some((state, occupied)) = words(now.state) else { return };
    let plugs = PLUGS.map(|word| plug(word).map_or("", plug_word)).join(",");
    // Seconds are what the file has.
    let time = chrono::DateTime::<chrono::Utc>::from(updated).format("%Y-%m-%dT%H:%M:%SZ");
    // Text has room for whatever is written to it.
    writeln!(out, "{},{state},{occupied},{time},{plugs}", public_id.replace('*', "")).ok();
}

/// Whether a plug works, by the state of its connector, where that is known, and of its EVSE.
pub(super) fn plug(evse: &EvseNow, connector: Option<State>) -> PlugState {
    match connector {
        _ if is_down(evse.state) => PlugState::Down,
        Some(state) if is_down(state) => PlugState::Down,
        None | Some(State::Unknown) => PlugState::Unknown,
        Some(_) => PlugState::Works,
    }
}

fn words(state: State) -> Option<(&'static str, &'static str)> {
    match state {
        State::Available => Some(("en_service", "libre")),
        State::Charging => Some(("en_service", "occupe")),
        State::Reserved => Some(("en_service", "reserve")),
        State::Blocked => Some(("en_service", "inconnu")),
        State::Inoperative | State::OutOfOrder => Some(("hors_service", "inconnu")),
        State::Unknown => Some(("inconnu", "inconnu")),
        State::Planned | State::Removed => None,
    }
}

const fn plug_word(state: PlugState) -> &'static str {
    match state {
        PlugState::Works => "fonctionnel",
        PlugState::Down => "hors_service",
        PlugState::Unknown => "inconnu",
    }
}
