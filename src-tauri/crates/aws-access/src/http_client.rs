//! The HTTP client of every SDK call: our roots, our resolver, and proxies.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, default_async_sleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::Limited;

use crate::answer::{request_id, skew};
use crate::keyring::Keyring;
use crate::proxies::{Proxies, ResolvedProxies};
use crate::proxy_setting::{ProxyHop, ProxyRoutes, ProxySetting};
use crate::shared::Shared;
use crate::through_proxy;
use crate::toward::{Toward, rewrapped};
use crate::variables::Variables;
use crate::{AccessError, Callee, NetworkFault, ProxyFailure, ResolvedEndpoints, Trust};

/// Those who go the same ways with the same trust share them, and with them the clients.
static ALL: Shared<Now> = Shared::new();

/// The longest answer that is taken from anybody, in bytes: twice what a page of any service has,
/// even where its reader bounds it by itself.
pub(crate) const ANSWER_MOST: usize = 32 * 1024 * 1024;

/// The ways that requests go: past every proxy or through one. What a proxy wants and the keyring
/// has not given is looked for again before each request that goes there: somebody may have
/// unlocked it, or have added the password.
pub(crate) struct Ways {
    asked: Proxies,
    variables: Variables,
    keyring: Keyring,
    trust: Trust,
    connect_timeout: Duration,
    now: Mutex<Arc<Now>>,
    /// How far this machine's clock is ahead of AWS's, in seconds, as the last answer says; 0 where
    /// that is bearable.
    clock_ahead: AtomicI64,
}

/// The ways as they are now.
pub(crate) struct Now {
    proxies: ResolvedProxies,
    routes: ProxyRoutes,
    trust: Trust,
    connect_timeout: Duration,
    /// What goes past every proxy. Ways through one are gone here ([`through_proxy`]): the SDK's
    /// client would not tell what a proxy answers.
    client: SharedHttpClient,
    connector: SharedHttpConnector,
}

/// A proxy on the way to whoever is called, for what it means that no answer comes.
pub(crate) enum Between {
    /// One that connects: it is the other end that says nothing.
    Connecting(ProxySetting),
    /// One that is asked for each call itself, and for this place.
    Asked(ProxySetting, String),
}

impl Ways {
    /// Finds them. Connecting takes no longer than `connect_timeout` where no client of the SDK
    /// says how long.
    pub(crate) async fn find(
        proxies: &Proxies,
        variables: &Variables,
        keyring: &Keyring,
        trust: &Trust,
        connect_timeout: Duration,
    ) -> Result<Arc<Self>, AccessError> {
        let resolved = proxies.resolved(variables, keyring).await;
        let now = Now::shared(&resolved, trust, connect_timeout)?;
        Ok(Arc::new(Self {
            asked: proxies.clone(),
            variables: variables.clone(),
            keyring: keyring.clone(),
            trust: trust.clone(),
            connect_timeout,
            now: Mutex::new(now),
            clock_ahead: AtomicI64::new(0),
        }))
    }

    /// The time by which AWS judges signatures: this machine's, or AWS's own where that is too far
    /// away.
    pub(crate) fn signing_time(&self, now: SystemTime) -> SystemTime {
        let ahead = self.clock_ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        let corrected = if ahead < 0 {
            now.checked_add(by)
        } else {
            now.checked_sub(by)
        };
        corrected.unwrap_or(now)
    }

    /// Takes the time from an answer that AWS has given; whoever else answers tells none.
    fn note_clock(&self, response: &HttpResponse) {
        if request_id(response).is_some() {
            let ahead = skew(response, SystemTime::now()).unwrap_or(0);
            self.clock_ahead.store(ahead, Ordering::Relaxed);
        }
    }

    /// The ways as they were found last.
    pub(crate) fn now(&self) -> Arc<Now> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ways, after another look for a password that is missing.
    pub(crate) async fn looked_at_again(&self) -> Arc<Now> {
        let now = self.now();
        let Some(lack) = now.proxies.lack() else {
            return now;
        };
        let resolved = self.asked.resolved(&self.variables, &self.keyring).await;
        if resolved.lack() == Some(lack) {
            return now;
        }
        let now = match Now::shared(&resolved, &self.trust, self.connect_timeout) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the password of a proxy came too late");
                return now;
            }
        };
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        now
    }

    /// Sends a request the way that it has to go: `by` past every proxy. The answer ends where no
    /// honest one goes on.
    async fn send(
        &self,
        request: HttpRequest,
        by: impl FnOnce(&Now, HttpRequest) -> HttpConnectorFuture,
    ) -> Result<HttpResponse, ConnectorError> {
        let url = request.uri().to_owned();
        let response = match self.send_by(request, by).await {
            Ok(response) => response,
            Err(error) => return Err(self.toward(&url, error).await),
        };
        self.note_clock(&response);
        Ok(response.map(|body| SdkBody::from_body_1_x(Limited::new(body, ANSWER_MOST))))
    }

    async fn send_by(
        &self,
        request: HttpRequest,
        by: impl FnOnce(&Now, HttpRequest) -> HttpConnectorFuture,
    ) -> Result<HttpResponse, ConnectorError> {
        let unusable = |failure: Box<ProxyFailure>| ConnectorError::user(failure);
        let now = self.now();
        if now.proxy_of(request.uri()).map_err(unusable)?.is_none() {
            return by(&now, request).await;
        }
        let now = self.looked_at_again().await;
        let Some(hop) = now.proxy_of(request.uri()).map_err(unusable)? else {
            return by(&now, request).await;
        };
        let setting = hop.setting.clone();
        let answer = through_proxy::send(request, hop, &now.trust, now.connect_timeout).await;
        answer.map_err(|error| via(setting, error))
    }

    /// The error with the host that was to be reached, and who signed its certificate where that is
    /// not good, or what it said in place of TLS: the SDK's client tells none of these.
    async fn toward(&self, url: &str, error: ConnectorError) -> ConnectorError {
        // Whoever has no way to a proxy has said so.
        let hop = self.now().proxy_of(url).ok().flatten();
        let url = url.parse::<http::Uri>().unwrap_or_default();
        let Ok(way) = through_proxy::way_to(&url, hop) else {
            return error;
        };
        let is_told = Toward::of(&error).is_some() || !way.is_secure();
        let host = way.host().to_owned();
        match NetworkFault::of(&error) {
            Some(fault @ (NetworkFault::Tls(_) | NetworkFault::Broken)) if !is_told => {
                match way.look_again(&self.trust).await {
                    Ok(signer) => {
                        let signer = signer.filter(|_| fault != NetworkFault::Broken);
                        Toward::before(error, host, signer)
                    }
                    Err(no_tls) => ConnectorError::io(no_tls.into()),
                }
            }
            Some(_) | None => Toward::before(error, host, None),
        }
    }

    /// The proxy on the way to whoever is called at one of these places, if there is one.
    pub(crate) fn proxy_to(&self, callee: Callee, places: &ResolvedEndpoints) -> Option<Between> {
        let place = match callee {
            Callee::Service(service) => places.get(service)?,
            Callee::Credentials => return None,
        };
        let url = place.url.url();
        let hop = self.now().proxy_of(url.as_str()).ok()??;
        Some(match url.scheme() {
            "https" => Between::Connecting(hop.setting),
            _ => {
                let port = url.port_or_known_default().unwrap_or_default();
                let host = url.host_str().unwrap_or_default();
                Between::Asked(hop.setting, format!("{host}:{port}"))
            }
        })
    }
}

/// The time with which the SDK's clients sign: that of [`Ways::signing_time`].
#[derive(Debug)]
pub(crate) struct TimeOfAws(pub(crate) Arc<Ways>);

impl TimeSource for TimeOfAws {
    fn now(&self) -> SystemTime {
        self.0.signing_time(SystemTime::now())
    }
}

/// Leaves out what may hold passwords.
impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ways").finish_non_exhaustive()
    }
}

impl Now {
    /// The ways by these settings: those that somebody goes already, or new ones.
    fn shared(
        proxies: &ResolvedProxies,
        trust: &Trust,
        connect_timeout: Duration,
    ) -> Result<Arc<Self>, AccessError> {
        let same = |other: &Self| {
            other.proxies == *proxies
                && other.trust.is(trust)
                && other.connect_timeout == connect_timeout
        };
        ALL.get(same, || {
            Self::of(proxies.clone(), trust.clone(), connect_timeout)
        })
    }

    fn of(
        proxies: ResolvedProxies,
        trust: Trust,
        connect_timeout: Duration,
    ) -> Result<Self, AccessError> {
        let roots = TrustStore::empty().with_pem_certificate(trust.pem());
        let tls = TlsContext::builder()
            .with_trust_store(roots)
            .build()
            .map_err(|source| AccessError::TlsSetup {
                source: source.into(),
            })?;
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(connect_timeout)
            .build();
        let sleep = default_async_sleep();
        let connector = direct_connector(tls.clone(), Some(settings), sleep);
        Ok(Self {
            routes: proxies.routes(),
            client: client(tls),
            connector: SharedHttpConnector::new(connector),
            proxies,
            trust,
            connect_timeout,
        })
    }

    /// What tells which URLs are reached through which proxy.
    pub(crate) fn proxies(&self) -> ProxyRoutes {
        self.routes.clone()
    }

    /// The proxy that a request goes through, if it does.
    fn proxy_of(&self, url: &str) -> Result<Option<ProxyHop>, Box<ProxyFailure>> {
        match url.parse() {
            Ok(url) => self.routes.to(&url),
            Err(_) => Ok(None),
        }
    }
}

/// Makes the client that all SDK calls share.
pub(crate) fn http_client(ways: &Arc<Ways>) -> SharedHttpClient {
    let ways = Arc::clone(ways);
    SharedHttpClient::new(RoutedClient { ways })
}

/// Makes what sends the calls that no client of the SDK makes, the same ways.
pub(crate) fn connector(ways: &Arc<Ways>) -> RoutedConnector {
    let ways = Arc::clone(ways);
    RoutedConnector { ways }
}

fn client(tls: TlsContext) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let sleep = components.and_then(RuntimeComponents::sleep_impl);
        direct_connector(tls.clone(), settings.cloned(), sleep)
    })
}

fn direct_connector(
    tls: TlsContext,
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = Connector::builder()
        .proxy_config(ProxyConfig::disabled())
        // Calls are minutes apart, and a kept connection may have died in a sleep or a
        // change of networks; without retries that would cost a call.
        .pool_max_idle_per_host(0)
        .tls_provider(Provider::rustls(CryptoMode::AwsLc))
        .tls_context(tls);
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    connector.build_with_resolver(Resolver)
}

/// Sends each request through the proxy or past it.
///
/// The SDK would send requests to loopback, and those to the instance's metadata service,
/// through a proxy that cannot know those addresses.
#[derive(Debug)]
struct RoutedClient {
    ways: Arc<Ways>,
}

impl HttpClient for RoutedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LazyConnector {
            ways: Arc::clone(&self.ways),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct LazyConnector {
    ways: Arc<Ways>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for LazyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let ways = Arc::clone(&self.ways);
        let (settings, components) = (self.settings.clone(), self.components.clone());
        HttpConnectorFuture::new(async move {
            // The clients keep their connectors, so asking again costs a look-up; and the one
            // that is never asked builds no TLS settings.
            let by = |now: &Now, request| {
                let connector = now.client.http_connector(&settings, &components);
                connector.call(request)
            };
            ways.send(request, by).await
        })
    }
}

/// Sends each request through the proxy or past it, without a client of the SDK round it.
#[derive(Debug, Clone)]
pub(crate) struct RoutedConnector {
    ways: Arc<Ways>,
}

impl RoutedConnector {
    /// As that of the ways.
    pub(crate) fn signing_time(&self, now: SystemTime) -> SystemTime {
        self.ways.signing_time(now)
    }
}

impl HttpConnector for RoutedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let ways = Arc::clone(&self.ways);
        HttpConnectorFuture::new(async move {
            let by = |now: &Now, request| now.connector.call(request);
            ways.send(request, by).await
        })
    }
}

/// Says in an error's chain which proxy was in between, and what it was not given.
#[derive(Debug)]
pub(crate) struct ViaProxy {
    pub(crate) proxy: ProxySetting,
    source: BoxError,
}

impl fmt::Display for ViaProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl std::error::Error for ViaProxy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

fn via(proxy: ProxySetting, error: ConnectorError) -> ConnectorError {
    rewrapped(error, |source| Box::new(ViaProxy { proxy, source }))
}

/// The system's resolver, whose failures carry a type of their own.
#[derive(Debug, Clone)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let addresses = tokio::net::lookup_host((name, 0))
                .await
                .map_err(ResolveDnsError::new)?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}
