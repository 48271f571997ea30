//! Shapes of the messages and types of OCPP 2.0.1 (edition 3) and 2.1 (edition 1) whose parts nobody here needs: keys,
//! kinds, lengths and words as the JSON schemas of the two versions have them, in one table with the differences marked.

mod charging;
mod common;
mod grid;
mod messages;
mod price;
mod words;

pub(super) use common::{
    ADDITIONAL_INFO, CERTIFICATE_HASH_DATA, OCSP_REQUEST_DATA, SIGNED_METER_VALUE, STATUS_INFO, TRANSACTION_LIMIT,
};
pub(in crate::ocpp) use messages::*;
pub(super) use price::COST_DETAILS;
