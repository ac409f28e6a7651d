use std::collections::VecDeque;

use crate::StreamId;

/// Bytes that streams with a share left may send for each byte of those that have used theirs up:
/// whoever opens ever new streams leaves bulk a fifth.
const BEFORE: usize = 4;

/// Whose turn it is: deficit round robin, in which those who have said little go first.
///
/// In each round a stream has a share of one quantum. What fits into what is left of it goes before
/// all bulk, also when the stream has already sent in this round; one that has more to say
/// waits for its turn. (The new and old flows of `fq_codel`, RFC 8290, section 4.1, but that there
/// a flow that goes on after a pause waits behind all old ones, however little it says, and that of a
/// new one with much to say the beginning goes first.)
///
/// ```text
///               share left                more than the share
///  (silent) ───────────────▶ First ───────────────────────▶ Others ──┐ turn over
///     ▲  └──────── none left ──────────────────────────────▶  ▲ └────┘
///     │                        │                              │
///     └──── nothing to send ───┴──────────────────────────────┘
/// ```
#[derive(Debug, Default)]
pub(crate) struct Turns {
    first: VecDeque<StreamId>,
    others: VecDeque<StreamId>,
    /// How many of the others, from the front, have their turn still in this round; at least one
    /// while there are any.
    left: usize,
    round: u64,
    /// Bytes that the first have sent while others waited, less [`BEFORE`] times what those have.
    ahead: usize,
}

/// Where a stream waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Others,
}

/// What a stream has sent in a round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Share {
    round: u64,
    used: usize,
}

impl Share {
    /// What is left of a share of one quantum in this round.
    pub(crate) fn left(self, round: u64, quantum: usize) -> usize {
        if self.round == round {
            quantum.saturating_sub(self.used)
        } else {
            quantum
        }
    }

    pub(crate) fn spend(&mut self, round: u64, bytes: usize) {
        let before = if self.round == round { self.used } else { 0 };
        *self = Self {
            round,
            used: before.saturating_add(bytes),
        };
    }
}

impl Turns {
    /// How many streams have something to send.
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.others.len()
    }

    pub(crate) fn round(&self) -> u64 {
        self.round
    }

    /// A stream that was silent has something to send.
    pub(crate) fn join(&mut self, id: StreamId, share: Share, quantum: usize) {
        if share.left(self.round, quantum) > 0 {
            self.first.push_back(id);
        } else {
            self.wait(id);
        }
    }

    /// Takes a stream out, wherever it is. Looks at all of them.
    pub(crate) fn remove(&mut self, id: StreamId) {
        self.first.retain(|&first| first != id);
        if let Some(place) = self.others.iter().position(|&other| other == id) {
            self.others.remove(place);
            if place < self.left {
                self.end_turn();
            }
        }
    }

    /// Whose turn it is.
    pub(crate) fn front(&self, quantum: usize) -> Option<(Place, StreamId)> {
        let may_go_ahead = self.ahead < quantum.saturating_mul(BEFORE);
        match (self.first.front(), self.others.front()) {
            (Some(&first), Some(_)) if may_go_ahead => Some((Place::First, first)),
            (_, Some(&other)) => Some((Place::Others, other)),
            (Some(&first), None) => Some((Place::First, first)),
            (None, None) => None,
        }
    }

    /// The stream at the front has sent so many bytes, headers included.
    pub(crate) fn sent(&mut self, place: Place, bytes: usize) {
        self.ahead = match place {
            Place::First if self.others.is_empty() => 0,
            Place::First => self.ahead.saturating_add(bytes),
            Place::Others => self.ahead.saturating_sub(bytes.saturating_mul(BEFORE)),
        };
    }

    /// The stream at the front has more to send than its share.
    pub(crate) fn over(&mut self, place: Place) {
        match place {
            Place::First => {
                if let Some(id) = self.first.pop_front() {
                    self.wait(id);
                }
            }
            Place::Others => {
                self.others.rotate_left(1);
                self.end_turn();
            }
        }
    }

    /// The stream at the front has nothing more to send.
    pub(crate) fn silent(&mut self, place: Place) {
        match place {
            Place::First => {
                self.first.pop_front();
            }
            Place::Others => {
                self.others.pop_front();
                self.end_turn();
            }
        }
    }

    /// Behind the others. Where there are none, its turn is at once, in a new round.
    fn wait(&mut self, id: StreamId) {
        self.others.push_back(id);
        if self.left == 0 {
            self.begin_round();
        }
    }

    fn end_turn(&mut self) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.begin_round();
        }
    }

    fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.left = self.others.len();
    }
}
