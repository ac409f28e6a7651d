//! Lengths of time as people write them: `20`, `90s`, `50 min`, `8h`, `2d`.

use std::time::Duration;

/// A unit of time that a length may be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// `s`, `sec`
    Second,
    /// `m`, `min`
    Minute,
    /// `h`
    Hour,
    /// `d`
    Day,
}

impl Unit {
    const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
            Self::Day => "d",
        }
    }
}

/// Reads a whole number and a unit. A number without one is in the unit `bare`, or is nothing
/// when there is no such unit.
pub(super) fn read(text: &str, bare: Option<Unit>) -> Option<Duration> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" => bare?,
        "s" | "sec" => Unit::Second,
        "m" | "min" => Unit::Minute,
        "h" => Unit::Hour,
        "d" => Unit::Day,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit.seconds())?;
    Some(Duration::from_secs(seconds))
}

/// Writes what [`read`] reads as the same length: a bare number where there is a unit for it,
/// else the largest unit that leaves a whole number. Parts of a second are dropped: no setting
/// has any.
pub(super) fn write(span: Duration, bare: Option<Unit>) -> String {
    let seconds = span.as_secs();
    if let Some(unit) = bare
        && seconds.is_multiple_of(unit.seconds())
    {
        return (seconds / unit.seconds()).to_string();
    }
    let unit = [Unit::Day, Unit::Hour, Unit::Minute]
        .into_iter()
        .find(|unit| seconds >= unit.seconds() && seconds.is_multiple_of(unit.seconds()))
        .unwrap_or(Unit::Second);
    format!("{}{}", seconds / unit.seconds(), unit.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        for (text, seconds) in [
            ("90s", 90),
            (" 5 SEC ", 5),
            ("50min", 3000),
            ("50 m", 3000),
            ("8h", 28_800),
            ("2d", 172_800),
        ] {
            assert_eq!(
                read(text, None),
                Some(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for bad in [
            "",
            "h",
            "-1s",
            "1.5h",
            "1h30m",
            "1 week",
            "99999999999999999999s",
        ] {
            assert_eq!(read(bad, Some(Unit::Second)), None, "{bad}");
        }
        assert_eq!(read(&format!("{}d", u64::MAX), None), None, "no overflow");
    }

    #[test]
    fn a_bare_number_means_something_only_where_a_unit_is_agreed() {
        assert_eq!(read("20", None), None);
        let minute = Duration::from_secs(60);
        assert_eq!(read("20", Some(Unit::Minute)), Some(20 * minute));
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for bare in [None, Some(Unit::Second), Some(Unit::Minute)] {
            for seconds in [0, 1, 59, 60, 90, 3600, 5400, 86_400, 90_000, 604_800] {
                let span = Duration::from_secs(seconds);
                let text = write(span, bare);
                assert_eq!(read(&text, bare), Some(span), "{text}");
            }
        }
        assert_eq!(write(Duration::from_secs(7200), None), "2h");
        assert_eq!(write(Duration::from_secs(7200), Some(Unit::Minute)), "120");
    }
}
