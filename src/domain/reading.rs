//! Meter readings: what was measured, where on the wiring, in which circumstance, as sent and normalised.

use std::sync::Arc;

use super::energy::Milli;
use super::time::ChargerTime;

/// What kind of value a reading is. Everything but the outlet, the time and the value itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadingKind {
    /// What was measured, e.g. `Energy.Active.Import.Register`; an unknown word as sent.
    pub measurand: Word,
    /// `L1`, `L1-N`, …; empty for the total or all phases.
    pub phase: Word,
    /// `Outlet` unless said otherwise.
    pub location: Word,
    /// `Sample.Periodic` unless said otherwise.
    pub context: Word,
    /// The unit as sent, or the default of the measurand.
    pub unit: Word,
}

/// A word of a protocol's vocabulary: known ones cost nothing, unknown ones are kept as sent.
#[derive(Clone, Debug)]
pub enum Word {
    /// A word of the specification, in its spelling.
    Known(&'static str),
    /// Any other.
    Other(Arc<str>),
}

impl Word {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(text) => text,
            Self::Other(text) => text,
        }
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Word {}

impl std::hash::Hash for Word {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// The measurands that the machines look at. All others are stored and shown, but move nothing.
pub mod measurand {
    /// Lifetime or per-session register of energy delivered to the vehicle.
    pub const ENERGY_REGISTER: &str = "Energy.Active.Import.Register";
    /// Energy delivered within the interval that ends at the reading.
    pub const ENERGY_INTERVAL: &str = "Energy.Active.Import.Interval";
    /// Power delivered now.
    pub const POWER: &str = "Power.Active.Import";
    /// Power that the charger offers.
    pub const POWER_OFFERED: &str = "Power.Offered";
    /// Current offered to the vehicle.
    pub const CURRENT_OFFERED: &str = "Current.Offered";
    /// Current delivered now.
    pub const CURRENT: &str = "Current.Import";
    /// Voltage now.
    pub const VOLTAGE: &str = "Voltage";
    /// State of charge of the vehicle.
    pub const SOC: &str = "SoC";
}

/// Why a reading is to be looked at with care. Bits of one small number in the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// The unit does not belong to the measurand; the value is kept as sent.
    pub const UNIT_MISMATCH: Self = Self(1);
    /// It does not fit the readings before it and moved no energy.
    pub const IMPLAUSIBLE: Self = Self(2);
    /// Its time is ours, because the charger's was absent or unbelievable.
    pub const OUR_TIME: Self = Self(4);
    /// It arrived after its session had ended.
    pub const LATE: Self = Self(8);
    /// It is a signed record or another text; there is no number.
    pub const TEXT_ONLY: Self = Self(16);
    /// Its text is the signed record that came with the number (2.x), without whom it names where that is so decided.
    pub const SIGNED: Self = Self(32);

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// One sampled value as the charger reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, on the charger's clock.
    pub at: ChargerTime,
    /// What.
    pub kind: ReadingKind,
    /// The value in the measurand's base unit (Wh, W, A, V, %, °C, Hz), in thousandths; `None` when it is no number.
    pub value: Option<Milli>,
    /// The text as sent, where the number does not say it all (finer than thousandths, signed data, no number).
    pub text: Option<Box<str>>,
    /// What is odd about it.
    pub flags: Flags,
}

impl Sample {
    /// The number, when this is a usable value of `measurand` without a phase, at the outlet.
    pub fn total_of(&self, measurand: &str) -> Option<Milli> {
        let usable = self.kind.measurand.as_str() == measurand
            && self.kind.phase.as_str().is_empty()
            && self.kind.location.as_str() == "Outlet"
            && !self.flags.has(Flags::UNIT_MISMATCH);
        if usable { self.value } else { None }
    }
}
