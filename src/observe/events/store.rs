//! Events of the ledger.
