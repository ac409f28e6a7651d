//! Whose word an answer is: that of AWS, or of something in between.

use aws_access::location;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, LOCATION};

use super::DialError;

/// What tells whose word the answer to a WebSocket upgrade is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    pub(crate) is_page: bool,
    pub(crate) has_request_id: bool,
    /// Where a redirect leads, without what may be secret in it.
    pub(crate) location: Option<&'a str>,
    /// The first characters of the body.
    pub(crate) excerpt: &'a str,
}

impl Answered<'_> {
    /// That something in between has answered, if it has: by a page, which the gateway never sends, a
    /// redirect, a success that is no upgrade, a proxy's or a network's wish for a sign-in, or a refusal
    /// without the id that AWS gives to each request. A load balancer in front of the gateway may have
    /// no such id for trouble of its own.
    pub(crate) fn of_somebody_else(&self, host: &str) -> Option<DialError> {
        let is_somebody_elses = match self.status {
            101 => false,
            // RFC 9110, section 15.5.8; RFC 6585, section 6.
            ..400 | 407 | 511 => true,
            400..500 => self.is_page || !self.has_request_id,
            500.. => self.is_page,
        };
        is_somebody_elses.then(|| DialError::Blocked {
            host: host.to_owned(),
            status: self.status,
            excerpt: match self.location {
                Some(led) => format!("to {led} {}", self.excerpt).trim_end().to_owned(),
                None => self.excerpt.to_owned(),
            },
        })
    }
}

/// Whether an answer has the id that AWS gives to each request.
pub(crate) fn has_request_id(headers: &HeaderMap) -> bool {
    ["x-amzn-requestid", "x-amz-request-id"]
        .into_iter()
        .any(|name| headers.contains_key(name))
}

/// Whether an answer is a page, by its type, or by its first character if it is not AWS's: those may be
/// XML.
pub(crate) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
        || body.trim_ascii_start().first() == Some(&b'<') && !has_request_id(headers)
}

/// Where an answer leads, without what may be secret in it.
pub(crate) fn leads_to(headers: &HeaderMap) -> Option<String> {
    let led = headers.get(LOCATION)?.to_str().ok()?;
    Some(location(led))
}
