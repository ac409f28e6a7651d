//! Messages of ours that are not acknowledged yet.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ssm_message::PayloadType;
use ssm_message::payload::Flag;
use uuid::Uuid;

/// What a message of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// An answer in the handshake.
    Handshake,
    /// A flag.
    Flag(Flag),
    /// The user's bytes.
    Data,
}

/// One message, kept as it went out: what is sent again is the same frame, with the same
/// number and id.
#[derive(Debug)]
pub(crate) struct Entry {
    id: Uuid,
    frame: Bytes,
    payload: usize,
    payload_type: PayloadType,
    content: Content,
    transmissions: u32,
    first_sent: Option<Instant>,
    last_sent: Option<Instant>,
}

impl Entry {
    pub(crate) fn new(
        id: Uuid,
        frame: Bytes,
        payload: usize,
        payload_type: PayloadType,
        content: Content,
    ) -> Self {
        Self {
            id,
            frame,
            payload,
            payload_type,
            content,
            transmissions: 0,
            first_sent: None,
            last_sent: None,
        }
    }

    pub(crate) fn frame(&self) -> Bytes {
        self.frame.clone()
    }

    pub(crate) fn payload(&self) -> usize {
        self.payload
    }

    pub(crate) fn payload_type(&self) -> PayloadType {
        self.payload_type
    }

    pub(crate) fn content(&self) -> Content {
        self.content
    }

    pub(crate) fn last_sent(&self) -> Option<Instant> {
        self.last_sent
    }

    /// Says whether it went out once, and not again.
    pub(crate) fn is_first_transmission(&self) -> bool {
        self.transmissions == 1
    }
}

/// One transmission, by time and then by number. Stale once its message was acknowledged,
/// queued or sent again.
#[derive(Debug, Clone, Copy)]
struct Flight {
    sent: Instant,
    number: i64,
    transmission: u32,
}

/// The window: messages by number, those to be sent, and those in flight by time.
///
/// Every unacknowledged message is either pending or in flight, never both.
#[derive(Debug)]
pub(crate) struct Window {
    /// The number of the first entry.
    base: i64,
    /// `None` where an acknowledgement came before that of an earlier message.
    entries: VecDeque<Option<Entry>>,
    unacknowledged: usize,
    flags: usize,
    bytes: usize,
    pending: BTreeSet<i64>,
    /// In the order sent; the first is never stale.
    flights: VecDeque<Flight>,
    /// The latest transmission known to have arrived.
    latest: Option<(Instant, i64)>,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            base: 0,
            entries: VecDeque::new(),
            unacknowledged: 0,
            flags: 0,
            bytes: 0,
            pending: BTreeSet::new(),
            flights: VecDeque::new(),
            latest: None,
        }
    }

    /// The number that the next message pushed gets.
    pub(crate) fn next_number(&self) -> i64 {
        let span = i64::try_from(self.entries.len()).unwrap_or(i64::MAX);
        self.base.saturating_add(span)
    }

    /// Numbers from the oldest unacknowledged message to the newest.
    pub(crate) fn span(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn flags(&self) -> usize {
        self.flags
    }

    /// Messages that wait to go out, for the first time or again.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// When the oldest unacknowledged message was first sent.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.entries.front()?.as_ref()?.first_sent
    }

    /// When the transmission that is longest in flight went out.
    pub(crate) fn oldest_in_flight(&self) -> Option<Instant> {
        self.flights.front().map(|flight| flight.sent)
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.pending.insert(self.next_number());
        self.unacknowledged += 1;
        self.bytes += entry.payload;
        self.flags += usize::from(matches!(entry.content, Content::Flag(_)));
        self.entries.push_back(Some(entry));
    }

    /// Takes the pending message with the lowest number and counts it as sent at `now`.
    pub(crate) fn take_pending(&mut self, now: Instant) -> Option<(i64, &Entry)> {
        let number = self.pending.pop_first()?;
        let index = self.index(number)?;
        let entry = self.entries.get_mut(index)?.as_mut()?;
        entry.transmissions = entry.transmissions.saturating_add(1);
        entry.first_sent.get_or_insert(now);
        entry.last_sent = Some(now);
        self.flights.push_back(Flight {
            sent: now,
            number,
            transmission: entry.transmissions,
        });
        Some((number, entry))
    }

    /// Removes a message that arrived: number and id must both be right.
    pub(crate) fn acknowledge(&mut self, number: i64, id: Uuid) -> Option<Entry> {
        let index = self.index(number)?;
        let entry = self
            .entries
            .get_mut(index)?
            .take_if(|entry| entry.id == id && entry.transmissions > 0)?;
        self.pending.remove(&number);
        self.unacknowledged -= 1;
        self.bytes -= entry.payload;
        self.flags -= usize::from(matches!(entry.content, Content::Flag(_)));
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.base = self.base.saturating_add(1);
        }
        self.trim();
        Some(entry)
    }

    /// Notes that the transmission of this time arrived: what was sent before it should have.
    pub(crate) fn delivered(&mut self, sent: Instant, number: i64) {
        self.latest = self.latest.max(Some((sent, number)));
    }

    /// Queues every unacknowledged message. The `last` one, if there are others, counts as sent
    /// at `now` instead: a timer will find it lost once those have had time to arrive.
    pub(crate) fn queue_all(&mut self, now: Instant, last: Option<i64>) {
        self.flights.clear();
        self.latest = None;
        for (number, entry) in (self.base..).zip(&self.entries) {
            let Some(entry) = entry else { continue };
            if last == Some(number) && self.unacknowledged > 1 {
                self.pending.remove(&number);
                self.flights.push_back(Flight {
                    sent: now,
                    number,
                    transmission: entry.transmissions,
                });
            } else {
                self.pending.insert(number);
            }
        }
    }

    /// Queues messages that went out `age` ago or earlier, at most so many.
    pub(crate) fn queue_older(&mut self, now: Instant, age: Duration, most: usize) {
        let mut queued = 0;
        while queued < most
            && let Some(flight) = self.flights.front()
            && now.saturating_duration_since(flight.sent) >= age
        {
            self.pending.insert(flight.number);
            self.flights.pop_front();
            self.trim();
            queued += 1;
        }
    }

    /// Queues messages that a later one overtook by more than reordering explains.
    pub(crate) fn queue_lost(&mut self, now: Instant, rtt: Duration, reordering: Duration) {
        let mut lost = Vec::new();
        for flight in self.overtaken() {
            if Self::lost_at(flight, rtt, reordering).is_some_and(|at| at <= now) {
                lost.push(flight.number);
            }
        }
        if !lost.is_empty() {
            self.pending.extend(lost);
            self.trim();
        }
    }

    /// When the next message will count as lost.
    pub(crate) fn loss_at(&self, rtt: Duration, reordering: Duration) -> Option<Instant> {
        self.overtaken()
            .filter_map(|flight| Self::lost_at(flight, rtt, reordering))
            .min()
    }

    pub(crate) fn clear(&mut self) {
        self.base = self.next_number();
        self.entries.clear();
        self.pending.clear();
        self.flights.clear();
        self.unacknowledged = 0;
        self.flags = 0;
        self.bytes = 0;
    }

    /// Transmissions in flight that are older than one that arrived.
    fn overtaken(&self) -> impl Iterator<Item = &Flight> {
        let latest = self.latest;
        self.flights
            .iter()
            .take_while(move |flight| Some((flight.sent, flight.number)) < latest)
            .filter(|flight| self.is_live(flight))
    }

    /// Each further transmission waits twice as long: an agent that is not ready for a message
    /// does not acknowledge it, while it acknowledges later ones.
    fn lost_at(flight: &Flight, rtt: Duration, reordering: Duration) -> Option<Instant> {
        let doubled = flight.transmission.saturating_sub(1).min(10);
        flight
            .sent
            .checked_add(rtt.saturating_add(reordering * (1 << doubled)))
    }

    fn is_live(&self, flight: &Flight) -> bool {
        !self.pending.contains(&flight.number)
            && self
                .index(flight.number)
                .and_then(|index| self.entries.get(index)?.as_ref())
                .is_some_and(|entry| entry.transmissions == flight.transmission)
    }

    /// Drops stale flights from the front; all of them once they outnumber the messages, so
    /// that a head that stays unacknowledged does not make the list grow without end.
    fn trim(&mut self) {
        if self.flights.len() > 2 * self.entries.len() + 64 {
            let mut flights = std::mem::take(&mut self.flights);
            flights.retain(|flight| self.is_live(flight));
            self.flights = flights;
        }
        while let Some(flight) = self.flights.front()
            && !self.is_live(flight)
        {
            self.flights.pop_front();
        }
    }

    fn index(&self, number: i64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.base)?).ok()
    }
}
