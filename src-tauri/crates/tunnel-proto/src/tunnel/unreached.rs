//! Connections that the target could not pass on to the destination: the first is kept at once, and
//! what follows is summed up, since a program may try again each second.

use std::time::{Duration, Instant};

use super::{Tunnel, TunnelTimer};
use crate::Problem;
use crate::evidence::{Cause, Happening};

/// For so long one record sums up what follows: some thousand records a day at most.
const SUMMED_UP: Duration = Duration::from_secs(60);

/// What has come since the last record.
#[derive(Debug)]
pub(super) struct Unreached {
    until: Instant,
    count: u32,
    problem: Problem,
}

impl Tunnel {
    pub(super) fn handle_unreached(&mut self, now: Instant, problem: Problem) -> Cause {
        match &mut self.unreached {
            Some(held) if now < held.until => {
                held.count = held.count.saturating_add(1);
                held.problem = problem;
            }
            Some(_) | None => self.keep_unreached(now, 1, problem),
        }
        Cause::Refused
    }

    /// Keeps what has come, if its time is up.
    pub(super) fn sum_up_unreached(&mut self, now: Instant) {
        if self.unreached_timeout().is_some_and(|(due, _)| due <= now) {
            self.flush_unreached(now);
        }
    }

    /// Keeps what has come.
    pub(super) fn flush_unreached(&mut self, now: Instant) {
        if let Some(held) = self.unreached.take_if(|held| held.count > 0) {
            self.keep_unreached(now, held.count, held.problem);
        }
    }

    pub(super) fn unreached_timeout(&self) -> Option<(Instant, TunnelTimer)> {
        let held = self.unreached.as_ref().filter(|held| held.count > 0)?;
        Some((held.until, TunnelTimer::Unreached))
    }

    fn keep_unreached(&mut self, now: Instant, count: u32, problem: Problem) {
        self.unreached = Some(Unreached {
            until: now + SUMMED_UP,
            count: 0,
            problem: problem.clone(),
        });
        self.record(now, Happening::Unreached { count, problem });
    }
}
