//! What one address, one charger and all strangers together may ask of this program.
//!
//! A connection is first a [`Visitor`]: a handshake under way, which takes none of the places of chargers. When it has
//! shown who it is, it takes a [`Seat`], and its socket is read at the pace of the seat ([`Paced`]). Chargers that are
//! known find the last seats kept for them. A whole fleet may come from one address, and all of it at once after a
//! restart: an address alone is no reason to be cut, and what a charger has sent waits rather than being lost.

mod bucket;
mod pace;
mod table;
mod tally;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::contest;
use super::refusal::Refusal;
use crate::config::limits::LimitsSettings;
use crate::domain::ids::ChargerId;
use crate::observe::Observer;
use crate::observe::events::gateway::{FewDescriptors, HeldBack};
use bucket::{Bucket, Rate};
pub(super) use pace::{Excess, Paced};
use table::{Meter, Table};

/// Seconds of its frames and bytes that may come at once.
const BURST_S: u64 = 20;

/// Descriptors that are left to the ledger and to readers.
const OTHER_DESCRIPTORS: usize = 256;

/// The limits, and what has been used of them.
pub struct Limits {
    address: Rates,
    charger: Rates,
    addresses: Table,
    chargers: Table,
    half_open: AtomicUsize,
    most_half_open: usize,
    most_half_open_per_address: u32,
    seats: AtomicUsize,
    most_seats: usize,
    /// Seats that only known chargers may take.
    kept_seats: usize,
    /// Handshakes and seats together.
    most_sockets: usize,
    most_chargers: usize,
    /// New chargers that nobody knows, from everywhere together: each costs a machine, rows and a place on the board.
    strangers: Bucket,
    strangers_let_in: Rate,
    /// Bytes of large messages that are not whole yet, of all chargers together.
    unfinished: AtomicU64,
    most_unfinished: u64,
    /// Of them only known chargers may take the last.
    kept_unfinished: u64,
    max_fragments: u32,
    message_ns: u64,
    flood_ns: u64,
    /// A charger must take what it is sent within this time.
    pub(super) write_timeout: Duration,
    /// When an identity counts as contested.
    pub(super) contest: contest::Rules,
    refusals: Bucket,
    refusals_kept: Rate,
    began: Instant,
    observer: Observer,
}

struct Rates {
    connects: Rate,
    frames: Rate,
    bytes: Rate,
}

/// What a socket is held back by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    ChargerFrames,
    ChargerBytes,
    AddressFrames,
    AddressBytes,
}

impl Reason {
    const fn label(self) -> &'static str {
        match self {
            Self::ChargerFrames => "charger_frames",
            Self::ChargerBytes => "charger_bytes",
            Self::AddressFrames => "address_frames",
            Self::AddressBytes => "address_bytes",
        }
    }

    const fn is_the_chargers(self) -> bool {
        match self {
            Self::ChargerFrames | Self::ChargerBytes => true,
            Self::AddressFrames | Self::AddressBytes => false,
        }
    }
}

/// What a charger has shown of itself when it asks for a seat.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// The registry knows it.
    pub(super) registered: bool,
    /// It has shown its credentials.
    pub(super) proven: bool,
    /// It has been met before.
    pub(super) met: bool,
    /// It is connected, and its older connection is about to end.
    pub(super) connected: bool,
}

impl Limits {
    /// From the settings. The descriptors of this process may allow fewer than `most_connections`; that is told.
    pub fn new(settings: &LimitsSettings, most_connections: usize, observer: Observer) -> Arc<Self> {
        let second = Duration::from_secs(1);
        let each_second = |amount: u32| Rate::new(amount, second, u64::from(amount) * BURST_S);
        let ns = |seconds: u32| u64::from(seconds) * 1_000_000_000;
        let most_sockets = descriptors().map_or(usize::MAX, |most| most.saturating_sub(OTHER_DESCRIPTORS).max(1));
        let most_seats = most_connections.min(most_sockets);
        if most_seats < most_connections {
            observer.tell(FewDescriptors { chargers: most_seats, wanted: most_connections });
        }
        let burst = settings.address_connects_burst.into();
        let most_unfinished = u64::from(settings.unfinished_mb) * 1024 * 1024;
        Arc::new(Self {
            address: Rates {
                connects: Rate::new(settings.address_connects_s, second, burst),
                frames: each_second(settings.address_frames_s),
                bytes: each_second(settings.address_bytes_s),
            },
            charger: Rates {
                connects: Rate::new(settings.charger_connects_min, second * 60, settings.charger_connects_burst.into()),
                frames: each_second(settings.charger_frames_s),
                bytes: each_second(settings.charger_bytes_s),
            },
            addresses: Table::default(),
            chargers: Table::default(),
            half_open: AtomicUsize::new(0),
            most_half_open: settings.half_open as usize,
            most_half_open_per_address: settings.half_open_per_address,
            seats: AtomicUsize::new(0),
            most_seats,
            kept_seats: most_seats * settings.reserve_percent as usize / 100,
            most_sockets,
            most_chargers: settings.max_chargers as usize,
            strangers: Bucket::default(),
            strangers_let_in: Rate::new(settings.strangers_s, second, settings.strangers_burst.into()),
            unfinished: AtomicU64::new(0),
            most_unfinished,
            kept_unfinished: most_unfinished / 100 * u64::from(settings.reserve_percent),
            max_fragments: settings.max_fragments,
            message_ns: ns(settings.message_timeout_s),
            flood_ns: ns(settings.flood_cut_s),
            write_timeout: Duration::from_secs(settings.write_timeout_s.into()),
            contest: contest::Rules::from(settings),
            refusals: Bucket::default(),
            refusals_kept: each_second(settings.refusals_kept_s),
            began: Instant::now(),
            observer,
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Lets a connection begin its handshake.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Visitor, Refusal> {
        let network = network(address);
        let meter = self.addresses.of(network);
        if !meter.connects.take(self.now(), self.address.connects, 1) {
            return Err(Refusal::AddressTooOften);
        }
        // Counted first and given back by dropping it, so that there is no moment in between.
        let visitor = Visitor { limits: self.clone(), network, meter, since: Instant::now() };
        let of_address = visitor.meter.half_open.fetch_add(1, Ordering::Relaxed);
        let of_all = self.half_open.fetch_add(1, Ordering::Relaxed);
        if of_address >= self.most_half_open_per_address {
            return Err(Refusal::AddressHalfOpen);
        }
        if of_all >= self.most_half_open || of_all + self.seats.load(Ordering::Relaxed) >= self.most_sockets {
            return Err(Refusal::TooManyHalfOpen);
        }
        Ok(visitor)
    }

    /// Lets in a charger that nobody knows and nobody has met, where there is room for one more.
    fn let_in_stranger(&self) -> Result<(), Refusal> {
        if self.observer.board.len() >= self.most_chargers {
            return Err(Refusal::TooManyChargers);
        }
        let may = self.strangers.take(self.now(), self.strangers_let_in, 1);
        may.then_some(()).ok_or(Refusal::TooManyStrangers)
    }

    fn give_room_back(&self, bytes: u64) {
        self.unfinished.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether one more refusal may be logged and kept; otherwise it is only counted.
    pub(super) fn may_keep_refusal(&self) -> bool {
        self.refusals.take(self.now(), self.refusals_kept, 1)
    }

    fn tell_held_back(&self, reason: Reason) {
        self.observer.tell(HeldBack { reason: reason.label() });
    }
}

/// A handshake under way.
pub(super) struct Visitor {
    limits: Arc<Limits>,
    network: IpAddr,
    meter: Arc<Meter>,
    since: Instant,
}

impl Visitor {
    /// When it was let in: the time for its handshake runs from here, whatever is spoken first.
    pub(super) const fn since(&self) -> Instant {
        self.since
    }

    /// Gives a charger its seat.
    pub(super) fn seat(&self, charger: &ChargerId, standing: Standing) -> Result<Seat, Refusal> {
        let limits = &self.limits;
        // By address, and by whether it has shown who it is: a stranger that uses its name keeps nobody out.
        let meter = limits.chargers.of((charger, self.network, standing.proven));
        if !meter.connects.take(limits.now(), limits.charger.connects, 1) {
            return Err(Refusal::ChargerTooOften);
        }
        let known = standing.registered || standing.proven;
        if !known && !standing.met {
            limits.let_in_stranger()?;
        }
        let seat = Seat { limits: limits.clone(), charger: meter, address: self.meter.clone(), known };
        let taken = limits.seats.fetch_add(1, Ordering::Relaxed);
        let there_are = if known { limits.most_seats } else { limits.most_seats - limits.kept_seats };
        if taken >= there_are && !standing.connected {
            return Err(Refusal::TooMany);
        }
        Ok(seat)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.meter.half_open.fetch_sub(1, Ordering::Relaxed);
        self.limits.half_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A charger's place.
pub(super) struct Seat {
    limits: Arc<Limits>,
    charger: Arc<Meter>,
    address: Arc<Meter>,
    /// The registry knows it, or it has shown its credentials.
    known: bool,
}

impl Seat {
    /// Takes so many bytes of the room for large messages, if they are there.
    fn take_room(&self, bytes: u64) -> bool {
        let limits = &self.limits;
        let kept = if self.known { 0 } else { limits.kept_unfinished };
        // Counted first, so that there is no moment in between.
        let taken = limits.unfinished.fetch_add(bytes, Ordering::Relaxed);
        let is_there = taken.saturating_add(bytes) <= limits.most_unfinished - kept;
        if !is_there {
            limits.give_room_back(bytes);
        }
        is_there
    }

    /// By what it is held back, and for how long.
    fn wait(&self, now: u64) -> Option<(Reason, Duration)> {
        let (charger, address) = (&self.limits.charger, &self.limits.address);
        let waits = [
            (Reason::ChargerFrames, self.charger.frames.wait(now, charger.frames)),
            (Reason::ChargerBytes, self.charger.bytes.wait(now, charger.bytes)),
            (Reason::AddressFrames, self.address.frames.wait(now, address.frames)),
            (Reason::AddressBytes, self.address.bytes.wait(now, address.bytes)),
        ];
        let (reason, wait) = waits.into_iter().max_by_key(|(_, wait)| *wait)?;
        (wait > 0).then(|| (reason, Duration::from_nanos(wait)))
    }

    fn charge(&self, now: u64, frames: u64, bytes: u64) {
        let (charger, address) = (&self.limits.charger, &self.limits.address);
        self.charger.frames.charge(now, charger.frames, frames);
        self.charger.bytes.charge(now, charger.bytes, bytes);
        self.address.frames.charge(now, address.frames, frames);
        self.address.bytes.charge(now, address.bytes, bytes);
    }

    fn has_recovered(&self, now: u64) -> bool {
        let rates = &self.limits.charger;
        self.charger.frames.has_recovered(now, rates.frames) && self.charger.bytes.has_recovered(now, rates.bytes)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.limits.seats.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What counts as one address: of IPv6 the network of a subscriber (/64), who may use any address of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// How many descriptors this process may open, where the system says so.
fn descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
