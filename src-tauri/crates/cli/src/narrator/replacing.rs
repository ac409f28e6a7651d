//! Sessions that are being replaced while others carry the tunnel: told once when it lasts.
//! The records of their drops tell how it ended.

use std::collections::BTreeSet;

use tokio::time::Instant;
use tunnel_manager::tunnel::{DropRecord, Problem};

use super::trouble::connections_lost;
use super::{Narrator, PATIENCE};
use crate::words::{self, one_line};

/// Sessions whose places others have not taken yet.
#[derive(Debug)]
pub(super) struct Replacing {
    /// When it is to be told, if it has not passed by then.
    due: Instant,
    /// Which were lost. Others may have come in their places and failed before they were up:
    /// that is the same loss, and has the same record.
    places: BTreeSet<String>,
    /// Local connections that were lost with them.
    lost: u32,
    /// Why the last of them could not go on.
    why: String,
    pub(super) told: bool,
}

impl Narrator {
    /// A session could not go on; `place` is the one with which the loss began.
    pub(super) fn note_replaced(
        &mut self,
        now: Instant,
        place: &str,
        problem: &Problem,
        connections: u32,
    ) {
        let replacing = self.replacing.get_or_insert_with(|| Replacing {
            due: now + PATIENCE,
            places: BTreeSet::new(),
            lost: 0,
            why: String::new(),
            told: false,
        });
        replacing.places.insert(place.to_owned());
        replacing.lost = replacing.lost.saturating_add(connections);
        replacing.why = one_line(&problem.what);
    }

    /// A drop is over; returns whether people knew that its session was being replaced.
    pub(super) fn note_replacement(&mut self, lost: &DropRecord) -> bool {
        let Some(replacing) = &mut self.replacing else {
            return false;
        };
        let place = lost.session_id.as_ref();
        if !place.is_some_and(|place| replacing.places.remove(place)) {
            return false;
        }
        let told = replacing.told;
        if replacing.places.is_empty() {
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
        let sessions = match u64::try_from(replacing.places.len()).unwrap_or(u64::MAX) {
            1 => "a session".to_owned(),
            more => words::count(more, "session", "sessions"),
        };
        let lost = connections_lost(replacing.lost).map_or_else(String::new, |lost| lost + " ");
        Some(format!(
            "replacing {sessions}: {} {lost}New connections use the other sessions.",
            replacing.why
        ))
    }
}
