//! Events of chargers, connectors and sessions, once they are durable.

use tracing::{debug, info, warn};

use crate::domain::ids::ChargerId;
use crate::domain::reading::Word;
use crate::domain::record::{ConnectorNow, Effect, SessionEvent, SessionRow};
use crate::domain::status::ConnectorStatus;
use crate::domain::time::At;
use crate::observe::{Emit, Observer};

/// A clock that is further off than this is worth a warning: 1 minute.
const SKEW_WARNING_MS: i64 = 60_000;

/// What a committed turn meant.
pub struct Told<'a> {
    /// At which charger.
    pub charger: &'a ChargerId,
    /// What happened.
    pub effects: &'a [Effect],
    /// When, on our clock.
    pub at: At,
}

impl Emit for Told<'_> {
    fn emit(self, observer: &Observer) {
        observer.board.apply(self.charger, self.effects);
        let charger = self.charger.as_str();
        for effect in self.effects {
            match effect {
                Effect::Booted(boot) => {
                    let (vendor, model, firmware) =
                        (boot.vendor.as_deref(), boot.model.as_deref(), boot.firmware.as_deref());
                    info!(charger, vendor, model, firmware, "charger booted");
                }
                Effect::Status(now) => status(charger, now),
                Effect::Session { what, row, .. } => session(charger, *what, row),
                Effect::Skew(offset) if offset.abs() >= SKEW_WARNING_MS => {
                    warn!(charger, ahead_ms = offset, "the charger's clock is off");
                }
                Effect::Security(kind) => {
                    observer.metrics.security_event(*kind).inc();
                    info!(charger, event = kind.name, critical = kind.critical, "security event");
                }
                Effect::Gone(outlet) => {
                    let (evse, connector) = (outlet.evse, outlet.connector);
                    info!(charger, evse, connector, "the charger numbers its connectors in another way now");
                }
                Effect::Implausible(outlet) => {
                    let (evse, connector) = (outlet.evse, outlet.connector);
                    warn!(charger, evse, connector, "a reading of the energy register cannot be");
                }
                Effect::Skew(_) | Effect::Live { .. } => {}
            }
        }
    }
}

fn status(charger: &str, now: &ConnectorNow) {
    let (connector, status, error) = (now.outlet.connector, now.status.as_str(), now.error.as_ref().map(Word::as_str));
    if now.status == ConnectorStatus::Faulted {
        warn!(charger, connector, error, vendor_error = now.vendor_error.as_deref(), "connector faulted");
    } else {
        debug!(charger, connector, status, "connector status");
    }
}

fn session(charger: &str, what: SessionEvent, row: &SessionRow) {
    let (session, connector) = (row.id.0, row.outlet.connector);
    let energy_wh = row.energy.map(|energy| energy.to_string());
    match what {
        SessionEvent::Began => info!(charger, connector, session, "session began"),
        SessionEvent::Progressed => debug!(charger, connector, session, energy_wh, "session goes on"),
        SessionEvent::Ended => info!(charger, connector, session, energy_wh, "session ended"),
        SessionEvent::EndedWithoutStop => warn!(charger, connector, session, energy_wh, "session ended without a stop"),
        SessionEvent::Revised => info!(charger, connector, session, energy_wh, "session revised"),
    }
}
