//! The end of sessions at the service, and of the task.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tunnel_proto::{
    Cause, Happening, Leftover, Next, Problem, Record, STOP_PATIENCE, SessionKey, State,
};

use super::{Driver, Order, Reply, Wish};
use crate::leftovers::Left;
use crate::session_task::ToSession;
use crate::{TunnelEvent, access};

/// How long the task waits at its end for calls that nobody asked it to wait for.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(2);

/// Sessions that are tried to be ended once more when the tunnel is stopped: more than a stop has
/// time for.
const LEFT_MOST: usize = 64;

/// A session that is being ended at the service.
pub(super) struct Ending {
    /// Who of the policy waits for it.
    pub(super) waits: Option<SessionKey>,
    /// The service has been asked; before that, other calls go first.
    asked: Arc<AtomicBool>,
}

impl Driver {
    /// Tries once more to end what this tunnel has left behind, if somebody waits for its stop: the
    /// process may end with it.
    pub(super) fn last_chance(&mut self) -> impl Future<Output = ()> + use<> {
        let session_ids = match self.wish {
            Wish::Stop => std::mem::take(&mut self.left),
            Wish::Run | Wish::Dropped => Vec::new(),
        };
        let environment = self.parts.environment.clone();
        async move { environment.last_chance(session_ids).await }
    }

    /// Hands over what is not ended by now: the process tries again after the tunnel.
    pub(super) fn leave_unended(&mut self) {
        let unended = self
            .sessions
            .drain()
            .filter_map(|(_, session)| session.session_id);
        let mut unended: BTreeMap<_, _> = unended.map(|session_id| (session_id, false)).collect();
        let ending = self.ending.drain();
        unended.extend(
            ending.map(|(session_id, ending)| (session_id, ending.asked.load(Ordering::Relaxed))),
        );
        if self.starts > 0 {
            self.notice(access::start_unanswered());
        }
        for (session_id, asked) in unended {
            let reason = if asked {
                access::no_answer()
            } else {
                access::not_asked()
            };
            self.leave(session_id, None, &reason);
        }
    }

    /// A session could not be ended: that is told, and tried again.
    pub(super) fn leave(&mut self, session_id: String, answer: Option<Next>, reason: &Problem) {
        let what = Happening::LeftBehind {
            session_id: session_id.clone(),
            problem: reason.clone(),
        };
        let at = self.parts.policy.unix_ms(Instant::now().into_std());
        let record = Box::new(Record { at, what });
        self.parts.events.send(TunnelEvent::Record(record));
        self.parts
            .snapshot
            .send_modify(|snapshot| snapshot.notice = Some(access::left_behind(reason)));
        if self.left.len() == LEFT_MOST {
            self.left.remove(0);
        }
        self.left.push(session_id.clone());
        self.parts.environment.leave(Left {
            leftover: Leftover {
                session_id,
                place: self.parts.place,
                answer,
            },
            access: self.parts.access.clone(),
            ledger: self.parts.ledger.clone(),
            events: self.parts.events.downgrade(),
        });
    }

    /// Waits for the end of what is under way.
    pub(super) async fn wind_up(&mut self) {
        // Nobody reads reports any more: a session's task must not wait for that.
        self.reports.close();
        // Whoever stops a tunnel may want its port for another one.
        self.parts.acceptors.shutdown().await;
        for session in self.sessions.values_mut() {
            let _ = session.commands.try_send(ToSession::Discard);
            let _ = (&mut session.task).await;
        }
        // The policy is through with them: what is to be ended is being ended.
        self.sessions.clear();
        let overdue = |stop: Instant| stop.elapsed() >= STOP_PATIENCE;
        let starts_matter = !self.stopping.borrow().is_some_and(overdue);
        // A session that is granted only now would be left behind; but whoever stops a tunnel has
        // waited for long enough if the policy has.
        while (starts_matter && self.starts > 0
            || self.ending.values().any(|ending| ending.waits.is_none()))
            && let Some(reply) = self.requests.next().await
        {
            self.handle_reply(reply);
            self.act();
        }
        self.parts.ledger.settled().await;
    }

    /// Ends a session at the service, as far as it can be reached. One call for a session is
    /// enough: whoever asks last waits for it.
    pub(super) fn terminate(&mut self, session_id: String, waits: Option<SessionKey>) {
        let asked = Arc::new(AtomicBool::new(false));
        match self.ending.entry(session_id.clone()) {
            Entry::Occupied(mut entry) => {
                entry.get_mut().waits = waits;
                return;
            }
            Entry::Vacant(entry) => {
                let asked = Arc::clone(&asked);
                entry.insert(Ending { waits, asked })
            }
        };
        let mut stopping = self.stopping.subscribe();
        let access = self.parts.access.clone();
        let environment = self.parts.environment.clone();
        let if_lost = Reply::Terminated(session_id.clone(), Err(access::lost_request()));
        self.requests.start(if_lost, async move {
            // What is only tidied up can wait for those who work, until somebody waits for a stop.
            if waits.is_none() {
                tokio::select! {
                    () = environment.call_budget().spare_permit() => {}
                    Ok(_) = stopping.wait_for(Option::is_some) => {}
                }
            }
            asked.store(true, Ordering::Relaxed);
            let ended = access.terminate_session(&session_id).await;
            match &ended {
                Ok(()) => tracing::debug!(session_id, "the session is ended at the service"),
                Err(error) => tracing::info!(session_id, %error, "the session could not be ended"),
            }
            let ended = ended.map_err(|error| access::failure(&error));
            Reply::Terminated(session_id, ended)
        });
    }

    /// Says that the tunnel is off, where nobody waited for the policy's word.
    pub(super) fn publish_off(&self) {
        let at = self.parts.policy.unix_ms(Instant::now().into_std());
        let what = Happening::State {
            state: State::Off,
            cause: Cause::Stopped,
        };
        let record = TunnelEvent::Record(Box::new(Record { at, what }));
        for event in [record, TunnelEvent::State(State::Off)] {
            self.parts.events.send(event);
        }
        self.parts.snapshot.send_modify(|snapshot| {
            snapshot.state = State::Off;
            snapshot.addresses.clear();
        });
    }
}

/// Waits until those who have stopped the tunnel do not wait for its end any more.
pub(super) async fn dropped_while_stopping(orders: &mut mpsc::Receiver<Order>, mut wish: Wish) {
    loop {
        match (orders.recv().await, wish) {
            (Some(Order::Stop), _) => wish = Wish::Stop,
            (Some(Order::TryNow), _) => {}
            (None, Wish::Stop) => return,
            // Nobody waits.
            (None, Wish::Run | Wish::Dropped) => std::future::pending().await,
        }
    }
}
