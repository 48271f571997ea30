//! The programme's metrics: a golden copy of the page, and that each row shows a figure that there is.

use super::super::scrape::{Page, SHOWN, questions};
use super::*;

/// Two sites: one of three EVSEs, and one that is a small cell.
fn two_sites() -> Bench {
    let mut bench = Bench::new("2026-10-01T00:00:00Z", "2026-11-25T12:00:00Z", "");
    let head = "charger_id,site_id,site_name,imd_decile,commissioned_on,evse_id,connector_ids,rated_kw\n";
    let rows = "A,hub,\"The \"\"Hub\"\"\",2,2026-10-01,1,1,50\nB,hub,\"The \"\"Hub\"\"\",2,2026-10-01,1,1,50\n\
                C,hub,\"The \"\"Hub\"\"\",2,2026-10-01,1,1,7\nD,kerb,Kerb,1,2026-10-01,1,1,7\n";
    bench.registry = Registry::from_csv("sites.csv", &format!("{head}{rows}")).unwrap();
    for name in ["A", "B", "C", "D"] {
        let charger = bench.charger(name, "2026-10-01T00:00:00Z");
        bench.line(charger, 1, &[("2026-10-01T00:00:00Z", "AVAILABLE", "charger")]);
    }
    let broken = bench.charger("E", "2026-11-01T00:00:00Z");
    bench.line(
        broken,
        1,
        &[("2026-11-01T00:00:00Z", "AVAILABLE", "charger"), ("2026-11-24T12:00:00Z", "OUTOFORDER", "charger")],
    );
    bench
}

fn page(bench: &Bench) -> String {
    let mut page = Page::default();
    for question in questions(local_day(bench.now, LONDON)) {
        let (report, ask) = (question.report, &question.ask);
        let answer = bench
            .ledger()
            .figures(|ledger| Ok(answer(report, ask, ledger, &bench.registry, &settings(), bench.now)))
            .unwrap()
            .unwrap();
        page.take(&question, &answer);
    }
    page.text(bench.now)
}

#[test]
fn the_programme_page_is_as_it_was() {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("programme", page(&two_sites())));
}

#[test]
fn kept_facts_and_facts_anew_make_the_same_page() {
    let bench = two_sites();
    let anew = page(&bench);
    bench.keep();
    assert_eq!(page(&bench), anew);
}

#[test]
fn small_cells_and_chargers_are_not_on_the_programme_page() {
    let page = page(&two_sites());
    assert!(page.contains("chargewatch_programme_site_reliability_uk_ratio{site=\"hub\""));
    assert!(!page.contains("ratio{site=\"kerb\"") && !page.contains("charger="));
}

#[test]
fn every_row_of_the_programme_page_shows_a_figure_that_there_is() {
    for shown in SHOWN {
        let report = named(shown.report).unwrap();
        let known = shown.column == "evses" || report.columns.iter().any(|column| column.name == shown.column);
        assert!(known, "{} has no column {}", shown.report, shown.column);
    }
}
