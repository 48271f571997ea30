//! What the network is in the words of OCPI 2.2.1: what stands in the registry, what a connector can do, what an EVSE is
//! doing. Pure mapping; the objects themselves are written where they are published.

pub mod electric;
pub mod place;
pub mod plug;
pub mod tariff;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::availability::together;
use super::ids::ChargerId;
use super::status::State;

/// Where an EVSE is in its life, by the asset register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// First day in service; `None`: it always was.
    pub from: Option<NaiveDate>,
    /// First day out of service for good; `None`: it still is.
    pub removed: Option<NaiveDate>,
}

impl Service {
    /// The state that its place in life imposes on `today` (the date where it stands), if any.
    pub fn state(self, today: NaiveDate) -> Option<State> {
        if self.removed.is_some_and(|day| day <= today) {
            return Some(State::Removed);
        }
        self.from.is_some_and(|day| day > today).then_some(State::Planned)
    }
}

/// What is known of an EVSE at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// State of each of its connectors, by what the charger last said.
    pub connectors: &'a [State],
    /// State of the charger as a whole, or of the EVSE as a whole, where it said one.
    pub whole: Option<State>,
    /// Whether its charger has not been heard for longer than the grace.
    pub silent: bool,
    /// Whether an operator entered, with evidence, that the bay is blocked.
    pub blocked: bool,
}

/// An EVSE now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvseNow {
    /// OCPI status.
    pub state: State,
    /// Whether it works while one of its connectors does not.
    pub degraded: bool,
}

/// The status of an EVSE: first where it is in its life, then what an operator entered, then silence, then the charger as
/// a whole while it is down, then the connectors together (`domain` decisions 1.4 and 7.4).
pub fn evse_now(imposed: Option<State>, sight: Sight<'_>) -> EvseNow {
    let plain = |state| EvseNow { state, degraded: false };
    if let Some(state) = imposed {
        return plain(state);
    }
    if sight.blocked {
        return plain(State::Blocked);
    }
    if sight.silent {
        return plain(State::Unknown);
    }
    if let Some(down) = sight.whole.filter(|state| is_down(*state)) {
        return plain(down);
    }
    let state = together(sight.connectors.iter().copied()).unwrap_or(State::Unknown);
    EvseNow { state, degraded: !is_down(state) && sight.connectors.iter().any(|state| is_down(*state)) }
}

/// Whether a state means that it does not work.
pub const fn is_down(state: State) -> bool {
    matches!(state, State::Inoperative | State::OutOfOrder)
}

/// The uid of an EVSE where the registry gives none: 36 characters that follow from the charger's identity and the
/// EVSE's number, and do not tell them, because an identity may be a serial number.
pub fn uid(charger: &ChargerId, evse: u32) -> String {
    let digest = fingerprint(charger, evse);
    let part = |from: usize, to: usize| hex(digest.get(from..to).unwrap_or_default());
    // The shape of a UUID of version 8, whose content is ours.
    let variant = digest.get(8).map_or(0x80, |byte| byte & 0x3f | 0x80);
    format!(
        "{}-{}-8{}-{variant:02x}{}-{}",
        part(0, 4),
        part(4, 6),
        part(6, 8).get(1..).unwrap_or_default(),
        part(9, 10),
        part(10, 16)
    )
}

/// The number for people (eMI3, `GB*MKD*E…`) of an EVSE where the registry gives none.
pub fn public_id(country: &str, party: &str, charger: &ChargerId, evse: u32) -> String {
    let digest = fingerprint(charger, evse);
    format!("{country}*{party}*E{}", hex(digest.get(16..22).unwrap_or_default()).to_uppercase())
}

fn fingerprint(charger: &ChargerId, evse: u32) -> [u8; 32] {
    Sha256::digest(format!("EVSE {evse} of {}", charger.folded())).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(connectors: &[State]) -> Sight<'_> {
        Sight { connectors, whole: None, silent: false, blocked: false }
    }

    #[test]
    fn an_evse_is_what_its_connectors_are_together() {
        use State::{Available, Charging, Inoperative, OutOfOrder, Reserved, Unknown};
        for (connectors, state, degraded) in [
            (&[Available, Charging][..], Charging, false),
            (&[Reserved, Available], Reserved, false),
            (&[Available, OutOfOrder], Available, true),
            (&[Charging, Inoperative], Charging, true),
            (&[Unknown, OutOfOrder], Unknown, true),
            (&[Inoperative, OutOfOrder], OutOfOrder, false),
            (&[Inoperative], Inoperative, false),
            (&[], Unknown, false),
        ] {
            assert_eq!(evse_now(None, sight(connectors)), EvseNow { state, degraded }, "{connectors:?}");
        }
    }

    #[test]
    fn life_then_operator_then_silence_then_the_charger_as_a_whole_decide() {
        let all = Sight { connectors: &[State::Charging], whole: Some(State::OutOfOrder), silent: true, blocked: true };
        let state = |imposed, sight| evse_now(imposed, sight).state;
        assert_eq!(state(Some(State::Removed), all), State::Removed);
        assert_eq!(state(None, all), State::Blocked);
        assert_eq!(state(None, Sight { blocked: false, ..all }), State::Unknown);
        assert_eq!(state(None, Sight { blocked: false, silent: false, ..all }), State::OutOfOrder);
        let well = Sight { whole: Some(State::Available), blocked: false, silent: false, ..all };
        assert_eq!(state(None, well), State::Charging);
    }

    #[test]
    fn life_begins_and_ends_on_a_day() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let service = Service { from: Some(day("2026-03-01")), removed: Some(day("2026-09-01")) };
        for (today, state) in [
            ("2026-02-28", Some(State::Planned)),
            ("2026-03-01", None),
            ("2026-08-31", None),
            ("2026-09-01", Some(State::Removed)),
        ] {
            assert_eq!(service.state(day(today)), state, "{today}");
        }
        assert_eq!(Service { from: None, removed: None }.state(day("2026-01-01")), None);
    }

    #[test]
    fn a_uid_is_stable_short_and_tells_no_identity() {
        let one = uid(&ChargerId::new("MK-1"), 1);
        assert_eq!(one, uid(&ChargerId::new("mk-1"), 1));
        assert_ne!(one, uid(&ChargerId::new("MK-1"), 2));
        assert_eq!((one.len(), one.split('-').map(str::len).collect::<Vec<_>>()), (36, vec![8, 4, 4, 4, 12]));
        let public = public_id("GB", "MKD", &ChargerId::new("MK-1"), 1);
        assert!(public.starts_with("GB*MKD*E") && public.len() == 20, "{public}");
    }
}
