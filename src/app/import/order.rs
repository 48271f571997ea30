//! Whether day and month changed places in a file, told by its order: files are written newest or oldest first, and the
//! wrong way of reading makes their starts jump.

use chrono::NaiveDateTime;

/// How clear it must be: the wrong way jumps so many times as often.
const CLEARLY: u64 = 10;

/// Counts jumps backward and forward of both ways of reading.
#[derive(Default)]
pub(super) struct Order {
    last: Option<(NaiveDateTime, NaiveDateTime)>,
    as_told: Jumps,
    swapped: Jumps,
}

#[derive(Default)]
struct Jumps {
    up: u64,
    down: u64,
}

impl Jumps {
    fn count(&mut self, before: NaiveDateTime, after: NaiveDateTime) {
        self.up += u64::from(after > before);
        self.down += u64::from(after < before);
    }

    /// Steps against the direction of most.
    fn against(&self) -> u64 {
        self.up.min(self.down)
    }
}

impl Order {
    /// The next start as it stands, and with day and month swapped.
    pub(super) fn next(&mut self, told: NaiveDateTime, swapped: NaiveDateTime) {
        if let Some((told_before, swapped_before)) = self.last.replace((told, swapped)) {
            self.as_told.count(told_before, told);
            self.swapped.count(swapped_before, swapped);
        }
    }

    /// Whether they changed places.
    pub(super) fn verdict(&self) -> Result<bool, String> {
        let (told, swapped) = (self.as_told.against(), self.swapped.against());
        if told == swapped && told == 0 || told.saturating_mul(CLEARLY) <= swapped {
            return Ok(false);
        }
        if swapped.saturating_mul(CLEARLY) <= told {
            return Ok(true);
        }
        Err(format!(
            "the order of the file does not tell whether day and month changed places: as they stand {told} starts are \
             out of order, swapped {swapped}; say time.day_month_swapped = \"always\" or \"never\" in the map"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(days: &[(u32, u32)]) -> Result<bool, String> {
        let mut order = Order::default();
        for (month, day) in days {
            let at = |month, day| {
                chrono::NaiveDate::from_ymd_opt(2017, month, day).map(|date| date.and_time(chrono::NaiveTime::MIN))
            };
            let told = at(*month, *day).unwrap();
            order.next(told, at(*day, *month).unwrap_or(told));
        }
        order.verdict()
    }

    #[test]
    fn the_order_of_starts_tells_which_way_they_are_meant() {
        let newest_first: Vec<(u32, u32)> =
            (1..=12).rev().flat_map(|month| [(month, 20), (month, 7), (month, 2)]).collect();
        let swapped: Vec<(u32, u32)> =
            newest_first.iter().map(|(month, day)| if *day <= 12 { (*day, *month) } else { (*month, *day) }).collect();
        assert_eq!(verdict(&newest_first), Ok(false));
        assert_eq!(verdict(&swapped), Ok(true));
        assert_eq!(verdict(&[(1, 20), (1, 21)]), Ok(false));
        assert!(verdict(&[(1, 2), (5, 1), (2, 3), (6, 2)]).unwrap_err().contains("out of order"));
    }
}
