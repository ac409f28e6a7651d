//! Lines of one kind that come faster than anybody reads.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use tunnel_manager::tunnel::{ClosedBy, DropEnd, DropRecord, Problem, Refusal, TurnedAway};

use crate::words;

/// In so long a time one line of a kind is said; what comes meanwhile is summed up.
const WINDOW: Duration = Duration::from_secs(10);

/// The same for what goes on to come after that, and is but worth knowing: a program that tries
/// again each second what can't work is no news each time.
const NOTICE_WINDOW: Duration = Duration::from_secs(60);

/// What lines must share to be summed up in one: the same thing for the same reason, at the same
/// kind of cost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    /// A WebSocket was lost.
    Drop {
        closed_by: ClosedBy,
        end: End,
        /// The code of what made it long, or ended it.
        cause: Option<String>,
        /// Whether it has cost a connection.
        costly: bool,
    },
    /// Something that is worth knowing, in these words.
    Notice { code: String, what: String },
    /// Connections were turned away.
    TurnedAway {
        why: Refusal,
        /// The code of why there was no session.
        cause: Option<String>,
    },
}

/// How a drop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    Resumed,
    Replaced,
    GivenUp,
    Stopped,
    LetGo,
}

/// A line that tells something.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// Local connections that were lost by what it tells.
    pub(super) lost: u64,
    /// The time of day that it is about.
    pub(super) clock: String,
}

/// Lets the first line of each sort through, and sums up those that follow closely. A single one
/// that follows is said in full, if later, and with the time that it is about.
#[derive(Debug, Default)]
pub(super) struct Floods(HashMap<Sort, Flood>);

#[derive(Debug)]
struct Flood {
    /// Until then, lines are held back.
    until: Instant,
    held: Option<Held>,
}

/// Lines that were held back.
#[derive(Debug)]
struct Held {
    count: u64,
    lost: u64,
    /// The time of day of the first.
    first: String,
    latest: Line,
}

impl Sort {
    pub(super) fn of_drop(lost: &DropRecord) -> Self {
        let (end, problem) = match &lost.end {
            DropEnd::Resumed => {
                let attempts = lost.attempts.iter().rev();
                let mut refused = attempts.filter_map(|kind| kind.problem.as_ref());
                (End::Resumed, refused.next())
            }
            DropEnd::Replaced { problem } => (End::Replaced, Some(problem)),
            DropEnd::GivenUp { problem } => (End::GivenUp, Some(problem)),
            DropEnd::Stopped => (End::Stopped, None),
            DropEnd::LetGo => (End::LetGo, None),
        };
        Self::Drop {
            closed_by: lost.closed_by,
            end,
            cause: problem.map(|problem| problem.code.clone()),
            costly: lost.survived < lost.connections,
        }
    }

    pub(super) fn of_notice(problem: &Problem) -> Self {
        Self::Notice {
            code: problem.code.clone(),
            what: problem.what.clone(),
        }
    }

    /// In so long a time what goes on to come is summed up once more.
    fn window(&self) -> Duration {
        match self {
            Self::Drop { .. } | Self::TurnedAway { .. } => WINDOW,
            Self::Notice { .. } => NOTICE_WINDOW,
        }
    }

    pub(super) fn of_turned_away(turned_away: &TurnedAway) -> Self {
        let problem = turned_away.problem.as_ref();
        Self::TurnedAway {
            why: turned_away.why,
            cause: problem.map(|problem| problem.code.clone()),
        }
    }
}

impl Floods {
    /// Takes a line; returns it if it is to be said now.
    pub(super) fn line(&mut self, now: Instant, sort: Sort, line: Line) -> Option<String> {
        self.0
            .retain(|_, flood| now < flood.until || flood.held.is_some());
        if let Some(flood) = self.0.get_mut(&sort) {
            flood.hold(line);
            return None;
        }
        let until = now + WINDOW;
        self.0.insert(sort, Flood { until, held: None });
        Some(line.text)
    }

    /// When [`handle_due`](Self::handle_due) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().filter_map(Flood::due).min()
    }

    /// Says what was held back longest, if its time has come.
    pub(super) fn handle_due(&mut self, now: Instant) -> Option<String> {
        let due = self.0.iter_mut().filter(|(_, flood)| flood.held.is_some());
        let (sort, flood) = due.min_by_key(|(_, flood)| flood.until)?;
        if now < flood.until {
            return None;
        }
        flood.until = now + sort.window();
        flood.flush()
    }

    /// Says what was held back.
    pub(super) fn flush(&mut self) -> Vec<String> {
        let mut floods: Vec<_> = self.0.values_mut().collect();
        floods.sort_by_key(|flood| flood.until);
        floods.into_iter().filter_map(Flood::flush).collect()
    }
}

impl Flood {
    fn hold(&mut self, line: Line) {
        self.held = Some(match self.held.take() {
            Some(held) => Held {
                count: held.count + 1,
                lost: held.lost + line.lost,
                first: held.first,
                latest: line,
            },
            None => Held {
                count: 1,
                lost: line.lost,
                first: line.clock.clone(),
                latest: line,
            },
        });
    }

    fn due(&self) -> Option<Instant> {
        self.held.as_ref().map(|_| self.until)
    }

    fn flush(&mut self) -> Option<String> {
        let Held {
            count,
            lost,
            first,
            latest: Line { text, clock, .. },
        } = self.held.take()?;
        if count == 1 {
            return Some(format!("At {clock}: {text}"));
        }
        let lost = match lost {
            0 => String::new(),
            lost => format!(
                " They cost {}.",
                words::count(lost, "connection", "connections")
            ),
        };
        Some(format!(
            "… and {count} more like that from {first} to {clock}.{lost} The latest: {text}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::resumed;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn line(text: &str, lost: u64) -> Line {
        Line {
            text: text.to_owned(),
            lost,
            clock: format!("0:0{text}"),
        }
    }

    fn sort() -> Sort {
        Sort::of_drop(&resumed())
    }

    #[test]
    fn the_first_is_said_at_once_and_the_others_are_summed_up() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        let first = floods.line(now, sort(), line("1", 0));
        assert_eq!(first.as_deref(), Some("1"));
        for n in 2..=60 {
            let line = line(&n.to_string(), u64::from(n == 7));
            assert_eq!(floods.line(now + ms(150 * n), sort(), line), None);
        }
        assert_eq!(floods.handle_due(now + ms(9_999)), None);
        assert_eq!(floods.due(), Some(now + WINDOW));
        assert_eq!(
            floods.handle_due(now + WINDOW).as_deref(),
            Some(
                "… and 59 more like that from 0:02 to 0:060. They cost 1 connection. The latest: 60"
            )
        );
        assert_eq!(floods.due(), None);
    }

    #[test]
    fn one_that_follows_closely_is_said_with_its_time_and_one_that_does_not_at_once() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        assert!(floods.line(now, sort(), line("1", 0)).is_some());
        assert!(floods.line(now + ms(1), sort(), line("2", 0)).is_none());
        let told = floods.handle_due(now + WINDOW);
        assert_eq!(told.as_deref(), Some("At 0:02: 2"));
        let later = floods.line(now + WINDOW * 2, sort(), line("3", 0));
        assert_eq!(later.as_deref(), Some("3"));
    }

    #[test]
    fn what_cost_a_connection_or_has_another_cause_is_not_summed_up_with_the_rest() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        let mut costly = resumed();
        costly.survived = 2;
        let mut broken = resumed();
        broken.closed_by = ClosedBy::Network;
        for lost in [resumed(), costly, broken] {
            let told = floods.line(now, Sort::of_drop(&lost), line("1", 0));
            assert_eq!(told.as_deref(), Some("1"), "{lost:?}");
        }
    }

    #[test]
    fn at_the_end_nothing_stays_unsaid() {
        let (mut floods, now) = (Floods::default(), Instant::now());
        floods.line(now, sort(), line("1", 0));
        assert_eq!(floods.flush(), [] as [String; 0]);
        floods.line(now, sort(), line("2", 0));
        assert_eq!(floods.flush(), ["At 0:02: 2"]);
        assert_eq!(floods.due(), None);
    }
}
