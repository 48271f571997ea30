//! What the columns of an export are.

use super::{Column, Kind, Value, What};
use crate::config::sites::Registry;
use crate::domain::energy::Milli;
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::reading::Word;
use crate::domain::record::SessionState;
use crate::domain::telemetry::Measure;
use crate::domain::time::At;
use crate::domain::token::TokenHash;
use crate::store::telemetry::{PastReading, SessionFact};

const READING: [Column; 16] = [
    ("site", Kind::Text),
    ("charger", Kind::Text),
    ("evse", Kind::Whole),
    ("connector", Kind::Whole),
    ("at", Kind::Time),
    ("measure", Kind::Text),
    ("measurand", Kind::Text),
    ("phase", Kind::Text),
    ("location", Kind::Text),
    ("context", Kind::Text),
    ("unit_as_sent", Kind::Text),
    ("value", Kind::Decimal),
    ("text", Kind::Text),
    ("session_id", Kind::Whole),
    ("flags", Kind::Whole),
    ("received_at", Kind::Time),
];

const SESSION: [Column; 19] = [
    ("site", Kind::Text),
    ("charger", Kind::Text),
    ("evse", Kind::Whole),
    ("connector", Kind::Whole),
    ("session_id", Kind::Whole),
    ("transaction_id", Kind::Text),
    ("state", Kind::Text),
    ("provisional", Kind::Truth),
    ("started_at", Kind::Time),
    ("ended_at", Kind::Time),
    ("meter_start_wh", Kind::Decimal),
    ("meter_stop_wh", Kind::Decimal),
    ("energy_wh", Kind::Decimal),
    ("energy_quality", Kind::Text),
    ("charging_s", Kind::Whole),
    ("idle_s", Kind::Whole),
    ("stop_reason", Kind::Text),
    ("token", Kind::Text),
    ("received_at", Kind::Time),
];

/// The columns of what is exported.
pub(super) const fn columns(what: What) -> &'static [Column] {
    match what {
        What::Readings => &READING,
        What::Sessions => &SESSION,
    }
}

impl From<Option<Self>> for Value {
    fn from(value: Option<Self>) -> Self {
        value.unwrap_or(Self::None)
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn filled(word: &str) -> Value {
    Some(word).filter(|word| !word.is_empty()).map(text).into()
}

/// Site, charger, EVSE, connector.
fn place(charger: &ChargerId, outlet: Outlet, sites: &Registry) -> [Value; 4] {
    let registered = sites.chargers.get(charger);
    let evse = registered.map_or(outlet.evse, |charger| charger.evse_of(outlet));
    [
        registered.map(|charger| text(&charger.site.id)).into(),
        text(charger.as_str()),
        Value::Whole(evse.into()),
        Value::Whole(outlet.connector.into()),
    ]
}

/// A reading's row.
pub(super) fn reading(reading: PastReading, sites: &Registry) -> Vec<Value> {
    let kind = &reading.kind;
    let measure = Measure::of(kind, reading.flags);
    let mut row = Vec::from(place(&reading.place.charger, reading.place.outlet, sites));
    row.extend([
        Value::Time(reading.at),
        measure.map(|measure| text(measure.name())).into(),
        text(kind.measurand.as_str()),
        filled(kind.phase.as_str()),
        text(kind.location.as_str()),
        text(kind.context.as_str()),
        filled(kind.unit.as_str()),
        reading.value.map(Value::Decimal).into(),
        reading.text.map(Value::Text).into(),
        reading.session.map(|id| Value::Whole(id.0.into())).into(),
        Value::Whole(reading.flags.0.into()),
        Value::Time(reading.received),
    ]);
    row
}

/// A session's row.
pub(super) fn session(fact: &SessionFact, sites: &Registry) -> Vec<Value> {
    let row = &fact.row;
    let time = |at: Option<At>| Value::from(at.map(Value::Time));
    let energy = |energy: Option<crate::domain::energy::MilliWh>| {
        Value::from(energy.map(|energy| Value::Decimal(Milli(energy.0))))
    };
    let mut cells = Vec::from(place(&fact.charger, row.outlet, sites));
    cells.extend([
        Value::Whole(row.id.0.into()),
        text(&row.transaction.0),
        text(row.state.as_str()),
        Value::Truth(row.state != SessionState::Ended),
        time(row.started_at),
        time(row.ended_at),
        energy(row.meter_start),
        energy(row.meter_stop),
        energy(row.energy),
        text(row.quality.as_str()),
        fact.charging_s.map(Value::Whole).into(),
        fact.idle_s.map(Value::Whole).into(),
        row.stop_reason.as_ref().map(|reason| text(Word::as_str(reason))).into(),
        row.token.as_ref().map(|token| text(TokenHash::as_str(token))).into(),
        Value::Time(row.received_at),
    ]);
    cells
}
