//! What every store backend must pass.
