//! A new WebSocket before the gateway closes the old one: at a moment of ours, at which nothing
//! is on its way, instead of in the middle of a transfer.

use std::time::{Duration, Instant};

use super::drops::OpenDrop;
use super::{Action, Grant, Loss, Purpose, Tunnel};
use crate::evidence::{Cause, ClosedBy, Happening, Renewal};
use crate::slot::{Phase, Renewing, Slot, Step};
use crate::{Close, Failure, Next, Problem, ProblemKind, SessionKey, Vitals};

/// How long a new WebSocket waits for a quiet moment of the old one before it is given up. Its
/// token is not good for long, and what comes in between two bursts comes soon.
pub const TAKE_PATIENCE: Duration = Duration::from_secs(5);

/// The pause after a renewal that was not quiet for long enough.
const MISSED_PAUSE: Duration = Duration::from_secs(30);

/// The pause after a renewal that failed for a reason that may pass. There are ten minutes
/// until the gateway closes.
const FAILED_PAUSE: Duration = Duration::from_secs(60);

/// How long after a close of ours the service may still take the session for connected: the close
/// has to reach the gateway, and the service has to hear of it. After that its refusal counts.
const CLOSE_SEEN: Duration = Duration::from_secs(10);

impl Tunnel {
    /// When a WebSocket that is opened now is to be renewed.
    pub(super) fn renewal_of(&self, now: Instant) -> Renewing {
        let due = self.policy.renew_after.and_then(|age| now.checked_add(age));
        match due {
            Some(at) => Renewing::Due { at },
            None => Renewing::Off,
        }
    }

    pub(super) fn renew_if_due(&mut self, now: Instant, at: usize) {
        let held = self.is_held();
        let slot = &mut self.slots[at];
        let key = slot.key;
        if let Some(up) = slot.up_mut()
            && let Renewing::Due { at: due } = up.renewing
            && due <= now
        {
            up.renewing = if held {
                Renewing::Due {
                    at: now + FAILED_PAUSE,
                }
            } else {
                self.actions.push_back(Action::AwaitQuiet(key));
                Renewing::Quiet
            };
        }
    }

    pub(super) fn handle_quiet(&mut self, now: Instant, key: SessionKey, vitals: Vitals) -> Cause {
        let Some(at) = self.position(key) else {
            return Cause::Timer;
        };
        let held = self.is_held();
        let slot = &mut self.slots[at];
        let (Some(session_id), Phase::Up(up)) = (slot.session_id.clone(), &mut slot.phase) else {
            return Cause::Timer;
        };
        match up.renewing {
            // No other WebSocket could be had now; this one may outlive the trouble.
            Renewing::Quiet | Renewing::QuietToClose if held => {
                up.renewing = Renewing::Due {
                    at: now + FAILED_PAUSE,
                };
            }
            Renewing::Quiet => {
                up.renewing = Renewing::Resuming;
                slot.asks(now);
                self.actions.push_back(Action::Resume(key, session_id));
            }
            Renewing::QuietToClose => {
                let age = up.age(now);
                self.close_and_resume(now, at, age, vitals);
            }
            Renewing::Off
            | Renewing::Due { .. }
            | Renewing::Resuming
            | Renewing::Dialling
            | Renewing::Taking => {}
        }
        Cause::Timer
    }

    pub(super) fn handle_renewal_granted(
        &mut self,
        now: Instant,
        at: usize,
        result: Result<Grant, Failure>,
    ) -> Cause {
        let key = self.slots[at].key;
        let next = match result {
            Ok(grant) => {
                self.slots[at].accept(&grant);
                self.actions
                    .push_back(Action::Dial(key, grant, Purpose::Renew));
                Renewing::Dialling
            }
            Err(failure) => self.renewal_failed(now, key, &failure),
        };
        self.set_renewing(at, next);
        Cause::Timer
    }

    pub(super) fn handle_renewal_dialled(
        &mut self,
        now: Instant,
        at: usize,
        result: Result<(), Failure>,
    ) -> Cause {
        let key = self.slots[at].key;
        let next = match result {
            Ok(()) => Renewing::Taking,
            // It is the way to the gateway that is closed, not the service that refuses: without
            // the WebSocket that works there would be none.
            Err(Failure {
                next: Next::Stop, ..
            }) => Renewing::Due {
                at: now + FAILED_PAUSE,
            },
            Err(failure) => self.renewal_failed(now, key, &failure),
        };
        self.set_renewing(at, next);
        Cause::Timer
    }

    pub(super) fn handle_renewed(&mut self, now: Instant, key: SessionKey) -> Cause {
        let Some(at) = self.position(key) else {
            return Cause::Resumed;
        };
        let renewing = self.renewal_of(now);
        let slot = &mut self.slots[at];
        match &mut slot.phase {
            Phase::Up(up) if matches!(up.renewing, Renewing::Taking | Renewing::Dialling) => {
                let age = up.age(now);
                up.renewing = renewing;
                up.since = now;
                up.asleep = Duration::ZERO;
                let what = Happening::Renewed(Renewal {
                    session_id: slot.session_id.clone(),
                    socket_age_ms: super::drops::millis(age),
                    gap_ms: 0,
                    connections: slot.connections(),
                });
                self.renewals = self.renewals.saturating_add(1);
                self.record(now, what);
                self.tell_of_sleep(at);
            }
            // The old one was lost while the new one waited.
            Phase::Dialling { .. } => self.come_up(now, at),
            Phase::Up(_)
            | Phase::Starting { .. }
            | Phase::Resuming { .. }
            | Phase::Handshaking { .. }
            | Phase::Waiting { .. }
            | Phase::Held { .. }
            | Phase::AwaitingSignIn { .. }
            | Phase::Ending(_) => {}
        }
        Cause::Resumed
    }

    pub(super) fn handle_renewal_missed(&mut self, now: Instant, key: SessionKey) -> Cause {
        if let Some(up) = self.slot(key).and_then(Slot::up_mut)
            && matches!(up.renewing, Renewing::Taking | Renewing::Dialling)
        {
            let at = now + MISSED_PAUSE;
            up.renewing = Renewing::Due { at };
        }
        Cause::Timer
    }

    /// What follows when a session that works could not be given a new WebSocket.
    fn renewal_failed(&mut self, now: Instant, key: SessionKey, failure: &Failure) -> Renewing {
        match failure.next {
            Next::Retry
            | Next::AwaitNetwork
            | Next::AwaitTarget
            | Next::AwaitSettings
            | Next::NewCredentials
            | Next::SignIn
            | Next::Restart => Renewing::Due {
                at: now + FAILED_PAUSE,
            },
            // It works as long as the gateway lets it; only then its connections are lost.
            Next::NewSession => Renewing::Off,
            // What is denied now is denied without a WebSocket, too.
            Next::Stop if failure.problem.kind == ProblemKind::Permission => Renewing::Off,
            Next::Stop => {
                self.actions.push_back(Action::AwaitQuiet(key));
                Renewing::QuietToClose
            }
        }
    }

    fn set_renewing(&mut self, at: usize, renewing: Renewing) {
        if let Some(up) = self.slots[at].up_mut() {
            up.renewing = renewing;
        }
    }

    /// Whether we have closed the session's WebSocket ourselves, a moment ago, to renew it.
    pub(super) fn is_just_closed(&self, now: Instant, at: usize) -> bool {
        self.slots[at].drop.as_ref().is_some_and(|drop| {
            drop.closed_by() == ClosedBy::Renewal
                && !drop.is_replaced()
                && now.saturating_duration_since(drop.lost()) < CLOSE_SEEN
        })
    }

    /// The service does not renew what is connected, and nothing is on its way.
    fn close_and_resume(&mut self, now: Instant, at: usize, age: Duration, vitals: Vitals) {
        let problem = Problem::new(
            ProblemKind::Service,
            "renewal",
            "The connection to the gateway is being renewed.",
            "",
        );
        let loss = Loss {
            close: Close {
                at: self.clock.unix_ms(now),
                code: None,
                reason: problem.code.clone(),
            },
            closed_by: ClosedBy::Renewal,
            progressed: true,
            vitals,
        };
        let outage = self.outage(now, problem);
        let slot = &mut self.slots[at];
        let id = slot.session_id.clone();
        slot.drop = Some(Box::new(OpenDrop::new(
            now,
            id,
            &loss,
            age,
            slot.connections(),
        )));
        self.actions.push_back(Action::Close(slot.key));
        self.attempt(now, at, Step::Resume, outage);
    }
}
