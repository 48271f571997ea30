//! EVSEs, transactions and id tokens of OCPP 2.x, made neutral.

use super::shapes::ADDITIONAL_INFO;
use super::words::TokenKind;
use crate::domain::deviation::Rule;
use crate::domain::event::Named;
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::token::TokenHash;
use crate::ocpp::field::{Choice, Leaf, Scalar, Token, Whole};
use crate::ocpp::notes::Notes;
use crate::ocpp::record::{FromScalar, record};
use crate::ocpp::shape::{CheckedList, Shape, Shaped};

/// The number of an EVSE or of a connector under one.
#[derive(Debug, Default)]
pub(super) struct Number(pub(super) Option<u32>);

impl<'de> Leaf<'de> for Number {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(number) = Whole::read(scalar, required, notes).0 else { return Self(None) };
        let small = u32::try_from(number).ok();
        if small.is_none() {
            notes.add(Rule::OutOfRange, &number.to_string());
        }
        Self(small)
    }
}

/// Where: EVSE 0 is the charger as a whole, whatever connector goes with it; a connector without its EVSE is one of the
/// EVSE of that number, as chargers with habits of 1.6 mean it.
pub(super) fn outlet(evse: &Number, connector: &Number) -> Option<Outlet> {
    match (evse.0, connector.0) {
        (Some(0), _) | (None, Some(0)) => Some(Outlet::STATION),
        (Some(evse), connector) => Some(Outlet::new(evse, connector.unwrap_or(0))),
        (None, Some(connector)) => Some(Outlet::new(connector, 1)),
        (None, None) => None,
    }
}

record! {
    /// EVSEType.
    struct Evse<'de> {
        id: Number = "id" required,
        connector: Number = "connectorId" optional,
        long_id: Number = "evseId" foreign,
    }
}

impl Evse<'_> {
    pub(super) fn outlet(&self) -> Option<Outlet> {
        let id = if self.id.0.is_some() { &self.id } else { &self.long_id };
        outlet(id, &self.connector)
    }
}

impl<'de> FromScalar<'de> for Evse<'de> {
    fn from_scalar(scalar: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Self> {
        let id = Number::read(scalar, true, notes);
        id.0.is_some().then(|| Self { id, ..Self::default() })
    }
}

/// A transaction's own name.
#[derive(Debug)]
pub(super) struct TransactionName(Named);

impl Default for TransactionName {
    fn default() -> Self {
        Self(Named::Nothing)
    }
}

/// Longest transaction id, in characters.
const NAME_LIMIT: usize = 36;

impl TransactionName {
    /// How the message names its transaction.
    pub(super) fn named(self) -> Named {
        self.0
    }

    /// This name, or the other where this says nothing.
    pub(super) fn or(self, other: Self) -> Named {
        if self.0 == Named::Nothing { other.0 } else { self.0 }
    }
}

impl<'de> Leaf<'de> for TransactionName {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(text) = scalar.text(notes).and_then(|text| crate::ocpp::field::something(text, required, notes))
        else {
            return Self::default();
        };
        let name = text.trim();
        if name.len() > NAME_LIMIT && name.chars().count() > NAME_LIMIT {
            notes.add(Rule::TooLong, name);
        }
        if ["0", "-1"].contains(&name) {
            notes.add(Rule::TransactionId, name);
            return Self::default();
        }
        Self(Named::As(TransactionId(name.into())))
    }
}

/// AdditionalInfoType.
pub(super) struct AdditionalInfo;

impl Shaped for AdditionalInfo {
    const SHAPE: &'static Shape = &ADDITIONAL_INFO;
}

record! {
    /// IdTokenType.
    struct IdToken<'de> {
        token: Token<36, 255> = "idToken" required,
        kind: Choice<TokenKind> = "type" required,
        additional: CheckedList<AdditionalInfo, { usize::MAX }> = "additionalInfo" optional,
    }
}

impl IdToken<'_> {
    /// The token; the word for nobody where that is what its type says.
    pub(super) fn hash(self) -> Option<TokenHash> {
        let nobody = self.kind.0.is_some_and(|kind| kind.as_str() == NOBODY);
        self.token.0.or_else(|| nobody.then(|| TokenHash::from_ledger(NOBODY)))
    }
}

/// The type of a token that stands for nobody; also the word by which such a token is kept.
const NOBODY: &str = "NoAuthorization";

impl<'de> FromScalar<'de> for IdToken<'de> {
    fn from_scalar(scalar: Scalar<'de>, notes: &mut Notes<'_>) -> Option<Self> {
        let token = Token::read(scalar, true, notes);
        token.0.is_some().then(|| Self { token, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evse_nought_is_the_charger_and_a_lone_connector_is_of_its_own_evse() {
        let at = |evse, connector| outlet(&Number(evse), &Number(connector));
        assert_eq!(at(Some(0), Some(0)), Some(Outlet::STATION));
        assert_eq!(at(Some(0), Some(1)), Some(Outlet::STATION));
        assert_eq!(at(Some(2), Some(1)), Some(Outlet::new(2, 1)));
        assert_eq!(at(Some(2), None), Some(Outlet::new(2, 0)));
        assert_eq!(at(None, Some(2)), Some(Outlet::new(2, 1)));
        assert_eq!(at(None, None), None);
    }
}
