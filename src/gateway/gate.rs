//! Who may come in and who may charge, as people decided: credentials, decisions about unknown chargers, revoked
//! certificates, the list of driver tokens. Held in memory, read at the start and again whenever the desk's edition has risen.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::time::{MissedTickBehavior, interval};

use super::credentials::{Credentials, Seals, Shown, Verdict};
use super::{Context, Lease};
use crate::domain::driver::{Standing, TokenStatus};
use crate::domain::ids::ChargerId;
use crate::domain::time::At;
use crate::domain::token::TokenHash;
use crate::observe::events::gate::{DeskUnread, GateSeen};
use crate::store::desk::admissions::Decision;
use crate::store::desk::{Desk, DeskError};
use crate::tls::Revoked;

/// How often the desk's edition is looked at: by so much a decision may be late.
const LOOK: Duration = Duration::from_secs(1);

/// Looks between two rounds over all chargers: whoever slipped in while a decision was made is found then.
const ROUND: u32 = 10;

/// Tokens that are read from the desk at a time.
const PAGE: usize = 10_000;

/// What people decided of chargers and drivers. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    credentials: Credentials,
    admissions: RwLock<Arc<HashMap<ChargerId, Decision>>>,
    drivers: RwLock<Arc<HashMap<TokenHash, Standing>>>,
    /// What a token gets that is not on the list.
    unknown_driver: TokenStatus,
    /// Certificates that were revoked; the handshakes look here.
    revoked: Revoked,
    /// The edition of the desk that was read.
    edition: AtomicI64,
}

impl Gate {
    /// Reads everything from the desk.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn open(desk: &Desk, seals: Seals, revoked: Revoked, unknown_driver: TokenStatus) -> Result<Self, DeskError> {
        let gate = Self(Arc::new(Inner {
            credentials: Credentials::new(seals),
            admissions: RwLock::default(),
            drivers: RwLock::default(),
            unknown_driver,
            revoked,
            edition: AtomicI64::new(-1),
        }));
        gate.follow(desk)?;
        Ok(gate)
    }

    /// Reads everything anew where something was decided since. Says whether it was.
    fn follow(&self, desk: &Desk) -> Result<bool, DeskError> {
        let edition = desk.edition()?;
        if self.0.edition.load(Ordering::Relaxed) == edition {
            return Ok(false);
        }
        self.0.credentials.replace(desk.credentials(None, usize::MAX)?);
        self.0.revoked.replace(desk.revoked_certificates()?.into_iter().collect());
        let admissions = desk.admissions()?.into_iter().map(|one| (one.charger, one.decision)).collect();
        *self.0.admissions.write() = Arc::new(admissions);
        let mut drivers = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = desk.driver_tokens(after.as_deref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.listed.token.as_str().to_owned());
            drivers.extend(page.into_iter().map(|view| (view.listed.token, view.listed.standing)));
        }
        *self.0.drivers.write() = Arc::new(drivers);
        self.0.edition.store(edition, Ordering::Relaxed);
        Ok(true)
    }

    /// What was decided of a charger, if anything.
    pub fn decided(&self, charger: &ChargerId) -> Option<Decision> {
        self.0.admissions.read().get(charger).copied()
    }

    /// How a token stands. `None` when nothing speaks against it: then it is accepted. What stands for nobody is no token.
    pub(super) fn driver(&self, token: &TokenHash) -> Option<Standing> {
        let listed = self.0.drivers.read().get(token).cloned();
        let others = self.0.unknown_driver != TokenStatus::Accepted && token.is_somebody();
        listed.or_else(|| others.then(|| Standing::only(self.0.unknown_driver)))
    }

    /// Judges what a charger shows.
    pub(super) async fn check(&self, shown: &Shown<'_>, now: At) -> Verdict {
        self.0.credentials.check(shown, now).await
    }

    /// Whether a charger's credential was revoked.
    pub(super) fn is_revoked(&self, charger: &ChargerId) -> bool {
        self.0.credentials.is_revoked(charger)
    }

    /// Whether a charger may not be connected: its credential was revoked, or an operator refused it.
    fn shuts_out(&self, charger: &ChargerId) -> bool {
        self.decided(charger) == Some(Decision::Refused) || self.is_revoked(charger)
    }
}

/// Follows the desk until told to stop: new decisions count, chargers that are shut out are sent away.
pub(super) async fn watch(context: Arc<Context>, mut lease: Lease) {
    let mut looks = 0;
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = lease.stopped() => return,
            _ = tick.tick() => {}
        }
        let (gate, observer) = (context.gate.clone(), context.observer.clone());
        let follow = move |desk: &Desk| {
            let changed = gate.follow(desk)?;
            if changed {
                observer.board.exemptions.replace(desk.exemptions_to_come()?);
            }
            Ok(changed)
        };
        let changed = context.desk.with(follow).await.unwrap_or_else(|error| {
            context.observer.tell(DeskUnread { reason: &error.to_string() });
            false
        });
        looks = if changed { 0 } else { looks + 1 };
        if looks % ROUND == 0 {
            go_round(&context);
        }
    }
}

/// Sends away who may not be connected, and counts who is held and who has to wait.
fn go_round(context: &Context) {
    let mut held = 0;
    for (charger, certificate) in context.connections.chargers() {
        let revoked = certificate.is_some_and(|shown| context.gate.0.revoked.has(&shown));
        if revoked || context.gate.shuts_out(&charger) {
            context.connections.dismiss(&charger);
        }
        held += usize::from(context.holds(&charger));
    }
    let (chargers, addresses) = context.gate.0.credentials.failures.waiting(Instant::now());
    context.observer.tell(GateSeen { held, chargers_waiting: chargers, addresses_waiting: addresses });
}
