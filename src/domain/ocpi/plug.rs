//! Kinds of connectors: the words of OCPI 2.2.1, what people write for them, and what goes without saying.

/// Whether it carries alternating or direct current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Current {
    /// Alternating.
    Alternating,
    /// Direct.
    Direct,
}

/// A kind of connector.
#[derive(Debug, PartialEq, Eq)]
pub struct Standard {
    /// OCPI `ConnectorType`.
    pub word: &'static str,
    /// What people write for it.
    pub also: &'static [&'static str],
    /// What it carries.
    pub current: Current,
    /// Whether a cable hangs at the charger where the registry does not say.
    pub cable: bool,
}

const fn socket(word: &'static str, also: &'static [&'static str]) -> Standard {
    Standard { word, also, current: Current::Alternating, cable: false }
}

const fn cable(word: &'static str, also: &'static [&'static str], current: Current) -> Standard {
    Standard { word, also, current, cable: true }
}

/// The plug of type 2, which nearly every post in Europe has.
pub const TYPE_2: &str = "IEC_62196_T2";
/// Combined charging system on the plug of type 2.
pub const CCS: &str = "IEC_62196_T2_COMBO";
/// `CHAdeMO`.
pub const CHADEMO: &str = "CHADEMO";
/// The French household socket (type E), "EF" in French data.
pub const TYPE_E: &str = "DOMESTIC_E";

/// Every kind, the usual ones first.
pub const STANDARDS: &[Standard] = &[
    socket(TYPE_2, &["Type2", "Type 2", "Mennekes"]),
    cable(CCS, &["CCS", "CCS2", "Combo"], Current::Direct),
    cable(CHADEMO, &["CHAdeMO"], Current::Direct),
    socket("DOMESTIC_G", &["3-pin", "BS1363"]),
    cable("IEC_62196_T1", &["Type1", "Type 1", "J1772"], Current::Alternating),
    cable("IEC_62196_T1_COMBO", &["CCS1"], Current::Direct),
    socket("IEC_62196_T3A", &["Type3A"]),
    socket("IEC_62196_T3C", &["Type3C"]),
    socket(TYPE_E, &["EF"]),
    socket("DOMESTIC_F", &["Schuko"]),
    socket("DOMESTIC_A", &[]),
    socket("DOMESTIC_B", &[]),
    socket("DOMESTIC_C", &[]),
    socket("DOMESTIC_D", &[]),
    socket("DOMESTIC_H", &[]),
    socket("DOMESTIC_I", &[]),
    socket("DOMESTIC_J", &[]),
    socket("DOMESTIC_K", &[]),
    socket("DOMESTIC_L", &[]),
    socket("IEC_60309_2_single_16", &[]),
    socket("IEC_60309_2_three_16", &[]),
    socket("IEC_60309_2_three_32", &[]),
    socket("IEC_60309_2_three_64", &[]),
    cable("TESLA_R", &[], Current::Direct),
    cable("TESLA_S", &[], Current::Direct),
    cable("CHAOJI", &[], Current::Direct),
    cable("GBT_AC", &[], Current::Alternating),
    cable("GBT_DC", &[], Current::Direct),
    cable("PANTOGRAPH_BOTTOM_UP", &[], Current::Direct),
    cable("PANTOGRAPH_TOP_DOWN", &[], Current::Direct),
];

/// The kind that a word means, in any case.
pub fn standard(word: &str) -> Option<&'static Standard> {
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    STANDARDS.iter().find(|standard| is(&standard.word) || standard.also.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_people_write_means_one_kind() {
        for (word, meant) in [("ccs", CCS), ("CHAdeMO", CHADEMO), ("Type 2", TYPE_2), ("iec_62196_t2", TYPE_2)] {
            assert_eq!(standard(word).map(|standard| standard.word), Some(meant));
        }
        assert_eq!(standard("USB"), None);
        let words: Vec<String> = STANDARDS
            .iter()
            .flat_map(|standard| std::iter::once(standard.word).chain(standard.also.iter().copied()))
            .map(str::to_ascii_uppercase)
            .collect();
        let twice = words.len() - words.iter().collect::<BTreeSet<_>>().len();
        assert_eq!(twice, 1, "only CHAdeMO is also written like its word");
    }
}
