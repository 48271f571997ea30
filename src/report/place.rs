//! What lines of a report are grouped by in place: the words for it, and the columns that name a group.

/// How lines are grouped by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceUnit {
    /// All in one.
    Network,
    /// By site.
    Site,
    /// By charger.
    Charger,
    /// By EVSE.
    Evse,
    /// By rated power: slow (< 8 kW), fast (< 50), rapid (< 150), ultra_rapid.
    PowerClass,
    /// By the kinds of its connectors.
    Connector,
    /// By kind of site.
    SiteType,
    /// By decile of deprivation of the site's area, 1 the most deprived.
    Decile,
    /// By the fifth of the households of the table of small areas in which that decile lies.
    Quintile,
    /// By maker and model, as the charger last said.
    Model,
    /// By maker, model and firmware, as the charger last said.
    Firmware,
    /// By class of fault: of failures, not of EVSEs; for reports on faults alone.
    FaultClass,
}

impl PlaceUnit {
    /// Every unit of EVSEs.
    pub const ALL: [Self; 11] = [
        Self::Network,
        Self::Site,
        Self::Charger,
        Self::Evse,
        Self::PowerClass,
        Self::Connector,
        Self::SiteType,
        Self::Decile,
        Self::Model,
        Self::Firmware,
        Self::Quintile,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Site => "site",
            Self::Charger => "charger",
            Self::Evse => "evse",
            Self::PowerClass => "power_class",
            Self::Connector => "connector",
            Self::SiteType => "site_type",
            Self::Decile => "decile",
            Self::Model => "model",
            Self::Firmware => "firmware",
            Self::FaultClass => "class",
            Self::Quintile => "quintile",
        }
    }

    /// What a group of it is, for who reads its columns.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Network => "All EVSEs.",
            Self::Site => "The site, as the registry has it.",
            Self::Charger => "The charger's identity.",
            Self::Evse => "The charger's identity and the EVSE's number.",
            Self::PowerClass => "By rated power: slow (below 8 kW), fast (below 50), rapid (below 150), ultra_rapid.",
            Self::Connector => "The kinds of the EVSE's connectors, in words of OCPI 2.2.1.",
            Self::SiteType => "The kind of site.",
            Self::Decile => "Decile of deprivation of the site's area; 1 is the most deprived.",
            Self::Quintile => "The fifth of households in which that decile lies; 1 is the most deprived.",
            Self::Model => "Maker and model, as the charger last said.",
            Self::Firmware => "Maker, model and firmware, as the charger last said.",
            Self::FaultClass => "The class of the failure, and its code where the consortium has one.",
        }
    }

    /// The columns that name a group of it.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Network => &[],
            Self::Site => &["site", "site_name"],
            Self::Charger => &["charger"],
            Self::Evse => &["charger", "evse"],
            Self::PowerClass => &["power_class"],
            Self::Connector => &["connector_types"],
            Self::SiteType => &["site_type"],
            Self::Decile => &["imd_decile"],
            Self::Model => &["vendor", "model"],
            Self::Firmware => &["vendor", "model", "firmware"],
            Self::FaultClass => &["class", "mrec"],
            Self::Quintile => &["imd_quintile"],
        }
    }
}
