//! What the manager shows of itself.

use std::sync::Arc;

use aws_access::SignIn;
use tunnel_proto::{Problem, Snapshot};

use crate::profile::{CredentialSource, Profile, ProfileId};

/// Everything at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The saved tunnels in the file's order, then the demo tunnel if there is one.
    pub tunnels: Vec<TunnelStatus>,
    /// The sign-ins that tunnels wait for, the oldest first. Each is worth one notification.
    pub sign_ins: Vec<SignInNeeded>,
    /// Why the saved tunnels could not be read; those that were read before are still here.
    pub store: Option<Problem>,
}

/// One tunnel at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelStatus {
    /// What it should be.
    pub profile: Arc<Profile>,
    /// What it is.
    pub snapshot: Snapshot,
    /// It runs with other settings than `profile` has; they count from the next start.
    pub outdated: bool,
    /// It is the demo tunnel: not saved, and it can be cut.
    pub demo: bool,
    /// It could not start because its port is in use; this one is free.
    pub free_port: Option<u16>,
    /// It leads to production and closes by itself.
    pub closes: Option<Closes>,
}

/// When a tunnel to production closes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closes {
    /// Unix milliseconds.
    pub at: u64,
    /// So soon that whoever uses it should be told.
    pub is_soon: bool,
}

/// A sign-in that tunnels wait for.
///
/// It is the same one for as long as one of them waits: whoever comes to wait for it as well, and
/// attempts that fail, make no other of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInNeeded {
    /// Tells it from an earlier need of the same sign-in. Numbers only grow.
    pub number: u64,
    /// What a person signs in to.
    pub sign_in: SignIn,
    /// Whose credentials the first tunnel uses that came to wait: signing in for it serves all.
    pub credentials: CredentialSource,
    /// Who waits, in the order in which they came to.
    pub tunnels: Vec<ProfileId>,
    /// What the first said of it.
    pub problem: Problem,
}
