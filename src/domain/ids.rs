//! Names of things: chargers, connectors, sessions, transactions, frames. A type each, so that none is taken for another.

use std::fmt;
use std::sync::Arc;

/// A charger's identity as it stands in its connection address, decoded. Compared without case.
#[derive(Clone)]
pub struct ChargerId(Arc<str>);

impl ChargerId {
    /// Wraps an identity.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The identity as the charger writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings of one identity are equal.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for ChargerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChargerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChargerId({})", self.0)
    }
}

impl PartialEq for ChargerId {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.folded() == other.folded()
    }
}

impl Eq for ChargerId {}

impl std::hash::Hash for ChargerId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // Looked up with every frame, and ASCII needs no memory to be folded.
        if self.0.is_ascii() {
            self.0.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
        } else {
            self.folded().bytes().for_each(|byte| state.write_u8(byte));
        }
    }
}

/// The ledger's row number of a charger. Small, and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationKey(pub i64);

/// Where at a charger: an EVSE and one of its connectors, by the charger's own numbers.
///
/// In OCPP 1.6, which has no EVSE, both numbers are the connector's; where the registry says that connectors share an
/// EVSE, that is applied when the ledger is read, so that a better registry also mends the past. `(0, 0)` is the
/// charger as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outlet {
    /// EVSE number; 0 is the charger as a whole.
    pub evse: u32,
    /// Connector number under the EVSE; 0 is the EVSE as a whole.
    pub connector: u32,
}

impl Outlet {
    /// The charger as a whole.
    pub const STATION: Self = Self { evse: 0, connector: 0 };

    /// An outlet by its two numbers.
    pub const fn new(evse: u32, connector: u32) -> Self {
        Self { evse, connector }
    }

    /// Whether both can mean one place: the same EVSE, and the same connector or none named.
    pub fn meets(self, other: Self) -> bool {
        let connectors = self.connector == other.connector || self.connector == 0 || other.connector == 0;
        self.evse == other.evse && connectors
    }

    /// Whether it names an EVSE without saying which of its connectors.
    pub const fn is_whole_evse(self) -> bool {
        self.evse != 0 && self.connector == 0
    }

    /// Whether this is the charger as a whole.
    pub fn is_station(self) -> bool {
        self == Self::STATION
    }
}

/// A charging session of the ledger: positive, 31 bits, unique for good over all chargers, never 0.
///
/// It is also the transaction id that we hand to OCPP 1.6 chargers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i32);

/// A transaction's name between a charger and a central system, as text: our number in 1.6, the charger's own in 2.x.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(pub Arc<str>);

impl From<SessionId> for TransactionId {
    fn from(id: SessionId) -> Self {
        Self(id.0.to_string().into())
    }
}

/// The ledger's row number of a received frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameKey(pub i64);

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn spellings_of_one_identity_are_equal_and_hash_alike_in_any_alphabet() {
        let hasher = RandomState::new();
        let same = |one: &str, other: &str| {
            let (one, other) = (ChargerId::new(one), ChargerId::new(other));
            assert!(one != other || hasher.hash_one(&one) == hasher.hash_one(&other), "{one} {other}");
            one == other
        };
        assert!(same("MK-cp-01", "mk-CP-01") && same("Ürün", "üRÜN"));
        // The sign of Kelvin is no ASCII, but its small letter is.
        assert!(same("\u{212A}-1", "k-1"));
        assert!(!same("CP-1", "CP-2") && !same("CP-1", "CP-1 ") && !same("u-1", "ü-1"));
    }

    #[test]
    fn an_evse_as_a_whole_meets_each_of_its_connectors_and_no_other() {
        let whole = Outlet::new(1, 0);
        assert!(whole.meets(Outlet::new(1, 2)) && Outlet::new(1, 2).meets(whole) && whole.is_whole_evse());
        assert!(!Outlet::new(1, 1).meets(Outlet::new(1, 2)) && !whole.meets(Outlet::new(2, 1)));
        assert!(!Outlet::STATION.meets(whole) && !Outlet::STATION.is_whole_evse());
    }
}
