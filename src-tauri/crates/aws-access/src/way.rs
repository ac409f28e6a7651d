//! The way to a host, for API calls, data channels and the doctor alike: its name, TCP, a proxy in
//! between, TLS. What fails on it is told here, so that it has one code and one sentence for all.
//!
//! ```text
//!  resolve ─▶ TCP ─▶ [TLS to the proxy] ─▶ [CONNECT] ─▶ TLS
//! ```
//!
//! To a host that is spoken to in the clear a proxy makes no connection: it is asked for each request
//! itself ([`WayTo::exchange`]).

mod answered;
mod bare;
mod exchange;
mod proxy;
mod stranger;
mod stream;
mod tcp;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::proxy_setting::{ProxyHop, ProxySetting};
use crate::signers::CertificateName;
use crate::{NetworkFault, ProxyFailure, ProxyFault, TlsFault, Trust};

pub use answered::{Answered, Author, Upgraded};
pub use exchange::AnswerBody;
use stranger::{hear, of_its_own};
use stream::Hop;
pub use stream::{MaybeTls, Stream, Watched};

/// The first bytes of TLS records, by their content types (RFC 8446, appendix B.1).
const TLS_RECORDS: std::ops::RangeInclusive<u8> = 20..=23;

/// How long another look may take at who signed a certificate. There was a connection a moment ago.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// One way to a host, gone once.
#[derive(Debug)]
pub struct WayTo {
    host: String,
    port: u16,
    tls: Option<ServerName<'static>>,
    proxy: Option<ProxyHop>,
    stage: Mutex<Stage>,
}

/// How far a way has been gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// To the first machine: the host, or the proxy in front of it.
    Connecting,
    /// TLS is being agreed on with the proxy.
    SecuringProxy,
    /// The proxy was asked to connect, or for what it passes on.
    Asked,
    /// There is a connection; TLS is being agreed on.
    Securing,
    /// All is there.
    Open,
}

/// Why a way could not be gone.
#[derive(Debug)]
pub enum WayError {
    /// The host was not reached, or said nothing in time.
    Network {
        /// The host.
        host: String,
        /// What kept it from being reached.
        fault: NetworkFault,
        /// The proxy on the way, which did its part, if there is one.
        proxy: Option<Box<ProxySetting>>,
        /// Who signed the certificate that is not good, if one was shown.
        signer: Option<Box<CertificateName>>,
        /// What the system says.
        source: io::Error,
    },
    /// The proxy in front of it did not do its part.
    Proxy(Box<ProxyFailure>),
}

impl WayTo {
    /// The way to a port of a host (an IPv6 address without brackets), through `proxy` if there is
    /// one. `tls` is the name that the host's certificate must be for; without it, nothing is
    /// encrypted.
    #[must_use]
    pub fn new(
        host: String,
        port: u16,
        tls: Option<ServerName<'static>>,
        proxy: Option<ProxyHop>,
    ) -> Self {
        Self {
            host,
            port,
            tls,
            proxy,
            stage: Mutex::new(Stage::Connecting),
        }
    }

    /// Goes the whole way, with these settings for TLS to the host itself.
    ///
    /// # Errors
    /// [`WayError`], which says where it ended.
    pub async fn open(&self, trust: &Trust, config: Arc<ClientConfig>) -> Result<Stream, WayError> {
        let hop = match (&self.proxy, &self.tls) {
            (Some(hop), Some(_)) => proxy::connect(self, hop, trust).await?,
            (Some(hop), None) => Watched::unwatched(proxy::reach(self, hop, trust).await?),
            (None, Some(_)) => Watched::watching(MaybeTls::Plain(self.reach().await?)),
            (None, None) => Watched::unwatched(MaybeTls::Plain(self.reach().await?)),
        };
        let stream = match &self.tls {
            None => MaybeTls::Plain(hop),
            Some(name) => {
                self.at(Stage::Securing);
                let stream = self.secure(hop, name.clone(), config).await?;
                MaybeTls::Tls(Box::new(stream))
            }
        };
        self.at(match self.proxy_in_the_clear() {
            Some(_) => Stage::Asked,
            None => Stage::Open,
        });
        Ok(stream)
    }

    /// The same, with the usual settings. Where the host's certificate is not good, another look
    /// tells who signed it.
    ///
    /// # Errors
    /// [`WayError`].
    pub async fn open_usual(&self, trust: &Trust) -> Result<Stream, WayError> {
        match self.open(trust, trust.client_config()).await {
            Err(WayError::Network {
                host,
                fault: fault @ NetworkFault::Tls(_),
                proxy,
                signer: None,
                source,
            }) => Err(WayError::Network {
                host,
                fault,
                proxy,
                signer: self.look_again(trust).await?.map(Box::new),
                source,
            }),
            outcome => outcome,
        }
    }

    /// Who signed the certificate that the host shows; `None` if it shows none in time.
    ///
    /// # Errors
    /// That it speaks no TLS. Whatever else keeps the way from being gone is known already.
    pub(crate) async fn look_again(
        &self,
        trust: &Trust,
    ) -> Result<Option<CertificateName>, WayError> {
        let (config, shown) = trust.watching_config();
        match timeout(LOOK_LIMIT, Box::pin(self.open(trust, config))).await {
            Ok(Err(error)) if error.is_no_tls() => Err(error),
            Ok(_) | Err(_) => Ok(CertificateName::signers(&shown.take()).into_iter().next()),
        }
    }

    /// Whether TLS is spoken with the host.
    pub(crate) const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// As [`open_usual`](Self::open_usual), past this time given up.
    ///
    /// # Errors
    /// [`WayError`].
    pub(crate) async fn open_within(
        &self,
        limit: Duration,
        trust: &Trust,
    ) -> Result<Stream, WayError> {
        let opening = Box::pin(self.open_usual(trust));
        match timeout(limit, opening).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.overdue(limit)),
        }
    }

    /// Looks the first machine up: the host, or the proxy in front of it.
    ///
    /// # Errors
    /// [`WayError`], that it has no address.
    pub async fn look_up(&self) -> Result<Vec<SocketAddr>, WayError> {
        let (host, port) = self.first_machine();
        let found = tcp::resolve(&host, port).await;
        found.map_err(|error| self.not_reached(&host, NetworkFault::Dns, error))
    }

    /// Connects to the first machine.
    ///
    /// # Errors
    /// [`WayError`], that it has no address, or can't be reached.
    pub async fn reach(&self) -> Result<TcpStream, WayError> {
        let addresses = self.look_up().await?;
        let (host, _) = self.first_machine();
        let connected = tcp::connect(&host, &addresses).await;
        connected.map_err(|error| {
            let fault = match NetworkFault::of(&error) {
                Some(NetworkFault::Timeout) => NetworkFault::ConnectTimeout,
                Some(fault) => fault,
                None => NetworkFault::Broken,
            };
            self.not_reached(&host, fault, error)
        })
    }

    /// Host and port of the first machine.
    #[must_use]
    pub fn first_machine(&self) -> (String, u16) {
        match &self.proxy {
            Some(hop) => (hop.proxy.host.clone(), hop.proxy.port),
            None => (self.host.clone(), self.port),
        }
    }

    /// The proxy that is asked for each request itself, if one is: to a host without TLS.
    fn proxy_in_the_clear(&self) -> Option<&ProxyHop> {
        match (&self.tls, &self.proxy) {
            (None, Some(hop)) => Some(hop),
            (Some(_), _) | (None, None) => None,
        }
    }

    /// What it means that going this way, and what was said over it, took longer than it may.
    #[must_use]
    pub fn overdue(&self, after: Duration) -> WayError {
        let details = format!("after {} s", after.as_secs_f32());
        let late = || io::Error::new(io::ErrorKind::TimedOut, details.clone());
        let stage = *self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        match (stage, &self.proxy) {
            (Stage::Connecting, _) => {
                let (host, _) = self.first_machine();
                self.not_reached(&host, NetworkFault::ConnectTimeout, late())
            }
            (Stage::SecuringProxy, Some(hop)) => {
                let (fault, signer) = (TlsFault::Handshake, None);
                self.of_proxy(hop, ProxyFault::Tls { fault, signer }, details)
            }
            (Stage::Asked, Some(hop)) => self.of_proxy(hop, ProxyFault::Silent, details),
            (Stage::SecuringProxy | Stage::Asked, None) | (Stage::Securing, _) => {
                self.network(NetworkFault::ConnectTimeout, late())
            }
            (Stage::Open, _) => self.network(NetworkFault::Timeout, late()),
        }
    }

    /// What it means that the connection failed when all was there.
    #[must_use]
    pub fn failed(&self, error: io::Error) -> WayError {
        // TLS 1.3 reports some refusals only when the first bytes are read.
        let fault = NetworkFault::of(&error).unwrap_or(NetworkFault::Broken);
        self.network(fault, error)
    }

    /// What it means that whoever answered speaks no HTTP.
    #[must_use]
    pub fn no_http(&self, error: io::Error) -> WayError {
        self.network(NetworkFault::NotHttp, error)
    }

    /// The host, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port as HTTP writes them.
    #[must_use]
    pub fn authority(&self) -> String {
        authority(&self.host, self.port)
    }

    async fn secure(
        &self,
        hop: Hop,
        name: ServerName<'static>,
        config: Arc<ClientConfig>,
    ) -> Result<TlsStream<Hop>, WayError> {
        let connecting = TlsConnector::from(config).connect(name, hop);
        match connecting.into_fallible().await {
            Ok(mut stream) => {
                stream.get_mut().0.unwatch();
                Ok(stream)
            }
            Err((error, hop)) => Err(self.not_secured(error, hop).await),
        }
    }

    /// What it means that TLS was not agreed on: by what came first, it was somebody else who spoke,
    /// or TLS that is wrong.
    async fn not_secured(&self, error: io::Error, mut hop: Hop) -> WayError {
        // Whoever has hung up may have said something before: it is looked at whether or not that
        // was read before the connection was found to be broken, so that what is told hangs on no
        // race.
        let mut said = hop.first().to_vec();
        if said.is_empty() {
            hear(&mut said, &mut hop).await;
        }
        match (said.first(), &self.proxy) {
            (Some(first), Some(to)) if !TLS_RECORDS.contains(first) => {
                proxy::talked(self, to, hop).await
            }
            (Some(first), None) if !TLS_RECORDS.contains(first) => {
                hear(&mut said, &mut hop).await;
                let said = io::Error::new(io::ErrorKind::InvalidData, of_its_own(&said));
                self.network(NetworkFault::NotTls, said)
            }
            (Some(_) | None, _) => self.failed(error),
        }
    }

    fn at(&self, stage: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    /// The first machine was not reached.
    fn not_reached(&self, host: &str, fault: NetworkFault, error: io::Error) -> WayError {
        match &self.proxy {
            Some(hop) => {
                let details = format!("{} {error}", fault.what(host));
                self.of_proxy(hop, ProxyFault::Unreachable, details)
            }
            None => self.network(fault, error),
        }
    }

    fn of_proxy(&self, hop: &ProxyHop, fault: ProxyFault, details: String) -> WayError {
        WayError::Proxy(Box::new(ProxyFailure {
            proxy: hop.setting.clone(),
            asked: self.authority(),
            fault,
            details,
        }))
    }

    fn network(&self, fault: NetworkFault, source: io::Error) -> WayError {
        let setting = |hop: &ProxyHop| Box::new(hop.setting.clone());
        WayError::Network {
            host: self.host.clone(),
            fault,
            proxy: self.proxy.as_ref().map(setting),
            signer: None,
            source,
        }
    }
}

impl WayError {
    /// Whether somebody was there who speaks no TLS.
    fn is_no_tls(&self) -> bool {
        match self {
            Self::Network { fault, .. } => *fault == NetworkFault::NotTls,
            Self::Proxy(_) => false,
        }
    }

    /// The error's stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Network { fault, .. } => fault.code(),
            Self::Proxy(failure) => failure.code(),
        }
    }

    /// What happened, in one sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Network {
                host,
                fault,
                proxy,
                signer,
                source: _,
            } => {
                let what = fault.what_by(host, proxy.as_deref());
                match signer {
                    Some(signer) => format!("{what} {}", signer.signed()),
                    None => what,
                }
            }
            Self::Proxy(failure) => failure.what(),
        }
    }

    /// What the reader can do, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Network { fault, proxy, .. } => fault.remedy_by(proxy.as_deref()),
            Self::Proxy(failure) => failure.remedy(),
        }
    }

    /// The raw text of whoever reported it; empty when there is none.
    #[must_use]
    pub fn details(&self) -> String {
        match self {
            Self::Network { source, .. } => source.to_string(),
            Self::Proxy(failure) => failure.details.clone(),
        }
    }

    /// The values in its sentences, each under its name.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Network {
                host,
                proxy,
                signer,
                ..
            } => {
                let mut facts = vec![("host", host.clone())];
                if let Some(signer) = signer {
                    facts.push(("signer", signer.in_any_language()));
                }
                if let Some(proxy) = proxy {
                    facts.push(("proxy", proxy.to_string()));
                    facts.push(("place", proxy.place.name().to_owned()));
                }
                facts
            }
            Self::Proxy(failure) => failure.facts(),
        }
    }
}

/// Host and port as HTTP writes them (RFC 3986, section 3.2): an IPv6 address in brackets.
#[must_use]
pub fn authority(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        Ok(IpAddr::V4(_)) | Err(_) => format!("{host}:{port}"),
    }
}

impl From<Box<ProxyFailure>> for WayError {
    fn from(failure: Box<ProxyFailure>) -> Self {
        Self::Proxy(failure)
    }
}

impl fmt::Display for WayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

impl Error for WayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Network { source, .. } => Some(source),
            Self::Proxy(failure) => Some(failure.as_ref()),
        }
    }
}
