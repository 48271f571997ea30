//! Server-sent events: how one is written, and compressed as it leaves where the reader takes that. Compression is worth it:
//! the first event of a large network is some megabytes of words that repeat.

use std::io::Write;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Whether a reader takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// Writes the events of one reader.
pub(super) struct Pen {
    gzip: Option<GzEncoder<Vec<u8>>>,
}

impl Pen {
    /// For whoever sent these headers.
    pub(super) fn new(headers: &HeaderMap) -> Self {
        Self { gzip: takes_gzip(headers).then(|| GzEncoder::new(Vec::new(), Compression::fast())) }
    }

    /// The headers of the answer.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        // A proxy that gathers an answer before it passes it on would hold back what is meant to be seen at once.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        if self.gzip.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers
    }

    /// An event; its data has no line breaks.
    pub(super) fn event(&mut self, name: &str, data: &str) -> Bytes {
        self.write(&["event: ", name, "\ndata: ", data, "\n\n"])
    }

    /// A line without meaning: it shows that the connection lives.
    pub(super) fn sign(&mut self) -> Bytes {
        self.write(&[":\n\n"])
    }

    fn write(&mut self, parts: &[&str]) -> Bytes {
        let whole = parts.concat();
        let Some(gzip) = &mut self.gzip else { return whole.into() };
        // Writing to memory cannot fail; whatever is flushed can be read at once.
        drop(gzip.write_all(whole.as_bytes()).and_then(|()| gzip.flush()));
        std::mem::take(gzip.get_mut()).into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;

    use super::*;

    fn accepting(encodings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (encodings, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip;q=0, identity", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&accepting(encodings)), takes, "{encodings}");
        }
    }

    #[test]
    fn every_event_can_be_read_as_soon_as_it_is_written() {
        let mut plain = Pen::new(&HeaderMap::new());
        assert_eq!(plain.event("change", "{}"), "event: change\ndata: {}\n\n");
        assert_eq!(plain.sign(), ":\n\n");
        let mut packed = Pen::new(&accepting("gzip"));
        let mut sent = Vec::new();
        for count in 1..=3 {
            sent.extend(packed.event("change", "{}"));
            let mut read = vec![0; "event: change\ndata: {}\n\n".len() * count];
            MultiGzDecoder::new(sent.as_slice()).read_exact(&mut read).unwrap();
            assert!(read.ends_with(b"data: {}\n\n"));
        }
    }
}
