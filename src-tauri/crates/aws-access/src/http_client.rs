//! The HTTP client of every SDK call: our roots, our resolver, and proxies.

use std::fmt;
use std::net::IpAddr;
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
use hyper_util::client::proxy::matcher::Matcher;

use crate::answer::{request_id, skew};
use crate::keyring::Keyring;
use crate::network::chain_text;
use crate::proxies::{Places, Proxies};
use crate::proxy_setting::{ProxyHop, ProxyPlace, ProxyRoutes, ProxySetting};
use crate::shared::Shared;
use crate::through_proxy;
use crate::variables::Variables;
use crate::{
    AccessError, Callee, NetworkFault, ProxyFailure, ProxyFault, ResolvedEndpoints, Secret, Trust,
};

/// Those who go the same ways with the same trust share them, and with them the clients.
static ALL: Shared<Now> = Shared::new();

/// The first half of `fd00:ec2::/32`: what an instance alone reaches over IPv6, the metadata
/// service and the agent of EKS Pod Identity among it (EC2 User Guide, "Access instance metadata";
/// EKS User Guide, "EKS Pod Identity"). Both hand out credentials.
const LOCAL_SERVICES: [u16; 2] = [0xfd00, 0x0ec2];

/// The port of `http` URLs that name none (RFC 9110, section 4.2.1).
const USUAL_PLAIN_PORT: u16 = 80;

/// The longest answer that is taken from anybody, in bytes: twice what a page of any service has,
/// even where its reader bounds it by itself.
pub(crate) const ANSWER_MOST: usize = 32 * 1024 * 1024;

/// The ways that requests go: past every proxy or through one. What a proxy wants and the keyring
/// has not given is looked for again before each request that goes there: somebody may have
/// unlocked it, or have added the password.
pub(crate) struct Ways {
    asked: Proxies,
    places: Places,
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
    proxies: Proxies,
    places: Places,
    trust: Trust,
    connect_timeout: Duration,
    matcher: Arc<Matcher>,
    clients: Both<SharedHttpClient>,
    connectors: Both<SharedHttpConnector>,
}

/// One for each way that the SDK's client goes. That through the proxy of `https` URLs is gone here
/// ([`through_proxy`]): it would not tell what the proxy answers.
struct Both<T> {
    direct: T,
    /// Through the proxy of `http` URLs.
    plain: T,
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
        let completed = proxies.completed(variables, keyring).await;
        let places = proxies.places(variables);
        let now = Now::shared(&completed, places, trust, connect_timeout)?;
        Ok(Arc::new(Self {
            asked: proxies.clone(),
            places,
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
        let completed = self.asked.completed(&self.variables, &self.keyring).await;
        if completed.lack() == Some(lack) {
            return now;
        }
        let found = Now::shared(&completed, self.places, &self.trust, self.connect_timeout);
        let now = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the password of a proxy came too late");
                return now;
            }
        };
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        now
    }

    /// Sends a request the way that it has to go. The answer ends where no honest one goes on.
    async fn send(
        &self,
        request: HttpRequest,
        by: impl FnOnce(&Now, Way, HttpRequest) -> HttpConnectorFuture,
    ) -> Result<HttpResponse, ConnectorError> {
        let response = self.send_by(request, by).await?;
        self.note_clock(&response);
        Ok(response.map(|body| SdkBody::from_body_1_x(Limited::new(body, ANSWER_MOST))))
    }

    async fn send_by(
        &self,
        request: HttpRequest,
        by: impl FnOnce(&Now, Way, HttpRequest) -> HttpConnectorFuture,
    ) -> Result<HttpResponse, ConnectorError> {
        let is_plain = is_plain(request.uri());
        let now = self.now();
        if now.proxy_of(request.uri()).is_none() {
            return by(&now, Way::Direct, request).await;
        }
        let now = self.looked_at_again().await;
        let Some(hop) = now.proxy_of(request.uri()) else {
            return by(&now, Way::Direct, request).await;
        };
        let setting = hop.setting.clone();
        let answer = if is_plain {
            let asked = asked_of_proxy(request.uri());
            in_the_clear(&hop, asked, by(&now, Way::Plain, request)).await
        } else {
            through_proxy::send(request, hop, &now.trust, now.connect_timeout).await
        };
        answer.map_err(|error| via(setting, error))
    }

    /// The proxy on the way to whoever is called at one of these places, if there is one.
    pub(crate) fn proxy_to(
        &self,
        callee: Callee,
        places: &ResolvedEndpoints,
    ) -> Option<ProxySetting> {
        let place = match callee {
            Callee::Service(service) => places.get(service)?,
            Callee::Credentials => return None,
        };
        Some(self.now().proxy_of(place.url.as_str())?.setting)
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

/// Which way the SDK's client sends a request.
#[derive(Debug, Clone, Copy)]
enum Way {
    Direct,
    Plain,
}

impl<T> Both<T> {
    fn get(&self, way: Way) -> &T {
        match way {
            Way::Direct => &self.direct,
            Way::Plain => &self.plain,
        }
    }
}

impl Now {
    /// The ways by these settings: those that somebody goes already, or new ones.
    fn shared(
        proxies: &Proxies,
        places: Places,
        trust: &Trust,
        connect_timeout: Duration,
    ) -> Result<Arc<Self>, AccessError> {
        let same = |other: &Self| {
            other.proxies == *proxies
                && other.places == places
                && other.trust.is(trust)
                && other.connect_timeout == connect_timeout
        };
        ALL.get(same, || {
            Self::of(proxies.clone(), places, trust.clone(), connect_timeout)
        })
    }

    fn of(
        proxies: Proxies,
        places: Places,
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
        let plain = match &proxies {
            Proxies::Environment => ProxyConfig::from_env(),
            Proxies::Direct => ProxyConfig::disabled(),
            Proxies::Chosen(url) => one(Some(&Secret::new(url.as_str()))),
            Proxies::Completed(completed) => one(completed.http.as_ref()),
            #[cfg(test)]
            Proxies::Fixed(url) => one(Some(&Secret::new(url.clone()))),
        };
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(connect_timeout)
            .build();
        let connect = |proxy| {
            let settings = Some(settings.clone());
            let sleep = default_async_sleep();
            SharedHttpConnector::new(plain_connector(tls.clone(), proxy, settings, sleep))
        };
        Ok(Self {
            matcher: Arc::new(proxies.matcher()),
            clients: Both {
                direct: client(tls.clone(), ProxyConfig::disabled()),
                plain: client(tls.clone(), plain.clone()),
            },
            connectors: Both {
                direct: connect(ProxyConfig::disabled()),
                plain: connect(plain),
            },
            places,
            proxies,
            trust,
            connect_timeout,
        })
    }

    /// What tells which `https` URLs are reached through which proxy.
    pub(crate) fn proxies(&self) -> ProxyRoutes {
        self.routes(self.places.secure)
    }

    fn routes(&self, place: ProxyPlace) -> ProxyRoutes {
        let lack = self.proxies.lack().cloned();
        ProxyRoutes::new(Arc::clone(&self.matcher), place, lack)
    }

    /// The proxy that a request goes through, if it does.
    fn proxy_of(&self, url: &str) -> Option<ProxyHop> {
        let place = if is_plain(url) {
            self.places.plain
        } else {
            self.places.secure
        };
        self.routes(place).to(&url_past_local(url)?)
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

/// One proxy for all that comes to it: who goes there has been decided.
fn one(url: Option<&Secret>) -> ProxyConfig {
    let config = url.map(|url| ProxyConfig::all(url.expose()));
    match config {
        Some(Ok(config)) => config,
        Some(Err(error)) => {
            // An address that this client cannot use is left to the environment's rules.
            tracing::warn!(%error, "the address of a proxy");
            ProxyConfig::from_env()
        }
        None => ProxyConfig::disabled(),
    }
}

fn client(tls: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let sleep = components.and_then(RuntimeComponents::sleep_impl);
        plain_connector(tls.clone(), proxy.clone(), settings.cloned(), sleep)
    })
}

fn plain_connector(
    tls: TlsContext,
    proxy: ProxyConfig,
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
) -> Connector {
    let mut connector = Connector::builder()
        .proxy_config(proxy)
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
            let by = |now: &Now, way, request| {
                let client = now.clients.get(way);
                client.http_connector(&settings, &components).call(request)
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
            let by = |now: &Now, way, request| now.connectors.get(way).call(request);
            ways.send(request, by).await
        })
    }
}

fn is_plain(url: &str) -> bool {
    url.starts_with("http:")
}

/// Sends what a proxy passes on in the clear. That the name and the port which failed are the
/// proxy's is told here: the SDK's client does not know.
async fn in_the_clear(
    hop: &ProxyHop,
    asked: String,
    sending: HttpConnectorFuture,
) -> Result<HttpResponse, ConnectorError> {
    let failed = |fault, details| ProxyFailure {
        proxy: hop.setting.clone(),
        asked,
        fault,
        details,
    };
    if let Some(scheme) = hop.unsupported_scheme() {
        let unsupported = failed(ProxyFault::Unsupported(scheme.to_owned()), String::new());
        return Err(ConnectorError::user(unsupported.into()));
    }
    sending
        .await
        .map_err(|error| match NetworkFault::of(&error) {
            Some(NetworkFault::Dns | NetworkFault::Refused | NetworkFault::Unreachable) => {
                let unreachable = failed(ProxyFault::Unreachable, chain_text(&error));
                ConnectorError::io(unreachable.into())
            }
            Some(
                NetworkFault::Broken
                | NetworkFault::ConnectTimeout
                | NetworkFault::Timeout
                | NetworkFault::Tls(_),
            )
            | None => error,
        })
}

/// Host and port of an `http` URL, as errors name what a proxy was asked for.
fn asked_of_proxy(url: &str) -> String {
    let url = url.parse::<http::Uri>().unwrap_or_default();
    let host = url.host().unwrap_or_default();
    format!("{host}:{}", url.port_u16().unwrap_or(USUAL_PLAIN_PORT))
}

/// A URL that may lead through a proxy: one beyond this machine.
fn url_past_local(url: &str) -> Option<http::Uri> {
    let url = url.parse::<http::Uri>().ok()?;
    (!url.host().is_some_and(is_local)).then_some(url)
}

/// Whether a host is this machine, or can be reached from this machine only.
fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unicast_link_local()
                || address.segments()[..2] == LOCAL_SERVICES
        }
        Err(_) => {
            host.eq_ignore_ascii_case("localhost")
                || host.to_ascii_lowercase().ends_with(".localhost")
        }
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
    let kind = error.as_other();
    let (timeout, io, user) = (error.is_timeout(), error.is_io(), error.is_user());
    let source = error.into_source();
    let error = Box::new(ViaProxy { proxy, source });
    if timeout {
        ConnectorError::timeout(error)
    } else if io {
        ConnectorError::io(error)
    } else if user {
        ConnectorError::user(error)
    } else {
        ConnectorError::other(error, kind)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_hosts_are_local() {
        for host in [
            "127.0.0.1",
            "127.9.8.7",
            "localhost",
            "ssm.localhost",
            "[::1]",
            "169.254.169.254",
            "[fe80::1]",
            // The metadata service, and the agent of EKS Pod Identity.
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
            "[::ffff:169.254.169.254]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "ssm.eu-central-1.amazonaws.com",
            "localhost.example",
            "[fd00::1]",
            "[fd00:ec3::254]",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn what_asks_this_machine_for_credentials_does_not_go_through_a_proxy() {
        let matcher = Arc::new(Proxies::Fixed("http://proxy.example:8080".into()).matcher());
        let routes = ProxyRoutes::new(matcher, ProxyPlace::Settings, None);
        let proxy_of = |url: &str| routes.to(&url_past_local(url)?);
        for (uri, proxied) in [
            ("http://[fd00:ec2::254]/latest/api/token", false),
            ("http://[fd00:ec2::23]/v1/credentials", false),
            ("http://169.254.170.23/v1/credentials", false),
            ("https://ssm.eu-central-1.amazonaws.com/", true),
        ] {
            assert_eq!(proxy_of(uri).is_some(), proxied, "{uri}");
        }
    }
}
