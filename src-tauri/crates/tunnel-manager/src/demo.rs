//! A tunnel for those who have none yet: the whole engine against a simulated service in this
//! process, with a small web page at the far end.

mod page;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ssm_sim::{ApiFault, BlackHole, Operation, Settings, Simulator};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tunnel_proto::{Problem, ProblemKind};

use crate::engine::{DemoService, StaticAccess};
use crate::profile::Draft;

use page::Page;

/// The managed node that the simulated service answers for.
const TARGET: &str = "i-0c0ffee0c0ffee000";
/// What the page's server is called behind the target.
const HOST: &str = "demo.internal";
const PORT: u32 = 80;

/// The name under which the page counts four times a second, with as many bytes as are seen in a
/// chart.
pub const FLOW: &str = "/flow";

/// How long a black hole and the agent's absence last: long enough to be noticed, and short enough
/// that nobody gives up watching.
const AWAY: Duration = Duration::from_secs(8);

/// How often a resume is refused before one is accepted.
const REFUSALS: u32 = 2;

/// What can be done to the demo tunnel's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoCut {
    /// The gateway closes the WebSocket with code 1000, as it does after an hour.
    Close,
    /// The TCP connection is reset, as by a network that changes.
    Reset,
    /// Nothing passes for 8 s, and what was on its way is gone: nobody is told of it.
    BlackHole,
    /// The gateway closes the WebSocket, and the service refuses the first two resumes, as it does
    /// when it is asked too often.
    RefusedResume,
    /// The agent is away for 8 s, as when it is updated.
    AgentGone,
}

/// The demo's service: SSM API, gateway, agent and web page, all on loopback.
///
/// Everything ends with it, at the latest when it is dropped.
#[derive(Debug)]
pub struct Demo {
    simulator: Simulator,
    page: Page,
    /// Brings the agent back.
    comeback: Comeback,
}

/// The task that brings the agent back, as long as nobody ends the demo.
#[derive(Debug, Default)]
struct Comeback(Mutex<Option<JoinHandle<()>>>);

impl Demo {
    /// Starts it on free ports of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when this computer does not let it listen there.
    pub async fn start() -> Result<Self, Problem> {
        let page = Page::start().await.map_err(|error| cannot_start(&error))?;
        let settings = Settings {
            destinations: HashMap::from([(format!("{HOST}:{PORT}"), page.address())]),
            ..Settings::default()
        };
        let simulator = Simulator::start(settings)
            .await
            .map_err(|error| cannot_start(&error))?;
        Ok(Self {
            simulator,
            page,
            comeback: Comeback::default(),
        })
    }

    /// Where clients find the simulated SSM API.
    pub fn endpoint_url(&self) -> String {
        self.simulator.endpoint_url()
    }

    /// Credentials that the simulated service accepts, in any region.
    pub fn access(&self) -> StaticAccess {
        let (access_key, secret_key, session_token) = self.simulator.credentials();
        StaticAccess {
            access_key,
            secret_key,
            session_token,
        }
    }

    /// Where the web page really is: what comes through the tunnel can be compared with it.
    pub fn page_address(&self) -> SocketAddr {
        self.page.address()
    }

    /// The simulator, for everything else that can be done to it.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Does this to each tunnel's connection.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn cut(&self, cut: DemoCut) {
        let faults = self.simulator.faults();
        match cut {
            DemoCut::Close => faults.close(1000, "Bye"),
            DemoCut::Reset => faults.reset(),
            DemoCut::BlackHole => faults.black_hole(BlackHole::Swallow, Some(AWAY)),
            DemoCut::RefusedResume => {
                let fault = ApiFault::Error {
                    code: "ThrottlingException".to_owned(),
                    message: "Rate exceeded".to_owned(),
                    status: 400,
                };
                faults.fail_api(Operation::ResumeSession, fault, Some(REFUSALS));
                faults.close(1000, "Bye");
            }
            DemoCut::AgentGone => {
                faults.agent_gone();
                let faults = faults.clone();
                let back = tokio::spawn(async move {
                    sleep(AWAY).await;
                    faults.agent_back();
                });
                self.comeback.replace(Some(back));
            }
        }
    }

    /// A tunnel that leads to the page, from any free port.
    pub fn tunnel(&self) -> Draft {
        Draft {
            name: "Demo tunnel".to_owned(),
            target: TARGET.to_owned(),
            remote_host: Some(HOST.to_owned()),
            remote_port: PORT,
            bind: "localhost".to_owned(),
            region: Some("eu-west-1".to_owned()),
            endpoint_url: Some(self.endpoint_url().into()),
            reason: Some("Trying Culvert".to_owned()),
            // What is shown is how one session holds.
            sessions: Some("1".to_owned()),
            // A silence is noticed while somebody watches.
            keepalive: Some("5".to_owned()),
            ..Draft::default()
        }
    }

    /// Ends all of it.
    pub async fn stop(self) {
        self.simulator.stop().await;
    }
}

impl DemoService for Demo {
    fn tunnel(&self) -> Draft {
        Self::tunnel(self)
    }

    fn access(&self) -> StaticAccess {
        Self::access(self)
    }

    fn cut(&self, cut: DemoCut) {
        Self::cut(self, cut);
    }

    async fn stop(self) {
        Self::stop(self).await;
    }
}

impl Comeback {
    fn replace(&self, task: Option<JoinHandle<()>>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *current, task) {
            old.abort();
        }
    }
}

impl Drop for Comeback {
    fn drop(&mut self) {
        self.replace(None);
    }
}

fn cannot_start(error: &dyn std::error::Error) -> Problem {
    Problem::new(
        ProblemKind::Listen,
        "demo-service",
        "The demo's service could not start: this computer does not let it listen on 127.0.0.1.",
        "Check what restricts local connections, such as a firewall.",
    )
    .with_details(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::ProfileId;

    #[tokio::test]
    async fn the_demo_tunnel_is_one_that_could_be_saved() {
        let demo = Demo::start().await.expect("loopback");
        let profile = demo.tunnel().check(ProfileId::random()).expect("valid");
        assert_eq!(
            profile.endpoint_url.as_deref(),
            Some(demo.endpoint_url().as_str())
        );
        assert!(demo.page_address().ip().is_loopback());
        demo.stop().await;
    }
}
