//! The programs that are compared.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use aws_access::{Access, AccessSettings, Secret, StartSession, StaticCredentials};
use serde_json::json;
use ssm_sim::Simulator;
use tokio::process::Command;

use crate::process::{Process, culvert_forward, culvert_listens};
use crate::{Destination, REGION, TARGET};

const DOCUMENT: &str = "AWS-StartPortForwardingSession";

/// One program, and how it is called.
#[derive(Debug, Clone)]
pub struct Client {
    /// What it is called in the report.
    pub name: String,
    /// The program's file.
    pub program: PathBuf,
    /// How it is called.
    pub kind: Kind,
}

/// How a program is called.
#[derive(Debug, Clone)]
pub enum Kind {
    /// As `culvert forward`, with these options beside.
    Culvert(Vec<String>),
    /// As the AWS CLI calls its plugin (docs/protocol.md, section 8), after a StartSession of
    /// ours.
    Plugin,
}

impl Client {
    /// Starts it; returns when it listens.
    pub(super) async fn start(
        &self,
        sim: &Simulator,
        destination: &Destination,
    ) -> Result<(Process, SocketAddr), Box<dyn Error>> {
        match &self.kind {
            Kind::Culvert(options) => {
                let mut command = culvert_forward(&self.program, sim, destination);
                command.args(options);
                Process::start(command, culvert_listens).await
            }
            Kind::Plugin => {
                let command = self.plugin(sim, destination).await?;
                Process::start(command, plugin_listens).await
            }
        }
    }

    /// Ends it.
    pub(super) async fn end(&self, process: Process) -> Result<(), String> {
        match &self.kind {
            Kind::Culvert(_) => process.end().await,
            // It does not look at SIGTERM: the system ends it.
            Kind::Plugin => process.stop().await.map(|_| ()),
        }
    }

    async fn plugin(
        &self,
        sim: &Simulator,
        destination: &Destination,
    ) -> Result<Command, Box<dyn Error>> {
        let (access_key_id, secret, token) = sim.credentials();
        let access = Access::load(AccessSettings {
            region: Some(REGION.to_owned()),
            endpoint_url: Some(sim.endpoint_url().into()),
            static_credentials: Some(StaticCredentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: Secret::new(secret.clone()),
                session_token: token.map(Secret::new),
            }),
            ..AccessSettings::default()
        })
        .await?;
        let port = destination.port().to_string();
        // Nought: any port that is free.
        let parameters = BTreeMap::from([
            ("portNumber".to_owned(), vec![port]),
            ("localPortNumber".to_owned(), vec!["0".to_owned()]),
        ]);
        let request = json!({
            "Target": TARGET,
            "DocumentName": DOCUMENT,
            "Parameters": parameters,
        });
        let grant = access
            .start_session(&StartSession {
                target: TARGET.to_owned(),
                document: DOCUMENT.to_owned(),
                parameters,
                reason: None,
            })
            .await?;
        let response = json!({
            "SessionId": grant.session_id,
            "TokenValue": grant.token.expose(),
            "StreamUrl": grant.stream_url.to_string(),
        });
        let mut command = Command::new(&self.program);
        command
            .args([&response.to_string(), REGION, "StartSession", ""])
            .args([&request.to_string(), &sim.endpoint_url()])
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        Ok(command)
    }
}

/// Where the plugin says that it listens: `Port 12345 opened for sessionId …`.
fn plugin_listens(line: &str) -> Option<SocketAddr> {
    let (port, _) = line.strip_prefix("Port ")?.split_once(' ')?;
    Some((Ipv4Addr::LOCALHOST, port.parse().ok()?).into())
}
