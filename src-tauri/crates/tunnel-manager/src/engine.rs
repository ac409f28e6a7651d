//! What the manager needs of the tunnels that it runs: a seam, so that it can be tried without
//! a network.

use std::future::Future;
use std::sync::Arc;

use aws_access::SignIn;
use tokio::sync::{oneshot, watch};
use tunnel::Details;
use tunnel_proto::{Problem, Snapshot};

use crate::demo::DemoCut;
use crate::profile::{CredentialSource, Draft, Profile};

/// Makes tunnels.
pub trait Engine: Send + Sync + 'static {
    /// A tunnel that it made.
    type Tunnel: RunningTunnel;
    /// The demo service.
    type Demo: DemoService;

    /// Starts a tunnel and returns once it listens.
    fn start(
        &self,
        launch: Launch,
    ) -> impl Future<Output = Result<Self::Tunnel, StartFailure>> + Send;

    /// Says what a tunnel with these credentials needs a person to sign in to. Asks nobody.
    fn sign_in(&self, credentials: &CredentialSource) -> impl Future<Output = SignIn> + Send;

    /// Starts the demo service in this process.
    fn start_demo(&self) -> impl Future<Output = Result<Self::Demo, Problem>> + Send;
}

/// A tunnel that listens.
pub trait RunningTunnel: Send + Sync + 'static {
    /// What it does, now and from now on. The sender goes when the tunnel is over.
    fn snapshot(&self) -> watch::Receiver<Snapshot>;

    /// Tries at once what it waits for.
    fn try_now(&self);

    /// Answers how its sessions and connections are, or drops the answer.
    fn look(&self, answer: oneshot::Sender<Details>);

    /// Closes the listener, ends the sessions at the service and returns when that is done.
    fn stop(self) -> impl Future<Output = ()> + Send;
}

/// A service of its own to show a tunnel with: the API, the gateway, a target and a web page.
pub trait DemoService: Send + Sync + 'static {
    /// The tunnel that leads to the page.
    fn tunnel(&self) -> Draft;

    /// Credentials that the service accepts.
    fn access(&self) -> StaticAccess;

    /// Does this to the tunnel's connection.
    fn cut(&self, cut: DemoCut);

    /// Ends the service.
    fn stop(self) -> impl Future<Output = ()> + Send + 'static;
}

/// What a tunnel is started with.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Its settings.
    pub profile: Arc<Profile>,
    /// Credentials to use instead of those that the profile names.
    pub access: Option<StaticAccess>,
}

/// Fixed credentials. They open nothing but the demo service.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticAccess {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for StaticAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaticAccess")
            .field("access_key", &self.access_key)
            .field("secret_key", &"[redacted]")
            .field(
                "session_token",
                &self.session_token.as_ref().map(|_| "[redacted]"),
            )
            .finish()
    }
}

/// Why a tunnel did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFailure {
    /// What to tell.
    pub problem: Problem,
    /// The next free port, when the wanted one is in use.
    pub free_port: Option<u16>,
}
