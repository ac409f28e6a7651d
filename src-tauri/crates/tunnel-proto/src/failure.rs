//! What went wrong outside, and what should happen next.

use crate::Problem;

/// A failed request to the service, or a WebSocket that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What should happen next.
    pub next: Next,
    /// What to tell.
    pub problem: Problem,
}

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same again, after a while: throttling, a service error.
    Retry,
    /// The same again, after a while: the service could not be reached at all. The way there
    /// has to come back, and that takes as long as it takes.
    AwaitNetwork,
    /// The session is over: start another.
    NewSession,
    /// The target is not connected to the service. It may come back: worth waiting for once
    /// the tunnel has been up, worth saying at once when it is being started.
    AwaitTarget,
    /// The credentials were refused; their source may have newer ones by now, and if not, only
    /// the user can renew them.
    NewCredentials,
    /// Only the user can renew the credentials.
    SignIn,
    /// Only the user can, and only by starting this program anew: looking again finds the same.
    Restart,
    /// The settings can't be read as they are now: somebody may be about to save them. Worth
    /// waiting for once the tunnel has been up, worth saying at once when it is being started.
    AwaitSettings,
    /// Nothing but a change of the settings can help.
    Stop,
}
