//! The simulator judged by a simple server of its own: what a careful reader of the wire learns must be what the truth says.

mod client;
mod csms;
mod fleet;
mod socket;

use super::truth::Truth;
use csms::Csms;

/// Holds what a server learnt against the truth of a drained run, session by session.
fn learnt_is_true(truth: &Truth, csms: &Csms) {
    assert_eq!(csms.sessions.len(), truth.sessions.len());
    for session in &truth.sessions {
        let key = (
            session.charger_id.clone(),
            i64::from(session.connector_id),
            session.id_tag.clone(),
            session.started_at_reported,
            session.meter_start_wh,
        );
        let learnt = &csms.sessions[&key];
        let case = format!("{session:?} against {learnt:?}");
        assert!(session.start_acknowledged && session.transaction_id == Some(learnt.id), "{case}");
        assert!(session.conflicting_transaction_ids.is_empty(), "{case}");
        assert_eq!(session.last_reported_wh, learnt.last_wh, "{case}");
        assert_eq!(session.readings_acknowledged, learnt.readings.len() as u64, "{case}");
        assert_eq!(session.readings_acknowledged, session.readings_sent, "{case}");
        assert_eq!(session.stop_acknowledged, !session.ended_without_stop, "{case}");
        assert_eq!(learnt.stop_wh.is_some(), session.stop_acknowledged, "{case}");
        assert!(learnt.starts <= session.start_sent && learnt.stops <= session.stop_sent, "{case}");
        if session.stop_acknowledged {
            assert_eq!(learnt.stop_wh, session.meter_stop_wh, "{case}");
            assert_eq!(session.known_energy_wh, Some(session.energy_wh), "{case}");
        }
    }
}
