//! A session's energy from its registers, intervals and power: the repair rules of metering, as one accumulator.
//!
//! Points come in order of time. One that comes late is not squeezed in: the accumulator is rebuilt from the whole
//! history, so that the result depends on what was measured and never on the order of arrival.

use std::collections::BTreeMap;

use super::energy::{EnergyQuality, Milli, MilliWh};
use super::flow::{Flow, Flowing};
use super::reading::{Flags, Sample, measurand};
use super::time::At;

/// The measurands that bear on a session's energy.
pub const BEARING: [&str; 5] =
    [measurand::ENERGY_REGISTER, measurand::ENERGY_INTERVAL, measurand::POWER, measurand::CURRENT, measurand::VOLTAGE];

/// Power assumed possible where the registry names none: 500 kW.
const STRONGEST_W: u32 = 500_000;

/// A fall of a register smaller than this is noise, not a reset: 10 Wh.
const NOISE: MilliWh = MilliWh::from_wh(10);

/// A register that falls to less than this has been reset: 1 kWh.
const NEARLY_ZERO: MilliWh = MilliWh::from_wh(1000);

/// Where 32-bit watt-hour registers roll over.
const ROLLOVER: MilliWh = MilliWh::from_wh(4_294_967_296);

/// More than any vehicle takes in a session: 2 MWh.
const MOST_EVER: MilliWh = MilliWh::from_wh(2_000_000);

/// Two power samples further apart than this are not joined: 15 minutes.
const LONGEST_POWER_GAP_MS: i64 = 15 * 60 * 1000;

/// Where a point stands in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The session's own begin reading.
    Begin,
    /// Any other.
    Within,
    /// The session's own end reading.
    End,
}

/// One instant's worth of measurement, phases already summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When.
    pub at: At,
    /// Where in the session.
    pub mark: Mark,
    /// Register.
    pub register: Option<MilliWh>,
    /// Energy of the interval that ends here.
    pub interval: Option<MilliWh>,
    /// Power, in milliwatts.
    pub power: Option<Milli>,
}

/// Sums samples to one point per instant, in order of time. `placed` says where a sample stands in time.
pub fn points<'a>(samples: impl Iterator<Item = (At, &'a Sample)>) -> Vec<Point> {
    let mut instants: BTreeMap<At, Instant<'a>> = BTreeMap::new();
    for (at, sample) in samples {
        let usable = sample.value.is_some()
            && !sample.flags.has(Flags::UNIT_MISMATCH)
            && sample.kind.location.as_str() == "Outlet";
        if usable {
            instants.entry(at).or_default().add(sample);
        }
    }
    instants.into_iter().map(|(at, instant)| instant.point(at)).collect()
}

/// The usable samples of one instant.
#[derive(Default)]
struct Instant<'a> {
    samples: Vec<&'a Sample>,
}

impl<'a> Instant<'a> {
    /// Keeps one sample per measurand and phase: the same value may have been sent twice, or in two contexts.
    fn add(&mut self, sample: &'a Sample) {
        let twin = |s: &&Sample| (&s.kind.measurand, &s.kind.phase) == (&sample.kind.measurand, &sample.kind.phase);
        match self.samples.iter_mut().find(|kept| twin(kept)) {
            None => self.samples.push(sample),
            // The session's own ends say more than any other reading of the same instant.
            Some(kept) if sample.kind.context.as_str().starts_with("Transaction.") => *kept = sample,
            Some(_) => {}
        }
    }

    fn point(&self, at: At) -> Point {
        let has = |context: &str| self.samples.iter().any(|sample| sample.kind.context.as_str() == context);
        let mark = match (has("Transaction.Begin"), has("Transaction.End")) {
            (_, true) => Mark::End,
            (true, false) => Mark::Begin,
            (false, false) => Mark::Within,
        };
        Point {
            at,
            mark,
            register: self.total(measurand::ENERGY_REGISTER).map(|milli| MilliWh(milli.0)),
            interval: self.total(measurand::ENERGY_INTERVAL).map(|milli| MilliWh(milli.0)),
            power: self.total(measurand::POWER).or_else(|| self.power_from_current()),
        }
    }

    /// The value without a phase, else the sum over phases; never both.
    fn total(&self, name: &str) -> Option<Milli> {
        let of = self.samples.iter().filter(|sample| sample.kind.measurand.as_str() == name);
        let mut phases: Option<i64> = None;
        for sample in of {
            let value = sample.value?;
            match sample.kind.phase.as_str() {
                "" => return Some(value),
                "N" => {}
                _ => phases = Some(phases.unwrap_or(0).saturating_add(value.0)),
            }
        }
        phases.map(Milli)
    }

    /// Σ voltage · current over the phases that have both: an estimate (power factor 1).
    fn power_from_current(&self) -> Option<Milli> {
        let of = |name: &'static str| self.samples.iter().filter(move |s| s.kind.measurand.as_str() == name);
        let mut sum: Option<i64> = None;
        for current in of(measurand::CURRENT) {
            let phase = line(current.kind.phase.as_str());
            let voltage = of(measurand::VOLTAGE).find(|s| line(s.kind.phase.as_str()) == phase);
            if let (Some(amps), Some(volts)) = (current.value, voltage.and_then(|s| s.value)) {
                let milliwatts = i128::from(amps.0) * i128::from(volts.0) / 1000;
                sum = Some(sum.unwrap_or(0).saturating_add(i64::try_from(milliwatts).unwrap_or(i64::MAX)));
            }
        }
        sum.map(Milli)
    }
}

/// `L1-N` and `L1` are the same line.
fn line(phase: &str) -> &str {
    phase.strip_suffix("-N").unwrap_or(phase)
}

/// What a session's energy comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reckoning {
    /// The energy; `None` where nothing tells it.
    pub energy: Option<MilliWh>,
    /// How it was found.
    pub quality: EnergyQuality,
}

/// The registers that the start and stop messages themselves name, and their times where the charger said them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Register at the start.
    pub start: Option<MilliWh>,
    /// Time of the start, if the charger said one.
    pub started_at: Option<At>,
    /// Register at the stop.
    pub stop: Option<MilliWh>,
    /// Time of the stop, if the charger said one.
    pub stopped_at: Option<At>,
    /// Whether the session still runs.
    pub running: bool,
}

/// The accumulator of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    rated_w: u32,
    chain: Chain,
    intervals: Option<MilliWh>,
    power: Option<(At, Milli)>,
    /// Milliwatt-milliseconds.
    work: Option<i128>,
    flowing: Flowing,
    newest: Option<At>,
}

impl Meter {
    /// An empty accumulator. `rated_w` bounds what is believed; `None` where the registry does not know it.
    pub fn new(rated_w: Option<u32>) -> Self {
        Self {
            rated_w: rated_w.unwrap_or(STRONGEST_W),
            chain: Chain::default(),
            intervals: None,
            power: None,
            work: None,
            flowing: Flowing::default(),
            newest: None,
        }
    }

    /// Begins with the register of the start message.
    pub fn begin(&mut self, ends: &Ends) {
        if let Some(start) = ends.start {
            self.chain.begin(ends.started_at, start);
            self.flowing.begin(ends.started_at, start);
        }
    }

    /// Whether a point at `at` would come late. So would one of the newest instant where intervals are summed: the
    /// same interval may have been sent again.
    pub fn would_be_late(&self, at: At) -> bool {
        self.newest.is_some_and(|newest| at < newest || (at == newest && self.intervals.is_some()))
    }

    /// The first register reading that was believed.
    pub fn first_register(&self) -> Option<(At, MilliWh)> {
        self.chain.first_reading
    }

    /// The last register reading that was believed.
    pub fn last_register(&self) -> Option<(At, MilliWh)> {
        self.chain.last_reading
    }

    /// Takes a point that is not older than those before. Says whether its register was believed.
    pub fn push(&mut self, point: Point) -> bool {
        self.newest = self.newest.max(Some(point.at));
        if let Some(interval) = point.interval {
            self.intervals = Some(self.intervals.unwrap_or_default().plus(interval));
        }
        if let Some(power) = point.power {
            self.integrate(point.at, power);
            self.flowing.power(point.at, power, self.rated_w);
        }
        let Some(register) = point.register else { return true };
        let believed = self.chain.push(point.at, register, point.mark, self.rated_w);
        if believed {
            self.flowing.register(point.at, register);
        }
        believed
    }

    /// When energy flowed, as far as readings tell.
    pub fn flow(&self, started: Option<At>, ends: &Ends) -> Option<Flow> {
        self.flowing.flow(started, ends.stopped_at.zip(ends.stop))
    }

    /// The highest mean power of a minute, in milliwatts; `None` where no power was told.
    pub fn peak(&self) -> Option<Milli> {
        self.flowing.peak()
    }

    fn integrate(&mut self, at: At, power: Milli) {
        if let Some((before, was)) = self.power {
            let gap = at.millis_since(before);
            if (1..=LONGEST_POWER_GAP_MS).contains(&gap) {
                let added = (i128::from(power.0) + i128::from(was.0)) * i128::from(gap) / 2;
                self.work = Some(self.work.unwrap_or(0) + added);
            }
        }
        self.power = Some((at, power));
    }

    /// The energy as it stands with these ends.
    pub fn reckon(&self, ends: &Ends) -> Reckoning {
        let mut chain = self.chain.clone();
        // A stop register of 0 beside readings that rose means that the field is not filled in.
        let stop = ends.stop.filter(|stop| stop.0 > 0 || chain.sum.0 == 0);
        let joined = stop.is_some_and(|stop| chain.push_stop(ends.stopped_at, stop, self.rated_w));
        // Ends that do not join the readings are a register of their own: a break in the readings is none of theirs.
        let own_scale = !chain.broken || !joined;
        if let Some(energy) = self.between_ends(ends, stop).filter(|_| own_scale) {
            return Reckoning { energy: Some(energy), quality: EnergyQuality::Register };
        }
        if chain.steps > 0 && chain.spans_time() {
            let own_end = ends.running || chain.last.is_some_and(|last| last.is_end);
            let exact = chain.origin.is_some() && own_end && !chain.broken;
            let quality = if exact { EnergyQuality::Register } else { EnergyQuality::Inferred };
            return Reckoning { energy: Some(chain.sum), quality };
        }
        if let Some(sum) = self.intervals {
            return Reckoning { energy: Some(sum), quality: EnergyQuality::Interval };
        }
        if let Some(work) = self.work {
            let milli_wh = i64::try_from(work / 3_600_000).unwrap_or(i64::MAX);
            return Reckoning { energy: Some(MilliWh(milli_wh.max(0))), quality: EnergyQuality::Integrated };
        }
        let possible = self.chain.origin.zip(stop).map(|(start, stop)| stop.since(start));
        match possible.filter(|energy| (MilliWh(0)..=MOST_EVER).contains(energy)) {
            Some(energy) => Reckoning { energy: Some(energy), quality: EnergyQuality::Inferred },
            None => Reckoning { energy: None, quality: EnergyQuality::Missing },
        }
    }

    /// Stop minus start, where both are there and sane.
    fn between_ends(&self, ends: &Ends, stop: Option<MilliWh>) -> Option<MilliWh> {
        let energy = stop?.since(self.chain.origin?);
        let believable = match (ends.started_at, ends.stopped_at) {
            (Some(from), Some(to)) => energy <= most_in(to.millis_since(from), self.rated_w),
            _ => energy <= MOST_EVER,
        };
        (energy.0 >= 0 && believable).then_some(energy)
    }
}

/// Most energy that can flow in `millis` at `rated_w`: 1.1 · P · t + 50 Wh.
fn most_in(millis: i64, rated_w: u32) -> MilliWh {
    let milli_wh = i128::from(rated_w) * i128::from(millis.max(0)) * 11 / 10 / 3600;
    MilliWh(i64::try_from(milli_wh).unwrap_or(i64::MAX)).plus(MilliWh::from_wh(50))
}

/// The last believed point of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    at: Option<At>,
    value: MilliWh,
    is_end: bool,
}

/// The registers of a session as steps: plausible rises are added, falls are explained, the rest waits for proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Chain {
    first: Option<Link>,
    last: Option<Link>,
    /// A point that did not fit; if the next one fits it, the scale has changed there.
    suspect: Option<Link>,
    sum: MilliWh,
    /// Points that were joined to one before.
    steps: u32,
    /// The register at the session's own start: of the start message or, where that is absent or 0, its begin reading.
    origin: Option<MilliWh>,
    /// Whether a reset or a change of scale lies in it.
    broken: bool,
    first_reading: Option<(At, MilliWh)>,
    last_reading: Option<(At, MilliWh)>,
}

impl Chain {
    fn begin(&mut self, at: Option<At>, value: MilliWh) {
        self.origin = Some(value);
        self.last = Some(Link { at, value, is_end: false });
        self.first = self.last;
    }

    fn push(&mut self, at: At, value: MilliWh, mark: Mark, rated_w: u32) -> bool {
        let unset = self.steps == 0 && self.last.is_none_or(|last| last.value.0 == 0);
        if mark == Mark::Begin && unset {
            // A begin reading stands in for a start register that is absent or 0.
            self.begin(Some(at), value);
            self.note(at, value);
            return true;
        }
        let link = Link { at: Some(at), value, is_end: mark == Mark::End };
        let believed = self.join(link, rated_w);
        if believed {
            self.note(at, value);
        }
        believed
    }

    fn push_stop(&mut self, at: Option<At>, value: MilliWh, rated_w: u32) -> bool {
        self.join(Link { at, value, is_end: true }, rated_w)
    }

    /// Whether it covers more than an instant: the end of a session alone says nothing of its energy.
    fn spans_time(&self) -> bool {
        let at = |link: Option<Link>| link.and_then(|link| link.at);
        self.origin.is_some() || at(self.first) < at(self.last)
    }

    fn note(&mut self, at: At, value: MilliWh) {
        self.first_reading.get_or_insert((at, value));
        self.last_reading = Some((at, value));
    }

    fn join(&mut self, link: Link, rated_w: u32) -> bool {
        let Some(last) = self.last else {
            (self.first, self.last) = (Some(link), Some(link));
            return true;
        };
        if let Some(step) = step(last, link, rated_w) {
            self.accept(link, step.energy, step.is_reset);
            return true;
        }
        if let Some(step) = self.suspect.and_then(|from| step(from, link, rated_w)) {
            self.accept(link, step.energy, true);
            return true;
        }
        self.suspect = Some(link);
        false
    }

    fn accept(&mut self, link: Link, energy: MilliWh, broken: bool) {
        self.sum = self.sum.plus(energy);
        self.steps += 1;
        self.broken |= broken;
        // Noise does not lower the chain: the next rise counts from the highest point.
        let value = if broken { link.value } else { link.value.max(self.last.map_or(link.value, |last| last.value)) };
        self.last = Some(Link { value, ..link });
        self.suspect = None;
    }
}

/// A step between two points of a register.
struct Step {
    energy: MilliWh,
    is_reset: bool,
}

/// The energy between two points, if it can be believed.
fn step(from: Link, to: Link, rated_w: u32) -> Option<Step> {
    let most = match (from.at, to.at) {
        (Some(a), Some(b)) => most_in(b.millis_since(a), rated_w),
        _ => MOST_EVER,
    };
    let rise = to.value.since(from.value);
    if rise.0 >= 0 {
        return (rise <= most).then_some(Step { energy: rise, is_reset: false });
    }
    if rise.0 > -NOISE.0 {
        return Some(Step { energy: MilliWh(0), is_reset: false });
    }
    let rolled = rise.plus(ROLLOVER);
    if from.value > MilliWh(ROLLOVER.0 / 2) && rolled.0 >= 0 && rolled <= most {
        return Some(Step { energy: rolled, is_reset: false });
    }
    let reset = to.value.0 >= 0 && to.value < NEARLY_ZERO && to.value <= most;
    reset.then_some(Step { energy: to.value, is_reset: true })
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
