//! Series from the ledger's roll-ups: what a graph of a charger, a connector or a site is made of, without any other
//! service.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use axum::extract::RawQuery;
use axum::response::Response;

use super::wanted_chargers;
use crate::config::near::nearest;
use crate::config::sites::Registry;
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::telemetry::Measure;
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::list;
use crate::http::params::{CHARGER, FORMAT, FROM, Param, Query, SITE, TO};
use crate::http::seen::SeenSeries;
use crate::http::table::{Cell, Field, Kind, Resource, Row};
use crate::http::view::View;
use crate::store::StoreError;
use crate::store::telemetry::{Level, Rolled, SeriesFilter};

/// Most points of an answer: half a year of hours of 20 connectors.
const MOST_POINTS: usize = 100_000;

/// One day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The site of chargers that the registry does not know.
const NO_SITE: &str = "unregistered";

const STEPS: &[&str] = &["1m", "5m", "15m", "30m", "1h", "2h", "6h", "12h", "1d"];
const FUNCTIONS: &[&str] = &["mean", "max", "last", "increase"];

static MEASURES: LazyLock<Vec<&'static str>> = LazyLock::new(|| Measure::rolled_up().map(Measure::name).collect());

const MEASURAND: Param = Param {
    name: "measurand",
    about: "What was measured, by its telemetry name: energy_wh (the default), power_w, current_l1_a, voltage_l1_v, soc_percent, temperature_c …",
    words: &[],
};
const PER: Param = Param {
    name: "per",
    about: "One series for each of these (charger). Connector 0, the charger as a whole, is never summed with the others.",
    words: &["connector", "charger", "site"],
};
const CONNECTOR: Param = Param { name: "connector", about: "Of this connector number only.", words: &[] };
const STEP: Param = Param { name: "step", about: "Length of a point (1h).", words: STEPS };
const FUNCTION: Param = Param {
    name: "function",
    about: "increase (the default for energy_wh): how far the register rose. mean (the default else), max, last: of the readings. \
            Over several connectors quantities that add up are summed (max: of the sums of a roll-up's means).",
    words: FUNCTIONS,
};

pub(in crate::http) const PARAMS: &[&Param] =
    &[&MEASURAND, &PER, &SITE, &CHARGER, &CONNECTOR, &FROM, &TO, &STEP, &FUNCTION, &FORMAT];

/// A point of a series.
pub(in crate::http) const POINT: Resource = Resource {
    name: "TelemetryPoint",
    about: "A point of a series, in order of series and time. Where nothing is known there is no point.",
    fields: &[
        Field { name: "at", kind: Kind::Time, about: "Where the step begins." },
        Field { name: "site_id", kind: Kind::Text, about: "Site of the registry; unregistered where it knows none." },
        Field { name: "charger_id", kind: Kind::Text, about: "Charger; null for a series of a site." },
        Field { name: "evse_id", kind: Kind::Whole, about: "EVSE; null but for a series of a connector." },
        Field { name: "connector_id", kind: Kind::Whole, about: "Connector; null but for a series of a connector." },
        Field { name: "measurand", kind: Kind::Text, about: "What was measured, with its unit." },
        Field { name: "function", kind: Kind::Word(FUNCTIONS), about: "What the value is." },
        Field { name: "value", kind: Kind::Decimal, about: "The value, to the thousandth." },
    ],
};

/// What a series is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    site: String,
    charger: Option<String>,
    connector: Option<(u32, u32)>,
}

/// What is asked.
#[derive(Clone)]
struct Ask {
    filter: SeriesFilter,
    step_s: i64,
    function: &'static str,
    per: &'static str,
}

/// Gives series.
pub(in crate::http) async fn series(view: View, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), PARAMS)?;
    let ask = read(&view, &query)?;
    let sites = view.sites();
    let rows = match ask {
        Some(ask) => view.series(move |ledger| gather(ledger, &ask, &sites)).await?,
        None => Vec::new(),
    };
    if rows.len() > MOST_POINTS {
        return Err(Problem::bad_request(format!(
            "that would be more than {MOST_POINTS} points: choose a larger step, a shorter time or fewer series"
        )));
    }
    list::whole(&POINT, &query, rows)
}

/// Reads the question; `None` when nothing can fit it.
fn read(view: &View, query: &Query) -> Result<Option<Ask>, Problem> {
    let name = query.text(&MEASURAND).unwrap_or("energy_wh");
    let measure = Measure::from_name(name).filter(|measure| measure.is_rolled_up()).ok_or_else(|| {
        let near = nearest(name, MEASURES.iter().copied()).unwrap_or_default();
        Problem::bad_request(format!("measurand=\"{name}\" is none that is rolled up; did you mean \"{near}\"?"))
    })?;
    let word = |param: &Param, words: &[&'static str], default: &'static str| {
        let text = query.text(param).unwrap_or(default);
        words.iter().copied().find(|word| *word == text).unwrap_or(default)
    };
    let per = word(&PER, &["connector", "charger", "site"], "charger");
    let function = word(&FUNCTION, FUNCTIONS, if measure == Measure::ENERGY { "increase" } else { "mean" });
    if (measure == Measure::ENERGY) != (function == "increase") && (function == "increase" || per != "connector") {
        let reason = "increase is for energy_wh; mean, max and last of a register only make sense per=connector";
        return Err(Problem::bad_request(reason));
    }
    let step_s = seconds(word(&STEP, STEPS, "1h"));
    let until = query.time(&TO)?.unwrap_or_else(|| view.now());
    let from = query.time(&FROM)?.unwrap_or_else(|| until.plus_millis(-DAY_MS));
    let connector = query.text(&CONNECTOR).map(|text| {
        text.parse::<u32>().map_err(|_| Problem::bad_request(format!("connector=\"{text}\" is no number")))
    });
    let connector = connector.transpose()?;
    let Some(chargers) = wanted_chargers(view, query)? else { return Ok(None) };
    let level = Level::for_step(step_s).unwrap_or(Level::Minute);
    // The first and the last step are whole.
    let whole = |at: At, up: i64| At::from_millis((at.millis() + up).div_euclid(step_s * 1000) * step_s * 1000);
    let filter = SeriesFilter {
        measure,
        level,
        from: whole(from, 0),
        until: whole(until, step_s * 1000 - 1),
        chargers,
        connector,
    };
    Ok(Some(Ask { filter, step_s, function, per }))
}

fn seconds(step: &str) -> i64 {
    let (number, unit) = step.split_at(step.len().saturating_sub(1));
    let unit = match unit {
        "m" => 60,
        "h" => 3600,
        _ => 86_400,
    };
    number.parse::<i64>().unwrap_or(1) * unit
}

/// What a connector's roll-ups of one step come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: i64,
    count: i64,
    last: i64,
}

/// What one step of a series comes to.
#[derive(Default)]
struct Step {
    increase: Option<i64>,
    max: i64,
    newest: i64,
    connectors: BTreeMap<usize, Sum>,
    /// The roll-up in hand: where it begins, and the sum of its means.
    hand: (i64, i64),
    /// The greatest sum of means.
    peak: Option<i64>,
}

impl Step {
    fn add(&mut self, connector: usize, rolled: &Rolled, ask: &Ask) {
        self.increase = rolled.increase.map(|rise| rise.0.saturating_add(self.increase.unwrap_or(0))).or(self.increase);
        if ask.function == "increase" {
            return;
        }
        let is_first = self.connectors.is_empty();
        self.max = if is_first { rolled.max.0 } else { self.max.max(rolled.max.0) };
        self.newest = rolled.last.0;
        if is_first || self.hand.0 != rolled.start_s {
            self.peak = self.peak.max(Some(self.hand.1).filter(|_| !is_first));
            self.hand = (rolled.start_s, 0);
        }
        self.hand.1 = self.hand.1.saturating_add(rolled.sum / rolled.count.max(1));
        let sum = self.connectors.entry(connector).or_default();
        *sum = Sum { sum: sum.sum.saturating_add(rolled.sum), count: sum.count + rolled.count, last: rolled.last.0 };
    }

    fn value(&self, ask: &Ask) -> Option<i64> {
        let (of_one, adds_up) = (ask.per == "connector", ask.filter.measure.adds_up());
        let all = || self.connectors.values();
        match ask.function {
            "increase" => self.increase,
            "max" if of_one || !adds_up => Some(self.max),
            "max" => self.peak.max(Some(self.hand.1)),
            "last" if of_one || !adds_up => Some(self.newest),
            "last" => Some(all().map(|sum| sum.last).sum()),
            _ if adds_up => Some(all().map(|sum| sum.sum / sum.count.max(1)).sum()),
            _ => Some(all().map(|sum| sum.sum).sum::<i64>() / all().map(|sum| sum.count).sum::<i64>().max(1)),
        }
    }
}

/// The series of an answer while the roll-ups are read, which come in order of time.
struct Fold<'a> {
    ask: &'a Ask,
    names: HashMap<i64, ChargerId>,
    sites: &'a Registry,
    /// Series, and the number of each connector's.
    series: BTreeMap<Of, usize>,
    connectors: HashMap<(i64, Outlet), (usize, usize)>,
    /// The step in hand: where it begins, and what it comes to by series.
    start: i64,
    steps: Vec<Option<Step>>,
    /// What is done: series, start, value.
    points: Vec<(usize, i64, i64)>,
}

impl Fold<'_> {
    fn take(&mut self, rolled: &Rolled) {
        if (rolled.outlet.is_station() && self.ask.per != "connector") || self.points.len() > MOST_POINTS {
            return;
        }
        let start = rolled.start_s.div_euclid(self.ask.step_s) * self.ask.step_s;
        if start != self.start {
            self.close();
            self.start = start;
        }
        let (number, connector) = self.number(rolled.station, rolled.outlet);
        if let Some(step) = self.steps.get_mut(number) {
            step.get_or_insert_default().add(connector, rolled, self.ask);
        }
    }

    /// The number of a connector's series, and its own.
    fn number(&mut self, station: i64, outlet: Outlet) -> (usize, usize) {
        if let Some(known) = self.connectors.get(&(station, outlet)) {
            return *known;
        }
        let of = self.names.get(&station).map(|charger| label(charger, outlet, self.ask.per, self.sites));
        let of = of.unwrap_or_else(|| Of { site: NO_SITE.to_owned(), charger: None, connector: None });
        let fresh = self.series.len();
        let number = *self.series.entry(of).or_insert(fresh);
        if number == fresh {
            self.steps.push(None);
        }
        let numbers = (number, self.connectors.len());
        self.connectors.insert((station, outlet), numbers);
        numbers
    }

    /// The step in hand is over.
    fn close(&mut self) {
        for (number, step) in self.steps.iter_mut().enumerate() {
            let value = step.take().and_then(|step| step.value(self.ask));
            self.points.extend(value.map(|value| (number, self.start, value)));
        }
    }

    /// The points in order of series and time.
    fn rows(mut self) -> Vec<Row> {
        self.close();
        let mut rank = vec![0; self.series.len()];
        let mut labels = Vec::with_capacity(rank.len());
        for (place, (of, number)) in self.series.iter().enumerate() {
            rank[*number] = place;
            labels.push(of);
        }
        self.points.sort_unstable_by_key(|(number, start, _)| (rank[*number], *start));
        let row = |(number, start, value): &(usize, i64, i64)| row(labels[rank[*number]], *start, self.ask, *value);
        self.points.iter().map(row).collect()
    }
}

/// Reads the roll-ups and folds them to points.
fn gather(ledger: &mut SeenSeries<'_>, ask: &Ask, sites: &Registry) -> Result<Vec<Row>, StoreError> {
    let mut fold = Fold {
        ask,
        names: ledger.charger_ids()?.into_iter().collect(),
        sites,
        series: BTreeMap::new(),
        connectors: HashMap::new(),
        start: i64::MIN,
        steps: Vec::new(),
        points: Vec::new(),
    };
    ledger.rolled(&ask.filter, &mut |rolled| fold.take(&rolled))?;
    Ok(fold.rows())
}

fn label(charger: &ChargerId, outlet: Outlet, per: &str, sites: &Registry) -> Of {
    let registered = sites.chargers.get(charger);
    let site = registered.map_or(NO_SITE, |charger| charger.site.id.as_str()).to_owned();
    let name = (per != "site").then(|| charger.as_str().to_owned());
    let evse = registered.map_or(outlet.evse, |charger| charger.evse_of(outlet));
    Of { site, charger: name, connector: (per == "connector").then_some((evse, outlet.connector)) }
}

fn row(of: &Of, start_s: i64, ask: &Ask, value: i64) -> Row {
    vec![
        At::from_millis(start_s.saturating_mul(1000)).into(),
        of.site.as_str().into(),
        of.charger.as_deref().into(),
        of.connector.map(|(evse, _)| evse).into(),
        of.connector.map(|(_, connector)| connector).into(),
        Cell::Text(ask.filter.measure.name().into()),
        Cell::Text(ask.function.into()),
        Milli(value).into(),
    ]
}
