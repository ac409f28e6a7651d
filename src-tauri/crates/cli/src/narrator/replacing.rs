//! Sessions that are being replaced while others carry the tunnel: told once when it lasts.
//! The records of their drops tell how it ended.

use tokio::time::Instant;
use tunnel_manager::tunnel::{DropEnd, Problem};

use super::trouble::connections_lost;
use super::{Narrator, PATIENCE};
use crate::words::{self, one_line};

/// Sessions whose places others have not taken yet.
#[derive(Debug)]
pub(super) struct Replacing {
    /// When it is to be told, if it has not passed by then.
    due: Instant,
    /// How many are not replaced yet.
    sessions: u32,
    /// Local connections that were lost with them.
    lost: u32,
    /// Why the last of them could not go on.
    why: String,
    pub(super) told: bool,
}

impl Narrator {
    /// A session could not go on.
    pub(super) fn note_replaced(&mut self, now: Instant, problem: &Problem, connections: u32) {
        let replacing = self.replacing.get_or_insert_with(|| Replacing {
            due: now + PATIENCE,
            sessions: 0,
            lost: 0,
            why: String::new(),
            told: false,
        });
        replacing.sessions = replacing.sessions.saturating_add(1);
        replacing.lost = replacing.lost.saturating_add(connections);
        replacing.why = one_line(&problem.what);
    }

    /// A drop is over; returns whether people knew that its session was being replaced.
    pub(super) fn note_replacement(&mut self, end: &DropEnd) -> bool {
        match end {
            DropEnd::Resumed | DropEnd::LetGo => return false,
            DropEnd::Replaced { .. } | DropEnd::GivenUp { .. } | DropEnd::Stopped => {}
        }
        let Some(replacing) = &mut self.replacing else {
            return false;
        };
        let told = replacing.told;
        replacing.sessions = replacing.sessions.saturating_sub(1);
        if replacing.sessions == 0 {
            self.replacing = None;
        }
        told
    }

    pub(super) fn replacing_due(&self) -> Option<Instant> {
        let replacing = self.replacing.as_ref().filter(|replacing| !replacing.told);
        // Where no other session carries the tunnel, that is what is told.
        replacing
            .filter(|_| self.carried)
            .map(|replacing| replacing.due)
    }

    pub(super) fn tell_replacing(&mut self, now: Instant) -> Option<String> {
        if self.replacing_due()? > now {
            return None;
        }
        let replacing = self.replacing.as_mut()?;
        replacing.told = true;
        let sessions = match replacing.sessions {
            1 => "a session".to_owned(),
            more => words::count(more.into(), "session", "sessions"),
        };
        let lost = connections_lost(replacing.lost).map_or_else(String::new, |lost| lost + " ");
        Some(format!(
            "replacing {sessions}: {} {lost}New connections use the other sessions.",
            replacing.why
        ))
    }
}
