//! A flood of lines that say the same: the first are told, the rest is counted. Without a clock.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Lines from one place about one tunnel that are told in one [`WINDOW`]. A gateway that cuts every
/// second fills it in ten seconds.
const TOLD_MOST: u32 = 10;

/// So long they are counted together.
const WINDOW: Duration = Duration::from_secs(60);

/// Kinds of lines that are counted at once; of more, all are told.
const KINDS_MOST: usize = 512;

/// Counts lines of each kind. Times are those since any beginning.
#[derive(Debug)]
pub(super) struct Flood<K> {
    kinds: HashMap<K, Count>,
}

#[derive(Debug)]
struct Count {
    since: Duration,
    told: u32,
    kept: u32,
    /// What the last line that was kept back said.
    said: String,
}

/// Lines of one kind that were kept back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept<K> {
    pub(super) kind: K,
    pub(super) count: u32,
    /// What the last of them said.
    pub(super) said: String,
}

impl<K: Hash + Eq + Clone> Flood<K> {
    pub(super) fn new() -> Self {
        Self {
            kinds: HashMap::new(),
        }
    }

    /// Whether a line of this kind that says this is told at this time.
    pub(super) fn admits(&mut self, kind: K, said: &str, now: Duration) -> bool {
        if !self.kinds.contains_key(&kind) && self.kinds.len() >= KINDS_MOST {
            return true;
        }
        let count = self.kinds.entry(kind).or_insert(Count {
            since: now,
            told: 0,
            kept: 0,
            said: String::new(),
        });
        if count.told < TOLD_MOST {
            count.told += 1;
            return true;
        }
        count.kept = count.kept.saturating_add(1);
        said.clone_into(&mut count.said);
        false
    }

    /// What was kept back of the kinds whose time is over by now.
    pub(super) fn over(&mut self, now: Duration) -> Vec<Kept<K>> {
        let over = self
            .kinds
            .extract_if(|_, count| count.since + WINDOW <= now);
        kept(over)
    }

    /// What was kept back and is not told yet.
    pub(super) fn rest(&mut self) -> Vec<Kept<K>> {
        kept(self.kinds.drain())
    }
}

fn kept<K>(counts: impl Iterator<Item = (K, Count)>) -> Vec<Kept<K>> {
    let of = counts.filter(|(_, count)| count.kept > 0);
    of.map(|(kind, Count { kept, said, .. })| Kept {
        kind,
        count: kept,
        said,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn of_a_flood_the_first_lines_are_told_and_the_rest_is_counted() {
        let mut flood = Flood::new();
        let told = (0..60)
            .filter(|second| flood.admits("cut", "gone", s(*second)))
            .count();
        assert_eq!(told, 10);
        assert!(flood.admits("another", "", s(30)), "others are not held up");
        assert_eq!(flood.over(s(59)), []);
        let kept = Kept {
            kind: "cut",
            count: 50,
            said: "gone".to_owned(),
        };
        assert_eq!(flood.over(s(60)), [kept]);
        assert_eq!(flood.over(s(200)), []);
        assert!(flood.admits("cut", "", s(60)), "it begins anew");
    }

    #[test]
    fn what_was_kept_back_at_the_end_is_told_once() {
        let mut flood = Flood::new();
        for second in 0..12 {
            flood.admits("cut", "gone", s(second));
        }
        flood.admits("once", "", s(1));
        let counts: Vec<_> = flood.rest().iter().map(|kept| kept.count).collect();
        assert_eq!(counts, [2]);
        assert_eq!(flood.rest(), []);
    }

    #[test]
    fn few_lines_leave_no_count_behind() {
        let mut flood = Flood::new();
        assert!(flood.admits("once", "", s(0)));
        assert_eq!(flood.over(s(60)), []);
        assert!(flood.kinds.is_empty());
    }

    #[test]
    fn more_kinds_than_are_counted_are_told() {
        let mut flood = Flood::new();
        for kind in 0..KINDS_MOST {
            assert!(flood.admits(kind, "", s(0)));
        }
        for _ in 0..100 {
            assert!(flood.admits(usize::MAX, "", s(0)));
        }
        assert_eq!(flood.kinds.len(), KINDS_MOST);
    }
}
