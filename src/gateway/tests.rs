//! Tests of the charger side.
