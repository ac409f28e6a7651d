//! Sessions that could not be ended at the service, and when that is tried again.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::Next;

/// How often a session is tried to be ended that could not be.
const PERIOD: Duration = Duration::from_secs(60);

/// No session lives longer: the longest duration that an account can set is 1,440 minutes
/// (docs/protocol.md, section 3).
const AGE_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Sessions that are remembered at most: more than the tunnels of a process have in a day.
const LEFTOVERS_MOST: usize = 1_000;

/// When sessions are tried to be ended again that could not be, over all tunnels of a process,
/// those that are over included.
///
/// Each is tried once a minute, and at once when the machine has a network again or has woken
/// up. What the account does not allow is not asked again before there are other credentials.
/// After a day no session lives any more.
///
/// The driver follows the contract of the crate: actions, then the next timeout.
#[derive(Debug, Default)]
pub struct Leftovers {
    kept: BTreeMap<String, Kept>,
    network_down: bool,
    actions: VecDeque<LeftoverAction>,
}

/// A session that could not be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Which.
    pub session_id: String,
    /// Where its service is.
    pub place: Place,
    /// What was answered; `None` if the answer was not waited for.
    pub answer: Option<Next>,
}

/// Where a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Somewhere in the network.
    Network,
    /// On this machine: networks mean nothing to it, and if nobody listens there, it is gone, and
    /// its sessions with it ([`Leftovers::handle_service_gone`]).
    Here,
}

/// What the driver is to do about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftoverAction {
    /// Call TerminateSession, behind all calls for which somebody waits; answered by
    /// [`Leftovers::handle_answer`].
    End(String),
    /// The same, at once.
    EndNow(String),
    /// Forget it: it is over.
    Forget(String),
}

#[derive(Debug)]
struct Kept {
    since: Instant,
    place: Place,
    phase: Phase,
}

/// ```text
///           time, network, wake, last chance
///  Waiting ─────────────────────▶ Asking ── ended ──▶ gone
///     ▲                            │  │
///     └────────── failed ──────────┘  │ denied
///  Denied ◀───────────────────────────┘
///     └── new credentials ──▶ Asking
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is tried then.
    Waiting { until: Instant },
    /// TerminateSession is under way.
    Asking,
    /// It is not allowed, or not with these settings.
    Denied,
}

impl Leftovers {
    /// Takes a session over. Returns whether it is kept in mind; there are bounds.
    pub fn adopt(&mut self, now: Instant, leftover: Leftover) -> bool {
        let Leftover {
            session_id,
            place,
            answer,
        } = leftover;
        if self.kept.len() >= LEFTOVERS_MOST {
            return false;
        }
        let phase = match answer {
            Some(next) => after(now, next),
            // Nobody knows whether it was ended.
            None => Phase::Waiting { until: now },
        };
        let kept = Kept {
            since: now,
            place,
            phase,
        };
        self.kept.insert(session_id, kept);
        self.ask_those_due(now);
        true
    }

    /// The answer to [`LeftoverAction::End`].
    pub fn handle_answer(&mut self, now: Instant, session_id: &str, answer: Result<(), Next>) {
        let Some(kept) = self.kept.get_mut(session_id) else {
            return;
        };
        match answer {
            Ok(()) | Err(Next::NewSession) => self.forget(session_id),
            Err(next) => kept.phase = after(now, next),
        }
    }

    /// The session's service was one of this machine, and nobody listens there any more.
    pub fn handle_service_gone(&mut self, session_id: &str) {
        self.forget(session_id);
    }

    /// Somebody waits for the end of those that wait, and perhaps of this process: they are tried
    /// once more. What was denied is not.
    pub fn handle_last_chance(&mut self, session_ids: &[String]) {
        for session_id in session_ids {
            if let Some(kept) = self.kept.get_mut(session_id)
                && let Phase::Waiting { .. } = kept.phase
            {
                kept.phase = Phase::Asking;
                let end = LeftoverAction::EndNow(session_id.clone());
                self.actions.push_back(end);
            }
        }
    }

    /// Says whether the answer for a session is awaited.
    pub fn is_asking(&self, session_id: &str) -> bool {
        let kept = self.kept.get(session_id);
        kept.is_some_and(|kept| kept.phase == Phase::Asking)
    }

    /// The machine has no network any more.
    pub fn handle_network_down(&mut self) {
        self.network_down = true;
    }

    /// The machine has a network again, or another one.
    pub fn handle_network_up(&mut self, now: Instant) {
        self.network_down = false;
        self.hurry(now);
    }

    /// The machine is awake again.
    pub fn handle_woke(&mut self, now: Instant) {
        self.hurry(now);
    }

    /// There are other credentials.
    pub fn handle_credentials_changed(&mut self, now: Instant) {
        for kept in self.kept.values_mut() {
            if kept.phase == Phase::Denied {
                kept.phase = Phase::Waiting { until: now };
            }
        }
        self.hurry(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let old = |kept: &Kept| kept.since + AGE_MOST <= now;
        let over: Vec<_> = self
            .kept
            .iter()
            .filter(|(_, kept)| old(kept))
            .map(|(session_id, _)| session_id.clone())
            .collect();
        for session_id in over {
            self.forget(&session_id);
        }
        self.ask_those_due(now);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<LeftoverAction> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = |kept: &Kept| match kept.phase {
            Phase::Waiting { until } if self.is_reachable(kept.place) => until,
            Phase::Waiting { .. } | Phase::Asking | Phase::Denied => kept.since + AGE_MOST,
        };
        self.kept
            .values()
            .map(|kept| due(kept).min(kept.since + AGE_MOST))
            .min()
    }

    fn hurry(&mut self, now: Instant) {
        for kept in self.kept.values_mut() {
            if let Phase::Waiting { until } = &mut kept.phase {
                *until = (*until).min(now);
            }
        }
        self.ask_those_due(now);
    }

    fn ask_those_due(&mut self, now: Instant) {
        let network_down = self.network_down;
        for (session_id, kept) in &mut self.kept {
            let reachable = kept.place == Place::Here || !network_down;
            match kept.phase {
                Phase::Waiting { until } if until <= now && reachable => {
                    kept.phase = Phase::Asking;
                    let end = LeftoverAction::End(session_id.clone());
                    self.actions.push_back(end);
                }
                Phase::Waiting { .. } | Phase::Asking | Phase::Denied => {}
            }
        }
    }

    fn is_reachable(&self, place: Place) -> bool {
        place == Place::Here || !self.network_down
    }

    fn forget(&mut self, session_id: &str) {
        if self.kept.remove(session_id).is_some() {
            let forget = LeftoverAction::Forget(session_id.to_owned());
            self.actions.push_back(forget);
        }
    }
}

/// What follows from an attempt that failed.
fn after(now: Instant, next: Next) -> Phase {
    match next {
        // Nobody prompts for it, and looking costs nothing.
        Next::Retry
        | Next::AwaitNetwork
        | Next::NewSession
        | Next::AwaitTarget
        | Next::NewCredentials
        | Next::SignIn
        | Next::AwaitSettings => Phase::Waiting {
            until: now + PERIOD,
        },
        // To look again finds the same.
        Next::Stop | Next::Restart => Phase::Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn left(session_id: &str, answer: Option<Next>) -> Leftover {
        Leftover {
            session_id: session_id.to_owned(),
            place: Place::Network,
            answer,
        }
    }

    fn actions(leftovers: &mut Leftovers) -> Vec<LeftoverAction> {
        std::iter::from_fn(|| leftovers.poll_action()).collect()
    }

    fn end(session_id: &str) -> LeftoverAction {
        LeftoverAction::End(session_id.to_owned())
    }

    fn forget(session_id: &str) -> LeftoverAction {
        LeftoverAction::Forget(session_id.to_owned())
    }

    #[test]
    fn a_session_is_tried_once_a_minute_until_it_is_ended() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.adopt(start, left("s", Some(Next::Retry)));
        for minute in 1..=5 {
            assert_eq!(actions(&mut leftovers), []);
            let due = start + PERIOD * minute;
            assert_eq!(leftovers.poll_timeout(), Some(due));
            leftovers.handle_timeout(due);
            assert_eq!(actions(&mut leftovers), [end("s")]);
            leftovers.handle_answer(due, "s", Err(Next::Retry));
        }
        let due = leftovers.poll_timeout().unwrap();
        leftovers.handle_timeout(due);
        actions(&mut leftovers);
        leftovers.handle_answer(due, "s", Ok(()));
        assert_eq!(actions(&mut leftovers), [forget("s")]);
        assert_eq!(leftovers.poll_timeout(), None);
    }

    #[test]
    fn an_attempt_that_nobody_waited_for_is_made_again_at_once() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.adopt(start, left("s", None));
        assert_eq!(actions(&mut leftovers), [end("s")]);
    }

    #[test]
    fn nothing_is_tried_without_a_network_and_everything_with_its_return() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.handle_network_down();
        leftovers.adopt(start, left("a", None));
        leftovers.adopt(start, left("b", Some(Next::AwaitNetwork)));
        let here = Leftover {
            place: Place::Here,
            ..left("here", None)
        };
        leftovers.adopt(start, here);
        assert_eq!(actions(&mut leftovers), [end("here")]);
        leftovers.handle_service_gone("here");
        assert_eq!(actions(&mut leftovers), [forget("here")]);
        leftovers.handle_timeout(start + PERIOD * 10);
        assert_eq!(actions(&mut leftovers), []);
        leftovers.handle_network_up(start + PERIOD * 10);
        assert_eq!(actions(&mut leftovers), [end("a"), end("b")]);
        // One attempt at a time.
        leftovers.handle_woke(start + PERIOD * 10);
        assert_eq!(actions(&mut leftovers), []);
    }

    #[test]
    fn a_service_on_this_machine_that_does_not_answer_is_asked_again_until_nobody_listens() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        let here = Leftover {
            place: Place::Here,
            ..left("s", Some(Next::AwaitNetwork))
        };
        leftovers.adopt(start, here);
        for minute in 1..=3 {
            let due = start + PERIOD * minute;
            assert_eq!(leftovers.poll_timeout(), Some(due));
            leftovers.handle_timeout(due);
            assert_eq!(actions(&mut leftovers), [end("s")]);
            leftovers.handle_answer(due, "s", Err(Next::AwaitNetwork));
        }
        leftovers.handle_service_gone("s");
        assert_eq!(actions(&mut leftovers), [forget("s")]);
    }

    #[test]
    fn what_waits_has_a_last_chance_when_somebody_waits_for_it() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.adopt(start, left("a", Some(Next::Retry)));
        leftovers.adopt(start, left("b", Some(Next::Retry)));
        leftovers.adopt(start, left("denied", Some(Next::Stop)));
        let all = ["a", "denied", "gone"].map(str::to_owned);
        leftovers.handle_last_chance(&all);
        let now = LeftoverAction::EndNow("a".to_owned());
        assert_eq!(actions(&mut leftovers), [now]);
        assert!(leftovers.is_asking("a"));
        assert!(!leftovers.is_asking("b") && !leftovers.is_asking("gone"));
        // One attempt at a time.
        leftovers.handle_last_chance(&all);
        assert_eq!(actions(&mut leftovers), []);
        leftovers.handle_answer(start, "a", Err(Next::Retry));
        assert!(!leftovers.is_asking("a"));
    }

    #[test]
    fn what_is_denied_is_asked_again_with_other_credentials_only() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.adopt(start, left("s", Some(Next::Stop)));
        leftovers.handle_network_up(start + SECOND);
        leftovers.handle_timeout(start + PERIOD * 60);
        assert_eq!(actions(&mut leftovers), []);
        leftovers.handle_credentials_changed(start + PERIOD * 60);
        assert_eq!(actions(&mut leftovers), [end("s")]);
    }

    #[test]
    fn after_a_day_no_session_lives_any_more() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        leftovers.adopt(start, left("denied", Some(Next::Stop)));
        assert_eq!(leftovers.poll_timeout(), Some(start + AGE_MOST));
        leftovers.handle_timeout(start + AGE_MOST);
        assert_eq!(actions(&mut leftovers), [forget("denied")]);
        assert_eq!(leftovers.poll_timeout(), None);
    }

    #[test]
    fn only_so_many_are_kept_in_mind() {
        let (mut leftovers, start) = (Leftovers::default(), Instant::now());
        for n in 0..LEFTOVERS_MOST {
            assert!(leftovers.adopt(start, left(&n.to_string(), Some(Next::Retry))));
        }
        assert!(!leftovers.adopt(start, left("more", None)));
        assert_eq!(actions(&mut leftovers), []);
    }
}
