//! Version numbers, compared part by part.

use std::cmp::Ordering;

/// Says whether `version` is above the threshold; the threshold itself is not.
pub(super) fn is_above(version: &str, threshold: &str) -> bool {
    compare(version, threshold) == Ordering::Greater
}

/// Says whether `version` is the threshold or above it.
pub(super) fn is_at_least(version: &str, threshold: &str) -> bool {
    compare(version, threshold) != Ordering::Less
}

fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one), parts(other));
    let length = one.len().max(other.len());
    one.resize(length, 0);
    other.resize(length, 0);
    one.cmp(&other)
}

fn parts(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numbers_and_missing_ones_are_zero() {
        assert!(is_above("3.0.1000.0", "3.0.196.0"));
        assert!(!is_above("3.0.196.0", "3.0.196.0"));
        assert!(is_at_least("1.1.70", "1.1.70.0"));
        assert!(!is_above("2.10.0", "10.2.0"));
    }
}
