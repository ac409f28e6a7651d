use crate::frame::StreamId;

/// Tells the driver what happened to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The peer opened the stream. Only in [`Role::Server`](crate::Role::Server).
    Opened(StreamId),
    /// There is something to [`read`](crate::Mux::read). Comes once, and again only after
    /// everything was read: a driver that stops reading in between goes on by itself.
    Readable(StreamId),
    /// A write was refused, or more than half of the send limit was queued, and now there is
    /// room: for the refused write, and for half of the limit at least.
    Writable(StreamId),
    /// The peer's FIN arrived: nothing follows what is here to be read, and what was queued to
    /// be sent was dropped. When [`is_finished`](crate::Mux::is_finished), call
    /// [`close`](crate::Mux::close).
    Finished(StreamId),
    /// The stream was given up to protect the others; its unread data is gone. Tell the local
    /// side by a reset of its connection; calling [`close`](crate::Mux::close) is not needed.
    Reset {
        /// The stream.
        id: StreamId,
        /// Why it was this one.
        reason: ResetReason,
    },
    /// Both sides are done, the id is forgotten. The last event of every stream.
    Closed(StreamId),
}

/// Says why a stream was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetReason {
    /// It had more unread bytes than [`Config::stream_receive_limit`](crate::Config::stream_receive_limit).
    ReceiveLimit,
    /// It had the most unread bytes when all together exceeded
    /// [`Config::total_receive_limit`](crate::Config::total_receive_limit).
    TotalReceiveLimit,
}

/// Names what a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimerReason {
    /// A FIN is held; inbound data was the last that the stream saw. See
    /// [`Config::half_close_quiet`](crate::Config::half_close_quiet).
    HalfCloseQuiet,
    /// A FIN is held; an answer has begun after the local side ended, or nothing was ever said.
    /// See [`Config::half_close_answer_quiet`](crate::Config::half_close_answer_quiet).
    HalfCloseAnswerQuiet,
    /// A FIN is held; a question is unanswered. See
    /// [`Config::half_close_wait`](crate::Config::half_close_wait).
    HalfCloseWait,
    /// The next NOP frame is due. See [`Config::keepalive`](crate::Config::keepalive).
    Keepalive,
}
