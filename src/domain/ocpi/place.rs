//! Places: countries, kinds of parking, capabilities, opening hours.

/// Two and three letters of the countries that may publish here (ISO 3166-1): Europe.
const COUNTRIES: &[(&str, &str)] = &[
    ("AT", "AUT"),
    ("BE", "BEL"),
    ("BG", "BGR"),
    ("CH", "CHE"),
    ("CY", "CYP"),
    ("CZ", "CZE"),
    ("DE", "DEU"),
    ("DK", "DNK"),
    ("EE", "EST"),
    ("ES", "ESP"),
    ("FI", "FIN"),
    ("FR", "FRA"),
    ("GB", "GBR"),
    ("GR", "GRC"),
    ("HR", "HRV"),
    ("HU", "HUN"),
    ("IE", "IRL"),
    ("IS", "ISL"),
    ("IT", "ITA"),
    ("LI", "LIE"),
    ("LT", "LTU"),
    ("LU", "LUX"),
    ("LV", "LVA"),
    ("MT", "MLT"),
    ("NL", "NLD"),
    ("NO", "NOR"),
    ("PL", "POL"),
    ("PT", "PRT"),
    ("RO", "ROU"),
    ("SE", "SWE"),
    ("SI", "SVN"),
    ("SK", "SVK"),
    ("TR", "TUR"),
    ("UA", "UKR"),
];

/// The three letters of a country of two.
pub fn alpha3(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(two, _)| *two == alpha2).map(|(_, three)| *three)
}

/// Kinds of parking (OCPI `ParkingType`).
pub const PARKING_TYPES: &[&str] =
    &["ON_STREET", "PARKING_LOT", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "ON_DRIVEWAY", "ALONG_MOTORWAY"];

/// What an EVSE offers (OCPI `Capability`).
pub const CAPABILITIES: &[&str] = &[
    "CHARGING_PROFILE_CAPABLE",
    "CHARGING_PREFERENCES_CAPABLE",
    "CHIP_CARD_SUPPORT",
    "CONTACTLESS_CARD_SUPPORT",
    "CREDIT_CARD_PAYABLE",
    "DEBIT_CARD_PAYABLE",
    "PED_TERMINAL",
    "REMOTE_START_STOP_CAPABLE",
    "RESERVABLE",
    "RFID_READER",
    "START_SESSION_CONNECTOR_REQUIRED",
    "TOKEN_GROUP_CAPABLE",
    "UNLOCK_CAPABLE",
];

/// Days of the week as opening hours write them; the first is number 1.
const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A span of a day on which a place is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// 1 is Monday.
    pub weekday: u8,
    /// From this minute of the day.
    pub from: u16,
    /// Until this minute of the same day, at most 1440.
    pub until: u16,
}

/// When a place is open, in its local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningHours {
    /// Always.
    Always,
    /// At these times of the week, in order. A span over midnight is two.
    Weekly(Vec<Open>),
}

impl OpeningHours {
    /// Reads `24/7`, or rules like `Mo-Fr 06:00-20:00; Sa,Su 08:00-01:00` (the usual part of the notation of
    /// OpenStreetMap). A rule replaces what rules before it said of its days.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == "24/7" {
            return Some(Self::Always);
        }
        let mut week: [Vec<(u16, u16)>; 7] = Default::default();
        for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
            let (days, hours) = rule.split_once(' ')?;
            let spans = hours.split(',').map(|span| span_of(span.trim())).collect::<Option<Vec<_>>>()?;
            for day in days_of(days)? {
                *week.get_mut(usize::from(day) - 1)? = spans.clone();
            }
        }
        let mut open = Vec::new();
        for (weekday, (from, until)) in
            (1..).zip(week).flat_map(|(day, spans)| spans.into_iter().map(move |span| (day, span)))
        {
            if from < until {
                open.push(Open { weekday, from, until });
                continue;
            }
            open.push(Open { weekday, from, until: DAY });
            if until > 0 {
                open.push(Open { weekday: weekday % 7 + 1, from: 0, until });
            }
        }
        open.sort_unstable();
        (!open.is_empty()).then_some(Self::Weekly(open))
    }
}

/// The days that `Mo-Fr`, `Sa,Su` or `We` mean, 1 is Monday.
pub fn days_of(text: &str) -> Option<Vec<u8>> {
    let number = |day: &str| (1..).zip(DAYS).find(|(_, name)| *name == day).map(|(number, _)| number);
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u8, u8) = (number(first)?, number(last)?);
        let length = (last + 7 - first) % 7;
        days.extend((0..=length).map(|step| (first - 1 + step) % 7 + 1));
    }
    Some(days)
}

/// The minute of the day that `06:30` means; `24:00` is its end.
pub fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

fn span_of(text: &str) -> Option<(u16, u16)> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute_of(from)?, minute_of(until)?);
    (from < DAY && from != until).then_some((from, if until == DAY { 0 } else { until }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_hours_are_spans_of_days_and_nights_are_split() {
        assert_eq!(OpeningHours::parse("24/7"), Some(OpeningHours::Always));
        let spans = |text: &str| match OpeningHours::parse(text) {
            Some(OpeningHours::Weekly(open)) => {
                open.into_iter().map(|open| (open.weekday, open.from, open.until)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        assert_eq!(
            spans("Mo-Tu 06:00-20:00; Sa 08:00-12:00,13:00-24:00"),
            [(1, 360, 1200), (2, 360, 1200), (6, 480, 720), (6, 780, 1440)]
        );
        assert_eq!(spans("Su 22:00-01:30"), [(1, 0, 90), (7, 1320, 1440)]);
        assert_eq!(spans("Sa-Mo 10:00-11:00; Mo 12:00-13:00"), [(1, 720, 780), (6, 600, 660), (7, 600, 660)]);
        for wrong in ["", "always", "Mo-Su", "Mo 6-20", "Xx 06:00-20:00", "Mo 06:00-25:00", "Mo 06:00-06:00"] {
            assert_eq!(OpeningHours::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_country_has_two_letters_and_three() {
        assert_eq!((alpha3("GB"), alpha3("FR"), alpha3("XX")), (Some("GBR"), Some("FRA"), None));
    }
}
