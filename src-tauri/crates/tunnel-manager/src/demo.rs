//! A tunnel for those who have none yet: the whole engine against a simulated service in this
//! process, with a small web page at the far end.

mod page;

use std::collections::HashMap;
use std::net::SocketAddr;

use ssm_sim::{Settings, Simulator};
use tunnel_proto::{Problem, ProblemKind};

use crate::engine::{DemoService, StaticAccess};
use crate::profile::Draft;

use page::Page;

/// The managed node that the simulated service answers for.
const TARGET: &str = "i-0c0ffee0c0ffee000";
/// What the page's server is called behind the target.
const HOST: &str = "demo.internal";
const PORT: u32 = 80;

/// The demo's service: SSM API, gateway, agent and web page, all on loopback.
///
/// Everything ends with it, at the latest when it is dropped.
#[derive(Debug)]
pub struct Demo {
    simulator: Simulator,
    page: Page,
}

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
        Ok(Self { simulator, page })
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

    /// Closes each tunnel's WebSocket with code 1000, as the gateway does after an hour.
    pub fn cut(&self) {
        self.simulator.faults().close(1000, "Bye");
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
            endpoint_url: Some(self.endpoint_url()),
            reason: Some("Trying Culvert".to_owned()),
            // What is shown is how one session holds.
            sessions: Some("1".to_owned()),
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

    fn cut(&self) {
        Self::cut(self);
    }

    async fn stop(self) {
        Self::stop(self).await;
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
