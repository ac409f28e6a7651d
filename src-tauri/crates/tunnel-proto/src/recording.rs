//! A session's flight recorder as it is handed out: headers of frames, and nothing of what they
//! carried.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ssm_data_channel::{FrameHeader, FrameKind, LearnedRate, RECORDED_FRAMES, Way};
use ssm_message::MAX_PAYLOAD_LENGTH;

use crate::{Clock, SessionConfig};

/// The last 4,096 frames of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// Which form it has: [`RECORDING_VERSION`]. One without it is of the first, which knew neither
    /// settings nor sleeps.
    #[serde(default = "first_version")]
    pub version: u32,
    /// How the session was run; as by default in a recording of the first form.
    #[serde(default)]
    pub settings: RecordedSettings,
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

/// The form in which recordings are written: 2. A later one is not understood.
pub const RECORDING_VERSION: u32 = 2;

/// By how much a timer is noticed late without anything being amiss: Windows wakes a thread each
/// 15.6 ms, a timer of tokio rings at the next whole millisecond, and the task is to be woken. What is
/// later is recorded.
pub(crate) const USUALLY_LATE: Duration = Duration::from_millis(20);

const fn first_version() -> u32 {
    1
}

/// The settings that decide what an engine does with what comes, as far as they are recorded. Times in
/// microseconds, sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedSettings {
    /// [`Config::max_payload`](ssm_data_channel::Config::max_payload).
    pub max_payload: usize,
    /// [`Config::initial_payload`](ssm_data_channel::Config::initial_payload).
    pub initial_payload: usize,
    /// [`Config::window_messages`](ssm_data_channel::Config::window_messages).
    pub window_messages: usize,
    /// [`Config::window_bytes`](ssm_data_channel::Config::window_bytes).
    pub window_bytes: usize,
    /// [`Config::message_rate`](ssm_data_channel::Config::message_rate).
    pub message_rate: NonZeroU32,
    /// The rate of [`Config::learned_rate`](ssm_data_channel::Config::learned_rate).
    pub learned_rate: Option<NonZeroU32>,
    /// For how long that is borne until it is raised.
    pub learned_for: u64,
    /// [`Config::handshake_timeout`](ssm_data_channel::Config::handshake_timeout).
    pub handshake_timeout: u64,
    /// [`SessionConfig::ping_interval`].
    pub ping_interval: u64,
    /// [`SessionConfig::ping_patience`].
    pub ping_patience: u64,
    /// [`SessionConfig::stall_after`].
    pub stall_after: u64,
    /// [`SessionConfig::jam_after`].
    pub jam_after: u64,
    /// [`SessionConfig::heal_patience`].
    pub heal_patience: u64,
    /// [`SessionConfig::agent_patience`].
    pub agent_patience: u64,
}

impl RecordedSettings {
    /// Those of a session that is run in this way.
    pub(crate) fn of(config: &SessionConfig) -> Self {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let channel = &config.channel;
        Self {
            max_payload: channel.max_payload,
            initial_payload: channel.initial_payload,
            window_messages: channel.window_messages,
            window_bytes: channel.window_bytes,
            message_rate: channel.message_rate,
            learned_rate: channel.learned_rate.map(|learned| learned.rate),
            learned_for: channel
                .learned_rate
                .map_or(0, |learned| us(learned.raise_after)),
            handshake_timeout: us(channel.handshake_timeout),
            ping_interval: us(config.ping_interval),
            ping_patience: us(config.ping_patience),
            stall_after: us(config.stall_after),
            jam_after: us(config.jam_after),
            heal_patience: us(config.heal_patience),
            agent_patience: us(config.agent_patience),
        }
    }

    /// How a session is run in the same way. What is not recorded is as by default.
    pub fn config(&self) -> SessionConfig {
        let time = |us: u64| Duration::from_micros(us).min(TIME_MOST);
        let usual = SessionConfig::default();
        SessionConfig {
            channel: ssm_data_channel::Config {
                max_payload: self.max_payload.min(MAX_PAYLOAD_LENGTH),
                initial_payload: self.initial_payload.min(MAX_PAYLOAD_LENGTH),
                window_messages: self.window_messages,
                window_bytes: self.window_bytes,
                message_rate: self.message_rate,
                learned_rate: self.learned_rate.map(|rate| LearnedRate {
                    rate,
                    raise_after: time(self.learned_for),
                }),
                handshake_timeout: time(self.handshake_timeout),
                ..usual.channel
            },
            ping_interval: time(self.ping_interval),
            ping_patience: time(self.ping_patience),
            stall_after: time(self.stall_after),
            jam_after: time(self.jam_after),
            heal_patience: time(self.heal_patience),
            agent_patience: time(self.agent_patience),
            ..usual
        }
    }
}

impl Default for RecordedSettings {
    fn default() -> Self {
        Self::of(&SessionConfig::default())
    }
}

/// No patience of a session is longer: a recording from elsewhere may say anything.
const TIME_MOST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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
    /// WebSocket), `opening`, `invalid`, `ping`, `sleep`, `check`, `late`, `full`
    /// (the machine).
    #[serde(with = "kind")]
    pub kind: FrameKind,
    /// What its payload holds, as the number on the wire (docs/protocol.md, section 2).
    pub payload: u32,
    /// Its number; of an acknowledgement the number that it names; of `late` and `full` for how many
    /// microseconds.
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
        settings: RecordedSettings,
    ) -> Self {
        let first = frames.clone().next().map_or(clock.origin, |frame| frame.at);
        Self {
            version: RECORDING_VERSION,
            settings,
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
