//! Energy by half-hour, judged by the carbon intensity of each: read from sessions and their registers, and only where an
//! intensity is known at all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use super::Scope;
use super::afresh::lines;
use crate::config::intensity::{HALF_HOUR_MS, Intensity, number_of};
use crate::domain::ids::StationKey;
use crate::domain::record::SessionRow;
use crate::domain::stay::{Curve, charging, is_imported, reach};
use crate::domain::time::{At, Span};
use crate::store::StoreError;

/// Energy in half-hours, in thousandths of a watt-hour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Timed {
    /// In half-hours whose intensity is known.
    pub(super) energy: i64,
    /// The sum over these of energy times milligrams for a kilowatt-hour.
    pub(super) grid: i128,
    /// Of `energy`: that of half-hours which emitted no more than a third of them did.
    pub(super) low: i64,
    /// Half-hours with energy whose intensity is not known, by their number.
    pub(super) missing: BTreeSet<i64>,
}

impl AddAssign<&Self> for Timed {
    fn add_assign(&mut self, other: &Self) {
        self.energy += other.energy;
        self.grid += other.grid;
        self.low += other.low;
        self.missing.extend(&other.missing);
    }
}

impl Timed {
    fn add(&mut self, number: i64, energy: i64, intensity: Option<i64>, low: Option<i64>) {
        let Some(intensity) = intensity else {
            self.missing.insert(number);
            return;
        };
        self.energy += energy;
        self.grid += i128::from(energy) * i128::from(intensity);
        if low.is_some_and(|low| intensity <= low) {
            self.low += energy;
        }
    }
}

/// A stretch, with the intensity that a third of the half-hours around it do not exceed.
pub(super) type Judged = (Span, Option<i64>);

/// The energy of each EVSE in each stretch; nothing where no intensity is known.
pub(super) fn timed(
    scope: &mut Scope<'_>,
    spans: &[Judged],
    take: &mut dyn FnMut(usize, usize, &Timed),
) -> Result<(), StoreError> {
    let intensity = scope.registry.intensity.clone();
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Ok(()) };
    if intensity.version.is_none() {
        return Ok(());
    }
    let hull = Span { from: first.0.from, until: last.0.until };
    let mut stations: BTreeMap<StationKey, Vec<usize>> = BTreeMap::new();
    for (index, evse) in scope.network.evses.iter().enumerate() {
        if let Some(station) = evse.station {
            stations.entry(station).or_default().push(index);
        }
    }
    for (station, evses) in stations {
        of_station(scope, station, &evses, hull, &mut |evse, curve, start, until| {
            for (place, (span, low)) in spans.iter().enumerate() {
                let session = Span { from: start, until: until.plus_millis(1) };
                let Some(part) = session.within(*span) else { continue };
                take(evse, place, &judge(&intensity, curve, part, *low));
            }
        })?;
    }
    Ok(())
}

/// The energy of a session in a stretch, half-hour by half-hour.
fn judge(intensity: &Intensity, curve: &Curve, part: Span, low: Option<i64>) -> Timed {
    let mut found = Timed::default();
    let mut from = part.from;
    while from < part.until {
        let number = number_of(from);
        let until = At::from_millis((number + 1) * HALF_HOUR_MS).min(part.until);
        let energy = curve.within(Span { from, until });
        if energy != 0 {
            found.add(number, energy, intensity.of(number), low);
        }
        from = until;
    }
    found
}

/// How the energy of a charger's sessions lies in time: its EVSE, its curve, from when until when.
fn of_station(
    scope: &mut Scope<'_>,
    station: StationKey,
    evses: &[usize],
    hull: Span,
    take: &mut dyn FnMut(usize, &Curve, At, At),
) -> Result<(), StoreError> {
    let sessions = scope.ledger.sessions_touching(station, hull)?;
    let ends = |session: &SessionRow| session.started_at.zip(reach(session));
    // Where no reading says when energy flowed, the timeline does.
    let by_status = sessions.iter().filter(|session| session.flow.is_none() && !is_imported(session)).filter_map(ends);
    let whole = by_status.fold(None, |whole: Option<Span>, (from, until)| {
        let whole = whole.unwrap_or(Span { from, until });
        Some(Span { from: whole.from.min(from), until: whole.until.max(until) })
    });
    let lines = match whole {
        Some(whole) => lines(scope.ledger, &scope.network.evses, station, whole)?,
        None => Vec::new(),
    };
    for index in evses {
        let Some(evse) = scope.network.evses.get(*index) else { continue };
        let timeline = evse.timeline(&lines);
        let mine =
            sessions.iter().filter(|session| scope.network.evse_of(&evse.charger, session.outlet) == evse.number);
        for session in mine {
            let Some((start, until)) = ends(session).filter(|_| session.energy.is_some_and(|energy| energy.0 != 0))
            else {
                continue;
            };
            let registers = if is_imported(session) { Vec::new() } else { scope.ledger.registers(station, session)? };
            if let Some(curve) = Curve::of(session, &registers, &charging(session, &timeline)) {
                take(*index, &curve, start, until);
            }
        }
    }
    Ok(())
}
