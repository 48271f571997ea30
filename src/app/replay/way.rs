//! Which way a frame went: told by its action, by the call that it answers, or by the words of its log. Pure.

use std::collections::VecDeque;

use super::log::Heading;
use crate::ocpp::Version;
use crate::ocppj::{self, Frame};

/// Calls without an answer that are remembered of a charger.
const REMEMBERED: usize = 64;

/// Requests of central systems, in any version.
const OF_CENTRAL: [&str; 61] = [
    "AFRRSignal",
    "AdjustPeriodicEventStream",
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ChangeTransactionTariff",
    "ClearCache",
    "ClearChargingProfile",
    "ClearDERControl",
    "ClearDisplayMessage",
    "ClearTariffs",
    "ClearVariableMonitoring",
    "CostUpdated",
    "CustomerInformation",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDERControl",
    "GetDiagnostics",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetMonitoringReport",
    "GetPeriodicEventStream",
    "GetReport",
    "GetTariffs",
    "GetTransactionStatus",
    "GetVariables",
    "InstallCertificate",
    "NotifyAllowedEnergyTransfer",
    "NotifyWebPaymentStarted",
    "PublishFirmware",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "RequestBatterySwap",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetDERControl",
    "SetDefaultTariff",
    "SetDisplayMessage",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "SetVariableMonitoring",
    "SetVariables",
    "SignedUpdateFirmware",
    "TriggerMessage",
    "UnlockConnector",
    "UnpublishFirmware",
    "UpdateDynamicSchedule",
    "UpdateFirmware",
    "UsePriorityCharging",
];

/// Who a frame is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The charger.
    Charger,
    /// The central system.
    Central,
}

/// What a file has taught of the words in it.
#[derive(Debug, Default)]
pub(super) struct Perspective {
    /// Frames of chargers that were received, less those that were sent: whose log is it?
    balance: i64,
}

/// Calls of a charger and to it that wait for their answer.
#[derive(Debug, Default)]
pub(super) struct Pending(VecDeque<(Box<str>, Sender)>);

impl Perspective {
    /// Who a word means.
    const fn of(&self, heading: Heading) -> Sender {
        match (heading, self.balance < 0) {
            (Heading::FromCharger, _) | (Heading::Received, false) | (Heading::Sent, true) => Sender::Charger,
            (Heading::ToCharger, _) | (Heading::Sent, false) | (Heading::Received, true) => Sender::Central,
        }
    }

    /// A frame that is known to be a charger's was said to have gone this way.
    const fn learn(&mut self, heading: Option<Heading>) {
        match heading {
            Some(Heading::Received) => self.balance = self.balance.saturating_add(1),
            Some(Heading::Sent) => self.balance = self.balance.saturating_sub(1),
            Some(Heading::FromCharger | Heading::ToCharger) | None => {}
        }
    }
}

/// Who a frame is from.
pub(super) fn told(frame: &str, heading: Option<Heading>, pending: &mut Pending, file: &mut Perspective) -> Sender {
    let Ok(reading) = ocppj::read(frame) else {
        // What cannot be read strictly is repaired later; a call is a charger's unless its log says otherwise.
        let answer = frame.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['3', '4']));
        let of_central = OF_CENTRAL.iter().any(|action| frame.contains(&format!("\"{action}\"")));
        return match heading {
            Some(heading) => file.of(heading),
            None if answer || of_central => Sender::Central,
            None => Sender::Charger,
        };
    };
    match &reading.frame {
        Frame::Call { id, action, .. } | Frame::Send { id, action, .. } => {
            let from = asker(action, heading, file);
            pending.asked(&id.plain(), from);
            from
        }
        Frame::CallResult { id, .. } | Frame::CallError { id, .. } => {
            let said = heading.map(|heading| file.of(heading));
            match pending.answered(&id.plain(), said) {
                Some(Sender::Charger) => Sender::Central,
                Some(Sender::Central) => Sender::Charger,
                // An answer to nobody's call is worth nothing to either.
                None => said.unwrap_or(Sender::Central),
            }
        }
        Frame::ResultError { .. } | Frame::NoAction(_) | Frame::Ignored | Frame::Bare(_) | Frame::Shapeless => {
            heading.map_or(Sender::Charger, |heading| file.of(heading))
        }
    }
}

fn asker(action: &str, heading: Option<Heading>, file: &mut Perspective) -> Sender {
    // The one action that both sides have.
    if action.eq_ignore_ascii_case("DataTransfer") {
        return heading.map_or(Sender::Charger, |heading| file.of(heading));
    }
    if Version::ALL.into_iter().any(|version| version.actions().any(|known| known.eq_ignore_ascii_case(action))) {
        file.learn(heading);
        return Sender::Charger;
    }
    if OF_CENTRAL.iter().any(|known| known.eq_ignore_ascii_case(action)) {
        return Sender::Central;
    }
    heading.map_or(Sender::Charger, |heading| file.of(heading))
}

impl Pending {
    fn asked(&mut self, id: &str, from: Sender) {
        self.0.retain(|known| (&*known.0, known.1) != (id, from));
        self.0.push_back((id.into(), from));
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// Who asked what this answers: the last to ask, unless the log says that it was the other.
    fn answered(&mut self, id: &str, said: Option<Sender>) -> Option<Sender> {
        let fits = |(known, from): &(Box<str>, Sender)| **known == *id && said.is_none_or(|said| said != *from);
        let place = self.0.iter().rposition(fits).or_else(|| self.0.iter().rposition(|known| *known.0 == *id))?;
        self.0.remove(place).map(|(_, from)| from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(frames: &[(&str, Option<Heading>)]) -> Vec<Sender> {
        let (mut pending, mut file) = (Pending::default(), Perspective::default());
        frames.iter().map(|(frame, heading)| told(frame, *heading, &mut pending, &mut file)).collect()
    }

    #[test]
    fn the_action_tells_who_asks_and_the_call_who_answers() {
        let frames = [
            (r#"[2,"1","Heartbeat",{}]"#, None),
            (r#"[3,"1",{}]"#, None),
            (r#"[2,"1","Reset",{}]"#, None),
            (r#"[3,"1",{}]"#, None),
            (r#"[4,"9","GenericError","",{}]"#, None),
        ];
        assert_eq!(
            ways(&frames),
            [Sender::Charger, Sender::Central, Sender::Central, Sender::Charger, Sender::Central]
        );
    }

    #[test]
    fn words_tell_where_nothing_else_does_and_are_read_from_whoever_wrote_the_log() {
        let transfer = r#"[2,"2","DataTransfer",{}]"#;
        let heartbeat = r#"[2,"1","Heartbeat",{}]"#;
        let of_central = [(heartbeat, Some(Heading::Received)), (transfer, Some(Heading::Sent))];
        assert_eq!(ways(&of_central), [Sender::Charger, Sender::Central]);
        let of_charger = [(heartbeat, Some(Heading::Sent)), (transfer, Some(Heading::Sent))];
        assert_eq!(ways(&of_charger), [Sender::Charger, Sender::Charger]);
        assert_eq!(ways(&[(transfer, Some(Heading::ToCharger)), (transfer, None)]), [Sender::Central, Sender::Charger]);
    }

    #[test]
    fn the_same_id_on_both_sides_is_told_apart_by_the_words() {
        let frames = [
            (r#"[2,"1","Heartbeat",{}]"#, Some(Heading::Received)),
            (r#"[2,"1","Reset",{}]"#, Some(Heading::Sent)),
            (r#"[3,"1",{}]"#, Some(Heading::Sent)),
            (r#"[3,"1",{}]"#, Some(Heading::Received)),
        ];
        assert_eq!(ways(&frames), [Sender::Charger, Sender::Central, Sender::Central, Sender::Charger]);
    }

    #[test]
    fn a_frame_that_needs_repair_has_a_way_too() {
        let broken = [
            (r#"[2,"1","Heartbeat",{},]"#, None),
            (r#"[3,"1",{},]"#, None),
            (r#"[2,"5","Reset",{,}]"#, None),
            (r#"[2,"5","Reset",{,}]"#, Some(Heading::FromCharger)),
        ];
        assert_eq!(ways(&broken), [Sender::Charger, Sender::Central, Sender::Central, Sender::Charger]);
    }
}
