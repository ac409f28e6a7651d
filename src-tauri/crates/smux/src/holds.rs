use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::{StreamId, TimerReason};

/// The deadlines of the FINs that are held back, in order, and by stream.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    by_time: BTreeSet<(Instant, StreamId)>,
    by_stream: BTreeMap<StreamId, (Instant, TimerReason)>,
    /// While paused, when that began: no deadline comes then, and all are moved afterwards.
    paused_at: Option<Instant>,
}

impl Holds {
    /// Starts the timer of a stream, or starts it over.
    pub(crate) fn set(
        &mut self,
        now: Instant,
        id: StreamId,
        reason: TimerReason,
        period: Duration,
    ) {
        self.clear(id);
        // A period beyond the end of the clock means never.
        if let Some(deadline) = self.paused_at.unwrap_or(now).checked_add(period) {
            self.by_time.insert((deadline, id));
            self.by_stream.insert(id, (deadline, reason));
        }
    }

    pub(crate) fn clear(&mut self, id: StreamId) {
        if let Some((deadline, _)) = self.by_stream.remove(&id) {
            self.by_time.remove(&(deadline, id));
        }
    }

    pub(crate) fn is_set(&self, id: StreamId) -> bool {
        self.by_stream.contains_key(&id)
    }

    /// Returns the next deadline.
    pub(crate) fn next(&self) -> Option<(Instant, TimerReason)> {
        if self.is_paused() {
            return None;
        }
        let (deadline, id) = self.by_time.first()?;
        let (_, reason) = self.by_stream.get(id)?;
        Some((*deadline, *reason))
    }

    /// Takes a stream whose deadline has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<StreamId> {
        let (deadline, _) = self.next()?;
        if deadline > now {
            return None;
        }
        let (_, id) = self.by_time.pop_first()?;
        self.by_stream.remove(&id);
        Some(id)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused_at.is_some()
    }

    pub(crate) fn pause(&mut self, now: Instant) {
        self.paused_at.get_or_insert(now);
    }

    /// Moves every deadline by the length of the pause and by `grace`. The one operation that
    /// looks at all of them: there is one in each reconnection.
    pub(crate) fn resume(&mut self, now: Instant, grace: Duration) {
        let Some(paused_at) = self.paused_at.take() else {
            return;
        };
        let shift = now
            .saturating_duration_since(paused_at)
            .saturating_add(grace);
        self.by_stream
            .retain(|_, (deadline, _)| match deadline.checked_add(shift) {
                Some(later) => {
                    *deadline = later;
                    true
                }
                None => false,
            });
        self.by_time = self
            .by_stream
            .iter()
            .map(|(&id, &(deadline, _))| (deadline, id))
            .collect();
    }
}
