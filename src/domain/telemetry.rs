//! What telemetry calls a reading: a measure, with a short name that carries its unit. Names are bounded: a word that the
//! specification does not know has none, and stays in the ledger alone.
//!
//! Also how far a register rose between two of its readings, for telemetry that knows no sessions.

use std::fmt;
use std::sync::LazyLock;

use super::energy::Milli;
use super::reading::{Flags, ReadingKind};
use super::time::At;

/// What is measured: measurand, phase and place on the wiring, as one small number that the ledger keeps
/// (hundreds: measurand, tens: phase, ones: location).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(u16);

/// Measurand of OCPP, name, unit (and so the end of the name). The number of a row stands in ledgers: only append.
const MEASURANDS: [(&str, &str, &str); 22] = [
    ("Energy.Active.Import.Register", "energy", "wh"),
    ("Power.Active.Import", "power", "w"),
    ("Power.Offered", "power_offered", "w"),
    ("Current.Import", "current", "a"),
    ("Voltage", "voltage", "v"),
    ("SoC", "soc", "percent"),
    ("Temperature", "temperature", "c"),
    ("Frequency", "frequency", "hz"),
    ("Current.Offered", "current_offered", "a"),
    ("Current.Export", "current_export", "a"),
    ("Energy.Active.Import.Interval", "energy_interval", "wh"),
    ("Energy.Active.Export.Register", "energy_export", "wh"),
    ("Energy.Active.Export.Interval", "energy_export_interval", "wh"),
    ("Power.Active.Export", "power_export", "w"),
    ("Power.Factor", "power_factor", ""),
    ("Power.Reactive.Import", "power_reactive", "var"),
    ("Power.Reactive.Export", "power_reactive_export", "var"),
    ("Energy.Reactive.Import.Register", "energy_reactive", "varh"),
    ("Energy.Reactive.Import.Interval", "energy_reactive_interval", "varh"),
    ("Energy.Reactive.Export.Register", "energy_reactive_export", "varh"),
    ("Energy.Reactive.Export.Interval", "energy_reactive_export_interval", "varh"),
    ("RPM", "rotation", "rpm"),
];

/// Phases of OCPP and their part of the name; `L1` and `L1-N` are the same line.
const PHASES: [(&str, &str); 11] = [
    ("", ""),
    ("L1", "l1"),
    ("L2", "l2"),
    ("L3", "l3"),
    ("N", "n"),
    ("L1-L2", "l1_l2"),
    ("L2-L3", "l2_l3"),
    ("L3-L1", "l3_l1"),
    ("L1-N", "l1"),
    ("L2-N", "l2"),
    ("L3-N", "l3"),
];

/// Locations of OCPP and their part of the name.
const LOCATIONS: [(&str, &str); 5] =
    [("Outlet", ""), ("Inlet", "inlet"), ("Body", "body"), ("Cable", "cable"), ("EV", "ev")];

/// Up to this row of [`MEASURANDS`] a measure is rolled up.
const LAST_ROLLED: u16 = 8;

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..=(MEASURANDS.len() as u16) * 100 + 99).map(|code| name(Measure(code))).collect());

impl Measure {
    /// Energy register of the outlet.
    pub const ENERGY: Self = Self(100);
    /// Power delivered at the outlet.
    pub const POWER: Self = Self(200);

    /// The measure of a usable reading. `None` for words that the specification does not know, for text, for a unit that
    /// is none of the measurand, and for a reading that was not believed.
    pub fn of(kind: &ReadingKind, flags: Flags) -> Option<Self> {
        let unusable = [Flags::UNIT_MISMATCH, Flags::IMPLAUSIBLE, Flags::TEXT_ONLY];
        if unusable.into_iter().any(|flag| flags.has(flag)) {
            return None;
        }
        let measurand = MEASURANDS.iter().position(|row| row.0 == kind.measurand.as_str())?;
        let phase = PHASES.iter().position(|row| row.0 == kind.phase.as_str())?;
        let location = LOCATIONS.iter().position(|row| row.0 == kind.location.as_str())?;
        let line = if phase > 7 { phase - 7 } else { phase };
        u16::try_from((measurand + 1) * 100 + line * 10 + location).ok().map(Self)
    }

    /// The measure of a number in the ledger, if it is one.
    pub fn from_code(code: i64) -> Option<Self> {
        let measure = Self(u16::try_from(code).ok()?);
        (!measure.name().is_empty()).then_some(measure)
    }

    /// The measure of a name, if it is one.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = NAMES.iter().position(|known| !known.is_empty() && known == name)?;
        u16::try_from(found).ok().map(Self)
    }

    /// The number in the ledger.
    pub const fn code(self) -> i64 {
        self.0 as i64
    }

    /// The name: `energy_wh`, `current_l1_a`, `temperature_body_c` …
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).map_or("", String::as_str)
    }

    /// Whether its values are energy in watt-hours (also reactive): exact integers everywhere.
    pub fn is_energy(self) -> bool {
        self.name().ends_with("wh") || self.name().ends_with("varh")
    }

    /// Whether values of several connectors add up (power, current) or not (voltage, temperature).
    pub const fn adds_up(self) -> bool {
        matches!(self.0 / 100, 1..=4 | 9..=14 | 16..=21)
    }

    /// Whether it is rolled up: energy, power, offered power, current, voltage, state of charge, temperature and
    /// frequency at the outlet; of energy only the total.
    pub const fn is_rolled_up(self) -> bool {
        self.0 / 100 <= LAST_ROLLED && self.0.is_multiple_of(10) && (self.0 / 100 != 1 || self.0 == Self::ENERGY.0)
    }

    /// Every measure that is rolled up.
    pub fn rolled_up() -> impl Iterator<Item = Self> {
        (100..(LAST_ROLLED + 1) * 100).map(Self).filter(|measure| measure.is_rolled_up() && !measure.name().is_empty())
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn name(measure: Measure) -> String {
    let (measurand, line, location) = (measure.0 / 100, measure.0 / 10 % 10, measure.0 % 10);
    let row = usize::from(measurand).checked_sub(1).and_then(|row| MEASURANDS.get(row));
    let phase = PHASES.get(usize::from(line)).filter(|_| line < 8);
    let (Some(row), Some(phase), Some(location)) = (row, phase, LOCATIONS.get(usize::from(location))) else {
        return String::new();
    };
    [row.1, phase.1, location.1, row.2].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// Power that no charger exceeds: 1 MW. Telemetry knows no rated powers.
const STRONGEST_W: i128 = 1_000_000;

/// A fall of a register smaller than this is noise: 10 Wh.
const NOISE: i64 = 10_000;

/// A register that falls to less than this has been reset: 1 kWh.
const NEARLY_ZERO: i64 = 1_000_000;

/// Where 32-bit registers of watt-hours roll over.
const ROLLOVER: i64 = 4_294_967_296_000;

/// How far a register rose from one reading to the next, in thousandths of a watt-hour; 0 where the step cannot be
/// believed. The same rules as for a session's energy, with the strongest charger there is.
pub fn increase(from: (At, Milli), to: (At, Milli)) -> Milli {
    let millis = i128::from(to.0.millis_since(from.0).max(0));
    let most = i64::try_from(STRONGEST_W * millis * 11 / 10 / 3600).unwrap_or(i64::MAX).saturating_add(50_000);
    let rise = to.1.0.saturating_sub(from.1.0);
    let rolled = rise.saturating_add(ROLLOVER);
    let believed = if rise >= 0 {
        Some(rise)
    } else if rise > -NOISE {
        Some(0)
    } else if from.1.0 > ROLLOVER / 2 && rolled >= 0 && rolled <= most {
        Some(rolled)
    } else {
        Some(to.1.0).filter(|value| (0..NEARLY_ZERO).contains(value))
    };
    Milli(believed.filter(|energy| *energy <= most).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::Word;

    fn measure(measurand: &'static str, phase: &'static str, location: &'static str) -> Option<Measure> {
        let word = Word::Known;
        let kind = ReadingKind {
            measurand: word(measurand),
            phase: word(phase),
            location: word(location),
            context: word("Sample.Periodic"),
            unit: word(""),
        };
        Measure::of(&kind, Flags::default())
    }

    #[test]
    fn a_reading_has_the_name_of_its_measure_and_the_way_back() {
        for (measurand, phase, location, name) in [
            ("Energy.Active.Import.Register", "", "Outlet", "energy_wh"),
            ("Current.Import", "L1", "Outlet", "current_l1_a"),
            ("Voltage", "L3-N", "Outlet", "voltage_l3_v"),
            ("Voltage", "L3-L1", "Outlet", "voltage_l3_l1_v"),
            ("Temperature", "", "Body", "temperature_body_c"),
            ("Power.Factor", "", "Outlet", "power_factor"),
        ] {
            let found = measure(measurand, phase, location).unwrap();
            assert_eq!(found.name(), name);
            assert_eq!(Measure::from_name(name), Some(found));
            assert_eq!(Measure::from_code(found.code()), Some(found));
        }
        assert_eq!(measure("Vendor.Odd", "", "Outlet"), None);
        assert_eq!(measure("Voltage", "L9", "Outlet"), None);
        assert_eq!((Measure::from_code(7), Measure::from_name("")), (None, None));
        assert!(Measure::rolled_up().all(Measure::is_rolled_up) && Measure::rolled_up().count() > 20);
    }

    #[test]
    fn a_register_rises_falls_by_noise_is_reset_and_rolls_over() {
        let hour = At::from_millis(3_600_000);
        let rise = |from: i64, to: i64| increase((At::from_millis(0), Milli(from)), (hour, Milli(to))).0;
        assert_eq!(rise(1_000, 51_000), 50_000);
        assert_eq!(rise(51_000, 50_000), 0);
        assert_eq!(rise(9_000_000, 700_000), 700_000);
        assert_eq!(rise(9_000_000, 7_000_000), 0);
        assert_eq!(rise(4_294_967_000_000, 700_000), 996_000);
        // More than a megawatt can give in an hour is another scale, not energy.
        assert_eq!(rise(20_000_000, 12_000_000_000), 0);
    }
}
