//! Connector numbers and transaction ids of OCPP 1.6, made neutral.

use crate::domain::deviation::Rule;
use crate::domain::event::Named;
use crate::domain::ids::{Outlet, TransactionId};
use crate::ocpp::field::{Leaf, Scalar, Whole};
use crate::ocpp::notes::Notes;
use crate::ocpp::number::Decimal;

/// A connector number. 1.6 has no EVSE: connector `n` is connector `n` of EVSE `n`, and 0 is the charger as a whole.
#[derive(Debug, Default)]
pub(super) struct Connector(Option<u32>);

impl Connector {
    /// Where; the charger as a whole when no connector was named.
    pub(super) fn outlet(&self) -> Outlet {
        self.0.map_or(Outlet::STATION, |number| Outlet::new(number, number))
    }
}

impl<'de> Leaf<'de> for Connector {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(number) = Whole::read(scalar, required, notes).0 else { return Self(None) };
        let connector = u32::try_from(number).ok();
        if connector.is_none() {
            notes.add(Rule::OutOfRange, &number.to_string());
        }
        Self(connector)
    }
}

/// A transaction id: a number, or a text that another central system gave out.
#[derive(Debug)]
pub(super) struct Transaction(Named);

impl Default for Transaction {
    fn default() -> Self {
        Self(Named::Nothing)
    }
}

impl Transaction {
    /// How the message names its transaction.
    pub(super) fn named(self) -> Named {
        self.0
    }
}

impl<'de> Leaf<'de> for Transaction {
    fn read(scalar: Scalar<'de>, required: bool, notes: &mut Notes<'_>) -> Self {
        let Some(text) = scalar.digits(notes) else { return Self::default() };
        let Some(number) = Decimal::read(&text) else {
            return Self(Named::As(TransactionId(text.trim().into())));
        };
        if text.contains(['.', 'e', 'E']) {
            notes.add(Rule::Fraction, &text);
        }
        match number.in_units_of(0) {
            Some(id) if id.exact && id.value > 0 && id.value != i64::MAX => {
                Self(Named::As(TransactionId(id.value.to_string().into())))
            }
            Some(_) => {
                // Where the id may be absent, one that means "none" says nothing wrong.
                if required {
                    notes.add(Rule::TransactionId, &text);
                }
                Self::default()
            }
            None => {
                notes.add(Rule::OutOfRange, &text);
                Self::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::token::TokenKey;
    use crate::ocpp::Version;
    use crate::ocpp::veil::Hashes;

    fn read<'de, L: Leaf<'de>>(scalar: Scalar<'de>, required: bool) -> (L, Vec<Rule>) {
        let key = TokenKey::new([7; 32]);
        let hashes = Hashes::new(&key);
        let mut notes = Notes::new(Version::V16, &hashes);
        let leaf = L::read(scalar, required, &mut notes);
        (leaf, notes.into_deviations().iter().map(|seen| seen.rule).collect())
    }

    #[test]
    fn a_transaction_is_named_by_a_positive_number_or_a_text() {
        let number = Scalar::Number;
        let text = |text: &'static str| Scalar::Text(text.into());
        for (scalar, expected, rules) in [
            (number("45"), "45", vec![]),
            (number("4294967296"), "4294967296", vec![]),
            (number("45.0"), "45", vec![Rule::Fraction]),
            (text("45"), "45", vec![Rule::WrongType]),
            (text(" 045 "), "45", vec![Rule::WrongType]),
            (text("a3f-9"), "a3f-9", vec![Rule::WrongType]),
        ] {
            let (transaction, seen) = read::<Transaction>(scalar, true);
            assert_eq!((transaction.named(), seen), (Named::As(TransactionId(expected.into())), rules));
        }
    }

    #[test]
    fn numbers_that_name_no_transaction_are_remarked_only_where_one_is_required() {
        for text in ["0", "-1", "-7", "9223372036854775807"] {
            let (transaction, seen) = read::<Transaction>(Scalar::Number(text), true);
            assert_eq!((transaction.named(), seen), (Named::Nothing, vec![Rule::TransactionId]), "{text}");
            let (transaction, seen) = read::<Transaction>(Scalar::Number(text), false);
            assert_eq!((transaction.named(), seen), (Named::Nothing, vec![]), "{text}");
        }
        for (scalar, rule) in [
            (Scalar::Null, Rule::NullValue),
            (Scalar::Text("".into()), Rule::EmptyText),
            (Scalar::Text("none".into()), Rule::NullValue),
            (Scalar::Number("18446744073709551615"), Rule::OutOfRange),
            (Scalar::Other, Rule::WrongType),
        ] {
            let (transaction, seen) = read::<Transaction>(scalar, true);
            assert_eq!((transaction.named(), seen), (Named::Nothing, vec![rule]));
        }
    }

    #[test]
    fn a_connector_that_is_none_is_the_charger() {
        for (text, outlet) in [
            ("3", Outlet::new(3, 3)),
            ("0", Outlet::STATION),
            ("-1", Outlet::STATION),
            ("4294967296", Outlet::STATION),
            ("1.5", Outlet::STATION),
        ] {
            assert_eq!(read::<Connector>(Scalar::Number(text), true).0.outlet(), outlet, "{text}");
        }
        assert_eq!(Connector::default().outlet(), Outlet::STATION);
    }
}
