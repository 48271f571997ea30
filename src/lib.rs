//! chargewatch watches an EV charging network over OCPP.

pub mod app;
pub mod config;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod observe;
pub mod ocpp;
pub mod ocppj;
pub mod sim;
pub mod store;
