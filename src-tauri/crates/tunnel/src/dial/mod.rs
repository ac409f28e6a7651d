//! Opening the WebSocket of a data channel: over the way that API calls go as well
//! ([`aws_access::WayTo`]), and not by the WebSocket library, so that each step has its own error,
//! the roots are those of the API calls, and a proxy can be in between.

mod error;
mod upgrade;

use std::time::Duration;

use aws_access::{
    Access, ProxyFailure, ProxyHop, ProxyRoutes, Stream, Trust, WayError, WayTo, authority,
};
use http::{HeaderMap, Uri};
use rustls_pki_types::ServerName;
use tokio_tungstenite::WebSocketStream;
use tunnel_proto::Failure;
use url::{Host, Url};

pub(crate) use error::DialError;

/// The WebSocket of a data channel.
pub(crate) type Socket = WebSocketStream<Stream>;

/// How long all steps together may take.
pub(crate) const DIAL_TIMEOUT: Duration = tunnel_proto::DIAL_LIMIT;

/// Checks where the service sends the data channel, signs the upgrade with credentials that are
/// asked for now, and opens the WebSocket.
pub(crate) async fn dial(access: &Access, stream_url: &str) -> Result<Socket, Failure> {
    // Before anything is signed for it, or said to it.
    let url = access
        .endpoints()
        .stream_url(stream_url)
        .map_err(|fault| DialError::from(fault).failure())?;
    let headers = access
        .sign_upgrade(url.url())
        .await
        .map_err(|error| crate::access::failure(&error))?;
    let proxies = access.proxies_now().await;
    open(url.url(), headers, access.trust(), &proxies, DIAL_TIMEOUT)
        .await
        .map_err(|error| error.failure())
}

/// Opens a WebSocket.
///
/// `headers` are added to the upgrade request. `proxies` says which hosts are reached through
/// a proxy; loopback hosts never are. `timeout` holds for all steps together.
///
/// # Errors
/// [`DialError`], which says which step failed.
pub(crate) async fn open(
    url: &Url,
    headers: HeaderMap,
    trust: &Trust,
    proxies: &ProxyRoutes,
    timeout: Duration,
) -> Result<Socket, DialError> {
    let place = Place::of(url)?;
    let way = place.way(proxies)?;
    let dialled = async {
        let stream = way.open_usual(trust).await?;
        upgrade::upgrade(url, headers, stream, &way).await
    };
    match tokio::time::timeout(timeout, Box::pin(dialled)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(way.overdue(timeout).into()),
    }
}

/// Where a URL leads.
#[derive(Debug)]
pub(crate) struct Place {
    /// Name or address, an IPv6 one without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    loopback: bool,
    /// The name that the certificate must be for; `None` for a connection in the clear.
    pub(crate) tls: Option<ServerName<'static>>,
}

impl Place {
    /// Accepts `wss` for any host, `ws` for loopback only: a data channel's token would go in
    /// the clear.
    fn of(url: &Url) -> Result<Self, DialError> {
        let place = Self::parts(url, url.scheme() == "wss")?;
        match url.scheme() {
            "wss" => Ok(place),
            "ws" if place.loopback => Ok(place),
            "ws" => Err(invalid("only wss:// is secure")),
            _ => Err(invalid("it does not begin with wss://")),
        }
    }

    /// Accepts the endpoint of a service, `https` or `http`, to look at the way to it.
    pub(crate) fn of_endpoint(url: &Url) -> Result<Self, DialError> {
        match url.scheme() {
            "https" | "http" => Self::parts(url, url.scheme() == "https"),
            _ => Err(invalid("it does not begin with https://")),
        }
    }

    fn parts(url: &Url, secure: bool) -> Result<Self, DialError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it holds a user name or password"));
        }
        let host = url.host().ok_or_else(|| invalid("it names no host"))?;
        let port = url
            .port_or_known_default()
            .ok_or_else(|| invalid("it names no port"))?;
        let (host, loopback) = match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.').to_owned();
                let loopback = name == "localhost" || name.ends_with(".localhost");
                (name, loopback)
            }
            Host::Ipv4(address) => (address.to_string(), address.is_loopback()),
            Host::Ipv6(address) => (address.to_string(), address.is_loopback()),
        };
        let tls = secure
            .then(|| ServerName::try_from(host.clone()))
            .transpose()
            .map_err(|_| invalid("its host can be in no certificate"))?;
        Ok(Self {
            host,
            port,
            loopback,
            tls,
        })
    }

    /// The way there.
    ///
    /// # Errors
    /// [`DialError::Way`]: that a proxy on it can't be used as it is set.
    pub(crate) fn way(&self, proxies: &ProxyRoutes) -> Result<WayTo, DialError> {
        let proxy = self.proxy(proxies).map_err(WayError::from)?;
        let tls = self.tls.clone();
        Ok(WayTo::new(self.host.clone(), self.port, tls, proxy))
    }

    /// The proxy on the way, if there is one.
    pub(crate) fn proxy(
        &self,
        proxies: &ProxyRoutes,
    ) -> Result<Option<ProxyHop>, Box<ProxyFailure>> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority(&self.host, self.port))
            .path_and_query("/")
            .build();
        match uri {
            Ok(uri) => proxies.to(&uri),
            Err(_) => Ok(None),
        }
    }
}

fn invalid(reason: &str) -> DialError {
    DialError::Url {
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
