//! The way to a service, step by step, for whoever wants to know where it ends.
//!
//! Each step is the one that dialling a data channel takes: the same resolver, proxies and
//! roots. Nothing is asked for that exists, nothing is signed, and no host but the one given is
//! spoken to.

mod certificates;
mod http;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_access::{Access, ProxyHop, ProxyRoutes, Trust};
use tokio::time::timeout;
use url::Url;

pub use certificates::{CertificateName, Certificates};
pub use http::HttpAnswer;

use crate::Problem;
use crate::dial::{self, DialError, Place, Stream};

/// How long all steps of one probe together may take: as long as dialling.
const LIMIT: Duration = dial::DIAL_TIMEOUT;

/// Looks at the way to one service.
#[derive(Clone)]
pub struct Probe {
    place: Arc<Place>,
    trust: Trust,
    proxies: ProxyRoutes,
}

/// A name that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// The name: the host's, or the proxy's in front of it.
    pub name: String,
    /// What came, without ports.
    pub addresses: Vec<String>,
}

/// What becomes of the way through a proxy.
#[derive(Debug)]
pub enum ThroughProxy {
    /// There is none.
    Direct,
    /// It connected.
    Connected {
        /// Its address, without user and password.
        proxy: String,
    },
    /// It did not.
    Refused {
        /// Why.
        problem: Problem,
    },
}

impl Probe {
    /// Prepares to look at the way to an endpoint (an http or https URL), with the proxies,
    /// their passwords and the roots that a tunnel with this access has.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn new(access: &Access, endpoint: &Url) -> Result<Self, Problem> {
        Self::with_proxies(access.trust(), endpoint, access.proxies())
    }

    fn with_proxies(trust: &Trust, endpoint: &Url, proxies: ProxyRoutes) -> Result<Self, Problem> {
        Ok(Self {
            place: Arc::new(Place::of_endpoint(endpoint).map_err(problem)?),
            trust: trust.clone(),
            proxies,
        })
    }

    /// The host, as people write it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.place.host
    }

    /// Whether TLS is spoken with it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.place.tls.is_some()
    }

    /// Whether it is reached through a proxy.
    #[must_use]
    pub fn is_proxied(&self) -> bool {
        self.proxy().is_some()
    }

    /// Looks up the first machine on the way: the host, or the proxy in front of it.
    ///
    /// # Errors
    /// That it has no address; a proxy without one can't be reached.
    pub async fn look_up(&self) -> Result<LookedUp, Problem> {
        let (name, port) = self.first_machine();
        let found = self.first_step(&name, dial::resolve(&name, port)).await?;
        let mut addresses: Vec<_> = found.iter().map(|found| found.ip().to_string()).collect();
        addresses.dedup();
        Ok(LookedUp { name, addresses })
    }

    /// Connects to the first machine on the way, and closes the connection.
    ///
    /// # Errors
    /// That it can't be reached.
    pub async fn connect(&self) -> Result<(String, SocketAddr), Problem> {
        let (name, port) = self.first_machine();
        let connecting = async {
            let tcp = dial::tcp_connect(&name, port).await?;
            tcp.peer_addr()
                .map_err(|error| DialError::connect(&name, error))
        };
        let address = self.first_step(&name, connecting).await?;
        Ok((name, address))
    }

    /// Has the proxy connect to the host, and closes the connection.
    pub async fn through_proxy(&self) -> ThroughProxy {
        let Some(hop) = self.proxy() else {
            return ThroughProxy::Direct;
        };
        let asked = dial::proxy_connect(&self.place, &hop, &self.trust);
        match self.within(asked).await {
            Ok(_) => ThroughProxy::Connected {
                proxy: hop.setting.address,
            },
            Err(problem) => ThroughProxy::Refused { problem },
        }
    }

    /// Says which certificates the host shows, and whether they are trusted.
    ///
    /// # Errors
    /// That it could not be reached to show any; untrusted ones are none.
    pub async fn certificates(&self) -> Result<Certificates, Problem> {
        let (config, shown) = self.trust.watching_config();
        let connected = dial::connect_with(&self.place, &self.trust, config, &self.proxies);
        let outcome = self.within(connected).await;
        let shown = shown.take();
        match outcome {
            Ok(_) => Ok(Certificates::new(self.host(), &shown, None)),
            Err(problem) if !shown.is_empty() => {
                Ok(Certificates::new(self.host(), &shown, Some(problem)))
            }
            Err(problem) => Err(problem),
        }
    }

    /// Sends an unsigned call to the service, which refuses it; what matters is who answers.
    ///
    /// # Errors
    /// That nobody does.
    pub async fn ask(&self) -> Result<HttpAnswer, Problem> {
        self.within(async {
            let stream = self.stream().await?;
            http::ask(stream, &self.place).await
        })
        .await
    }

    /// Asks for an upgrade to a WebSocket, for a data channel that does not exist, without a
    /// signature.
    ///
    /// # Errors
    /// That nobody answers.
    pub async fn upgrade(&self) -> Result<HttpAnswer, Problem> {
        self.within(async {
            let stream = self.stream().await?;
            http::upgrade(stream, &self.place).await
        })
        .await
    }

    async fn stream(&self) -> Result<Stream, DialError> {
        dial::connect(&self.place, &self.trust, &self.proxies).await
    }

    fn proxy(&self) -> Option<ProxyHop> {
        dial::proxy_for(&self.place, &self.proxies)
    }

    fn first_machine(&self) -> (String, u16) {
        match self.proxy() {
            Some(proxy) => aws_access::proxy_place(&proxy.intercept),
            None => (self.place.host.clone(), self.place.port),
        }
    }

    /// Takes a step to the first machine on the way. Where that is a proxy, it is the proxy that
    /// fails, and not the host behind it.
    async fn first_step<T>(
        &self,
        machine: &str,
        step: impl Future<Output = Result<T, DialError>>,
    ) -> Result<T, Problem> {
        let outcome = in_time(step, || machine.to_owned()).await;
        outcome.map_err(|source| {
            problem(match self.proxy() {
                Some(hop) => dial::proxy_unreachable(&self.place, &hop, source),
                None => source,
            })
        })
    }

    async fn within<T>(
        &self,
        step: impl Future<Output = Result<T, DialError>>,
    ) -> Result<T, Problem> {
        let who = || match self.proxy() {
            Some(hop) => format!("{} through the proxy {}", self.host(), hop.setting),
            None => self.place.host.clone(),
        };
        in_time(step, who).await.map_err(problem)
    }
}

/// Takes a step within the limit, past which `who` did not answer.
async fn in_time<T>(
    step: impl Future<Output = Result<T, DialError>>,
    who: impl FnOnce() -> String,
) -> Result<T, DialError> {
    let outcome = timeout(LIMIT, Box::pin(step)).await;
    outcome.unwrap_or_else(|_| {
        Err(DialError::Timeout {
            host: who(),
            after: LIMIT,
        })
    })
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "it is what map_err hands over"
)]
fn problem(error: DialError) -> Problem {
    error.failure().problem
}

#[cfg(test)]
mod tests;
