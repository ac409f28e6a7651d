//! The sign-ins that tunnels wait for: one each, however many tunnels wait and however often
//! they try.

use aws_access::SignIn;
use tunnel_proto::{Problem, State};

use crate::overview::SignInNeeded;
use crate::profile::{CredentialSource, ProfileId};

/// Who waits for which sign-in.
#[derive(Debug, Default)]
pub(super) struct Needs {
    all: Vec<SignInNeeded>,
    /// How many there have been.
    count: u64,
}

/// What a tunnel's state says of the sign-in that it may have waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// It waits for one.
    Yes,
    /// It does not, any more.
    No,
    /// It tries: whoever has waited may do so again at once.
    Perhaps,
}

impl Waits {
    pub(super) fn of(state: &State) -> Self {
        match state {
            State::NeedsSignIn { .. } => Self::Yes,
            State::Connecting { .. } | State::Reconnecting { .. } => Self::Perhaps,
            State::Off
            | State::Listening
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Stopping
            | State::Failed { .. } => Self::No,
        }
    }
}

impl Needs {
    /// All of them, the oldest first.
    pub(super) fn all(&self) -> &[SignInNeeded] {
        &self.all
    }

    pub(super) fn waits(&self, id: ProfileId) -> bool {
        self.all.iter().any(|need| need.tunnels.contains(&id))
    }

    /// A tunnel has come to wait.
    pub(super) fn add(
        &mut self,
        id: ProfileId,
        sign_in: SignIn,
        credentials: CredentialSource,
        problem: Problem,
    ) {
        if let Some(need) = self.all.iter_mut().find(|need| need.sign_in == sign_in) {
            need.tunnels.push(id);
            return;
        }
        self.count += 1;
        self.all.push(SignInNeeded {
            number: self.count,
            sign_in,
            credentials,
            tunnels: vec![id],
            problem,
        });
    }

    /// A tunnel waits no more.
    pub(super) fn remove(&mut self, id: ProfileId) {
        for need in &mut self.all {
            need.tunnels.retain(|tunnel| *tunnel != id);
        }
        self.all.retain(|need| !need.tunnels.is_empty());
    }
}
