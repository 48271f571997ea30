//! chargewatch watches an EV charging network over OCPP.

pub mod sim;
