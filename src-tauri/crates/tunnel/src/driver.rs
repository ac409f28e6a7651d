//! The task of one tunnel: it gives the policy what happens, and does what the policy says.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use aws_access::{Access, AccessSettings, StartSession};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument as _, Span};
use tunnel_proto::{
    Action, Cause, Choice, Clock, Event, Failure, Grant, Happening, Input, Learned, Leftover, Next,
    Place, Problem, Purpose, Record, RequestId, STOP_PATIENCE, Session, SessionConfig, SessionKey,
    Snapshot, State, Tunnel as Policy, TunnelTimer, Vitals,
};
use zeroize::Zeroizing;

use crate::access;
use crate::changes::Changes;
use crate::dial::{self, Socket};
use crate::environment::Environment;
use crate::guard::{guarded, hung};
use crate::learned::lowered;
use crate::ledger::{Ledger, Started};
use crate::leftovers::Left;
use crate::listen::{Caller, Listener, Local, Presence};
use crate::look::{Asked, Details, Programs};
use crate::requests::Requests;
use crate::resolve::resolve;
use crate::session_task::{Figures, Report, SessionTask, Surroundings, ToSession, Token, Unopened};
use crate::{Outcome, TunnelEvent, random_seed, unix_ms};

/// Commands that may wait for a session's task. It takes them at once, but all connections that
/// wait (256 by default) may be placed before it runs; more than that waiting means that it
/// hangs, and connections are refused then.
const COMMANDS: usize = 512;

/// How long the task waits at its end for calls that nobody asked it to wait for.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Sessions that are tried to be ended once more when the tunnel is stopped: more than a stop has
/// time for.
const LEFT_MOST: usize = 64;

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
    pub(crate) looks: mpsc::Receiver<oneshot::Sender<Details>>,
    pub(crate) snapshot: watch::Sender<Snapshot>,
    pub(crate) events: broadcast::Sender<TunnelEvent>,
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
}

/// A session that is being ended at the service.
struct Ending {
    /// Who of the policy waits for it.
    waits: Option<SessionKey>,
    /// The service has been asked; before that, other calls go first.
    asked: Arc<AtomicBool>,
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

/// A request that was answered.
enum Reply {
    /// StartSession, when it was called, if it was.
    Started(
        SessionKey,
        Option<Choice>,
        Option<Instant>,
        Result<Grant, Failure>,
    ),
    /// ResumeSession, the same.
    Resumed(SessionKey, Option<Instant>, Result<Grant, Failure>),
    Dialled(
        SessionKey,
        Purpose,
        Result<(Box<Socket>, Zeroizing<String>), Failure>,
    ),
    DataKey(SessionKey, Result<tunnel_proto::DataKey, Failure>),
    /// A connection that its session did not take is to be placed anew.
    Again(Caller),
    /// The program behind a connection that says no more is still there.
    Present(SessionKey, Caller),
    /// It is not.
    Gone(SessionKey),
    /// Nothing came of it.
    Nothing,
    /// TerminateSession was answered.
    Terminated(String, Result<(), Failure>),
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
        }
    }

    /// Runs until the tunnel is stopped or has failed, and says which of them came first.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Outcome {
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

    /// Tries once more to end what this tunnel has left behind, if somebody waits for its stop: the
    /// process may end with it.
    fn last_chance(&mut self) -> impl Future<Output = ()> + use<> {
        let session_ids = match self.wish {
            Wish::Stop => std::mem::take(&mut self.left),
            Wish::Run | Wish::Dropped => Vec::new(),
        };
        let environment = self.parts.environment.clone();
        async move { environment.last_chance(session_ids).await }
    }

    /// Hands over what is not ended by now: the process tries again after the tunnel.
    fn leave_unended(&mut self) {
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
    fn leave(&mut self, session_id: String, answer: Option<Next>, reason: &Problem) {
        let what = Happening::LeftBehind {
            session_id: session_id.clone(),
            problem: reason.clone(),
        };
        let at = self.parts.policy.unix_ms(Instant::now().into_std());
        let record = Box::new(Record { at, what });
        // Nobody has to listen.
        let _ = self.parts.events.send(TunnelEvent::Record(record));
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
    async fn wind_up(&mut self) {
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
            Some(answer) = self.parts.looks.recv() => self.look(answer),
            timer = due(timeout) => {
                tracing::debug!(?timer, "the policy's time has come");
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
        tracing::debug!(?input, "the policy hears");
        self.parts
            .policy
            .handle_input(Instant::now().into_std(), input);
    }

    fn perform(&mut self, action: Action) {
        tracing::debug!(?action, "the policy wants");
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

    /// Finds the node and calls StartSession.
    fn start(&mut self, key: SessionKey) {
        self.starts += 1;
        let if_lost = Reply::Started(key, None, None, Err(access::lost_request()));
        if let Some(grant) = self.parts.granted.take() {
            self.requests.start(if_lost, async move {
                Reply::Started(key, None, None, Ok(grant))
            });
            return;
        }
        let access = self.parts.access.clone();
        let mut request = self.parts.request.clone();
        let environment = self.parts.environment.clone();
        let candidate = self.parts.policy.candidate(key).cloned();
        self.requests.start(if_lost, async move {
            let calls = environment.call_budget();
            let mut choice = None;
            if let Some(candidate) = candidate {
                match resolve(&access, &candidate, calls).await {
                    Ok(found) => {
                        request.target.clone_from(&found.node);
                        choice = Some(found);
                    }
                    Err(error) => {
                        return Reply::Started(key, None, None, Err(access::failure(&error)));
                    }
                }
            }
            calls.permit().await;
            let asked = Some(Instant::now());
            let started = access.start_session(&request).await;
            Reply::Started(key, choice, asked, access::granted(started))
        });
    }

    /// What is rung when what is asked for a session is given up.
    fn bell(&mut self, key: SessionKey) -> Arc<Notify> {
        Arc::clone(self.bells.entry(key).or_default())
    }

    fn dial(&mut self, key: SessionKey, grant: Grant, purpose: Purpose) {
        let Grant {
            session_id,
            stream_url,
            token,
        } = grant;
        let token = Zeroizing::new(token);
        let handle = match self.sessions.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let Ok(seed) = random_seed() else {
                    let no_seed =
                        move || Reply::Dialled(key, purpose, Err(access::no_randomness()));
                    self.requests.start(no_seed(), async move { no_seed() });
                    return;
                };
                let mut config = self.parts.session.clone();
                config.channel.reorder_memory = self.parts.environment.reorder_memory();
                let session = Session::new(config, self.parts.clock, seed);
                let (commands, queue) = mpsc::channel(COMMANDS);
                let span = tracing::error_span!("session", %key, id = session_id);
                let task = SessionTask::new(key, session, queue, self.surroundings.clone());
                let run = guarded(key, task.run(), self.surroundings.reports.clone());
                entry.insert(SessionHandle {
                    commands,
                    session_id: None,
                    task: tokio::spawn(run.instrument(span)),
                })
            }
        };
        handle.session_id = Some(session_id);
        let access = self.parts.access.clone();
        let if_lost = Reply::Dialled(key, purpose, Err(access::lost_request()));
        let bell = self.bell(key);
        self.requests.start(if_lost, async move {
            let dialled = tokio::select! {
                dialled = dial::dial(&access, &stream_url) => dialled,
                () = bell.notified() => Err(access::overtaken()),
            };
            let dialled = dialled.map(|socket| (Box::new(socket), token));
            Reply::Dialled(key, purpose, dialled)
        });
    }

    fn handle_reply(&mut self, reply: Reply) {
        match reply {
            Reply::Started(key, choice, asked, result) => {
                self.starts -= 1;
                if let (Ok(_), Some(choice)) = (&result, choice) {
                    self.nodes.insert(key, choice.node.clone());
                    if self.parts.has_choice {
                        self.input(Input::Chosen(key, choice));
                    }
                }
                if let Ok(grant) = &result {
                    let at = unix_ms(SystemTime::now());
                    let access = &self.parts.access;
                    let started =
                        Started::new(&grant.session_id, access.region(), &self.parts.settings, at)
                            .by(access.holder());
                    self.parts.ledger.started(&started);
                }
                self.granted(key, asked, result);
            }
            Reply::Resumed(key, asked, result) => self.granted(key, asked, result),
            Reply::Dialled(key, purpose, Ok((socket, mut token))) => {
                let token = Token(std::mem::take(&mut *token));
                let command = match purpose {
                    Purpose::Connect => ToSession::Socket(socket, token),
                    Purpose::Renew => ToSession::Renewal(socket, token),
                };
                self.input(Input::Dialled(key, Ok(())));
                self.tell_session(key, command);
            }
            Reply::Dialled(key, _, Err(failure)) => {
                tracing::info!(session = %key, problem = %failure.problem.what, "dialling failed");
                self.input(Input::Dialled(key, Err(failure)));
            }
            Reply::DataKey(key, result) => {
                let refused = result.as_ref().err().cloned();
                let result = result.map_err(|failure| failure.problem);
                self.tell_session(key, ToSession::DataKey(result));
                if let Some(failure) = refused {
                    self.input(Input::Refused(key, failure));
                }
            }
            Reply::Again(caller) => self.take_back(caller),
            Reply::Present(key, caller) => self.connect(key, caller),
            Reply::Gone(key) => self.input(Input::Finished(key)),
            Reply::Nothing => {}
            Reply::Terminated(session_id, result) => {
                let waits = self
                    .ending
                    .remove(&session_id)
                    .and_then(|ending| ending.waits);
                match result {
                    Ok(()) => self.parts.ledger.ended(&session_id),
                    // It stays in the ledger: the next start tries again.
                    Err(Failure { next, problem }) => {
                        self.leave(session_id, Some(next), &problem);
                    }
                }
                if let Some(key) = waits {
                    self.input(Input::Terminated(key));
                }
            }
        }
    }

    fn granted(&mut self, key: SessionKey, asked: Option<Instant>, result: Result<Grant, Failure>) {
        if let Some(asked) = asked {
            self.input(Input::Asked(key, asked.into_std()));
        }
        self.input(Input::Granted(key, result));
    }

    fn handle_report(&mut self, key: SessionKey, report: Report) {
        match report {
            Report::Established(facts) => {
                tracing::debug!(session = %key, ?facts, "the agent has shaken hands");
                self.parts.snapshot.send_modify(|snapshot| {
                    snapshot.agent_version = Some(facts.agent_version);
                    snapshot.customer_message = facts.customer_message;
                });
                self.input(Input::Established(key));
            }
            Report::DataKeyNeeded { key_id } => self.request_data_key(key, key_id),
            Report::Lost(loss) => self.input(Input::Lost(key, loss)),
            Report::Over(problem, vitals) => self.input(Input::Over(key, problem, vitals)),
            Report::Degraded(illness) => self.input(Input::Degraded(key, illness)),
            Report::Load(load) => self.input(Input::Load(key, load)),
            Report::Quiet(vitals) => self.input(Input::Quiet(key, vitals)),
            Report::Renewed => self.input(Input::Renewed(key)),
            Report::RenewalMissed => self.input(Input::RenewalMissed(key)),
            Report::FlagDone => self.input(Input::FlagDone(key)),
            Report::Notice(problem) => {
                tracing::debug!(session = %key, ?problem, "the user is told");
                self.notice(problem);
            }
            Report::Unreached(problem) => {
                self.notice(problem.clone());
                self.input(Input::Unreached(problem));
            }
            Report::Learned(learned) => {
                tracing::info!(session = %key, ?learned, "the way to the target has a limit");
                self.learn(learned);
            }
            Report::Finished => self.input(Input::Finished(key)),
            Report::Unopened(caller, why) => {
                self.input(Input::Finished(key));
                match why {
                    Unopened::Over => self.place_anew(caller),
                    Unopened::Full => {
                        caller.local.refuse();
                        self.notice(access::session_full());
                    }
                }
            }
            // Publishing follows anyway.
            Report::Figures => {}
        }
    }

    /// Lets the next sessions begin with what one has learned.
    fn learn(&mut self, learned: Learned) {
        let told = lowered(&self.parts.session, learned);
        learned.apply(&mut self.parts.session);
        if let Some(problem) = told {
            self.notice(problem);
        }
    }

    fn request_data_key(&mut self, key: SessionKey, key_id: String) {
        let session_id = self
            .sessions
            .get(&key)
            .and_then(|handle| handle.session_id.clone());
        let Some(session_id) = session_id else { return };
        let access = self.parts.access.clone();
        let node = self.nodes.get(&key).unwrap_or(&self.parts.request.target);
        let target = node.clone();
        let if_lost = Reply::DataKey(key, Err(access::lost_request()));
        self.requests.start(if_lost, async move {
            let generated = access
                .generate_data_key(&key_id, &session_id, &target)
                .await;
            let result = generated
                .map(|key| access::data_key(&key))
                .map_err(|error| access::failure(&error));
            Reply::DataKey(key, result)
        });
    }

    /// Gives a local connection to a session, unless its program has gone while it waited: the
    /// agent would dial the destination for nothing.
    fn place(&mut self, key: SessionKey, caller: Caller) {
        match caller.local.presence() {
            Presence::There | Presence::SaysNoMore(None) => self.connect(key, caller),
            Presence::SaysNoMore(Some(peer)) => {
                let peers = self.surroundings.peers.clone();
                self.requests.start(Reply::Gone(key), async move {
                    if peers.is_gone(peer).await {
                        Reply::Gone(key)
                    } else {
                        Reply::Present(key, caller)
                    }
                });
            }
            Presence::Gone => self.input(Input::Finished(key)),
        }
    }

    fn connect(&mut self, key: SessionKey, caller: Caller) {
        if let Err(command) = self.command(key, ToSession::Connect(caller)) {
            self.input(Input::Finished(key));
            if self.sessions.contains_key(&key) {
                self.input(Input::Over(key, hung(), Vitals::default()));
            }
            if let ToSession::Connect(caller) = command {
                self.place_anew(caller);
            }
        }
    }

    /// A local connection that no session has carried yet: the policy says what becomes of it.
    fn accept(&mut self, local: Local) {
        let since = Instant::now().into_std();
        let request = self.keep(Caller { local, since });
        self.input(Input::Accepted(request));
    }

    /// One that was placed and could not begin.
    fn take_back(&mut self, caller: Caller) {
        let since = caller.since;
        let request = self.keep(caller);
        self.input(Input::Returned(request, since));
    }

    fn keep(&mut self, caller: Caller) -> RequestId {
        let request = RequestId(self.next_request);
        self.next_request += 1;
        self.waiting.insert(request, caller);
        request
    }

    /// The session for which a connection was meant is gone. It is told to the policy again, though
    /// not at once: the policy may not know of the end yet, which is on its way, and would choose
    /// the same.
    fn place_anew(&mut self, caller: Caller) {
        // It is lost by nothing but a panic of ours.
        let if_lost = Reply::Nothing;
        self.requests
            .start(if_lost, async move { Reply::Again(caller) });
    }

    /// Gives a session's task a command. One that does not take it can only be replaced.
    fn tell_session(&mut self, key: SessionKey, command: ToSession) {
        if self.sessions.contains_key(&key) && self.command(key, command).is_err() {
            self.input(Input::Over(key, hung(), Vitals::default()));
        }
    }

    /// Ends a session at the service, as far as it can be reached. One call for a session is
    /// enough: whoever asks last waits for it.
    fn terminate(&mut self, session_id: String, waits: Option<SessionKey>) {
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

    /// Has the sessions' tasks say how they are, and the answer put together beside this task. A
    /// session's task that hangs is not asked again and again: its commands are kept for work.
    fn look(&self, answer: oneshot::Sender<Details>) {
        let now = Instant::now().into_std();
        let asked = self.parts.policy.sessions(now).map(|status| {
            let (seen, heard) = oneshot::channel();
            let handle = self.sessions.get(&status.key);
            if let Some(handle) = handle.filter(|handle| handle.commands.capacity() > COMMANDS / 2)
            {
                // One that is about to end says nothing.
                let _ = handle.commands.try_send(ToSession::Look(seen));
            }
            let node = self.nodes.get(&status.key).cloned();
            Asked {
                status,
                node,
                heard,
            }
        });
        let asked: Vec<_> = asked.collect();
        let programs = self.programs.clone();
        tokio::spawn(async move {
            // Whoever asked may have gone.
            let _ = answer.send(Details::gather(asked, &programs).await);
        });
    }

    fn tell(&mut self, event: Event) {
        // Nobody has to listen.
        let _ = match event {
            Event::StateChanged(state) => {
                tracing::debug!(?state, "the tunnel's state is another one");
                self.parts.events.send(TunnelEvent::State(state))
            }
            Event::Lost {
                session,
                close,
                closed_by,
                socket_age,
            } => {
                tracing::info!(session = %session, code = ?close.code, reason = %close.reason, "the WebSocket is gone");
                let session_id = self.session_id(session);
                self.parts.events.send(TunnelEvent::Lost {
                    session_id,
                    close,
                    closed_by,
                    socket_age,
                })
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
                })
            }
            Event::Rested(problem) => {
                tracing::info!(problem = %problem.what, details = %problem.details, "no session can be had");
                self.parts
                    .snapshot
                    .send_modify(|snapshot| snapshot.notice = Some(problem.clone()));
                self.parts.events.send(TunnelEvent::Rested(problem))
            }
            Event::Record(record) => self.parts.events.send(TunnelEvent::Record(record)),
            Event::Stopped => return self.end(Outcome::Stopped),
            Event::Failed(problem) => return self.end(Outcome::Failed(problem)),
        };
    }

    /// Tells what the user should know and what is no failure of the tunnel.
    fn notice(&mut self, problem: Problem) {
        self.parts
            .snapshot
            .send_modify(|snapshot| snapshot.notice = Some(problem.clone()));
        // Nobody has to listen.
        let _ = self.parts.events.send(TunnelEvent::Notice(problem));
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

    /// Says that the tunnel is off, where nobody waited for the policy's word.
    fn publish_off(&self) {
        let at = self.parts.policy.unix_ms(Instant::now().into_std());
        let what = Happening::State {
            state: State::Off,
            cause: Cause::Stopped,
        };
        let record = TunnelEvent::Record(Box::new(Record { at, what }));
        for event in [record, TunnelEvent::State(State::Off)] {
            // Nobody has to listen.
            let _ = self.parts.events.send(event);
        }
        self.parts.snapshot.send_modify(|snapshot| {
            snapshot.state = State::Off;
            snapshot.addresses.clear();
        });
    }

    /// Makes the snapshot say what is.
    fn publish(&mut self) {
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

/// Waits until those who have stopped the tunnel do not wait for its end any more.
async fn dropped_while_stopping(orders: &mut mpsc::Receiver<Order>, mut wish: Wish) {
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

/// Accepts connections until the tunnel's task is gone.
pub(crate) fn accept(
    listeners: Vec<Listener>,
    accepted: &mpsc::Sender<Local>,
    span: &Span,
) -> JoinSet<()> {
    listeners
        .into_iter()
        .map(|listener| {
            let accepted = accepted.clone();
            let accept = async move {
                loop {
                    let local = tokio::select! {
                        local = listener.accept() => local,
                        // A tunnel that has given up must not keep its port.
                        () = accepted.closed() => return,
                    };
                    if accepted.send(local).await.is_err() {
                        return;
                    }
                }
            };
            accept.instrument(span.clone())
        })
        .collect()
}

pub(crate) fn figures() -> Arc<Figures> {
    let figures = Figures::default();
    figures.round_trip_ms.store(u32::MAX, Ordering::Relaxed);
    Arc::new(figures)
}

#[cfg(test)]
mod tests;
