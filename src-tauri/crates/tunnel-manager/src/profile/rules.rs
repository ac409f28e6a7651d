//! What each field of a tunnel must be.

use std::fmt;

use url::Url;

/// What a tunnel may be called at most, in characters: more would not fit into a row.
const NAME_MOST: usize = 100;
/// Bound of `Target` in StartSession (docs/protocol.md, section 1).
const TARGET_MOST: usize = 400;
/// Bound of `Reason` in StartSession (docs/protocol.md, section 1).
const REASON_MOST: usize = 256;
/// Longest DNS name (RFC 1035, section 2.3.4).
const HOST_MOST: usize = 253;
/// More sessions add nothing: the target becomes the limit.
const SESSIONS_MOST: u32 = 8;

/// A field of a tunnel, named as in the profile file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `name`
    Name,
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
    /// `region`
    Region,
    /// `endpoint_url`
    EndpointUrl,
    /// `reason`
    Reason,
    /// `sessions`
    Sessions,
}

impl Field {
    /// The field's name in the profile file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Target => "target",
            Self::RemoteHost => "remote_host",
            Self::RemotePort => "remote_port",
            Self::Bind => "bind",
            Self::LocalPort => "local_port",
            Self::Profile => "profile",
            Self::Region => "region",
            Self::EndpointUrl => "endpoint_url",
            Self::Reason => "reason",
            Self::Sessions => "sessions",
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
    /// Nothing is there.
    #[error("Say which instance or task the session goes to, for example i-0123456789abcdef0.")]
    TargetMissing,
    /// It cannot be the name of a target.
    #[error("A target is an id such as i-0123456789abcdef0, without spaces.")]
    Target,
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
    /// It cannot be the name of a region.
    #[error("A region is a name such as eu-west-1.")]
    Region,
    /// It is no HTTP address.
    #[error("An endpoint is an address such as https://ssm.eu-west-1.amazonaws.com.")]
    EndpointUrl,
    /// The service would not take it.
    #[error("A reason has at most {REASON_MOST} characters.")]
    Reason,
    /// There are none, or too many.
    #[error("A tunnel has 1 to {SESSIONS_MOST} sessions.")]
    Sessions,
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

pub(super) fn name(text: &str) -> Result<String, Rule> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Rule::NameMissing);
    }
    bounded(text, NAME_MOST).ok_or(Rule::NameTooLong)
}

pub(super) fn target(text: &str) -> Result<String, Rule> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Rule::TargetMissing);
    }
    bounded(text, TARGET_MOST)
        .filter(|text| is_word(text))
        .ok_or(Rule::Target)
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

pub(super) fn reason(text: &str) -> Result<String, Rule> {
    bounded(text, REASON_MOST).ok_or(Rule::Reason)
}

pub(super) fn sessions(sessions: u32) -> Result<u8, Rule> {
    u8::try_from(sessions)
        .ok()
        .filter(|sessions| (1..=SESSIONS_MOST).contains(&u32::from(*sessions)))
        .ok_or(Rule::Sessions)
}

fn bounded(text: &str, most: usize) -> Option<String> {
    (text.chars().count() <= most).then(|| text.to_owned())
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_ids_of_instances_managed_nodes_and_tasks() {
        for good in [
            "i-0123456789abcdef0",
            "mi-0123",
            "ecs:cluster_0a1b_0a1b-1234",
        ] {
            assert_eq!(target(good).as_deref(), Ok(good));
        }
        assert_eq!(target("  "), Err(Rule::TargetMissing));
        assert_eq!(target("two words"), Err(Rule::Target));
        assert_eq!(target(&"i".repeat(401)), Err(Rule::Target));
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
    fn regions_cannot_smuggle_a_host_into_an_endpoint() {
        assert_eq!(region("us-gov-west-1").as_deref(), Ok("us-gov-west-1"));
        for bad in ["evil.example/", "EU-WEST-1", "here", ""] {
            assert_eq!(region(bad), Err(Rule::Region), "{bad}");
        }
    }

    #[test]
    fn sessions_are_one_to_eight() {
        assert_eq!([1, 8].map(sessions), [Ok(1), Ok(8)]);
        assert_eq!([0, 9, 264].map(sessions), [Err(Rule::Sessions); 3]);
    }
}
