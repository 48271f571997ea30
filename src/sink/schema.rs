//! The schema of telemetry, version 1: what a fact becomes. The same stands for people in `dashboards/README.md`.
//!
//! | measurement | tags | fields |
//! |---|---|---|
//! | `charger_reading` | site, charger, evse, connector | one for each measure: `power_w`, `current_l1_a`, `soc_percent` …; energy in two |
//! | `charging_session` | site, charger, evse, connector | `session_id`, `state`, `energy_wh` and its thousandths, `quality`, `provisional`, `dwell_s`, `charging_s`, `idle_s`, `stop_reason` |
//! | `connector_state` | site, charger, evse, connector | `state`, `state_code`, `status`, `cause` |
//! | `site_load` | site | `power_w`, `occupied`, `available`, `faulted`, `other`, `unknown` |
//!
//! **Energy is two integers**: `energy_wh`, whole watt-hours rounded down, and `energy_wh_thousandths`, the rest from 0 to
//! 999; both always, so that a value that is written again leaves nothing of the old one behind. Other quantities are
//! decimal text, exact to the thousandth. Counts, seconds and numbers of sessions are integers.
//!
//! **Times** are nanoseconds and the charger's own where it could be believed. A session stands at its start; the six
//! digits below the millisecond are its number modulo one million, so that two sessions that begin in the same millisecond
//! at one connector are two points. A session that turned out to stand elsewhere leaves a point with `state = "moved"` and
//! nothing but zeros behind. A piece of availability stands where it begins. A minute of `site_load` stands at its start
//! and tells the end of it.
//!
//! **Tags are bounded** by the network itself: sites of the registry (`unregistered` where it does not know the charger),
//! chargers, EVSEs and connectors. No id of a person, no token, not even its hash, leaves here.

use std::collections::{BTreeMap, HashMap};

use super::line::Lines;
use crate::config::sites::Registry;
use crate::domain::energy::Milli;
use crate::domain::ids::Outlet;
use crate::domain::reading::Word;
use crate::domain::record::SessionState;
use crate::domain::status::State;
use crate::domain::telemetry::Measure;
use crate::domain::time::At;
use crate::store::telemetry::{Fact, MinuteFact, MovedFact, Place, ReadingFact, SessionFact, StateFact};

/// The version of the schema.
pub const VERSION: i64 = 1;

/// The site of chargers that the registry does not know.
const NO_SITE: &str = "unregistered";

/// Tags of so many connectors are kept in memory.
const MOST_TAGS: usize = 200_000;

/// Writes facts as lines, with the sites of a registry.
#[derive(Default)]
pub struct Writer {
    tags: HashMap<(String, Outlet), String>,
    /// The names of the fields of a measure of energy.
    thousandths: HashMap<Measure, String>,
}

impl Writer {
    /// Writes a fact.
    pub fn fact(&mut self, fact: &Fact, sites: &Registry, lines: &mut Lines) {
        match fact {
            Fact::Reading(reading) => self.reading(reading, sites, lines),
            Fact::Session(session) => self.session(session, sites, lines),
            Fact::State(state) => self.state(state, sites, lines),
            Fact::Moved(moved) => self.moved(moved, sites, lines),
        }
    }

    /// The registry may have changed.
    pub fn forget(&mut self) {
        self.tags.clear();
    }

    /// Writes the readings of an instant.
    pub fn reading(&mut self, fact: &ReadingFact, sites: &Registry, lines: &mut Lines) {
        self.begin("charger_reading", &fact.place, sites, lines);
        for (measure, value) in &fact.values {
            if measure.is_energy() {
                lines.integer(measure.name(), value.0.div_euclid(1000));
                let rest = self.thousandths.entry(*measure).or_insert_with(|| format!("{measure}_thousandths"));
                lines.integer(rest, value.0.rem_euclid(1000));
            } else {
                lines.decimal(measure.name(), *value);
            }
        }
        lines.end(nanos(fact.at));
    }

    /// Writes a session.
    pub fn session(&mut self, fact: &SessionFact, sites: &Registry, lines: &mut Lines) {
        let row = &fact.row;
        let place = Place { charger: fact.charger.clone(), outlet: row.outlet };
        self.begin("charging_session", &place, sites, lines);
        lines.integer("session_id", i64::from(row.id.0));
        lines.text("state", row.state.as_str());
        lines.truth("provisional", row.state != SessionState::Ended);
        lines.text("quality", row.quality.as_str());
        if let Some(energy) = row.energy {
            lines.integer("energy_wh", energy.0.div_euclid(1000));
            lines.integer("energy_wh_thousandths", energy.0.rem_euclid(1000));
        }
        if let Some((from, until)) = row.started_at.zip(row.ended_at) {
            lines.integer("dwell_s", until.millis_since(from) / 1000);
        }
        for (name, seconds) in [("charging_s", fact.charging_s), ("idle_s", fact.idle_s)] {
            if let Some(seconds) = seconds {
                lines.integer(name, seconds);
            }
        }
        if let Some(reason) = &row.stop_reason {
            lines.text("stop_reason", Word::as_str(reason));
        }
        lines.end(session_nanos(row.started_at.unwrap_or(row.received_at), row.id.0));
    }

    fn moved(&mut self, fact: &MovedFact, sites: &Registry, lines: &mut Lines) {
        self.begin("charging_session", &fact.place, sites, lines);
        lines.integer("session_id", i64::from(fact.session.0));
        lines.text("state", "moved");
        lines.truth("provisional", false);
        for name in ["energy_wh", "energy_wh_thousandths", "dwell_s", "charging_s", "idle_s"] {
            lines.integer(name, 0);
        }
        lines.end(session_nanos(fact.began, fact.session.0));
    }

    /// Writes what the availability was at an instant.
    pub fn state(&mut self, fact: &StateFact, sites: &Registry, lines: &mut Lines) {
        self.begin("connector_state", &fact.place, sites, lines);
        lines.text("state", fact.interval.state.as_str());
        lines.integer("state_code", code(fact.interval.state));
        let status = fact.interval.status.as_ref().map_or("", |status| status.as_str());
        lines.text("status", status);
        lines.text("cause", fact.interval.cause.as_str());
        lines.end(nanos(fact.at));
    }

    fn begin(&mut self, measurement: &'static str, place: &Place, sites: &Registry, lines: &mut Lines) {
        lines.begin(measurement);
        let key = (place.charger.as_str().to_owned(), place.outlet);
        if self.tags.len() >= MOST_TAGS {
            self.tags.clear();
        }
        lines.tags(self.tags.entry(key).or_insert_with(|| tags(place, sites)));
    }
}

fn tags(place: &Place, sites: &Registry) -> String {
    let registered = sites.chargers.get(&place.charger);
    let evse = registered.map_or(place.outlet.evse, |charger| charger.evse_of(place.outlet));
    Lines::copy_tags(|lines| {
        lines.tag("charger", place.charger.as_str());
        lines.tag_number("connector", place.outlet.connector);
        lines.tag_number("evse", evse);
        lines.tag("site", registered.map_or(NO_SITE, |charger| charger.site.id.as_str()));
    })
}

/// A number for each state, for graphs.
const fn code(state: State) -> i64 {
    match state {
        State::Available => 1,
        State::Charging => 2,
        State::Reserved => 3,
        State::Inoperative => 4,
        State::OutOfOrder => 5,
        State::Unknown => 0,
        State::Blocked => 6,
        State::Planned => 7,
        State::Removed => 8,
    }
}

/// What a site comes to at the end of a minute.
#[derive(Default)]
struct Load {
    power: Option<i64>,
    occupied: i64,
    available: i64,
    faulted: i64,
    other: i64,
    unknown: i64,
}

/// Writes the load of every site at the end of each minute; says how many lines that were.
pub fn loads(facts: &[MinuteFact], sites: &Registry, lines: &mut Lines) {
    let mut loads: BTreeMap<(i64, &str), Load> = BTreeMap::new();
    for fact in facts {
        let site = sites.chargers.get(&fact.place.charger).map_or(NO_SITE, |charger| charger.site.id.as_str());
        let load = loads.entry((fact.minute, site)).or_default();
        let count = match fact.state {
            State::Charging => &mut load.occupied,
            State::Available => &mut load.available,
            State::OutOfOrder => &mut load.faulted,
            State::Unknown => &mut load.unknown,
            State::Reserved | State::Inoperative | State::Blocked | State::Planned | State::Removed => &mut load.other,
        };
        *count += 1;
        load.power = fact.power.map(|power| power.0.saturating_add(load.power.unwrap_or(0))).or(load.power);
    }
    for ((minute, site), load) in loads {
        lines.begin("site_load");
        lines.tag("site", site);
        if let Some(power) = load.power {
            lines.decimal("power_w", Milli(power));
        }
        for (name, count) in [
            ("occupied", load.occupied),
            ("available", load.available),
            ("faulted", load.faulted),
            ("other", load.other),
            ("unknown", load.unknown),
        ] {
            lines.integer(name, count);
        }
        lines.end(nanos(At::from_millis(minute.saturating_mul(60_000))));
    }
}

const fn nanos(at: At) -> i64 {
    at.millis().saturating_mul(1_000_000)
}

const fn session_nanos(began: At, id: i32) -> i64 {
    nanos(began).saturating_add((id % 1_000_000) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::availability::Interval;
    use crate::domain::energy::{EnergyQuality, MilliWh};
    use crate::domain::ids::{ChargerId, SessionId, TransactionId};
    use crate::domain::record::SessionRow;
    use crate::domain::status::{Cause, ConnectorStatus};
    use crate::domain::token::TokenHash;

    fn registry() -> Registry {
        let csv = "charger_id,site_id,evse_id,connector_ids\nCP 1,coachway,7,1;2\n";
        Registry::from_csv("test", csv).unwrap()
    }

    fn place(charger: &str) -> Place {
        Place { charger: ChargerId::new(charger), outlet: Outlet::new(2, 2) }
    }

    fn written(fact: &Fact) -> String {
        let mut lines = Lines::default();
        Writer::default().fact(fact, &registry(), &mut lines);
        String::from_utf8(lines.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_reading_is_one_line_with_exact_energy() {
        let measure = |name: &str| Measure::from_name(name).unwrap();
        let values = vec![
            (measure("energy_wh"), Milli(1_234_567)),
            (measure("power_w"), Milli(7_360_500)),
            (measure("current_l1_a"), Milli(16_000)),
        ];
        let fact = ReadingFact { place: place("CP 1"), at: At::from_millis(1_795_521_600_123), values };
        assert_eq!(
            written(&Fact::Reading(fact)),
            "charger_reading,charger=CP\\ 1,connector=2,evse=7,site=coachway \
             energy_wh=1234i,energy_wh_thousandths=567i,power_w=7360.5,current_l1_a=16 1795521600123000000\n"
        );
    }

    #[test]
    fn a_session_tells_no_person_and_a_moved_one_counts_for_nothing() {
        let id = SessionId(3_000_042);
        let row = SessionRow {
            state: SessionState::Ended,
            started_at: Some(At::from_millis(1000)),
            ended_at: Some(At::from_millis(3_601_000)),
            energy: Some(MilliWh(9_000_001)),
            quality: EnergyQuality::Register,
            stop_reason: Some(Word::Other("Odd \"reason\"\\".into())),
            token: Some(TokenHash::from_ledger("t:person")),
            ..SessionRow::unknown(id, Outlet::new(2, 2), TransactionId("x".into()), At::from_millis(1))
        };
        let fact = SessionFact { charger: ChargerId::new("CP-9"), row, charging_s: Some(3000), idle_s: Some(500) };
        let text = written(&Fact::Session(Box::new(fact)));
        assert_eq!(
            text,
            "charging_session,charger=CP-9,connector=2,evse=2,site=unregistered session_id=3000042i,state=\"ended\",\
             provisional=false,quality=\"register\",energy_wh=9000i,energy_wh_thousandths=1i,dwell_s=3600i,\
             charging_s=3000i,idle_s=500i,stop_reason=\"Odd \\\"reason\\\"\\\\\" 1000000042\n"
        );
        assert!(!text.contains("person"));
        let moved = MovedFact { place: place("CP-9"), began: At::from_millis(1000), session: id };
        assert_eq!(
            written(&Fact::Moved(moved)),
            "charging_session,charger=CP-9,connector=2,evse=2,site=unregistered session_id=3000042i,state=\"moved\",\
             provisional=false,energy_wh=0i,energy_wh_thousandths=0i,dwell_s=0i,charging_s=0i,idle_s=0i 1000000042\n"
        );
    }

    #[test]
    fn a_state_says_its_cause_and_a_site_sums_what_is_known() {
        let interval = Interval {
            from: At::from_millis(5),
            until: None,
            state: State::OutOfOrder,
            status: Some(ConnectorStatus::Faulted),
            cause: Cause::Charger,
            proof: None,
        };
        let fact = StateFact { place: place("CP-9"), at: At::from_millis(5), interval };
        assert_eq!(
            written(&Fact::State(fact)),
            "connector_state,charger=CP-9,connector=2,evse=2,site=unregistered state=\"OUTOFORDER\",state_code=5i,\
             status=\"Faulted\",cause=\"charger\" 5000000\n"
        );
        let minute = |charger: &str, state, power: Option<i64>| MinuteFact {
            place: place(charger),
            minute: 2,
            state,
            power: power.map(Milli),
        };
        let facts = [
            minute("CP 1", State::Charging, Some(7_000_500)),
            minute("cp 1", State::Charging, Some(500)),
            minute("CP 1", State::OutOfOrder, None),
            minute("CP-9", State::Available, None),
        ];
        let mut lines = Lines::default();
        loads(&facts, &registry(), &mut lines);
        assert_eq!(
            String::from_utf8(lines.as_bytes().to_vec()).unwrap(),
            "site_load,site=coachway power_w=7001,occupied=2i,available=0i,faulted=1i,other=0i,unknown=0i 120000000000\n\
             site_load,site=unregistered occupied=0i,available=1i,faulted=0i,other=0i,unknown=0i 120000000000\n"
        );
    }
}
