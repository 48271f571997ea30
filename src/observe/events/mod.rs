//! Named events, one file per area.

pub mod calls;
pub mod gate;
pub mod gateway;
pub mod http;
pub mod intensity;
pub mod signing;
pub mod sink;
pub mod station;
pub mod store;
pub mod tls;
