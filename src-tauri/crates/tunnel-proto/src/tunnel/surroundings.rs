//! What the machine goes through: networks that come and go, sleep, new credentials.

use std::time::{Duration, Instant};

use super::{Action, Tunnel};
use crate::evidence::{Cause, Happening};
use crate::slot::{Lacks, Phase, Renewing, Slot};
use crate::{NETWORK_DOWN, Problem, ProblemKind};

/// Whether the machine has a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Up,
    Down,
}

/// Whether the machine is awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    Awake,
    Sleeping,
}

impl Tunnel {
    /// Whether attempts are no use now. A tunnel that has never been up tries regardless: whoever
    /// starts one wants to hear soon what is wrong.
    pub(super) fn is_held(&self) -> bool {
        self.has_been_up && (self.network == Network::Down || self.power == Power::Sleeping)
    }

    pub(super) fn handle_network_down(&mut self) -> Cause {
        self.network = Network::Down;
        self.hold();
        Cause::Network
    }

    pub(super) fn handle_network_up(&mut self, now: Instant) -> Cause {
        self.network = Network::Up;
        self.give_up_calls();
        self.check_paths();
        self.try_all(now);
        Cause::Network
    }

    pub(super) fn handle_sleeping(&mut self) -> Cause {
        self.power = Power::Sleeping;
        for at in 0..self.slots.len() {
            self.tell_of_sleep(at);
        }
        self.hold();
        Cause::Power
    }

    /// A session whose WebSocket is there is told that the machine sleeps, if it does: each
    /// WebSocket anew, for one may come in the time between a sleep's announcement and the sleep.
    pub(super) fn tell_of_sleep(&mut self, at: usize) {
        let slot = &self.slots[at];
        if self.power == Power::Sleeping && slot.is_up() {
            self.actions.push_back(Action::Sleep(slot.key));
        }
    }

    pub(super) fn handle_woke(&mut self, now: Instant, asleep: Duration) -> Cause {
        self.power = Power::Awake;
        let asleep_ms = super::drops::millis(asleep);
        self.clock.unix_ms_at_origin = self.clock.unix_ms_at_origin.saturating_add(asleep_ms);
        if asleep_ms > 0 {
            self.record(now, Happening::Slept { asleep_ms });
        }
        for up in self.slots.iter_mut().filter_map(Slot::up_mut) {
            // The gateway has counted the time.
            up.asleep = up.asleep.saturating_add(asleep);
            if let Renewing::Due { at } = &mut up.renewing {
                *at = at.checked_sub(asleep).unwrap_or(now);
            }
        }
        self.give_up_calls();
        self.check_paths();
        self.try_all(now);
        Cause::Power
    }

    pub(super) fn handle_credentials_changed(&mut self, now: Instant) -> Cause {
        for at in 0..self.slots.len() {
            let (Phase::AwaitingSignIn { outage, step, .. } | Phase::Waiting { outage, step, .. }) =
                &self.slots[at].phase
            else {
                continue;
            };
            match outage.lacks {
                Lacks::SignIn | Lacks::Settings => {
                    let (outage, step) = (outage.clone(), *step);
                    self.attempt(now, at, step, outage);
                }
                Lacks::Nothing | Lacks::Network | Lacks::Restart => {}
            }
        }
        Cause::TriedNow
    }

    /// The user knows better than we whether there is a use in it.
    pub(super) fn handle_try_now(&mut self, now: Instant) -> Cause {
        for at in 0..self.slots.len() {
            if let Phase::AwaitingSignIn { outage, step, .. }
            | Phase::Held { outage, step }
            | Phase::Waiting { outage, step, .. } = &self.slots[at].phase
            {
                let (outage, step) = (outage.clone(), *step);
                self.ask(now, at, step, outage);
            }
        }
        Cause::TriedNow
    }

    /// Nothing is tried before the machine is awake and has a network.
    fn hold(&mut self) {
        if !self.is_held() {
            return;
        }
        for slot in &mut self.slots {
            if let Phase::Waiting { outage, step, .. } = &slot.phase {
                slot.phase = Phase::Held {
                    outage: outage.clone(),
                    step: *step,
                };
            }
        }
    }

    /// Whatever waits is tried at once, and once: what was is no measure for what is.
    fn try_all(&mut self, now: Instant) {
        if self.is_held() {
            return;
        }
        for at in 0..self.slots.len() {
            if let Some(outage) = self.slots[at].outage_mut() {
                outage.count_anew(now);
            }
            if let Phase::Held { outage, step }
            | Phase::Waiting { outage, step, .. }
            | Phase::AwaitingSignIn { outage, step, .. } = &self.slots[at].phase
            {
                let (outage, step) = (outage.clone(), *step);
                self.ask(now, at, step, outage);
            }
        }
    }

    /// Calls and dials that began before a new network, or before a sleep, may have gone where
    /// nobody answers: it is asked again now, and not when their deadlines come. StartSession is
    /// not among them: what it grants would be left behind.
    fn give_up_calls(&mut self) {
        for slot in &self.slots {
            let under_way = match &slot.phase {
                Phase::Resuming { .. } | Phase::Dialling { .. } => true,
                Phase::Up(up) => match up.renewing {
                    Renewing::Resuming | Renewing::Dialling => true,
                    Renewing::Off
                    | Renewing::Due { .. }
                    | Renewing::Quiet
                    | Renewing::Taking
                    | Renewing::QuietToClose => false,
                },
                Phase::Starting { .. }
                | Phase::Handshaking { .. }
                | Phase::Waiting { .. }
                | Phase::Held { .. }
                | Phase::AwaitingSignIn { .. }
                | Phase::Ending(_) => false,
            };
            if under_way {
                self.actions.push_back(Action::GiveUp(slot.key));
            }
        }
    }

    pub(super) fn check_paths(&mut self) {
        for slot in self.slots.iter().filter(|slot| slot.is_up()) {
            self.actions.push_back(Action::CheckPath(slot.key));
        }
    }
}

pub(super) fn network_down() -> Problem {
    Problem::new(
        ProblemKind::Network,
        NETWORK_DOWN,
        "This machine has no network.",
        "Nothing to do here: the tunnel goes on as soon as the network is back.",
    )
}
