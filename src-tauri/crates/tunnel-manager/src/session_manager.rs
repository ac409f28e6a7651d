//! The engine that the product runs on: tunnels through AWS Session Manager.

use std::time::Instant;

use aws_access::{Keyring, SignIn, SignIns, WrittenAddress};
use tokio::sync::{oneshot, watch};
use tunnel::{
    AccessSettings, CallBudget, Details, Environment, Ledger, ListenError, Secret, StartError,
    StaticCredentials, Tunnel, TunnelConfig,
};
use tunnel_proto::{Problem, Snapshot};

use crate::demo::Demo;
use crate::engine::{Engine, Launch, RunningTunnel, StartFailure, StaticAccess};
use crate::frequency::Frequency;
use crate::history::{Following, TunnelName};
use crate::profile::{BindAddress, CredentialSource, Destination, Listen, Profile};
use crate::settings::{Settings, SettingsKeeper};
use crate::traces::Traces;
use crate::unrest::Unrest;

/// Makes tunnels through AWS Session Manager. By default they leave no traces on disk, in an
/// environment in which nothing happens.
#[derive(Debug, Clone, Default)]
pub struct SessionManager {
    traces: Traces,
    environment: Environment,
    sign_ins: SignIns,
    keyring: Keyring,
    /// What tunnels without wishes of their own follow, from their next start on.
    settings: Option<SettingsKeeper>,
    unrest: Unrest,
}

/// A tunnel whose history is kept.
#[derive(Debug)]
pub struct RecordedTunnel {
    tunnel: Tunnel,
    following: Following,
}

impl SessionManager {
    /// Makes tunnels whose history and sessions are kept on disk, and which go through what the
    /// machine goes through. Ends the sessions that earlier processes have left on disk, in a task of its
    /// own: no tunnel waits for that. What tunnels have no wish of their own for, and how AWS is
    /// reached, `settings` say, if there are any.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new(traces: Traces, environment: Environment, settings: Option<SettingsKeeper>) -> Self {
        let manager = Self {
            traces,
            environment,
            settings,
            ..Self::default()
        };
        let (ledger, calls) = (manager.ledger(), manager.call_budget());
        let reaching = manager.reaching(AccessSettings::default());
        // What comes of it is in the log; nobody has to know more.
        tokio::spawn(async move { ledger.sweep(&calls, &reaching).await });
        manager
    }

    /// The keyring of its tunnels: what is kept there for this session alone, they have too.
    pub fn keyring(&self) -> Keyring {
        self.keyring.clone()
    }

    /// Where its tunnels look for sign-ins: what is kept there in memory, they have too.
    pub fn sign_ins(&self) -> SignIns {
        self.sign_ins.clone()
    }

    /// Which of its tunnels drop too often.
    pub fn unrest(&self) -> Unrest {
        self.unrest.clone()
    }

    /// The sessions that its tunnels know of.
    pub fn ledger(&self) -> Ledger {
        self.traces.ledger.clone()
    }

    /// How many calls its tunnels make at once, and whoever asks beside them.
    pub fn call_budget(&self) -> CallBudget {
        self.environment.call_budget().clone()
    }

    /// What a tunnel with these settings would be started with now, but for what it leaves on disk.
    pub fn config_of(&self, profile: &Profile) -> TunnelConfig {
        self.config(profile, None)
    }

    /// The same account, reached as its tunnels reach theirs: by their proxy, roots, keyring and
    /// sign-ins.
    #[must_use]
    pub fn reaching(&self, access: AccessSettings) -> AccessSettings {
        let mut access = AccessSettings {
            sign_ins: self.sign_ins.clone(),
            keyring: self.keyring.clone(),
            ..access
        };
        if let Some(settings) = &self.settings {
            settings.settings().reach(&mut access);
        }
        access
    }

    fn config(&self, profile: &Profile, access: Option<StaticAccess>) -> TunnelConfig {
        let mut config = config(profile, access);
        if let Some(settings) = &self.settings {
            follow(&mut config, profile, &settings.settings());
        }
        config.access = self.reaching(config.access);
        config.environment = self.environment.clone();
        config
    }
}

impl Engine for SessionManager {
    type Tunnel = RecordedTunnel;
    type Demo = Demo;

    async fn start(&self, launch: Launch) -> Result<RecordedTunnel, StartFailure> {
        let Launch { profile, access } = launch;
        let mut config = self.config(&profile, access);
        let name = TunnelName::new(Some(profile.id), profile.name.clone()).leading(&config);
        // The sessions of the demo end with its service, which is in this process.
        if config.access.static_credentials.is_none() {
            config.ledger = self.traces.ledger.clone();
        }
        let tunnel = Tunnel::start(config).await.map_err(|error| StartFailure {
            problem: error.problem(),
            free_port: free_port(&error),
        })?;
        let following = self.traces.follow(name, &tunnel);
        let settings = self.settings.clone();
        self.unrest.follow(profile.id, tunnel.events(), move || {
            let settings = settings.as_ref().map(SettingsKeeper::settings);
            settings.map_or(Some(Frequency::USUAL), |settings| settings.drops_told)
        });
        Ok(RecordedTunnel { tunnel, following })
    }

    async fn sign_in(&self, credentials: &CredentialSource) -> SignIn {
        match credentials {
            CredentialSource::Chain => aws_access::sign_in(None).await,
            CredentialSource::Profile(name) => aws_access::sign_in(Some(name)).await,
            CredentialSource::Keys(name) => SignIn::Keys(name.clone()),
        }
    }

    async fn start_demo(&self) -> Result<Demo, Problem> {
        Demo::start().await
    }
}

impl RunningTunnel for RecordedTunnel {
    fn snapshot(&self) -> watch::Receiver<Snapshot> {
        self.tunnel.snapshot()
    }

    fn try_now(&self) {
        self.tunnel.try_now();
    }

    fn look(&self, answer: oneshot::Sender<Details>) {
        self.tunnel.look(answer);
    }

    async fn stop(self) {
        let Self { tunnel, following } = self;
        if let Some(recorder) = following.recorder() {
            recorder.keep().await;
        }
        tunnel.stop().await;
        // Only then its events are over.
        drop(tunnel);
        following.finished().await;
    }
}

impl Profile {
    /// What a tunnel with these settings is started with. Its environment and its ledger are
    /// those of a process in which nothing happens and nothing is kept.
    pub fn tunnel_config(&self) -> TunnelConfig {
        config(self, None)
    }
}

fn config(profile: &Profile, access: Option<StaticAccess>) -> TunnelConfig {
    let destination = match &profile.destination {
        Destination::Port(port) => tunnel::Destination::Port(*port),
        Destination::RemoteHost { host, port } => tunnel::Destination::RemoteHost {
            host: host.clone(),
            port: *port,
        },
    };
    TunnelConfig {
        name: profile.name.clone(),
        listen: listen(&profile.listen),
        reason: profile.reason.clone(),
        policy: profile.upkeep.policy(),
        session: profile.upkeep.session(Instant::now()),
        access: AccessSettings {
            profile: profile.credentials.profile().map(str::to_owned),
            keys: profile.credentials.keys().map(str::to_owned),
            region: profile.region.clone(),
            endpoint_url: profile.endpoint_url.clone().map(WrittenAddress::from),
            endpoints: profile.endpoints.clone(),
            static_credentials: access.map(|access| StaticCredentials {
                access_key_id: access.access_key,
                secret_access_key: Secret::new(access.secret_key),
                session_token: access.session_token.map(Secret::new),
            }),
            ..AccessSettings::default()
        },
        ..TunnelConfig::to(profile.target.clone(), destination)
    }
}

/// Settles by the program's settings what a tunnel has no wish of its own for.
fn follow(config: &mut TunnelConfig, profile: &Profile, settings: &Settings) {
    let upkeep = settings.upkeep(&profile.upkeep);
    config.policy = upkeep.policy();
    config.session = upkeep.session(Instant::now());
}

fn listen(listen: &Listen) -> tunnel::Listen {
    let address = match &listen.address {
        BindAddress::Localhost => tunnel::BindAddress::Localhost,
        BindAddress::Ip(address) => tunnel::BindAddress::Ip(*address),
        BindAddress::Unix(path) => tunnel::BindAddress::Unix(path.clone()),
    };
    tunnel::Listen {
        address,
        port: listen.port,
    }
}

fn free_port(error: &StartError) -> Option<u16> {
    if let StartError::Listen(ListenError::PortInUse { next_free, .. }) = error {
        *next_free
    } else {
        None
    }
}
