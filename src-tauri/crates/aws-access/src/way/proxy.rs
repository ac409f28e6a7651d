//! Proxies, by the CONNECT method (RFC 9110, section 9.3.6).

use std::error::Error;
use std::time::Duration;

use http::header::{HOST, HeaderValue, LOCATION, PROXY_AUTHORIZATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::stranger::{excerpt, is_page, location, schemes};
use super::stream::{Hop, MaybeTls, Watched};
use super::{Stage, WayError, WayTo};
use crate::proxy_setting::{ProxyHop, proxy_place};
use crate::{NetworkFault, ProxyFailure, ProxyFault, ProxySignIn, Trust};

/// How much of what a proxy says for itself is read.
const SAID_MOST: usize = 16 * 1024;

/// How long more of it is waited for. What is told of it is worth no more.
const SAID_WITHIN: Duration = Duration::from_millis(500);

/// The one scheme by which Culvert signs in (RFC 7617).
const BASIC: &str = "basic";

/// The connection to a proxy.
type ToProxy = MaybeTls<TcpStream>;

/// What became of a CONNECT, for whoever asked.
struct Asking<'a> {
    way: &'a WayTo,
    proxy: &'a ProxyHop,
}

/// Connects to the proxy and has it connect to the host.
pub(super) async fn connect(way: &WayTo, proxy: &ProxyHop, trust: &Trust) -> Result<Hop, WayError> {
    let asking = Asking { way, proxy };
    let hop = asking.reach(trust).await?;
    way.at(Stage::Asked);
    asking.ask(hop).await
}

/// Says what it means that no TLS came over a connection that the proxy had said it has made:
/// it is its own word that came, or that of whoever is there in place of the host.
pub(super) async fn talked(way: &WayTo, proxy: &ProxyHop, mut hop: Hop) -> WayError {
    let said = hop.first().to_vec();
    Asking { way, proxy }.no_tls(said, &mut hop).await
}

impl Asking<'_> {
    fn failed(&self, fault: ProxyFault, details: String) -> WayError {
        WayError::Proxy(Box::new(ProxyFailure {
            proxy: self.proxy.setting.clone(),
            asked: self.way.authority(),
            fault,
            details,
        }))
    }

    fn broken(&self, error: &hyper::Error) -> WayError {
        let details = match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        self.failed(ProxyFault::Protocol, details)
    }

    async fn reach(&self, trust: &Trust) -> Result<ToProxy, WayError> {
        let tcp = self.way.reach().await?;
        if self.proxy.intercept.uri().scheme_str() != Some("https") {
            return Ok(MaybeTls::Plain(tcp));
        }
        let unreachable = |details| self.failed(ProxyFault::Unreachable, details);
        let (host, _) = proxy_place(&self.proxy.intercept);
        let name = ServerName::try_from(host.clone())
            .map_err(|_| unreachable("its host can be in no certificate".to_owned()))?;
        let tls = TlsConnector::from(trust.client_config()).connect(name, tcp);
        let tls = tls.await.map_err(|error| {
            let fault = NetworkFault::of(&error).unwrap_or(NetworkFault::Broken);
            unreachable(format!("{} {error}", fault.what(&host)))
        })?;
        Ok(MaybeTls::Tls(Box::new(tls)))
    }

    /// Sends CONNECT, and takes the connection back once the proxy has agreed.
    async fn ask(&self, hop: ToProxy) -> Result<Hop, WayError> {
        let request = self.request()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(hop))
            .await
            .map_err(|error| self.broken(&error))?;
        let exchange = async {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| self.broken(&error))?;
            if !answer.status().is_success() {
                return Err(self.refused(answer).await);
            }
            let upgraded = hyper::upgrade::on(answer).await;
            upgraded.map_err(|error| self.broken(&error))
        };
        // The connection has to be driven for the exchange to go on. When it ends first, it hands
        // its outcome to the exchange.
        let connection = async {
            let _ = connection.with_upgrades().await;
            std::future::pending::<()>().await;
        };
        let upgraded = tokio::select! {
            outcome = exchange => outcome?,
            () = connection => return Err(self.failed(ProxyFault::Protocol, String::new())),
        };
        match upgraded.downcast::<TokioIo<ToProxy>>() {
            Ok(parts) if parts.read_buf.is_empty() => Ok(Watched::watching(parts.io.into_inner())),
            // The host says nothing before it is asked, so bytes that came early are not its.
            Ok(parts) => {
                let said = parts.read_buf.to_vec();
                Err(self.no_tls(said, &mut parts.io.into_inner()).await)
            }
            Err(_) => {
                let kept = "it kept the connection".to_owned();
                Err(self.failed(ProxyFault::Protocol, kept))
            }
        }
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, WayError> {
        let authority = self.way.authority();
        let unsendable = |error: http::Error| self.failed(ProxyFault::Protocol, error.to_string());
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(&authority)
            .header(HOST, &authority)
            .body(Empty::new())
            .map_err(unsendable)?;
        if let Some(authorization) = self.authorization() {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    fn authorization(&self) -> Option<&HeaderValue> {
        self.proxy.intercept.basic_auth()
    }

    async fn refused(&self, answer: Response<Incoming>) -> WayError {
        let (head, mut body) = answer.into_parts();
        let status = head.status;
        let mut said = Vec::new();
        // What breaks off has told who it is by then.
        let reading = async {
            while let Some(Ok(frame)) = body.frame().await
                && said.len() < SAID_MOST
            {
                said.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
            }
        };
        let _ = timeout(SAID_WITHIN, reading).await;
        let said = excerpt(&said);
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return self.failed(
                ProxyFault::SignIn(self.sign_in(schemes(&head.headers))),
                said,
            );
        }
        let led = head.headers.get(LOCATION).and_then(|led| led.to_str().ok());
        let details = match (led.map(location), said.as_str()) {
            (Some(led), "") => format!("HTTP {status}, to {led}"),
            (Some(led), said) => format!("HTTP {status}, to {led}: {said}"),
            (None, _) => said,
        };
        // 511: RFC 6585, section 6, of captive portals.
        let is_portal =
            status.is_redirection() || status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED;
        let fault = if is_portal {
            ProxyFault::Portal
        } else {
            ProxyFault::Refused(status.as_u16())
        };
        self.failed(fault, details)
    }

    fn sign_in(&self, schemes: Vec<String>) -> ProxySignIn {
        let is_basic = |scheme: &String| scheme.eq_ignore_ascii_case(BASIC);
        if !schemes.is_empty() && !schemes.iter().any(is_basic) {
            return ProxySignIn::OtherSchemes(schemes);
        }
        match self.authorization() {
            Some(_) => ProxySignIn::NotAccepted,
            None => ProxySignIn::NotGiven,
        }
    }

    /// What the proxy said after it had agreed, in place of the host.
    async fn no_tls(&self, mut said: Vec<u8>, rest: &mut (impl AsyncRead + Unpin)) -> WayError {
        let mut more = rest.take(SAID_MOST as u64);
        // A page seldom comes in one piece.
        let _ = timeout(SAID_WITHIN, more.read_to_end(&mut said)).await;
        let fault = if is_page(&said) {
            ProxyFault::Portal
        } else {
            ProxyFault::Protocol
        };
        self.failed(
            fault,
            format!("it sent data of its own: {}", excerpt(&said)),
        )
    }
}
