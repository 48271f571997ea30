//! What the limits let in, keep out and hold back, on a clock that stands still unless it is told to go on.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::advance;

use super::*;
use crate::config::load::{Sources, load};

fn limits(most_connections: usize, change: impl FnOnce(&mut LimitsSettings)) -> Arc<Limits> {
    let mut settings = load(&Sources::default()).unwrap().limits;
    change(&mut settings);
    Limits::new(&settings, most_connections, Observer::new().unwrap())
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn id(name: &str) -> ChargerId {
    ChargerId::new(name)
}

const STRANGER: Standing = Standing { registered: false, proven: false, met: false, connected: false };

fn refusal<T>(result: Result<T, Refusal>) -> Option<Refusal> {
    result.err()
}

#[tokio::test(start_paused = true)]
async fn a_fleet_behind_one_address_may_come_all_at_once() {
    let limits = limits(200_000, |_| {});
    for n in 0..10_000 {
        let visitor = limits.admit(address(1)).unwrap();
        assert!(visitor.seat(&id(&format!("CP-{n}")), Standing { met: true, ..STRANGER }).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn room_for_large_messages_is_bounded_given_back_and_kept_for_who_is_known() {
    const MIB: usize = 1024 * 1024;
    let limits = limits(10, |settings| (settings.unfinished_mb, settings.reserve_percent) = (2, 50));
    let visitor = limits.admit(address(1)).unwrap();
    let [mut first, mut second, mut known] = [("S-1", false), ("S-2", false), ("K", true)].map(|(name, registered)| {
        let seat = visitor.seat(&id(name), Standing { registered, ..STRANGER }).unwrap();
        // A text of 1 MiB begins.
        Paced::new(tokio::io::empty(), seat, &[0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0])
    });
    let taken = || limits.unfinished.load(Ordering::Relaxed);
    assert!(first.pace.count(&vec![0; MIB - 1]).is_ok());
    assert!(second.pace.count(&[0; 8 * 1024]).is_ok(), "what is small always finds room");
    assert_eq!(second.pace.count(&[0; 16 * 1024]), Err(Excess::NoRoom));
    assert!(known.pace.count(&vec![0; MIB - 1]).is_ok());
    assert_eq!(taken(), 2 * (MIB as u64 - 1 - 8 * 1024));
    assert!(known.pace.count(&[0]).is_ok(), "it is whole");
    drop(first);
    assert_eq!(taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn strangers_are_let_in_at_a_pace_and_those_who_are_known_do_not_notice() {
    let limits = limits(200_000, |settings| (settings.strangers_s, settings.strangers_burst) = (10, 100));
    let visitor = |n: u8| limits.admit(address(n)).unwrap();
    let let_in = |round: u32| {
        (0..1000).filter(|n| visitor(*n as u8).seat(&id(&format!("S-{round}-{n}")), STRANGER).is_ok()).count()
    };
    assert_eq!(let_in(1), 100);
    assert_eq!(refusal(visitor(1).seat(&id("S"), STRANGER)), Some(Refusal::TooManyStrangers));
    for known in [
        Standing { met: true, ..STRANGER },
        Standing { registered: true, ..STRANGER },
        Standing { proven: true, ..STRANGER },
    ] {
        assert!(visitor(1).seat(&id("K"), known).is_ok(), "{known:?}");
    }
    advance(Duration::from_secs(2)).await;
    assert_eq!(let_in(2), 20);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_connects_too_often_is_refused_and_no_other() {
    let limits = limits(10, |settings| (settings.address_connects_s, settings.address_connects_burst) = (10, 20));
    let let_in = |last: u8| (0..100).filter(|_| limits.admit(address(last)).is_ok()).count();
    assert_eq!((let_in(1), let_in(1), let_in(2)), (20, 0, 20));
    assert_eq!(refusal(limits.admit(address(1))), Some(Refusal::AddressTooOften));
    advance(Duration::from_secs(1)).await;
    assert_eq!(let_in(1), 10);
    let v6 = |text: &str| limits.admit(text.parse().unwrap()).is_ok();
    let subscriber = (0..100).filter(|n| v6(&format!("2001:db8:1:1::{n}"))).count();
    assert_eq!((subscriber, v6("2001:db8:1:2::1"), v6("::ffff:192.0.2.3")), (20, true, true));
}

#[tokio::test(start_paused = true)]
async fn handshakes_under_way_are_bounded_and_take_no_seats() {
    let limits = limits(2, |settings| (settings.half_open, settings.half_open_per_address) = (5, 3));
    let slow: Vec<_> = (0..3).map(|_| limits.admit(address(1)).unwrap()).collect();
    assert_eq!(refusal(limits.admit(address(1))), Some(Refusal::AddressHalfOpen));
    let _more: Vec<_> = (0..2).map(|_| limits.admit(address(2)).unwrap()).collect();
    assert_eq!(refusal(limits.admit(address(3))), Some(Refusal::TooManyHalfOpen));
    let seat = slow[0].seat(&id("CP-1"), STRANGER).unwrap();
    drop(slow);
    assert!(limits.admit(address(1)).is_ok());
    drop(seat);
    assert_eq!(limits.seats.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn the_last_seats_are_for_known_chargers_and_for_those_that_come_again() {
    let limits = limits(10, |settings| settings.reserve_percent = 20);
    let visitor = limits.admit(address(1)).unwrap();
    let mut seats: Vec<_> = (0..8).map(|n| visitor.seat(&id(&format!("S-{n}")), STRANGER).unwrap()).collect();
    assert_eq!(refusal(visitor.seat(&id("S-8"), STRANGER)), Some(Refusal::TooMany));
    seats.push(visitor.seat(&id("R-1"), Standing { registered: true, ..STRANGER }).unwrap());
    seats.push(visitor.seat(&id("P-1"), Standing { proven: true, ..STRANGER }).unwrap());
    assert_eq!(refusal(visitor.seat(&id("P-2"), Standing { proven: true, ..STRANGER })), Some(Refusal::TooMany));
    assert!(visitor.seat(&id("S-1"), Standing { connected: true, ..STRANGER }).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_that_uses_a_chargers_name_does_not_keep_it_out() {
    let limits = limits(1000, |settings| settings.charger_connects_burst = 5);
    let seats = |last: u8, proven: bool| {
        let visitor = limits.admit(address(last)).unwrap();
        let standing = Standing { proven, ..STRANGER };
        (0..100).filter(|_| visitor.seat(&id("CP-1"), standing).is_ok()).count()
    };
    assert_eq!((seats(1, false), seats(1, false)), (5, 0), "the stranger");
    assert_eq!(seats(2, false), 5, "the charger elsewhere");
    assert_eq!(seats(1, true), 5, "the charger at the same address, with its password");
    let visitor = limits.admit(address(1)).unwrap();
    assert_eq!(refusal(visitor.seat(&id("cp-1"), STRANGER)), Some(Refusal::ChargerTooOften));
}

#[tokio::test(start_paused = true)]
async fn new_names_are_bounded_but_for_known_chargers() {
    let limits = limits(1000, |settings| settings.max_chargers = 2);
    for name in ["CP-1", "CP-2"] {
        limits.observer.board.seed(&id(name), |_| {});
    }
    let visitor = limits.admit(address(1)).unwrap();
    assert_eq!(refusal(visitor.seat(&id("CP-3"), STRANGER)), Some(Refusal::TooManyChargers));
    assert!(visitor.seat(&id("CP-2"), Standing { met: true, ..STRANGER }).is_ok());
    assert!(visitor.seat(&id("CP-4"), Standing { registered: true, ..STRANGER }).is_ok());
}

fn seat(limits: &Arc<Limits>, name: &str) -> Seat {
    limits.admit(address(1)).unwrap().seat(&id(name), STRANGER).unwrap()
}

/// A masked frame of a text with this payload.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    [&[head, 0x80 | payload.len() as u8, 0, 0, 0, 0][..], payload].concat()
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_fast_waits_and_nothing_is_lost() {
    let limits = limits(10, |settings| settings.charger_frames_s = 10);
    let (mut charger, ours) = duplex(1 << 20);
    let mut paced = Paced::new(ours, seat(&limits, "CP-1"), &[]);
    let whole: Vec<u8> = (0..1000_u32).flat_map(|n| frame(0x81, &n.to_be_bytes())).collect();
    charger.write_all(&whole).await.unwrap();
    let began = Instant::now();
    let mut read = vec![0; whole.len()];
    // A buffer of one frame, as the pace is kept from read to read.
    for part in read.chunks_mut(10) {
        paced.read_exact(part).await.unwrap();
    }
    assert_eq!(read, whole);
    let took = began.elapsed().as_secs();
    assert!((79..82).contains(&took), "200 at once, then 10 a second: 80 s, not {took}");
    assert!(limits.observer.metrics.held_back.with_label_values(&["charger_frames"]).get() > 700);
}

#[tokio::test(start_paused = true)]
async fn a_charger_is_slowed_down_by_its_own_flood_and_not_cut_for_its_neighbours() {
    let limits = limits(10, |settings| (settings.address_bytes_s, settings.flood_cut_s) = (100, 5));
    let (mut neighbour, ours) = duplex(1 << 20);
    let mut flooded = Paced::new(ours, seat(&limits, "CP-1"), &[]);
    neighbour.write_all(&frame(0x81, &[b'x'; 100]).repeat(100)).await.unwrap();
    let mut read = [0; 106];
    for _ in 0..100 {
        flooded.read_exact(&mut read).await.unwrap();
    }
    let (mut charger, ours) = duplex(1 << 20);
    let mut paced = Paced::new(ours, seat(&limits, "CP-2"), &[]);
    charger.write_all(&frame(0x81, b"[]")).await.unwrap();
    assert!(paced.read_exact(&mut read[..8]).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_flood_without_a_pause_is_cut() {
    let limits = limits(10, |settings| (settings.charger_bytes_s, settings.flood_cut_s) = (100, 60));
    let (mut charger, ours) = duplex(1 << 20);
    let mut paced = Paced::new(ours, seat(&limits, "CP-1"), &[]);
    charger.write_all(&frame(0x81, &[b'x'; 100]).repeat(1000)).await.unwrap();
    let (began, mut read) = (Instant::now(), [0; 106]);
    let error = loop {
        if let Err(error) = paced.read_exact(&mut read).await {
            break error;
        }
    };
    assert_eq!(Excess::of(&error), Some(Excess::Flood));
    assert!((60..64).contains(&began.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn endless_fragments_are_cut() {
    let limits = limits(10, |settings| settings.max_fragments = 50);
    let (mut charger, ours) = duplex(1 << 20);
    let mut paced = Paced::new(ours, seat(&limits, "CP-1"), &frame(0x01, b"["));
    charger.write_all(&frame(0x00, b"").repeat(100)).await.unwrap();
    let mut read = [0; 6];
    for _ in 0..49 {
        paced.read_exact(&mut read).await.unwrap();
    }
    let error = paced.read_exact(&mut read).await.unwrap_err();
    assert_eq!(Excess::of(&error), Some(Excess::Fragments));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_end_is_cut_whatever_comes_between() {
    let limits = limits(10, |settings| settings.message_timeout_s = 60);
    let (mut charger, ours) = duplex(1 << 20);
    let mut paced = Paced::new(ours, seat(&limits, "CP-1"), &frame(0x01, b"["));
    let ping = frame(0x89, b"");
    let (mut read, mut seconds) = ([0; 6], 0);
    let error = loop {
        charger.write_all(&ping).await.unwrap();
        if let Err(error) = paced.read_exact(&mut read).await {
            break error;
        }
        advance(Duration::from_secs(1)).await;
        seconds += 1;
    };
    assert_eq!((Excess::of(&error), seconds), (Some(Excess::SlowMessage), 61));
}
