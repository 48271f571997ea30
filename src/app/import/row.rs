//! A row of a file becomes a session, or is refused with a reason. What was decided on the way is marked on the session.

use std::collections::BTreeMap;

use super::map::{Map, Target};
use crate::domain::energy::{EnergyQuality, MilliWh};
use crate::domain::ids::{ChargerId, Outlet};
use crate::domain::imported::{ImportedSession, Oddities};
use crate::domain::time::{At, EARLIEST_PLAUSIBLE, TOLERATED_AHEAD_MS};
use crate::domain::token::TokenKey;

/// A register that falls by less has not fallen: 10 Wh.
const NOISE_MWH: i64 = 10_000;

/// Why a row was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// It is no row of the file's form or encoding.
    Unreadable,
    /// A cell that must say something is empty.
    Empty,
    /// A time fits none of the formats.
    Time,
    /// A number is none.
    Number,
    /// The start is before 2010.
    TooOld,
    /// A time is yet to come.
    Ahead,
    /// More energy than the map allows.
    TooMuchEnergy,
    /// Longer than the map allows.
    TooLong,
}

impl Reason {
    /// The word in reports.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable_row",
            Self::Empty => "empty_cell",
            Self::Time => "unreadable_time",
            Self::Number => "unreadable_number",
            Self::TooOld => "start_before_2010",
            Self::Ahead => "time_to_come",
            Self::TooMuchEnergy => "too_much_energy",
            Self::TooLong => "too_long",
        }
    }
}

/// A refusal: why, and for what cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    pub(super) reason: Reason,
    pub(super) target: Option<Target>,
    pub(super) found: String,
}

/// Reads the rows of one file.
pub(super) struct RowReader<'a> {
    pub(super) map: &'a Map,
    pub(super) places: BTreeMap<Target, Vec<usize>>,
    pub(super) key: &'a TokenKey,
    pub(super) now: At,
}

impl RowReader<'_> {
    /// What a row says of something; columns that belong together are joined with a blank.
    pub(super) fn cell(&self, row: &[String], target: Target) -> Option<String> {
        let text = match self.places.get(&target) {
            Some(places) => {
                let parts = places.iter().filter_map(|place| row.get(*place)).map(|part| part.trim());
                parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
            }
            None => String::new(),
        };
        let text = if text.is_empty() { self.map.constants.get(&target)?.clone() } else { text };
        let meant = self.map.values.get(&target).and_then(|values| values.get(&text));
        Some(meant.cloned().unwrap_or(text)).filter(|text| !text.is_empty())
    }

    /// Reads a row.
    pub(super) fn session(&self, row: &[String]) -> Result<ImportedSession, Reject> {
        let charger = ChargerId::new(self.needed(row, Target::Charger)?);
        let outlet = self.outlet(row)?;
        let mut odd = Oddities::default();
        let started_at = self.start(row, &mut odd)?;
        let ended_at = self.end(row, started_at, &mut odd)?;
        let (meter_start, meter_stop) = (self.meter(row, Target::MeterStart)?, self.meter(row, Target::MeterStop)?);
        let told = self.amount(row, Target::Energy, self.map.energy_mwh)?;
        let measured = meter_start.zip(meter_stop).map(|(start, stop)| stop.since(start).0);
        odd.add_if(
            measured.zip(told).is_some_and(|(measured, told)| (measured - told).abs() >= NOISE_MWH),
            Oddities::METERS_DISAGREE,
        );
        let energy = measured.or(told);
        odd.add_if(energy.is_some_and(|energy| energy < 0), Oddities::NEGATIVE_ENERGY);
        // As with a charger's register: a fall within the noise is none, a deeper one says nothing.
        let energy = energy.filter(|energy| *energy > -NOISE_MWH).map(|energy| energy.max(0));
        let quality = match (energy, measured) {
            (None, _) => EnergyQuality::Missing,
            (Some(_), Some(0..)) if ended_at.is_some() => EnergyQuality::Register,
            (Some(_), _) => EnergyQuality::Inferred,
        };
        self.weigh(started_at, ended_at, energy, &mut odd)?;
        Ok(ImportedSession {
            id: self.cell(row, Target::Session),
            charger,
            outlet,
            started_at,
            ended_at,
            meter_start,
            meter_stop,
            energy: energy.map(MilliWh),
            quality,
            stop_reason: self.cell(row, Target::StopReason),
            token: self.cell(row, Target::Token).and_then(|token| self.key.hash(&token)),
            site: self.cell(row, Target::Site),
            model: self.cell(row, Target::Model),
            oddities: odd,
        })
    }

    fn needed(&self, row: &[String], target: Target) -> Result<String, Reject> {
        let empty = || Reject { reason: Reason::Empty, target: Some(target), found: String::new() };
        self.cell(row, target).ok_or_else(empty)
    }

    /// Where at the charger; without an EVSE both numbers are the connector's, as in OCPP 1.6.
    fn outlet(&self, row: &[String]) -> Result<Outlet, Reject> {
        let number = |target: Target, text: String| match text.parse::<u16>() {
            Ok(number) if number > 0 => Ok(u32::from(number)),
            _ => Err(refused(Reason::Number, target, text)),
        };
        let connector = number(Target::Connector, self.needed(row, Target::Connector)?)?;
        let evse = self.cell(row, Target::Evse).map(|text| number(Target::Evse, text)).transpose()?;
        Ok(Outlet::new(evse.unwrap_or(connector), connector))
    }

    fn start(&self, row: &[String], odd: &mut Oddities) -> Result<At, Reject> {
        let text = self.needed(row, Target::Start)?;
        match self.map.clock.start(&text, odd) {
            None => Err(refused(Reason::Time, Target::Start, text)),
            Some(at) if at < EARLIEST_PLAUSIBLE => Err(refused(Reason::TooOld, Target::Start, text)),
            Some(at) if self.is_to_come(at) => Err(refused(Reason::Ahead, Target::Start, text)),
            Some(at) => Ok(at),
        }
    }

    fn end(&self, row: &[String], start: At, odd: &mut Oddities) -> Result<Option<At>, Reject> {
        let told = match (self.cell(row, Target::End), self.cell(row, Target::Duration)) {
            (Some(text), _) => {
                let end = self.map.clock.end(&text, start, odd);
                Some((end.ok_or_else(|| refused(Reason::Time, Target::End, text.clone()))?, Target::End, text))
            }
            (None, Some(text)) => {
                let lasted = self.map.numbers.duration(&text, self.map.duration_ms);
                let lasted = lasted.ok_or_else(|| refused(Reason::Number, Target::Duration, text.clone()))?;
                Some((start.plus_millis(lasted), Target::Duration, text))
            }
            (None, None) => None,
        };
        let Some((end, target, text)) = told else {
            odd.add(Oddities::NO_END);
            return Ok(None);
        };
        if self.is_to_come(end) {
            return Err(refused(Reason::Ahead, target, text));
        }
        if end.millis_since(start) > self.map.limits.refuse_ms {
            return Err(refused(Reason::TooLong, target, text));
        }
        odd.add_if(end < start, Oddities::END_BEFORE_START);
        Ok(Some(end).filter(|end| *end >= start))
    }

    fn is_to_come(&self, at: At) -> bool {
        at.millis_since(self.now) > TOLERATED_AHEAD_MS
    }

    fn amount(&self, row: &[String], target: Target, unit: i64) -> Result<Option<i64>, Reject> {
        let Some(text) = self.cell(row, target) else { return Ok(None) };
        let amount = self.map.numbers.times(&text, unit);
        amount.map(Some).ok_or_else(|| refused(Reason::Number, target, text))
    }

    fn meter(&self, row: &[String], target: Target) -> Result<Option<MilliWh>, Reject> {
        Ok(self.amount(row, target, self.map.meter_mwh)?.map(MilliWh))
    }

    /// Marks what is unlikely, refuses what cannot be.
    fn weigh(&self, start: At, end: Option<At>, energy: Option<i64>, odd: &mut Oddities) -> Result<(), Reject> {
        let limits = &self.map.limits;
        let energy = energy.unwrap_or(0);
        if energy > limits.refuse_mwh {
            return Err(refused(Reason::TooMuchEnergy, Target::Energy, format!("{} Wh", MilliWh(energy))));
        }
        odd.add_if(energy > limits.mark_mwh, Oddities::HIGH_ENERGY);
        let Some(end) = end else { return Ok(()) };
        let lasted = end.millis_since(start);
        odd.add_if(lasted > limits.mark_ms, Oddities::LONG);
        // Times to the minute may hide up to a minute.
        let at_most = lasted + if odd.has(Oddities::WHOLE_MINUTES) { 60_000 } else { 1000 };
        odd.add_if(
            i128::from(energy) * 3600 > i128::from(limits.mark_watts) * i128::from(at_most),
            Oddities::HIGH_POWER,
        );
        Ok(())
    }
}

const fn refused(reason: Reason, target: Target, found: String) -> Reject {
    Reject { reason, target: Some(target), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"
source = "north"
[columns]
charger = "charger"
connector = "plug"
start = "start"
end = "end"
energy = "kwh"
meter_start = "m0"
meter_stop = "m1"
token = "card"
[values.connector]
left = "1"
[time]
zone = "Europe/London"
formats = ["%Y-%m-%d %H:%M"]
"#;

    const HEADER: [&str; 8] = ["charger", "plug", "start", "end", "kwh", "m0", "m1", "card"];

    fn read(line: &str) -> Result<ImportedSession, Reject> {
        let map = Map::read("m.toml", MAP).unwrap();
        let places = map.places("f.csv", &HEADER.map(str::to_owned)).unwrap();
        let key = TokenKey::new([7; 32]);
        let reader = RowReader { map: &map, places, key: &key, now: At::from_rfc3339("2026-01-01T00:00:00Z").unwrap() };
        let row: Vec<String> = line.split(',').map(str::to_owned).collect();
        reader.session(&row)
    }

    #[test]
    fn a_row_gives_its_energy_with_a_quality_and_marks_what_was_decided() {
        let (start, end) = ("2019-01-01 10:00", "2019-01-01 11:00");
        for (rest, energy, quality, marks) in [
            (format!("{start},{end},10.5,,"), Some(10_500_000), "inferred", ""),
            (format!("{start},{end},,100,107.25"), Some(7_250_000), "register", ""),
            (format!("{start},{end},8,100,107.25"), Some(7_250_000), "register", "meters_disagree"),
            (format!("{start},{end},,107.25,100"), None, "missing", "negative_energy"),
            (format!("{start},{end},-0.001,,"), Some(0), "inferred", "negative_energy"),
            (format!("{start},{end},-1394.711,,"), None, "missing", "negative_energy"),
            (format!("{start},{end},0,,"), Some(0), "inferred", ""),
            (format!("{start},{end},,,"), None, "missing", ""),
            (format!("{start},,,,"), None, "missing", "no_end"),
            (format!("{start},,,1,2"), Some(1_000_000), "inferred", "no_end"),
            (format!("{start},1970-01-01 01:00,4.32,,"), Some(4_320_000), "inferred", "end_before_start"),
            (format!("{start},{end},287.71,,"), Some(287_710_000), "inferred", "high_energy"),
            (format!("{start},{start},7,,"), Some(7_000_000), "inferred", "high_power"),
            (format!("{start},2019-01-03 10:01,7,,"), Some(7_000_000), "inferred", "long"),
        ] {
            let session = read(&format!("CP-1,left,{rest},")).unwrap();
            let words: Vec<&str> = session.oddities.words().filter(|word| *word != "whole_minutes").collect();
            let found = (session.energy.map(|energy| energy.0), session.quality.as_str(), words.join(" "));
            assert_eq!(found, (energy, quality, marks.to_owned()), "{rest}");
            assert_eq!(session.ended_at.is_none(), marks.contains("end"), "{rest}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_is_refused_with_a_reason_and_its_cell() {
        let fine = "2019-01-01 11:00";
        for (line, reason, cell) in [
            (format!(",1,2019-01-01 10:00,{fine},1,,,"), "empty_cell", "charger"),
            (format!("CP,1,,{fine},1,,,"), "empty_cell", "start"),
            (format!("CP,middle,2019-01-01 10:00,{fine},1,,,"), "unreadable_number", "connector"),
            (format!("CP,0,2019-01-01 10:00,{fine},1,,,"), "unreadable_number", "connector"),
            (format!("CP,1,01/01/2019 10:00,{fine},1,,,"), "unreadable_time", "start"),
            ("CP,1,2019-01-01 10:00,soon,1,,,".to_owned(), "unreadable_time", "end"),
            (format!("CP,1,1970-01-01 00:00,{fine},1,,,"), "start_before_2010", "start"),
            (format!("CP,1,2026-02-01 00:00,{fine},1,,,"), "time_to_come", "start"),
            ("CP,1,2025-12-31 00:00,2026-02-01 00:00,1,,,".to_owned(), "time_to_come", "end"),
            ("CP,1,2019-01-01 10:00,2021-01-01 00:00,1,,,".to_owned(), "too_long", "end"),
            (format!("CP,1,2019-01-01 10:00,{fine},lots,,,"), "unreadable_number", "energy"),
            (format!("CP,1,2019-01-01 10:00,{fine},1000.001,,,"), "too_much_energy", "energy"),
        ] {
            let reject = read(&line).unwrap_err();
            assert_eq!((reject.reason.word(), reject.target.map(Target::word)), (reason, Some(cell)), "{line}");
        }
    }

    #[test]
    fn a_token_is_a_hash_from_the_start() {
        let session = read("CP-1,1,2019-01-01 10:00,2019-01-01 11:00,1,,,04AABBCC").unwrap();
        assert_eq!(session.token, TokenKey::new([7; 32]).hash("04AABBCC"));
    }
}
