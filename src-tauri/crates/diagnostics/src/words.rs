//! Lengths of time and counts in words.

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
}
