//! Tests of reading and answering.
