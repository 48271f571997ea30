//! Carbon intensity over HTTP: asks the operator of the grid every so often for half-hours that are not known, and keeps the
//! answers in `registry.intensity_file`. The registry notices that the file has changed; nothing else hears of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest011::header::ACCEPT;
use reqwest011::{Client, ClientBuilder, Url, redirect};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use crate::config::half_hours::{Kept, read_answer};
use crate::config::registry::RegistrySettings;
use crate::domain::time::{At, Span};
use crate::observe::Observer;
use crate::observe::events::intensity::{IntensityTold, IntensityTrouble};
use crate::store::OurClock;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A week of half-hours is some 40 kB.
const LARGEST: usize = 1_000_000;

/// Between two questions of a round: the operator asks for patience.
const PAUSE: Duration = Duration::from_secs(1);

/// After a trouble it is asked sooner again.
const AGAIN: Duration = Duration::from_secs(300);

/// Who asks.
struct Asker {
    client: Client,
    url: String,
    /// The host, as the source of what it told.
    source: String,
    file: PathBuf,
    days: u32,
    pause: Duration,
    clock: OurClock,
}

/// Begins to ask, where the settings say so.
///
/// # Errors
/// When the address is none, or the file is somebody else's.
pub(super) fn start(
    settings: &RegistrySettings,
    observer: &Observer,
    clock: &OurClock,
) -> Result<Option<JoinHandle<()>>, String> {
    if !settings.asks_for_intensity() {
        return Ok(None);
    }
    let asker = Asker::new(settings, clock)?;
    asker.kept()?;
    let (observer, every) = (observer.clone(), Duration::from_secs(settings.intensity_every_s));
    Ok(Some(tokio::spawn(async move {
        let mut is_well = true;
        loop {
            is_well = tell(&observer, asker.round().await, is_well);
            tokio::time::sleep(if is_well { every } else { every.min(AGAIN) }).await;
        }
    })))
}

/// Says what came of a round; a trouble that goes on is counted, and not told again.
fn tell(observer: &Observer, outcome: Result<usize, String>, was_well: bool) -> bool {
    match &outcome {
        Ok(half_hours) => observer.tell(IntensityTold { half_hours: *half_hours, is_news: !was_well }),
        Err(reason) => observer.tell(IntensityTrouble { reason, is_news: was_well }),
    }
    outcome.is_ok()
}

impl Asker {
    fn new(settings: &RegistrySettings, clock: &OurClock) -> Result<Self, String> {
        let wrong = |error: &dyn std::fmt::Display| format!("registry.intensity_url: {error}");
        let url = Url::parse(&settings.intensity_url).map_err(|error| wrong(&error))?;
        let source = url.host_str().ok_or_else(|| wrong(&"there is no host in it"))?.to_owned();
        Ok(Self {
            client: client().build().map_err(|error| wrong(&error))?,
            url: settings.intensity_url.trim_end_matches('/').to_owned(),
            source,
            file: settings.intensity_file.clone().unwrap_or_default(),
            days: settings.intensity_days,
            pause: PAUSE,
            clock: clock.clone(),
        })
    }

    /// What is in the file.
    fn kept(&self) -> Result<Kept, String> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{} cannot be read: {error}", self.file.display())),
        };
        Kept::read(&self.file.display().to_string(), &text).map_err(|error| error.to_string())
    }

    /// Asks for all that is missing; says how many half-hours are known that were not.
    async fn round(&self) -> Result<usize, String> {
        let (now, mut kept, mut found) = ((self.clock)(), self.kept()?, 0);
        for (index, piece) in kept.missing(now, self.days).into_iter().enumerate() {
            if index > 0 {
                tokio::time::sleep(self.pause).await;
            }
            let told = read_answer(&self.ask(piece).await?)?;
            found += kept.take(piece, &told, &self.source, now);
            // What was told so far is not lost when the next answer does not come.
            save(&self.file, &kept.text()).await.map_err(|error| format!("{}: {error}", self.file.display()))?;
        }
        Ok(found)
    }

    async fn ask(&self, piece: Span) -> Result<Vec<u8>, String> {
        // An error of the client names the address, which is known.
        let told = |error: reqwest011::Error| error.without_url().to_string();
        let url = format!("{}/{}/{}", self.url, minute(piece.from), minute(piece.until));
        let mut response = self.client.get(url).header(ACCEPT, "application/json").send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("the answer is {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(told)? {
            if body.len() + part.len() > LARGEST {
                return Err(format!("the answer is longer than {LARGEST} bytes"));
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }
}

/// A client that waits for so long and follows nobody: who redirects may lead anywhere, and out of TLS.
fn client() -> ClientBuilder {
    let builder = Client::builder().timeout(TIMEOUT).connect_timeout(TIMEOUT);
    builder.redirect(redirect::Policy::none()).user_agent("chargewatch")
}

/// A time as the operator of the grid writes it, without seconds.
fn minute(at: At) -> String {
    chrono::DateTime::<chrono::Utc>::from(at).format("%Y-%m-%dT%H:%MZ").to_string()
}

/// Puts a text in a file's place, whole or not at all.
async fn save(file: &Path, text: &str) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = file.with_file_name(name);
    let mut open = tokio::fs::File::create(&new).await?;
    open.write_all(text.as_bytes()).await?;
    open.sync_all().await?;
    tokio::fs::rename(&new, file).await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use parking_lot::Mutex;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::intensity::{Intensity, number_of};

    const NOW: &str = "2026-10-18T03:10:00Z";

    /// A server that gives one answer after the other, the last one again and again, and notes what it was asked.
    async fn server(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/intensity/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (noted, next) = (asked.clone(), AtomicUsize::new(0));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let line = String::from_utf8(request).unwrap().lines().next().unwrap().to_owned();
                noted.lock().push(line);
                let answer = &answers[next.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1)];
                // Whoever has read enough may have gone.
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        (url, asked)
    }

    fn answer(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }

    fn half_hour(time: &str, actual: &str) -> String {
        format!(
            r#"{{"from":"2026-10-18T{time}Z","to":"","intensity":{{"forecast":99,"actual":{actual},"index":"low"}}}}"#
        )
    }

    fn asker(url: &str, file: &Path, now: &'static str) -> Asker {
        let settings = RegistrySettings {
            intensity_url: url.to_owned(),
            intensity_file: Some(file.to_owned()),
            intensity_days: 1,
            ..RegistrySettings::default()
        };
        let clock: OurClock = Arc::new(move || At::from_rfc3339(now).unwrap());
        let asker = Asker::new(&settings, &clock).unwrap();
        Asker { client: client().no_proxy().build().unwrap(), pause: Duration::ZERO, ..asker }
    }

    #[tokio::test]
    async fn what_is_told_is_kept_and_not_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("intensity.csv");
        let body = |last: &str| format!(r#"{{"data":[{},{}]}}"#, half_hour("02:00", "148"), half_hour("02:30", last));
        let (url, asked) = server(vec![answer("200 OK", &body("null")), answer("200 OK", &body("151"))]).await;
        assert_eq!(asker(&url, &file, NOW).round().await, Ok(1));
        assert_eq!(asked.lock().last().unwrap(), "GET /intensity/2026-10-17T03:00Z/2026-10-18T03:00Z HTTP/1.1");
        let known = |time: &str| {
            let text = std::fs::read_to_string(&file).unwrap();
            let read = Intensity::from_csv("i.csv", &text, chrono_tz::UTC).unwrap();
            read.of(number_of(At::from_rfc3339(&format!("2026-10-18T{time}:00Z")).unwrap()))
        };
        assert_eq!([known("02:00"), known("02:30")], [Some(148_000), None]);
        assert_eq!(asker(&url, &file, NOW).round().await, Ok(1), "what had not been measured is asked for again");
        assert_eq!([known("02:00"), known("02:30")], [Some(148_000), Some(151_000)]);
        // Two days on nothing more is expected of what nobody told.
        assert_eq!(asker(&url, &file, "2026-10-20T04:00:00Z").round().await, Ok(0));
        assert_eq!(asked.lock().last().unwrap(), "GET /intensity/2026-10-19T04:00Z/2026-10-20T04:00Z HTTP/1.1");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[tokio::test]
    async fn answers_that_are_none_change_nothing_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("intensity.csv");
        let long = "x".repeat(LARGEST + 1);
        let elsewhere = "302 Found\r\nLocation: /elsewhere";
        let answers = [("503 Service Unavailable", ""), (elsewhere, ""), ("200 OK", "<html>"), ("200 OK", &long)];
        let answers = answers.map(|(status, body)| answer(status, body)).to_vec();
        let (url, _) = server(answers).await;
        let observer = Observer::new().unwrap();
        let mut is_well = true;
        for reason in
            ["the answer is 503", "the answer is 302", "the answer has another form", "the answer is longer than"]
        {
            let outcome = asker(&url, &file, NOW).round().await;
            assert!(outcome.as_ref().unwrap_err().starts_with(reason), "{outcome:?}");
            is_well = tell(&observer, outcome, is_well);
        }
        assert_eq!(observer.metrics.intensity_rounds.with_label_values(&["failed"]).get(), 4);
        assert!(!is_well && !file.exists());
        std::fs::write(&file, "from,actual\n2026-10-18T02:00Z,1\n").unwrap();
        let outcome = asker(&url, &file, NOW).round().await.unwrap_err();
        assert!(outcome.contains("name another"), "a file of other hands is not overwritten: {outcome}");
    }
}
