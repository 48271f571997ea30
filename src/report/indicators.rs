//! The indicators of the programme, with the metadata that its monitors paste: where each comes from and what it is for.

/// What an indicator is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A column of a report about the network, times a fraction.
    Column {
        /// The report.
        report: &'static str,
        /// Its column.
        column: &'static str,
        /// Multiplied by this and divided by the next.
        times: i128,
        /// Divided by this.
        by: i128,
    },
    /// A column of a report, divided by the residents of the area, for each 1,000.
    PerResident {
        /// The report.
        report: &'static str,
        /// Its column.
        column: &'static str,
    },
    /// The same column of the classes of equity.
    Quintiles(&'static str),
    /// Share of the EVSEs in service with at least so many watts, of those whose power is registered, in percent.
    AtLeast(u32),
    /// Share of the EVSEs in service whose bay is marked as accessible (PAS 1899), of those that are registered, in percent.
    Accessible,
}

/// What becomes better with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
    /// Nearer to 1 is better.
    ToOne,
}

impl Direction {
    /// Its words.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Up => "higher is better",
            Self::Down => "lower is better",
            Self::ToOne => "nearer to 1 is better",
        }
    }
}

/// Where an indicator lies on the way from deeds to effects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// output, outcome, quality, direct, indirect.
    pub(super) kind: &'static str,
    /// The sector of a direct effect, or the domain of an indirect one.
    pub(super) domain: &'static str,
    pub(super) direction: Direction,
}

const fn way(kind: &'static str, domain: &'static str, direction: Direction) -> Way {
    Way { kind, domain, direction }
}

const OUTPUT: Way = way("output", "road transport", Direction::Up);
const DIRECT: Way = way("direct", "road transport", Direction::Up);
const OUTCOME: Way = way("outcome", "road transport", Direction::Up);
const QUALITY: Way = way("quality", "road transport", Direction::Up);
const OUTCOME_DOWN: Way = way("outcome", "road transport", Direction::Down);
const FAIR: Way = way("indirect", "social inclusion", Direction::ToOne);
const INCLUSION: Way = way("indirect", "social inclusion", Direction::Up);
const HEALTH: Way = way("indirect", "public health and environment", Direction::Up);

/// An indicator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indicator {
    /// Its code; behind a point the part of it.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) definition: &'static str,
    pub(super) calculation: &'static str,
    pub(super) way: Way,
    /// What is decided by it.
    pub(super) useful_for: &'static str,
    pub(super) from: From,
    /// Decimal places.
    pub(super) places: u8,
}

const fn column(report: &'static str, column: &'static str, times: i128, by: i128) -> From {
    From::Column { report, column, times, by }
}

/// Where all of it comes from.
pub(super) const DATA_SOURCE: &str =
    "charging network's ledger (chargewatch): sessions, meter readings, status of charge points";
/// Whether another platform has it, and which other systems use it.
pub(super) const NOT_KNOWN: &str = "not known";
/// How often it can be had.
pub(super) const INTERVAL: &str = "any period; final some days after its end";
/// Whose it is.
pub(super) const LEVEL: &str = "local";
/// Where the methods are written down.
pub(super) const REFERENCE: &str = "/methods";
/// When it is there.
pub(super) const AVAILABILITY: &str = "at once, provisional until the period is settled";

/// Every indicator, in order.
pub(super) const INDICATORS: &[Indicator] = &[
    Indicator {
        id: "NZ1",
        name: "Electricity delivered to vehicles at public points",
        unit: "MWh",
        definition: "Energy delivered in the period, at the charge points.",
        calculation: "Σ energy / 1,000,000 Wh",
        way: OUTPUT,
        useful_for: "planning of grid and supply",
        from: column("carbon", "energy_wh", 1, 1_000_000),
        places: 6,
    },
    Indicator {
        id: "NZ2.ttw",
        name: "Net greenhouse gas avoided in road transport, tank to wheel",
        unit: "tCO2e",
        definition: "What the reference car would have emitted over the kilometres of the energy, less what the electricity emitted; tank to wheel; attributed to the charge points.",
        calculation: "report carbon, net",
        way: DIRECT,
        useful_for: "the climate contract's account of transport",
        from: column("carbon", "net_ttw_kg", 1, 1000),
        places: 6,
    },
    Indicator {
        id: "NZ2.wtw",
        name: "Net greenhouse gas avoided in road transport, well to wheel",
        unit: "tCO2e",
        definition: "What the reference car would have emitted over the kilometres of the energy, less what the electricity emitted; well to wheel; attributed to the charge points.",
        calculation: "report carbon, net",
        way: DIRECT,
        useful_for: "the climate contract's account of transport",
        from: column("carbon", "net_wtw_kg", 1, 1000),
        places: 6,
    },
    Indicator {
        id: "NZ3",
        name: "Electric kilometres enabled",
        unit: "km",
        definition: "Kilometres that the energy drives.",
        calculation: "kWh / (kWh per km), see report carbon",
        way: OUTCOME,
        useful_for: "modal and fleet targets",
        from: column("carbon", "km", 1, 1),
        places: 1,
    },
    Indicator {
        id: "NZ4.evses",
        name: "Public charge points for each 1,000 residents",
        unit: "1/1000",
        definition: "EVSEs in service, on average over the period.",
        calculation: "EVSEs in service / residents · 1,000",
        way: OUTPUT,
        useful_for: "where to build",
        from: From::PerResident { report: "equity", column: "evses_in_service" },
        places: 4,
    },
    Indicator {
        id: "NZ4.kw",
        name: "Rated power for each 1,000 residents",
        unit: "kW/1000",
        definition: "Rated power of the EVSEs in service, on average over the period.",
        calculation: "kW in service / residents · 1,000",
        way: OUTPUT,
        useful_for: "where to build",
        from: From::PerResident { report: "equity", column: "kw_in_service" },
        places: 4,
    },
    Indicator {
        id: "NZ5.50kw",
        name: "Share of charge points of 50 kW or more",
        unit: "%",
        definition: "EVSEs in service that are rated 50 kW or more, of those whose power is registered.",
        calculation: "EVSE-time ≥ 50 kW / EVSE-time",
        way: OUTPUT,
        useful_for: "mix of the network",
        from: From::AtLeast(50_000),
        places: 4,
    },
    Indicator {
        id: "NZ5.150kw",
        name: "Share of charge points of 150 kW or more",
        unit: "%",
        definition: "EVSEs in service that are rated 150 kW or more, of those whose power is registered.",
        calculation: "EVSE-time ≥ 150 kW / EVSE-time",
        way: OUTPUT,
        useful_for: "mix of the network",
        from: From::AtLeast(150_000),
        places: 4,
    },
    Indicator {
        id: "NZ6.uk",
        name: "Reliability by the UK rule",
        unit: "%",
        definition: "Reliability by the guidance formula, all EVSEs.",
        calculation: "report reliability, uk",
        way: QUALITY,
        useful_for: "contracts with operators",
        from: column("reliability", "uk", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ6.strict",
        name: "Strict availability",
        unit: "%",
        definition: "Share of the time in which EVSEs were up; offline counts as down.",
        calculation: "report reliability, strict",
        way: QUALITY,
        useful_for: "contracts with operators",
        from: column("reliability", "strict", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ7",
        name: "First-attempt charging success",
        unit: "%",
        definition: "Visits that succeeded at the first attempt.",
        calculation: "report success",
        way: QUALITY,
        useful_for: "trust of drivers",
        from: column("success", "first_attempt_success_rate", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ8.time",
        name: "Utilisation in time",
        unit: "%",
        definition: "Share of the time in service in which a vehicle was there.",
        calculation: "report utilisation",
        way: OUTCOME,
        useful_for: "when to extend a site",
        from: column("utilisation", "util_occupied", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ8.energy",
        name: "Utilisation in energy",
        unit: "%",
        definition: "Energy delivered by what the rated power could have.",
        calculation: "report utilisation",
        way: OUTCOME,
        useful_for: "when to extend a site",
        from: column("utilisation", "util_energy", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ8.full",
        name: "Turn-away proxy",
        unit: "%",
        definition: "Share of the time in which no EVSE of a site that was heard was free while one was in use.",
        calculation: "report demand",
        way: OUTCOME_DOWN,
        useful_for: "when to extend a site",
        from: column("demand", "site_full_share", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ9.supply",
        name: "Inclusion: supply, most by least deprived fifth",
        unit: "ratio",
        definition: "EVSEs for each 1,000 households: the most deprived fifth of households by the least deprived.",
        calculation: "report equity, gap",
        way: FAIR,
        useful_for: "just transition",
        from: column("equity", "supply_gap", 1, 1),
        places: 6,
    },
    Indicator {
        id: "NZ9.use",
        name: "Inclusion: use, most by least deprived fifth",
        unit: "ratio",
        definition: "Energy for each 1,000 households: the most deprived fifth of households by the least deprived.",
        calculation: "report equity, gap",
        way: FAIR,
        useful_for: "just transition",
        from: column("equity", "use_gap", 1, 1),
        places: 6,
    },
    Indicator {
        id: "NZ9.reliability",
        name: "Inclusion: reliability, most by least deprived fifth",
        unit: "ratio",
        definition: "Strict availability: the most deprived fifth of households by the least deprived.",
        calculation: "report equity, gap",
        way: FAIR,
        useful_for: "just transition",
        from: column("equity", "reliability_gap", 1, 1),
        places: 6,
    },
    Indicator {
        id: "NZ9.price",
        name: "Inclusion: price, most by least deprived fifth",
        unit: "ratio",
        definition: "Price of a kilowatt-hour: the most deprived fifth of households by the least deprived.",
        calculation: "report equity, gap",
        way: FAIR,
        useful_for: "just transition",
        from: column("equity", "price_gap", 1, 1),
        places: 6,
    },
    Indicator {
        id: "NZ10.400m",
        name: "Households within 400 m of a working charge point",
        unit: "%",
        definition: "Households whose small area has its centre within 400 m of an EVSE that was up at least half of the time.",
        calculation: "report equity, reach",
        way: INCLUSION,
        useful_for: "where to build",
        from: column("equity", "reach_400m", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ10.400m.quintile",
        name: "Households within 400 m of a working charge point, by fifth of deprivation",
        unit: "%",
        definition: "The same for each fifth of households, 1 the most deprived.",
        calculation: "report equity by quintile, reach",
        way: INCLUSION,
        useful_for: "where to build",
        from: From::Quintiles("reach_400m"),
        places: 4,
    },
    Indicator {
        id: "NZ10.800m",
        name: "Households within 800 m of a working charge point",
        unit: "%",
        definition: "Households whose small area has its centre within 800 m of an EVSE that was up at least half of the time.",
        calculation: "report equity, reach",
        way: INCLUSION,
        useful_for: "where to build",
        from: column("equity", "reach_800m", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ10.800m.quintile",
        name: "Households within 800 m of a working charge point, by fifth of deprivation",
        unit: "%",
        definition: "The same for each fifth of households, 1 the most deprived.",
        calculation: "report equity by quintile, reach",
        way: INCLUSION,
        useful_for: "where to build",
        from: From::Quintiles("reach_800m"),
        places: 4,
    },
    Indicator {
        id: "NZ11.nox",
        name: "Nitrogen oxides avoided at the tailpipe",
        unit: "kg",
        definition: "What the reference car would have left over the kilometres of the energy.",
        calculation: "km · g/km, report carbon",
        way: HEALTH,
        useful_for: "air quality plans",
        from: column("carbon", "nox_avoided_kg", 1, 1),
        places: 3,
    },
    Indicator {
        id: "NZ11.pm",
        name: "Particles avoided at the tailpipe",
        unit: "kg",
        definition: "What the reference car would have left over the kilometres of the energy.",
        calculation: "km · g/km, report carbon",
        way: HEALTH,
        useful_for: "air quality plans",
        from: column("carbon", "pm_avoided_kg", 1, 1),
        places: 3,
    },
    Indicator {
        id: "NZ12",
        name: "Charging in low-carbon half-hours",
        unit: "%",
        definition: "Energy in the third of half-hours with the lowest carbon intensity, of the energy in half-hours with known intensity.",
        calculation: "report carbon, low_carbon_share",
        way: OUTCOME,
        useful_for: "smart charging",
        from: column("carbon", "low_carbon_share", 100, 1),
        places: 4,
    },
    Indicator {
        id: "NZ13",
        name: "Accessible bays",
        unit: "%",
        definition: "EVSEs in service whose bay is marked by PAS 1899, of those in the registry.",
        calculation: "EVSE-time marked / EVSE-time registered",
        way: INCLUSION,
        useful_for: "accessibility",
        from: From::Accessible,
        places: 4,
    },
];
