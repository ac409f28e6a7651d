//! What each field of a tunnel must be.

mod rule;

use std::ops::RangeInclusive;
use std::time::Duration;

use aws_access::Keyring;
use tunnel::{EndpointUrl, Endpoints, Service};
use tunnel_proto::{PoolSize, TargetSpec};
use url::Url;

use super::production::Asks;
use super::span::{self, Unit};
pub use rule::{Field, Invalid, Rule};

/// What a tunnel may be called at most, in characters: more would not fit into a row.
const NAME_MOST: usize = 100;
/// What a group may be called at most, in characters: more would not fit above its rows.
const GROUP_MOST: usize = 60;
/// What a tag may have at most, in characters.
const TAG_MOST: usize = 40;
/// Nobody looks for a tunnel by more words than these.
const TAGS_MOST: usize = 16;
/// Bound of `Reason` in StartSession (docs/protocol.md, section 1).
const REASON_MOST: usize = 256;
/// Longer than any address of a service or a proxy, in characters.
pub(crate) const ADDRESS_MOST: usize = 2048;
/// One address for each service, in characters.
const ADDRESSES_MOST: usize = 8 * ADDRESS_MOST;
/// Longest path of a file (`PATH_MAX` of Linux), in bytes.
pub(crate) const PATH_MOST: usize = 4096;
/// Longest DNS name (RFC 1035, section 2.3.4).
const HOST_MOST: usize = 253;
/// More sessions add nothing: the target becomes the limit.
const SESSIONS_MOST: u8 = tunnel_proto::SESSIONS_MOST;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// More often costs the agent's host and says nothing new; proxies drop what is silent for
/// longer, some after a minute.
const KEEPALIVE: RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(300);
/// The gateway closes a WebSocket after 60 minutes (docs/protocol.md, section 3).
const RENEW_AFTER: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(59 * 60);
/// Starting a session takes a second or two and counts against the account's rate: to end one
/// within a minute saves nothing. After a day nobody remembers the wish.
const LAZY: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(24 * 60 * 60);
/// How long a lazy tunnel's session is kept without a connection when nobody says otherwise:
/// longer than most pauses between two queries, shorter than the service's own 20 minutes.
const LAZY_DEFAULT: Duration = Duration::from_secs(10 * 60);
/// A client that is still there after ten minutes is not waiting for an answer.
const WAIT: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(600);
/// After a week without its service a tunnel needs a person.
const RETRY_FOR: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(7 * 24 * 60 * 60);
/// It overrules the account's idle timeout, so it has an end: the longest working day.
const KEEP_SESSION_ALIVE: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(24 * 60 * 60);

/// Less is no time to do anything in; whoever needs more than a week of production need not be
/// protected from it.
const CLOSES_AFTER: RangeInclusive<Duration> = MINUTE..=Duration::from_secs(7 * 24 * 60 * 60);
/// A working day.
pub(super) const CLOSES_AFTER_DEFAULT: Duration = Duration::from_secs(8 * 60 * 60);

/// AWS's endpoints with validated cryptography.
const FIPS: &str = "fips";
/// AWS's endpoints with IPv6 addresses.
const DUAL_STACK: &str = "dual-stack";

/// Reads what a tunnel is called: 1 to 100 characters.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, Rule> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Rule::NameMissing);
    }
    bounded(text, NAME_MOST).ok_or(Rule::NameTooLong)
}

pub(super) fn group(text: &str) -> Result<String, Rule> {
    bounded(text.trim(), GROUP_MOST)
        .filter(|text| !text.contains(char::is_control))
        .ok_or(Rule::Group)
}

pub(super) fn tag(text: &str) -> Result<String, Rule> {
    bounded(text.trim(), TAG_MOST)
        .filter(|text| !text.is_empty() && !text.contains(|c: char| c.is_control() || c == ','))
        .ok_or(Rule::Tag)
}

/// Reads tags: each once, in their order, without those that are empty.
pub(super) fn tags(texts: &[String]) -> Result<Vec<String>, Rule> {
    let mut tags = Vec::new();
    for text in texts.iter().filter(|text| !text.trim().is_empty()) {
        let tag = tag(text)?;
        if tags.contains(&tag) {
            continue;
        }
        if tags.len() == TAGS_MOST {
            return Err(Rule::TooManyTags);
        }
        tags.push(tag);
    }
    Ok(tags)
}

pub(super) fn target(text: &str) -> Result<TargetSpec, Rule> {
    text.parse().map_err(Rule::Target)
}

pub(super) fn host(text: &str) -> Result<String, Rule> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    // An address of IPv6 is the only host with colons in it.
    let is_name = !text.contains(':');
    let is_address = text.parse::<std::net::Ipv6Addr>().is_ok();
    bounded(text, HOST_MOST)
        .filter(|text| text.chars().all(plain) && (is_name || is_address))
        .ok_or(Rule::Host)
}

pub(super) fn port(port: u32) -> Result<u16, Rule> {
    u16::try_from(port)
        .ok()
        .filter(|port| *port != 0)
        .ok_or(Rule::Port)
}

pub(super) fn port_or_any(port: u32) -> Result<u16, Rule> {
    u16::try_from(port).map_err(|_| Rule::PortOrAny)
}

pub(super) fn aws_profile(text: &str) -> Result<String, Rule> {
    bounded(text, 256)
        .filter(|text| !text.contains(|c: char| c.is_control() || matches!(c, '[' | ']')))
        .ok_or(Rule::AwsProfile)
}

pub(super) fn keys(text: &str) -> Result<String, Rule> {
    match Keyring::takes_name(text) {
        true => Ok(text.to_owned()),
        false => Err(Rule::Keys),
    }
}

pub(super) fn region(text: &str) -> Result<String, Rule> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // It becomes part of a host's name, so nothing else may be in it.
    bounded(text, 63)
        .filter(|text| text.contains('-') && text.chars().all(plain))
        .ok_or(Rule::Region)
}

pub(super) fn endpoint_url(text: &str) -> Result<String, Rule> {
    let text = &bounded(text, ADDRESS_MOST).ok_or(Rule::EndpointUrl)?;
    let url = Url::parse(text).map_err(|_| Rule::EndpointUrl)?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        // A password in a file that people show to each other.
        && url.username().is_empty()
        && url.password().is_none();
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Rule::EndpointUrl)
    }
}

/// Reads where services are asked: `SERVICE=URL` for each that is not asked at AWS's own address,
/// and the words `fips` and `dual-stack`, with spaces between.
///
/// # Errors
/// [`Rule::Endpoints`], also for a service that is named twice.
pub fn endpoints(text: &str) -> Result<Endpoints, Rule> {
    let mut endpoints = Endpoints::default();
    let text = &bounded(text, ADDRESSES_MOST).ok_or(Rule::Endpoints)?;
    for word in text.split_whitespace() {
        match word {
            FIPS => endpoints.fips = Some(true),
            DUAL_STACK => endpoints.dual_stack = Some(true),
            _ => {
                let (service, url) = word.split_once('=').ok_or(Rule::Endpoints)?;
                let service = service.parse::<Service>().map_err(|_| Rule::Endpoints)?;
                let url = EndpointUrl::parse(url).map_err(|_| Rule::Endpoints)?;
                if endpoints.urls.insert(service, url).is_some() {
                    return Err(Rule::Endpoints);
                }
            }
        }
    }
    Ok(endpoints)
}

/// Writes what [`endpoints`] reads; `None` where nothing was set.
pub(super) fn endpoints_text(endpoints: &Endpoints) -> Option<String> {
    let urls = endpoints.urls.iter();
    let mut words: Vec<_> = urls
        .map(|(service, url)| format!("{service}={url}"))
        .collect();
    let set = |switch: Option<bool>| switch == Some(true);
    words.extend(set(endpoints.fips).then(|| FIPS.to_owned()));
    words.extend(set(endpoints.dual_stack).then(|| DUAL_STACK.to_owned()));
    (!words.is_empty()).then(|| words.join(" "))
}

pub(super) fn reason(text: &str) -> Result<String, Rule> {
    bounded(text, REASON_MOST).ok_or(Rule::Reason)
}

/// Reads how many sessions a tunnel holds: `4` always holds four, `1-4` grows from one to four
/// while that helps.
///
/// # Errors
/// [`Rule::Sessions`].
pub fn sessions(text: &str) -> Result<PoolSize, Rule> {
    let number = |text: &str| {
        text.trim()
            .parse::<u8>()
            .ok()
            .filter(|sessions| (1..=SESSIONS_MOST).contains(sessions))
    };
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    match (number(least), number(most)) {
        (Some(least), Some(most)) if least <= most => Ok(PoolSize::new(least, most)),
        _ => Err(Rule::Sessions),
    }
}

/// Reads how often a WebSocket is pinged; a bare number means seconds.
///
/// # Errors
/// [`Rule::Keepalive`] for anything but 5 to 300 s.
pub fn keepalive(text: &str) -> Result<Duration, Rule> {
    within(text, Some(Unit::Second), &KEEPALIVE).ok_or(Rule::Keepalive)
}

/// Reads at which age a WebSocket is renewed; a bare number means minutes. `off` never renews.
///
/// # Errors
/// [`Rule::RenewAfter`] for anything but 1 to 59 min.
pub fn renew_after(text: &str) -> Result<Option<Duration>, Rule> {
    or_off(text, || within(text, Some(Unit::Minute), &RENEW_AFTER)).ok_or(Rule::RenewAfter)
}

/// Reads after how long without a connection a lazy tunnel's session ends; a bare number means
/// minutes, `on` 10 of them. `off` is a tunnel that is not lazy.
///
/// # Errors
/// [`Rule::Lazy`] for anything but 1 min to 24 h.
pub fn lazy(text: &str) -> Result<Option<Duration>, Rule> {
    if text.trim().eq_ignore_ascii_case("on") {
        return Ok(Some(LAZY_DEFAULT));
    }
    or_off(text, || within(text, Some(Unit::Minute), &LAZY)).ok_or(Rule::Lazy)
}

/// Reads how long a connection waits for a session; a bare number means seconds.
///
/// # Errors
/// [`Rule::Wait`] for anything but 0 to 600 s.
pub fn wait(text: &str) -> Result<Duration, Rule> {
    within(text, Some(Unit::Second), &WAIT).ok_or(Rule::Wait)
}

/// Reads how long failures of the service are borne. It needs a unit: nobody can tell whether
/// 30 would be minutes or hours.
///
/// # Errors
/// [`Rule::RetryFor`] for anything but 1 min to 7 d.
pub fn retry_for(text: &str) -> Result<Duration, Rule> {
    within(text, None, &RETRY_FOR).ok_or(Rule::RetryFor)
}

/// Reads for how long sessions are kept from counting as idle. It needs a unit, as for
/// [`retry_for`]. `off` lets them idle.
///
/// # Errors
/// [`Rule::KeepSessionAlive`] for anything but 1 min to 24 h.
pub fn keep_session_alive(text: &str) -> Result<Option<Duration>, Rule> {
    or_off(text, || within(text, None, &KEEP_SESSION_ALIVE)).ok_or(Rule::KeepSessionAlive)
}

/// Reads what a tunnel to production asks before it starts: `ask`, for a reason, or `none`.
pub(super) fn asks(text: &str) -> Result<Asks, Rule> {
    [Asks::Reason, Asks::Consent]
        .into_iter()
        .find(|asks| text.trim().eq_ignore_ascii_case(asks_text(*asks)))
        .ok_or(Rule::ProductionReason)
}

pub(super) const fn asks_text(asks: Asks) -> &'static str {
    match asks {
        Asks::Reason => "ask",
        Asks::Consent => "none",
    }
}

/// Reads after how long a tunnel to production closes by itself. It needs a unit, as for
/// [`retry_for`]. `off` leaves it open.
pub(super) fn closes_after(text: &str) -> Result<Option<Duration>, Rule> {
    or_off(text, || within(text, None, &CLOSES_AFTER)).ok_or(Rule::ClosesAfter)
}

pub(crate) fn sessions_text(sessions: PoolSize) -> String {
    match (sessions.least(), sessions.most()) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least}-{most}"),
    }
}

pub(crate) fn seconds_text(span: Duration) -> String {
    span::write(span, Some(Unit::Second))
}

pub(crate) fn minutes_text(span: Option<Duration>) -> String {
    span.map_or_else(off, |span| span::write(span, Some(Unit::Minute)))
}

pub(crate) fn span_text(span: Option<Duration>) -> String {
    span.map_or_else(off, |span| span::write(span, None))
}

fn off() -> String {
    "off".to_owned()
}

/// Reads `off`, or what `read` reads.
fn or_off(text: &str, read: impl FnOnce() -> Option<Duration>) -> Option<Option<Duration>> {
    if text.trim().eq_ignore_ascii_case("off") {
        Some(None)
    } else {
        read().map(Some)
    }
}

fn within(text: &str, bare: Option<Unit>, bounds: &RangeInclusive<Duration>) -> Option<Duration> {
    span::read(text, bare).filter(|span| bounds.contains(span))
}

fn minutes(span: Duration) -> u64 {
    span.as_secs() / MINUTE.as_secs()
}

fn hours(span: Duration) -> u64 {
    span.as_secs() / HOUR.as_secs()
}

fn bounded(text: &str, most: usize) -> Option<String> {
    (text.chars().count() <= most).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
