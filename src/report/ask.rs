//! Asking for a report: what may be asked, and what surrounds the lines of every answer.

use std::collections::HashSet;

use chrono_tz::Tz;

use super::cells::Cells;
use super::network::{Evse, Network};
use super::period::{Period, TimeUnit};
use super::tally::tally;
use super::{Group, Line, Make, PlaceUnit, Report, Rules, Scope, Table, Value};
use crate::config::near::nearest;
use crate::config::report::ReportSettings;
use crate::config::sites::Registry;
use crate::domain::ids::{ChargerId, StationKey};
use crate::domain::service::{Fact, Facts};
use crate::domain::time::{At, Span};
use crate::store::StoreError;
use crate::store::figures::{Detail, Figures};

/// Fewer EVSEs than this are a small cell.
pub const FEW_EVSES: usize = 3;

/// Fewer sessions than this are a small cell, in a report about sessions.
pub const FEW_SESSIONS: i64 = 10;

/// Most lines of an answer: each holds all facts while it is summed.
const MOST_LINES: usize = 250_000;

/// Most hours of EVSEs in one answer: hours are not kept but made.
const MOST_HOURS: usize = 1_000_000;

/// Why there is nothing yet.
const NOT_BEGUN: &str = "the period has not begun";

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What is asked, as texts; `None` where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// A period: `2026`, `2026-Q3`, `2026-10`, `2026-11-24`.
    pub period: Option<String>,
    /// Or from when.
    pub from: Option<String>,
    /// Until when.
    pub to: Option<String>,
    /// Grouped by these, parted by commas: at most one of place and one of time.
    pub group_by: Option<String>,
    /// The zone of the period, instead of that of the settings.
    pub zone: Option<String>,
    /// Of this site alone.
    pub site: Option<String>,
    /// Of sites of this kind alone.
    pub site_type: Option<String>,
    /// Of this charger alone.
    pub charger: Option<String>,
    /// Of these sites at most; empty: all. What the asker's token is limited to.
    pub only_sites: Vec<String>,
    /// Whether small cells are suppressed.
    pub suppress: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The question has a mistake.
    #[error("{0}")]
    Mistake(String),
    /// The ledger failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A report with all that is needed to judge it.
pub struct Answer {
    /// The report.
    pub report: &'static Report,
    /// The period.
    pub period: Period,
    /// How lines are grouped by place.
    pub place: PlaceUnit,
    /// How lines are grouped by time.
    pub time: Option<TimeUnit>,
    /// Why the figures may still change; `None`: they are final.
    pub provisional: Option<&'static str>,
    /// Share of the time in service while open in which something was known.
    pub coverage: Value,
    /// Whether any of it is simulated.
    pub is_simulated: bool,
    /// The tables that it was made with, and their versions.
    pub factors: Vec<(Table, String)>,
    /// When it was made.
    pub generated_at: At,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Answers.
///
/// # Errors
/// When the question has a mistake, or the ledger cannot be read.
pub fn answer(
    report: &'static Report,
    ask: &Ask,
    ledger: &mut dyn Figures,
    registry: &Registry,
    settings: &ReportSettings,
    now: At,
) -> Result<Answer, ReportError> {
    let (network, period) = scene(ask, ledger, registry, settings, now)?;
    let (place, time) = units(report, ask.group_by.as_deref()).map_err(ReportError::Mistake)?;
    let buckets = period.buckets(time, now).map_err(ReportError::Mistake)?;
    has_room(&network, place, time, buckets.len()).map_err(ReportError::Mistake)?;
    let (zone, rules, suppress_few) = (settings.zone, Rules::of(settings), ask.suppress);
    let (buckets, network_of) = (buckets.as_slice(), &network);
    let mut scope = Scope {
        ledger,
        network: network_of,
        registry,
        place,
        buckets,
        zone,
        now,
        rules,
        suppress: suppress_few,
        whole: None,
        summed: None,
    };
    let mut lines = lines_of(report, &mut scope)?;
    let whole = match scope.whole {
        Some(whole) => whole,
        None => covered(ledger, &network, buckets, zone)?,
    };
    if ask.suppress {
        lines.iter_mut().for_each(|line| suppress(report, line));
    }
    if lines.is_empty() && place == PlaceUnit::Network {
        lines = empty(report, time, buckets);
    }
    let heard = whole[Fact::Counted] - unheard(&whole);
    Ok(Answer {
        report,
        provisional: provisional(ledger, &network, &period, settings, now)?,
        coverage: Value::ratio(heard, whole[Fact::Counted], "nothing was in service"),
        is_simulated: network.evses.iter().any(|evse| evse.simulated),
        factors: report.factors.iter().map(|table| (*table, table.version(registry))).collect(),
        generated_at: now,
        period,
        place,
        time,
        lines,
    })
}

/// The lines of a report.
pub(super) fn lines_of(report: &Report, scope: &mut Scope<'_>) -> Result<Vec<Line>, StoreError> {
    match report.make {
        Make::Facts(fold) => of_facts(scope, Detail::SUMS, fold),
        Make::Sessions(fold) => of_facts(scope, Detail::SESSIONS, fold),
        Make::Ledger(make) => make(scope),
    }
}

/// The EVSEs and the period that are asked for.
pub(super) fn scene(
    ask: &Ask,
    ledger: &mut dyn Figures,
    registry: &Registry,
    settings: &ReportSettings,
    now: At,
) -> Result<(Network, Period), ReportError> {
    let mistake = |text: String| ReportError::Mistake(text);
    let zone = match &ask.zone {
        Some(name) => zone_of(name).map_err(mistake)?,
        None => settings.zone,
    };
    let texts = (ask.period.as_deref(), ask.from.as_deref(), ask.to.as_deref());
    let period = Period::read(texts, zone, now).map_err(mistake)?;
    let mut network = Network::of(registry, ledger.met()?, settings);
    let site_of = |evse: &Evse| evse.site.as_ref().map(|site| site.id.clone());
    let type_of = |evse: &Evse| evse.site.as_ref().and_then(|site| site.kind.clone());
    if !ask.only_sites.is_empty() {
        network.retain(|evse| site_of(evse).is_some_and(|site| ask.only_sites.contains(&site)));
    }
    if let Some(site) = &ask.site {
        let none = format!("there is no EVSE at a site \"{site}\"");
        only(&mut network, none, site, site_of, |evse| site_of(evse).as_ref() == Some(site)).map_err(mistake)?;
    }
    if let Some(kind) = &ask.site_type {
        let none = format!("there is no EVSE at a site of the type \"{kind}\"");
        only(&mut network, none, kind, type_of, |evse| type_of(evse).as_ref() == Some(kind)).map_err(mistake)?;
    }
    if let Some(charger) = &ask.charger {
        let (none, id) = (format!("there is no charger \"{charger}\""), ChargerId::new(charger.clone()));
        let name = |evse: &Evse| Some(evse.charger.as_str().to_owned());
        only(&mut network, none, charger, name, |evse| evse.charger == id).map_err(mistake)?;
    }
    Ok((network, period))
}

/// Leaves the EVSEs that are wanted; where there are none, says which name is the nearest.
fn only(
    network: &mut Network,
    none: String,
    name: &str,
    of: impl Fn(&Evse) -> Option<String>,
    wanted: impl Fn(&Evse) -> bool,
) -> Result<(), String> {
    let known: Vec<String> = network.evses.iter().filter_map(of).collect();
    network.retain(wanted);
    let near = nearest(name, known.iter().map(String::as_str)).filter(|_| network.evses.is_empty());
    match near {
        Some(near) => Err(format!("{none}; did you mean \"{near}\"?")),
        None if network.evses.is_empty() => Err(none),
        None => Ok(()),
    }
}

/// The zone of a name; London is meant by its city too.
fn zone_of(name: &str) -> Result<Tz, String> {
    let near = || {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let is_city = |zone: &&str| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
        names.clone().find(is_city).or_else(|| nearest(name, names)).unwrap_or_default()
    };
    name.parse().map_err(|_| format!("zone \"{name}\" is no time zone; did you mean \"{}\"?", near()))
}

/// What lines are grouped by.
fn units(report: &Report, text: Option<&str>) -> Result<(PlaceUnit, Option<TimeUnit>), String> {
    let (mut place, mut time) = (None, None);
    for word in text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let of_place = report.places.iter().find(|unit| unit.word() == word);
        let of_time = report.times.iter().find(|unit| unit.word() == word);
        let wrong = || {
            let places = report.places.iter().map(|unit| unit.word());
            let known: Vec<&str> = places.chain(report.times.iter().map(|unit| unit.word())).collect();
            let near = nearest(word, known.iter().copied()).unwrap_or_default();
            format!("group_by=\"{word}\" is none of: {}; did you mean \"{near}\"?", known.join(", "))
        };
        let twice = match (of_place, of_time) {
            (Some(unit), _) => place.replace(*unit).is_some(),
            (None, Some(unit)) => time.replace(*unit).is_some(),
            (None, None) => return Err(wrong()),
        };
        if twice {
            return Err("group_by takes one of place and one of time".to_owned());
        }
    }
    Ok((place.unwrap_or(PlaceUnit::Network), time))
}

/// Whether that can be answered at once.
fn has_room(network: &Network, place: PlaceUnit, time: Option<TimeUnit>, buckets: usize) -> Result<(), String> {
    let groups: HashSet<Vec<String>> =
        network.evses.iter().map(|evse| evse.group(place).iter().map(Value::to_string).collect()).collect();
    if groups.len() * buckets > MOST_LINES {
        return Err(format!("that is more than {MOST_LINES} lines; ask for less"));
    }
    if time == Some(TimeUnit::Hour) && network.evses.len() * buckets > MOST_HOURS {
        return Err(format!("by hour that is {} EVSEs in {buckets} hours; ask for less", network.evses.len()));
    }
    Ok(())
}

/// Lines from sums of facts, and the sum of all.
fn of_facts(
    scope: &mut Scope<'_>,
    detail: Detail,
    fold: fn(&Group<'_>) -> Vec<Value>,
) -> Result<Vec<Line>, StoreError> {
    let cells = Cells::in_detail(scope, scope.place, detail)?;
    Ok(cells.lines(scope.buckets, |_, cell, bucket| {
        let evses: Vec<&Evse> = cell.evses.iter().filter_map(|index| scope.network.evses.get(*index)).collect();
        let (facts, rapid, rated) = (&cell.facts, &cell.rapid, cell.rated);
        let group = Group { evses: &evses, bucket, zone: scope.zone, facts, rapid, rated, rules: scope.rules };
        (facts[Fact::Sessions], fold(&group))
    }))
}

/// The sum of the facts of all.
fn covered(
    ledger: &mut dyn Figures,
    network: &Network,
    buckets: &[(Option<String>, Span)],
    zone: Tz,
) -> Result<Facts, StoreError> {
    let spans: Vec<Span> = buckets.iter().map(|(_, span)| *span).collect();
    let mut whole = Facts::default();
    tally(ledger, network, &spans, zone, Detail::SUMS, &mut |_, _, facts| whole.add_sums(facts))?;
    Ok(whole)
}

/// What there is to say of a network without an EVSE, or before the period has begun: a line that says so.
fn empty(report: &Report, time: Option<TimeUnit>, buckets: &[(Option<String>, Span)]) -> Vec<Line> {
    let reason = if buckets.is_empty() { NOT_BEGUN } else { "no EVSE is known" };
    let labels: Vec<Option<String>> = match time {
        None => vec![None],
        Some(_) => buckets.iter().map(|(label, _)| label.clone()).collect(),
    };
    let values = || vec![Value::Null(reason); report.columns.len()];
    let line = |time| Line { place: Vec::new(), time, evses: 0, sessions: 0, values: values() };
    labels.into_iter().map(line).collect()
}

/// Of the counted time that in which nothing was heard, whoever's doing that was.
pub(super) fn unheard(facts: &Facts) -> i64 {
    facts[Fact::Unknown] + facts[Fact::Ours] + facts[Fact::ExemptUnheard]
}

/// A cell of few leaves as null, so that nobody can be made out in it.
fn suppress(report: &Report, line: &mut Line) {
    if line.evses < FEW_EVSES || (report.of_sessions && line.sessions < FEW_SESSIONS) {
        line.values.iter_mut().for_each(|value| *value = Value::Null("small cell"));
    }
}

/// Why the figures of a period may still change, if they may.
fn provisional(
    ledger: &mut dyn Figures,
    network: &Network,
    period: &Period,
    settings: &ReportSettings,
    now: At,
) -> Result<Option<&'static str>, StoreError> {
    let until = period.span.until;
    if period.span.from >= now {
        return Ok(Some(NOT_BEGUN));
    }
    if until > now {
        return Ok(Some("the period is not over"));
    }
    if now.millis_since(until) < i64::from(settings.settle_days) * DAY_MS {
        return Ok(Some("the period ended less than the settling time ago"));
    }
    if ledger.open_since_before(until)? {
        return Ok(Some("a session that began in the period or before is still open"));
    }
    let marks = ledger.marks()?;
    let late: HashSet<StationKey> =
        marks.iter().filter(|mark| mark.span.within(period.span).is_some()).map(|mark| mark.station).collect();
    let is_late = network.evses.iter().any(|evse| evse.station.is_some_and(|station| late.contains(&station)));
    Ok(is_late.then_some("late facts of the period are being reckoned with"))
}
