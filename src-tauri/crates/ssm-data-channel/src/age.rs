//! How long the agent's messages were under way.

use std::time::Duration;

/// Compares the time at which the agent made a message with the time at which it came.
///
/// The two clocks show different times, so what counts is how much longer a message took than
/// the fastest one. A message that is sent again is the same bytes: it keeps its time.
#[derive(Debug, Default)]
pub(crate) struct Ages {
    /// The least difference of the two clocks that was seen, milliseconds.
    least: Option<i64>,
    /// The newest message by number: its number, and when it was made.
    newest: Option<(i64, i64)>,
}

impl Ages {
    /// Takes note of a message without a number, which is never sent again.
    pub(crate) fn note(&mut self, now_ms: u64, made_ms: u64) {
        let taken = difference(now_ms, made_ms);
        self.least = Some(self.least.map_or(taken, |least| least.min(taken)));
    }

    /// Takes note of a numbered message, and returns how old it is.
    pub(crate) fn age(&mut self, now_ms: u64, made_ms: u64, number: i64) -> Duration {
        let made = i64::try_from(made_ms).unwrap_or(i64::MAX);
        match self.newest {
            Some((newest, _)) if number <= newest => {}
            Some((_, before)) if made < before => {
                // Made after the other and dated before it: the agent's clock was set back.
                self.least = None;
                self.newest = Some((number, made));
            }
            Some(_) | None => self.newest = Some((number, made)),
        }
        self.note(now_ms, made_ms);
        let over = difference(now_ms, made_ms).saturating_sub(self.least.unwrap_or_default());
        Duration::from_millis(u64::try_from(over).unwrap_or_default())
    }
}

fn difference(now_ms: u64, made_ms: u64) -> i64 {
    let [now, made] = [now_ms, made_ms].map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
    now.saturating_sub(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_message_is_as_old_as_it_took_longer_than_the_fastest() {
        let mut ages = Ages::default();
        assert_eq!(ages.age(5_050, 1_000_000, 0), ms(0));
        assert_eq!(ages.age(5_130, 1_000_050, 1), ms(30));
        ages.note(5_160, 1_000_150);
        assert_eq!(ages.age(5_200, 1_000_150, 2), ms(40));
        // Sent again.
        assert_eq!(ages.age(65_130, 1_000_050, 1), ms(60_070));
        assert_eq!(ages.age(65_210, 1_060_200, 3), ms(0));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_message_old() {
        let mut ages = Ages::default();
        ages.age(1_000, 500_000, 0);
        assert_eq!(ages.age(2_000, 440_000, 1), ms(0));
        assert_eq!(ages.age(3_010, 441_000, 2), ms(10));
    }

    #[test]
    fn any_time_may_be_told() {
        let mut ages = Ages::default();
        for made in [u64::MAX, 0, u64::MAX, 1] {
            for number in [i64::MIN, 0, i64::MAX] {
                ages.age(0, made, number);
                ages.age(u64::MAX, made, number);
            }
        }
    }
}
