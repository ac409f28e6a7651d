//! API calls through a proxy that has to connect (CONNECT): over the same way as a data channel, so
//! that what the proxy answers is told as it is there.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::time::Duration;

use crate::Trust;
use crate::http_client::ANSWER_MOST;
use crate::proxy_setting::ProxyHop;
use crate::way::{WayError, WayTo};

/// The port of `https` URLs, which is not written (RFC 9110, section 7.2).
const USUAL_PORT: u16 = 443;

/// Sends a request to an `https` URL, and reads the whole answer. Connecting takes `limit` at most.
pub(crate) async fn send(
    request: HttpRequest,
    hop: ProxyHop,
    trust: &Trust,
    limit: Duration,
) -> Result<HttpResponse, ConnectorError> {
    let unsendable = |error: BoxError| ConnectorError::user(error);
    let request = request
        .try_into_http1x()
        .map_err(|error| unsendable(error.into()))?;
    let way = way_to(request.uri(), hop).map_err(unsendable)?;
    let request = in_origin_form(request).map_err(unsendable)?;
    let stream = way.open_within(limit, trust).await.map_err(unreached)?;
    let failed = |error: hyper::Error| ConnectorError::io(error.into());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let exchange = async {
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(failed)?
            .into_parts();
        let body = Limited::new(body, ANSWER_MOST).collect().await;
        let body = body.map_err(ConnectorError::io)?.to_bytes();
        HttpResponse::try_from(Response::from_parts(head, SdkBody::from(body)))
            .map_err(|error| ConnectorError::other(error.into(), None))
    };
    // It has to be driven for the exchange to go on, which hears of its end.
    let driven = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = exchange => outcome,
        () = driven => Err(ConnectorError::io("the connection ended".into())),
    }
}

fn unreached(error: WayError) -> ConnectorError {
    match error {
        WayError::Network { .. } => ConnectorError::io(error.into()),
        WayError::Proxy(failure) => ConnectorError::io(failure),
    }
}

fn way_to(url: &Uri, hop: ProxyHop) -> Result<WayTo, BoxError> {
    let host = url.host().ok_or("its URL names no host")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone())?;
    let port = url.port_u16().unwrap_or(USUAL_PORT);
    Ok(WayTo::new(host, port, Some(name), Some(hop)))
}

/// The request as its server takes it (RFC 9112, section 3.2.1).
fn in_origin_form(request: Request<SdkBody>) -> Result<Request<Full<Bytes>>, BoxError> {
    let (mut head, body) = request.into_parts();
    let body = body.bytes().ok_or("its body is not in memory")?;
    let body = Full::new(Bytes::copy_from_slice(body));
    if !head.headers.contains_key(HOST) {
        let host = head.uri.host().unwrap_or_default();
        let host = match head.uri.port_u16() {
            None | Some(USUAL_PORT) => HeaderValue::try_from(host)?,
            Some(port) => HeaderValue::try_from(format!("{host}:{port}"))?,
        };
        head.headers.insert(HOST, host);
    }
    let path = head.uri.path_and_query();
    head.uri = path.map_or("/", |path| path.as_str()).parse()?;
    Ok(Request::from_parts(head, body))
}
