//! Proxies, by the CONNECT method (RFC 9110, section 9.3.6).

use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;

use aws_access::{Trust, proxy_address, proxy_place};

use super::error::{DialError, excerpt};
use super::stream::Hop;
use super::{Place, tcp};

/// How much of a refusal's text is read.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;

/// The proxy for a place, if it is reached through one.
///
/// Loopback is never, whatever the environment says: the proxy's loopback is not ours.
pub(crate) fn proxy_for(place: &Place, proxies: &Matcher) -> Option<Intercept> {
    if place.loopback || place.tls.is_none() {
        return None;
    }
    let uri = Uri::builder()
        .scheme("https")
        .authority(place.authority())
        .path_and_query("/")
        .build()
        .ok()?;
    proxies.intercept(&uri)
}

/// Connects to the proxy and has it connect to the place.
pub(crate) async fn connect(
    place: &Place,
    proxy: &Intercept,
    trust: &Trust,
) -> Result<Hop, DialError> {
    let hop = reach(proxy, trust).await?;
    let address = proxy_address(proxy);
    ask(hop, place, &address, proxy.basic_auth()).await
}

async fn reach(proxy: &Intercept, trust: &Trust) -> Result<Hop, DialError> {
    let address = proxy_address(proxy);
    let scheme = proxy.uri().scheme_str();
    let secure = match scheme {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => {
            return Err(DialError::ProxyScheme {
                scheme: scheme.unwrap_or_default().to_owned(),
            });
        }
    };
    let unreachable = |source: DialError| DialError::ProxyUnreachable {
        proxy: address.clone(),
        source: Box::new(source),
    };
    let (host, port) = proxy_place(proxy);
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
    place: &Place,
    proxy: &str,
    authorization: Option<&HeaderValue>,
) -> Result<Hop, DialError> {
    let breach = |reason| DialError::ProxyProtocol {
        proxy: proxy.to_owned(),
        reason,
    };
    let authority = place.authority();
    let host = HeaderValue::try_from(&authority).map_err(|error| DialError::Url {
        reason: error.to_string(),
    })?;
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(&authority)
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
        .map_err(|error| DialError::proxy_protocol(proxy, &error))?;
    let exchange = async {
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| DialError::proxy_protocol(proxy, &error))?;
        if !answer.status().is_success() {
            return Err(refusal(proxy, answer).await);
        }
        hyper::upgrade::on(answer)
            .await
            .map_err(|error| DialError::proxy_protocol(proxy, &error))
    };
    // The connection has to be driven for the exchange to go on. When it ends first, it hands
    // its outcome to the exchange.
    let connection = async {
        let _ = connection.with_upgrades().await;
        std::future::pending::<()>().await;
    };
    let upgraded = tokio::select! {
        outcome = exchange => outcome?,
        () = connection => return Err(breach(String::new())),
    };
    match upgraded.downcast::<TokioIo<Hop>>() {
        // The gateway says nothing before it is asked, so bytes that came early are not its.
        Ok(parts) if parts.read_buf.is_empty() => Ok(parts.io.into_inner()),
        Ok(_) => Err(breach("it sent data of its own".to_owned())),
        Err(_) => Err(breach("it kept the connection".to_owned())),
    }
}

async fn refusal(proxy: &str, answer: Response<Incoming>) -> DialError {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_REFUSAL_BYTES)
        .collect()
        .await;
    let excerpt = body
        .map(|body| excerpt(&body.to_bytes()))
        .unwrap_or_default();
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        DialError::ProxyAuthentication {
            proxy: proxy.to_owned(),
            excerpt,
            lack: None,
        }
    } else {
        DialError::ProxyRefused {
            proxy: proxy.to_owned(),
            status: status.as_u16(),
            excerpt,
        }
    }
}
