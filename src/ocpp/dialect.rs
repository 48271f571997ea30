//! What every version declares of itself: the requests that a charger may send, who reads each, and who answers it.

use super::Version;
use super::notes::Notes;
use super::record::Key;
use super::{v16, v21, v201};
use crate::domain::driver::Grant;
use crate::domain::event::Event;
use crate::domain::record::Answer;
use std::time::Duration;

/// A version as its tables have it.
pub(super) struct Dialect {
    pub(super) version: Version,
    /// Its requests, in blocks, each in order of name: 2.1 has all of 2.0.1.
    blocks: &'static [&'static [Route]],
}

/// One request that a charger may send.
pub(super) struct Route {
    /// The action in the specification's spelling.
    pub(super) action: &'static str,
    /// Reads the payload.
    pub(super) read: fn(&str, &mut Notes<'_>) -> Event,
    /// The payload of the answer.
    pub(super) answer: fn(&Asked<'_>) -> Payload,
    /// What the answer repeats of the payload, as JSON.
    pub(super) echo: Option<fn(&str) -> Option<String>>,
    /// It is a statement that nobody answers (a SEND).
    pub(super) is_send: bool,
    /// The keys of the payload.
    pub(super) keys: fn() -> &'static [Key],
}

/// What an answer is made of.
pub(super) struct Asked<'a> {
    pub(super) answer: Option<&'a Answer>,
    /// The version that the request was in.
    pub(super) version: Version,
    /// Whether the request named a token.
    pub(super) names_token: bool,
    /// What the answer repeats of the request.
    pub(super) echo: Option<&'a str>,
    /// The heartbeat interval where the answer does not say one.
    pub(super) interval: Duration,
}

impl Asked<'_> {
    /// Whether the certificate that the request asks for was signed.
    pub(super) fn is_signed(&self) -> bool {
        self.answer.is_some_and(|answer| *answer == Answer::Signing(true))
    }

    /// What is told of the token that the request names; accepted where nobody has said otherwise.
    pub(super) fn grant(&self) -> &Grant {
        self.answer.and_then(Answer::grant).unwrap_or(&Grant::ACCEPTED)
    }
}

/// The payload of an answer as JSON; `None` when it cannot be made of what was given.
pub(super) type Payload = Option<String>;

/// A request that is read as a record and becomes an event.
macro_rules! heard {
    ($action:literal, $block:ident::$record:ident, $event:ident, $answer:path) => {
        $crate::ocpp::dialect::Route {
            action: $action,
            read: |payload, notes| $block::$event($crate::ocpp::record::read::<$block::$record<'_>>(payload, notes)),
            answer: $answer,
            echo: None,
            is_send: false,
            keys: || <$block::$record<'static> as $crate::ocpp::record::Record<'static>>::KEYS,
        }
    };
}
pub(super) use heard;

/// A request that is checked against its shape; only its frame is kept.
macro_rules! kept {
    ($action:literal, $shape:path, $answer:path $(, $echo:path)?) => {
        $crate::ocpp::dialect::Route {
            action: $action,
            read: |payload, notes| {
                $crate::ocpp::shape::check(&$shape, payload, notes);
                $crate::domain::event::Event::Noted
            },
            answer: $answer,
            echo: kept!(@ $($echo)?),
            is_send: false,
            keys: || $shape.keys,
        }
    };
    (@) => { None };
    (@ $echo:path) => { Some($echo) };
}
pub(super) use kept;

static DIALECTS: [Dialect; 3] = [
    Dialect { version: Version::V16, blocks: &[v16::ROUTES] },
    Dialect { version: Version::V201, blocks: &[v201::ROUTES] },
    Dialect { version: Version::V21, blocks: &[v201::ROUTES, v21::ROUTES] },
];

/// The dialect of a version.
pub(super) fn of(version: Version) -> &'static Dialect {
    match version {
        Version::V16 => &DIALECTS[0],
        Version::V201 => &DIALECTS[1],
        Version::V21 => &DIALECTS[2],
    }
}

impl Dialect {
    /// Every request.
    pub(super) fn routes(&self) -> impl Iterator<Item = &'static Route> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    /// The route of an action, and whether the action was in the specification's spelling.
    pub(super) fn route(&self, action: &str) -> Option<(&'static Route, bool)> {
        let by_name = |block: &&'static [Route]| {
            let place = block.binary_search_by(|route| route.action.cmp(action)).ok()?;
            block.get(place).map(|route| (route, true))
        };
        let exact = self.blocks.iter().find_map(by_name);
        let loose = || self.routes().find(|route| route.action.eq_ignore_ascii_case(action));
        exact.or_else(|| loose().map(|route| (route, false)))
    }

    /// The dialects to try where this one does not fit: of the other family, the one that has most.
    pub(super) fn others(&self) -> &'static [Version] {
        match self.version {
            Version::V16 => &[Version::V21],
            Version::V201 => &[Version::V21, Version::V16],
            Version::V21 => &[Version::V16],
        }
    }

    /// The action whose payload an object without a frame looks like: the one that has most of its keys.
    pub(super) fn resembled(&self, keys: &[String]) -> Option<&'static str> {
        let shared = |route: &&Route| route.shares(keys);
        self.routes().max_by_key(shared).filter(|route| shared(route) > 0).map(|route| route.action)
    }
}

impl Route {
    /// How many of these keys it has.
    pub(super) fn shares(&self, keys: &[String]) -> usize {
        (self.keys)().iter().filter(|key| keys.iter().any(|seen| seen.eq_ignore_ascii_case(key.name))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_name_in_any_case() {
        for dialect in &DIALECTS {
            for entry in dialect.routes() {
                let found = |name: &str| dialect.route(name).map(|(found, exact)| (found.action, exact));
                assert_eq!(found(entry.action), Some((entry.action, true)));
                assert_eq!(found(&entry.action.to_uppercase()), Some((entry.action, false)));
            }
            assert!(dialect.route("Reset").is_none());
        }
    }

    #[test]
    fn every_version_has_all_that_its_charging_stations_may_ask() {
        let count = |version| of(version).routes().count();
        assert_eq!((count(Version::V16), count(Version::V201), count(Version::V21)), (14, 25, 37));
    }

    #[test]
    fn a_payload_without_its_frame_is_recognised_by_most_of_its_keys() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let of_16 = |names: &[&str]| of(Version::V16).resembled(&keys(names));
        assert_eq!(of_16(&["chargePointModel", "iccid", "x"]), Some("BootNotification"));
        assert_eq!(of_16(&["connectorId", "errorCode", "status"]), Some("StatusNotification"));
        assert_eq!(of_16(&["connectorId", "meterValue"]), Some("MeterValues"));
        assert_eq!(of_16(&["hello"]), None);
        assert_eq!(of(Version::V201).resembled(&keys(&["seqNo", "transactionInfo"])), Some("TransactionEvent"));
    }
}
