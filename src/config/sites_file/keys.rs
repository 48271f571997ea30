//! What can be said in the registry: keys in TOML, columns in CSV.

pub(super) use crate::config::rows::nearest;

/// What a key is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Site,
    Charger,
    Evse,
    Tariff,
    Element,
}

/// A key.
pub(super) struct Key {
    pub(super) of: Of,
    /// Its name in TOML.
    pub(super) name: &'static str,
    /// Its column in CSV; empty: it is not for CSV.
    pub(super) column: &'static str,
    /// Whether it holds a list: an array in TOML, parts between semicolons in CSV.
    pub(super) list: bool,
}

const fn key(of: Of, name: &'static str, column: &'static str) -> Key {
    Key { of, name, column, list: false }
}

const fn list(of: Of, name: &'static str, column: &'static str) -> Key {
    Key { of, name, column, list: true }
}

/// Every key, in the order of the columns.
pub(super) const KEYS: &[Key] = &[
    key(Of::Charger, "id", "charger_id"),
    key(Of::Charger, "name", "charger_name"),
    key(Of::Site, "id", "site_id"),
    key(Of::Site, "name", "site_name"),
    key(Of::Site, "type", "site_type"),
    key(Of::Site, "latitude", "latitude"),
    key(Of::Site, "longitude", "longitude"),
    key(Of::Site, "lsoa_code", "lsoa_code"),
    key(Of::Site, "imd_decile", "imd_decile"),
    key(Of::Site, "opening_hours", "opening_hours"),
    key(Of::Site, "time_zone", "time_zone"),
    key(Of::Site, "address", "address"),
    key(Of::Site, "city", "city"),
    key(Of::Site, "postcode", "postcode"),
    key(Of::Site, "country_code", "country_code"),
    key(Of::Site, "party_id", "party_id"),
    key(Of::Site, "operator", "operator"),
    key(Of::Site, "operator_website", "operator_website"),
    key(Of::Site, "helpline", "helpline"),
    key(Of::Site, "parking_type", "parking_type"),
    key(Of::Site, "publish", "publish"),
    key(Of::Charger, "commissioned_on", "commissioned_on"),
    key(Of::Charger, "removed_on", "removed_on"),
    key(Of::Evse, "id", "evse_id"),
    list(Of::Evse, "connectors", "connector_ids"),
    list(Of::Evse, "connector_types", "connector_types"),
    list(Of::Evse, "connector_formats", "connector_formats"),
    list(Of::Evse, "power_types", "power_types"),
    list(Of::Evse, "max_voltages", "max_voltages"),
    list(Of::Evse, "max_amperages", "max_amperages"),
    list(Of::Evse, "max_powers_kw", "max_powers_kw"),
    key(Of::Evse, "rated_kw", "rated_kw"),
    list(Of::Evse, "tariff_ids", "tariff_ids"),
    list(Of::Evse, "capabilities", "capabilities"),
    key(Of::Evse, "pas_1899", "pas_1899"),
    key(Of::Evse, "uid", "evse_uid"),
    key(Of::Evse, "public_id", "public_id"),
    key(Of::Charger, "simulated", "simulated"),
    key(Of::Tariff, "id", ""),
    key(Of::Tariff, "currency", ""),
    key(Of::Tariff, "text", ""),
    key(Of::Tariff, "url", ""),
    key(Of::Element, "energy", ""),
    key(Of::Element, "flat", ""),
    key(Of::Element, "time", ""),
    key(Of::Element, "parking_time", ""),
    key(Of::Element, "vat", ""),
    key(Of::Element, "start_time", ""),
    key(Of::Element, "end_time", ""),
    key(Of::Element, "days", ""),
];

/// The keys that something has in TOML.
pub(super) fn keys_of(of: Of) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.of == of)
}

/// The key of a column.
pub(super) fn of_column(column: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| !key.column.is_empty() && key.column == column)
}
