//! Lists: a page of JSON, or the whole as CSV or NDJSON with flat memory.
//!
//! A stream reads page after page, each its own short read of the ledger, through a channel of two chunks: a slow
//! client holds nothing open, one that goes away ends it, and an error in the middle aborts the body.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::mpsc;

use super::error::Problem;
use super::params::{CURSOR, FORMAT, Query};
use super::table::{self, Resource, Row};
use super::view::View;
use crate::store::StoreError;
use crate::store::archive::Archive;
use crate::store::desk::DeskError;

/// Rows that are read at a time when the whole list is streamed.
const STREAM_PAGE: usize = 1000;

/// Media types of streams.
const CSV: &str = "text/csv; charset=utf-8; header=present";
const NDJSON: &str = "application/x-ndjson";

/// One page of a list: rows with the cursor of each.
pub(super) type Page = Vec<(String, Row)>;

/// Reads a page after a cursor.
pub(super) trait Source: Clone + Send + Sync + 'static {
    /// At most `limit` rows after `cursor`. An empty page is the end.
    ///
    /// # Errors
    /// When the ledger cannot be read, or the cursor is none of ours.
    fn page(&self, archive: &mut dyn Archive, cursor: Option<&str>, limit: usize) -> Result<Page, Fault>;
}

/// Why a page cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The cursor is none of ours.
    Cursor,
    /// The ledger failed.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DeskError> for Fault {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Store(error) => Self::Store(error),
            DeskError::Unknown(reason) | DeskError::Refused(reason) => Self::Store(StoreError::Read(reason)),
        }
    }
}

/// A cursor that is a row number.
pub(super) fn number(cursor: Option<&str>) -> Result<Option<i64>, Fault> {
    cursor.map(|cursor| cursor.parse().map_err(|_| Fault::Cursor)).transpose()
}

/// A page of a list that is read whole because it is short; the cursor is the place in it.
pub(super) fn part<T>(all: Vec<T>, cursor: Option<&str>, limit: usize, row: fn(&T) -> Row) -> Result<Page, Fault> {
    let begin = number(cursor)?.map_or(Ok(0), usize::try_from).map_err(|_| Fault::Cursor)?;
    let places = all.iter().enumerate().skip(begin).take(limit);
    Ok(places.map(|(index, view)| ((index + 1).to_string(), row(view))).collect())
}

/// Answers a list request.
pub(super) async fn answer(
    view: &View,
    resource: &'static Resource,
    query: &Query,
    source: impl Source,
) -> Result<Response, Problem> {
    match query.text(&FORMAT) {
        Some("csv") => Ok(stream(view, resource, source, Form::Csv)),
        Some("ndjson") => Ok(stream(view, resource, source, Form::NdJson)),
        _ => page(view, resource, query, source).await,
    }
}

/// Answers with all there is, which is bounded elsewhere.
pub(super) fn whole(resource: &'static Resource, query: &Query, rows: Vec<Row>) -> Result<Response, Problem> {
    let rows: Page = rows.into_iter().map(|row| (String::new(), row)).collect();
    let (form, kind) = match query.text(&FORMAT) {
        Some("csv") => (Form::Csv, CSV),
        Some("ndjson") => (Form::NdJson, NDJSON),
        _ => return Ok(json(resource, &rows, None)),
    };
    let body = render(resource, &rows, form, true).map_err(|error| StoreError::Read(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

async fn page(
    view: &View,
    resource: &'static Resource,
    query: &Query,
    source: impl Source,
) -> Result<Response, Problem> {
    let limit = query.limit(view.max_page())?;
    let wrong = || Problem::bad_request("cursor is none that this list gave out");
    let cursor = query.text(&CURSOR).map(|text| unpack(text).ok_or_else(wrong)).transpose()?;
    let read = move |archive: &mut dyn Archive| Ok(source.page(archive, cursor.as_deref(), limit));
    let rows = match view.read(read).await? {
        Ok(rows) => rows,
        Err(Fault::Cursor) => return Err(wrong()),
        Err(Fault::Store(error)) => return Err(error.into()),
    };
    let next = rows.last().filter(|_| rows.len() == limit).map(|(cursor, _)| pack(cursor));
    Ok(json(resource, &rows, next.as_deref()))
}

fn json(resource: &'static Resource, rows: &Page, next: Option<&str>) -> Response {
    let mut body = String::from("{\"items\":[");
    for (index, (_, row)) in rows.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        resource.json(row, &mut body);
    }
    body.push_str("],\"next_cursor\":");
    match next {
        Some(cursor) => table::text(cursor, &mut body),
        None => body.push_str("null"),
    }
    body.push('}');
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The form of a stream.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    NdJson,
}

fn stream(view: &View, resource: &'static Resource, source: impl Source, form: Form) -> Response {
    let (chunks, mut ready) = mpsc::channel::<io::Result<Bytes>>(2);
    let view = view.clone();
    tokio::spawn(async move {
        let mut cursor: Option<String> = None;
        let mut head = matches!(form, Form::Csv);
        loop {
            let (source, after) = (source.clone(), cursor.clone());
            let read = move |archive: &mut dyn Archive| Ok(source.page(archive, after.as_deref(), STREAM_PAGE));
            let rows = match view.read(read).await {
                Ok(Ok(rows)) => rows,
                Ok(Err(fault)) => return drop(chunks.send(Err(io::Error::other(format!("{fault:?}")))).await),
                Err(error) => return drop(chunks.send(Err(io::Error::other(error))).await),
            };
            let last = rows.last().map(|(cursor, _)| cursor.clone());
            if head || last.is_some() {
                let chunk = render(resource, &rows, form, head);
                // Nobody reads any more when this fails.
                if chunks.send(chunk).await.is_err() {
                    return;
                }
            }
            head = false;
            match last {
                Some(last) => cursor = Some(last),
                None => return,
            }
        }
    });
    let body = Body::from_stream(futures_util::stream::poll_fn(move |context| ready.poll_recv(context)));
    let kind = match form {
        Form::Csv => CSV,
        Form::NdJson => NDJSON,
    };
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn render(resource: &Resource, rows: &Page, form: Form, head: bool) -> io::Result<Bytes> {
    match form {
        Form::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            if head {
                writer.write_record(resource.columns())?;
            }
            for (_, row) in rows {
                writer.write_record(resource.cells(row))?;
            }
            let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
            Ok(bytes.into())
        }
        Form::NdJson => {
            let mut out = String::new();
            for (_, row) in rows {
                resource.json(row, &mut out);
                out.push('\n');
            }
            Ok(out.into())
        }
    }
}

/// Cursors are opaque outside.
fn pack(cursor: &str) -> String {
    URL_SAFE_NO_PAD.encode(cursor)
}

fn unpack(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
