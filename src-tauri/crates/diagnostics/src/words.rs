//! Lengths of time, counts, bytes and shares in words.

use std::time::Duration;

/// A length of time as people say it: `40 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. What is cut off
/// is smaller than the last unit.
#[must_use]
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// How many there are of something.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// A number of bytes as people say it: `12 B`, `1.2 MB`. What is cut off is smaller than a tenth of the
/// unit.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = (count / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// What part of a whole that is, in hundredths of a percent, rounded down: 100 % is only what is all of
/// it.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    let share = u128::from(part) * 10_000 / u128::from(whole.max(1));
    match (share / 100, share % 100) {
        (0, 0) if part > 0 => "under 0.01 %".to_owned(),
        (whole, 0) => format!("{whole} %"),
        (whole, hundredths) => format!("{whole}.{hundredths:02} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_counts_are_said_as_people_do() {
        for (seconds, words) in [
            (0, "0 s"),
            (260, "4 min 20 s"),
            (900, "15 min"),
            (3_600, "1 h"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
        assert_eq!(count(1, "key", "keys"), "1 key");
        assert_eq!(count(0, "key", "keys"), "0 keys");
    }

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        let told = [0, 999, 1_000, 1_234_567, 999_999_999, 5_000_000_000].map(bytes);
        assert_eq!(
            told,
            ["0 B", "999 B", "1.0 kB", "1.2 MB", "999.9 MB", "5.0 GB"]
        );
    }
}
