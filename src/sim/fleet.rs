//! The fleet: chargers spread over the sites, by seed, with the surface that a test drives them by.

use chrono::{DateTime, Utc};

use super::behaviour::{self, Behaviour, Protocol};
use super::charger::{Charger, ChargerSpec, EvseSpec};
use super::places::{Kit, SITES, Site};
use super::truth::{Header, SessionTruth, Totals, Truth};

/// What a fleet speaks unless it is told otherwise.
pub const SPOKEN: &[Protocol] = Protocol::ALL;

/// What a fleet is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPlan {
    /// Number of chargers.
    pub chargers: usize,
    /// Seed of every draw; a charger's days do not depend on how many others there are.
    pub seed: u64,
    /// Virtual time at which the fleet powers up.
    pub from: DateTime<Utc>,
    /// Virtual time after which nobody comes and the fleet drains; none = it goes on for good.
    pub until: Option<DateTime<Utc>>,
    /// Factor on faults, lost links, power cuts, lost answers, broken sessions and register resets; 1 = as the priors have it.
    /// Repairs are quicker by its square root, so that a troubled fleet still charges cars.
    pub trouble: f64,
    /// Seconds between readings on direct current.
    pub dc_sample_s: u32,
    /// Seconds between readings on alternating current.
    pub ac_sample_s: u32,
    /// What its chargers speak; without any, they speak all that there is.
    pub protocols: Vec<Protocol>,
}

impl FleetPlan {
    /// A fleet as the priors have it, from this time on.
    pub fn new(chargers: usize, seed: u64, from: DateTime<Utc>) -> Self {
        let protocols = SPOKEN.to_vec();
        Self { chargers, seed, from, until: None, trouble: 1.0, dc_sample_s: 60, ac_sample_s: 300, protocols }
    }

    /// The behaviours that its chargers take in turn.
    fn behaviours(&self) -> Vec<&'static Behaviour> {
        let speaks = |behaviour: &&Behaviour| self.protocols.contains(&behaviour.protocol);
        let chosen: Vec<_> = behaviour::ALL.iter().copied().filter(speaks).collect();
        if chosen.is_empty() { behaviour::ALL.to_vec() } else { chosen }
    }
}

/// Simulated chargers. Each is independent of the others: the order in which they are driven changes nothing.
#[derive(Debug)]
pub struct Fleet {
    plan: FleetPlan,
    chargers: Vec<Charger>,
}

impl Fleet {
    /// Builds the fleet. The n-th charger takes the n-th site, round and round, so that a small fleet has some of everything.
    pub fn new(plan: &FleetPlan) -> Self {
        let mut built = vec![0; SITES.len()];
        let behaviours = plan.behaviours();
        let chargers = (0..plan.chargers).map(|index| {
            let place = index % SITES.len();
            let nth = built[place];
            built[place] += 1;
            let behaviour = behaviours[index % behaviours.len()];
            Charger::new(specify(plan, index, behaviour, &SITES[place], nth))
        });
        Self { plan: plan.clone(), chargers: chargers.collect() }
    }

    /// Puts a fleet together again from chargers that were driven apart.
    pub fn from_chargers(plan: FleetPlan, chargers: Vec<Charger>) -> Self {
        Self { plan, chargers }
    }

    /// What the fleet was made from.
    pub fn plan(&self) -> &FleetPlan {
        &self.plan
    }

    /// Number of chargers.
    pub fn len(&self) -> usize {
        self.chargers.len()
    }

    /// Whether there is no charger at all.
    pub fn is_empty(&self) -> bool {
        self.chargers.is_empty()
    }

    /// The chargers.
    pub fn chargers(&self) -> &[Charger] {
        &self.chargers
    }

    /// One charger, to be told something. Places run from 0 to [`Fleet::len`].
    pub fn charger_mut(&mut self, place: usize) -> Option<&mut Charger> {
        self.chargers.get_mut(place)
    }

    /// Takes the fleet apart, one charger for each task.
    pub fn into_chargers(self) -> Vec<Charger> {
        self.chargers
    }

    /// When the first charger wants to be woken, and its place.
    pub fn next_at(&self) -> Option<(DateTime<Utc>, usize)> {
        self.chargers.iter().enumerate().map(|(place, charger)| (charger.next_at(), place)).min()
    }

    /// Whether every charger has told all it owed and was answered. Only a bounded run ever gets there.
    pub fn is_drained(&self) -> bool {
        self.chargers.iter().all(Charger::is_drained)
    }

    /// What truly happened until `now`.
    pub fn truth(&self, now: DateTime<Utc>) -> Truth {
        let sessions: Vec<SessionTruth> =
            self.chargers.iter().flat_map(|charger| charger.sessions().to_vec()).collect();
        Truth {
            header: Header {
                simulated: true,
                note: "Invented fleet, drivers and tokens. By design repairs take 1.3 times as long in deciles 1 and 2 of the \
                       index of multiple deprivation 2019."
                    .to_owned(),
                seed: self.plan.seed,
                chargers: self.chargers.len(),
                trouble: self.plan.trouble,
                from: self.plan.from,
                until: self.plan.until,
                taken_at: now,
                drained: self.is_drained(),
            },
            totals: Totals::over(&sessions),
            sessions,
            chargers: self.chargers.iter().map(|charger| charger.truth(now)).collect(),
        }
    }
}

fn specify(
    plan: &FleetPlan,
    index: usize,
    behaviour: &'static Behaviour,
    site: &'static Site,
    nth: usize,
) -> ChargerSpec {
    let kit = site.kit_of(nth);
    let demand = kit.demand(site.slow);
    ChargerSpec {
        id: format!("SIM-{}-{:03}", site.code, nth + 1),
        name: format!("{} {}", site.name, nth + 1),
        site,
        kit,
        demand,
        behaviour,
        evses: evses(kit, nth, behaviour),
        index: index as u64,
        seed: plan.seed,
        from: plan.from,
        until: plan.until,
        trouble: plan.trouble,
        sample_s: if demand.is_dc() { plan.dc_sample_s } else { plan.ac_sample_s },
    }
}

/// With 1.6 one EVSE per connector, save for every second 50 kW unit: CCS and CHAdeMO there share one EVSE. With 2.x connectors are
/// counted under their EVSE, and a maker who pairs them has two under each, but for posts with one socket.
fn evses(kit: Kit, nth: usize, behaviour: &Behaviour) -> Vec<EvseSpec> {
    let (plug, second) = match kit {
        Kit::Post5 | Kit::Post7 => ("Type2", None),
        Kit::Twin22 => ("Type2", behaviour.pairs_connectors.then_some("Type1")),
        Kit::Rapid50 => ("CCS", (behaviour.pairs_connectors || nth.is_multiple_of(2)).then_some("CHAdeMO")),
        Kit::Ultra150 => ("CCS", behaviour.pairs_connectors.then_some("CHAdeMO")),
    };
    (1..=kit.evses())
        .map(|id| {
            let first = if behaviour.protocol.is_v2() { 1 } else { id };
            let mut connectors = vec![(first, plug)];
            connectors.extend(second.map(|second| (first + 1, second)));
            EvseSpec { id, connectors, rated_w: kit.rated_w() }
        })
        .collect()
}
