//! The task of one tunnel: it gives the policy what happens, and does what the policy says.

mod calls;
mod connections;
mod ending;
mod reports;
mod telling;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_access::{Access, AccessSettings, StartSession};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tunnel_proto::{
    Action, Clock, Grant, Input, Place, RequestId, SessionConfig, SessionKey, Snapshot,
    Tunnel as Policy, TunnelTimer, Vitals,
};

use self::calls::Reply;
pub(crate) use self::connections::accept;
use self::ending::{END_PATIENCE, Ending, dropped_while_stopping};
use crate::access;
use crate::changes::Changes;
use crate::environment::Environment;
use crate::guard::hung;
use crate::ledger::Ledger;
use crate::listen::{Caller, Local};
use crate::look::Programs;
use crate::recordings::{Ask, Ended};
use crate::requests::Requests;
use crate::session_task::{Figures, Report, Surroundings, ToSession};
use crate::{Outcome, events};

/// Commands that may wait for a session's task. It takes them at once, but all connections that
/// wait (256 by default) may be placed before it runs; more than that waiting means that it
/// hangs, and connections are refused then.
const COMMANDS: usize = 512;

/// Said to a tunnel's task from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Try again now: the user has signed in, or is impatient.
    TryNow,
    /// End every session and the task.
    Stop,
}

/// What a tunnel's task is made from.
pub(crate) struct Parts {
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    pub(crate) session: SessionConfig,
    pub(crate) access: Access,
    /// What the tunnel is called.
    pub(crate) name: String,
    /// Where the sessions are noted that live.
    pub(crate) ledger: Ledger,
    /// What the access was made from, to be noted there.
    pub(crate) settings: AccessSettings,
    /// Where the service is.
    pub(crate) place: Place,
    /// What the machine goes through.
    pub(crate) environment: Environment,
    pub(crate) changes: Changes,
    pub(crate) request: StartSession,
    /// Whether it has to be found out for each session which node it is started at.
    pub(crate) has_choice: bool,
    /// A session that somebody else has started, to be used first.
    pub(crate) granted: Option<Grant>,
    /// The tasks that accept local connections.
    pub(crate) acceptors: JoinSet<()>,
    /// Accepted local connections.
    pub(crate) accepted: mpsc::Receiver<Local>,
    /// Those who want to look at the tunnel closely.
    pub(crate) looks: mpsc::Receiver<Ask>,
    pub(crate) snapshot: watch::Sender<Snapshot>,
    pub(crate) events: events::Sender,
}

pub(crate) struct Driver {
    parts: Parts,
    surroundings: Surroundings,
    reports: mpsc::Receiver<(SessionKey, Report)>,
    /// Requests to the service and dials that are under way.
    requests: Requests<Reply>,
    sessions: HashMap<SessionKey, SessionHandle>,
    /// At which node each session was started.
    nodes: HashMap<SessionKey, String>,
    waiting: HashMap<RequestId, Caller>,
    next_request: u64,
    /// StartSession calls that are under way: what they grant must not be left behind.
    starts: usize,
    wish: Wish,
    /// How the tunnel ended, once it has.
    outcome: Option<Outcome>,
    /// Rung when the policy gives up what is asked for a session, as far as it has gone out.
    bells: HashMap<SessionKey, Arc<Notify>>,
    /// Sessions for which TerminateSession is under way. One for which the policy does not wait is
    /// waited for at the task's end.
    ending: HashMap<String, Ending>,
    /// Sessions that could not be ended, since ended by the process or not.
    left: Vec<String>,
    /// Since when somebody waits for the tunnel to stop.
    stopping: watch::Sender<Option<Instant>>,
    /// Which programs hold the other ends of its connections, as far as somebody has looked.
    programs: Programs,
    /// What was recorded of sessions that are over.
    ended: Ended,
}

/// What those who hold the tunnel want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// That it runs.
    Run,
    /// That it stops; they wait for that.
    Stop,
    /// Nobody holds it any more. It stops, and nobody waits.
    Dropped,
}

struct SessionHandle {
    commands: mpsc::Sender<ToSession>,
    session_id: Option<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Driver {
    pub(crate) fn new(parts: Parts, surroundings: Surroundings, reports: Reports) -> Self {
        Self {
            parts,
            surroundings,
            reports,
            requests: Requests::new(),
            sessions: HashMap::new(),
            nodes: HashMap::new(),
            waiting: HashMap::new(),
            next_request: 0,
            starts: 0,
            wish: Wish::Run,
            outcome: None,
            bells: HashMap::new(),
            ending: HashMap::new(),
            left: Vec::new(),
            stopping: watch::Sender::new(None),
            programs: Programs::default(),
            ended: Ended::default(),
        }
    }

    /// Runs until the tunnel is stopped or has failed, and says which of them came first. Boxed,
    /// because what is given to an asynchronous function lies in its future twice.
    pub(crate) async fn run(mut self: Box<Self>, mut orders: mpsc::Receiver<Order>) -> Outcome {
        let outcome = loop {
            self.act();
            self.publish();
            if let Some(outcome) = self.outcome.take() {
                break outcome;
            }
            if self.wait(&mut orders).await.is_break() {
                self.leave_unended();
                self.publish_off();
                return Outcome::Stopped;
            }
        };
        let wish = self.wish;
        let last_chance = self.last_chance();
        let end = async { tokio::join!(self.wind_up(), last_chance) };
        tokio::select! {
            _ = tokio::time::timeout(END_PATIENCE, end) => {}
            () = dropped_while_stopping(&mut orders, wish) => {}
        }
        self.leave_unended();
        outcome
    }

    /// Does what the policy says. What has happened is told first: an action may end the session
    /// that it is about.
    fn act(&mut self) {
        loop {
            while let Some(event) = self.parts.policy.poll_event() {
                self.tell(event);
            }
            let Some(action) = self.parts.policy.poll_action() else {
                return;
            };
            self.perform(action);
        }
    }

    /// Waits for one thing to happen and takes it in. Breaks off if the tunnel is to end at once.
    async fn wait(&mut self, orders: &mut mpsc::Receiver<Order>) -> ControlFlow<()> {
        let timeout = self.parts.policy.poll_timeout();
        tokio::select! {
            order = orders.recv(), if self.wish != Wish::Dropped => return self.obey(order),
            Some(local) = self.parts.accepted.recv() => self.accept(local),
            Some((key, report)) = self.reports.recv() => self.handle_report(key, report),
            Some(reply) = self.requests.next() => self.handle_reply(reply),
            change = self.parts.changes.next() => self.input(change),
            Some(ask) = self.parts.looks.recv() => self.answer(ask),
            timer = due(timeout) => {
                tracing::debug!(%timer, "the policy's time has come");
                self.parts.policy.handle_timeout(Instant::now().into_std());
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes an order; there is none any more when the handle was dropped.
    fn obey(&mut self, order: Option<Order>) -> ControlFlow<()> {
        match (self.wish, order) {
            (Wish::Run, Some(Order::TryNow)) => self.input(Input::TryNow),
            (Wish::Run, Some(Order::Stop)) => self.stop(Wish::Stop),
            (Wish::Run, None) => self.stop(Wish::Dropped),
            (Wish::Stop | Wish::Dropped, Some(Order::TryNow | Order::Stop))
            | (Wish::Dropped, None) => {}
            // Whoever stopped it does not want to wait any longer.
            (Wish::Stop, None) => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn stop(&mut self, wish: Wish) {
        self.wish = wish;
        match wish {
            Wish::Stop => drop(self.stopping.send_replace(Some(Instant::now()))),
            Wish::Run | Wish::Dropped => {}
        }
        self.parts.acceptors.abort_all();
        self.input(Input::Stop);
    }

    fn input(&mut self, input: Input) {
        tracing::debug!(%input, "the policy hears");
        self.parts
            .policy
            .handle_input(Instant::now().into_std(), input);
    }

    fn perform(&mut self, action: Action) {
        tracing::debug!(wants = %action, "the policy");
        match action {
            Action::Start(key) => self.start(key),
            Action::Resume(key, session_id) => {
                let access = self.parts.access.clone();
                let environment = self.parts.environment.clone();
                let if_lost = Reply::Resumed(key, None, Err(access::lost_request()));
                let bell = self.bell(key);
                self.requests.start(if_lost, async move {
                    environment.call_budget().permit().await;
                    let asked = Some(Instant::now());
                    // Only from here on does it hear the bell.
                    let resumed = tokio::select! {
                        resumed = access.resume_session(&session_id) => access::granted(resumed),
                        () = bell.notified() => Err(access::overtaken()),
                    };
                    Reply::Resumed(key, asked, resumed)
                });
            }
            Action::Dial(key, grant, purpose) => self.dial(key, grant, purpose),
            Action::AwaitQuiet(key) => self.tell_session(key, ToSession::AwaitQuiet),
            Action::Close(key) => self.tell_session(key, ToSession::Close),
            Action::GiveUp(key) => self.bell(key).notify_waiters(),
            Action::CheckPath(key) => self.tell_session(key, ToSession::CheckPath),
            Action::Sleep(key) => self.tell_session(key, ToSession::Sleep),
            Action::SendEnd(key) => {
                if self.command(key, ToSession::SendEnd).is_err() {
                    self.input(Input::FlagDone(key));
                }
            }
            Action::Terminate(key, session_id) => self.terminate(session_id, Some(key)),
            Action::Abandon(session_id) => self.terminate(session_id, None),
            Action::Discard(key) => {
                self.nodes.remove(&key);
                self.bells.remove(&key);
                if let Some(session) = self.sessions.remove(&key) {
                    let (answer, heard) = oneshot::channel();
                    // What is not recorded can't be told.
                    let _ = session.commands.try_send(ToSession::Record(answer));
                    self.ended.push(session.session_id, heard);
                    // A task that does not take it ends when its commands' sender is dropped.
                    let _ = session.commands.try_send(ToSession::Discard);
                }
            }
            Action::Place(request, key) => {
                if let Some(caller) = self.waiting.remove(&request) {
                    self.place(key, caller);
                }
            }
            Action::Reject(request) => {
                if let Some(caller) = self.waiting.remove(&request) {
                    caller.local.refuse();
                }
            }
        }
    }

    /// Gives a session's task a command. One that does not take it can only be replaced.
    fn tell_session(&mut self, key: SessionKey, command: ToSession) {
        if self.sessions.contains_key(&key) && self.command(key, command).is_err() {
            self.input(Input::Over(key, hung(), Vitals::default()));
        }
    }

    /// Gives a session's task a command; gives it back if the task is gone or hangs.
    fn command(&self, key: SessionKey, command: ToSession) -> Result<(), ToSession> {
        match self.sessions.get(&key) {
            Some(session) => session
                .commands
                .try_send(command)
                .map_err(mpsc::error::TrySendError::into_inner),
            None => Err(command),
        }
    }

    /// The tunnel is over. Whoever ended it first has decided how.
    fn end(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }

    fn session_id(&self, key: SessionKey) -> Option<String> {
        self.sessions
            .get(&key)
            .and_then(|handle| handle.session_id.clone())
    }
}

pub(crate) type Reports = mpsc::Receiver<(SessionKey, Report)>;

/// Waits for a timer, and names it.
async fn due(timeout: Option<(std::time::Instant, TunnelTimer)>) -> TunnelTimer {
    match timeout {
        Some((at, timer)) => {
            sleep_until(Instant::from_std(at)).await;
            timer
        }
        None => std::future::pending().await,
    }
}

pub(crate) fn figures() -> Arc<Figures> {
    let figures = Figures::default();
    figures.round_trip_ms.store(u32::MAX, Ordering::Relaxed);
    Arc::new(figures)
}

#[cfg(test)]
mod tests;
