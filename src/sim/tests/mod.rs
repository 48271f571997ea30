//! The simulator judged by a simple server of its own: what a careful reader of the wire learns must be what the truth says.

mod bench;
mod client;
mod client_v2;
mod csms;
mod csms_v2;
mod fleet;
mod socket;

use super::behaviour::named;
use super::truth::{SessionTruth, Truth};
use csms::{Csms, instant, whole};
use csms_v2::{Heard, Register, registers};

/// Holds what a server learnt against the truth of a drained run, session by session.
fn learnt_is_true(truth: &Truth, csms: &Csms) {
    assert_eq!(csms.sessions.len() + csms.v2.transactions.len(), truth.sessions.len());
    for charger in &truth.chargers {
        let own = truth.sessions.iter().filter(|session| session.charger_id == charger.charger_id);
        for session in own {
            session_is_sound(session);
            let Some(id) = session.transaction_id.clone().filter(|_| charger.protocol != "1.6") else {
                learnt_in_16(session, csms);
                continue;
            };
            let terse = named(&charger.behaviour).unwrap().leaves_out_optional;
            learnt_in_v2(session, &csms.v2.transactions[&(session.charger_id.clone(), id)], terse);
        }
    }
}

fn session_is_sound(session: &SessionTruth) {
    assert!(session.start_acknowledged && session.conflicting_transaction_ids.is_empty(), "{session:?}");
    assert_eq!(session.readings_acknowledged, session.readings_sent, "{session:?}");
    assert_eq!(session.stop_acknowledged, !session.ended_without_stop, "{session:?}");
    if session.stop_acknowledged {
        assert_eq!(session.known_energy_wh, Some(session.energy_wh), "{session:?}");
    }
}

fn learnt_in_16(session: &SessionTruth, csms: &Csms) {
    assert_eq!(session.evse_id, session.connector_id);
    let key = (
        session.charger_id.clone(),
        i64::from(session.connector_id),
        session.id_tag.clone(),
        session.started_at_reported,
        session.meter_start_wh,
    );
    let learnt = &csms.sessions[&key];
    let case = format!("{session:?} against {learnt:?}");
    assert_eq!(session.transaction_id, Some(learnt.id.to_string()), "{case}");
    assert_eq!(session.last_reported_wh, learnt.last_wh, "{case}");
    assert_eq!(session.readings_acknowledged, learnt.readings.len() as u64, "{case}");
    assert_eq!(learnt.stop_wh.is_some(), session.stop_acknowledged, "{case}");
    assert!(learnt.starts <= session.start_sent && learnt.stops <= session.stop_sent, "{case}");
    if session.stop_acknowledged {
        assert_eq!(learnt.stop_wh, session.meter_stop_wh, "{case}");
    }
}

fn learnt_in_v2(session: &SessionTruth, heard: &Heard, terse: bool) {
    let case = format!("{session:?} against {heard:?}");
    let numbers: Vec<i64> = heard.events.keys().copied().collect();
    let told = session.first_event..session.first_event + session.events;
    assert_eq!(numbers, told.map(i64::from).collect::<Vec<_>>(), "{case}");
    let started = heard.started();
    assert_eq!(whole(&started["seqNo"]), i64::from(session.first_event), "{case}");
    assert_eq!(instant(&started["timestamp"]), session.started_at_reported, "{case}");
    let begin = Register { at: session.started_at_reported, wh: session.meter_start_wh };
    assert_eq!(registers(started), [begin], "{case}");
    for event in heard.events.values() {
        assert_eq!(whole(&event["evse"]["id"]), i64::from(session.evse_id), "{case}");
        let connector = event["evse"].get("connectorId").map(whole);
        assert!(connector.is_none_or(|id| id == i64::from(session.connector_id)), "{case}");
        assert!(event["timestamp"].as_str() >= started["timestamp"].as_str(), "{case}");
    }
    assert!(started["evse"].get("connectorId").is_some(), "{case}");
    assert!(heard.token().is_none_or(|token| token == session.id_tag), "{case}");
    assert_eq!(session.readings_acknowledged, heard.sampled_values() as u64, "{case}");
    assert_eq!(session.last_reported_wh, heard.last_register().map(|register| register.wh), "{case}");
    assert_eq!(heard.ended().is_some(), session.stop_acknowledged, "{case}");
    assert!(terse || started["offline"] == session.offline_start, "{case}");
    if let Some(ended) = heard.ended() {
        let end = Register { at: session.ended_at_reported.unwrap(), wh: session.meter_stop_wh.unwrap() };
        assert_eq!(registers(ended), [end], "{case}");
        assert_eq!(instant(&ended["timestamp"]), end.at, "{case}");
        let reason = ended["transactionInfo"]["stoppedReason"].as_str().unwrap_or("Local");
        assert!(session.stop_reason.as_ref().is_some_and(|told| told.eq_ignore_ascii_case(reason)), "{case}");
        assert!(terse || ended["offline"] == session.offline_end, "{case}");
    }
}
