//! The flight recorder: the headers of the last frames of a session, in a ring of fixed size.

mod ring;

use std::time::{Duration, Instant};

use ssm_message::{Flags, Message, MessageType, PayloadType};

use ring::Ring;

/// Frames that are remembered. At the full rate of both directions that is the last second or two;
/// of a session that hangs, with a ping each 20 s, the last day.
pub const RECORDED_FRAMES: usize = 4096;

/// What is remembered of one frame. Nothing of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// When it was taken in or given out, to the microsecond.
    pub at: Instant,
    /// Which way it went.
    pub way: Way,
    /// What it was.
    pub kind: FrameKind,
    /// What its payload holds, as the number on the wire; 0 for what has none.
    pub payload_type: u32,
    /// Its number; of an acknowledgement the number that it names.
    pub sequence: i64,
    /// Its flag bits.
    pub flags: u64,
    /// Bytes of payload; of a frame that is no message all its bytes.
    pub length: u32,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// To the agent.
    Out,
    /// From the agent.
    In,
}

/// What a recorded frame was. The first three tell of the WebSocket that carries the others, the last
/// four of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// No frame: a WebSocket was opened.
    Opened,
    /// No frame: the WebSocket was closed in order.
    Closed,
    /// No frame: the WebSocket was lost in another way.
    Broken,
    /// The text message that opens the channel.
    Opening,
    /// A message of this type.
    Message(MessageType),
    /// A frame that is no valid message.
    Invalid,
    /// A ping or pong of the WebSocket.
    Ping,
    /// No frame: the machine is about to sleep.
    Sleep,
    /// No frame: whether the path lives is asked, after a sleep or a change of networks.
    Check,
    /// No frame: a timer was noticed late; the sequence number says by how many microseconds.
    Late,
    /// No frame: the WebSocket has taken nothing; the sequence number says for how many microseconds.
    Full,
}

impl FrameKind {
    /// The name that stands in recordings: that of a message's type on the wire, or a word of
    /// its own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Broken => "broken",
            Self::Opening => "opening",
            Self::Message(message_type) => message_type.name(),
            Self::Invalid => "invalid",
            Self::Ping => "ping",
            Self::Sleep => "sleep",
            Self::Check => "check",
            Self::Late => "late",
            Self::Full => "full",
        }
    }

    /// The kind that has this name in recordings.
    pub fn from_name(name: &str) -> Option<Self> {
        let own = [
            Self::Opened,
            Self::Closed,
            Self::Broken,
            Self::Opening,
            Self::Invalid,
            Self::Ping,
            Self::Sleep,
            Self::Check,
            Self::Late,
            Self::Full,
        ];
        own.into_iter()
            .find(|kind| kind.name() == name)
            .or_else(|| MessageType::from_name(name).map(Self::Message))
    }
}

/// The last headers. Their memory grows until there are as many as are kept, and stays as it is
/// then unless later ones take more bytes.
#[derive(Debug)]
pub(crate) struct Recorder {
    most: usize,
    ring: Ring,
    left_out: u64,
}

impl Recorder {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.min(RECORDED_FRAMES),
            ring: Ring::default(),
            left_out: 0,
        }
    }

    pub(crate) fn frames(&self) -> impl Iterator<Item = FrameHeader> + Clone {
        self.ring.frames()
    }

    pub(crate) fn left_out(&self) -> u64 {
        self.left_out
    }

    pub(crate) fn push(&mut self, frame: FrameHeader) {
        if self.ring.len() == self.most {
            self.left_out += 1;
            if self.most == 0 {
                return;
            }
            self.ring.forget_oldest();
        }
        self.ring.push(frame);
    }

    /// Something that is no message.
    pub(crate) fn other(&mut self, at: Instant, way: Way, kind: FrameKind, length: usize) {
        self.push(FrameHeader {
            at,
            way,
            kind,
            payload_type: 0,
            sequence: 0,
            flags: 0,
            length: short(length),
        });
    }

    /// Something of this kind that says for how long.
    pub(crate) fn lasting(&mut self, at: Instant, kind: FrameKind, time: Duration) {
        self.push(FrameHeader {
            at,
            way: Way::Out,
            kind,
            payload_type: 0,
            sequence: i64::try_from(time.as_micros()).unwrap_or(i64::MAX),
            flags: 0,
            length: 0,
        });
    }

    /// A message that came.
    pub(crate) fn came(&mut self, at: Instant, message: &Message, sequence: i64) {
        self.push(FrameHeader {
            at,
            way: Way::In,
            kind: FrameKind::Message(message.message_type),
            payload_type: message.payload_type.to_wire(),
            sequence,
            flags: message.flags.0,
            length: short(message.payload.len()),
        });
    }

    /// A numbered message that goes out.
    pub(crate) fn data(
        &mut self,
        at: Instant,
        sequence: i64,
        payload_type: PayloadType,
        length: usize,
    ) {
        self.push(FrameHeader {
            at,
            way: Way::Out,
            kind: FrameKind::Message(MessageType::InputStreamData),
            payload_type: payload_type.to_wire(),
            sequence,
            flags: Flags::NONE.0,
            length: short(length),
        });
    }

    /// An acknowledgement that goes out.
    pub(crate) fn acknowledgement(&mut self, at: Instant, sequence: i64, length: usize) {
        self.push(FrameHeader {
            at,
            way: Way::Out,
            kind: FrameKind::Message(MessageType::Acknowledge),
            payload_type: 0,
            sequence,
            flags: Flags::SYN_FIN.0,
            length: short(length),
        });
    }
}

fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_frames_are_kept_and_the_others_counted() {
        let mut recorder = Recorder::new(usize::MAX);
        let now = Instant::now();
        for number in 0..RECORDED_FRAMES + 10 {
            recorder.data(now, number as i64, PayloadType::Output, 1);
        }
        assert_eq!(recorder.frames().count(), RECORDED_FRAMES);
        assert_eq!(recorder.left_out(), 10);
        let first = recorder.frames().next().map(|frame| frame.sequence);
        assert_eq!(first, Some(10));
    }

    #[test]
    fn a_full_ring_of_usual_traffic_takes_few_bytes_and_no_more_of_them_later() {
        let mut recorder = Recorder::new(usize::MAX);
        let mut now = Instant::now();
        let mut full = 0;
        for number in 0..3 * RECORDED_FRAMES as i64 {
            now += Duration::from_micros(700);
            recorder.data(now, number, PayloadType::Output, 16_384);
            recorder.acknowledgement(now, number / 2, 120);
            if number == RECORDED_FRAMES as i64 {
                full = recorder.ring.capacity();
            }
        }
        assert!(full <= 12 * RECORDED_FRAMES, "{full} bytes");
        assert_eq!(recorder.ring.capacity(), full);
    }

    #[test]
    fn whoever_wants_no_recording_has_none_and_no_memory_for_it() {
        let mut recorder = Recorder::new(0);
        recorder.data(Instant::now(), 0, PayloadType::Output, 1);
        assert_eq!(recorder.frames().count(), 0);
        assert_eq!((recorder.left_out(), recorder.ring.capacity()), (1, 0));
    }
}
