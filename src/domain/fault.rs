//! Faults in one vocabulary for all makers: the minimum required error codes (MREC) of the ChargeX consortium, which the
//! error codes of OCPP 1.6 join by name.

use Responsibility::{Equipment, Network, Site, Vandalism, Vehicle};

/// Who has to act on a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Responsibility {
    /// The vehicle or how it was plugged in.
    Vehicle,
    /// The site's supply.
    Site,
    /// The link to the charger.
    Network,
    /// Somebody broke it.
    Vandalism,
    /// The charger.
    Equipment,
}

/// A class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultClass {
    /// Its name, as the consortium and OCPP 1.6 write it.
    pub name: &'static str,
    /// Its code, where the consortium has one.
    pub code: Option<&'static str>,
    /// Who has to act.
    pub responsibility: Responsibility,
}

impl Responsibility {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Site => "site",
            Self::Network => "network",
            Self::Vandalism => "vandalism",
            Self::Equipment => "equipment",
        }
    }
}

const fn mrec(code: &'static str, name: &'static str, responsibility: Responsibility) -> FaultClass {
    FaultClass { name, code: Some(code), responsibility }
}

const fn ocpp(name: &'static str) -> FaultClass {
    FaultClass { name, code: None, responsibility: Equipment }
}

/// A fault of which nothing is known but that it is one. Their share is a figure of data quality.
pub const UNCLASSIFIED: FaultClass = ocpp("unclassified");

/// Every class: the consortium's, then those that only OCPP 1.6 has.
pub const CLASSES: &[FaultClass] = &[
    mrec("CX001", "ConnectorLockFailure", Equipment),
    mrec("CX002", "GroundFailure", Equipment),
    mrec("CX003", "HighTemperature", Equipment),
    mrec("CX004", "OverCurrentFailure", Equipment),
    mrec("CX005", "OverVoltage", Site),
    mrec("CX006", "UnderVoltage", Site),
    mrec("CX007", "WeakSignal", Network),
    mrec("CX008", "EmergencyStop", Equipment),
    mrec("CX009", "AuthorizationTimeout", Equipment),
    mrec("CX010", "InvalidVehicleMode", Vehicle),
    mrec("CX011", "CableCheckFault", Equipment),
    mrec("CX012", "PreChargeFailure", Equipment),
    mrec("CX013", "NoInternet", Network),
    mrec("CX014", "PilotFault", Equipment),
    mrec("CX015", "PowerLoss", Site),
    mrec("CX016", "EVContactorFault", Vehicle),
    mrec("CX017", "EVSEContactorFault", Equipment),
    mrec("CX018", "CableOverTempDerate", Equipment),
    mrec("CX019", "CableOverTempStop", Equipment),
    mrec("CX020", "PartialInsertion", Vehicle),
    mrec("CX021", "CapacitanceFault", Equipment),
    mrec("CX022", "ResistanceFault", Equipment),
    mrec("CX023", "ProximityFault", Equipment),
    mrec("CX024", "ConnectorVoltageHigh", Equipment),
    mrec("CX025", "BrokenLatch", Vandalism),
    mrec("CX026", "CutCable", Vandalism),
    FaultClass { name: "EVCommunicationError", code: None, responsibility: Vehicle },
    ocpp("InternalError"),
    ocpp("LocalListConflict"),
    ocpp("PowerMeterFailure"),
    ocpp("PowerSwitchFailure"),
    ocpp("ReaderFailure"),
    ocpp("ResetFailure"),
    UNCLASSIFIED,
];

/// The class of a fault: by the consortium's code where the vendor's code is one, else by the error code of OCPP.
pub fn classify(error: Option<&str>, vendor_error: Option<&str>) -> FaultClass {
    let by_code = vendor_error.and_then(code_in).and_then(|code| class_where(|class| class.code == Some(code)));
    let by_name = || error.and_then(|error| class_where(|class| class.name.eq_ignore_ascii_case(error.trim())));
    by_code.or_else(by_name).unwrap_or(UNCLASSIFIED)
}

fn class_where(fits: impl Fn(&FaultClass) -> bool) -> Option<FaultClass> {
    CLASSES.iter().find(|class| fits(class)).copied()
}

/// A code of the form `CX0nn` at the start of the text.
fn code_in(text: &str) -> Option<&'static str> {
    let start = text.trim().get(..5)?;
    CLASSES.iter().filter_map(|class| class.code).find(|code| code.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_classified_by_the_vendors_code_then_by_the_error() {
        let class = |error, vendor| classify(error, vendor).name;
        assert_eq!(class(Some("OtherError"), Some("CX026")), "CutCable");
        assert_eq!(class(Some("OtherError"), Some(" cx025: latch")), "BrokenLatch");
        assert_eq!(class(Some("groundfailure"), Some("0x17")), "GroundFailure");
        assert_eq!(class(Some("ReaderFailure"), None), "ReaderFailure");
        assert_eq!(class(Some("OtherError"), Some("CX999")), "unclassified");
        assert_eq!(class(Some("OtherError"), Some("é€é€é")), "unclassified");
        assert_eq!(class(None, None), "unclassified");
    }

    #[test]
    fn every_class_has_a_name_and_a_code_of_its_own() {
        let names: std::collections::BTreeSet<_> = CLASSES.iter().map(|class| class.name).collect();
        let codes: std::collections::BTreeSet<_> = CLASSES.iter().filter_map(|class| class.code).collect();
        assert_eq!((names.len(), codes.len()), (CLASSES.len(), 26));
    }
}
