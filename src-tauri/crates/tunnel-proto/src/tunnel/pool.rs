//! How many sessions there are, and which connections go where.

use std::time::{Duration, Instant};

use super::{Action, Intent, RequestId, Tunnel, TunnelTimer, Waiting};
use crate::evidence::{Cause, Happening, Refusal, TurnedAway};
use crate::slot::{Health, Phase, Slot, Step, Up};
use crate::{Illness, Load, Problem, SessionKey, Start};

/// How long a session that is not needed any more is kept for what may come.
const SHRINK_AFTER: Duration = Duration::from_secs(60);

/// How long a connection waits for a session that is being started, when those that are there
/// would serve it badly. Starting one takes less, as a rule.
const SPARE_PATIENCE: Duration = Duration::from_secs(1);

/// So soon after a connection was placed on a session, nobody knows yet what it will carry. A
/// transfer shows after 0.27 s ([`Load::Bulk`]: 256 KiB at the 1 MB/s of an agent), half of a
/// page's requests after as long again.
const UNKNOWN_FOR: Duration = Duration::from_millis(500);

/// Where starting a session took no longer than that the last time, a connection waits for one
/// rather than share a session with another of which nothing is known. The objects of a page come over
/// six connections at once: with one session they take 1.9 s, and waiting for more pays up to half of it.
/// Where starting takes longer, the pool grows beside, for the connections that come next.
const QUICK_START: Duration = Duration::from_millis(500);

/// How long the pool is not grown after the service has refused it: a quota, a target that is
/// away.
const GROWTH_PAUSE: Duration = Duration::from_secs(60);

/// In this part of its life a WebSocket gets no new connections if others can take them: the
/// gateway closes it after about 60 minutes (docs/protocol.md, section 3). One that is older
/// shows that the gateway here keeps other hours.
const ABOUT_TO_BE_CUT: std::ops::Range<Duration> =
    Duration::from_secs(57 * 60)..Duration::from_secs(63 * 60);

impl Tunnel {
    /// A connection waits that was accepted at `since`.
    pub(super) fn handle_accepted(
        &mut self,
        now: Instant,
        request: RequestId,
        since: Instant,
    ) -> Cause {
        let running = matches!(self.intent, Intent::Run);
        if !running {
            self.actions.push_back(Action::Reject(request));
        } else if self.waiting.len() >= self.policy.waiting_most {
            self.actions.push_back(Action::Reject(request));
            let problem = self.trouble();
            self.turned_away(now, [since], Refusal::TooMany, problem);
        } else {
            // The one that has waited for the longest time comes first.
            let at = self.waiting.partition_point(|other| other.since <= since);
            self.waiting.insert(at, Waiting { request, since });
            self.hurry(now);
        }
        Cause::Connection
    }

    pub(super) fn handle_finished(&mut self, now: Instant, key: SessionKey) -> Cause {
        if let Some(slot) = self.slot(key) {
            slot.end_connection(now);
        }
        Cause::Connection
    }

    pub(super) fn handle_load(&mut self, key: SessionKey, load: Load) -> Cause {
        if let Some(up) = self.slot(key).and_then(Slot::up_mut) {
            up.load = load;
        }
        Cause::Health
    }

    pub(super) fn handle_degraded(
        &mut self,
        now: Instant,
        key: SessionKey,
        illness: Option<Illness>,
    ) -> Cause {
        if let Some(up) = self.slot(key).and_then(Slot::up_mut) {
            up.health = match (illness, &up.health) {
                (Some(illness), _) => Health::Ill(illness),
                (None, Health::Well { since }) => Health::Well { since: *since },
                (None, Health::Ill(_)) => Health::Well { since: now },
            };
        }
        Cause::Health
    }

    /// Brings the pool to the size that is wanted now.
    pub(super) fn tend_pool(&mut self, now: Instant) {
        if let Start::Lazy { .. } = self.policy.start {
            self.tend_lazily(now);
            if self.live() == 0 {
                return;
            }
        }
        if !self.has_been_up {
            return;
        }
        while self.is_short() && self.is_growth_allowed(now) {
            self.start_session(now, None);
        }
        if self.carries_bulk_alone(now) && self.may_grow(now) {
            self.start_session(now, None);
        }
        if let Some(at) = self.shrinkable()
            && self.idle_for(now, at) >= SHRINK_AFTER
        {
            self.let_go(now, at);
        }
    }

    /// The pool's timers.
    pub(super) fn pool_timeout(&self) -> impl Iterator<Item = (Instant, TunnelTimer)> + '_ {
        let running = matches!(self.intent, Intent::Run);
        let first = self.waiting.front();
        let limit = first.and_then(|waiting| {
            let at = waiting.since.checked_add(self.policy.wait_limit)?;
            Some((at, TunnelTimer::WaitLimit(waiting.request)))
        });
        let any_up = self.slots.iter().any(Slot::is_up);
        let patience = first.filter(|_| any_up).map(|waiting| {
            let known = self.slots.iter().filter_map(|slot| {
                let unknown = service(self.now, slot, slot.up()?) == Service::Unknown;
                known_at(slot).filter(|_| unknown)
            });
            let patience = waiting.since + self.spare_patience();
            (
                known.fold(patience, Instant::min),
                TunnelTimer::SparePatience(waiting.request),
            )
        });
        let shrink = self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let idle = slot.idle_since().filter(|_| self.is_shrinkable(at))?;
            Some((idle + SHRINK_AFTER, TunnelTimer::Shrink(slot.key)))
        });
        let idle = match (self.policy.start, self.unused_since) {
            (Start::Lazy { idle }, Some(since)) if self.live() > 0 => {
                since.checked_add(idle).map(|at| (at, TunnelTimer::Idle))
            }
            (Start::Lazy { .. } | Start::AtOnce, _) => None,
        };
        let fill = self.growth_refused_until.filter(|_| self.is_short());
        let fill = fill.map(|until| (until, TunnelTimer::Fill));
        let pool = shrink.chain(idle).chain(fill).filter(move |_| running);
        limit.into_iter().chain(patience).chain(pool)
    }

    /// Closes the connections that have waited long enough for any session. While one is up, the
    /// end of the wait means that it has to do ([`place_waiting`](Self::place_waiting) comes
    /// before this).
    pub(super) fn reject_overdue(&mut self, now: Instant) {
        let mut overdue = Vec::new();
        while let Some(waiting) = self.waiting.front()
            && self.policy.wait_limit <= now.saturating_duration_since(waiting.since)
        {
            self.actions.push_back(Action::Reject(waiting.request));
            overdue.push(waiting.since);
            self.waiting.pop_front();
        }
        if !overdue.is_empty() {
            let problem = self.trouble();
            self.turned_away(now, overdue, Refusal::WaitedOut, problem);
        }
    }

    /// Keeps that connections were closed that have waited since then, the oldest first.
    pub(super) fn turned_away(
        &mut self,
        now: Instant,
        since: impl IntoIterator<Item = Instant>,
        why: Refusal,
        problem: Option<Problem>,
    ) {
        let mut since = since.into_iter();
        let Some(first) = since.next() else { return };
        let more = u32::try_from(since.count()).unwrap_or(u32::MAX);
        let what = Happening::TurnedAway(TurnedAway {
            count: more.saturating_add(1),
            waited_ms: super::drops::millis(now.saturating_duration_since(first)),
            why,
            problem,
        });
        self.record(now, what);
    }

    /// Hands waiting connections to the session that will serve them best. One that would share it with
    /// what it may have to wait for brings another session, and waits for that if it will be there soon.
    pub(super) fn place_waiting(&mut self, now: Instant) {
        while let Some(&Waiting { request, since }) = self.waiting.front() {
            let up = self
                .slots
                .iter()
                .enumerate()
                .filter_map(|(at, slot)| Some((at, slot, slot.up()?)));
            let best = up.min_by_key(|(_, slot, up)| {
                let cut = is_about_to_be_cut(now, up);
                let bulk = slot.load() == Some(Load::Bulk);
                (up.illness().is_some(), bulk, cut, slot.connections())
            });
            let Some((at, slot, up)) = best else { return };
            let service = service(now, slot, up);
            let patient = now < since + self.spare_patience();
            if service != Service::Good {
                while self.coming() < self.waiting.len() && self.may_grow(now) {
                    self.start_session(now, None);
                }
                let worth_it = match service {
                    Service::Good => false,
                    Service::Unknown => self.starts_quickly(),
                    Service::Bad => true,
                };
                if patient && worth_it && self.coming() > 0 {
                    return;
                }
            }
            self.waiting.pop_front();
            let slot = &mut self.slots[at];
            slot.take_connection(now);
            self.actions.push_back(Action::Place(request, slot.key));
        }
    }

    /// A session that the tunnel can do without: nobody uses it, and others carry the tunnel,
    /// or nothing has to.
    pub(super) fn is_surplus(&self, at: usize) -> bool {
        let slot = &self.slots[at];
        if !matches!(self.intent, Intent::Run) || slot.connections() > 0 || !slot.is_live() {
            return false;
        }
        let unused = self.has_been_up && self.is_let_go_lazily();
        let spare = self.live() > usize::from(self.policy.sessions.least())
            && self.others(at).any(Slot::is_up);
        unused || spare
    }

    /// A session by which the pool was to grow did not come about.
    pub(super) fn refuse_growth(&mut self, now: Instant, at: usize) {
        self.growth_refused_until = Some(now + GROWTH_PAUSE);
        self.drop_session(now, at);
    }

    /// Whether nobody has used a lazy tunnel for long enough.
    pub(super) fn is_unused(&self, now: Instant) -> bool {
        match (self.policy.start, self.unused_since) {
            (Start::Lazy { idle }, Some(since)) => idle <= now.saturating_duration_since(since),
            (Start::Lazy { .. } | Start::AtOnce, _) => false,
        }
    }

    /// Whether this is a lazy tunnel that has no connection: it gets no more sessions.
    fn is_let_go_lazily(&self) -> bool {
        let lazy = match self.policy.start {
            Start::Lazy { .. } => true,
            Start::AtOnce => false,
        };
        lazy && !self.is_used()
    }

    /// Whether there are connections, on sessions or waiting for one.
    fn is_used(&self) -> bool {
        self.connections() > 0 || !self.waiting.is_empty()
    }

    fn tend_lazily(&mut self, now: Instant) {
        let unused = !self.is_used();
        self.unused_since = match (unused, self.unused_since) {
            (true, None) => Some(now),
            (true, since) => since,
            (false, _) => None,
        };
        if !unused && self.live() == 0 && !self.is_held() {
            self.started = self.clock.unix_ms(now);
            self.start_lazily(now);
        }
        if self.is_unused(now) {
            for at in (0..self.slots.len()).rev() {
                if self.slots[at].is_live() {
                    self.let_go(now, at);
                }
            }
        }
    }

    /// Starts the session that is wanted: at once, unless the last one could not be had a moment
    /// ago, for a program that connects again and again must not call the service as often.
    fn start_lazily(&mut self, now: Instant) {
        match &self.rest {
            Some(rest) if now < rest.until => {
                let (until, outage) = (rest.until, self.outage(now, rest.problem.clone()));
                let key = self.next_key();
                let mut slot = Slot::new(key, now, None);
                slot.phase = Phase::Waiting {
                    outage,
                    until,
                    step: Step::Start,
                };
                self.slots.push(slot);
                // It waits for this session, and a rest may be longer than it can.
                self.hurry(now);
            }
            Some(_) | None => self.start_session(now, None),
        }
    }

    /// Sessions that are not on their way out.
    pub(super) fn live(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_live()).count()
    }

    /// Whether there are fewer sessions than are always held, and there is a use in more.
    fn is_short(&self) -> bool {
        self.has_been_up
            && self.live() < usize::from(self.policy.sessions.least())
            && !self.is_held()
            && !self.is_let_go_lazily()
    }

    fn may_grow(&self, now: Instant) -> bool {
        self.live() < usize::from(self.policy.sessions.most())
            && !self.is_held()
            && self.is_growth_allowed(now)
    }

    fn is_growth_allowed(&self, now: Instant) -> bool {
        self.growth_refused_until.is_none_or(|until| until <= now)
    }

    /// How long a connection waits for a session of its own: never longer than for any.
    fn spare_patience(&self) -> Duration {
        SPARE_PATIENCE.min(self.policy.wait_limit)
    }

    /// Whether a transfer goes on, nothing would serve a new connection well, and no session is coming:
    /// the next connection is not to wait for one.
    fn carries_bulk_alone(&self, now: Instant) -> bool {
        let ups = || {
            self.slots
                .iter()
                .filter_map(|slot| Some((slot, slot.up()?)))
        };
        ups().any(|(slot, _)| slot.load() == Some(Load::Bulk))
            && !ups().any(|(slot, up)| service(now, slot, up) != Service::Bad)
            && self.coming() == 0
    }

    /// Sessions that are being started.
    fn coming(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_coming()).count()
    }

    /// Whether the last session that was started was there soon.
    fn starts_quickly(&self) -> bool {
        self.start_took.is_some_and(|took| took <= QUICK_START)
    }

    /// A session that helps no more, idle for the longest time.
    fn shrinkable(&self) -> Option<usize> {
        (0..self.slots.len())
            .filter(|at| self.is_shrinkable(*at))
            .min_by_key(|at| self.slots[*at].idle_since())
    }

    fn is_shrinkable(&self, at: usize) -> bool {
        let slot = &self.slots[at];
        let light = |slot: &Slot| {
            slot.up().is_some_and(|up| up.illness().is_none()) && slot.load() == Some(Load::Light)
        };
        slot.is_up()
            && slot.connections() == 0
            && self.live() > usize::from(self.policy.sessions.least())
            && self.others(at).any(light)
    }

    fn idle_for(&self, now: Instant, at: usize) -> Duration {
        self.slots[at]
            .idle_since()
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

/// How a session would serve one more connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// At once.
    Good,
    /// It has got a connection a moment ago, and what that will carry is not known.
    Unknown,
    /// It is ill, carries a transfer or is about to be cut.
    Bad,
}

fn service(now: Instant, slot: &Slot, up: &Up) -> Service {
    let bulk = slot.load() == Some(Load::Bulk);
    if up.illness().is_some() || bulk || is_about_to_be_cut(now, up) {
        Service::Bad
    } else if known_at(slot).is_some_and(|at| now < at) {
        Service::Unknown
    } else {
        Service::Good
    }
}

/// From when on it is known what the latest connection of a session carries.
fn known_at(slot: &Slot) -> Option<Instant> {
    slot.latest_connection().map(|latest| latest + UNKNOWN_FOR)
}

fn is_about_to_be_cut(now: Instant, up: &Up) -> bool {
    ABOUT_TO_BE_CUT.contains(&up.age(now))
}
