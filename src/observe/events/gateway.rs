//! Events of connections, handshakes, frames.
