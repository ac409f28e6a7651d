//! How large a payload may be (docs/protocol.md, section 3, the gateway's limits).

use std::time::{Duration, Instant};

/// Full messages of one size that must arrive before a larger one is tried: enough to tell
/// bulk from a few long requests.
const FULL_MESSAGES: u32 = 8;

/// By what the size grows. Each step takes two round trips, so at 80 ms the two from 1 to 16 KiB are over
/// 0.23 s sooner than four of two would be, an eighth of an upload of 32 MB (docs/performance.md). A
/// path that bears less than the most is found with the same one death.
const STEP: usize = 4;

/// A channel that dies this soon after a message larger than all before died of it.
const DEATH_WITHIN: Duration = Duration::from_secs(5);

/// A configured size below this is raised to it: encryption alone takes 28 bytes.
const LEAST: usize = 128;

/// Deaths after which no more is tried, although each time the message arrived in the end.
const MAX_DEATHS: u32 = 3;

/// Sockets in a row that must die soon after the same large message before the session is given
/// up for it. A network that comes and goes takes several sockets with whatever they carry, and
/// giving up costs every live connection.
const REFUSALS: u32 = 12;

/// From so many on, the message goes last on a new socket, and later than the rest: if it does
/// kill the socket, it takes with it the acknowledgements of what went out just before, and
/// without them nobody could tell it from a path that carries nothing. The first few go in their
/// turn, so that a storm of resets does not delay it.
const LAST_FROM: u32 = 4;

/// How long those deaths must go on at least: a storm of resets is over sooner, or lets
/// something arrive in between.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// Grows the payload while that works.
///
/// ```text
///            8 full messages arrived, the next is pushed
/// Growing ─────────────────────────────────────────────▶ Probing
///    ▲                     the probe arrived                │ │ socket lost, the probe
///    ├──────────────────────────────────────────────────────┘ │ just sent
///    │               the probe arrived after all              ▼
///    └──────────────────────────────────────────────────── Suspect
///                                                             │ three such coincidences
///                                                             ▼
///                                                          Stopped
/// ```
///
/// One message above the proven size is in flight at most. It keeps its size when it is sent
/// again (it has a number, so it can't be cut anew); if the channel dies of it again and again
/// while smaller messages arrive, the session has to be replaced. If nothing arrives, the path is
/// to blame and not the size. If the message arrives, the first death was a coincidence: sockets
/// are closed for other reasons too.
#[derive(Debug)]
pub(crate) struct PayloadSize {
    most: usize,
    proven: usize,
    growth: Growth,
    deaths: u32,
}

#[derive(Debug)]
enum Growth {
    /// Full messages of the proven size that arrived.
    Growing(u32),
    Probing(Probe),
    /// The channel died of this message, as it seems; it is still unacknowledged.
    Suspect {
        probe: Probe,
        /// Sockets that died of it in a row.
        refusals: u32,
        /// When the first of them died.
        since: Instant,
        /// Whether a smaller message has arrived since then.
        smaller_arrived: bool,
    },
    /// No more is tried on this channel.
    Stopped,
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    number: i64,
    size: usize,
    /// The size that it was allowed; it is proven with the probe if that fills it.
    limit: usize,
    /// First transmission on the present socket.
    sent: Option<Instant>,
}

impl Probe {
    /// The size that is proven once this has arrived.
    fn proves(&self, before: usize) -> usize {
        if fills(self.size, self.limit) {
            self.limit
        } else {
            before.max(self.size)
        }
    }
}

/// Says whether a message used its limit up. A few bytes may be left over where no further
/// frame of the layer above fits in.
fn fills(size: usize, limit: usize) -> bool {
    size >= limit - limit / 16
}

/// What a lost socket says about payload sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Stay at this size.
    Limit(usize),
    /// A message of this size has killed one socket after another, and smaller ones arrived.
    Refused(usize),
}

impl PayloadSize {
    pub(crate) fn new(initial: usize, most: usize) -> Self {
        let most = most.max(LEAST);
        Self {
            most,
            proven: initial.clamp(LEAST, most),
            growth: Growth::Growing(0),
            deaths: 0,
        }
    }

    /// The most bytes that any message may have.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Bytes of the largest message that is known to arrive.
    pub(crate) fn proven(&self) -> usize {
        self.proven
    }

    /// Bytes that the next message may have.
    pub(crate) fn limit(&self) -> usize {
        match self.growth {
            Growth::Growing(full) if full >= FULL_MESSAGES => {
                self.proven.saturating_mul(STEP).min(self.most)
            }
            Growth::Growing(_) | Growth::Probing(_) | Growth::Suspect { .. } | Growth::Stopped => {
                self.proven
            }
        }
    }

    /// A message got its number.
    pub(crate) fn pushed(&mut self, number: i64, size: usize) {
        if size > self.proven && matches!(self.growth, Growth::Growing(_)) {
            self.growth = Growth::Probing(Probe {
                number,
                size,
                limit: self.limit().max(size),
                sent: None,
            });
        }
    }

    /// A message goes out.
    pub(crate) fn transmitted(&mut self, number: i64, now: Instant) {
        if let Growth::Probing(probe) | Growth::Suspect { probe, .. } = &mut self.growth
            && probe.number == number
        {
            probe.sent.get_or_insert(now);
        }
    }

    /// A message arrived. Returns the limit that now holds if one was given up in error.
    pub(crate) fn acknowledged(&mut self, number: i64, size: usize) -> Option<usize> {
        match &mut self.growth {
            Growth::Growing(full) => {
                if fills(size, self.proven) && self.proven < self.most {
                    *full = full.saturating_add(1);
                }
                None
            }
            Growth::Probing(probe) => {
                if probe.number == number {
                    self.proven = probe.proves(self.proven);
                    self.growth = Growth::Growing(0);
                }
                None
            }
            Growth::Suspect { probe, .. } if probe.number == number => {
                self.proven = probe.proves(self.proven);
                if self.deaths < MAX_DEATHS {
                    self.growth = Growth::Growing(0);
                    Some(self.most)
                } else {
                    self.growth = Growth::Stopped;
                    Some(self.proven)
                }
            }
            Growth::Suspect {
                probe,
                smaller_arrived,
                ..
            } => {
                *smaller_arrived |= size < probe.size;
                None
            }
            Growth::Stopped => None,
        }
    }

    /// The message that goes last on the next socket, if there is one.
    pub(crate) fn goes_last(&self) -> Option<i64> {
        match &self.growth {
            Growth::Suspect {
                probe, refusals, ..
            } if *refusals >= LAST_FROM => Some(probe.number),
            Growth::Growing(_) | Growth::Probing(_) | Growth::Suspect { .. } | Growth::Stopped => {
                None
            }
        }
    }

    pub(crate) fn connected(&mut self) {
        if let Growth::Probing(probe) | Growth::Suspect { probe, .. } = &mut self.growth {
            probe.sent = None;
        }
    }

    pub(crate) fn disconnected(&mut self, now: Instant) -> Option<Verdict> {
        let died_of = |probe: &Probe| {
            probe
                .sent
                .is_some_and(|sent| now.saturating_duration_since(sent) <= DEATH_WITHIN)
        };
        match &mut self.growth {
            Growth::Probing(probe) if died_of(probe) => {
                self.deaths = self.deaths.saturating_add(1);
                self.growth = Growth::Suspect {
                    probe: *probe,
                    refusals: 1,
                    since: now,
                    smaller_arrived: false,
                };
                Some(Verdict::Limit(self.proven))
            }
            Growth::Suspect {
                probe,
                refusals,
                since,
                smaller_arrived,
            } if died_of(probe) => {
                *refusals = refusals.saturating_add(1);
                let for_long = now.saturating_duration_since(*since) >= REFUSED_FOR;
                (*refusals >= REFUSALS && for_long && *smaller_arrived)
                    .then_some(Verdict::Refused(probe.size))
            }
            Growth::Growing(_) | Growth::Probing(_) | Growth::Suspect { .. } | Growth::Stopped => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends one message of the size allowed and has it acknowledged.
    fn round(size: &mut PayloadSize, number: i64, now: Instant) -> usize {
        let limit = size.limit();
        size.pushed(number, limit);
        size.transmitted(number, now);
        size.acknowledged(number, limit);
        limit
    }

    /// Grows until a probe is in flight; returns its number.
    fn probe(size: &mut PayloadSize, now: Instant) -> i64 {
        for number in 0.. {
            let limit = size.limit();
            size.pushed(number, limit);
            size.transmitted(number, now);
            if matches!(size.growth, Growth::Probing(_)) {
                return number;
            }
            size.acknowledged(number, limit);
        }
        -1
    }

    #[test]
    fn bulk_grows_fourfold_up_to_the_most() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 5_000);
        let limits: Vec<_> = (0..40)
            .map(|number| round(&mut size, number, now))
            .collect();
        assert_eq!(limits[..8], [1_024; 8]);
        assert_eq!(limits[8..17], [4_096; 9]);
        assert_eq!(limits[17..], [5_000; 23]);
    }

    #[test]
    fn a_few_bytes_left_over_are_full_all_the_same() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        for number in 0..100 {
            let length = size.limit() - 8;
            size.pushed(number, length);
            size.transmitted(number, now);
            size.acknowledged(number, length);
        }
        assert_eq!(size.limit(), 16_384);
        assert!(matches!(size.growth, Growth::Growing(_)));
    }

    #[test]
    fn a_probe_that_does_not_fill_its_limit_proves_only_itself() {
        let mut size = PayloadSize::new(1_024, 16_384);
        for number in 0..8 {
            size.pushed(number, 1_024);
            size.acknowledged(number, 1_024);
        }
        size.pushed(8, 1_500);
        size.acknowledged(8, 1_500);
        assert_eq!(size.limit(), 1_500);
    }

    #[test]
    fn messages_that_are_not_full_prove_nothing() {
        let mut size = PayloadSize::new(1_024, 5_000);
        for number in 0..100 {
            size.pushed(number, 900);
            size.acknowledged(number, 900);
        }
        assert_eq!(size.limit(), 1_024);
    }

    #[test]
    fn one_message_above_the_proven_size_is_in_flight_at_most() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        let number = probe(&mut size, now);
        assert_eq!(size.limit(), 1_024);
        size.acknowledged(number, 4_096);
        assert_eq!(size.limit(), 4_096);
    }

    #[test]
    fn a_channel_that_dies_of_a_probe_falls_back_until_that_arrives_after_all() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        let number = probe(&mut size, now);
        let death = now + Duration::from_secs(5);
        assert_eq!(size.disconnected(death), Some(Verdict::Limit(1_024)));
        for number in 100..200 {
            assert_eq!(round(&mut size, number, death), 1_024);
        }
        assert_eq!(size.acknowledged(number, 4_096), Some(16_384));
        assert_eq!(size.limit(), 4_096);
        assert_eq!(size.disconnected(death), None);
    }

    #[test]
    fn after_three_deaths_nothing_larger_is_tried() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 262_144);
        for (proven, limit) in [(4_096, 262_144), (16_384, 262_144), (65_536, 65_536)] {
            let number = probe(&mut size, now);
            assert_eq!(size.disconnected(now), Some(Verdict::Limit(proven / STEP)));
            assert_eq!(size.acknowledged(number, proven), Some(limit));
        }
        for number in 0..100 {
            assert_eq!(round(&mut size, number, now), 65_536);
        }
    }

    /// Has socket after socket die of the probe for longer than enough; the last verdict.
    fn dies_of(size: &mut PayloadSize, number: i64, mut now: Instant) -> Option<Verdict> {
        let mut verdict = None;
        for _ in 0..=REFUSALS {
            now += REFUSED_FOR / REFUSALS;
            size.connected();
            size.transmitted(number, now);
            verdict = size.disconnected(now);
        }
        verdict
    }

    #[test]
    fn death_after_death_of_the_same_message_is_the_end_if_smaller_ones_arrive() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        let number = probe(&mut size, now);
        size.disconnected(now);
        size.acknowledged(number + 1, 100);
        for _ in 2..REFUSALS {
            size.connected();
            // Lost again before the message went out: not its fault.
            assert_eq!(size.disconnected(now), None);
            size.connected();
            size.transmitted(number, now);
            assert_eq!(size.disconnected(now), None);
        }
        size.connected();
        size.transmitted(number, now);
        // Many in a moment are a network that comes and goes.
        assert_eq!(size.disconnected(now), None);
        let later = now + REFUSED_FOR;
        size.connected();
        size.transmitted(number, later);
        assert_eq!(size.disconnected(later), Some(Verdict::Refused(4_096)));
    }

    #[test]
    fn a_path_over_which_nothing_arrives_says_nothing_about_sizes() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        let number = probe(&mut size, now);
        // What arrived before the first death is no evidence either.
        size.acknowledged(number + 1, 1_024);
        size.disconnected(now);
        assert_eq!(dies_of(&mut size, number, now), None);
        assert_eq!(dies_of(&mut size, number, now + REFUSED_FOR * 2), None);
        size.acknowledged(number + 2, 1_024);
        let verdict = dies_of(&mut size, number, now + REFUSED_FOR * 4);
        assert_eq!(verdict, Some(Verdict::Refused(4_096)));
    }

    #[test]
    fn a_channel_that_dies_later_died_of_something_else() {
        let now = Instant::now();
        let mut size = PayloadSize::new(1_024, 16_384);
        probe(&mut size, now);
        assert_eq!(size.disconnected(now + Duration::from_secs(6)), None);
    }
}
