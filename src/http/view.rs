//! What a caller sees. Handlers get nothing else: a [`View`] shows the caller's own sites alone, whatever a handler asks
//! for; [`Whole`] is the network as a whole, and a caller who is limited to sites is refused before the handler begins.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Api;
use super::auth::Caller;
use super::body::Body;
use super::error::Problem;
use super::seen::{Seen, SeenSeries};
use super::table::Resource;
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::exemption::Exemption;
use crate::domain::ids::ChargerId;
use crate::domain::people::Access;
use crate::domain::time::At;
use crate::gateway::Contested;
use crate::gateway::registry::Connected;
use crate::observe::board::ChargerLive;
use crate::observe::page::{self, Setting};
use crate::report::ReportError;
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::figures::Figures;

/// The state of the router; only a view opens it.
#[derive(Clone)]
pub(super) struct Door {
    api: Arc<Api>,
    streams: Arc<Semaphore>,
}

impl Door {
    pub(super) fn new(api: Arc<Api>) -> Self {
        Self { streams: Arc::new(Semaphore::new((api.settings.max_connections / 2).max(1))), api }
    }
}

/// The network as far as the caller sees it. Cheap to clone.
#[derive(Clone)]
pub(super) struct View {
    api: Arc<Api>,
    /// Places of answers that go on for long.
    streams: Arc<Semaphore>,
    caller: Caller,
}

impl View {
    /// Whether the caller may see what stands for a person: hashes of id tokens, and frames, which hold them.
    pub(super) fn shows_people(&self) -> bool {
        self.caller.may(Access::Operator)
    }

    /// Largest page.
    pub(super) fn max_page(&self) -> usize {
        self.api.settings.max_page
    }

    /// Our time.
    pub(super) fn now(&self) -> At {
        (self.api.clock)()
    }

    /// How long a charger may be unheard, in milliseconds.
    pub(super) fn grace_ms(&self) -> i64 {
        self.api.grace_ms
    }

    /// The registry.
    pub(super) fn sites(&self) -> Arc<Registry> {
        let all = self.api.sites.load();
        let Some(sites) = self.caller.sites() else { return all };
        let own = all.chargers.iter().filter(|(_, charger)| sites.contains(&charger.site.id));
        Arc::new(Registry {
            chargers: own.map(|(id, charger)| (id.clone(), charger.clone())).collect(),
            tariffs: all.tariffs.clone(),
            lsoas: all.lsoas.clone(),
            factors: all.factors.clone(),
            intensity: all.intensity.clone(),
            programme: all.programme.clone(),
        })
    }

    /// The live picture of a charger.
    pub(super) fn live(&self, charger: &ChargerId) -> Option<ChargerLive> {
        self.api.observer.board.get(charger).filter(|_| self.sees(charger))
    }

    /// The chargers of which something changed after a revision of the live picture (0: all that were met), and the revision
    /// to ask with the next time.
    pub(super) fn changed_since(&self, revision: u64) -> (u64, Vec<ChargerLive>) {
        let (newest, mut changed) = self.api.observer.board.changed_since(revision);
        changed.retain(|live| self.sees(&live.charger));
        (newest, changed)
    }

    /// What operators entered that is in force, by charger.
    pub(super) fn entries(&self, now: At) -> HashMap<ChargerId, Vec<Exemption>> {
        let mut entries = self.api.observer.board.exemptions.in_force(now);
        entries.retain(|charger, _| self.sees(charger));
        entries
    }

    /// Rises each time that the registry is read anew.
    pub(super) fn sites_edition(&self) -> u64 {
        self.api.sites.edition()
    }

    /// Whether the caller would still be let in.
    pub(super) fn is_still_let_in(&self) -> bool {
        self.caller.is_still_let_in(&self.api)
    }

    /// A place among the streams, if there is one.
    pub(super) fn stream_place(&self) -> Option<OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().ok()
    }

    /// Its connection.
    pub(super) fn connected(&self, charger: &ChargerId) -> Option<Connected> {
        self.api.connections.of(charger).filter(|_| self.sees(charger))
    }

    /// Whether two devices seem to use its identity.
    pub(super) fn contested(&self, charger: &ChargerId) -> Option<Contested> {
        self.api.connections.contested(charger, self.now()).filter(|_| self.sees(charger))
    }

    fn sees(&self, charger: &ChargerId) -> bool {
        let Some(sites) = self.caller.sites() else { return true };
        self.api.sites.charger(charger).is_some_and(|charger| sites.contains(&charger.site.id))
    }

    /// The chargers that the caller sees; `None`: all.
    fn own(&self) -> Option<Arc<Registry>> {
        self.caller.sites().map(|_| self.sites())
    }

    /// Reads the ledger, as [`crate::store::Store::read`].
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Archive) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let own = self.own();
        self.api
            .store
            .read(move |archive| match own {
                Some(own) => read(&mut Seen { archive, own }),
                None => read(archive),
            })
            .await
    }

    /// Reads roll-ups.
    pub(super) async fn series<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut SeenSeries<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let own = self.own();
        self.api.store.telemetry(move |ledger| read(&mut SeenSeries { ledger, own })).await
    }

    /// Makes figures from one state of the ledger.
    pub(super) async fn figures<T: Send + 'static>(
        &self,
        make: impl FnOnce(&mut dyn Figures, &Registry, &ReportSettings) -> Result<T, ReportError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (registry, settings) = (self.api.sites.load(), self.api.report.clone());
        Ok(self.api.store.figures(move |ledger| Ok(make(ledger, &registry, &settings))).await??)
    }

    /// The sites that figures are limited to; none: the whole network.
    pub(super) fn own_sites(&self) -> Vec<String> {
        self.caller.sites().map(<[String]>::to_vec).unwrap_or_default()
    }

    /// Whether small cells of figures are suppressed: for whoever may not read what they are made from.
    pub(super) fn suppresses(&self) -> bool {
        !self.caller.may(Access::Viewer)
    }

    /// The metrics page, in parts; not for an async thread.
    pub(super) fn metrics(&self) -> Vec<String> {
        let api = &self.api;
        let limited = self.caller.sites().is_some();
        let setting =
            Setting { detail: api.detail, now: self.now(), grace_ms: api.grace_ms, build: api.build, limited };
        page::write(&api.observer, &self.sites(), &setting)
    }

    /// Why the service is not ready, if so.
    pub(super) fn unready(&self) -> Option<String> {
        self.api.unready()
    }
}

/// The network as a whole, with all that belongs to it.
#[derive(Clone)]
pub(super) struct Whole(View);

impl Whole {
    /// The network as far as the caller sees it, which is all of it.
    pub(super) const fn view(&self) -> &View {
        &self.0
    }

    /// Reads the body of a request, within `http.timeout_s`.
    pub(super) async fn body(&self, request: Request, resource: &Resource) -> Result<Body, Problem> {
        Body::of(request, resource, Duration::from_secs(self.settings.timeout_s)).await
    }
}

impl Deref for Whole {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.0.api
    }
}

impl FromRequestParts<Door> for View {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        std::future::ready(()).await;
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Problem::forbidden("nobody knows who asks"))?;
        Ok(Self { api: door.api.clone(), streams: door.streams.clone(), caller })
    }
}

impl FromRequestParts<Door> for Whole {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let view = View::from_request_parts(parts, door).await?;
        if view.caller.sites().is_some() {
            return Err(Problem::forbidden("this is about the whole network, and the token is for some of its sites"));
        }
        Ok(Self(view))
    }
}
