//! Another session in the place of one that can't go on.

use std::time::Instant;

use super::{Action, Event, Tunnel};
use crate::slot::{Outage, Slot, Step};
use crate::{Problem, SessionKey};

impl Tunnel {
    /// Gives a session up and starts another in its place: at once if it worked for a while,
    /// otherwise after a pause, so that one that does not even come up is not replaced in a
    /// tight loop.
    pub(super) fn replace(
        &mut self,
        now: Instant,
        key: SessionKey,
        problem: Problem,
        outage: Option<Outage>,
    ) {
        let Some((failed, at)) = self.succeed(now, key, &problem) else {
            return;
        };
        let fresh = self.outage(now, problem.clone());
        match outage {
            None if failed.established.is_some() => self.attempt(now, at, Step::Start, fresh),
            None => self.retry(now, at, Step::Start, fresh),
            Some(outage) => {
                self.retry(now, at, Step::Start, Outage { problem, ..outage });
            }
        }
    }

    /// Drops a session and makes a slot for another. Gives what is left of the one, and where
    /// the other is; `None` if there is nothing to replace.
    pub(super) fn succeed(
        &mut self,
        now: Instant,
        key: SessionKey,
        problem: &Problem,
    ) -> Option<(Slot, usize)> {
        let at = self.position(key)?;
        if !self.slots[at].is_live() {
            self.handle_flag_done(key);
            return None;
        }
        let mut slot = self.slots.remove(at);
        self.actions.push_back(Action::Discard(key));
        let session_id = slot.session_id.take();
        if let Some(session_id) = session_id.clone() {
            self.actions.push_back(Action::Abandon(session_id));
        }
        self.replacements = self.replacements.saturating_add(1);
        let drop_of = slot.drop.as_ref().and_then(|drop| drop.session_id());
        self.events.push_back(Event::Replaced {
            drop_of: drop_of.cloned(),
            session: key,
            session_id,
            connections: slot.connections(),
            problem: problem.clone(),
        });
        let pending = slot.pending();
        let drop = slot.drop.take().map(|mut drop| {
            if let Some((asked, asked_at)) = pending {
                drop.unanswered(now, asked, asked_at);
            }
            drop.replaced(problem);
            drop
        });
        let new_key = self.next_key();
        let mut new = Slot::new(new_key, now, None);
        new.drop = drop;
        // Nothing is asked for it yet.
        new.is_answered = true;
        self.go_on_from(&slot, problem, &mut new);
        self.slots.push(new);
        Some((slot, self.slots.len() - 1))
    }
}
