//! What a replay found, counted. Lists of examples are bounded, so that it stays small whatever was read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::feed::Heard;
use crate::domain::ids::SessionId;
use crate::domain::time::At;
use crate::store::archive::SessionView;

/// Examples that are shown of a kind.
const MOST_EXAMPLES: usize = 10;

/// A line is shown up to so many characters.
const LONGEST_LINE: usize = 120;

/// Sessions that are listed of a charger; the newest.
pub(super) const MOST_SESSIONS: usize = 1000;

/// First and last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(pub(super) Option<(At, At)>);

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) files: Vec<FileReport>,
    pub(super) actions: BTreeMap<&'static str, ActionReport>,
    /// By name without case.
    pub(super) chargers: BTreeMap<String, ChargerReport>,
    /// Records that the ledger would not take.
    pub(super) refused_by_ledger: u64,
}

/// A file.
#[derive(Debug, Default)]
pub(super) struct FileReport {
    pub(super) name: String,
    pub(super) format: &'static str,
    pub(super) newest_first: bool,
    pub(super) lines: u64,
    pub(super) of_chargers: u64,
    pub(super) of_central: u64,
    /// Frames that the ledger had already.
    pub(super) known: u64,
    /// Records without a frame in them.
    pub(super) without: u64,
    pub(super) not_understood: u64,
    pub(super) examples: Vec<Example>,
    pub(super) span: Span,
    pub(super) skews: BTreeMap<i64, u64>,
}

/// A line that was not understood.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) line: u64,
    pub(super) why: String,
    pub(super) text: String,
}

/// An action.
#[derive(Debug, Default)]
pub(super) struct ActionReport {
    pub(super) frames: u64,
    pub(super) clean: u64,
    pub(super) repaired: u64,
    pub(super) refused: u64,
    pub(super) rules: BTreeMap<&'static str, RuleReport>,
}

/// A rule of tolerance that an action needed, with the first place.
#[derive(Debug)]
pub(super) struct RuleReport {
    pub(super) count: u64,
    pub(super) path: String,
    pub(super) found: String,
    pub(super) file: usize,
    pub(super) line: u64,
}

/// A charger.
#[derive(Debug, Default)]
pub(super) struct ChargerReport {
    pub(super) name: String,
    pub(super) protocol: &'static str,
    pub(super) frames: u64,
    pub(super) readings: u64,
    pub(super) span: Span,
    /// Sessions that changed.
    pub(super) touched: BTreeSet<SessionId>,
    pub(super) sessions: Vec<SessionView>,
    /// Sessions that are not in the list.
    pub(super) more: u64,
}

impl Span {
    pub(super) fn take(&mut self, at: At) {
        self.0 = Some(self.0.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    fn join(&mut self, other: Self) {
        if let Some((first, last)) = other.0 {
            self.take(first);
            self.take(last);
        }
    }

    fn json(self) -> Value {
        self.0.map_or(Value::Null, |(first, last)| json!({"from": first.to_rfc3339(), "to": last.to_rfc3339()}))
    }
}

impl FileReport {
    /// Notes a line that was not understood. `text` is without tokens.
    pub(super) fn not_understood(&mut self, line: u64, why: impl Into<String>, text: &str) {
        self.not_understood += 1;
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(Example { line, why: why.into(), text: cut(text) });
        }
    }

    /// How far the chargers' clocks are from the file's times, where that is the same whole quarter hours for most:
    /// then the times are of another zone. In minutes.
    pub(super) fn zone_hint(&self) -> Option<i64> {
        let all: u64 = self.skews.values().sum();
        let (quarters, count) = self.skews.iter().max_by_key(|(_, count)| **count)?;
        (*quarters != 0 && quarters.abs() <= 56 && *count * 2 > all).then_some(quarters * 15)
    }

    fn learn_skew(&mut self, skew_ms: i64) {
        const QUARTER: i64 = 900_000;
        let quarters = (skew_ms + QUARTER / 2).div_euclid(QUARTER);
        if (skew_ms - quarters * QUARTER).abs() < 120_000
            && (self.skews.len() < 200 || self.skews.contains_key(&quarters))
        {
            *self.skews.entry(quarters).or_default() += 1;
        }
    }

    fn json(&self) -> Value {
        let examples =
            self.examples.iter().map(|example| json!({"line": example.line, "why": example.why, "text": example.text}));
        json!({
            "file": self.name,
            "format": self.format,
            "newest_first": self.newest_first,
            "lines": self.lines,
            "frames_of_chargers": self.of_chargers,
            "frames_of_central_system": self.of_central,
            "frames_known": self.known,
            "records_without_frame": self.without,
            "not_understood": self.not_understood,
            "not_understood_examples": examples.collect::<Vec<_>>(),
            "span": self.span.json(),
            "clock_differs_by_minutes": self.zone_hint(),
        })
    }
}

impl Report {
    /// Counts a frame of a charger, of the last file, with the time that it is taken as received and that it says.
    pub(super) fn heard(&mut self, charger: &str, (at, said): (At, Option<At>), line: u64, heard: &Heard) {
        let index = self.files.len().saturating_sub(1);
        let Some(file) = self.files.last_mut() else { return };
        file.of_chargers += 1;
        file.known += u64::from(heard.known);
        if let Some(said) = said {
            file.learn_skew(said.millis_since(at));
        }
        if heard.refused {
            let why = heard.deviations.last().map_or("refused", |deviation| deviation.rule.as_str());
            file.not_understood(line, why, &heard.text);
        }
        self.act(heard, index, line);
        let known = self.chargers.entry(charger.to_lowercase()).or_default();
        if known.name.is_empty() {
            charger.clone_into(&mut known.name);
        }
        known.protocol = heard.version.subprotocol();
        known.frames += 1;
        known.readings += heard.readings;
        known.span.take(at);
        if known.touched.len() < MOST_SESSIONS {
            known.touched.extend(&heard.sessions);
        }
    }

    fn act(&mut self, heard: &Heard, file: usize, line: u64) {
        let action = self.actions.entry(heard.action).or_default();
        action.frames += 1;
        match (heard.refused, heard.deviations.is_empty()) {
            (true, _) => action.refused += 1,
            (false, false) => action.repaired += 1,
            (false, true) => action.clean += 1,
        }
        for deviation in &heard.deviations {
            let first = || RuleReport {
                count: 0,
                path: deviation.path.to_string(),
                found: deviation.found.to_string(),
                file,
                line,
            };
            action.rules.entry(deviation.rule.as_str()).or_insert_with(first).count += 1;
        }
    }

    /// All files together.
    pub(super) fn sum(&self) -> FileReport {
        let mut sum = FileReport { name: "all files".to_owned(), ..FileReport::default() };
        for file in &self.files {
            sum.lines += file.lines;
            sum.of_chargers += file.of_chargers;
            sum.of_central += file.of_central;
            sum.known += file.known;
            sum.without += file.without;
            sum.not_understood += file.not_understood;
            sum.span.join(file.span);
        }
        sum
    }

    /// All of it as JSON.
    pub(super) fn json(&self, dry: bool) -> String {
        let sum = self.sum();
        let actions = self.actions.iter().map(|(name, action)| {
            let rules = action.rules.iter().map(|(rule, seen)| {
                let file = self.files.get(seen.file).map(|file| &file.name);
                let example = json!({"path": seen.path, "found": seen.found, "file": file, "line": seen.line});
                json!({"rule": rule, "count": seen.count, "example": example})
            });
            json!({
                "action": name,
                "frames": action.frames,
                "clean": action.clean,
                "repaired": action.repaired,
                "refused": action.refused,
                "deviations": rules.collect::<Vec<_>>(),
            })
        });
        let report = json!({
            "dry_run": dry,
            "files": self.files.iter().map(FileReport::json).collect::<Vec<_>>(),
            "sum": {
                "lines": sum.lines,
                "frames_of_chargers": sum.of_chargers,
                "frames_of_central_system": sum.of_central,
                "frames_known": sum.known,
                "records_without_frame": sum.without,
                "not_understood": sum.not_understood,
                "span": sum.span.json(),
            },
            "actions": actions.collect::<Vec<_>>(),
            "chargers": self.chargers.values().map(ChargerReport::json).collect::<Vec<_>>(),
            "records_refused_by_ledger": self.refused_by_ledger,
        });
        format!("{report:#}")
    }
}

impl ChargerReport {
    fn json(&self) -> Value {
        json!({
            "charger_id": self.name,
            "protocol": self.protocol,
            "frames": self.frames,
            "readings": self.readings,
            "span": self.span.json(),
            "sessions": self.sessions.iter().map(session).collect::<Vec<_>>(),
            "sessions_not_listed": self.more,
        })
    }
}

fn session(view: &SessionView) -> Value {
    let row = &view.row;
    let time = |at: Option<At>| at.map(At::to_rfc3339);
    // Energy leaves exactly: as the decimal that it is.
    let energy = row.energy.and_then(|energy| serde_json::from_str::<Value>(&energy.to_string()).ok());
    json!({
        "id": row.id.0,
        "evse_id": row.outlet.evse,
        "connector_id": row.outlet.connector,
        "transaction_id": &*row.transaction.0,
        "state": row.state.as_str(),
        "started_at": time(row.started_at),
        "ended_at": time(row.ended_at),
        "energy_wh": energy,
        "energy_quality": row.quality.as_str(),
        "stop_reason": row.stop_reason.as_ref().map(|word| word.as_str()),
        "readings": view.reading_count,
    })
}

/// A line cut short, without what a terminal would obey.
pub(super) fn cut(text: &str) -> String {
    let plain = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = plain.take(LONGEST_LINE + 1).collect();
    if cut.chars().count() > LONGEST_LINE {
        cut.pop();
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_and_obeys_no_terminal() {
        assert_eq!(cut(" a\u{1b}[2Jb\n"), "a [2Jb");
        let long = cut(&"é".repeat(200));
        assert_eq!((long.chars().count(), long.ends_with('…')), (LONGEST_LINE + 1, true));
    }

    #[test]
    fn examples_are_bounded_and_counts_are_not() {
        let mut file = FileReport::default();
        for line in 0..1000 {
            file.not_understood(line, "json", "x");
        }
        assert_eq!((file.not_understood, file.examples.len()), (1000, MOST_EXAMPLES));
    }

    #[test]
    fn clocks_that_are_whole_hours_apart_tell_of_another_zone() {
        let hint = |skews: &[i64]| {
            let mut file = FileReport::default();
            skews.iter().for_each(|skew| file.learn_skew(*skew));
            file.zone_hint()
        };
        assert_eq!(hint(&[-7_199_000, -7_201_000, 500]), Some(-120));
        assert_eq!(hint(&[500, -900]), None);
        assert_eq!(hint(&[-7_000_000]), None);
        assert_eq!(hint(&[]), None);
    }
}
