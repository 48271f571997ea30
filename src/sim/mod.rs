//! The simulated charger and fleet: an independent witness with its own JSON and its own true meter.
//!
//! It names no other module of the crate, so that nothing it reports can be wrong in the same way as the server. The core is told
//! the time and says what to do ([`Charger`], [`Fleet`]); drivers carry that out over sockets ([`simulate`]) or, in a test, by hand.
//! What truly happened comes out as [`Truth`].
//!
//! Everything is marked as simulated: ids begin with `SIM-`, models with `SIM `, registry rows say `true`, and the truth's header
//! says so. Sites are real places in Milton Keynes; kit, makers, drivers and tokens are invented. By design repairs take 1.3 times
//! as long in the two most deprived tenths of England, so that an equity figure has something true to find.
//!
//! | To change | Touch |
//! |---|---|
//! | a maker's habit | `behaviour/<name>.rs` |
//! | how often and how long people charge | `priors.rs`, `car.rs` |
//! | what stands where | `places.rs`, `fleet.rs` |
//! | how things go wrong | `charger/trouble.rs` |
//! | how frames are written | `dialect/`, `charger/writing/` |
//! | what the server may ask | `charger/commands/` |
//! | what chargers show when they connect | `papers.rs` |

pub mod behaviour;
pub mod charger;
pub mod fleet;
pub mod places;
pub mod truth;

mod agenda;
mod calendar;
mod car;
mod clock;
mod dialect;
mod meter;
mod papers;
mod priors;
mod progress;
mod refusal;
mod registry;
mod run;
mod socket;
mod url;
mod words;

#[cfg(test)]
mod tests;

pub use behaviour::Protocol;
pub use charger::{Action, Charger};
pub use clock::Clock;
pub use fleet::{Fleet, FleetPlan, SPOKEN};
pub use papers::{BadPapers, Credentials};
pub use priors::Demand;
pub use progress::Progress;
pub use registry::registry_csv;
pub use run::{SimError, SimulateOptions, simulate};
pub use truth::Truth;
