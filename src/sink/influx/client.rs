//! The client: one request a batch, and what its answer means.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use influxdb2::api::write::TimestampPrecision;
use influxdb2::{Client, ClientBuilder, RequestError};
use parking_lot::Mutex;
use reqwest011::header::{CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest011::{Certificate, StatusCode};

use crate::config::influx::InfluxSettings;
use crate::sink::{Sink, SinkError};

/// The variable that holds the token where no file does.
const TOKEN: &str = "CHARGEWATCH_INFLUX_TOKEN";

/// An answer's text is read up to so many characters.
const LONGEST_ANSWER: usize = 1000;

/// Why the sink cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the InfluxDB sink: {0}")]
pub struct InfluxError(String);

/// InfluxDB 2 as a sink.
pub struct Influx {
    settings: InfluxSettings,
    client: Mutex<Arc<Client>>,
    probe: reqwest011::Client,
    /// Whether the last answer may have said how long to wait.
    said_wait: Mutex<bool>,
}

impl Influx {
    /// By the settings.
    ///
    /// # Errors
    /// When the token or the certificate authorities cannot be read.
    pub fn new(settings: &InfluxSettings) -> Result<Self, InfluxError> {
        let token = token(settings.token_file.as_ref())?;
        let client = Mutex::new(Arc::new(client(settings, &token)?));
        let probe = http(settings, HeaderMap::new())?;
        let probe = probe.build().map_err(|error| InfluxError(error.to_string()))?;
        Ok(Self { settings: settings.clone(), client, probe, said_wait: Mutex::new(false) })
    }

    /// The token may have been replaced since.
    fn renew(&self) {
        if let Ok(fresh) = token(self.settings.token_file.as_ref()).and_then(|token| client(&self.settings, &token)) {
            *self.client.lock() = Arc::new(fresh);
        }
    }

    fn judge(&self, error: RequestError) -> SinkError {
        match error {
            RequestError::Http { status, text } => self.judge_answer(status, &text),
            RequestError::ReqwestProcessing { source } => {
                // Its address holds nothing secret, but is long and known.
                SinkError::Later(chain(&source.without_url()))
            }
            RequestError::Serializing { source } => SinkError::Later(source.to_string()),
            RequestError::Deserializing { text } => SinkError::Later(text),
        }
    }

    fn judge_answer(&self, status: StatusCode, text: &str) -> SinkError {
        let text: String = text.chars().take(LONGEST_ANSWER).collect();
        let told = format!("{status}: {}", text.trim());
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => SinkError::Refused(told),
            StatusCode::PAYLOAD_TOO_LARGE => SinkError::TooLarge(told),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.renew();
                SinkError::Later(format!("the server does not let us write; is the token right? {told}"))
            }
            StatusCode::NOT_FOUND => SinkError::Later(format!("are organisation and bucket right? {told}")),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                *self.said_wait.lock() = true;
                SinkError::Later(told)
            }
            _ => SinkError::Later(told),
        }
    }
}

impl Sink for Influx {
    fn name(&self) -> &'static str {
        "influx"
    }

    fn target(&self) -> &str {
        &self.settings.url
    }

    async fn write(&self, lines: &[u8]) -> Result<u64, SinkError> {
        let body = compressed(lines).map_err(|error| SinkError::Later(error.to_string()))?;
        let bytes = body.len() as u64;
        let client = self.client.lock().clone();
        let precision = TimestampPrecision::Nanoseconds;
        let sent =
            client.write_line_protocol_with_precision(&self.settings.org, &self.settings.bucket, body, precision).await;
        sent.map(|()| bytes).map_err(|error| self.judge(error))
    }

    async fn wanted_pause(&self) -> Option<Duration> {
        if !std::mem::take(&mut *self.said_wait.lock()) {
            return None;
        }
        let url = format!("{}/api/v2/write", self.settings.url.trim_end_matches('/'));
        let query = [("bucket", &self.settings.bucket), ("org", &self.settings.org)];
        let request = self.probe.post(url).query(&query);
        let token = token(self.settings.token_file.as_ref()).unwrap_or_default();
        let request =
            if token.is_empty() { request } else { request.header("Authorization", format!("Token {token}")) };
        let answer = request.send().await.ok()?;
        let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.to_owned();
        retry_after(&text, Utc::now())
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    date.with_timezone(&Utc).signed_duration_since(now).to_std().ok()
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        told = format!("{told}: {error}");
        source = error.source();
    }
    told
}

/// The token: from its file, else from the environment, else none.
fn token(file: Option<&PathBuf>) -> Result<String, InfluxError> {
    match file {
        Some(path) => std::fs::read_to_string(path)
            .map(|text| text.trim().to_owned())
            .map_err(|error| InfluxError(format!("the token file {} cannot be read: {error}", path.display()))),
        None => Ok(std::env::var(TOKEN).unwrap_or_default().trim().to_owned()),
    }
}

fn http(settings: &InfluxSettings, headers: HeaderMap) -> Result<reqwest011::ClientBuilder, InfluxError> {
    let limit = Duration::from_secs(settings.timeout_s);
    let mut builder = reqwest011::Client::builder().timeout(limit).connect_timeout(limit).default_headers(headers);
    if let Some(path) = &settings.ca_file {
        let told = |reason: String| InfluxError(format!("{} cannot be used: {reason}", path.display()));
        let pem = std::fs::read(path).map_err(|error| told(error.to_string()))?;
        for certificate in certificates(&pem) {
            let certificate = Certificate::from_pem(&certificate).map_err(|error| told(error.to_string()))?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    Ok(builder)
}

/// The certificates of a PEM file, one by one.
fn certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let parts = text.split_inclusive(END).filter(|part| part.contains(END));
    parts.map(|part| part.as_bytes().to_vec()).collect()
}

fn client(settings: &InfluxSettings, token: &str) -> Result<Client, InfluxError> {
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
    let builder = http(settings, headers)?;
    if reqwest011::Url::parse(&settings.url).is_err() || HeaderValue::from_str(token).is_err() {
        return Err(InfluxError("the address is none, or the token has characters that cannot be sent".to_owned()));
    }
    let builder = ClientBuilder::with_builder(builder, &settings.url, &settings.org, token);
    builder.build().map_err(|error| InfluxError(error.to_string()))
}

fn compressed(lines: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 8), Compression::fast());
    encoder.write_all(lines)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_say_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T09:00:00Z").unwrap().with_timezone(&Utc);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 09:00:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 08:00:00 GMT", now), None);
        assert_eq!(retry_after("soon", now), None);
    }
}
