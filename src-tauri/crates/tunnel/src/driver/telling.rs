//! What is told of a tunnel: its events and its snapshot.

use std::sync::atomic::Ordering;

use tunnel_proto::{Event, Problem, State};

use super::Driver;
use crate::session_task::Figures;
use crate::{Outcome, TunnelEvent, unix_ms};

impl Driver {
    pub(super) fn tell(&mut self, event: Event) {
        match event {
            Event::StateChanged(state) => {
                tracing::debug!(%state, "the tunnel's state is another one");
                self.parts.events.send(TunnelEvent::State(state));
            }
            Event::Lost {
                session,
                close,
                closed_by,
                socket_age,
            } => {
                tracing::info!(session = %session, code = close.code, reason = %close.reason, "the WebSocket is gone");
                let session_id = self.session_id(session);
                self.parts.events.send(TunnelEvent::Lost {
                    session_id,
                    close,
                    closed_by,
                    socket_age,
                });
            }
            Event::Replaced {
                drop_of,
                session,
                session_id,
                connections,
                problem,
            } => {
                tracing::info!(session = %session, problem = %problem.what, details = %problem.details, "the session is replaced");
                self.parts.events.send(TunnelEvent::Replaced {
                    drop_of,
                    session_id,
                    connections,
                    problem,
                });
            }
            Event::Rested(problem) => {
                tracing::info!(problem = %problem.what, details = %problem.details, "no session can be had");
                self.parts
                    .snapshot
                    .send_modify(|snapshot| snapshot.notice = Some(problem.clone()));
                self.parts.events.send(TunnelEvent::Rested(problem));
            }
            Event::Record(record) => self.parts.events.send(TunnelEvent::Record(record)),
            Event::Stopped => self.end(Outcome::Stopped),
            Event::Failed(problem) => self.end(Outcome::Failed(problem)),
        }
    }

    /// Tells what the user should know and what is no failure of the tunnel.
    pub(super) fn notice(&mut self, problem: Problem) {
        self.parts
            .snapshot
            .send_modify(|snapshot| snapshot.notice = Some(problem.clone()));
        self.parts.events.send(TunnelEvent::Notice(problem));
    }

    /// Makes the snapshot say what is.
    pub(super) fn publish(&mut self) {
        let policy = &self.parts.policy;
        let Figures {
            bytes_up,
            bytes_down,
            round_trip_ms,
        } = &*self.surroundings.figures;
        let round_trip = Some(round_trip_ms.load(Ordering::Relaxed)).filter(|ms| *ms != u32::MAX);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let until = self.parts.access.credentials_until();
        let credentials_until = until.map(unix_ms);
        let over = matches!(policy.state(), State::Off | State::Failed { .. });
        self.parts.snapshot.send_if_modified(|snapshot| {
            let before = snapshot.clone();
            snapshot.state = policy.state();
            snapshot.target = policy.choice().cloned();
            snapshot.connections = policy.connections();
            snapshot.waiting = count(policy.waiting());
            snapshot.sessions = count(policy.sessions_up());
            snapshot.bytes_up = bytes_up.load(Ordering::Relaxed);
            snapshot.bytes_down = bytes_down.load(Ordering::Relaxed);
            snapshot.reconnects = policy.reconnects();
            snapshot.renewals = policy.renewals();
            snapshot.replacements = policy.replacements();
            snapshot.last_close = policy.last_close().cloned();
            snapshot.credentials_until = credentials_until;
            snapshot.round_trip_ms = round_trip;
            if over {
                snapshot.addresses.clear();
            }
            *snapshot != before
        });
    }
}
