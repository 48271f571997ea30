//! How closely chargers keep to their version of OCPP: what a council can hand to a manufacturer.

use axum::extract::RawQuery;
use axum::response::Response;

use crate::domain::energy::Milli;
use crate::domain::time::At;
use crate::http::error::Problem;
use crate::http::list::{self, Fault, Page, Source};
use crate::http::params::{FROM, Param, Query, TO};
use crate::http::router::declared;
use crate::http::table::{Field, Kind, Resource, Row};
use crate::http::view::Whole;
use crate::store::archive::Archive;
use crate::store::device::{ConformanceFilter, ConformanceView, Detail, Period};

pub(in crate::http) const VENDOR: Param = Param { name: "vendor", about: "Of this maker.", words: &[] };
pub(in crate::http) const MODEL: Param = Param { name: "model", about: "Of this model.", words: &[] };
pub(in crate::http) const PER: Param = Param {
    name: "per",
    about: "build: a maker's model with its firmware and protocol; action: and each action; rule: and each rule that was needed.",
    words: &["build", "action", "rule"],
};
pub(in crate::http) const BY: Param = Param {
    name: "by",
    about: "all: the whole time as one; month, day: over time (UTC).",
    words: &["all", "month", "day"],
};

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3_600_000;

/// How closely a build keeps to its version of OCPP.
pub(in crate::http) const CONFORMANCE: Resource = Resource {
    name: "Conformance",
    about: "How closely a maker's model with one firmware keeps to its version of OCPP. Counted from frames; each \
            deviation of the last months stands at /api/v1/deviations with its frame.",
    fields: &[
        Field { name: "vendor", kind: Kind::Text, about: "Maker; null where its chargers never said." },
        Field { name: "model", kind: Kind::Text, about: "Model." },
        Field { name: "firmware", kind: Kind::Text, about: "Firmware version." },
        Field { name: "protocol", kind: Kind::Text, about: "Protocol of the connections." },
        Field { name: "chargers", kind: Kind::Whole, about: "Chargers that are of this build now." },
        Field { name: "period", kind: Kind::Text, about: "Month or day (UTC); null for the whole time asked for." },
        Field { name: "action", kind: Kind::Text, about: "Action, where told by action or rule." },
        Field { name: "rule", kind: Kind::Text, about: "Rule of tolerance, where told by rule." },
        Field { name: "frames", kind: Kind::Whole, about: "Frames received of this build, period and action." },
        Field {
            name: "deviating",
            kind: Kind::Whole,
            about: "Those of them that deviate; by rule: those in which the rule was needed.",
        },
        Field {
            name: "score_percent",
            kind: Kind::Decimal,
            about: "Share of frames that do not deviate (by rule: that did not need it), in percent, cut to thousandths.",
        },
    ],
};

/// Lists conformance.
pub(in crate::http) async fn list(whole: Whole, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref(), declared("/api/v1/conformance"))?;
    let day = |at: At| at.millis().div_euclid(DAY_MS);
    let whole_day_after = |at: At| day(at.plus_millis(DAY_MS - 1));
    let filter = ConformanceFilter {
        from_day: query.time(&FROM)?.map(day),
        until_day: query.time(&TO)?.map(whole_day_after),
        vendor: query.text(&VENDOR).map(str::to_owned),
        model: query.text(&MODEL).map(str::to_owned),
        detail: match query.text(&PER) {
            Some("action") => Detail::Action,
            Some("rule") => Detail::Rule,
            _ => Detail::Build,
        },
        period: match query.text(&BY) {
            Some("month") => Period::Month,
            Some("day") => Period::Day,
            _ => Period::All,
        },
    };
    list::answer(whole.view(), &CONFORMANCE, &query, Conformance(filter)).await
}

#[derive(Clone)]
struct Conformance(ConformanceFilter);

impl Source for Conformance {
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault> {
        list::part(archive.conformance(&self.0)?, cursor, limit, row)
    }
}

fn row(view: &ConformanceView) -> Row {
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    vec![
        said(&view.vendor).into(),
        said(&view.model).into(),
        said(&view.firmware).into(),
        said(&view.protocol).into(),
        whole(view.chargers).into(),
        view.period.clone().into(),
        view.action.clone().into(),
        view.rule.clone().into(),
        whole(view.frames).into(),
        whole(view.deviating).into(),
        score(view.frames, view.deviating).into(),
    ]
}

/// The share of frames that do not deviate, in percent; none where there are no frames.
fn score(frames: u64, deviating: u64) -> Option<Milli> {
    let good = u128::from(frames.saturating_sub(deviating));
    let thousandths = (good * 100_000).checked_div(u128::from(frames))?;
    Some(Milli(i64::try_from(thousandths).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_exact_never_rounded_up_and_none_without_frames() {
        for (frames, deviating, shown) in [(3, 1, "66.666"), (200, 1, "99.5"), (1_000_000, 1, "99.999"), (7, 7, "0")] {
            assert_eq!(score(frames, deviating).unwrap().to_string(), shown);
        }
        assert_eq!(score(0, 0), None);
    }
}
