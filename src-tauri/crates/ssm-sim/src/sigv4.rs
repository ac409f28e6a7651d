//! Verifies AWS Signature Version 4 of requests signed in the `Authorization` header.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use hyper::http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::settings::Credentials;

/// How far a client's clock may be off.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Says why a request is not let through, in the terms of AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("Authorization header is not well-formed: {0}")]
    Incomplete(&'static str),
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    #[error("Credential should be scoped to {0}.")]
    Scope(String),
    #[error("Signature expired: {0} is not within 5 min. of the server's time.")]
    Skew(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."
    )]
    Mismatch,
}

impl SignatureError {
    /// Returns the error's code in AWS JSON protocols.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::Scope(_) | Self::Skew(_) | Self::Mismatch => "InvalidSignatureException",
        }
    }

    /// Returns the error's HTTP status in AWS JSON protocols.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::ExpiredToken => 403,
            Self::Missing
            | Self::Incomplete(_)
            | Self::UnknownKey
            | Self::Scope(_)
            | Self::Skew(_)
            | Self::Mismatch => 400,
        }
    }

    /// Returns the error's code where a WebSocket upgrade is refused.
    pub(crate) const fn upgrade_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Incomplete(_) => "IncompleteSignature",
            Self::UnknownKey => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
            Self::Scope(_) | Self::Skew(_) | Self::Mismatch => "SignatureDoesNotMatch",
        }
    }
}

/// Checks that a request is signed with one of these credentials for a service, in any region,
/// at about this time. Returns those with which it is, and the region.
pub(crate) fn verify<'a>(
    request: &Parts,
    body: &[u8],
    mut accepted: impl Iterator<Item = &'a Credentials>,
    service: &str,
    now: SystemTime,
) -> Result<(&'a Credentials, String), SignatureError> {
    let headers = &request.headers;
    let authorization = header(headers, "authorization").ok_or(SignatureError::Missing)?;
    let signed = Authorization::parse(&authorization)?;

    let credentials = accepted
        .find(|credentials| credentials.access_key == signed.access_key)
        .ok_or(SignatureError::UnknownKey)?;
    if header(headers, "x-amz-security-token") != credentials.session_token {
        return Err(SignatureError::UnknownKey);
    }
    if signed.service != service {
        return Err(SignatureError::Scope(format!(
            "correct service: '{service}'"
        )));
    }
    let date =
        header(headers, "x-amz-date").ok_or(SignatureError::Incomplete("X-Amz-Date is missing"))?;
    let at = parse_date(&date).ok_or(SignatureError::Incomplete("X-Amz-Date is no date"))?;
    if !date.starts_with(signed.date) {
        return Err(SignatureError::Scope("the request's date".to_owned()));
    }
    let skew = now
        .duration_since(at)
        .or_else(|_| at.duration_since(now))
        .unwrap_or(Duration::MAX);
    if skew > MAX_SKEW {
        return Err(SignatureError::Skew(date));
    }
    if !signed.headers.split(';').any(|name| name == "host") {
        return Err(SignatureError::Incomplete("Host is not signed"));
    }

    let canonical = canonical_request(request, body, signed.headers)?;
    let scope = format!(
        "{}/{}/{}/aws4_request",
        signed.date, signed.region, signed.service
    );
    let to_sign = format!(
        "{ALGORITHM}\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut key = mac(
        format!("AWS4{}", credentials.secret_key).as_bytes(),
        signed.date,
    );
    for part in [signed.region, signed.service, "aws4_request"] {
        key = mac(&key, part);
    }
    if hex(&mac(&key, &to_sign)) == signed.signature {
        Ok((credentials, signed.region.to_owned()))
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Result<Self, SignatureError> {
        let fields = text
            .strip_prefix(ALGORITHM)
            .ok_or(SignatureError::Incomplete("the algorithm is unknown"))?;
        let field = |name: &'static str, missing| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or(SignatureError::Incomplete(missing))
        };
        let credential = field("Credential", "Credential is missing")?;
        let mut parts = credential.split('/');
        let mut part = || {
            parts
                .next()
                .ok_or(SignatureError::Incomplete("Credential is no scope"))
        };
        let (access_key, date, region, service, end) =
            (part()?, part()?, part()?, part()?, part()?);
        if end != "aws4_request" {
            return Err(SignatureError::Incomplete("Credential is no scope"));
        }
        Ok(Self {
            access_key,
            date,
            region,
            service,
            headers: field("SignedHeaders", "SignedHeaders is missing")?,
            signature: field("Signature", "Signature is missing")?,
        })
    }
}

fn canonical_request(
    request: &Parts,
    body: &[u8],
    signed_headers: &str,
) -> Result<String, SignatureError> {
    let body_hash = hex(&Sha256::digest(body));
    if let Some(said) = header(&request.headers, "x-amz-content-sha256")
        && said != body_hash
    {
        return Err(SignatureError::Mismatch);
    }
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        // Every service but S3 encodes the path as it is in the request once more.
        encode(request.uri.path(), true),
        canonical_query(request.uri.query().unwrap_or_default()),
    );
    for name in signed_headers.split(';') {
        let value = header(&request.headers, name)
            .ok_or(SignatureError::Incomplete("a signed header is missing"))?;
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{name}:{value}\n"));
    }
    text.push_str(&format!("\n{signed_headers}\n{body_hash}"));
    Ok(text)
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(&decode(name), false), encode(&decode(value), false))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::trim)
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn encode(text: &str, is_path: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if is_path => encoded.push('/'),
            _ => {
                // Writing to a string can't fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Parses `20150830T123600Z`.
fn parse_date(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    if text.len() != 16 || text.get(8..9)? != "T" || !text.ends_with('Z') {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 0000-03-01 of a year that begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let unix_days = days.checked_sub(719_468)?;
    let seconds =
        unix_days * 86_400 + number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one set of credentials.
    fn verify(
        request: &Parts,
        body: &[u8],
        credentials: &Credentials,
        service: &str,
        now: SystemTime,
    ) -> Result<(), SignatureError> {
        super::verify(request, body, std::iter::once(credentials), service, now).map(drop)
    }
    use hyper::Request;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn example() -> Credentials {
        Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: SECRET.to_owned(),
            session_token: None,
        }
    }

    fn at() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
    }

    /// The example of the AWS documentation: IAM ListUsers.
    fn list_users(signature: &str) -> Parts {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("Host", "iam.amazonaws.com")
            .header(
                "Content-Type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("X-Amz-Date", "20150830T123600Z")
            .header("Authorization", authorization)
            .body(())
            .unwrap();
        request.into_parts().0
    }

    const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

    #[test]
    fn the_documented_example_is_accepted() {
        let request = list_users(SIGNATURE);
        assert_eq!(verify(&request, b"", &example(), "iam", at()), Ok(()));
    }

    #[test]
    fn the_test_suites_plain_request_is_accepted() {
        let request = Request::get("/")
            .header("Host", "example.amazonaws.com")
            .header("X-Amz-Date", "20150830T123600Z")
            .header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
            .body(())
            .unwrap();
        let parts = request.into_parts().0;
        assert_eq!(verify(&parts, b"", &example(), "service", at()), Ok(()));
    }

    #[test]
    fn another_signature_body_secret_or_service_is_refused() {
        let other = SIGNATURE.replace('5', "6");
        assert_eq!(
            verify(&list_users(&other), b"", &example(), "iam", at()),
            Err(SignatureError::Mismatch)
        );
        let request = list_users(SIGNATURE);
        assert_eq!(
            verify(&request, b"x", &example(), "iam", at()),
            Err(SignatureError::Mismatch)
        );
        let mut wrong = example();
        wrong.secret_key.push('x');
        assert_eq!(
            verify(&request, b"", &wrong, "iam", at()),
            Err(SignatureError::Mismatch)
        );
        assert!(matches!(
            verify(&request, b"", &example(), "ssm", at()),
            Err(SignatureError::Scope(_))
        ));
    }

    #[test]
    fn a_clock_more_than_five_minutes_off_is_refused_either_way() {
        let request = list_users(SIGNATURE);
        let check = |now| verify(&request, b"", &example(), "iam", now);
        assert_eq!(check(at() + Duration::from_secs(300)), Ok(()));
        assert!(matches!(
            check(at() + Duration::from_secs(301)),
            Err(SignatureError::Skew(_))
        ));
        assert!(matches!(
            check(at() - Duration::from_secs(301)),
            Err(SignatureError::Skew(_))
        ));
    }

    #[test]
    fn a_request_without_the_session_token_or_with_an_unknown_key_is_refused() {
        let request = list_users(SIGNATURE);
        let mut with_token = example();
        with_token.session_token = Some("planted-token".to_owned());
        let mut other = example();
        other.access_key = "AKIDOTHER".to_owned();
        for credentials in [with_token, other] {
            assert_eq!(
                verify(&request, b"", &credentials, "iam", at()),
                Err(SignatureError::UnknownKey)
            );
        }
    }

    #[test]
    fn authorization_that_is_missing_or_malformed_is_refused() {
        let mut request = list_users(SIGNATURE);
        for bad in [
            "Basic abc",
            "AWS4-HMAC-SHA256 Credential=a/b",
            "AWS4-HMAC-SHA256",
        ] {
            request
                .headers
                .insert("authorization", bad.parse().unwrap());
            assert!(matches!(
                verify(&request, b"", &example(), "iam", at()),
                Err(SignatureError::Incomplete(_))
            ));
        }
        request.headers.remove("authorization");
        assert_eq!(
            verify(&request, b"", &example(), "iam", at()),
            Err(SignatureError::Missing)
        );
    }

    #[test]
    fn dates_are_read_to_the_second() {
        let seconds = |text| {
            parse_date(text).map(|at| at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
        };
        assert_eq!(seconds("19700101T000000Z"), Some(0));
        assert_eq!(seconds("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(seconds("20240229T235959Z"), Some(1_709_251_199));
        assert_eq!(seconds("2024-02-29T23:59"), None);
        assert_eq!(seconds("20241329T235959Z"), None);
    }
}
