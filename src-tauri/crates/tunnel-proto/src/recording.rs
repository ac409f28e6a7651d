//! A session's flight recorder as it is handed out: headers of frames, and nothing of what they
//! carried.

use std::time::Instant;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ssm_data_channel::{FrameHeader, FrameKind, RECORDED_FRAMES, Way};

use crate::Clock;

/// The last 4,096 frames of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// When the first of the frames went or came, Unix milliseconds.
    pub began: u64,
    /// How many frames before them are forgotten.
    pub left_out: u64,
    /// The code of the problem with which the session ended by its own judgement; `None` if it
    /// had not.
    pub outcome: Option<String>,
    /// When the recording was taken, in microseconds after the first frame.
    pub until: u64,
    /// The frames, oldest first: at most 4,096.
    pub frames: Vec<RecordedFrame>,
}

/// One frame of a [`Recording`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedFrame {
    /// When, in microseconds after the first.
    pub us: u64,
    /// Which way it went: `in` or `out`.
    #[serde(with = "way")]
    pub way: Way,
    /// What it was: a message's type as on the wire, or one of `opened`, `closed`, `broken` (the
    /// WebSocket), `opening`, `invalid`, `ping`.
    #[serde(with = "kind")]
    pub kind: FrameKind,
    /// What its payload holds, as the number on the wire (docs/protocol.md, section 2).
    pub payload: u32,
    /// Its number; of an acknowledgement the number that it names.
    pub sequence: i64,
    /// Its flag bits.
    pub flags: u64,
    /// Bytes of payload.
    pub length: u32,
}

impl Recording {
    pub(crate) fn new(
        clock: Clock,
        now: Instant,
        frames: impl Iterator<Item = FrameHeader> + Clone,
        left_out: u64,
        outcome: Option<&str>,
    ) -> Self {
        let first = frames.clone().next().map_or(clock.origin, |frame| frame.at);
        Self {
            began: clock.unix_ms(first),
            left_out,
            outcome: outcome.map(str::to_owned),
            until: micros(first, now),
            frames: frames.map(|frame| recorded(first, frame)).collect(),
        }
    }

    /// The same with nothing in it but what such a recording can hold: for one that comes from
    /// elsewhere and is to be handed out. A code that is none is left out, and so are frames
    /// beyond 4,096.
    #[must_use]
    pub fn checked(mut self) -> Self {
        let is_code = |code: &String| {
            let mut letters = code.bytes();
            code.len() <= CODE_MOST && letters.all(|it| it.is_ascii_lowercase() || it == b'-')
        };
        self.outcome = self.outcome.filter(is_code);
        self.frames.truncate(RECORDED_FRAMES);
        self
    }
}

/// No code of a problem is longer.
const CODE_MOST: usize = 40;

fn recorded(first: Instant, frame: FrameHeader) -> RecordedFrame {
    let FrameHeader {
        at,
        way,
        kind,
        payload_type,
        sequence,
        flags,
        length,
    } = frame;
    RecordedFrame {
        us: micros(first, at),
        way,
        kind,
        payload: payload_type,
        sequence,
        flags,
        length,
    }
}

fn micros(from: Instant, to: Instant) -> u64 {
    let micros = to.saturating_duration_since(from).as_micros();
    u64::try_from(micros).unwrap_or(u64::MAX)
}

mod way {
    use super::*;

    pub(super) fn serialize<S: Serializer>(way: &Way, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match way {
            Way::Out => "out",
            Way::In => "in",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Way, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Name {
            Out,
            In,
        }
        Ok(match Name::deserialize(from)? {
            Name::Out => Way::Out,
            Name::In => Way::In,
        })
    }
}

mod kind {
    use super::*;

    pub(super) fn serialize<S: Serializer>(kind: &FrameKind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(kind.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<FrameKind, D::Error> {
        let name = String::deserialize(from)?;
        FrameKind::from_name(&name)
            .ok_or_else(|| serde::de::Error::custom("not the kind of a recorded frame"))
    }
}
