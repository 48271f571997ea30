//! The side that people and monitors read.
