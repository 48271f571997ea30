//! Events of connections, handshakes and frames.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::domain::deviation::Deviation;
use crate::domain::ids::ChargerId;
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
    /// HTTP status that was answered.
    pub status: u16,
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

/// A charger is connected.
pub struct ChargerConnected<'a> {
    /// Which.
    pub charger: &'a ChargerId,
    /// Where from.
    pub peer: &'a str,
    /// Protocol.
    pub protocol: &'a str,
    /// When.
    pub at: At,
}

impl Emit for ChargerConnected<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.connections.inc();
        observer.board.connected(self.charger, self.at, self.protocol);
        info!(charger = self.charger.as_str(), peer = self.peer, protocol = self.protocol, "charger connected");
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

/// A charger was asked for its device model.
pub struct DeviceModelAsked<'a> {
    /// Which.
    pub charger: &'a ChargerId,
}

impl Emit for DeviceModelAsked<'_> {
    fn emit(self, observer: &Observer) {
        observer.metrics.calls_sent.with_label_values(&["GetBaseReport"]).inc();
        info!(charger = self.charger.as_str(), "asked the charger for its device model");
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
