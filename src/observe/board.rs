//! The live picture of the network: what each charger and connector is doing now, for metrics and lists.

/// The live picture.
#[derive(Debug, Default)]
pub struct Board {}
