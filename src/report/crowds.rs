//! How crowded a place was, swept over every instant at which one of its EVSEs changes.

use super::afresh::{Around, lines, terms};
use super::network::{Evse, Network};
use crate::domain::crowd::{Crowd, Scene, Stretch, joined, stretches, sweep};
use crate::domain::exemption::Exemption;
use crate::domain::service::pieces;
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::store::figures::Figures;

/// What some EVSEs were together, stretch by stretch in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sweep(Vec<(Span, Scene)>);

impl Sweep {
    /// Of the stretches of each.
    pub(super) fn of(evses: &[Vec<Stretch>]) -> Self {
        let mut found = Vec::new();
        sweep(evses, |span, scene| found.push((span, *scene)));
        Self(found)
    }

    /// What lies within a stretch.
    fn parts(&self, within: Span) -> impl Iterator<Item = (Span, &Scene)> {
        let first = self.0.partition_point(|(span, _)| span.until <= within.from);
        let next = self.0.iter().skip(first).take_while(move |(span, _)| span.from < within.until);
        next.filter_map(move |(span, scene)| Some((span.within(within)?, scene)))
    }

    /// How crowded it was in a stretch.
    pub(super) fn crowd(&self, within: Span) -> Crowd {
        let mut crowd = Crowd::default();
        self.parts(within).for_each(|(span, scene)| crowd.add(span.millis(), scene));
        crowd
    }

    /// Whether it was crowded at any instant of a stretch.
    pub(super) fn was_crowded(&self, within: Span) -> bool {
        self.parts(within).any(|(_, scene)| scene.is_crowded())
    }
}

/// The stretches of each EVSE of a place, charger by charger.
pub(super) fn of_place(
    ledger: &mut dyn Figures,
    network: &Network,
    evses: &[Evse],
    period: Span,
    around: &Around<'_>,
) -> Result<Vec<Vec<Stretch>>, StoreError> {
    let mut found = Vec::with_capacity(evses.len());
    for of_charger in evses.chunk_by(|a, b| a.charger == b.charger) {
        let Some(charger) = of_charger.first() else { continue };
        let mine: Vec<Exemption> = around.of(&charger.charger);
        let (told, sessions) = match charger.station {
            Some(station) => (lines(ledger, evses, station, period)?, ledger.sessions_touching(station, period)?),
            None => (Vec::new(), Vec::new()),
        };
        for evse in of_charger {
            let open = evse.open(period, around.zone);
            let pieces = pieces(&evse.timeline(&told), &terms(evse, &open, &mine, around.watched_from), period);
            let own = sessions.iter().filter(|session| network.evse_of(&evse.charger, session.outlet) == evse.number);
            // While a session has no end the timeline says whether a vehicle is there.
            let spans = own.filter_map(|session| session.started_at.zip(session.ended_at));
            let spans = spans.map(|(from, until)| Span { from, until }).collect();
            found.push(stretches(&pieces, &joined(spans)));
        }
    }
    Ok(found)
}
