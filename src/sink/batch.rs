//! Delivering a batch: again and again while the server is in trouble, in halves when it refuses what a line says, until
//! every line has been taken or laid aside.

use std::time::Duration;

use super::line::Lines;
use super::{Sink, SinkError};
use crate::observe::Observer;
use crate::observe::events::sink::{BatchRefused, PointRefused, PointsTaken, SinkRecovered, SinkTrouble};
use crate::store::telemetry::DeadLetter;

/// A server that wants to be left alone for longer is asked again after an hour.
const LONGEST_WANTED: Duration = Duration::from_secs(3600);

/// A reason is kept up to so many characters.
const LONGEST_REASON: usize = 500;

/// How long to wait between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first pause; each further one is twice as long.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Backoff {
    /// The pause after so many failures: doubled each time, and from half to all of it by chance, so that many who wait
    /// do not come back at once.
    fn pause(self, failures: u32, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.min(20)));
        doubled.min(self.longest).mul_f64(0.5 + chance / 2.0)
    }
}

/// Delivers batches to a sink.
pub struct Delivery<S> {
    sink: S,
    observer: Observer,
    backoff: Backoff,
    failures: u32,
}

impl<S: Sink> Delivery<S> {
    /// Begins.
    pub const fn new(sink: S, observer: Observer, backoff: Backoff) -> Self {
        Self { sink, observer, backoff, failures: 0 }
    }

    /// Where it delivers to.
    pub const fn sink(&self) -> &S {
        &self.sink
    }

    /// Returns once every line has been taken or refused; those that were refused come back.
    pub async fn deliver(&mut self, lines: &Lines) -> Vec<DeadLetter> {
        let mut dead = Vec::new();
        let mut waiting = vec![(0, lines.len())];
        while let Some((from, until)) = waiting.pop().filter(|(from, until)| from < until) {
            let part = lines.slice(from, until);
            match self.sink.write(part).await {
                Ok(bytes) => self.taken(until - from, bytes),
                Err(error @ SinkError::Later(_)) => {
                    self.wait(error.reason()).await;
                    waiting.push((from, until));
                }
                Err(error) if until - from == 1 => {
                    let name = self.sink.name();
                    let reason: String = error.reason().chars().take(LONGEST_REASON).collect();
                    self.observer.tell(PointRefused { sink: name, reason: &reason });
                    let line = String::from_utf8_lossy(part).trim_end().to_owned();
                    dead.push(DeadLetter { line, reason });
                }
                Err(error) => {
                    let event = BatchRefused { sink: self.sink.name(), reason: error.reason(), points: until - from };
                    self.observer.tell(event);
                    let middle = from.midpoint(until);
                    waiting.extend([(middle, until), (from, middle)]);
                }
            }
        }
        dead
    }

    fn taken(&mut self, points: usize, bytes: u64) {
        if std::mem::take(&mut self.failures) > 0 {
            self.observer.tell(SinkRecovered { sink: self.sink.name() });
        }
        self.observer.tell(PointsTaken { sink: self.sink.name(), points: points as u64, bytes });
    }

    async fn wait(&mut self, reason: &str) {
        let wanted = self.sink.wanted_pause().await.map(|pause| pause.min(LONGEST_WANTED));
        let pause = self.backoff.pause(self.failures, rand::random());
        let pause = wanted.map_or(pause, |wanted| wanted.max(pause));
        let is_news = self.failures == 0;
        self.failures = self.failures.saturating_add(1);
        self.observer.tell(SinkTrouble { sink: self.sink.name(), reason, pause, is_news });
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_scatter() {
        let backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(60) };
        let pauses: Vec<u128> = (0..9).map(|failures| backoff.pause(failures, 1.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(backoff.pause(9, 0.0), Duration::from_secs(30));
        assert_eq!(backoff.pause(u32::MAX, 1.0), Duration::from_secs(60));
    }
}
