//! The signature of a WebSocket upgrade (docs/protocol.md, section 1).

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::AccessError;

/// The gateway's name in the signature's scope.
const SERVICE: &str = "ssmmessages";

/// Whether the URL carries its signature in the query already.
pub(crate) fn is_presigned(url: &Url) -> bool {
    url.query_pairs()
        .any(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Signature"))
}

/// Signs the upgrade: a GET with an empty body, of whose headers only `Host` is signed,
/// besides those that the signature itself brings.
pub(crate) fn sign_upgrade(
    url: &Url,
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<HeaderMap, AccessError> {
    let identity: Identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|source| AccessError::Unsendable {
            source: source.into(),
        })?
        .into();
    // The signer derives the host header from the URL, and would write a default port of a
    // scheme that it does not know; HTTP's default ports are WebSocket's.
    let rest = url.as_str().strip_prefix("ws").unwrap_or(url.as_str());
    let uri = format!("http{rest}");
    let request = SignableRequest::new("GET", &uri, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(|source| AccessError::Unsendable {
        source: source.into(),
    })?;
    let (instructions, _signature) = sign(request, &params)
        .map_err(|source| AccessError::Unsendable {
            source: source.into(),
        })?
        .into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).map_err(|source| AccessError::Unsendable {
            source: source.into(),
        })?;
        let mut value = HeaderValue::try_from(value).map_err(|source| AccessError::Unsendable {
            source: source.into(),
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}
