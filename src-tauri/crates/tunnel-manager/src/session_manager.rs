//! The engine that the product runs on: tunnels through AWS Session Manager.

use std::time::Instant;

use aws_access::SignIn;
use tokio::sync::watch;
use tunnel::{
    AccessSettings, ListenError, Secret, StartError, StaticCredentials, Tunnel, TunnelConfig,
};
use tunnel_proto::{Problem, Snapshot};

use crate::demo::Demo;
use crate::engine::{Engine, Launch, RunningTunnel, StartFailure, StaticAccess};
use crate::profile::{BindAddress, Destination, Listen, Profile};

/// Makes tunnels through AWS Session Manager.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionManager;

impl Engine for SessionManager {
    type Tunnel = Tunnel;
    type Demo = Demo;

    async fn start(&self, launch: Launch) -> Result<Tunnel, StartFailure> {
        let Launch { profile, access } = launch;
        Tunnel::start(config(&profile, access))
            .await
            .map_err(|error| StartFailure {
                problem: error.problem(),
                free_port: free_port(&error),
            })
    }

    async fn sign_in(&self, aws_profile: Option<&str>) -> SignIn {
        aws_access::sign_in(aws_profile).await
    }

    async fn start_demo(&self) -> Result<Demo, Problem> {
        Demo::start().await
    }
}

impl RunningTunnel for Tunnel {
    fn snapshot(&self) -> watch::Receiver<Snapshot> {
        Self::snapshot(self)
    }

    fn try_now(&self) {
        Self::try_now(self);
    }

    async fn stop(self) {
        Self::stop(self).await;
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
            profile: profile.aws_profile.clone(),
            region: profile.region.clone(),
            endpoint_url: profile.endpoint_url.clone(),
            static_credentials: access.map(|access| StaticCredentials {
                access_key_id: access.access_key,
                secret_access_key: Secret::new(access.secret_key),
                session_token: access.session_token.map(Secret::new),
            }),
            ..AccessSettings::default()
        },
        ..TunnelConfig::new(profile.target.clone(), destination)
    }
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
