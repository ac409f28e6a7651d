//! What goes wrong.

use std::time::{Duration, Instant};

use tunnel_proto::{ClosedBy, Input};

use super::World;
use super::shell::CALL_DEADLINE;

/// What the service says to API calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Fine,
    /// ResumeSession fails so many more times, with this code, and may work later.
    FailResumes(&'static str, u32),
    /// ResumeSession is answered only after the client has given up waiting, so many times.
    HangResumes(u32),
    /// The credentials are refused as expired so many more times.
    Expired(u32),
    /// Credentials have expired until the user signs in.
    SignedOut,
    /// ResumeSession is refused while the session's WebSocket is open.
    RefuseConnected,
    /// The target is not connected to the service.
    TargetAway,
    /// The first of several targets is not; of one alone it is nothing.
    FirstTargetAway,
}

/// Whether anything gets out of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Up,
    Down,
}

/// What becomes of WebSockets while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// What was sent meanwhile arrives after the wake.
    Kept,
    /// Something between has forgotten them: nothing arrives any more, and nobody is told.
    Forgotten,
}

/// What ends a fault by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Later {
    NetworkUp,
    Mood(Mood),
    CredentialsChanged,
    Latency(Duration),
}

impl World {
    /// Breaks every WebSocket: what is on its way is lost, and both ends know at once.
    pub(crate) fn reset(&mut self) {
        self.note("reset");
        let keys: Vec<_> = self.clients.keys().copied().collect();
        for key in keys {
            self.lose(key, None, "reset", ClosedBy::Network);
        }
        self.settle();
    }

    /// The gateway closes every WebSocket.
    pub(crate) fn close_all(&mut self, code: u16) {
        self.note(("close", code));
        self.service.close_all(self.now, code);
    }

    /// Nothing gets through any WebSocket that is open now for so long; others can be had.
    pub(crate) fn black_hole(&mut self, time: Duration) {
        self.note(("black hole", time));
        let until = self.lasts(time);
        self.hold_sockets(until);
    }

    /// Nothing gets through for so long, neither over WebSockets nor of calls and dials, and
    /// nobody knows. What was sent meanwhile arrives afterwards, unless it was given up.
    pub(crate) fn blackout(&mut self, time: Duration) {
        self.note(("blackout", time));
        let until = self.lasts(time);
        self.hole_until = self.hole_until.max(Some(until));
        self.hold_sockets(until);
        for (due, answer) in std::mem::take(&mut self.answers) {
            self.answer_out_of_a_hole(due.max(until), answer);
        }
    }

    fn hold_sockets(&mut self, until: Instant) {
        for socket in self.service.sockets.values_mut() {
            socket.up.hold(until);
            socket.down.hold(until);
        }
    }

    /// Nothing comes of the WebSockets that are asked for within that time.
    pub(crate) fn hang_upgrades(&mut self, time: Duration) {
        self.note(("upgrades hang", time));
        self.upgrades_hang = Some(self.lasts(time));
    }

    /// When what is asked now can arrive at the earliest.
    pub(super) fn out_of_the_hole(&self) -> Instant {
        self.hole_until
            .map_or(self.now, |until| until.max(self.now))
    }

    /// Whether nobody waits for the answer to a call that is made now.
    pub(super) fn is_hopeless(&self) -> bool {
        self.out_of_the_hole() >= self.now + CALL_DEADLINE
    }

    /// This process does not run for so long, and everything else does.
    pub(crate) fn freeze(&mut self, time: Duration) {
        self.note(("freeze", time));
        let until = self.now + time;
        while let Some(next) = self.service.poll_timeout(self.now)
            && next <= until
        {
            self.now = self.now.max(next);
            self.service.handle_timeout(self.now);
        }
        self.now = until;
    }

    /// The machine loses its network: nothing gets through, and it knows.
    pub(crate) fn network_down(&mut self) {
        self.note("network down");
        self.network = Network::Down;
        self.forget_ways();
        for (_, answer) in std::mem::take(&mut self.answers) {
            self.answer_out_of_a_hole(self.now + CALL_DEADLINE, answer);
        }
        self.input(Input::NetworkDown);
        self.settle();
    }

    /// The machine has a network again: another one, over which no old WebSocket works.
    pub(crate) fn network_up(&mut self) {
        self.note("network up");
        self.network = Network::Up;
        self.input(Input::NetworkUp);
        self.settle();
    }

    /// The machine has no network for so long.
    pub(crate) fn network_down_for(&mut self, time: Duration) {
        self.network_down();
        self.later(time, Later::NetworkUp);
    }

    /// The service is in this mood for so long.
    pub(crate) fn mood_for(&mut self, mood: Mood, time: Duration) {
        self.note((mood, time));
        self.mood = mood;
        self.later(time, Later::Mood(Mood::Fine));
    }

    /// Somebody signs in after so long.
    pub(crate) fn sign_in_after(&mut self, time: Duration) {
        self.note(("signed out", time));
        self.mood = Mood::SignedOut;
        self.later(time, Later::Mood(Mood::Fine));
        self.later(time, Later::CredentialsChanged);
    }

    /// Messages take this long each way for a while.
    pub(crate) fn latency_for(&mut self, latency: Duration, time: Duration) {
        self.note(("latency", latency, time));
        let usual = self.service.conditions.latency;
        self.service.conditions.latency = latency;
        self.later(time, Later::Latency(usual));
    }

    /// No WebSocket is upgraded for so long.
    pub(crate) fn refuse_upgrades(&mut self, time: Duration) {
        self.note(("upgrades refused", time));
        self.upgrades_refused = Some(self.lasts(time));
    }

    /// The agents lose their own way to the service for so long.
    pub(crate) fn agents_away(&mut self, time: Duration) {
        self.note(("agents away", time));
        self.lasts(time);
        self.service.agents_away(self.now, time);
    }

    /// The machine sleeps for so long. Its own clock stands still; the service's does not.
    pub(crate) fn sleep(&mut self, asleep: Duration, way: Way) {
        self.fall_asleep();
        self.wake(asleep, way);
    }

    /// The machine says that it is about to sleep.
    pub(crate) fn fall_asleep(&mut self) {
        self.note("falls asleep");
        self.input(Input::Sleeping);
        self.settle();
    }

    /// The machine wakes up after so long.
    pub(crate) fn wake(&mut self, asleep: Duration, way: Way) {
        self.note(("woke after", asleep, way));
        self.service.pass(self.now, asleep);
        match way {
            Way::Kept => {}
            Way::Forgotten => self.forget_ways(),
        }
        self.input(Input::Woke { asleep });
        self.settle();
    }

    /// No WebSocket carries anything any more, and nobody is told.
    pub(crate) fn forget_ways(&mut self) {
        let sockets: Vec<_> = self.service.sockets.keys().copied().collect();
        for socket in sockets {
            self.service.forget_way(socket);
        }
    }

    pub(super) fn take_later(&mut self) {
        while let Some(at) = self.later.iter().position(|(due, _)| *due <= self.now) {
            match self.later.remove(at).1 {
                Later::NetworkUp => self.network_up(),
                Later::Mood(mood) => self.mood = mood,
                Later::CredentialsChanged => self.tell(Input::CredentialsChanged),
                Later::Latency(latency) => self.service.conditions.latency = latency,
            }
        }
    }

    fn later(&mut self, time: Duration, what: Later) {
        let at = self.lasts(time);
        self.later.push((at, what));
    }

    /// When a fault that lasts so long is over.
    fn lasts(&mut self, time: Duration) -> Instant {
        let until = self.now + time;
        self.calm_at = self.calm_at.max(until);
        until
    }
}
