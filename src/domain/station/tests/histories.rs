//! Random histories of a charger against what really happened: whatever is replayed, late, doubled or interrupted by
//! a restart, the ledger ends the same.

use proptest::prelude::*;

use super::harness::*;
use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::event::{Event, Named};
use crate::domain::ids::Outlet;
use crate::domain::record::SessionState;

/// A session as it truly was.
#[derive(Clone, Debug)]
struct Truth {
    outlet: Outlet,
    begin: i64,
    register: i64,
    /// Wh per minute while it lasted.
    minutes: Vec<i64>,
    /// Whether its stop names it (else: no id, as from an offline queue).
    named_stop: bool,
}

impl Truth {
    fn energy(&self) -> i64 {
        self.minutes.iter().sum()
    }

    fn end(&self) -> i64 {
        self.begin + 60 * self.minutes.len() as i64
    }

    fn card(&self) -> String {
        format!("card-{}-{}", self.outlet.connector, self.begin)
    }

    fn start(&self) -> Event {
        start(self.outlet, second(self.begin), self.register, &self.card())
    }

    fn reading(&self, minute: usize, id: i32) -> Event {
        let wh = self.register + self.minutes[..minute].iter().sum::<i64>();
        metered(self.outlet, named(id), vec![register(second(self.begin + 60 * minute as i64), wh)])
    }

    fn stop(&self, id: i32) -> Event {
        let name = if self.named_stop { named(id) } else { Named::Nothing };
        stop(name, second(self.end()), Some(self.register + self.energy()), &self.card())
    }
}

/// What goes wrong on the way.
#[derive(Clone, Debug)]
enum Trouble {
    /// The message is sent again.
    Again,
    /// The reading is held back until after the stop.
    Late,
    /// The server restarts after it, remembering few sessions.
    Restart(usize),
    None,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        3 => Just(Trouble::None),
        1 => Just(Trouble::Again),
        1 => Just(Trouble::Late),
        1 => (0_usize..4).prop_map(Trouble::Restart),
    ]
}

fn truths() -> impl Strategy<Value = Vec<Truth>> {
    let one = (1_u32..3, 1_i64..50, prop::collection::vec(0_i64..120, 1..8), any::<bool>());
    prop::collection::vec(one, 1..12).prop_map(|sessions| {
        let mut clock = [0_i64; 3];
        let mut registers = [1000_i64, 5000, 70_000];
        let build = |(connector, pause, minutes, named_stop): (u32, i64, Vec<i64>, bool)| {
            let at = connector as usize;
            let outlet = Outlet::new(connector, connector);
            let truth = Truth { outlet, begin: clock[at] + pause, register: registers[at], minutes, named_stop };
            clock[at] = truth.end();
            registers[at] += truth.energy();
            truth
        };
        sessions.into_iter().map(build).collect()
    })
}

fn send(bench: &mut Bench, event: &Event, trouble: &Trouble) -> i32 {
    let turn = bench.tell(event.clone());
    if let Trouble::Again = trouble {
        bench.tell(event.clone());
    }
    if let Trouble::Restart(remembered) = trouble {
        bench.restart(*remembered);
        bench.tell(event.clone());
    }
    if matches!(event, Event::TransactionStarted(_)) { answered(&turn) } else { 0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Sessions of one outlet come in order, everything else may happen: doubled, late, restarted.
    #[test]
    fn the_ledger_ends_with_what_really_happened(
        truths in truths(),
        troubles in prop::collection::vec(trouble(), 120),
        first_now in 0_i64..5000,
    ) {
        let mut bench = Bench::new();
        bench.at(second(first_now));
        let mut troubles = troubles.iter().cycle();
        for truth in &truths {
            bench.at(second(truth.begin.max(first_now)));
            let id = send(&mut bench, &truth.start(), troubles.next().unwrap());
            let mut late = Vec::new();
            for minute in 1..=truth.minutes.len() {
                let event = truth.reading(minute, id);
                bench.at(second((truth.begin + 60 * minute as i64).max(first_now)));
                match troubles.next().unwrap() {
                    Trouble::Late => late.push(event),
                    other @ (Trouble::Again | Trouble::Restart(_) | Trouble::None) => {
                        send(&mut bench, &event, other);
                    }
                }
            }
            bench.at(second(truth.end().max(first_now)));
            send(&mut bench, &truth.stop(id), troubles.next().unwrap());
            for event in late.iter().rev() {
                send(&mut bench, event, troubles.next().unwrap());
            }
        }
        prop_assert_eq!(bench.sessions.len(), truths.len());
        for truth in &truths {
            let card = token(&truth.card());
            let row = bench.sessions.values().find(|row| row.token == card).unwrap();
            prop_assert_eq!(row.state, SessionState::Ended);
            prop_assert_eq!(row.energy, Some(MilliWh::from_wh(truth.energy())));
            prop_assert_eq!(row.quality, EnergyQuality::Register);
            prop_assert_eq!((row.started_at, row.ended_at), (Some(second(truth.begin)), Some(second(truth.end()))));
            let readings = bench.readings.iter().filter(|reading| reading.session == Some(row.id)).count();
            prop_assert_eq!(readings, truth.minutes.len());
        }
    }

    /// Where the stop never comes, the readings tell the energy, in whatever order they came.
    #[test]
    fn energy_does_not_depend_on_the_order_of_arrival(
        steps in prop::collection::vec(0_i64..400, 2..20),
        order in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let truth = Truth { outlet: ONE, begin: 0, register: 500, minutes: steps, named_stop: true };
        let mut bench = Bench::new();
        let id = send(&mut bench, &truth.start(), &Trouble::None);
        let mut left: Vec<usize> = (1..=truth.minutes.len()).collect();
        bench.at(second(truth.end()));
        for index in order.iter().cycle() {
            if left.is_empty() {
                break;
            }
            let minute = left.remove(index.index(left.len()));
            send(&mut bench, &truth.reading(minute, id), &Trouble::None);
        }
        prop_assert_eq!(bench.only_session().energy, Some(MilliWh::from_wh(truth.energy())));
    }
}
