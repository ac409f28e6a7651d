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

use aws_access::{
    Access, Author, ProxyFailure, ProxyRoutes, Stream, Trust, WayError, WayTo, judged,
};
use tokio::time::timeout;
use url::Url;

pub use certificates::{CertificateName, Certificates};
pub use http::HttpAnswer;

use crate::Problem;
use crate::dial::{self, DialError, Place};

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
        !matches!(self.place.proxy(&self.proxies), Ok(None))
    }

    /// Whether the proxy can't be used as it is set, so that nothing is sent to it.
    #[must_use]
    pub fn has_unusable_proxy(&self) -> bool {
        self.place.proxy(&self.proxies).is_err()
    }

    /// Looks up the first machine on the way: the host, or the proxy in front of it.
    ///
    /// # Errors
    /// That it has no address; a proxy without one can't be reached.
    pub async fn look_up(&self) -> Result<LookedUp, Problem> {
        let way = self.way()?;
        let looking = async { Ok(way.look_up().await?) };
        let found = in_time(&way, looking).await.map_err(problem)?;
        let mut addresses: Vec<_> = found.iter().map(|found| found.ip().to_string()).collect();
        addresses.dedup();
        let (name, _) = way.first_machine();
        Ok(LookedUp { name, addresses })
    }

    /// Connects to the first machine on the way, and closes the connection.
    ///
    /// # Errors
    /// That it can't be reached.
    pub async fn connect(&self) -> Result<(String, SocketAddr), Problem> {
        let way = self.way()?;
        let connecting = async {
            let tcp = way.reach().await?;
            Ok(tcp.peer_addr().map_err(|error| way.failed(error))?)
        };
        let address = in_time(&way, connecting).await.map_err(problem)?;
        let (name, _) = way.first_machine();
        Ok((name, address))
    }

    /// Has the proxy connect to the host, begins to speak with that, and closes the connection:
    /// some proxies say that they have connected, and then answer themselves. A proxy that passes on
    /// what is not encrypted is asked to.
    pub async fn through_proxy(&self) -> ThroughProxy {
        let refused = |failure: Box<ProxyFailure>| ThroughProxy::Refused {
            problem: problem(WayError::from(failure).into()),
        };
        let hop = match self.place.proxy(&self.proxies) {
            Ok(Some(hop)) => hop,
            Ok(None) => return ThroughProxy::Direct,
            Err(failure) => return refused(failure),
        };
        let place = &self.place;
        let setting = hop.setting.clone();
        let way = WayTo::new(place.host.clone(), place.port, place.tls.clone(), Some(hop));
        let going = async {
            let stream = self.stream(&way).await?;
            if place.tls.is_none() {
                http::ask(stream, &way).await?;
            }
            Ok(())
        };
        match in_time(&way, going).await {
            Err(DialError::Way(WayError::Proxy(failure))) => refused(failure),
            // What is wrong behind the proxy is not its business.
            Ok(()) | Err(_) => ThroughProxy::Connected {
                proxy: setting.address,
            },
        }
    }

    /// Says which certificates the host shows, and whether they are trusted.
    ///
    /// # Errors
    /// That it could not be reached to show any; untrusted ones are none.
    pub async fn certificates(&self) -> Result<Certificates, Problem> {
        let (config, shown) = self.trust.watching_config();
        let way = self.way()?;
        let opening = async { Ok(way.open(&self.trust, config).await?) };
        let outcome = in_time(&way, opening).await.map_err(problem);
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
    /// That nobody does, or somebody else in place of AWS, or that it has trouble.
    pub async fn ask(&self) -> Result<HttpAnswer, Problem> {
        let way = self.way()?;
        let asking = async {
            let stream = self.stream(&way).await?;
            http::ask(stream, &way).await
        };
        let (answer, answered) = in_time(&way, asking).await.map_err(problem)?;
        match answered.to_call() {
            Author::Aws => Ok(answer),
            Author::Between | Author::Trouble => {
                Err(crate::access_problem(&judged(self.host(), answered, None)))
            }
        }
    }

    /// Asks for an upgrade to a WebSocket, for a data channel that does not exist, without a
    /// signature.
    ///
    /// # Errors
    /// That nobody answers, or somebody else does in place of the gateway, or that it has trouble.
    pub async fn upgrade(&self) -> Result<HttpAnswer, Problem> {
        let way = self.way()?;
        let asking = async {
            let stream = self.stream(&way).await?;
            http::upgrade(stream, &way).await
        };
        in_time(&way, asking).await.map_err(problem)
    }

    async fn stream(&self, way: &WayTo) -> Result<Stream, DialError> {
        Ok(way.open(&self.trust, self.trust.client_config()).await?)
    }

    fn way(&self) -> Result<WayTo, Problem> {
        self.place.way(&self.proxies).map_err(problem)
    }
}

/// Takes a step on a way within the limit.
async fn in_time<T>(
    way: &WayTo,
    step: impl Future<Output = Result<T, DialError>>,
) -> Result<T, DialError> {
    let outcome = timeout(LIMIT, Box::pin(step)).await;
    outcome.unwrap_or_else(|_| Err(way.overdue(LIMIT).into()))
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
