//! Every sample frame of `tests/frames/1.6/<Action>/` against the picture of what is understood and answered.

use std::fmt::Write;
use std::fs;

use chargewatch::domain::event::{Event, Metered, Stop};
use chargewatch::domain::reading::Sample;
use chargewatch::ocpp::Message;

use crate::frames::{Heard, hear, line, path, time};

/// The actions that a charger may send, each with a folder of samples.
pub(crate) const ACTIONS: [&str; 14] = [
    "Authorize",
    "BootNotification",
    "DataTransfer",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
];

/// Folder, name and text of each sample, in order.
pub(crate) fn samples() -> Vec<(String, String, String)> {
    let mut samples = Vec::new();
    for folder in fs::read_dir(path("1.6")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let word = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
            samples.push((word(&folder), word(&file), fs::read_to_string(&file).unwrap()));
        }
    }
    samples.sort();
    samples
}

#[test]
fn every_sample_is_understood_and_answered_as_pictured() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (action, name, text) in samples() {
            insta::assert_snapshot!(format!("{action}.{name}"), picture(&hear(&text)));
        }
    });
}

#[test]
fn every_action_has_a_normal_sample_that_conforms() {
    for action in ACTIONS {
        for (_, name, text) in samples().iter().filter(|(folder, ..)| folder == action) {
            let heard = hear(text);
            assert_eq!(heard.understood.action, action);
            assert_eq!(heard.understood.deviations.is_empty(), !name.starts_with("deviating"), "{action} {name}");
        }
        assert!(samples().iter().any(|(folder, name, _)| folder == action && name == "normal"), "{action}");
    }
}

fn picture(heard: &Heard) -> String {
    let mut text = format!("{}\n<- {}\n", heard.understood.action, heard.reply.as_deref().unwrap_or("nothing"));
    for deviation in &heard.understood.deviations {
        writeln!(text, "!  {} at '{}': {}", deviation.rule.as_str(), deviation.path, deviation.found).unwrap();
    }
    if *heard.understood.text != *heard.frame {
        writeln!(text, "kept as {}", heard.understood.text).unwrap();
    }
    match &heard.understood.message {
        Message::Call { event: Event::Metered(metered), .. } => {
            let Metered { outlet, transaction, samples } = metered;
            writeln!(text, "Metered {outlet:?} {transaction:?}\n{}", table(samples)).unwrap();
        }
        Message::Call { event: Event::TransactionEnded(stop), .. } => {
            let samples = table(&stop.samples);
            writeln!(text, "{:#?}\n{samples}", Stop { samples: Vec::new(), ..stop.clone() }).unwrap();
        }
        Message::Call { event, .. } => writeln!(text, "{event:#?}").unwrap(),
        message => writeln!(text, "{message:?}").unwrap(),
    }
    text
}

fn table(samples: &[Sample]) -> String {
    samples.iter().map(|sample| format!("  {} {}\n", time(sample.at), line(sample))).collect()
}
