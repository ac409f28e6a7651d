//! Whose word an answer is: that of AWS, or of something in between. One judgement for calls, data
//! channels and the doctor.

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};

use super::stranger::{excerpt, location};

/// What an answer tells of whose word it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Where it leads, without what may be secret in it.
    pub location: Option<String>,
    /// The title of its page, or the first characters of its body.
    pub excerpt: String,
    is_page: bool,
    is_json: bool,
    has_request_id: bool,
    is_gateways: bool,
}

/// Whose word an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// AWS's.
    Aws,
    /// That of something in between: a captive portal, a proxy, a firewall.
    Between,
    /// That of AWS, of a load balancer in front of it, or of something in between: it has trouble.
    Trouble,
}

/// What the answer to a WebSocket upgrade means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgraded {
    /// The protocol was switched.
    Switched,
    /// The gateway refuses.
    Refused,
    /// The gateway has seen no upgrade: something in between takes it out of requests.
    TakenOut,
    /// Something in between has answered.
    Between,
    /// The gateway, or a load balancer in front of it, has trouble.
    Trouble,
}

impl Answered {
    /// Looks at an answer. Its body may be cut off.
    #[must_use]
    pub fn of(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let first = body.trim_ascii_start().first();
        let text = |name| headers.get(name)?.to_str().ok();
        let has_request_id = ["x-amzn-requestid", "x-amz-request-id"]
            .into_iter()
            .any(|name| headers.contains_key(name));
        let is_gateways = is_gateways(body);
        let is_html = text(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        Self {
            status: status.as_u16(),
            location: text(LOCATION).map(location),
            excerpt: excerpt(body),
            // AWS's own may be XML.
            is_page: is_html || first == Some(&b'<') && !has_request_id && !is_gateways,
            is_json: first == Some(&b'{'),
            has_request_id,
            is_gateways,
        }
    }

    /// Whose answer to an API call it is. AWS's have the id of the request, are JSON, or what the
    /// gateway writes; and AWS sends no page, no redirect, no wish for a sign-in to a proxy or a network.
    #[must_use]
    pub fn to_call(&self) -> Author {
        let is_awss = (self.has_request_id || self.is_json || self.is_gateways) && !self.is_page;
        match self.status {
            // RFC 9110, section 15.5.8; RFC 6585, section 6.
            300..400 | 407 | 511 => Author::Between,
            _ if is_awss => Author::Aws,
            500.. => Author::Trouble,
            _ => Author::Between,
        }
    }

    /// What it means as the answer to an upgrade. The gateway's have the id of the request or XML of its
    /// own, but for those of a load balancer in front of it that has trouble.
    #[must_use]
    pub fn to_upgrade(&self) -> Upgraded {
        match self.status {
            101 => Upgraded::Switched,
            ..400 | 407 | 511 => Upgraded::Between,
            _ if self.is_page => Upgraded::Between,
            500.. => Upgraded::Trouble,
            _ if self.is_gateways => Upgraded::Refused,
            _ if !self.has_request_id => Upgraded::Between,
            // RFC 9110, section 15.5.22; and what a request without an upgrade is to the gateway.
            400 | 426 => Upgraded::TakenOut,
            _ => Upgraded::Refused,
        }
    }

    /// The answer as details show it.
    #[must_use]
    pub fn details(&self) -> String {
        let Self {
            status, excerpt, ..
        } = self;
        match (&self.location, excerpt.as_str()) {
            (Some(led), "") => format!("HTTP {status}, to {led}"),
            (Some(led), excerpt) => format!("HTTP {status}, to {led}: {excerpt}"),
            (None, "") => format!("HTTP {status}, with nothing in it"),
            (None, excerpt) => format!("HTTP {status}: {excerpt}"),
        }
    }
}

/// Whether a body is what the gateway says of a request that it refuses, as agents log it:
/// `<BadRequest xmlns=""><message>Unauthorized request.</message></BadRequest>`
/// (docs/protocol.md, section 1).
fn is_gateways(body: &[u8]) -> bool {
    let Some(rest) = body.trim_ascii_start().strip_prefix(b"<") else {
        return false;
    };
    let name = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    name > 0 && rest[name..].starts_with(b" xmlns=\"\"><message>")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// An answer of this status with these headers, each `name: value`, and body.
    fn answered(status: u16, headers: &[&'static str], body: &str) -> Answered {
        let mut map = HeaderMap::new();
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            map.append(name, HeaderValue::from_static(value));
        }
        Answered::of(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes())
    }

    #[test]
    fn whose_word_an_answer_is_is_told_by_its_status_its_id_and_its_kind() {
        use Author::{Aws, Between, Trouble};
        use Upgraded::{Refused, Switched, TakenOut};
        const ID: &str = "x-amzn-requestid: 1";
        const GATEWAY: &str =
            "<BadRequest xmlns=\"\"><message>Unauthorized request.</message></BadRequest>";
        const HTML: &str = "content-type: text/html; charset=utf-8";
        for (status, headers, body, to_call, to_upgrade) in [
            (101, &[][..], "", Between, Switched),
            (200, &[ID], "{}", Aws, Upgraded::Between),
            (
                200,
                &[HTML],
                "<html>Log in</html>",
                Between,
                Upgraded::Between,
            ),
            (200, &[], "Welcome", Between, Upgraded::Between),
            (
                302,
                &["location: http://portal/"],
                "",
                Between,
                Upgraded::Between,
            ),
            (302, &[ID], "{}", Between, Upgraded::Between),
            (400, &[], "{}", Aws, Upgraded::Between),
            (400, &[ID], "", Aws, TakenOut),
            (426, &[ID], "", Aws, TakenOut),
            (426, &[], "", Between, Upgraded::Between),
            (403, &[ID], "{}", Aws, Refused),
            // AWS may write XML.
            (403, &[ID], "<Error/>", Aws, Refused),
            (403, &[ID, HTML], "<html>", Between, Upgraded::Between),
            (400, &[], GATEWAY, Aws, Refused),
            (403, &[], GATEWAY, Aws, Refused),
            (503, &[], GATEWAY, Aws, Upgraded::Trouble),
            (
                403,
                &[],
                "<Error xmlns=\"urn:other\"><message>x</message></Error>",
                Between,
                Upgraded::Between,
            ),
            (403, &[], "by policy", Between, Upgraded::Between),
            (404, &[], "", Between, Upgraded::Between),
            (407, &[ID], "", Between, Upgraded::Between),
            (429, &[ID], "{}", Aws, Refused),
            (502, &[], "", Trouble, Upgraded::Trouble),
            (503, &[ID], "{}", Aws, Upgraded::Trouble),
            (503, &[HTML], "<html>", Trouble, Upgraded::Between),
            (511, &[], "", Between, Upgraded::Between),
        ] {
            let answer = answered(status, headers, body);
            assert_eq!(answer.to_call(), to_call, "{answer:?}");
            assert_eq!(answer.to_upgrade(), to_upgrade, "{answer:?}");
        }
    }

    #[test]
    fn an_answer_is_shown_with_where_it_leads_and_without_secrets() {
        let led = "location: http://me:planted-1@portal/login?token=planted-2";
        let answer = answered(302, &[led], "");
        assert_eq!(answer.details(), "HTTP 302, to http://portal/login?…");
        assert_eq!(answered(200, &[], "Hi").details(), "HTTP 200: Hi");
        let empty = answered(502, &[], "").details();
        assert_eq!(empty, "HTTP 502, with nothing in it");
    }
}
