//! Lengths of time and counts in words.

use std::time::Duration;

/// `40 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. What is cut off is smaller than the last unit.
pub(super) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..600 => two(seconds / 60, "min", seconds % 60, "s"),
        600..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// How many there are of something.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Those that say something, each once, in their order.
pub(super) fn once<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut told = Vec::new();
    for item in items {
        if !item.is_empty() && !told.contains(&item) {
            told.push(item);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_counts_and_lists_are_said_as_people_do() {
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
        let of = |items: &[&str]| list(&items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
        assert_eq!(of(&["a"]), "a");
        assert_eq!(once(["b", "", "a", "b"].into_iter()), ["b", "a"]);
    }
}
