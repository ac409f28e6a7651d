use crate::queue::ByteQueue;
use crate::turns::Share;

/// What one stream has queued, and how far each of its directions is.
///
/// The two directions end apart from each other, so there are two small machines:
///
/// ```text
/// write side                    close_write                 peer's FIN, timer, close
///               Open ─────────────────────────────▶ Held ─────────────────▶ Due ──▶ Sent
///                 └───── close, reset, or close_write after the peer's FIN ──▲
///
/// read side          peer's FIN                close
///               Open ───────────▶ Finished ──────────────▶ Done
///                 └── close, reset ──▶ Discarding ── peer's FIN ──▲
/// ```
///
/// A stream is forgotten when its write side is `Sent` and its read side `Done`.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) write: WriteSide,
    pub(crate) read: ReadSide,
    pub(crate) send: ByteQueue,
    pub(crate) receive: ByteQueue,
    pub(crate) last: Option<Direction>,
    /// Our SYN waits to be sent.
    pub(crate) syn_due: bool,
    /// It is in the queue of streams that have something to send.
    pub(crate) active: bool,
    /// What it has sent in the last round in which it has.
    pub(crate) share: Share,
    /// `Readable` was said, and not everything was read since.
    pub(crate) announced: bool,
    /// `Writable` is to be said when so many bytes fit and half of what may be queued is free.
    pub(crate) awaited_room: Option<usize>,
}

impl Stream {
    pub(crate) fn new(syn_due: bool) -> Self {
        Self {
            write: WriteSide::Open,
            read: ReadSide::Open,
            send: ByteQueue::default(),
            receive: ByteQueue::default(),
            last: None,
            syn_due,
            active: false,
            share: Share::default(),
            announced: false,
            awaited_room: None,
        }
    }

    pub(crate) fn has_to_send(&self) -> bool {
        self.syn_due || !self.send.is_empty() || self.write == WriteSide::Due
    }

    pub(crate) fn is_over(&self) -> bool {
        self.write == WriteSide::Sent && self.read == ReadSide::Done
    }
}

/// How far our direction of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteSide {
    /// The local side may write.
    Open,
    /// The local side is done; the FIN waits for this timer, which runs once all is sent.
    Held(Hold),
    /// The FIN goes out behind what is queued.
    Due,
    /// The FIN is out.
    Sent,
}

/// What a held FIN waits for. Each is a period of [`Config`](crate::Config) without inbound data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The end of an answer that looks complete.
    Quiet,
    /// The end of an answer that has begun, or the first word of a far end that speaks first.
    AnswerQuiet,
    /// The first byte of an answer.
    Wait,
}

/// How far the peer's direction of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadSide {
    /// Data is expected and kept for the local side.
    Open,
    /// The peer's FIN is here; what came before it may wait to be read.
    Finished,
    /// The local side is gone; data is dropped until the peer's FIN.
    Discarding,
    /// The local side is gone and the peer's FIN is here.
    Done,
}

/// Which way the last data of a stream went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}
