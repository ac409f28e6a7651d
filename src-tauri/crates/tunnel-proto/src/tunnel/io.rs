//! What goes into a tunnel's policy, and what comes out of it.

mod words;

use std::fmt;
use std::time::{Duration, Instant};

use super::Loss;
use crate::evidence::{ClosedBy, Record};
use crate::{Choice, Close, Failure, Illness, Load, Problem, SessionKey, State, Vitals};

/// The service's answer to StartSession or ResumeSession.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// Names the session at the service.
    pub session_id: String,
    /// Where the WebSocket is to be opened. May be pre-signed, so it is as secret as the token.
    pub stream_url: String,
    /// What the WebSocket's first message shows. Secret.
    pub token: String,
}

/// Leaves the secrets out.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("session_id", &self.session_id)
            .finish_non_exhaustive()
    }
}

/// Names an accepted local connection that has no session yet. Chosen by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// What happens to a tunnel.
#[derive(Debug)]
pub enum Input {
    /// The answer to [`Action::Start`] or [`Action::Resume`].
    Granted(SessionKey, Result<Grant, Failure>),
    /// When the call was made whose answer comes next: it had to wait for its turn. Not needed
    /// where it had not.
    Asked(SessionKey, Instant),
    /// The answer to [`Action::Dial`].
    Dialled(SessionKey, Result<(), Failure>),
    /// The node at which the session is started that is about to be granted. Not needed where
    /// there is nothing to choose.
    Chosen(SessionKey, Choice),
    /// The session's handshake is done.
    Established(SessionKey),
    /// The session's WebSocket is gone.
    Lost(SessionKey, Loss),
    /// The session can't go on, whatever becomes of its WebSocket.
    Over(SessionKey, Problem, Vitals),
    /// A session that shakes hands is refused what it needs, such as its keys.
    Refused(SessionKey, Failure),
    /// Something is wrong with a session that lives, or is so no more.
    Degraded(SessionKey, Option<Illness>),
    /// A session carries more or less than before.
    Load(SessionKey, Load),
    /// The moment that [`Action::AwaitQuiet`] asked for has come, and how the session is then.
    Quiet(SessionKey, Vitals),
    /// A WebSocket that was opened by [`Purpose::Renew`] is in use, and the old one is closed.
    Renewed(SessionKey),
    /// It was dropped: the session was not quiet for long enough.
    RenewalMissed(SessionKey),
    /// The agent acknowledged the flag that ends the session, or can't be sent it: it is too
    /// old, or not connected.
    FlagDone(SessionKey),
    /// TerminateSession was answered, one way or the other.
    Terminated(SessionKey),
    /// A local connection was accepted.
    Accepted(RequestId),
    /// A connection that was placed could not begin, since its session is over: it waits again.
    /// It was accepted then, and waits no longer for it.
    Returned(RequestId, Instant),
    /// A connection that was placed on this session has ended.
    Finished(SessionKey),
    /// The target could not connect to the destination for a local connection.
    Unreached(Problem),
    /// The machine has no network any more.
    NetworkDown,
    /// The machine has a network again, or another one.
    NetworkUp,
    /// The machine is about to sleep.
    Sleeping,
    /// The machine is awake again.
    Woke {
        /// How long it slept: time that `Instant`s do not count.
        asleep: Duration,
    },
    /// There are other credentials: what waits for a sign-in is tried at once.
    CredentialsChanged,
    /// The user does not want to wait: what waits, for whatever reason, is tried at once.
    TryNow,
    /// The tunnel is no longer wanted.
    Stop,
}

/// What the driver is to do. Each is done once, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Find the node that [`Tunnel::candidate`] means, call StartSession and make a session
    /// engine; answered by [`Input::Granted`], before it [`Input::Chosen`].
    Start(SessionKey),
    /// Call ResumeSession; answered by [`Input::Granted`].
    Resume(SessionKey, String),
    /// Open a WebSocket and give it to the session's engine; answered by [`Input::Dialled`].
    Dial(SessionKey, Grant, Purpose),
    /// Wait for a quiet moment ([`Session::await_quiet`]); answered by [`Input::Quiet`].
    ///
    /// [`Session::await_quiet`]: crate::Session::await_quiet
    AwaitQuiet(SessionKey),
    /// Close the session's WebSocket in order. [`Input::Lost`] must not follow.
    Close(SessionKey),
    /// Give up the call or the dial that is under way for the session, and answer it as failed:
    /// it may have gone over a network that is no more. One that has not gone out yet goes on.
    GiveUp(SessionKey),
    /// Find out whether the session's WebSocket still works ([`Session::check_path`]).
    ///
    /// [`Session::check_path`]: crate::Session::check_path
    CheckPath(SessionKey),
    /// The machine is about to sleep ([`Session::handle_sleep`]).
    ///
    /// [`Session::handle_sleep`]: crate::Session::handle_sleep
    Sleep(SessionKey),
    /// Send the agent the flag that ends the session.
    SendEnd(SessionKey),
    /// Call TerminateSession; answered by [`Input::Terminated`].
    Terminate(SessionKey, String),
    /// Call TerminateSession for a session that is given up; nobody waits for the answer.
    Abandon(String),
    /// Drop the session's engine, its WebSocket and its connections.
    Discard(SessionKey),
    /// Carry a waiting connection on this session.
    Place(RequestId, SessionKey),
    /// Close a waiting connection.
    Reject(RequestId),
}

/// What a WebSocket is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The session has none: it is used at once.
    Connect,
    /// It takes the place of one that works: at a quiet moment, if one comes within
    /// [`TAKE_PATIENCE`](super::TAKE_PATIENCE); answered by [`Input::Renewed`] or [`Input::RenewalMissed`]. If the
    /// old one is lost before, the new one is used at once.
    Renew,
}

/// What the driver may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The tunnel's public state is another one now.
    StateChanged(State),
    /// A WebSocket is gone.
    Lost {
        /// Whose it was.
        session: SessionKey,
        /// How it ended.
        close: Close,
        /// Who ended it.
        closed_by: ClosedBy,
        /// How old it was; zero if it was never in use.
        socket_age: Duration,
    },
    /// A session had to be given up; a new one is started in its place.
    Replaced {
        /// The session with which the loss began that is not over: this one, or one that it was
        /// to take the place of. `None` if nothing was lost. The record of the drop names it.
        drop_of: Option<String>,
        /// The session that was given up.
        session: SessionKey,
        /// Its id; `None` if it had none yet.
        session_id: Option<String>,
        /// Local connections that are lost with it.
        connections: u32,
        /// Why.
        problem: Problem,
    },
    /// A lazy tunnel could not get a session that was wanted. It listens again, and tries anew
    /// for the next connection.
    Rested(Problem),
    /// Something to be kept.
    Record(Box<Record>),
    /// Every session is ended: the tunnel is off.
    Stopped,
    /// The tunnel has given up; it does nothing any more.
    Failed(Problem),
}

/// Why [`Tunnel::handle_timeout`] wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelTimer {
    /// A session's next attempt is due.
    Attempt(SessionKey),
    /// A session was healthy for long enough to forget its last outage.
    Healed(SessionKey),
    /// A WebSocket is old enough to be renewed.
    Renewal(SessionKey),
    /// The credentials are to be looked at again.
    SignInProbe(SessionKey),
    /// A waiting connection has waited long enough.
    WaitLimit(RequestId),
    /// A waiting connection has waited long enough for a session of its own.
    SparePatience(RequestId),
    /// A session that helps no more is to be ended.
    Shrink(SessionKey),
    /// The pool has fewer sessions than it is to hold, and may be filled again.
    Fill,
    /// Nobody has used a lazy tunnel for a while.
    Idle,
    /// The agent did not acknowledge the end of its session.
    EndConfirmation(SessionKey),
    /// Connections that did not reach the destination are to be summed up.
    Unreached,
    /// Numbers in the tunnel's state have changed, and have not been told for a while.
    Numbers,
    /// What was told of the end of a state is past.
    Lapse,
    /// Stopping has taken long enough.
    StopLimit,
}
