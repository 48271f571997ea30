//! How answers are told, and what is said to a question with a mistake.

use super::{Bench, settings};
use crate::report::{Ask, REPORTS, answer, named, unknown};

const BEGIN: &str = "2026-10-01T00:00:00Z";
const NOW: &str = "2026-12-20T00:00:00Z";

fn one() -> Bench {
    let bench = Bench::new(BEGIN, NOW, "MK-1,coachway,24/7,2026-01-01,,1,1,50\n");
    let id = bench.charger("MK-1", BEGIN);
    bench.line(id, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    bench
}

/// What is said to a question.
fn refusal(bench: &Bench, ask: &Ask) -> String {
    let report = named("reliability").unwrap();
    let told = |ledger: &mut dyn crate::store::figures::Figures| {
        Ok(answer(report, ask, ledger, &bench.registry, &settings(), bench.now).err().map(|error| error.to_string()))
    };
    bench.ledger().figures(told).unwrap().unwrap()
}

#[test]
fn a_mistake_is_told_with_the_nearest_name() {
    let bench = one();
    let ask = || bench.period("2026-11");
    let text = |text: &str| Some(text.to_owned());
    for (ask, told) in [
        (Ask { group_by: text("sites"), ..ask() }, "did you mean \"site\"?"),
        (Ask { zone: text("london"), ..ask() }, "did you mean \"Europe/London\"?"),
        (Ask { zone: text("Europe/Pariss"), ..ask() }, "did you mean \"Europe/Paris\"?"),
        (
            Ask { site: text("coachwey"), ..ask() },
            "there is no EVSE at a site \"coachwey\"; did you mean \"coachway\"?",
        ),
        (Ask { charger: text("MK-11"), ..ask() }, "there is no charger \"MK-11\"; did you mean \"MK-1\"?"),
        (Ask { site_type: text("hub"), ..ask() }, "there is no EVSE at a site of the type \"hub\""),
    ] {
        let found = refusal(&bench, &ask);
        assert!(found.ends_with(told), "{found}");
    }
    assert!(unknown("reliabilty").starts_with("there is no report \"reliabilty\"; did you mean \"reliability\"?"));
}

#[test]
fn a_network_without_evses_and_a_period_that_has_not_begun_say_so_in_every_report() {
    let empty = Bench { registry: crate::config::sites::Registry::default(), ..Bench::new(BEGIN, NOW, "") };
    for report in REPORTS {
        let answer = empty.ask_of(report.name, &empty.period("2026-11"));
        assert!(!answer.lines.is_empty(), "{}", report.name);
        let months = Ask { group_by: Some("month".to_owned()), ..empty.period("2026-Q4") };
        let suppressed = empty.ask_of(report.name, &Ask { suppress: true, ..months });
        assert!(suppressed.lines.len() >= 3, "{}: three months", report.name);
        let ahead = one();
        let answer = ahead.ask_of(report.name, &ahead.period("2027"));
        let reason = Some("the period has not begun");
        assert_eq!((answer.lines.len(), answer.provisional), (1, reason), "{}", report.name);
        assert!(answer.lines[0].values.iter().all(|value| value.reason() == reason), "{}", report.name);
    }
    let answer = empty.ask_of("reliability", &empty.period("2026-11"));
    let json: serde_json::Value = serde_json::from_str(&answer.json()).unwrap();
    assert_eq!(json["coverage_reason"], "nothing was in service");
    assert!(answer.csv().unwrap().contains(",all: no EVSE is known,reliability,"), "{:?}", answer.csv());
}

#[test]
fn names_stand_in_the_order_of_the_columns_and_each_is_described() {
    let bench = one();
    let ask = Ask { group_by: Some("site,month".to_owned()), ..bench.period("2026-11") };
    let answer = bench.ask_of("reliability", &ask);
    let text = answer.json();
    let places: Vec<_> =
        ["{\"report\":", "\"rows\":[{\"site\":", "\"month\":\"2026-11\"", "\"evses\":1", "\"uk\":1", "\"reasons\":{"]
            .iter()
            .map(|part| text.rfind(part).unwrap_or_else(|| panic!("{part} in {text}")))
            .collect();
    assert!(places.is_sorted(), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names = json["group_columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["site", "site_name", "month"]);
    assert_eq!(answer.file_name(), "reliability_2026-11");
    let days = Ask { from: Some("2026-11-01".to_owned()), to: Some("2026-11-03".to_owned()), ..Ask::default() };
    assert_eq!(bench.ask_of("energy", &days).file_name(), "energy_2026-11-01_2026-11-03");
}

#[test]
fn a_reason_stands_once_behind_the_columns_that_it_is_of() {
    let bench = Bench::new(BEGIN, NOW, "A,S,24/7,2026-01-01,,1,1,22\n");
    let id = bench.charger("A", BEGIN);
    bench.line(id, 1, &[(BEGIN, "AVAILABLE", "charger")]);
    let csv = bench.ask(&bench.period("2026-11")).csv().unwrap();
    let reason = "\"uk_rapid, budget_left_rapid_s: no EVSE of 50 kW or more was in service\"";
    assert!(csv.contains(reason), "{csv}");
}
