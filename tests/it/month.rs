//! A month of a simulated fleet, with outages of our own, left in a folder: the ledger, what truly happened, the registry
//! and the run. The tests in `tests/real/` judge it with reckonings that are not ours.

use std::path::PathBuf;
use std::time::Duration as RealDuration;

use chargewatch::sim::{FleetPlan, registry_csv};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use crate::fleet::Run;

/// Unheard for longer than this is unknown: two heartbeats.
const GRACE_S: i64 = 1800;

/// When the service is stopped, and for how many minutes: a night, a few minutes, and across a midnight.
const OUTAGES: [(&str, i64); 3] =
    [("2025-10-08T22:10:00Z", 200), ("2025-10-15T09:00:00Z", 7), ("2025-10-21T22:20:00Z", 90)];

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns once the service has put down to the link whoever did not come back.
async fn absent_are_blamed(run: &Run) {
    let open = "SELECT count(*) FROM status_interval WHERE until_ms IS NULL AND cause = 'our_outage'";
    for _ in 0..200 {
        if run.service().ledger(open, &[])[0][0] == 0 {
            return;
        }
        tokio::time::sleep(RealDuration::from_millis(100)).await;
    }
    panic!("nobody was blamed");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "leaves its ledger in the folder CHARGEWATCH_MONTH; tests/real runs it"]
async fn a_month_is_left_for_others_to_judge() {
    let folder = PathBuf::from(std::env::var_os("CHARGEWATCH_MONTH").expect("CHARGEWATCH_MONTH says where to"));
    let (from, until) = (time("2025-09-29T06:00:00Z"), time("2025-11-01T06:00:00Z"));
    let plan = FleetPlan {
        until: Some(until),
        trouble: 6.0,
        dc_sample_s: 900,
        ac_sample_s: 1800,
        ..FleetPlan::new(18, 7, from)
    };
    // Pings and rates go by the wall's time, which is not that of the fleet.
    let settings = [
        ("ocpp.heartbeat_interval_s", "900"),
        ("ocpp.ping_interval_s", "3600"),
        ("ocpp.silence_limit_s", "7200"),
        ("limits.charger_connects_min", "0"),
        ("limits.charger_frames_s", "0"),
        ("store.frames_keep_days", "400"),
    ];
    let mut run = Run::new(&plan, &folder, &settings).await;
    let mut outages = Vec::new();
    for (begins, minutes) in OUTAGES {
        let mut at = from;
        // The hour comes when every charger is there: then nobody's absence is about to be noticed.
        while at < time(begins) || !run.fleet.chargers().iter().all(|charger| charger.tally().connected) {
            at = run.step().await.unwrap();
        }
        run.stop(at).await;
        let back = at + Duration::minutes(minutes);
        while run.fleet.next_at().unwrap().0 < back {
            run.step().await;
        }
        run.start(back).await;
        outages.push(json!({"from": at, "to": back}));
        while run.fleet.next_at().unwrap().0 <= back + Duration::seconds(GRACE_S) {
            run.step().await;
        }
        run.pass(back + Duration::seconds(GRACE_S + 1));
        absent_are_blamed(&run).await;
    }
    while let Some(at) = run.step().await {
        assert!(at < until + Duration::days(3), "the fleet does not drain");
    }
    let truth = run.truth();
    assert!(truth.totals.stops_acknowledged > 500, "{:?}", truth.totals);
    run.stop(truth.header.taken_at).await;
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    write("truth.json", serde_json::to_string(&truth).unwrap());
    write("registry.csv", registry_csv(&run.fleet));
    write("run.json", json!({"grace_s": GRACE_S, "outages": outages}).to_string());
}
