//! A day (UTC), as the names of the history's files have it.

use std::fmt;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A day, counted from 1 January 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u64);

impl Day {
    /// The day of a time in Unix milliseconds.
    pub(crate) const fn of(unix_ms: u64) -> Self {
        Self(unix_ms / DAY_MS)
    }

    /// Its begin and its end in Unix milliseconds; the end is the next one's begin.
    pub(super) const fn bounds(self) -> (u64, u64) {
        let begin = self.0.saturating_mul(DAY_MS);
        (begin, begin.saturating_add(DAY_MS))
    }

    /// This day and those after it, before another.
    pub(super) fn until(self, other: Self) -> impl Iterator<Item = Self> {
        (self.0..other.0).map(Self)
    }

    /// How many days there are between both.
    pub(crate) const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// Reads `2026-11-21`; nothing else, so that only files of ours are taken for such.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u64>().ok()).flatten()
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        // Which days there are, the way back says.
        let made = Self(count(year, month, day)?);
        (made.to_string() == text).then_some(made)
    }
}

/// Days from 1 January 1970 to a date of the Gregorian calendar.
fn count(year: u64, month: u64, day: u64) -> Option<u64> {
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.checked_sub(1)?, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 1 March of the year 0 and 1 January 1970.
    (year * 365 + leaps + (153 * month + 2) / 5 + day.checked_sub(1)?).checked_sub(719_468)
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 400 years have 146,097 days; the rest is the way back of `count`.
        let days = self.0 + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (year, month) = if month < 10 {
            (era * 400 + year_of_era, month + 3)
        } else {
            (era * 400 + year_of_era + 1, month - 9)
        };
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_called_as_the_calendar_calls_them() {
        // As `date -u -d @SECONDS +%F` has it.
        for (seconds, name) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_735_603_200, "2024-12-31"),
            (1_795_219_200, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            let day = Day::of(seconds * 1000);
            assert_eq!(day.to_string(), name);
            assert_eq!(Day::read(name), Some(day), "{name}");
        }
    }

    #[test]
    fn each_day_of_a_century_is_read_as_it_was_written() {
        for day in 0..36_525 {
            let day = Day(day);
            assert_eq!(Day::read(&day.to_string()), Some(day));
        }
    }

    #[test]
    fn what_is_no_day_is_not_read() {
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-31",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-11-00",
            "2026-1-1",
            "+026-11-21",
            "2026-11-21-1",
            "1969-12-31",
            "0000-01-01",
        ] {
            assert_eq!(Day::read(text), None, "{text}");
        }
    }
}
