//! Lines of one kind that come faster than anybody reads.

use std::time::Duration;

use tokio::time::Instant;

/// In so long a time one line of a kind is said; what comes meanwhile is summed up.
const WINDOW: Duration = Duration::from_secs(10);

/// Lets the first line of a kind through, and sums up those that follow closely. A single one
/// that follows is said in full, if later.
#[derive(Debug, Default)]
pub(super) struct Flood {
    /// Until then, lines are held back.
    until: Option<Instant>,
    held: Option<Held>,
}

/// Lines that were held back.
#[derive(Debug)]
struct Held {
    count: u64,
    /// Local connections that were lost by what they tell.
    lost: u64,
    latest: String,
}

impl Flood {
    /// Takes a line that tells of `lost` local connections; returns it if it is to be said now.
    pub(super) fn line(&mut self, now: Instant, line: String, lost: u64) -> Option<String> {
        if self.until.is_none_or(|until| until <= now) && self.held.is_none() {
            self.until = Some(now + WINDOW);
            return Some(line);
        }
        let before = self.held.take();
        self.held = Some(Held {
            count: before.as_ref().map_or(0, |held| held.count) + 1,
            lost: before.map_or(0, |held| held.lost) + lost,
            latest: line,
        });
        None
    }

    /// When [`handle_due`](Self::handle_due) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.until.filter(|_| self.held.is_some())
    }

    /// Says what was held back, if its time has come.
    pub(super) fn handle_due(&mut self, now: Instant) -> Option<String> {
        self.due().filter(|due| *due <= now)?;
        self.until = Some(now + WINDOW);
        self.flush()
    }

    /// Says what was held back.
    pub(super) fn flush(&mut self) -> Option<String> {
        let Held {
            count,
            lost,
            latest,
        } = self.held.take()?;
        if count == 1 {
            return Some(latest);
        }
        let lost = match lost {
            0 => String::new(),
            1 => " 1 connection was lost by them.".to_owned(),
            lost => format!(" {lost} connections were lost by them."),
        };
        let seconds = WINDOW.as_secs();
        Some(format!(
            "… and {count} more like that within {seconds} s.{lost} The latest: {latest}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_first_is_said_at_once_and_the_others_are_summed_up() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        assert_eq!(flood.line(now, "1".to_owned(), 0).as_deref(), Some("1"));
        for n in 2..=60 {
            let line = flood.line(now + ms(150 * n), n.to_string(), u64::from(n == 7));
            assert_eq!(line, None);
        }
        assert_eq!(flood.handle_due(now + ms(9_999)), None);
        assert_eq!(flood.due(), Some(now + WINDOW));
        assert_eq!(
            flood.handle_due(now + WINDOW).as_deref(),
            Some(
                "… and 59 more like that within 10 s. 1 connection was lost by them. The latest: 60"
            )
        );
        assert_eq!(flood.due(), None);
    }

    #[test]
    fn one_that_follows_closely_is_said_in_full_and_one_that_does_not_at_once() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        assert!(flood.line(now, "1".to_owned(), 0).is_some());
        assert!(flood.line(now + ms(1), "2".to_owned(), 0).is_none());
        assert_eq!(flood.handle_due(now + WINDOW).as_deref(), Some("2"));
        let later = now + WINDOW * 2;
        assert_eq!(flood.line(later, "3".to_owned(), 0).as_deref(), Some("3"));
    }

    #[test]
    fn at_the_end_nothing_stays_unsaid() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        flood.line(now, "1".to_owned(), 0);
        assert_eq!(flood.flush(), None);
        flood.line(now, "2".to_owned(), 0);
        assert_eq!(flood.flush().as_deref(), Some("2"));
        assert_eq!(flood.due(), None);
    }
}
