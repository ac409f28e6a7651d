//! A recorded session once more: what came then comes again at the same times, in virtual time, to
//! the engine as it is now, run with the settings of then. What it makes of that is told step by step,
//! and compared: how the session ended, which messages went, and which went again how often.
//!
//! A recording has no payloads, so what carried something carries NOP frames of the multiplexer
//! here, of the same lengths. The engine sends what it sends by itself: acknowledgements, what is
//! sent again, pings; new data is handed to it when it went out then. Of a recording that does not
//! begin with its session, the handshake is made up.
//!
//! A recording tells when frames went and came, and not when the shell woke for a timer. What is
//! recorded in one order can have been made by timers that were noticed a little later than they were
//! due; so it is played with several such delays ([`WAKES`]), and agrees if one of them explains it.

mod far_end;
mod player;

use std::time::{Duration, Instant};

use self::player::Player;
use crate::Recording;
use crate::recording::USUALLY_LATE;

/// How much later than it was due the shell may have noticed a timer, in the order in which it is
/// tried: a timer of tokio rings at the next whole millisecond, and the task is to be woken; not at
/// all, in virtual time; and what is not recorded as late ([`USUALLY_LATE`]). What came within this
/// time after a timer was due can have come first.
const WAKES: [Duration; 3] = [Duration::from_millis(2), Duration::ZERO, USUALLY_LATE];

/// What became of a recorded session when it was played again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// What the engine said, in order.
    pub steps: Vec<Step>,
    /// With which code it ended the session; `None` if it did not.
    pub outcome: Option<String>,
    /// What went out and came in the recording.
    pub recorded: Sums,
    /// What went out and came when it was played.
    pub played: Sums,
    /// Messages that the engine held back though they went out then.
    pub held_back: u32,
    /// Messages that came and that it did not acknowledge though it did then.
    pub unacknowledged: u32,
    /// Messages that went again more or less often than then, in the order of their numbers; `None` if
    /// that can't be told. It can where the recording begins with its session and nothing in it
    /// is encrypted: else the engine does not know what it knew then of the path.
    pub resent: Option<Vec<Resent>>,
}

/// A message that went again more or less often than in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resent {
    /// Its number in the recording.
    pub sequence: i64,
    /// How often it went again then.
    pub recorded: u32,
    /// How often it does now.
    pub played: u32,
}

/// Something that the engine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When, in microseconds after the recording's first frame.
    pub us: u64,
    /// What.
    pub what: String,
}

/// Numbers of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Numbered messages that went out for the first time.
    pub sent: u32,
    /// Those that went again.
    pub sent_again: u32,
    /// Acknowledgements that went out.
    pub acknowledged: u32,
    /// Pings and other signs of life, both ways.
    pub pings: u32,
}

impl Replayed {
    /// Says whether the engine does now what it did then: it ends the session for the same
    /// reason or not at all, holds nothing back that went out, acknowledges what it acknowledged,
    /// and sends the same messages again, each as often.
    pub fn agrees(&self, recording: &Recording) -> bool {
        self.outcome == recording.outcome
            && self.held_back == 0
            && self.unacknowledged == 0
            && self.resent.as_ref().is_none_or(Vec::is_empty)
    }
}

/// Plays a recording. `now` is when virtual time begins; any moment will do.
pub fn replay(recording: &Recording, now: Instant) -> Replayed {
    let play = |wakes| Player::new(recording, now, wakes).play(recording);
    let mut played = WAKES.into_iter().map(play);
    let usual = played.next().unwrap_or_default();
    match usual.agrees(recording) {
        true => usual,
        false => played
            .find(|other| other.agrees(recording))
            .unwrap_or(usual),
    }
}
