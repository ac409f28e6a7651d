//! Acknowledgements on their way out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ssm_message::MessageType;
use ssm_message::payload::Acknowledgement;
use uuid::Uuid;

/// Acknowledgements that may wait. They wait only while the socket does not take them, and a
/// message that can't be acknowledged any more is not accepted.
const MAX_WAITING: usize = 32 * 1024;

/// Acknowledgements that are remembered for a repetition: four seconds of an agent's full rate.
/// Behind an upload that fills its uplink so many were seen to be under way when the gateway
/// closed (1,476 behind 4 MiB at 2 MB/s); each that is not repeated stops the agent for 100 ms.
const MAX_RECENT: usize = 4 * 1024;

/// How long before the last one an acknowledgement may have gone out and still be repeated.
const RECENT: Duration = Duration::from_secs(5);

/// The message that an acknowledgement names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Accepted {
    number: i64,
    id: Uuid,
}

/// Acknowledgements to be sent, and those sent last.
///
/// The last ones are sent again on a new socket: those that the old one swallowed would
/// otherwise come back as one duplicate every 100 ms, and only then would the agent get to what
/// was really lost (docs/protocol.md, section 3). An agent passes over those it knows.
#[derive(Debug)]
pub(super) struct Acknowledging {
    waiting: VecDeque<Accepted>,
    recent: VecDeque<(Instant, Accepted)>,
}

impl Acknowledging {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            recent: VecDeque::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, number: i64, id: Uuid) {
        self.waiting.push_back(Accepted { number, id });
    }

    /// Takes the next acknowledgement.
    pub(super) fn take(&mut self, now: Instant) -> Option<Acknowledgement> {
        let accepted = self.waiting.pop_front()?;
        if self.recent.len() == MAX_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, accepted));
        Some(Acknowledgement {
            message_type: Some(MessageType::OutputStreamData),
            message_id: accepted.id,
            sequence_number: accepted.number,
            is_sequential_message: true,
        })
    }

    /// Queues the last acknowledgements again, before those that still wait.
    pub(super) fn repeat_recent(&mut self) {
        let Some((last, _)) = self.recent.back().copied() else {
            return;
        };
        let recent = self.recent.drain(..).rev();
        for (sent, accepted) in recent {
            if last.saturating_duration_since(sent) <= RECENT {
                self.waiting.push_front(accepted);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(acknowledging: &mut Acknowledging, now: Instant) -> Vec<i64> {
        std::iter::from_fn(|| acknowledging.take(now))
            .map(|acknowledgement| acknowledgement.sequence_number)
            .collect()
    }

    #[test]
    fn the_last_ones_are_repeated_in_order_and_old_ones_are_not() {
        let now = Instant::now();
        let later = now + Duration::from_secs(6);
        let mut acknowledging = Acknowledging::new();
        acknowledging.push(0, Uuid::nil());
        assert_eq!(numbers(&mut acknowledging, now), [0]);
        acknowledging.push(1, Uuid::nil());
        acknowledging.push(2, Uuid::nil());
        assert_eq!(numbers(&mut acknowledging, later), [1, 2]);
        acknowledging.push(3, Uuid::nil());
        acknowledging.repeat_recent();
        assert_eq!(numbers(&mut acknowledging, later), [1, 2, 3]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let now = Instant::now();
        let mut acknowledging = Acknowledging::new();
        let count = MAX_RECENT as i64 + 500;
        for number in 0..count {
            acknowledging.push(number, Uuid::nil());
        }
        numbers(&mut acknowledging, now);
        acknowledging.repeat_recent();
        let again = numbers(&mut acknowledging, now);
        assert_eq!(again, (500..count).collect::<Vec<_>>());
    }
}
