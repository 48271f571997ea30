//! `[limits]`: what one address, one charger and all strangers together may ask of this program.

use serde::Deserialize;

/// Limits against floods. A rate of 0 is no limit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsSettings {
    /// New connections a second from one address.
    pub address_connects_s: u32,
    /// How many of them may come at once.
    pub address_connects_burst: u32,
    /// WebSocket frames a second from all connections of one address.
    pub address_frames_s: u32,
    /// Bytes a second from all connections of one address.
    pub address_bytes_s: u32,
    /// New connections a minute of one charger from one address.
    pub charger_connects_min: u32,
    /// How many of them may come at once.
    pub charger_connects_burst: u32,
    /// WebSocket frames a second from one charger.
    pub charger_frames_s: u32,
    /// Bytes a second from one charger.
    pub charger_bytes_s: u32,
    /// Cut a charger that was held back for so many seconds without a pause.
    pub flood_cut_s: u32,
    /// Handshakes under way at once.
    pub half_open: u32,
    /// Handshakes under way at once from one address.
    pub half_open_per_address: u32,
    /// Share of `ocpp.max_connections` that is kept for chargers of the registry and chargers with credentials.
    pub reserve_percent: u32,
    /// When so many chargers have been met, a new one that neither the registry nor credentials know is refused.
    pub max_chargers: u32,
    /// New ones of this kind a second, from everywhere together.
    pub strangers_s: u32,
    /// How many of them may come at once.
    pub strangers_burst: u32,
    /// Megabytes of large messages that are not whole yet, of all chargers together.
    pub unfinished_mb: u32,
    /// Fragments of one message.
    pub max_fragments: u32,
    /// A message must be whole within so many seconds.
    pub message_timeout_s: u32,
    /// A charger must take what it is sent within so many seconds.
    pub write_timeout_s: u32,
    /// Refused handshakes a second that are logged and kept; the others are only counted.
    pub refusals_kept_s: u32,
    /// An identity that is taken over so often within `contest_window_s` is contested.
    pub contest_takeovers: u32,
    /// The window for it, in seconds.
    pub contest_window_s: u32,
}

impl LimitsSettings {
    /// What is wrong with values that are well-formed: key and reason.
    pub(super) fn objections(&self) -> Vec<(&'static str, String)> {
        let at_least_one = [
            (self.address_connects_burst, "limits.address_connects_burst"),
            (self.charger_connects_burst, "limits.charger_connects_burst"),
            (self.strangers_burst, "limits.strangers_burst"),
            (self.flood_cut_s, "limits.flood_cut_s"),
            (self.half_open, "limits.half_open"),
            (self.half_open_per_address, "limits.half_open_per_address"),
            (self.unfinished_mb, "limits.unfinished_mb"),
            (self.max_fragments, "limits.max_fragments"),
            (self.message_timeout_s, "limits.message_timeout_s"),
            (self.write_timeout_s, "limits.write_timeout_s"),
            (self.contest_window_s, "limits.contest_window_s"),
        ];
        let zero = at_least_one.into_iter().filter(|(value, _)| *value == 0);
        let mut found: Vec<_> = zero.map(|(_, key)| (key, "must be at least 1".to_owned())).collect();
        if self.reserve_percent > 90 {
            found.push(("limits.reserve_percent", "must be at most 90".to_owned()));
        }
        if self.contest_takeovers < 2 {
            found.push(("limits.contest_takeovers", "must be at least 2".to_owned()));
        }
        found
    }
}
