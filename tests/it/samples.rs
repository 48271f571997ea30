//! Every sample frame of `tests/frames/<version>/<Action>/` against the picture of what is understood and answered.

use std::fmt::Write;
use std::fs;

use chargewatch::domain::event::{Event, Metered, Stop, TransactionReport};
use chargewatch::domain::reading::Sample;
use chargewatch::ocpp::{Message, Version};

use crate::frames::{Heard, folder, hear_in, line, path, time};

/// A sample frame.
pub(crate) struct SampleFrame {
    /// The version of its connection.
    pub(crate) version: Version,
    /// Its folder: the action that it means, or `Unknown`.
    pub(crate) action: String,
    /// Its name. What begins with `deviating` does, all others conform.
    pub(crate) name: String,
    /// The frame.
    pub(crate) text: String,
}

impl SampleFrame {
    /// Whether it conforms to its version.
    pub(crate) fn is_sound(&self) -> bool {
        !self.name.starts_with("deviating")
    }
}

/// Every sample, in order.
pub(crate) fn samples() -> Vec<SampleFrame> {
    let mut samples = Vec::new();
    for version in Version::ALL {
        let folders = fs::read_dir(path(folder(version))).unwrap().map(|entry| entry.unwrap().path());
        for below in folders.filter(|path| path.is_dir()) {
            for file in fs::read_dir(&below).unwrap().map(|entry| entry.unwrap().path()) {
                let word = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&file).unwrap();
                samples.push(SampleFrame { version, action: word(&below), name: word(&file), text });
            }
        }
    }
    samples.sort_by(|a, b| (a.version, &a.action, &a.name).cmp(&(b.version, &b.action, &b.name)));
    samples
}

#[test]
fn every_sample_is_understood_and_answered_as_pictured() {
    for version in Version::ALL {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(format!("../snapshots/{}", folder(version)));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            for sample in samples().iter().filter(|sample| sample.version == version) {
                let name = format!("{}.{}", sample.action, sample.name);
                insta::assert_snapshot!(name, picture(&hear_in(version, &sample.text)));
            }
        });
    }
}

#[test]
fn every_action_has_a_normal_and_a_full_sample_and_all_that_are_not_called_deviating_conform() {
    let mut wrong = Vec::new();
    for version in Version::ALL {
        let of_version: Vec<_> = samples().into_iter().filter(|sample| sample.version == version).collect();
        for action in version.actions() {
            let of_action: Vec<_> = of_version.iter().filter(|sample| sample.action == action).collect();
            assert!(of_action.iter().any(|sample| sample.name == "normal"), "{version:?} {action}");
            // A heartbeat of 1.6 and its like have nothing to fill.
            assert!(version == Version::V16 || of_action.iter().any(|sample| sample.name == "full"), "{action}");
            for sample in of_action {
                let heard = hear_in(version, &sample.text);
                if heard.understood.action != action || heard.understood.deviations.is_empty() != sample.is_sound() {
                    let seen = &heard.understood;
                    wrong.push(format!("{version:?} {action}/{}: {} {:?}", sample.name, seen.action, seen.deviations));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
        Message::Call { event: Event::TransactionReported(report), .. } => {
            let samples = table(&report.samples);
            let report = TransactionReport { samples: Vec::new(), ..(**report).clone() };
            writeln!(text, "{report:#?}\n{samples}").unwrap();
        }
        Message::Call { event, .. } | Message::Statement(event) => writeln!(text, "{event:#?}").unwrap(),
        message => writeln!(text, "{message:?}").unwrap(),
    }
    text
}

fn table(samples: &[Sample]) -> String {
    samples.iter().map(|sample| format!("  {} {}\n", time(sample.at), line(sample))).collect()
}
