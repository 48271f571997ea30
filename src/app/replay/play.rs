//! Through the files: in the order of time, at the speed that was asked for, with a word on the way.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Result as IoResult};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::feed::{Fate, Feeder, MOST_CHARGERS};
use super::log::Captured;
use super::report::{FileReport, MOST_SESSIONS, Report};
use super::source::{Backwards, Chunk, Chunks};
use super::way::Perspective;
use super::{Format, ReplayFlags, object, scan, when};
use crate::app::{Failure, screen};
use crate::domain::ids::{ChargerId, SessionId};
use crate::domain::time::At;
use crate::ocpp;
use crate::store::archive::{Archive, SessionFilter, SessionView};
use crate::store::{Store, StoreError};

/// Bytes of a file that tell its form.
const HEAD: u64 = 64 * 1024;

/// Records that tell whether the newest comes first.
const PROBED: usize = 400;

/// Between two words on the way.
const WORD_EVERY: Duration = Duration::from_secs(5);

/// Sessions that are read at a time.
const PAGE: usize = 500;

/// Replays files.
pub(super) struct Player<'f> {
    feeder: Feeder,
    flags: &'f ReplayFlags,
    report: Report,
    /// The time of the record before.
    at: Option<At>,
    said: Instant,
}

/// How a file is to be read.
struct Plan {
    format: Format,
    /// Of CSV: what separates cells, and the names of the columns.
    header: Option<(u8, Vec<String>)>,
    newest_first: bool,
    /// The first time that the file or a frame in it says: that of what comes before.
    begins: Option<At>,
}

/// Records of a file in the order of time.
enum Records {
    Forwards(Chunks<BufReader<File>>),
    Backwards(Backwards),
}

impl Records {
    fn open(path: &Path, plan: &Plan) -> IoResult<Self> {
        Ok(if plan.newest_first {
            Self::Backwards(Backwards::open(path, plan.format)?)
        } else {
            Self::Forwards(Chunks::new(BufReader::new(File::open(path)?), plan.format))
        })
    }

    fn next(&mut self) -> IoResult<Option<Chunk>> {
        match self {
            Self::Forwards(chunks) => chunks.next(),
            Self::Backwards(chunks) => chunks.next(),
        }
    }

    const fn lines(&self) -> u64 {
        match self {
            Self::Forwards(chunks) => chunks.lines(),
            Self::Backwards(chunks) => chunks.lines(),
        }
    }
}

impl<'f> Player<'f> {
    pub(super) fn new(feeder: Feeder, flags: &'f ReplayFlags) -> Self {
        Self { feeder, flags, report: Report::default(), at: None, said: Instant::now() }
    }

    /// Replays a file. What stands in its way is added to `trouble`; only the ledger's own ends the replay.
    pub(super) async fn file(&mut self, path: &Path, trouble: &mut Vec<String>) -> Result<(), Failure> {
        let name = path.display().to_string();
        let unread = |error: std::io::Error| format!("{name} cannot be read: {error}");
        let (plan, mut records) =
            match plan(path, self.flags).and_then(|plan| Records::open(path, &plan).map(|records| (plan, records))) {
                Ok(opened) => opened,
                Err(error) => {
                    trouble.push(unread(error));
                    return Ok(());
                }
            };
        self.report.files.push(FileReport {
            name: name.clone(),
            format: plan.format.word(),
            newest_first: plan.newest_first,
            ..FileReport::default()
        });
        self.at = self.at.or(plan.begins.filter(|_| !plan.newest_first));
        let mut perspective = Perspective::default();
        loop {
            match records.next() {
                Ok(Some(chunk)) => self.record(&chunk, &plan, &mut perspective).await?,
                Ok(None) => break,
                Err(error) => {
                    trouble.push(unread(error));
                    break;
                }
            }
        }
        if let Some(file) = self.report.files.last_mut() {
            file.lines = records.lines();
            if file.of_chargers + file.of_central + file.not_understood == 0 {
                trouble.push(format!("nothing in {name} was a frame of OCPP"));
            } else if file.of_chargers + file.of_central == 0 {
                trouble.push(format!("no frame in {name} could be used; the report says why"));
            }
        }
        Ok(())
    }

    async fn record(&mut self, chunk: &Chunk, plan: &Plan, perspective: &mut Perspective) -> Result<(), Failure> {
        self.say_where(chunk);
        let found = captured(chunk, plan, self.flags.utc_offset);
        let Some(file) = self.report.files.last_mut() else { return Ok(()) };
        if found.is_empty() && !(plan.header.is_some() && chunk.line == 1) {
            file.without += 1;
        }
        for captured in found {
            self.frame(chunk.line, captured, perspective).await?;
        }
        Ok(())
    }

    async fn frame(&mut self, line: u64, captured: Captured, perspective: &mut Perspective) -> Result<(), Failure> {
        let at = self.pass_to(&captured).await;
        let Some(file) = self.report.files.last_mut() else { return Ok(()) };
        let fallback = self.flags.charger.as_deref();
        let name = captured.charger.as_ref().filter(|name| name.sure || fallback.is_none());
        let Some(charger) = name.map(|name| name.text.as_str()).or(fallback).map(str::to_owned) else {
            file.not_understood(line, "no charger is named: say --charger ID", &veiled(&self.feeder, &captured));
            return Ok(());
        };
        match self.feeder.feed(&charger, at, &captured, perspective).await.map_err(Failure::trouble)? {
            Fate::OfCentral => file.of_central += 1,
            Fate::TooMany => {
                let why = format!("more than {MOST_CHARGERS} chargers");
                file.not_understood(line, why, &veiled(&self.feeder, &captured));
                return Ok(());
            }
            Fate::Heard(heard) => {
                let said = said_within(&captured.frame).filter(|_| captured.at.is_some());
                self.report.heard(&charger, (at, said), line, &heard);
            }
        }
        if let Some(file) = self.report.files.last_mut() {
            file.span.take(at);
        }
        Ok(())
    }

    /// The time of a frame: the log's, else that of the one before or what the frame itself says, whichever is later.
    /// Waits until it has come, where a speed was asked for.
    async fn pass_to(&mut self, captured: &Captured) -> At {
        let at = captured.at.unwrap_or_else(|| {
            let said = said_within(&captured.frame);
            self.at.max(said).unwrap_or_else(|| At::from(Utc::now()))
        });
        if let (Some(speed), Some(before)) = (self.flags.speed, self.at)
            && let Ok(passed) = u64::try_from(at.millis_since(before))
        {
            let wait = Duration::from_millis(passed).as_secs_f64() / speed;
            tokio::time::sleep(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX)).await;
        }
        self.at = Some(at);
        at
    }

    /// On long runs: how far it is.
    fn say_where(&mut self, chunk: &Chunk) {
        if self.said.elapsed() < WORD_EVERY {
            return;
        }
        self.said = Instant::now();
        let Some(file) = self.report.files.last() else { return };
        let frames = file.of_chargers + file.of_central;
        screen::complain(&format!("{}: at line {}, {frames} frames so far", file.name, chunk.line));
    }

    /// Ends the replay: the sessions that were found are read back from the ledger.
    pub(super) async fn finish(mut self) -> Result<Report, Failure> {
        self.report.refused_by_ledger = self.feeder.finish().await.map_err(Failure::trouble)?;
        for charger in self.report.chargers.values_mut() {
            let Some((first, last)) = charger.span.0 else { continue };
            let filter = SessionFilter {
                chargers: vec![ChargerId::new(charger.name.as_str())],
                from: Some(first),
                until: Some(last.plus_millis(1)),
                state: None,
                source: None,
            };
            let touched: Vec<SessionId> = charger.touched.iter().copied().collect();
            let (sessions, more) = sessions(&self.feeder.store, filter, touched).await.map_err(Failure::trouble)?;
            (charger.sessions, charger.more) = (sessions, more);
        }
        Ok(self.report)
    }
}

/// How a file is to be read, by its beginning.
fn plan(path: &Path, flags: &ReplayFlags) -> IoResult<Plan> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let text = head.trim_start_matches('\u{feff}').trim_start();
    let header = object::header(text.lines().next().unwrap_or_default());
    let format = flags.format.unwrap_or_else(|| match (text.as_bytes().first(), &header) {
        (_, Some(_)) => Format::Csv,
        (Some(b'{'), None) => Format::Json,
        (Some(b'['), None) if text[1..].trim_start().starts_with(['{', '[']) => Format::Json,
        _ => Format::Text,
    });
    let header = header.filter(|_| format == Format::Csv);
    let mut plan = Plan { format, header, newest_first: false, begins: None };
    let chunks = Chunks::new(BufReader::new(File::open(path)?), format);
    (plan.newest_first, plan.begins) = probe(chunks, &plan, flags.utc_offset)?;
    Ok(plan)
}

/// Whether times fall from record to record more often than they rise; and the first that is said.
fn probe(mut chunks: Chunks<impl BufRead>, plan: &Plan, offset_ms: i64) -> IoResult<(bool, Option<At>)> {
    let (mut before, mut begins, mut balance) = (None, None, 0_i64);
    for _ in 0..PROBED {
        let Some(chunk) = chunks.next()? else { break };
        for captured in captured(&chunk, plan, offset_ms) {
            begins = begins.or(captured.at).or_else(|| said_within(&captured.frame));
            let Some(at) = captured.at else { continue };
            if let Some(before) = before.replace(at) {
                balance += at.millis_since(before).signum();
            }
        }
    }
    Ok((balance < 0, begins))
}

/// The frames of a record. A page of an export may hold many, the newest first.
fn captured(chunk: &Chunk, plan: &Plan, offset_ms: i64) -> Vec<Captured> {
    let mut found = match &plan.header {
        Some((mark, names)) => {
            let row = object::row(&chunk.text, *mark);
            row.and_then(|row| object::of_row(names, &row, offset_ms)).into_iter().collect()
        }
        None => object::of_record(&chunk.text, offset_ms),
    };
    if plan.newest_first {
        found.reverse();
    }
    found
}

/// The first time that a frame itself says.
fn said_within(frame: &str) -> Option<At> {
    let (_, rest) = frame.split_once("\"timestamp\"")?;
    let text = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()?;
    when::read(text, 0)
}

/// A frame's text without tokens.
fn veiled(feeder: &Feeder, captured: &Captured) -> String {
    let frame = scan::split_frame(&captured.frame).0;
    ocpp::understand(ocpp::Version::V16, frame, &feeder.key).text.into()
}

/// The sessions of a filter and those named, newest first; and how many more there are.
async fn sessions(
    store: &Store,
    filter: SessionFilter,
    touched: Vec<SessionId>,
) -> Result<(Vec<SessionView>, u64), StoreError> {
    let read = move |archive: &mut dyn Archive| {
        let (mut found, mut more) = (Vec::<SessionView>::new(), 0);
        let mut before = None;
        loop {
            let page = archive.sessions(&filter, before, PAGE)?;
            let Some(last) = page.last() else { break };
            before = Some(last.row.id);
            let room = MOST_SESSIONS.saturating_sub(found.len());
            more += page.len().saturating_sub(room) as u64;
            found.extend(page.into_iter().take(room));
        }
        for id in touched {
            if more == 0 && found.iter().all(|view| view.row.id != id) {
                found.extend(archive.session(id)?);
            }
        }
        found.sort_by_key(|view| std::cmp::Reverse(view.row.started_at.unwrap_or(view.row.received_at)));
        Ok((found, more))
    };
    store.read(read).await
}
