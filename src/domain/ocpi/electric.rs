//! What a connector can give: phases, volts, amperes, watts. What the registry does not say follows from the kind of the
//! connector and the rated power of its EVSE; what does not follow from them stays unknown.

use super::plug::{CHADEMO, Current, Standard};

/// How a connector is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A socket for the driver's cable.
    Socket,
    /// A cable of the charger.
    Cable,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Socket, Self::Cable];

    /// The OCPI word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "SOCKET",
            Self::Cable => "CABLE",
        }
    }
}

/// Which current, on how many phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerType {
    /// Alternating, one phase.
    Ac1,
    /// Alternating, two phases.
    Ac2,
    /// Alternating, two phases of a split-phase system.
    Ac2Split,
    /// Alternating, three phases.
    Ac3,
    /// Direct.
    Dc,
}

impl PowerType {
    /// Every power type.
    pub const ALL: [Self; 5] = [Self::Ac1, Self::Ac2, Self::Ac2Split, Self::Ac3, Self::Dc];

    /// The OCPI word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ac1 => "AC_1_PHASE",
            Self::Ac2 => "AC_2_PHASE",
            Self::Ac2Split => "AC_2_PHASE_SPLIT",
            Self::Ac3 => "AC_3_PHASE",
            Self::Dc => "DC",
        }
    }

    /// Conductors whose currents add up.
    const fn phases(self) -> u32 {
        match self {
            Self::Ac1 | Self::Dc => 1,
            Self::Ac2 | Self::Ac2Split => 2,
            Self::Ac3 => 3,
        }
    }
}

/// What the registry says of a connector; what it does not say is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Socket or cable.
    pub format: Option<Format>,
    /// Which current.
    pub power_type: Option<PowerType>,
    /// Volts; line to neutral with three phases.
    pub volts: Option<u32>,
    /// Amperes.
    pub amperes: Option<u32>,
    /// Watts.
    pub watts: Option<u32>,
}

/// What a connector can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// Socket or cable.
    pub format: Format,
    /// Which current.
    pub power_type: PowerType,
    /// Most volts; line to neutral with three phases.
    pub volts: u32,
    /// Most amperes.
    pub amperes: u32,
    /// Most watts.
    pub watts: u32,
}

/// Volts between line and neutral in the United Kingdom and in Europe.
const MAINS_V: u32 = 230;
/// The strongest single-phase post of Europe, 32 A, in watts (some round up).
const ONE_PHASE_W: u32 = 7500;
/// What a battery of the usual class has: the volts at which a charger of direct current reaches its rated power.
const BATTERY_V: u32 = 400;
/// Above this a charger of direct current also charges batteries of 800 V.
const HIGH_VOLTAGE_FROM_W: u32 = 50_000;

/// What a connector of this kind can give, at an EVSE of this rated power. `None` when neither power nor current is known:
/// any number would be a guess.
pub fn rating(standard: &Standard, rated_w: Option<u32>, said: Said) -> Option<Rating> {
    let format = said.format.unwrap_or(if standard.cable { Format::Cable } else { Format::Socket });
    let watts = said.watts.or(rated_w);
    let power_type = said.power_type.or_else(|| power_type(standard, watts))?;
    let volts = said.volts.unwrap_or_else(|| volts(standard, power_type, watts));
    let amperes = said.amperes.or_else(|| watts.map(|watts| amperes(standard, power_type, watts)))?;
    let product = u64::from(volts) * u64::from(amperes) * u64::from(power_type.phases());
    let watts = watts.or_else(|| u32::try_from(product).ok())?;
    Some(Rating { format, power_type, volts, amperes, watts })
}

fn power_type(standard: &Standard, watts: Option<u32>) -> Option<PowerType> {
    match standard.current {
        Current::Direct => Some(PowerType::Dc),
        Current::Alternating => watts.map(|watts| if watts <= ONE_PHASE_W { PowerType::Ac1 } else { PowerType::Ac3 }),
    }
}

fn volts(standard: &Standard, power_type: PowerType, watts: Option<u32>) -> u32 {
    let high = watts.is_some_and(|watts| watts > HIGH_VOLTAGE_FROM_W);
    match power_type {
        PowerType::Ac1 | PowerType::Ac2 | PowerType::Ac2Split | PowerType::Ac3 => MAINS_V,
        PowerType::Dc if standard.word != CHADEMO && high => 1000,
        PowerType::Dc => 500,
    }
}

/// Rounded to the nearest ampere: 7.4 kW are 32 A, 22 kW three times 32 A, 50 kW of direct current 125 A.
fn amperes(standard: &Standard, power_type: PowerType, watts: u32) -> u32 {
    let volts = if power_type == PowerType::Dc { BATTERY_V } else { MAINS_V * power_type.phases() };
    // What the cables are made for.
    let most = match (power_type, standard.word) {
        (PowerType::Dc, CHADEMO) => 200,
        (PowerType::Dc, _) => 500,
        _ => u32::MAX,
    };
    watts.saturating_add(volts / 2).checked_div(volts).unwrap_or(0).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::super::plug::{CCS, TYPE_2, standard};
    use super::*;

    #[test]
    fn what_is_not_said_follows_from_kind_and_power() {
        use Format::{Cable, Socket};
        use PowerType::{Ac1, Ac3, Dc};
        for (kind, rated_w, format, power_type, volts, amperes) in [
            (TYPE_2, 7400, Socket, Ac1, 230, 32),
            (TYPE_2, 3680, Socket, Ac1, 230, 16),
            (TYPE_2, 11_000, Socket, Ac3, 230, 16),
            (TYPE_2, 22_000, Socket, Ac3, 230, 32),
            (CCS, 50_000, Cable, Dc, 500, 125),
            (CCS, 150_000, Cable, Dc, 1000, 375),
            (CCS, 350_000, Cable, Dc, 1000, 500),
            (CHADEMO, 50_000, Cable, Dc, 500, 125),
        ] {
            let found = rating(standard(kind).unwrap(), Some(rated_w), Said::default());
            assert_eq!(found, Some(Rating { format, power_type, volts, amperes, watts: rated_w }), "{kind} {rated_w}");
        }
    }

    #[test]
    fn what_is_said_wins_and_nothing_is_guessed() {
        let kind = standard(TYPE_2).unwrap();
        let said = Said {
            format: Some(Format::Cable),
            power_type: Some(PowerType::Ac3),
            amperes: Some(63),
            ..Said::default()
        };
        let found = rating(kind, None, said).unwrap();
        assert_eq!((found.format, found.volts, found.amperes, found.watts), (Format::Cable, 230, 63, 43_470));
        assert_eq!(rating(kind, None, Said::default()), None);
        assert_eq!(rating(standard(CCS).unwrap(), None, Said::default()), None);
        let half = Said { watts: Some(25_000), ..Said::default() };
        assert_eq!(rating(standard(CCS).unwrap(), Some(50_000), half).unwrap().watts, 25_000);
    }
}
