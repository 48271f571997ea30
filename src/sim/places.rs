//! The Milton Keynes demonstration sites: where they stand, what kind of place they are, and the kit that plausibly stands there.
//!
//! Places and coordinates are real and approximate; the kit is invented and belongs to nobody. The LSOA code and the decile of the
//! 2019 index of deprivation are those of the site, not of the people who charge there.

use super::priors::Demand;
use Demand::{Destination as Visits, OnStreet, Rapid, UltraRapid, Workplace};
use Kit::{Post5, Post7, Rapid50, Twin22, Ultra150};
use SiteType::{Destination, OnStreetResidential, ParkAndRide, RapidHub};

/// Kind of place, as the registry names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteType {
    /// At the kerb, for residents.
    OnStreetResidential,
    /// Where people go for something else.
    Destination,
    /// Where people stop to charge and go on.
    RapidHub,
    /// Where people leave the car for the day.
    ParkAndRide,
}

impl SiteType {
    /// The word used in the registry file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnStreetResidential => "on_street_residential",
            Self::Destination => "destination",
            Self::RapidHub => "rapid_hub",
            Self::ParkAndRide => "park_and_ride",
        }
    }
}

/// Kit that stands at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kit {
    /// One socket, 5.5 kW.
    Post5,
    /// One socket, 7.4 kW.
    Post7,
    /// Two sockets, 22 kW each.
    Twin22,
    /// One 50 kW unit; every second one has a CCS and a CHAdeMO cable of which one works at a time.
    Rapid50,
    /// One 150 kW unit with one CCS cable.
    Ultra150,
}

impl Kit {
    /// Rating of one EVSE, watts.
    pub fn rated_w(self) -> i64 {
        match self {
            Self::Post5 => 5_500,
            Self::Post7 => 7_400,
            Self::Twin22 => 22_000,
            Self::Rapid50 => 50_000,
            Self::Ultra150 => 150_000,
        }
    }

    /// Number of EVSEs in one charger.
    pub fn evses(self) -> u32 {
        match self {
            Self::Twin22 => 2,
            Self::Post5 | Self::Post7 | Self::Rapid50 | Self::Ultra150 => 1,
        }
    }

    /// What it is used for at a site whose slow posts see `slow`.
    pub fn demand(self, slow: Demand) -> Demand {
        match self {
            Self::Rapid50 => Rapid,
            Self::Ultra150 => UltraRapid,
            Self::Post5 | Self::Post7 | Self::Twin22 => slow,
        }
    }
}

/// One site of the demonstration.
#[derive(Debug)]
pub struct Site {
    /// Short code used in charger ids.
    pub code: &'static str,
    /// Name people know.
    pub name: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// Lower-layer super output area of 2011, or of 2021 where it was split.
    pub lsoa: &'static str,
    /// Decile of the index of multiple deprivation 2019, 1 = most deprived tenth of England.
    pub imd_decile: u8,
    /// Kind of place.
    pub site_type: SiteType,
    /// What slow posts are used for here.
    pub slow: Demand,
    /// Hours (London) between which one can arrive; none = always open.
    pub open: Option<(usize, usize)>,
    /// Day the kit went into service.
    pub commissioned_on: &'static str,
    /// Kit and how many chargers of it.
    pub kit: &'static [(usize, Kit)],
}

impl Site {
    /// Opening hours as the registry writes them.
    pub fn opening_hours(&self) -> String {
        self.open.map_or_else(|| "24/7".to_owned(), |(from, to)| format!("Mo-Su {from:02}:00-{to:02}:00"))
    }

    /// The kit of the n-th charger built here; the list begins again when it is used up.
    pub fn kit_of(&self, nth: usize) -> Kit {
        let all: usize = self.kit.iter().map(|(count, _)| count).sum();
        let mut place = nth % all.max(1);
        for (count, kit) in self.kit {
            if place < *count {
                return *kit;
            }
            place -= count;
        }
        Post7
    }
}

/// One line per site keeps the table readable beside the reference it was taken from.
macro_rules! site {
    ($code:literal, $name:literal, $lat:literal, $lon:literal, $lsoa:literal, $imd:literal, $kind:expr, $slow:expr, $open:expr, $since:literal, $kit:expr) => {
        Site {
            code: $code,
            name: $name,
            latitude: $lat,
            longitude: $lon,
            lsoa: concat!("E010", $lsoa),
            imd_decile: $imd,
            site_type: $kind,
            slow: $slow,
            open: $open,
            commissioned_on: $since,
            kit: $kit,
        }
    };
}

/// The sites, in the order in which a small fleet takes its first chargers: every kind of place comes early.
#[rustfmt::skip]
pub static SITES: &[Site] = &[
    site!("CMK", "Midsummer Boulevard rapid hub", 52.0437, -0.7560, "33499", 2, RapidHub, Rapid, None, "2021-06-14", &[(6, Rapid50)]),
    site!("NFD", "Netherfield", 52.0192, -0.7315, "16842", 1, OnStreetResidential, OnStreet, None, "2022-09-05", &[(8, Post7)]),
    site!("STN", "Milton Keynes Central station", 52.0343, -0.7742, "33500", 6, ParkAndRide, Workplace, None, "2020-02-10", &[(12, Post7)]),
    site!("KGN", "Kingston Centre", 52.0400, -0.6890, "16783", 8, RapidHub, UltraRapid, None, "2024-03-18", &[(4, Ultra150)]),
    site!("MSB", "Midsummer Boulevard", 52.0437, -0.7560, "33499", 2, Destination, Visits, None, "2021-06-14", &[(5, Twin22)]),
    site!("CWY", "Coachway, M1 junction 14", 52.0592, -0.7055, "33503", 9, RapidHub, Rapid, None, "2019-03-11", &[(8, Rapid50), (4, Ultra150)]),
    site!("SBY", "Silbury Boulevard", 52.0425, -0.7620, "33499", 2, Destination, Visits, None, "2019-11-04", &[(8, Post7)]),
    site!("STM", "Stadium MK, Denbigh", 52.0096, -0.7335, "33498", 2, Destination, Visits, Some((6, 23)), "2023-05-22", &[(4, Ultra150), (3, Twin22)]),
    site!("HSP", "University Hospital", 52.0265, -0.7355, "16845", 1, Destination, Workplace, None, "2022-01-17", &[(12, Post7)]),
    site!("BHL", "Beanhill", 52.0187, -0.7492, "16844", 1, OnStreetResidential, OnStreet, None, "2022-10-03", &[(4, Post7)]),
    site!("TKB", "Tinkers Bridge", 52.0197, -0.7227, "16843", 1, OnStreetResidential, OnStreet, None, "2022-10-03", &[(4, Post7)]),
    site!("LKS", "Lakes Estate, Bletchley", 51.9815, -0.7190, "16744", 1, OnStreetResidential, OnStreet, None, "2023-02-13", &[(6, Post7)]),
    site!("FSL", "Fullers Slade", 52.0500, -0.8296, "16811", 1, OnStreetResidential, OnStreet, None, "2023-02-20", &[(6, Post5)]),
    site!("CFH", "Coffee Hall", 52.0240, -0.7430, "16848", 2, OnStreetResidential, OnStreet, None, "2023-03-06", &[(4, Post7)]),
    site!("CNB", "Conniburrow", 52.0487, -0.7576, "16718", 2, OnStreetResidential, OnStreet, None, "2023-03-06", &[(4, Post7)]),
    site!("FMD", "Fishermead", 52.0363, -0.7495, "16729", 3, OnStreetResidential, OnStreet, None, "2022-11-14", &[(6, Post7)]),
    site!("STB", "Stantonbury", 52.0573, -0.7652, "16804", 3, Destination, Visits, None, "2022-11-21", &[(1, Twin22)]),
    site!("NBW", "New Bradwell", 52.0655, -0.7870, "16835", 2, OnStreetResidential, OnStreet, None, "2023-06-12", &[(4, Post7)]),
    site!("GRL", "Greenleys", 52.0538, -0.8194, "16839", 2, OnStreetResidential, OnStreet, None, "2023-06-19", &[(4, Post7)]),
    site!("WVS", "Wolverton station", 52.0657, -0.8042, "16841", 5, ParkAndRide, Workplace, None, "2020-07-13", &[(6, Post7)]),
    site!("WMS", "Wolverton Market Square", 52.0628, -0.8110, "16837", 6, Destination, Visits, None, "2023-07-03", &[(4, Post7)]),
    site!("BLC", "Bletchley Leisure Centre", 51.9937, -0.7375, "16713", 8, Destination, Visits, Some((6, 22)), "2021-09-20", &[(3, Twin22)]),
    site!("BQW", "Queensway, Bletchley", 51.9943, -0.7330, "16714", 3, RapidHub, Rapid, None, "2021-10-11", &[(2, Rapid50)]),
    site!("SSC", "Cofferidge Close, Stony Stratford", 52.0573, -0.8536, "16818", 8, Destination, Visits, None, "2022-04-25", &[(1, Rapid50), (2, Twin22)]),
    site!("NPG", "Newport Pagnell", 52.0869, -0.7222, "16794", 9, Destination, Visits, None, "2022-05-09", &[(2, Twin22)]),
    site!("OLN", "Olney", 52.1534, -0.7013, "16796", 10, Destination, Visits, None, "2022-05-16", &[(1, Rapid50), (2, Twin22)]),
    site!("WCT", "Westcroft Centre", 52.0053, -0.7975, "16753", 6, Destination, Visits, None, "2024-01-29", &[(3, Twin22)]),
    site!("WLN", "Willen Lake", 52.0512, -0.7194, "16768", 5, Destination, Visits, None, "2021-04-12", &[(8, Post7)]),
    site!("BTN", "Broughton", 52.0461, -0.6997, "33511", 7, OnStreetResidential, OnStreet, None, "2023-08-07", &[(4, Post7)]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_site_lies_in_milton_keynes_and_has_its_own_code() {
        let mut codes = BTreeSet::new();
        for site in SITES {
            assert!(codes.insert(site.code), "{} twice", site.code);
            assert!(
                (51.969..52.196).contains(&site.latitude) && (-0.887..-0.592).contains(&site.longitude),
                "{}",
                site.name
            );
            assert!(site.lsoa.len() == 9 && (1..=10).contains(&site.imd_decile));
            assert!(site.commissioned_on.parse::<chrono::NaiveDate>().is_ok());
        }
    }

    #[test]
    fn the_kit_of_a_site_begins_again_when_it_is_used_up() {
        let coachway = SITES.iter().find(|site| site.code == "CWY").unwrap();
        assert_eq!(coachway.kit_of(7), Rapid50);
        assert_eq!(coachway.kit_of(8), Ultra150);
        assert_eq!(coachway.kit_of(12), Rapid50);
        assert_eq!(coachway.opening_hours(), "24/7");
    }
}
