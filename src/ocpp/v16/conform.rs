//! The measure of conformance: a payload in which the tolerant reader saw nothing odd is also parsed by rust-ocpp's
//! strict types. What those refuse is a deviation that no rule of ours knows yet.

use serde::de::DeserializeOwned;

/// Refusals that are the strict types' own fault: the payload conforms to the official JSON schema.
/// Each is the beginning or end of an error text, and why it is no deviation.
const NOT_THE_CHARGER: [(&str, &str); 2] = [
    ("unknown variant `Hertz`", "the schema has the unit Hertz, the types do not"),
    (", expected i32", "the schema sets no limit to an integer, and registers do pass 2³¹"),
];

/// Parses strictly; the error's text when that fails by the charger's fault.
pub(super) fn refusal<T: DeserializeOwned>(payload: &str) -> Option<String> {
    let error = serde_json::from_str::<T>(payload).err()?.to_string();
    if NOT_THE_CHARGER.iter().any(|(text, _)| error.contains(text)) {
        return None;
    }
    // Only the kind of error: what the error quotes may be anything, also a token.
    let kind = error.split(" at line ").next().unwrap_or_default();
    let shown =
        if kind.starts_with("missing field") { kind } else { kind.split(['`', '"']).next().unwrap_or_default() };
    Some(shown.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_ocpp::v1_6::messages::meter_values::MeterValuesRequest;

    fn with_unit(unit: &str) -> String {
        format!(
            r#"{{"connectorId":1,"meterValue":[{{"timestamp":"2025-03-01T12:00:00Z","sampledValue":[{{"value":"50","unit":"{unit}"}}]}}]}}"#
        )
    }

    #[test]
    fn a_defect_of_the_types_is_not_counted_against_the_charger() {
        assert_eq!(refusal::<MeterValuesRequest>(&with_unit("Wh")), None);
        assert_eq!(refusal::<MeterValuesRequest>(&with_unit("Hertz")), None);
    }

    #[test]
    fn a_refusal_tells_its_kind_and_quotes_nothing() {
        assert_eq!(refusal::<MeterValuesRequest>(&with_unit("04AABBCC")).as_deref(), Some("unknown variant"));
        assert_eq!(refusal::<MeterValuesRequest>("{}").as_deref(), Some("missing field `connectorId`"));
    }
}
