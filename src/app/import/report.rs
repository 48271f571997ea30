//! What an import did, counted; for people and for machines. Memory does not grow with the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map as Object, Value, json};

use super::map::Target;
use super::row::Reject;
use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::imported::{ImportedSession, Oddities};
use crate::domain::time::At;
use crate::store::desk::imports::Fate;

/// The counts.
#[derive(Default)]
pub(super) struct Report {
    source: String,
    pub(super) rows: u64,
    accepted: u64,
    rejected: BTreeMap<&'static str, u64>,
    fates: [u64; 4],
    odd: BTreeMap<&'static str, u64>,
    qualities: BTreeMap<&'static str, u64>,
    energy_mwh: i64,
    no_energy: u64,
    no_duration: u64,
    chargers: BTreeSet<String>,
    span: Option<(At, At)>,
    /// Overlaps of the source, after the file.
    pub(super) overlaps: u64,
    /// The line after which it was interrupted.
    pub(super) interrupted: Option<u64>,
}

impl Report {
    /// Nothing yet, of a source.
    pub(super) fn of(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// A session that was taken or was there.
    pub(super) fn accept(&mut self, session: &ImportedSession, fate: Fate) {
        self.accepted += 1;
        let slot = match fate {
            Fate::Added => 0,
            Fate::Known => 1,
            Fate::Differs => 2,
            Fate::Replaced => 3,
        };
        if let Some(count) = self.fates.get_mut(slot) {
            *count += 1;
        }
        for word in session.oddities.words() {
            *self.odd.entry(word).or_default() += 1;
        }
        *self.qualities.entry(session.quality.as_str()).or_default() += 1;
        self.energy_mwh = self.energy_mwh.saturating_add(session.energy.map_or(0, |energy| energy.0));
        self.no_energy += u64::from(session.energy == Some(MilliWh(0)));
        self.no_duration += u64::from(session.ended_at == Some(session.started_at));
        self.chargers.insert(session.charger.folded());
        let at = session.started_at;
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    /// A row that was refused.
    pub(super) fn reject(&mut self, reject: &Reject) {
        *self.rejected.entry(reject.reason.word()).or_default() += 1;
    }

    fn refused(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// The line for the audit log.
    pub(super) fn brief(&self) -> String {
        let [added, known, differ, replaced] = self.fates;
        let until = self.interrupted.map_or_else(String::new, |line| format!("; interrupted after line {line}"));
        format!(
            "{} rows: {added} added, {known} known, {differ} differ, {replaced} replaced, {} rejected{until}",
            self.rows,
            self.refused()
        )
    }

    /// For machines.
    pub(super) fn json(&self, dry: bool) -> String {
        let [added, known, differ, replaced] = self.fates;
        let counts = |counts: &BTreeMap<&'static str, u64>| -> Value {
            counts
                .iter()
                .map(|(word, count)| ((*word).to_owned(), json!(count)))
                .collect::<Object<String, Value>>()
                .into()
        };
        let value = json!({
            "source": self.source, "dry_run": dry, "rows": self.rows, "accepted": self.accepted,
            "added": added, "known": known, "differ": differ, "replaced": replaced,
            "rejected": counts(&self.rejected), "flags": counts(&self.odd), "overlaps": self.overlaps,
            "energy_wh": MilliWh(self.energy_mwh).to_string(), "energy_quality": counts(&self.qualities),
            "zero_energy": self.no_energy, "zero_duration": self.no_duration, "chargers": self.chargers.len(),
            "first_start": self.span.map(|span| span.0.to_rfc3339()),
            "last_start": self.span.map(|span| span.1.to_rfc3339()),
            "interrupted_after_line": self.interrupted,
        });
        format!("{value:#}")
    }

    /// For people.
    pub(super) fn text(&self, dry: bool, rejects: Option<&Path>) -> String {
        let [added, known, differ, replaced] = self.fates;
        let mut out =
            format!("{} rows of {}: {} accepted, {} rejected\n", self.rows, self.source, self.accepted, self.refused());
        let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
        let would = if dry { "would be " } else { "" };
        line(format!("  {added} {would}added, {known} already there, {replaced} {would}replaced"));
        if differ > 0 {
            line(format!("  {differ} are there and say something else, which stays; --replace takes the file's word"));
        }
        let missing = self.qualities.get(EnergyQuality::Missing.as_str()).copied().unwrap_or(0);
        line(format!(
            "  {} Wh at {} chargers, energy unknown for {missing}",
            MilliWh(self.energy_mwh),
            self.chargers.len()
        ));
        line(format!("  {} of 0 Wh, {} of no duration", self.no_energy, self.no_duration));
        if let Some((first, last)) = self.span {
            line(format!("  starts from {first} to {last}"));
        }
        let overlap =
            Oddities::ALL.iter().filter(|(bit, _)| *bit == Oddities::OVERLAP).map(|(_, word)| (*word, self.overlaps));
        let marked: BTreeMap<&str, u64> = self.odd.iter().map(|(word, count)| (*word, *count)).chain(overlap).collect();
        for (word, count) in marked.into_iter().filter(|(_, count)| *count > 0) {
            line(format!("  marked {word}: {count}"));
        }
        for (reason, count) in &self.rejected {
            line(format!("  rejected for {reason}: {count}"));
        }
        if let Some(path) = rejects.filter(|_| self.refused() > 0) {
            line(format!("  each rejected line stands in {}", path.display()));
        }
        if let Some(at) = self.interrupted {
            line(format!("  interrupted after line {at}: the same again goes on from there"));
        }
        if dry {
            line("  dry run: nothing was kept".to_owned());
        }
        out.trim_end().to_owned()
    }
}

/// The list of refused rows, as CSV. A token is never quoted.
pub(super) struct Rejects(Option<csv::Writer<std::fs::File>>);

impl Rejects {
    /// Begins the list in a file, where one is wanted.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, csv::Error> {
        let Some(path) = path else { return Ok(Self(None)) };
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(["line", "reason", "cell", "found"])?;
        Ok(Self(Some(writer)))
    }

    /// Adds a row.
    pub(super) fn add(&mut self, line: u64, reject: &Reject) -> Result<(), csv::Error> {
        let Some(writer) = &mut self.0 else { return Ok(()) };
        let cell = reject.target.map_or("", Target::word);
        writer.write_record([line.to_string().as_str(), reject.reason.word(), cell, &reject.found])
    }

    /// Ends it.
    pub(super) fn close(self) -> std::io::Result<()> {
        self.0.map_or(Ok(()), |mut writer| writer.flush())
    }
}
