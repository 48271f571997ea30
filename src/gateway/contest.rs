//! Whether two devices use one identity: each takes the charger's place over from the other, again and again.

use crate::config::limits::LimitsSettings;
use crate::domain::time::At;

/// Most takeovers that are kept.
const MOST: usize = 16;

/// When an identity counts as contested.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    window_ms: i64,
    takeovers: usize,
}

impl Rules {
    pub(super) fn from(settings: &LimitsSettings) -> Self {
        let takeovers = (settings.contest_takeovers as usize).min(MOST);
        Self { window_ms: i64::from(settings.contest_window_s) * 1000, takeovers }
    }
}

/// The latest takeovers of a charger's place: when, and by which address.
#[derive(Clone, Debug, Default)]
pub(super) struct Contest {
    takeovers: Vec<(At, String)>,
}

/// An identity that is contested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contested {
    /// How often it was taken over lately.
    pub takeovers: usize,
    /// By which addresses, each once, in the order of their first takeover.
    pub addresses: Vec<String>,
}

impl Contest {
    /// A newer connection takes the place of one that was still there.
    pub(super) fn taken_over(&mut self, now: At, from: &str, by: &str) {
        if self.takeovers.is_empty() {
            self.takeovers.push((now, from.to_owned()));
        }
        self.takeovers.push((now, by.to_owned()));
        if self.takeovers.len() > MOST {
            self.takeovers.remove(0);
        }
    }

    /// Whether it is contested. One device behind a bad link also replaces its own connection, but seldom; one whose
    /// address changes does not come back to an address that it had before.
    pub(super) fn verdict(&self, now: At, rules: Rules) -> Option<Contested> {
        let recent: Vec<&str> = self
            .takeovers
            .iter()
            .filter(|(at, _)| now.millis_since(*at) <= rules.window_ms)
            .map(|(_, address)| address.as_str())
            .collect();
        let takeovers = recent.len().saturating_sub(1);
        if takeovers < rules.takeovers {
            return None;
        }
        let mut addresses: Vec<String> = Vec::new();
        for address in &recent {
            if !addresses.iter().any(|known| known == address) {
                addresses.push((*address).to_owned());
            }
        }
        (addresses.len() < recent.len()).then_some(Contested { takeovers, addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { window_ms: 600_000, takeovers: 4 };

    fn verdict(step_s: i64, addresses: &[&str]) -> Option<Contested> {
        let mut contest = Contest::default();
        let at = |n: usize| At::from_millis(n as i64 * step_s * 1000);
        for (n, pair) in addresses.windows(2).enumerate() {
            contest.taken_over(at(n), pair[0], pair[1]);
        }
        contest.verdict(at(addresses.len() - 2), RULES)
    }

    #[test]
    fn an_identity_is_contested_when_addresses_take_turns() {
        let contested = verdict(30, &["a", "b", "a", "b", "a"]).unwrap();
        assert_eq!(contested, Contested { takeovers: 4, addresses: vec!["a".to_owned(), "b".to_owned()] });
        assert_eq!(verdict(30, &["a", "b", "a", "b"]), None, "too few");
        assert_eq!(verdict(300, &["a", "b", "a", "b", "a", "b"]), None, "too far apart");
        assert_eq!(verdict(30, &["a", "b", "c", "d", "e", "f"]), None, "one device whose address changes");
        assert_eq!(verdict(10, &["a", "a", "a", "a", "a"]).unwrap().addresses, ["a"], "two behind one address");
    }

    #[test]
    fn only_the_latest_takeovers_are_kept() {
        let mut contest = Contest::default();
        for n in 0..1000 {
            contest.taken_over(At::from_millis(n), "a", "b");
        }
        assert_eq!(contest.takeovers.len(), MOST);
        assert!(contest.verdict(At::from_millis(1000), RULES).is_some());
    }
}
