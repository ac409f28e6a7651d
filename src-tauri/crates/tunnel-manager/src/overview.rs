//! What the manager shows of itself.

use std::sync::Arc;

use tunnel_proto::{Problem, Snapshot};

use crate::profile::Profile;

/// Everything at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The saved tunnels in the file's order, then the demo tunnel if there is one.
    pub tunnels: Vec<TunnelStatus>,
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
}
