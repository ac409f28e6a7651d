//! API calls through a proxy: over the same way as a data channel, so that what the proxy answers
//! is told as it is there.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response, Uri};
use rustls_pki_types::ServerName;

use crate::Trust;
use crate::http_client::ANSWER_MOST;
use crate::proxy_setting::ProxyHop;
use crate::way::{WayError, WayTo};

/// Sends a request, and reads the whole answer. Connecting takes `limit` at most.
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
    let way = way_to(request.uri(), Some(hop)).map_err(unsendable)?;
    let request = in_memory(request).map_err(unsendable)?;
    let stream = way.open_within(limit, trust).await.map_err(unreached)?;
    let answer = way.exchange(stream, request, ANSWER_MOST).await;
    let (head, body) = answer.map_err(unreached)?.into_parts();
    let body = body.whole().map_err(ConnectorError::io)?;
    HttpResponse::try_from(Response::from_parts(head, SdkBody::from(body)))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

fn unreached(error: WayError) -> ConnectorError {
    match error {
        WayError::Network { .. } => ConnectorError::io(error.into()),
        WayError::Proxy(failure) => ConnectorError::io(failure),
    }
}

/// The way to the host of a URL, through a proxy if there is one.
pub(crate) fn way_to(url: &Uri, hop: Option<ProxyHop>) -> Result<WayTo, BoxError> {
    let host = url.host().ok_or("its URL names no host")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let (name, usual) = match url.scheme_str() {
        Some("https") => (Some(ServerName::try_from(host.clone())?), 443),
        Some(_) | None => (None, 80),
    };
    let port = url.port_u16().unwrap_or(usual);
    Ok(WayTo::new(host, port, name, hop))
}

fn in_memory(request: Request<SdkBody>) -> Result<Request<Bytes>, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.bytes().ok_or("its body is not in memory")?;
    let body = Bytes::copy_from_slice(body);
    Ok(Request::from_parts(head, body))
}
