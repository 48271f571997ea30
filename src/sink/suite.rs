//! Here.
