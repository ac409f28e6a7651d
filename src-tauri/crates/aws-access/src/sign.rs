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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    // The expected signatures were computed with botocore, whose code is not ours; the keys
    // are those of AWS's documentation.
    const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// 2026-11-21 08:30:00 UTC.
    fn moment() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_249_800)
    }

    fn signed(url: &str, region: &str, token: Option<&str>) -> HeaderMap {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, token, None, "test");
        sign_upgrade(&Url::parse(url).unwrap(), region, &credentials, moment()).unwrap()
    }

    #[test]
    fn an_upgrade_is_signed_as_aws_signs_it() {
        let headers = signed(
            "wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/dev-0123456789abcdef0?role=publish_subscribe",
            "us-east-1",
            None,
        );
        assert_eq!(headers["x-amz-date"], "20261121T083000Z");
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/us-east-1/ssmmessages/aws4_request, SignedHeaders=host;x-amz-date, Signature=199dc7f9dd1243f4b9c9ec0d92796f01f777d20bdd4625e1de49d62a6ec39424"
        );
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn temporary_credentials_add_their_token_to_the_signature() {
        let headers = signed(
            "wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/dev-0123456789abcdef0?role=publish_subscribe&cell-number=AAEAAXBl%2Bq%2FAb9%3D",
            "eu-central-1",
            Some("AQoEXAMPLEH4aoAH0gNCAPy=="),
        );
        assert_eq!(headers["x-amz-security-token"], "AQoEXAMPLEH4aoAH0gNCAPy==");
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-central-1/ssmmessages/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=e60837077987bc40605a80bccac84364c81a07830d1f07bb52ea5ba2d79a5764"
        );
    }

    #[test]
    fn a_port_and_an_escaped_path_are_part_of_what_is_signed() {
        let headers = signed(
            "ws://127.0.0.1:8443/v1/data-channel/a%20b?role=publish_subscribe",
            "us-east-1",
            None,
        );
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(
            authorization.ends_with(
                "Signature=9e81b49da48554a4e63dbb87cc8f179e483839ae63e31cb75a2de3bd3bdd78ff"
            ),
            "{authorization}"
        );
    }

    #[test]
    fn the_headers_do_not_show_in_debug_output() {
        let url = "wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/x";
        let text = format!(
            "{:?}",
            signed(url, "us-east-1", Some("planted-session-token"))
        );
        assert!(
            !text.contains("Signature=") && !text.contains("planted-session-token"),
            "{text}"
        );
    }

    #[test]
    fn a_url_with_a_signature_in_its_query_is_presigned() {
        let url = |text| Url::parse(text).unwrap();
        assert!(is_presigned(&url("wss://h/x?role=r&X-Amz-Signature=abc")));
        assert!(is_presigned(&url("wss://h/x?x-amz-signature=abc")));
        assert!(!is_presigned(&url("wss://h/x?role=publish_subscribe")));
    }
}
