//! Proxies, by the CONNECT method (RFC 9110, section 9.3.6).

use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use aws_access::{ProxyHop, ProxyRoutes, ProxySetting, Trust, proxy_place};

use super::error::{DialError, excerpt};
use super::stream::Hop;
use super::{Place, tcp};

/// How much of a refusal's text is read.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// The proxy for a place, if it is reached through one.
///
/// Loopback is never, whatever the environment says: the proxy's loopback is not ours.
pub(crate) fn proxy_for(place: &Place, proxies: &ProxyRoutes) -> Option<ProxyHop> {
    if place.loopback || place.tls.is_none() {
        return None;
    }
    let uri = Uri::builder()
        .scheme("https")
        .authority(place.authority())
        .path_and_query("/")
        .build()
        .ok()?;
    proxies.to(&uri)
}

/// Connects to the proxy and has it connect to the place.
pub(crate) async fn connect(
    place: &Place,
    proxy: &ProxyHop,
    trust: &Trust,
) -> Result<Hop, DialError> {
    let asked = Asked::of(place, proxy);
    let hop = reach(proxy, &asked, trust).await?;
    ask(hop, &asked, proxy.intercept.basic_auth()).await
}

/// What it means for the way to a place that a step to the proxy in front of it has failed.
pub(crate) fn unreachable(place: &Place, proxy: &ProxyHop, source: DialError) -> DialError {
    Asked::of(place, proxy).unreachable(source)
}

/// Who is asked for what.
struct Asked<'a> {
    proxy: &'a ProxySetting,
    /// Host and port.
    authority: String,
}

impl<'a> Asked<'a> {
    fn of(place: &Place, proxy: &'a ProxyHop) -> Self {
        Self {
            proxy: &proxy.setting,
            authority: place.authority(),
        }
    }

    fn unreachable(&self, source: DialError) -> DialError {
        DialError::ProxyUnreachable {
            proxy: Box::new(self.proxy.clone()),
            asked: self.authority.clone(),
            source: Box::new(source),
        }
    }

    fn breach(&self, reason: String) -> DialError {
        DialError::ProxyProtocol {
            proxy: Box::new(self.proxy.clone()),
            asked: self.authority.clone(),
            reason,
        }
    }

    fn broken(&self, error: &hyper::Error) -> DialError {
        self.breach(match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })
    }

    async fn refused(&self, answer: Response<Incoming>) -> DialError {
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_REFUSAL_BYTES)
            .collect()
            .await;
        let excerpt = body
            .map(|body| excerpt(&body.to_bytes()))
            .unwrap_or_default();
        let (proxy, asked) = (Box::new(self.proxy.clone()), self.authority.clone());
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            DialError::ProxyAuthentication {
                proxy,
                asked,
                excerpt,
            }
        } else {
            DialError::ProxyRefused {
                proxy,
                asked,
                status: status.as_u16(),
                excerpt,
            }
        }
    }
}

async fn reach(proxy: &ProxyHop, asked: &Asked<'_>, trust: &Trust) -> Result<Hop, DialError> {
    let scheme = proxy.intercept.uri().scheme_str();
    let secure = match scheme {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => {
            return Err(DialError::ProxyScheme {
                proxy: Box::new(proxy.setting.clone()),
                scheme: scheme.unwrap_or_default().to_owned(),
            });
        }
    };
    let unreachable = |source| asked.unreachable(source);
    let (host, port) = proxy_place(&proxy.intercept);
    let tcp = tcp::connect(&host, port).await.map_err(unreachable)?;
    if !secure {
        return Ok(Hop::Plain(tcp));
    }
    let name = ServerName::try_from(host.clone()).map_err(|_| {
        unreachable(DialError::Url {
            reason: "its host can be in no certificate".into(),
        })
    })?;
    let tls = TlsConnector::from(trust.client_config())
        .connect(name, tcp)
        .await
        .map_err(|error| unreachable(DialError::tls(&host, error)))?;
    Ok(Hop::Tls(Box::new(tls)))
}

/// Sends CONNECT, and takes the connection back once the proxy has agreed.
async fn ask(
    hop: Hop,
    asked: &Asked<'_>,
    authorization: Option<&HeaderValue>,
) -> Result<Hop, DialError> {
    let authority = &asked.authority;
    let host = HeaderValue::try_from(authority).map_err(|error| DialError::Url {
        reason: error.to_string(),
    })?;
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(authority)
        .header(HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|error| DialError::Url {
            reason: error.to_string(),
        })?;
    if let Some(authorization) = authorization {
        request
            .headers_mut()
            .insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(hop))
        .await
        .map_err(|error| asked.broken(&error))?;
    let exchange = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| asked.broken(&error))?;
        if !answer.status().is_success() {
            return Err(asked.refused(answer).await);
        }
        hyper::upgrade::on(answer)
            .await
            .map_err(|error| asked.broken(&error))
    };
    // The connection has to be driven for the exchange to go on. When it ends first, it hands
    // its outcome to the exchange.
    let connection = async {
        let _ = connection.with_upgrades().await;
        std::future::pending::<()>().await;
    };
    let upgraded = tokio::select! {
        outcome = exchange => outcome?,
        () = connection => return Err(asked.breach(String::new())),
    };
    match upgraded.downcast::<TokioIo<Hop>>() {
        // The gateway says nothing before it is asked, so bytes that came early are not its.
        Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io.into_inner()),
        Ok(_) => Err(asked.breach("it sent data of its own".to_owned())),
        Err(_) => Err(asked.breach("it kept the connection".to_owned())),
    }
}
