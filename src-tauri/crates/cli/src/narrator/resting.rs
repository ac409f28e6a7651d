//! A lazy tunnel that could not get a session: one line tells why, what it cost, and what comes.

use tokio::time::Instant;
use tunnel_manager::tunnel::Problem;

use super::Narrator;
use super::flood::{Line, Sort};
use crate::output::problem_sentence;
use crate::words;

/// A session that is given up, and what is known of it so far.
#[derive(Debug)]
pub(super) struct Resting {
    problem: Problem,
    /// Local connections that were closed for it.
    closed: u32,
}

impl Resting {
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            problem: problem.clone(),
            closed: 0,
        }
    }

    pub(super) fn closed(&mut self, connections: u32) {
        self.closed = self.closed.saturating_add(connections);
    }
}

impl Narrator {
    pub(super) fn tell_rest(&mut self, now: Instant, resting: Resting) -> Option<String> {
        let Resting { problem, closed } = resting;
        let closed_words = match closed {
            0 => String::new(),
            closed => format!(
                " {} closed.",
                words::count(closed.into(), "connection was", "connections were")
            ),
        };
        let why = problem_sentence(&problem);
        let line = Line {
            text: format!("no session: {why}{closed_words} The next connection tries again."),
            lost: closed.into(),
            clock: words::clock(self.unix_ms(now)),
        };
        self.floods.line(now, Sort::of_notice(&problem), line)
    }
}
