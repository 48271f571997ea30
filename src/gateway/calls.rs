//! Our own calls to a charger over one connection. OCPP-J allows one under way at a time (OCPP-J 1.6, section 4.1.1):
//! the others wait their turn, a bounded number of them. An answer is matched by its id, and awaited only so long.
//! What is sent and when is decided here; the socket is the session's.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::ocpp::Request;

/// Most calls that wait for their turn; one more is not sent at all.
const MOST_WAITING: usize = 16;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The charger answered it, by whatever its answer says.
    Answered,
    /// It answered that it cannot.
    Refused,
    /// It did not answer in time.
    Late,
    /// The connection ended before it had answered.
    Lost,
    /// It was never sent: too many waited.
    NoRoom,
}

impl Outcome {
    /// The word for logs and metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "call_error",
            Self::Late => "timeout",
            Self::Lost => "connection_lost",
            Self::NoRoom => "no_room",
        }
    }
}

/// A call with what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<T> {
    /// What is asked.
    pub(super) request: Request,
    /// What its answer is needed for.
    pub(super) errand: T,
}

struct UnderWay<T> {
    id: Box<str>,
    deadline: Instant,
    call: Call<T>,
}

/// The calls of a connection.
pub(super) struct Calls<T> {
    patience: Duration,
    waiting: VecDeque<Call<T>>,
    under_way: Option<UnderWay<T>>,
}

impl<T> Calls<T> {
    /// None yet; each answer will be awaited so long.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, waiting: VecDeque::new(), under_way: None }
    }

    /// Takes a call that is to be sent in its turn. Gives it back when too many wait.
    pub(super) fn queue(&mut self, call: Call<T>) -> Result<(), Call<T>> {
        if self.waiting.len() >= MOST_WAITING {
            return Err(call);
        }
        self.waiting.push_back(call);
        Ok(())
    }

    /// The request that may be sent now, under this id; it is under way from then on.
    pub(super) fn next(&mut self, now: Instant, id: &str) -> Option<&Request> {
        if self.under_way.is_some() {
            return None;
        }
        let call = self.waiting.pop_front()?;
        let sent = UnderWay { id: id.into(), deadline: now + self.patience, call };
        Some(&self.under_way.insert(sent).call.request)
    }

    /// Until when the answer of the call under way is awaited.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.under_way.as_ref().map(|sent| sent.deadline)
    }

    /// The call that an answer with this id belongs to: it is under way no more.
    pub(super) fn answered(&mut self, id: &str) -> Option<Call<T>> {
        self.under_way.take_if(|sent| *sent.id == *id).map(|sent| sent.call)
    }

    /// The call whose answer is no longer awaited.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Call<T>> {
        self.under_way.take_if(|sent| sent.deadline <= now).map(|sent| sent.call)
    }

    /// The connection is over: every call that was sent or was to be sent.
    pub(super) fn give_up(&mut self) -> Vec<Call<T>> {
        let sent = self.under_way.take().map(|sent| sent.call);
        sent.into_iter().chain(self.waiting.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn call(errand: usize) -> Call<usize> {
        Call { request: Request { action: "GetBaseReport", payload: "{}".into() }, errand }
    }

    fn errand(call: Option<Call<usize>>) -> Option<usize> {
        call.map(|call| call.errand)
    }

    #[test]
    fn one_call_is_under_way_and_the_others_follow_in_order() {
        let (mut calls, now) = (Calls::new(PATIENCE), Instant::now());
        assert!(calls.next(now, "a").is_none() && calls.deadline().is_none());
        for errand in 0..3 {
            calls.queue(call(errand)).unwrap();
        }
        assert!(calls.next(now, "a").is_some());
        assert!(calls.next(now, "b").is_none(), "its answer is yet to come");
        assert_eq!(errand(calls.answered("a")), Some(0));
        assert!(calls.next(now, "b").is_some());
        assert_eq!(errand(calls.answered("b")), Some(1));
        assert!(calls.next(now, "c").is_some());
        assert_eq!(errand(calls.answered("c")), Some(2));
        assert!(calls.next(now, "d").is_none() && calls.deadline().is_none());
    }

    #[test]
    fn an_answer_to_nothing_matches_nothing() {
        let (mut calls, now) = (Calls::new(PATIENCE), Instant::now());
        assert_eq!(errand(calls.answered("a")), None);
        calls.queue(call(1)).unwrap();
        assert_eq!(errand(calls.answered("")), None);
        calls.next(now, "a");
        assert_eq!(errand(calls.answered("b")), None);
        assert_eq!(errand(calls.answered("a")), Some(1));
        assert_eq!(errand(calls.answered("a")), None, "the same answer again");
    }

    #[test]
    fn a_late_answer_is_no_longer_awaited_and_the_next_call_goes() {
        let (mut calls, now) = (Calls::new(PATIENCE), Instant::now());
        calls.queue(call(1)).unwrap();
        calls.queue(call(2)).unwrap();
        calls.next(now, "a");
        assert_eq!(calls.deadline(), Some(now + PATIENCE));
        assert_eq!(errand(calls.expired(now + PATIENCE / 2)), None);
        assert_eq!(errand(calls.expired(now + PATIENCE)), Some(1));
        assert!(calls.next(now + PATIENCE, "b").is_some());
        assert_eq!(errand(calls.answered("a")), None);
        assert_eq!(calls.give_up().iter().map(|call| call.errand).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn no_more_than_so_many_wait() {
        let (mut calls, now) = (Calls::new(PATIENCE), Instant::now());
        for errand in 0..MOST_WAITING {
            calls.queue(call(errand)).unwrap();
        }
        assert_eq!(calls.queue(call(99)), Err(call(99)));
        calls.next(now, "a");
        calls.queue(call(99)).unwrap();
        assert_eq!(calls.give_up().len(), MOST_WAITING + 1);
        assert!(calls.give_up().is_empty());
    }
}
