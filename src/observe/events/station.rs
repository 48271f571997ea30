//! Events of chargers, connectors and sessions, once durable.
