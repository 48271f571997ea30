//! Tests of the energy rules: a table of field cases, and random histories against the plain sum of what flowed.

use proptest::prelude::*;

use super::*;
use crate::domain::reading::{ReadingKind, Word};
use crate::domain::time::ChargerTime;

const MINUTE: i64 = 60_000;

fn minute(n: i64) -> At {
    At::from_millis(1_700_000_000_000 + n * MINUTE)
}

fn register(n: i64, wh: i64) -> Point {
    Point { at: minute(n), mark: Mark::Within, register: Some(MilliWh::from_wh(wh)), interval: None, power: None }
}

fn ends(start: Option<i64>, stop: Option<i64>, minutes: i64) -> Ends {
    Ends {
        start: start.map(MilliWh::from_wh),
        started_at: Some(minute(0)),
        stop: stop.map(MilliWh::from_wh),
        stopped_at: stop.map(|_| minute(minutes)),
        running: false,
    }
}

fn reckon(ends: Ends, points: &[Point]) -> (Option<i64>, EnergyQuality) {
    let mut meter = Meter::new(Some(22_000));
    meter.begin(&ends);
    for point in points {
        meter.push(*point);
    }
    let found = meter.reckon(&ends);
    (found.energy.map(|energy| energy.0), found.quality)
}

fn wh(n: i64) -> Option<i64> {
    Some(n * 1000)
}

#[test]
fn a_plain_session_is_stop_minus_start() {
    let found = reckon(ends(Some(1000), Some(8350), 60), &[register(10, 2000), register(50, 8000)]);
    assert_eq!(found, (wh(7350), EnergyQuality::Register));
}

#[test]
fn without_a_usable_stop_the_last_reading_counts_and_says_so() {
    let found = reckon(ends(Some(1000), None, 60), &[register(10, 2000), register(50, 8000)]);
    assert_eq!(found, (wh(7000), EnergyQuality::Inferred));
}

#[test]
fn nothing_at_all_is_missing_and_never_zero() {
    assert_eq!(reckon(ends(Some(1000), None, 0), &[]), (None, EnergyQuality::Missing));
    assert_eq!(reckon(ends(None, Some(8000), 60), &[]), (None, EnergyQuality::Missing));
}

#[test]
fn the_end_of_a_session_alone_says_nothing_of_its_energy() {
    let end = Point { mark: Mark::End, ..register(60, 15_340) };
    assert_eq!(reckon(ends(None, Some(15_340), 60), &[end]), (None, EnergyQuality::Missing));
}

#[test]
fn a_reset_within_the_session_adds_what_came_after_it() {
    let points = [register(10, 2000), register(20, 3000), register(30, 200), register(40, 900)];
    assert_eq!(reckon(ends(Some(1000), Some(1100), 50), &points), (wh(3100), EnergyQuality::Inferred));
}

#[test]
fn a_fall_of_a_few_watt_hours_is_noise() {
    let points = [register(10, 2000), register(20, 1995), register(30, 3000)];
    assert_eq!(reckon(ends(Some(1000), None, 30), &points), (wh(2000), EnergyQuality::Inferred));
}

#[test]
fn a_single_wild_reading_moves_nothing() {
    let points = [register(10, 2000), register(20, 99_999_999), register(30, 3000)];
    assert_eq!(reckon(ends(Some(1000), Some(3500), 40), &points), (wh(2500), EnergyQuality::Register));
}

#[test]
fn session_registers_beside_lifetime_ends_are_not_subtracted_across_scales() {
    let points = [register(10, 5), register(20, 2000), register(30, 4000)];
    assert_eq!(reckon(ends(Some(1_000_000), Some(1_004_100), 40), &points), (wh(4100), EnergyQuality::Register));
    let lifetime = [register(10, 900_000), register(20, 902_000)];
    assert_eq!(reckon(ends(Some(0), Some(3000), 40), &lifetime), (wh(3000), EnergyQuality::Register));
}

#[test]
fn a_start_register_of_zero_yields_to_the_begin_reading() {
    let begin = Point { mark: Mark::Begin, ..register(0, 15_000) };
    assert_eq!(reckon(ends(Some(0), Some(20_000), 60), &[begin]), (wh(5000), EnergyQuality::Register));
    let end = Point { mark: Mark::End, ..register(60, 19_000) };
    assert_eq!(reckon(ends(None, None, 60), &[begin, end]), (wh(4000), EnergyQuality::Register));
}

#[test]
fn a_stop_register_of_zero_is_a_field_that_is_not_filled_in() {
    assert_eq!(reckon(ends(Some(0), Some(0), 60), &[register(30, 4000)]), (wh(4000), EnergyQuality::Inferred));
    assert_eq!(reckon(ends(Some(0), Some(0), 60), &[]), (wh(0), EnergyQuality::Register));
}

#[test]
fn a_32_bit_register_rolls_over() {
    let found = reckon(ends(Some(4_294_967_000), Some(1000), 60), &[register(30, 4_294_967_200)]);
    assert_eq!(found, (wh(1296), EnergyQuality::Register));
}

#[test]
fn intervals_are_summed_and_power_is_the_last_resort() {
    let interval = |n| Point { register: None, interval: Some(MilliWh::from_wh(100)), ..register(n, 0) };
    assert_eq!(
        reckon(ends(None, None, 60), &[interval(15), interval(30), interval(45)]),
        (wh(300), EnergyQuality::Interval)
    );
    let power = |n, kw: i64| Point { register: None, power: Some(Milli(kw * 1_000_000)), ..register(n, 0) };
    assert_eq!(
        reckon(ends(None, None, 60), &[power(0, 6), power(10, 6), power(20, 0)]),
        (wh(1500), EnergyQuality::Integrated)
    );
}

fn sample(name: &'static str, phase: &'static str, value: i64) -> Sample {
    Sample {
        at: ChargerTime::said(minute(0)),
        kind: ReadingKind {
            measurand: Word::Known(name),
            phase: Word::Known(phase),
            location: Word::Known("Outlet"),
            context: Word::Known("Sample.Periodic"),
            unit: Word::Known("W"),
        },
        value: Some(Milli(value)),
        text: None,
        flags: Flags::default(),
    }
}

#[test]
fn phases_are_summed_only_where_there_is_no_total() {
    let phases = [sample(measurand::POWER, "L1", 1000), sample(measurand::POWER, "L2", 2000)];
    let total = sample(measurand::POWER, "", 2900);
    let of = |samples: &[Sample]| points(samples.iter().map(|s| (minute(0), s)))[0].power;
    assert_eq!(of(&phases), Some(Milli(3000)));
    assert_eq!(of(&[phases[0].clone(), phases[1].clone(), total]), Some(Milli(2900)));
    let parts = [sample(measurand::CURRENT, "L1", 10_000), sample(measurand::VOLTAGE, "L1-N", 230_000)];
    assert_eq!(of(&parts), Some(Milli(2_300_000)));
}

#[test]
fn a_value_with_a_foreign_unit_is_never_energy() {
    let odd = Sample { flags: Flags::UNIT_MISMATCH, ..sample(measurand::ENERGY_REGISTER, "", 5) };
    assert!(points([(minute(0), &odd)].into_iter()).is_empty());
}

proptest! {
    /// Energy is what flowed, however many readings were seen of it.
    #[test]
    fn energy_is_what_flowed(
        first in 0_i64..4_000_000,
        steps in prop::collection::vec((0_i64..360, any::<bool>()), 1..60),
    ) {
        let mut wh = first;
        let mut seen = Vec::new();
        for (n, (step, shown)) in steps.iter().enumerate() {
            wh += step;
            if *shown {
                seen.push(register(n as i64 + 1, wh));
            }
        }
        let minutes = steps.len() as i64 + 1;
        let found = reckon(ends(Some(first), Some(wh), minutes), &seen);
        let expected = if wh == 0 { 0 } else { wh - first };
        prop_assert_eq!(found, (Some(expected * 1000), EnergyQuality::Register));
    }

    /// Whatever arrives, energy is never negative and never more than the outlet could give.
    #[test]
    fn energy_is_never_negative_nor_beyond_the_outlet(
        start in prop::option::of(-10_i64..5_000_000_000),
        values in prop::collection::vec(-10_i64..5_000_000_000, 0..20),
        stop in prop::option::of(-10_i64..5_000_000_000),
    ) {
        let points: Vec<_> = values.iter().enumerate().map(|(n, wh)| register(n as i64 + 1, *wh)).collect();
        let (energy, quality) = reckon(ends(start, stop, 21), &points);
        prop_assert_eq!(energy.is_none(), quality == EnergyQuality::Missing);
        if let Some(energy) = energy {
            prop_assert!(energy >= 0);
            prop_assert!(energy <= MOST_EVER.0 || energy <= most_in(22 * MINUTE, 22_000).0);
        }
    }
}
