//! Events of connections, handshakes and frames.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::domain::deviation::Deviation;
use crate::domain::ids::ChargerId;
use crate::domain::security::{Profile, Protection};
use crate::domain::time::At;
use crate::observe::{Emit, Observer};

/// A charger tried to connect.
pub struct HandshakeDone<'a> {
    /// Its identity, if one could be read.
    pub charger: Option<&'a ChargerId>,
    /// Where from.
    pub peer: &'a str,
    /// `accepted`, or one word for why not.
    pub outcome: &'static str,
    /// HTTP status that was answered; none where it never came to HTTP.
    pub status: Option<u16>,
    /// What was odd, in words.
    pub remarks: &'a str,
}

impl Emit for HandshakeDone<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.handshakes.with_label_values(&[self.outcome]).inc();
        let charger = self.charger.map(ChargerId::as_str);
        let (peer, outcome, status, remarks) = (self.peer, self.outcome, self.status, self.remarks);
        if self.outcome == "accepted" {
            debug!(charger, peer, remarks, "handshake accepted");
        } else {
            warn!(charger, peer, outcome, status, remarks, "handshake refused");
        }
    }
}

/// A handshake was refused while so many are that it is neither logged nor kept.
pub struct HandshakeNotKept {
    /// One word for why.
    pub outcome: &'static str,
}

impl Emit for HandshakeNotKept {
    fn emit(self, observer: &Observer) {
        observer.metrics.handshakes.with_label_values(&[self.outcome]).inc();
        observer.metrics.handshakes_not_kept.inc();
    }
}

/// A charger sends more than its limits allow, or than those of its address: its socket is not read for a while.
pub struct HeldBack {
    /// By which limit, one word.
    pub reason: &'static str,
}

impl Emit for HeldBack {
    fn emit(self, observer: &Observer) {
        observer.metrics.held_back.with_label_values(&[self.reason]).inc();
    }
}

/// An identity is taken over again and again: two devices may use it.
pub struct IdentityContested<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// How often it was taken over lately.
    pub takeovers: usize,
    /// By which addresses.
    pub addresses: &'a [String],
}

impl Emit for IdentityContested<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.contested_takeovers.inc();
        let (charger, takeovers, addresses) = (self.charger.as_str(), self.takeovers, self.addresses.join(", "));
        warn!(charger, takeovers, addresses, "two devices may use one identity: it is taken over again and again");
    }
}

/// This process may open fewer descriptors than `ocpp.max_connections` would need.
pub struct FewDescriptors {
    /// How many chargers fit.
    pub chargers: usize,
    /// How many the settings want.
    pub wanted: usize,
}

impl Emit for FewDescriptors {
    fn emit(self, _observer: &Observer) {
        let (chargers, wanted) = (self.chargers, self.wanted);
        warn!(chargers, wanted, "the limit of open files allows fewer chargers than ocpp.max_connections; raise it");
    }
}

/// A charger is connected.
pub struct ChargerConnected<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// Where from.
    pub peer: &'a str,
    /// Protocol.
    pub protocol: &'a str,
    /// How it is protected.
    pub protection: Protection,
    /// When.
    pub at: At,
}

impl Emit for ChargerConnected<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.connections.inc();
        observer.board.connected(self.charger, self.at, self.protocol, self.protection);
        let profile = self.protection.profile.number();
        info!(
            charger = self.charger.as_str(),
            peer = self.peer,
            protocol = self.protocol,
            profile,
            "charger connected"
        );
    }
}

/// A charger is connected with a weaker security profile than before.
pub struct ProtectionWeakened<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// Where from.
    pub peer: &'a str,
    /// Its profile before.
    pub before: Profile,
    /// Its profile now.
    pub now: Profile,
}

impl Emit for ProtectionWeakened<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.downgrades.inc();
        let (before, now) = (self.before.number(), self.now.number());
        warn!(charger = self.charger.as_str(), peer = self.peer, before, now, "connected less securely than before");
    }
}

/// A charger's connection ended.
pub struct ChargerDisconnected<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// Why, one word.
    pub reason: &'static str,
    /// When it was last heard.
    pub heard: At,
}

impl Emit for ChargerDisconnected<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.connections.dec();
        observer.metrics.connections_ended.with_label_values(&[self.reason]).inc();
        observer.board.disconnected(self.charger, self.heard);
        info!(charger = self.charger.as_str(), reason = self.reason, "charger disconnected");
    }
}

/// A frame came in and was understood as far as possible.
pub struct FrameReceived<'a> {
    /// From which charger.
    pub charger: &'a ChargerId,
    /// Its action.
    pub action: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// How it deviates.
    pub deviations: &'a [Deviation],
    /// When.
    pub at: At,
}

impl Emit for FrameReceived<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.frames.with_label_values(&[self.action]).inc();
        observer.metrics.received_bytes.inc_by(self.bytes as u64);
        observer.board.heard(self.charger, self.at, !self.deviations.is_empty());
        for deviation in self.deviations {
            let rule = deviation.rule.as_str();
            observer.metrics.deviations.with_label_values(&[rule]).inc();
            debug!(charger = self.charger.as_str(), action = self.action, rule, path = &*deviation.path, "deviation");
        }
    }
}

/// A frame was answered.
pub struct FrameAnswered {
    /// How long that took.
    pub took: Duration,
}

impl Emit for FrameAnswered {
    fn emit(self, observer: &Observer) {
        observer.metrics.answer_seconds.observe(self.took.as_secs_f64());
    }
}

/// The ledger failed a charger: its connection is closed, it will come back.
pub struct LedgerFailed<'a> {
    /// Which charger.
    pub charger: &'a ChargerId,
    /// Why.
    pub reason: &'a str,
}

impl Emit for LedgerFailed<'_> {
    fn emit(self, _observer: &Observer) {
        warn!(charger = self.charger.as_str(), reason = self.reason, "connection closed because the ledger failed it");
    }
}

/// Connections cannot be accepted at present.
pub struct AcceptFailed<'a> {
    /// Why.
    pub reason: &'a str,
}

impl Emit for AcceptFailed<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.handshakes.with_label_values(&["accept_failed"]).inc();
        warn!(reason = self.reason, "a connection could not be accepted");
    }
}
