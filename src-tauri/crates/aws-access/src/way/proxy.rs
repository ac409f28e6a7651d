//! Proxies: by the CONNECT method (RFC 9110, section 9.3.6), and what one answers that is asked for
//! each request itself.

use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use http::header::{HOST, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::answered::{Answered, Author};
use super::exchange::{AnswerBody, driven};
use super::stranger::{
    SAID_MOST, SAID_WITHIN, excerpt, hear, is_page, location, of_its_own, schemes,
};
use super::stream::{Hop, MaybeTls, Watched};
use super::{Stage, WayError, WayTo};
use crate::proxy_setting::ProxyHop;
use crate::{CertificateName, NetworkFault, ProxyFault, ProxySignIn, TlsFault, Trust};

/// How long TLS with the proxy may take. It is near, and one that is spoken to in the clear waits for
/// the end of a line which never comes.
const TLS_WITHIN: Duration = Duration::from_secs(5);

/// The one scheme by which Culvert signs in (RFC 7617).
const BASIC: &str = "basic";

/// The connection to a proxy.
type ToProxy = MaybeTls<TcpStream>;

/// What became of what a proxy was asked, for whoever asked.
struct Asking<'a> {
    way: &'a WayTo,
    hop: &'a ProxyHop,
}

/// Connects to the proxy and has it connect to the host.
pub(super) async fn connect(way: &WayTo, hop: &ProxyHop, trust: &Trust) -> Result<Hop, WayError> {
    let asking = Asking { way, hop };
    let stream = asking.reach(trust).await?;
    way.at(Stage::Asked);
    asking.ask(stream).await
}

/// Connects to the proxy, and no further.
pub(super) async fn reach(way: &WayTo, hop: &ProxyHop, trust: &Trust) -> Result<ToProxy, WayError> {
    Asking { way, hop }.reach(trust).await
}

/// Says what it means that no TLS came over a connection that the proxy had said it has made:
/// it is its own word that came, or that of whoever is there in place of the host.
pub(super) async fn talked(way: &WayTo, hop: &ProxyHop, mut stream: Hop) -> WayError {
    let said = stream.first().to_vec();
    Asking { way, hop }.no_tls(said, &mut stream).await
}

/// Tells an answer that the proxy has passed on from its own.
pub(super) fn passed_on(
    way: &WayTo,
    hop: &ProxyHop,
    answer: Response<AnswerBody>,
) -> Result<Response<AnswerBody>, WayError> {
    let (status, said) = (answer.status(), answer.body().begun());
    let answered = Answered::of(status, answer.headers(), said);
    match answered.to_call() {
        _ if status.is_informational() => Ok(answer),
        Author::Aws => Ok(answer),
        // A proxy that gets no further says so as a server in trouble does.
        Author::Between | Author::Trouble => {
            Err(Asking { way, hop }.told(status, answer.headers(), said))
        }
    }
}

/// Says what it means that the proxy gave no answer that can be read.
pub(super) fn broken(way: &WayTo, hop: &ProxyHop, error: &hyper::Error) -> WayError {
    Asking { way, hop }.broken(error)
}

impl Asking<'_> {
    fn failed(&self, fault: ProxyFault, details: String) -> WayError {
        self.way.of_proxy(self.hop, fault, details)
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
        if !self.hop.proxy.is_secure {
            return Ok(MaybeTls::Plain(tcp));
        }
        self.way.at(Stage::SecuringProxy);
        let name = ServerName::try_from(self.hop.proxy.host.clone()).map_err(|_| {
            let impossible = "its host can be in no certificate".to_owned();
            self.failed(ProxyFault::Unreachable, impossible)
        })?;
        let (config, shown) = trust.watching_config();
        let securing = TlsConnector::from(config).connect(name, tcp);
        match timeout(TLS_WITHIN, securing).await {
            Ok(Ok(tls)) => Ok(MaybeTls::Tls(Box::new(tls))),
            Ok(Err(error)) => {
                let fault = match NetworkFault::of(&error) {
                    Some(NetworkFault::Tls(fault)) => fault,
                    // It was there, and hung up.
                    Some(_) | None => TlsFault::Handshake,
                };
                let signers = CertificateName::signers(&shown.take());
                let signer = signers.into_iter().next().and_then(CertificateName::shown);
                Err(self.failed(ProxyFault::Tls { fault, signer }, error.to_string()))
            }
            Err(_) => Err(self.way.overdue(TLS_WITHIN)),
        }
    }

    /// Sends CONNECT, and takes the connection back once the proxy has agreed.
    async fn ask(&self, stream: ToProxy) -> Result<Hop, WayError> {
        let request = self.request()?;
        let (mut sender, mut connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken(&error))?;
        let asking = async {
            let answer = sender.send_request(request).await?;
            if !answer.status().is_success() {
                return Ok(Some(self.refused(answer).await));
            }
            Ok(None)
        };
        // Nothing is shut down: what came is looked at below.
        let connected = poll_fn(|cx| connection.poll_without_shutdown(cx));
        let outcome = driven(connected, asking).await;
        let parts = connection.into_parts();
        let (said, mut stream) = (parts.read_buf.to_vec(), parts.io.into_inner());
        match outcome {
            Ok(Some(refusal)) => Err(refusal),
            Ok(None) if said.is_empty() => Ok(Watched::watching(stream)),
            // Whoever speaks no HTTP may have done so before it was asked, or after: all that it
            // says is looked at in both cases, so that what is told hangs on no race.
            Err(error) if said.is_empty() => Err(self.broken(&error)),
            // The host says nothing before it is asked, so bytes that came early are not its.
            Ok(None) | Err(_) => Err(self.no_tls(said, &mut stream).await),
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
        if let Some(authorization) = &self.hop.proxy.authorization {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    async fn refused(&self, answer: Response<Incoming>) -> WayError {
        let (head, mut body) = answer.into_parts();
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
        self.told(head.status, &head.headers, &said)
    }

    /// What it means that the proxy has answered itself.
    fn told(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> WayError {
        let said = excerpt(body);
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return self.failed(ProxyFault::SignIn(self.sign_in(schemes(headers))), said);
        }
        let led = headers.get(LOCATION).and_then(|led| led.to_str().ok());
        let details = match (led.map(location), said.as_str()) {
            (Some(led), "") => format!("HTTP {status}, to {led}"),
            (Some(led), said) => format!("HTTP {status}, to {led}: {said}"),
            (None, _) => said,
        };
        // 511: RFC 6585, section 6, of captive portals.
        let is_portal = status.is_redirection()
            || status == StatusCode::NETWORK_AUTHENTICATION_REQUIRED
            || status.is_success() && is_page(body);
        let fault = match status.as_u16() {
            _ if is_portal => ProxyFault::Portal,
            200..300 => ProxyFault::Protocol,
            no_way @ 502..=504 => ProxyFault::NoWay(no_way),
            refused => ProxyFault::Refused(refused),
        };
        self.failed(fault, details)
    }

    fn sign_in(&self, schemes: Vec<String>) -> ProxySignIn {
        let is_basic = |scheme: &String| scheme.eq_ignore_ascii_case(BASIC);
        if !schemes.is_empty() && !schemes.iter().any(is_basic) {
            return ProxySignIn::OtherSchemes(schemes);
        }
        match &self.hop.proxy.authorization {
            Some(_) => ProxySignIn::NotAccepted,
            None => ProxySignIn::NotGiven,
        }
    }

    /// What the proxy said after it had agreed, in place of the host.
    async fn no_tls(&self, mut said: Vec<u8>, rest: &mut (impl AsyncRead + Unpin)) -> WayError {
        hear(&mut said, rest).await;
        let fault = if is_page(&said) {
            ProxyFault::Portal
        } else {
            ProxyFault::Protocol
        };
        self.failed(fault, of_its_own(&said))
    }
}
