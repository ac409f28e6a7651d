//! What is told of an answer that is not the one which was asked for: enough to know who gave it,
//! and nothing of what is nobody's business.

use std::time::Duration;

use http::HeaderMap;
use http::header::PROXY_AUTHENTICATE;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::timeout;

use super::bare::{self, line};

/// How much of a foreign answer is looked at, in bytes. A title stands near the beginning.
const LOOKED_AT: usize = 16 * 1024;

/// How much is read of what somebody says for itself.
pub(super) const SAID_MOST: usize = 16 * 1024;

/// How long more of it is waited for. What is told of it is worth no more.
pub(super) const SAID_WITHIN: Duration = Duration::from_millis(500);

/// How much of a foreign text is told.
const EXCERPT_CHARS: usize = 200;

/// How much of a page's title is told.
const TITLE_CHARS: usize = 100;

/// Schemes of one answer that are told. There are about ten in all (IANA, "HTTP Authentication
/// Schemes").
const SCHEMES_MOST: usize = 8;

/// The longest name of a scheme that is told.
const SCHEME_CHARS: usize = 32;

/// The title of a page, or else the first characters of a text without its tags, on one line;
/// without what may be a secret ([`bare`](super::bare)).
#[must_use]
pub(super) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    match title(&text) {
        Some(title) => format!("the page \"{title}\""),
        None => line(&bare::without_tags(&text), EXCERPT_CHARS),
    }
}

/// Adds what else is said to what was said already: a page seldom comes in one piece.
pub(super) async fn hear(said: &mut Vec<u8>, rest: &mut (impl AsyncRead + Unpin)) {
    let mut more = rest.take(SAID_MOST as u64);
    // What breaks off has told who it is by then.
    let _ = timeout(SAID_WITHIN, more.read_to_end(said)).await;
}

/// What is told of somebody who says something of its own where TLS was to begin.
#[must_use]
pub(super) fn of_its_own(said: &[u8]) -> String {
    format!("it sent data of its own: {}", excerpt(said))
}

/// Where a redirect leads, without what may be a secret.
#[must_use]
pub(super) fn location(header: &str) -> String {
    line(header, EXCERPT_CHARS)
}

/// Whether a text looks like a page, or like the HTTP answer that brings one.
pub(super) fn is_page(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    let text = text.trim_start();
    text.starts_with('<') || text.starts_with("HTTP/") || title(text).is_some()
}

/// By which schemes a proxy lets somebody sign in (RFC 9110, section 11.7.1), in its order.
pub(super) fn schemes(headers: &HeaderMap) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    let values = headers.get_all(PROXY_AUTHENTICATE).iter();
    for value in values.filter_map(|value| value.to_str().ok()) {
        for part in unquoted_parts(value) {
            let name = part.split_whitespace().next().unwrap_or_default();
            // A part with "=" in its first word is a parameter of the scheme before it.
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || name.len() > SCHEME_CHARS || !name.chars().all(is_name) {
                continue;
            }
            let is_known = |known: &String| known.eq_ignore_ascii_case(name);
            if schemes.len() < SCHEMES_MOST && !schemes.iter().any(is_known) {
                schemes.push(name.to_owned());
            }
        }
    }
    schemes
}

/// The parts of a list, divided by commas that do not stand in quotes.
fn unquoted_parts(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    })
}

/// What stands in a page's first `title`.
fn title(page: &str) -> Option<String> {
    let small = page.to_ascii_lowercase();
    let (at, _) = small
        .match_indices("<title")
        .find(|(at, name)| small[at + name.len()..].starts_with([' ', '>', '\n', '\t']))?;
    let begin = at + small[at..].find('>')? + 1;
    let length = small[begin..].find('<').unwrap_or(small.len() - begin);
    let title = line(&page[begin..begin + length], TITLE_CHARS);
    Some(title).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_is_told_by_its_title_and_another_text_by_its_beginning() {
        for (body, told) in [
            (
                "<html><head><TITLE lang=\"en\">Sign in –\n Acme</TITLE></head>planted-secret",
                "the page \"Sign in – Acme\"",
            ),
            ("<html><title></title>No.</html>", "No."),
            ("<titles>x</titles>", "x"),
            ("Ask the\r\n IT\tdesk\u{7}", "Ask the IT desk"),
            ("<title>cut off", "the page \"cut off\""),
            ("", ""),
        ] {
            assert_eq!(excerpt(body.as_bytes()), told, "{body}");
        }
        let long = format!("<title>{}</title>", "yes ".repeat(1000));
        assert_eq!(
            excerpt(long.as_bytes()).chars().count(),
            "the page \"\"".len() + 100
        );
        assert_eq!(excerpt("yes ".repeat(1000).as_bytes()).len(), 200);
    }

    #[test]
    fn what_stands_in_queries_and_before_an_at_sign_is_told_to_nobody() {
        for (text, told) in [
            (
                "<a href=\"http://portal.example/login?token=planted-1&x=2\">here</a>",
                "here",
            ),
            ("Go to /login?sid=planted-2 now", "Go to /login?… now"),
            (
                "http://me:planted-3@portal.example/",
                "http://portal.example/",
            ),
            ("/in#access_token=planted-4", "/in#…"),
            ("/in;jsessionid=planted-8", "/in;…"),
            ("/in?planted-9", "/in?…"),
            ("What now? Nothing.", "What now? Nothing."),
        ] {
            assert_eq!(excerpt(text.as_bytes()), told);
        }
        let led = location("http://me:planted-5@portal.example/login?token=planted-6");
        assert_eq!(led, "http://portal.example/login?…");
        for (title, told) in [
            (
                "http://portal.example/?key=planted-7",
                "http://portal.example/?…",
            ),
            ("Sign in token=planted-7", "Sign in token=…"),
        ] {
            let page = format!("<title>{title}</title>");
            assert_eq!(excerpt(page.as_bytes()), format!("the page \"{told}\""));
        }
    }

    #[test]
    fn the_schemes_of_a_proxy_are_told_in_its_order_and_parameters_are_none() {
        for (values, schemes) in [
            (&["Negotiate", "NTLM"][..], &["Negotiate", "NTLM"][..]),
            (
                &["Basic realm=\"a, b=\\\"c, Digest\", charset=\"UTF-8\", NTLM TlRMTVNTUAAC=="],
                &["Basic", "NTLM"],
            ),
            (
                &[
                    "Digest realm=\"x\", nonce=\"planted-1\", qop=\"auth\"",
                    "digest",
                ],
                &["Digest"],
            ),
            (&[""], &[]),
            (&["a=b", "<script>"], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(PROXY_AUTHENTICATE, HeaderValue::from_static(value));
            }
            assert_eq!(super::schemes(&headers), schemes, "{values:?}");
        }
    }
}
