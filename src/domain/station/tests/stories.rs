//! The same story told by a charger of 1.6 and by one of 2.0.1 leaves the same sessions, readings and timeline, however
//! it is troubled on the way.

use proptest::prelude::*;

use super::harness::*;
use crate::domain::event::{ChargingState, Event, Named, Stage, TransactionReport};
use crate::domain::ids::{Outlet, TransactionId};
use crate::domain::reading::{Sample, Word};
use crate::domain::status::{ConnectorStatus, State};
use crate::domain::time::ChargerTime;

/// A visit as it truly was. Times are seconds, energies Wh.
#[derive(Clone, Debug)]
struct Visit {
    evse: u32,
    plugged: i64,
    /// Wh in each minute; `None` where the vehicle took nothing and said so.
    minutes: Vec<Option<i64>>,
    register: i64,
    lingers: i64,
    reason: &'static str,
}

impl Visit {
    fn begin(&self) -> i64 {
        self.plugged + 5
    }

    fn end(&self) -> i64 {
        self.begin() + 60 * self.minutes.len() as i64
    }

    fn unplugged(&self) -> i64 {
        self.end() + 1 + self.lingers
    }

    fn register_after(&self, minutes: usize) -> i64 {
        self.register + self.minutes[..minutes].iter().flatten().sum::<i64>()
    }

    fn card(&self) -> String {
        format!("card-{}-{}", self.evse, self.plugged)
    }
}

/// What happens in a visit, in the order in which it happens.
#[derive(Clone, Copy, Debug)]
enum Scene {
    Plugged,
    Begins,
    /// The reading after so many minutes.
    Minute(usize),
    Ends,
    Unplugged,
}

fn scenes(visit: &Visit) -> Vec<(i64, Scene)> {
    let mut scenes = vec![(visit.plugged, Scene::Plugged), (visit.begin(), Scene::Begins)];
    scenes.extend((1..visit.minutes.len()).map(|minute| (visit.begin() + 60 * minute as i64, Scene::Minute(minute))));
    scenes.extend([(visit.end(), Scene::Ends), (visit.unplugged(), Scene::Unplugged)]);
    scenes
}

fn reading(at: i64, wh: i64, context: &'static str) -> Sample {
    let mut sample = register(second(at), wh);
    sample.kind.context = Word::Known(context);
    sample
}

/// What the vehicle is doing in the minute after a reading, where that changes.
fn turns_to(visit: &Visit, minute: usize) -> Option<bool> {
    let (before, after) = (visit.minutes[minute - 1].is_some(), visit.minutes.get(minute)?.is_some());
    (before != after).then_some(after)
}

/// A scene in the words of 1.6. `id` is the number that the start was answered with.
fn in_16(visit: &Visit, at: i64, scene: Scene, id: i32) -> Vec<Event> {
    let outlet = Outlet::new(visit.evse, visit.evse);
    let says = |word| status(outlet, Some(second(at)), word);
    let metered = |wh, context| metered(outlet, named(id), vec![reading(at, wh, context)]);
    match scene {
        Scene::Plugged => vec![says(ConnectorStatus::Preparing)],
        Scene::Begins => vec![
            start(outlet, second(at), visit.register, &visit.card()),
            metered(visit.register, "Transaction.Begin"),
            says(ConnectorStatus::Charging),
        ],
        Scene::Minute(minute) => {
            let mut events = vec![metered(visit.register_after(minute), "Sample.Periodic")];
            events.extend(
                turns_to(visit, minute)
                    .map(|takes| says(if takes { ConnectorStatus::Charging } else { ConnectorStatus::SuspendedEv })),
            );
            events
        }
        Scene::Ends => {
            let wh = visit.register_after(visit.minutes.len());
            let mut stop = stop(named(id), second(at), Some(wh), &visit.card());
            if let Event::TransactionEnded(stop) = &mut stop {
                stop.reason = Some(Word::Known(visit.reason));
            }
            vec![metered(wh, "Transaction.End"), stop, says(ConnectorStatus::Finishing)]
        }
        Scene::Unplugged => vec![says(ConnectorStatus::Available)],
    }
}

/// A scene in the words of 2.0.1.
fn in_201(visit: &Visit, at: i64, scene: Scene) -> Vec<Event> {
    let outlet = Outlet::new(visit.evse, 1);
    let says = |word| status(outlet, Some(second(at)), word);
    let report = |stage, seq: usize, charging, sample| {
        Event::TransactionReported(Box::new(TransactionReport {
            stage: Some(stage),
            transaction: Named::As(TransactionId(visit.card().into())),
            seq: Some(seq as i64),
            offline: false,
            trigger: None,
            outlet: Some(outlet),
            token: token(&visit.card()),
            at: ChargerTime::said(second(at)),
            charging,
            reason: (stage == Stage::Ended).then_some(Word::Known(visit.reason)),
            samples: vec![sample],
            details: None,
        }))
    };
    let (first, last) = (visit.register, visit.register_after(visit.minutes.len()));
    match scene {
        Scene::Plugged => vec![says(ConnectorStatus::Occupied)],
        Scene::Begins => {
            let sample = reading(at, first, "Transaction.Begin");
            vec![report(Stage::Started, 0, Some(ChargingState::Charging), sample)]
        }
        Scene::Minute(minute) => {
            let charging = turns_to(visit, minute)
                .map(|takes| if takes { ChargingState::Charging } else { ChargingState::SuspendedEv });
            let sample = reading(at, visit.register_after(minute), "Sample.Periodic");
            vec![report(Stage::Updated, minute, charging, sample)]
        }
        Scene::Ends => {
            let sample = reading(at, last, "Transaction.End");
            vec![report(Stage::Ended, visit.minutes.len(), Some(ChargingState::Connected), sample)]
        }
        Scene::Unplugged => vec![says(ConnectorStatus::Available)],
    }
}

/// What becomes of the telling of a scene.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    None,
    /// It is told twice.
    Twice,
    /// The server restarts behind it.
    Restart,
    /// The charger loses contact for a while behind it: shorter than the grace.
    Hangs,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![4 => Just(Trouble::None), 1 => Just(Trouble::Twice), 1 => Just(Trouble::Restart), 1 => Just(Trouble::Hangs)]
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let minutes = prop::collection::vec(prop::option::weighted(0.8, 1_i64..120), 1..7);
    let one =
        (1_u32..3, 1_i64..900, minutes, 0_i64..300, prop::sample::select(&["Local", "EVDisconnected", "Remote"][..]));
    prop::collection::vec(one, 1..7).prop_map(|visits| {
        let mut free = [0_i64; 3];
        let mut registers = [0_i64, 1200, 88_000];
        let build = |(evse, pause, minutes, lingers, reason): (u32, i64, Vec<Option<i64>>, i64, &'static str)| {
            let at = evse as usize;
            let visit = Visit { evse, plugged: free[at] + pause, minutes, register: registers[at], lingers, reason };
            free[at] = visit.unplugged() + 1;
            registers[at] = visit.register_after(visit.minutes.len());
            visit
        };
        visits.into_iter().map(build).collect()
    })
}

/// All scenes in the order of time, each with its visit.
fn play(visits: &[Visit]) -> Vec<(i64, &Visit, Scene)> {
    let of = |visit| scenes(visit).into_iter().map(move |(at, scene)| (at, visit, scene));
    let mut play: Vec<_> = visits.iter().flat_map(of).collect();
    play.sort_by_key(|(at, ..)| *at);
    play
}

fn perform(protocol: &'static str, visits: &[Visit], troubles: &[Trouble]) -> Bench {
    let mut bench = Bench::speaking(protocol);
    for evse in [1, 2] {
        let outlet = if protocol == "ocpp1.6" { Outlet::new(evse, evse) } else { Outlet::new(evse, 1) };
        bench.tell(status(outlet, Some(second(0)), ConnectorStatus::Available));
    }
    let mut ids = std::collections::BTreeMap::new();
    for ((at, visit, scene), trouble) in play(visits).into_iter().zip(troubles.iter().cycle()) {
        bench.at(second(at));
        let id = ids.get(&visit.card()).copied().unwrap_or_default();
        let times = if matches!(trouble, Trouble::Twice) { 2 } else { 1 };
        let mut id = id;
        for _ in 0..times {
            let count = if protocol == "ocpp1.6" { in_16(visit, at, scene, id).len() } else { 1 };
            for index in 0..count {
                let event = if protocol == "ocpp1.6" { in_16(visit, at, scene, id) } else { in_201(visit, at, scene) };
                let event = event[index].clone();
                let is_start = matches!(event, Event::TransactionStarted(_));
                let turn = bench.tell(event);
                if is_start {
                    id = answered(&turn);
                    ids.insert(visit.card(), id);
                }
            }
        }
        match trouble {
            Trouble::Restart => bench.restart(2),
            Trouble::Hangs => {
                bench.disconnect();
                bench.connect();
            }
            Trouble::None | Trouble::Twice => {}
        }
    }
    bench
}

/// Sessions, but for their ids and for how connectors and transactions are named.
fn sessions(bench: &Bench) -> Vec<String> {
    let one = |row: &crate::domain::record::SessionRow| {
        let times = (row.state, row.started_at, row.ended_at, row.start_said, row.end_said);
        let energy = (row.meter_start, row.meter_stop, row.energy, row.quality, row.first_register, row.last_register);
        format!(
            "{} {times:?} {energy:?} {:?} {:?} {:?}",
            row.outlet.evse, row.stop_reason, row.token, row.last_reading_at
        )
    };
    let mut all: Vec<_> = bench.sessions.values().map(one).collect();
    all.sort();
    all
}

fn readings(bench: &Bench) -> Vec<String> {
    let one = |row: &crate::domain::record::ReadingRow| {
        let card = row.session.and_then(|id| bench.sessions[&id].token.clone());
        format!("{} {:?} {:?} {:?} {card:?} {:?}", row.outlet.evse, row.at, row.kind, row.value, row.flags)
    };
    let mut all: Vec<_> = bench.readings.iter().map(one).collect();
    all.sort();
    all
}

/// The timeline of an EVSE: since when, what. 2.x has one word for all that is in use without a transaction.
fn timeline(bench: &Bench, outlet: Outlet) -> Vec<(i64, State, String)> {
    let mut line: Vec<(i64, State, String)> = Vec::new();
    for interval in &bench.timeline[&outlet] {
        let word = interval.status.as_ref().map_or("", ConnectorStatus::as_str);
        let status = if word == "Occupied" { "Preparing" } else { word };
        if line.last().is_none_or(|(_, state, before)| (*state, before.as_str()) != (interval.state, status)) {
            line.push((interval.from.millis_since(second(0)) / 1000, interval.state, status.to_owned()));
        }
    }
    line
}

proptest! {
    #[test]
    fn a_charger_of_16_and_one_of_201_telling_the_same_story_leave_the_same(
        visits in visits(),
        troubles in prop::collection::vec(trouble(), 60),
    ) {
        let old = perform("ocpp1.6", &visits, &troubles);
        let new = perform("ocpp2.0.1", &visits, &troubles);
        prop_assert_eq!(sessions(&old), sessions(&new));
        prop_assert_eq!(old.sessions.len(), visits.len());
        prop_assert_eq!(readings(&old), readings(&new));
        for evse in [1, 2] {
            prop_assert_eq!(timeline(&old, Outlet::new(evse, evse)), timeline(&new, Outlet::new(evse, 1)));
        }
        let energy = |visit: &Visit| visit.register_after(visit.minutes.len()) - visit.register;
        let total: i64 = new.sessions.values().map(|row| row.energy.map_or(0, |energy| energy.0)).sum();
        prop_assert_eq!(total, visits.iter().map(energy).sum::<i64>() * 1000);
    }
}
