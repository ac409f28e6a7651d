//! Everything about messages of ours on their way: numbered, kept until acknowledged, paced,
//! sent again.

mod congestion;
mod pacing;
mod payload_size;
mod rtt;
mod window;

use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_message::PayloadType;
use uuid::Uuid;

pub use pacing::LearnedRate;
pub(crate) use pacing::Pacer;
pub(crate) use payload_size::{PayloadSize, Verdict};
pub(crate) use window::Content;

use crate::{Config, TimerReason};
use congestion::CongestionWindow;
pub(crate) use congestion::INITIAL as INITIAL_WINDOW;
use rtt::RoundTrip;
use window::{Entry, Window};

/// The most messages that the first retransmission timeout sends again. More than the head, so
/// that a burst that was lost heals in a few round trips; not everything, because a timeout may
/// also mean that the far side does not read. Each further timeout without an acknowledgement
/// between halves it, down to the head.
const TIMEOUT_BURST: usize = 64;

/// A payload that the window never makes smaller: the reference client sends no larger ones.
const LEAST_PAYLOAD: usize = 1024;

/// Flags that may be unacknowledged at once, beside the window for data: a session needs one
/// or two.
const MAX_FLAGS: usize = 64;

/// The send side of a channel. It outlives every socket.
#[derive(Debug)]
pub(crate) struct Sender {
    window: Window,
    round_trip: RoundTrip,
    pacer: Pacer,
    /// When the next pending message may go out, if the pacer refused it. Without a refusal there
    /// is nothing to wait for: a message that waits for the socket goes when the socket says so.
    refused_until: Option<Instant>,
    pub(crate) size: PayloadSize,
    congestion: CongestionWindow,
    most_span: usize,
    /// The last acknowledgement or timeout: RFC 6298 restarts its timer then.
    progress: Option<Instant>,
    /// Since when something waits for its acknowledgement and none of anything new has come.
    /// Unlike `progress`, a timeout of ours doesn't move it.
    unanswered_since: Option<Instant>,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) retransmissions: u64,
}

/// A message on its way out.
pub(crate) struct Outbound {
    pub(crate) number: i64,
    pub(crate) payload_type: PayloadType,
    /// Bytes of payload.
    pub(crate) payload: usize,
    pub(crate) frame: Bytes,
}

/// What an acknowledgement settled.
pub(crate) struct Acknowledged {
    pub(crate) content: Content,
    /// A payload size that was given up works after all.
    pub(crate) payload_limit: Option<usize>,
}

impl Sender {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            window: Window::new(),
            round_trip: RoundTrip::new(),
            pacer: Pacer::new(config.message_rate, config.learned_rate),
            refused_until: None,
            size: PayloadSize::new(config.initial_payload, config.max_payload),
            congestion: CongestionWindow::new(config.initial_window, config.window_bytes),
            most_span: config.window_messages.max(1),
            progress: None,
            unanswered_since: None,
            messages: 0,
            bytes: 0,
            retransmissions: 0,
        }
    }

    pub(crate) fn next_number(&self) -> i64 {
        self.window.next_number()
    }

    /// Keeps a message, which has [`next_number`](Self::next_number), until it is acknowledged.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        id: Uuid,
        frame: Bytes,
        payload: usize,
        payload_type: PayloadType,
        content: Content,
    ) {
        self.unanswered_since.get_or_insert(now);
        if content == Content::Data {
            self.size.pushed(self.window.next_number(), payload);
        }
        self.window
            .push(Entry::new(id, frame, payload, payload_type, content));
    }

    /// Bytes of payload that a new data message may have: no more than an eighth of the window, so
    /// that one message is a small part of what a slow path has queued, and takes it hardly longer
    /// than a small one.
    pub(crate) fn payload_limit(&self) -> usize {
        self.size
            .limit()
            .min((self.congestion.bytes() / 8).max(LEAST_PAYLOAD))
    }

    /// Says whether one more data message of so many bytes may be kept. That there is no room is
    /// remembered: a window that is never full is not too small.
    pub(crate) fn has_room(&mut self, payload: usize) -> bool {
        let held = self.window.bytes();
        // A single message always fits, whatever the configuration says.
        let fits = held == 0 || held.saturating_add(payload) <= self.congestion.bytes();
        if !fits {
            self.congestion.full();
        }
        fits && self.window.span() < self.most_span
    }

    pub(crate) fn window_bytes(&self) -> usize {
        self.congestion.bytes()
    }

    pub(crate) fn has_room_for_flag(&self) -> bool {
        self.window.flags() < MAX_FLAGS
    }

    /// Says whether a message pushed now would go out now. Where the number of messages is used up,
    /// a window that makes them small is too small, although it is never full.
    pub(crate) fn may_go_out(&mut self, now: Instant) -> bool {
        let may = self.window.pending() < self.pacer.available(now);
        if !may && self.payload_limit() < self.size.limit() {
            self.congestion.full();
        }
        may
    }

    /// Takes the next message that is to go out and may.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Outbound> {
        if self.pacer.available(now) == 0 {
            self.refused_until = match self.window.pending() {
                0 => None,
                _ => self.pacer.ready_at(),
            };
            return None;
        }
        self.refused_until = None;
        let (number, entry) = self.window.take_pending(now)?;
        let payload = entry.payload();
        let outbound = Outbound {
            number,
            payload_type: entry.payload_type(),
            payload,
            frame: entry.frame(),
        };
        if entry.is_first_transmission() {
            self.messages += 1;
            self.bytes += u64::try_from(payload).unwrap_or(u64::MAX);
        } else {
            self.retransmissions += 1;
        }
        self.pacer.take(now);
        self.size.transmitted(number, now);
        Some(outbound)
    }

    /// Forgets a message that arrived; `None` if there is no such one.
    pub(crate) fn acknowledge(
        &mut self,
        now: Instant,
        number: i64,
        id: Uuid,
    ) -> Option<Acknowledged> {
        let entry = self.window.acknowledge(number, id)?;
        self.progress = Some(now);
        self.unanswered_since = (self.window.unacknowledged() > 0).then_some(now);
        self.round_trip.progressed();
        if let Some(sent) = entry.last_sent() {
            let elapsed = now.saturating_duration_since(sent);
            let sample = entry.is_first_transmission().then_some(elapsed);
            if let Some(elapsed) = sample {
                self.round_trip.sample(elapsed);
            }
            let next = self.window.next_number();
            let message = (number, entry.payload());
            self.congestion.acknowledged(now, message, next, sample);
            // Of a message sent twice nobody knows which one was acknowledged. If it was
            // quicker than any round trip ever, it was not the second.
            if entry.is_first_transmission() || elapsed >= self.round_trip.least() {
                self.window.delivered(sent, number);
            }
        }
        self.detect_losses(now);
        let payload_limit = self.size.acknowledged(number, entry.payload());
        Some(Acknowledged {
            content: entry.content(),
            payload_limit,
        })
    }

    /// A new socket: everything unacknowledged goes at once, in order, but for a message of which
    /// several sockets have died.
    pub(crate) fn connected(&mut self, now: Instant) {
        self.window.queue_all(now, self.size.goes_last());
        self.round_trip.progressed();
        self.progress = Some(now);
        self.size.connected();
        self.congestion.connected(self.window.next_number());
    }

    /// A pause is over: what is overdue goes again.
    pub(crate) fn resumed(&mut self, now: Instant) {
        self.round_trip.progressed();
        let timeout = self.round_trip.timeout();
        self.window.queue_older(now, timeout, usize::MAX);
        self.progress = Some(now);
    }

    /// Queues what the timers say is lost.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.refused_until = self.refused_until.filter(|until| *until > now);
        self.detect_losses(now);
        if self.retransmission_at().is_some_and(|at| at <= now) {
            let timeout = self.round_trip.timeout();
            let burst = TIMEOUT_BURST >> self.round_trip.timeouts().min(TIMEOUT_BURST.ilog2());
            self.window.queue_older(now, timeout, burst);
            self.round_trip.back_off();
            self.progress = Some(now);
        }
    }

    /// Returns the next timer while a socket is up and nothing is paused.
    pub(crate) fn timeout(&self) -> Option<(Instant, TimerReason)> {
        [
            (self.retransmission_at(), TimerReason::Retransmission),
            (
                self.window
                    .loss_at(self.round_trip.current(), self.reordering()),
                TimerReason::LossDetection,
            ),
            (self.refused_until, TimerReason::Pacing),
        ]
        .into_iter()
        .filter_map(|(at, reason)| Some((at?, reason)))
        .min()
    }

    /// When the pacer lets the next message out.
    pub(crate) fn paced_until(&self) -> Option<Instant> {
        self.pacer.ready_at()
    }

    pub(crate) fn pacer(&mut self) -> &mut Pacer {
        &mut self.pacer
    }

    pub(crate) fn rate(&self) -> std::num::NonZeroU32 {
        self.pacer.rate()
    }

    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.round_trip.smoothed()
    }

    pub(crate) fn unacknowledged(&self) -> usize {
        self.window.unacknowledged()
    }

    pub(crate) fn unanswered_since(&self) -> Option<Instant> {
        self.unanswered_since
    }

    pub(crate) fn unacknowledged_bytes(&self) -> usize {
        self.window.bytes()
    }

    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.window.oldest()
    }

    /// Forgets everything: the session is over.
    pub(crate) fn clear(&mut self) {
        self.window.clear();
        self.refused_until = None;
        self.unanswered_since = None;
    }

    fn detect_losses(&mut self, now: Instant) {
        let (rtt, reordering) = (self.round_trip.current(), self.reordering());
        self.window.queue_lost(now, rtt, reordering);
    }

    /// How much later than the round trip a message may be acknowledged before later ones
    /// prove it lost: a quarter of the round trip, as RFC 8985 (section 6.2) starts with, but
    /// not less than an agent needs to get to a message.
    fn reordering(&self) -> Duration {
        const LEAST: Duration = Duration::from_millis(10);
        self.round_trip
            .smoothed()
            .map_or(LEAST, |smoothed| (smoothed / 4).max(LEAST))
    }

    fn retransmission_at(&self) -> Option<Instant> {
        let oldest = self.window.oldest_in_flight()?;
        let start = self
            .progress
            .map_or(oldest, |progress| progress.max(oldest));
        start.checked_add(self.round_trip.timeout())
    }
}
