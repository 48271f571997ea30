//! Tariffs: what a driver pays. A tariff that is missing is unknown, never free; a free one says so with a price of 0.

use std::fmt;

/// An amount of money, in millionths of a currency unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micro(pub i64);

impl Micro {
    /// Reads a decimal such as `0.6583`: not negative, at most six decimals.
    pub fn from_decimal(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > 6 || !digits(whole) || !digits(part) {
            return None;
        }
        format!("{whole}{part:0<6}").parse().ok().map(Self)
    }
}

impl fmt::Display for Micro {
    /// Plain decimal text of the currency unit, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        let digits = format!("{part:06}");
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{digits}") }
    }
}

/// What is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Per kilowatt-hour.
    Energy,
    /// Once a session.
    Flat,
    /// Per hour of charging.
    Time,
    /// Per hour of not charging while plugged in.
    ParkingTime,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 4] = [Self::Energy, Self::Flat, Self::Time, Self::ParkingTime];

    /// The OCPI word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Energy => "ENERGY",
            Self::Flat => "FLAT",
            Self::Time => "TIME",
            Self::ParkingTime => "PARKING_TIME",
        }
    }
}

/// A price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// What is paid for.
    pub of: Dimension,
    /// Without VAT.
    pub net: Micro,
    /// VAT in thousandths of the price (20 % is 200); `None`: not said.
    pub vat_permille: Option<u32>,
}

impl Price {
    /// What the driver pays, in hundredths of a penny (of whatever hundredth the currency has), rounded half up. `None` when
    /// the VAT is not said.
    pub fn gross_centipence(&self) -> Option<i64> {
        let vat = i128::from(self.vat_permille?);
        // Millionths with thousandths of VAT are 10^-9; hundredths of a penny are 10^-4.
        let nano = i128::from(self.net.0) * (1000 + vat);
        i64::try_from((nano + 50_000) / 100_000).ok()
    }
}

/// When an element holds, in the local time of the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restriction {
    /// From this minute of the day on.
    pub start_minute: Option<u16>,
    /// Until this minute of the day.
    pub end_minute: Option<u16>,
    /// On these days, 1 is Monday; empty: on all.
    pub days: Vec<u8>,
}

impl Restriction {
    /// Whether it restricts nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Prices that hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// At least one.
    pub prices: Vec<Price>,
    /// When they hold.
    pub when: Restriction,
}

/// A tariff. The first element that holds is used, for each dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Its id.
    pub id: String,
    /// ISO 4217.
    pub currency: String,
    /// Words for people, in English.
    pub text: Option<String>,
    /// Page that explains it.
    pub url: Option<String>,
    /// At least one.
    pub elements: Vec<Element>,
}

impl Tariff {
    /// What a kilowatt-hour costs the driver, in hundredths of a penny, where it is one price at any time.
    pub fn gross_centipence_per_kwh(&self) -> Option<i64> {
        let mut found = None;
        for element in &self.elements {
            for price in element.prices.iter().filter(|price| price.of == Dimension::Energy) {
                let gross = price.gross_centipence()?;
                if found.is_some_and(|other| other != gross) {
                    return None;
                }
                found = Some(gross);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pence_as_the_driver_pays_are_exact_to_the_hundredth() {
        for (net, vat, paid) in [
            ("0.6583", 200, 7900),
            ("0.658333", 200, 7900),
            ("0.5", 200, 6000),
            ("0.37", 50, 3885),
            ("0.00005", 0, 1),
            ("0.000049", 0, 0),
            ("0", 200, 0),
        ] {
            let net = Micro::from_decimal(net).unwrap();
            let price = Price { of: Dimension::Energy, net, vat_permille: Some(vat) };
            assert_eq!(price.gross_centipence(), Some(paid), "{net} + {vat}");
            assert_eq!(Price { vat_permille: None, ..price }.gross_centipence(), None);
        }
    }

    #[test]
    fn amounts_are_read_and_written_without_loss() {
        for (text, micro) in [("0.6583", 658_300), ("12", 12_000_000), ("0.000001", 1), ("1.5", 1_500_000)] {
            assert_eq!(Micro::from_decimal(text), Some(Micro(micro)));
            assert_eq!(Micro(micro).to_string(), text);
        }
        for wrong in ["", "-1", "1.0000001", ".5", "1,5", "free", "99999999999999"] {
            assert_eq!(Micro::from_decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_prices_at_different_times_have_no_one_price() {
        let element = |net| {
            let price = Price { of: Dimension::Energy, net: Micro(net), vat_permille: Some(200) };
            Element { prices: vec![price], when: Restriction::default() }
        };
        let tariff = |elements| Tariff { id: "A".into(), currency: "GBP".into(), text: None, url: None, elements };
        assert_eq!(tariff(vec![element(500_000), element(500_000)]).gross_centipence_per_kwh(), Some(6000));
        assert_eq!(tariff(vec![element(500_000), element(300_000)]).gross_centipence_per_kwh(), None);
    }
}
