//! From facts to verdicts. Pure: the same facts, the same words.

mod access;
mod account;
mod candidates;
mod certificates;
mod container;
mod ghosts;
mod machine;
mod network;
mod permission;
mod target;
mod words;

pub use access::{Credentials, Identity, credentials, identity};
pub use account::{PORTS_IN_THE_CLEAR, Preferences, Wants, preferences, session_key};
pub use candidates::{OfCandidate, agents, candidates, usable_candidates};
pub use certificates::{Certificate, Name, tls};
pub use container::{Container, connected, container};
pub use ghosts::{OpenSession, Owner, Sessions, Sweep, ghosts};
pub use machine::{Port, PortTaken, local_port};
pub use network::{
    Answer, Proxied, Resolved, Upgrade, captive_portal, clock, dns, proxy, tcp, websocket,
};
pub use permission::{
    Denial, Probe, Reply, Shown, permission, start_session, start_session_unasked,
};
pub use target::{AgentWants, Node, Ping, Version, agent, real_session, target};
