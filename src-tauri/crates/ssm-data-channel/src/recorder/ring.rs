//! Headers in few bytes: each as what differs from the one before it. A thousand idle tunnels hold
//! four million of them; written out they would take a quarter of a gigabyte.
//!
//! One header is, in bytes:
//!
//! ```text
//! 1          kind (low five bits) and way (bit 5)
//! 1 to 10    microseconds since the header before
//! 1 to 10    sequence number minus that of the header before, zigzag
//! 1 to 5     payload type
//! 1 to 10    flags
//! 1 to 5     length
//! ```
//!
//! Numbers are LEB128: seven bits a byte, the lowest first, and a high bit for "more follows". Of
//! usual traffic a header takes 8 to 11 bytes.

use std::collections::{VecDeque, vec_deque};
use std::time::{Duration, Instant};

use ssm_message::MessageType;

use super::{FrameHeader, FrameKind, Way};

/// The longest header.
const LONGEST: usize = 41;

/// By how much the memory grows. Doubling it would leave up to half of it unused for ever.
const STEP: usize = 4096;

/// All kinds; the place of one is its code.
const KINDS: [FrameKind; 17] = [
    FrameKind::Opened,
    FrameKind::Closed,
    FrameKind::Broken,
    FrameKind::Opening,
    FrameKind::Invalid,
    FrameKind::Ping,
    FrameKind::Message(MessageType::InputStreamData),
    FrameKind::Message(MessageType::OutputStreamData),
    FrameKind::Message(MessageType::Acknowledge),
    FrameKind::Message(MessageType::ChannelClosed),
    FrameKind::Message(MessageType::StartPublication),
    FrameKind::Message(MessageType::PausePublication),
    FrameKind::Message(MessageType::AgentSessionState),
    FrameKind::Sleep,
    FrameKind::Check,
    FrameKind::Late,
    FrameKind::Full,
];

const KIND_BITS: u8 = 0b1_1111;
const INCOMING: u8 = 0b10_0000;

/// Headers, the oldest first. It grows with what is in it.
#[derive(Debug, Default)]
pub(super) struct Ring {
    bytes: VecDeque<u8>,
    length: usize,
    /// When the first header of all was taken; all other times are relative to it.
    origin: Option<Instant>,
    /// What the oldest header that is still here differs from.
    oldest: Reference,
    newest: Reference,
}

/// What a header is told against.
#[derive(Debug, Clone, Copy, Default)]
struct Reference {
    /// Microseconds after the origin.
    us: u64,
    sequence: i64,
}

impl Ring {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Bytes of memory that it holds.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Puts a header behind the others. One that is older than the last counts as just as old.
    pub(super) fn push(&mut self, frame: FrameHeader) {
        let origin = *self.origin.get_or_insert(frame.at);
        let us = micros(frame.at.saturating_duration_since(origin)).max(self.newest.us);
        if self.bytes.capacity() - self.bytes.len() < LONGEST {
            self.bytes.reserve_exact(STEP);
        }
        let way = match frame.way {
            Way::Out => 0,
            Way::In => INCOMING,
        };
        self.bytes.push_back(code(frame.kind) | way);
        self.put(us - self.newest.us);
        self.put(zigzag(frame.sequence.wrapping_sub(self.newest.sequence)));
        self.put(frame.payload_type.into());
        self.put(frame.flags);
        self.put(frame.length.into());
        self.length += 1;
        self.newest = Reference {
            us,
            sequence: frame.sequence,
        };
    }

    /// Forgets the oldest header.
    pub(super) fn forget_oldest(&mut self) {
        let mut frames = self.frames();
        if frames.next().is_none() {
            return;
        }
        let (left, oldest) = (frames.bytes.len(), frames.before);
        self.bytes.drain(..self.bytes.len() - left);
        self.oldest = oldest;
        self.length -= 1;
    }

    pub(super) fn frames(&self) -> Frames<'_> {
        Frames {
            bytes: self.bytes.iter(),
            origin: self.origin,
            before: self.oldest,
        }
    }

    fn put(&mut self, mut number: u64) {
        loop {
            let low = (number & 0x7F) as u8;
            number >>= 7;
            if number == 0 {
                return self.bytes.push_back(low);
            }
            self.bytes.push_back(low | 0x80);
        }
    }
}

/// The headers of a ring, the oldest first.
#[derive(Debug, Clone)]
pub(super) struct Frames<'a> {
    bytes: vec_deque::Iter<'a, u8>,
    origin: Option<Instant>,
    before: Reference,
}

impl Frames<'_> {
    fn take(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.next()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(number)
    }
}

impl Iterator for Frames<'_> {
    type Item = FrameHeader;

    fn next(&mut self) -> Option<FrameHeader> {
        let head = *self.bytes.next()?;
        let us = self.before.us.saturating_add(self.take()?);
        let sequence = self.before.sequence.wrapping_add(unzigzag(self.take()?));
        self.before = Reference { us, sequence };
        Some(FrameHeader {
            at: self.origin? + Duration::from_micros(us),
            way: if head & INCOMING == 0 {
                Way::Out
            } else {
                Way::In
            },
            kind: *KINDS.get(usize::from(head & KIND_BITS))?,
            sequence,
            payload_type: u32::try_from(self.take()?).ok()?,
            flags: self.take()?,
            length: u32::try_from(self.take()?).ok()?,
        })
    }
}

const fn code(kind: FrameKind) -> u8 {
    match kind {
        FrameKind::Opened => 0,
        FrameKind::Closed => 1,
        FrameKind::Broken => 2,
        FrameKind::Opening => 3,
        FrameKind::Invalid => 4,
        FrameKind::Ping => 5,
        FrameKind::Message(MessageType::InputStreamData) => 6,
        FrameKind::Message(MessageType::OutputStreamData) => 7,
        FrameKind::Message(MessageType::Acknowledge) => 8,
        FrameKind::Message(MessageType::ChannelClosed) => 9,
        FrameKind::Message(MessageType::StartPublication) => 10,
        FrameKind::Message(MessageType::PausePublication) => 11,
        FrameKind::Message(MessageType::AgentSessionState) => 12,
        FrameKind::Sleep => 13,
        FrameKind::Check => 14,
        FrameKind::Late => 15,
        FrameKind::Full => 16,
    }
}

/// Small numbers of either sign become small numbers without one.
const fn zigzag(number: i64) -> u64 {
    (number.wrapping_shl(1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_has_the_code_of_its_place() {
        for (place, kind) in KINDS.into_iter().enumerate() {
            assert_eq!(usize::from(code(kind)), place);
        }
        assert_eq!(KINDS.len(), 10 + MessageType::ALL.len());
    }

    #[test]
    fn a_header_is_never_longer_than_is_reserved_for_it() {
        let (mut ring, now) = (Ring::default(), Instant::now());
        let most = FrameHeader {
            at: now,
            way: Way::In,
            kind: FrameKind::Ping,
            payload_type: u32::MAX,
            sequence: i64::MIN,
            flags: u64::MAX,
            length: u32::MAX,
        };
        ring.push(most);
        // The longest time can't be reached by an Instant: nine bytes more than none.
        assert!(ring.bytes.len() + 9 <= LONGEST, "{}", ring.bytes.len());
        assert_eq!(ring.frames().next(), Some(most));
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_out_as_it_went_in_and_the_oldest_goes_first(
            headers in prop::collection::vec(
                (0_u64..100_000_000, any::<bool>(), 0..KINDS.len(), any::<u32>(), any::<i64>(), any::<u64>(), any::<u32>()),
                0..60,
            ),
            kept in 1_usize..20,
        ) {
            let (mut ring, mut at) = (Ring::default(), Instant::now());
            let mut model = VecDeque::new();
            for (pause, comes, kind, payload_type, sequence, flags, length) in headers {
                at += Duration::from_micros(pause);
                let way = if comes { Way::In } else { Way::Out };
                let frame = FrameHeader { at, way, kind: KINDS[kind], payload_type, sequence, flags, length };
                if model.len() == kept {
                    model.pop_front();
                    ring.forget_oldest();
                }
                model.push_back(frame);
                ring.push(frame);
                prop_assert_eq!(ring.len(), model.len());
                prop_assert!(ring.frames().eq(model.iter().copied()));
            }
        }
    }
}
