//! What each field of a tunnel must be.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_access::Keyring;
use tunnel::{EndpointUrl, Endpoints, Service};
use tunnel_proto::{PoolSize, TargetError, TargetSpec};
use url::Url;

use super::production::Asks;
use super::span::{self, Unit};

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

/// A field of a tunnel, named as in the profile file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `name`
    Name,
    /// `group`
    Group,
    /// `tags`
    Tags,
    /// `target`
    Target,
    /// `remote_host`
    RemoteHost,
    /// `remote_port`
    RemotePort,
    /// `bind`
    Bind,
    /// `local_port`
    LocalPort,
    /// `profile`
    Profile,
    /// `keys`
    Keys,
    /// `region`
    Region,
    /// `endpoint_url`
    EndpointUrl,
    /// `endpoints`
    Endpoints,
    /// `reason`
    Reason,
    /// `sessions`
    Sessions,
    /// `keepalive`
    Keepalive,
    /// `renew_after`
    RenewAfter,
    /// `lazy`
    Lazy,
    /// `wait`
    Wait,
    /// `retry_for`
    RetryFor,
    /// `keep_session_alive`
    KeepSessionAlive,
    /// `production.reason`
    ProductionReason,
    /// `production.closes_after`
    ClosesAfter,
}

impl Field {
    /// The field's name in the profile file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Group => "group",
            Self::Tags => "tags",
            Self::Target => "target",
            Self::RemoteHost => "remote_host",
            Self::RemotePort => "remote_port",
            Self::Bind => "bind",
            Self::LocalPort => "local_port",
            Self::Profile => "profile",
            Self::Keys => "keys",
            Self::Region => "region",
            Self::EndpointUrl => "endpoint_url",
            Self::Endpoints => "endpoints",
            Self::Reason => "reason",
            Self::Sessions => "sessions",
            Self::Keepalive => "keepalive",
            Self::RenewAfter => "renew_after",
            Self::Lazy => "lazy",
            Self::Wait => "wait",
            Self::RetryFor => "retry_for",
            Self::KeepSessionAlive => "keep_session_alive",
            Self::ProductionReason => "production.reason",
            Self::ClosesAfter => "production.closes_after",
        }
    }
}

/// A rule that a field breaks. Its text is a sentence that says what the field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nothing is there.
    #[error("Give the tunnel a name.")]
    NameMissing,
    /// It is too long for its row.
    #[error("A name has at most {NAME_MOST} characters.")]
    NameTooLong,
    /// It is too long for its line, or more than one.
    #[error("A group is one line of at most {GROUP_MOST} characters.")]
    Group,
    /// It is empty, too long, or more than one word to find a tunnel by.
    #[error("A tag has 1 to {TAG_MOST} characters, and no comma.")]
    Tag,
    /// There are more than anybody looks for.
    #[error("A tunnel has at most {TAGS_MOST} tags.")]
    TooManyTags,
    /// It is no target, and no list of such.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It cannot be the name of a host.
    #[error("A host is a name or an address such as db.internal, without a port.")]
    Host,
    /// It is no TCP port.
    #[error("A port is a number from 1 to 65535.")]
    Port,
    /// It is neither a TCP port nor 0.
    #[error("A port is a number from 1 to 65535, or 0 for any that is free.")]
    PortOrAny,
    /// It is nothing that can be listened at.
    #[error("Listen at localhost, at an IP address, or at an absolute path.")]
    BindAddress,
    /// It cannot be the name of an AWS profile.
    #[error("An AWS profile is the name of a section of your AWS configuration.")]
    AwsProfile,
    /// It cannot be the name of keys in the keyring.
    #[error(
        "Keys of the keyring have a name of 1 to 64 letters, digits, and the characters - _ . @."
    )]
    Keys,
    /// There are both, and nobody could say which of them counts.
    #[error("A tunnel uses a profile or keys of the keyring, not both.")]
    KeysAndProfile,
    /// It cannot be the name of a region.
    #[error("A region is a name such as eu-west-1.")]
    Region,
    /// It is no HTTP address.
    #[error("An endpoint is an address such as https://ssm.eu-west-1.amazonaws.com.")]
    EndpointUrl,
    /// It is no endpoint of a service, and none of the two words.
    #[error(
        "Endpoints are such as sts=https://sts.example, fips and dual-stack, with spaces between."
    )]
    Endpoints,
    /// The service would not take it.
    #[error("A reason has at most {REASON_MOST} characters.")]
    Reason,
    /// A tunnel to production asks for one each time.
    #[error("Say why: the reason is recorded by AWS with each session.")]
    ReasonMissing,
    /// It is no number of sessions, and no range of such.
    #[error("Sessions are a number from 1 to {SESSIONS_MOST}, or a range such as 1-4.")]
    Sessions,
    /// It is no time, or out of bounds.
    #[error(
        "Keepalive is {} to {} seconds.",
        KEEPALIVE.start().as_secs(),
        KEEPALIVE.end().as_secs()
    )]
    Keepalive,
    /// It is no time, or out of bounds.
    #[error(
        "Renew after {} to {} minutes, or say off.",
        minutes(*RENEW_AFTER.start()),
        minutes(*RENEW_AFTER.end())
    )]
    RenewAfter,
    /// It is no time, or out of bounds.
    #[error(
        "A session that starts on demand ends after {} to {} idle minutes; or say off.",
        minutes(*LAZY.start()),
        minutes(*LAZY.end())
    )]
    Lazy,
    /// It is no time, or out of bounds.
    #[error(
        "Connections wait {} to {} seconds.",
        WAIT.start().as_secs(),
        WAIT.end().as_secs()
    )]
    Wait,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "Retry for {} min to {} days, such as 30min, 4h or 2d.",
        minutes(*RETRY_FOR.start()),
        hours(*RETRY_FOR.end()) / 24
    )]
    RetryFor,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "Keep a session alive for {} min to {} h, such as 90min or 8h, or say off.",
        minutes(*KEEP_SESSION_ALIVE.start()),
        hours(*KEEP_SESSION_ALIVE.end())
    )]
    KeepSessionAlive,
    /// It is neither of the two words.
    #[error("A tunnel to production asks for a reason or not: say ask or none.")]
    ProductionReason,
    /// It is no time with a unit, or out of bounds.
    #[error(
        "A tunnel to production closes after {} min to {} days, such as 30min or 8h; or say off.",
        minutes(*CLOSES_AFTER.start()),
        hours(*CLOSES_AFTER.end()) / 24
    )]
    ClosesAfter,
}

/// A field and the rule that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// The field.
    pub field: Field,
    /// What it should be.
    pub rule: Rule,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field.key(), self.rule)
    }
}

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
mod tests {
    use super::*;

    #[test]
    fn targets_are_nodes_by_id_name_or_tag_and_tasks() {
        for good in [
            "i-0123456789abcdef0",
            "mi-0123",
            "ecs:cluster_0a1b_0a1b-1234",
            "name:bastion@newest, tag:Role=bastion, i-0123",
        ] {
            assert_eq!(
                target(good).map(|target| target.to_string()),
                Ok(good.to_owned())
            );
        }
        assert_eq!(target("  "), Err(Rule::Target(TargetError::Missing)));
        assert_eq!(target("two words"), Err(Rule::Target(TargetError::Id)));
        assert_eq!(target("name:a@b"), Err(Rule::Target(TargetError::Rule)));
    }

    #[test]
    fn hosts_carry_no_port_scheme_or_path() {
        for good in ["db.internal", "10.0.0.7", "fd00::7", "my_host-1"] {
            assert_eq!(host(good).as_deref(), Ok(good));
        }
        for bad in ["db:5432", "http://db", "db/x", "[fd00::7]", "a b"] {
            assert_eq!(host(bad), Err(Rule::Host), "{bad}");
        }
    }

    #[test]
    fn endpoints_are_http_addresses_without_a_password() {
        for good in [
            "https://ssm.eu-west-1.amazonaws.com",
            "http://127.0.0.1:4566/x",
        ] {
            assert_eq!(endpoint_url(good).as_deref(), Ok(good));
        }
        for bad in [
            "ssm.eu-west-1.amazonaws.com",
            "ftp://x",
            "https://u:p@x",
            "file:///etc",
        ] {
            assert_eq!(endpoint_url(bad), Err(Rule::EndpointUrl), "{bad}");
        }
    }

    #[test]
    fn endpoints_are_urls_of_services_and_two_words() {
        for text in [
            "ssm=https://vpce-1.example ssmmessages=https://vpce-2.example:8443",
            "sts=http://127.0.0.1:1 fips",
            "fips dual-stack",
        ] {
            let read = endpoints(text).unwrap();
            assert_eq!(endpoints_text(&read).as_deref(), Some(text));
        }
        assert_eq!(endpoints_text(&endpoints("  ").unwrap()), None);
        for bad in [
            "https://vpce-1.example",
            "s3=https://s3.example",
            "ssm=vpce-1.example",
            "ssm=https://alice:planted@vpce-1.example",
            "ssm=https://a.example ssm=https://b.example",
            "FIPS",
        ] {
            assert_eq!(endpoints(bad), Err(Rule::Endpoints), "{bad}");
        }
    }

    #[test]
    fn regions_cannot_smuggle_a_host_into_an_endpoint() {
        assert_eq!(region("us-gov-west-1").as_deref(), Ok("us-gov-west-1"));
        for bad in ["evil.example/", "EU-WEST-1", "here", ""] {
            assert_eq!(region(bad), Err(Rule::Region), "{bad}");
        }
    }

    #[test]
    fn sessions_are_one_to_eight_or_a_range_of_these() {
        assert_eq!(sessions("1"), Ok(PoolSize::fixed(1)));
        assert_eq!(sessions(" 8 "), Ok(PoolSize::fixed(8)));
        assert_eq!(sessions("2 - 6"), Ok(PoolSize::new(2, 6)));
        for bad in ["0", "9", "264", "3-2", "2-9", "-", "1-", "1-2-3", "x", ""] {
            assert_eq!(sessions(bad), Err(Rule::Sessions), "{bad}");
        }
        for size in [PoolSize::fixed(3), PoolSize::new(1, 8)] {
            assert_eq!(sessions(&sessions_text(size)), Ok(size));
        }
    }

    #[test]
    fn times_are_bounded_at_both_ends() {
        let seconds = Duration::from_secs;
        assert_eq!(keepalive("5"), Ok(seconds(5)));
        assert_eq!(keepalive("5min"), Ok(seconds(300)));
        for bad in ["4", "301", "off", ""] {
            assert_eq!(keepalive(bad), Err(Rule::Keepalive), "{bad}");
        }
        assert_eq!(renew_after("1"), Ok(Some(seconds(60))));
        assert_eq!(renew_after("59 min"), Ok(Some(seconds(59 * 60))));
        assert_eq!(renew_after("Off"), Ok(None));
        for bad in ["0", "60", "59s", "never"] {
            assert_eq!(renew_after(bad), Err(Rule::RenewAfter), "{bad}");
        }
        assert_eq!(lazy("on"), Ok(Some(seconds(600))));
        assert_eq!(lazy("1"), Ok(Some(seconds(60))));
        assert_eq!(lazy("1d"), Ok(Some(seconds(86_400))));
        assert_eq!(lazy("off"), Ok(None));
        for bad in ["0", "25h", "yes"] {
            assert_eq!(lazy(bad), Err(Rule::Lazy), "{bad}");
        }
        assert_eq!(wait("0"), Ok(Duration::ZERO));
        assert_eq!(wait("600"), Ok(seconds(600)));
        for bad in ["601", "-1", "off"] {
            assert_eq!(wait(bad), Err(Rule::Wait), "{bad}");
        }
        assert_eq!(retry_for("1min"), Ok(seconds(60)));
        assert_eq!(retry_for("7d"), Ok(seconds(7 * 86_400)));
        for bad in ["30", "59s", "8d", "off"] {
            assert_eq!(retry_for(bad), Err(Rule::RetryFor), "{bad}");
        }
        assert_eq!(keep_session_alive("24h"), Ok(Some(seconds(86_400))));
        assert_eq!(keep_session_alive("off"), Ok(None));
        for bad in ["8", "25h", "30s", "on"] {
            assert_eq!(
                keep_session_alive(bad),
                Err(Rule::KeepSessionAlive),
                "{bad}"
            );
        }
    }

    #[test]
    fn production_asks_for_a_reason_or_not_and_closes_after_a_time_or_not() {
        assert_eq!(asks("Ask"), Ok(Asks::Reason));
        assert_eq!(asks(" none "), Ok(Asks::Consent));
        for bad in ["", "yes", "true"] {
            assert_eq!(asks(bad), Err(Rule::ProductionReason), "{bad}");
        }
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        assert_eq!(closes_after("8h"), Ok(hours(8)));
        assert_eq!(closes_after("7d"), Ok(hours(168)));
        assert_eq!(closes_after("off"), Ok(None));
        for bad in ["8", "59s", "8d", "never"] {
            assert_eq!(closes_after(bad), Err(Rule::ClosesAfter), "{bad}");
        }
    }

    #[test]
    fn a_broken_bound_is_said_in_words() {
        for (rule, words) in [
            (Rule::Keepalive, "5 to 300 seconds"),
            (Rule::RenewAfter, "1 to 59 minutes"),
            (Rule::Lazy, "1 to 1440 idle minutes"),
            (Rule::Wait, "0 to 600 seconds"),
            (Rule::RetryFor, "1 min to 7 days"),
            (Rule::KeepSessionAlive, "1 min to 24 h"),
            (Rule::ClosesAfter, "1 min to 7 days"),
        ] {
            assert!(rule.to_string().contains(words), "{rule}");
        }
    }
}
