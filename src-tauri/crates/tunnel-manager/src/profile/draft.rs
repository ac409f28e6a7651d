//! A tunnel as people and files write it, not yet checked.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use aws_access::WrittenAddress;
use tunnel::Endpoints;
use tunnel_proto::TargetSpec;

use super::rules::{self, Invalid};
use super::{
    BindAddress, CredentialSource, Destination, Field, Filing, Listen, Production, ProductionDraft,
    Profile, ProfileId, Rule, Upkeep,
};

/// A tunnel as people and files write it. Nothing in it is checked: [`Draft::check`] does.
/// Empty texts count as absent. How the settings from [`sessions`](Self::sessions) on are
/// written, [`rules`] say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// What the user calls it.
    pub name: String,
    /// The group under which it is listed; none without one.
    pub group: Option<String>,
    /// Words to find it by; those that are there twice count once.
    pub tags: Vec<String>,
    /// It is one of those that the user wants at hand.
    pub favourite: bool,
    /// Managed nodes (`i-…`, `mi-…`, `name:…`, `tag:…=…`) or ECS tasks, with commas between them;
    /// [`TargetSpec`] has the grammar.
    pub target: String,
    /// Host behind the target; the target itself without one.
    pub remote_host: Option<String>,
    /// Port of the destination.
    pub remote_port: u32,
    /// `localhost`, an IP address, or an absolute path of a Unix socket; empty for `localhost`.
    pub bind: String,
    /// Port to listen at; 0, the default, for any.
    pub local_port: u32,
    /// Named profile of the AWS configuration.
    pub profile: Option<String>,
    /// Name of keys in the system's keyring, instead of a profile.
    pub keys: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Endpoint to use instead of the region's.
    pub endpoint_url: Option<WrittenAddress>,
    /// Where single services are asked, such as `sts=https://…`, with `fips` and `dual-stack`.
    pub endpoints: Option<WrittenAddress>,
    /// Reason that is recorded with each session.
    pub reason: Option<String>,
    /// Sessions that share the connections, such as `4` or `1-4`; `1-6` by default.
    pub sessions: Option<String>,
    /// Seconds between two pings; 20 by default.
    pub keepalive: Option<String>,
    /// Minutes after which a WebSocket is renewed, or `off`; 50 by default.
    pub renew_after: Option<String>,
    /// Minutes without a connection after which the session of a tunnel that starts on demand
    /// ends, `on` for 10, or `off`; off by default.
    pub lazy: Option<String>,
    /// Seconds that a connection waits for a session; 30 by default.
    pub wait: Option<String>,
    /// How long failures of the service are borne, such as `4h`; `30min` by default.
    pub retry_for: Option<String>,
    /// For how long sessions are kept from counting as idle, such as `8h`, or `off`; off by
    /// default.
    pub keep_session_alive: Option<String>,
    /// It leads to production: it asks before it starts, and closes by itself. `None` if not.
    pub production: Option<ProductionDraft>,
}

impl Draft {
    /// Makes a tunnel of it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in the order of the fields, so that a form can mark
    /// all of it at once.
    pub fn check(&self, id: ProfileId) -> Result<Profile, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let name =
            rules::name(&self.name).unwrap_or_else(|rule| note(&mut wrong, Field::Name, rule));
        let filing = Filing {
            group: optional(self.group.as_deref(), rules::group)
                .unwrap_or_else(|rule| note(&mut wrong, Field::Group, rule)),
            tags: rules::tags(&self.tags)
                .unwrap_or_else(|rule| note(&mut wrong, Field::Tags, rule)),
            favourite: self.favourite,
        };
        let target = rules::target(&self.target).unwrap_or_else(|rule| {
            wrong.push(Invalid {
                field: Field::Target,
                rule,
            });
            TargetSpec::of_id("")
        });
        let remote_port = rules::port(self.remote_port)
            .unwrap_or_else(|rule| note(&mut wrong, Field::RemotePort, rule));
        let host = optional(self.remote_host.as_deref(), rules::host)
            .unwrap_or_else(|rule| note(&mut wrong, Field::RemoteHost, rule));
        let address = bind_address(&self.bind).unwrap_or_else(|rule| {
            wrong.push(Invalid {
                field: Field::Bind,
                rule,
            });
            BindAddress::Localhost
        });
        let port = rules::port_or_any(self.local_port)
            .unwrap_or_else(|rule| note(&mut wrong, Field::LocalPort, rule));
        let aws_profile = optional(self.profile.as_deref(), rules::aws_profile)
            .unwrap_or_else(|rule| note(&mut wrong, Field::Profile, rule));
        let keys = optional(self.keys.as_deref(), rules::keys)
            .unwrap_or_else(|rule| note(&mut wrong, Field::Keys, rule));
        let credentials = match (aws_profile, keys) {
            (None, None) => CredentialSource::Chain,
            (Some(name), None) => CredentialSource::Profile(name),
            (None, Some(name)) => CredentialSource::Keys(name),
            (Some(_), Some(_)) => note(&mut wrong, Field::Keys, Rule::KeysAndProfile),
        };
        let region = optional(self.region.as_deref(), rules::region)
            .unwrap_or_else(|rule| note(&mut wrong, Field::Region, rule));
        let endpoint_url = optional(self.endpoint_url.as_deref(), rules::endpoint_url)
            .unwrap_or_else(|rule| note(&mut wrong, Field::EndpointUrl, rule));
        let endpoints = setting(
            self.endpoints.as_deref(),
            rules::endpoints,
            Endpoints::default(),
            Field::Endpoints,
            &mut wrong,
        );
        let reason = optional(self.reason.as_deref(), rules::reason)
            .unwrap_or_else(|rule| note(&mut wrong, Field::Reason, rule));
        let upkeep = self.upkeep(&mut wrong);
        let production = self.production.as_ref();
        let production = production.map(|mark| checked(mark, &mut wrong));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let destination = match host {
            Some(host) => Destination::RemoteHost {
                host,
                port: remote_port,
            },
            None => Destination::Port(remote_port),
        };
        Ok(Profile {
            id,
            name,
            filing,
            target,
            destination,
            listen: Listen { address, port },
            credentials,
            region,
            endpoint_url,
            endpoints,
            reason,
            upkeep,
            production,
        })
    }

    fn upkeep(&self, wrong: &mut Vec<Invalid>) -> Upkeep {
        let usual = Upkeep::default();
        Upkeep {
            sessions: setting(
                self.sessions.as_deref(),
                rules::sessions,
                usual.sessions,
                Field::Sessions,
                wrong,
            ),
            keepalive: setting(
                self.keepalive.as_deref(),
                rules::keepalive,
                usual.keepalive,
                Field::Keepalive,
                wrong,
            ),
            renew_after: setting(
                self.renew_after.as_deref(),
                rules::renew_after,
                usual.renew_after,
                Field::RenewAfter,
                wrong,
            ),
            lazy: setting(
                self.lazy.as_deref(),
                rules::lazy,
                usual.lazy,
                Field::Lazy,
                wrong,
            ),
            wait: setting(
                self.wait.as_deref(),
                rules::wait,
                usual.wait,
                Field::Wait,
                wrong,
            ),
            retry_for: setting(
                self.retry_for.as_deref(),
                rules::retry_for,
                usual.retry_for,
                Field::RetryFor,
                wrong,
            ),
            keep_session_alive: setting(
                self.keep_session_alive.as_deref(),
                rules::keep_session_alive,
                usual.keep_session_alive,
                Field::KeepSessionAlive,
                wrong,
            ),
        }
    }
}

impl From<&Profile> for Draft {
    fn from(profile: &Profile) -> Self {
        let (remote_host, remote_port) = match &profile.destination {
            Destination::Port(port) => (None, *port),
            Destination::RemoteHost { host, port } => (Some(host.clone()), *port),
        };
        let (usual, upkeep) = (Upkeep::default(), &profile.upkeep);
        // What is as usual is not written, so that it stays as usual.
        let unusual = |is_usual: bool, text: String| (!is_usual).then_some(text);
        Self {
            name: profile.name.clone(),
            group: profile.filing.group.clone(),
            tags: profile.filing.tags.clone(),
            favourite: profile.filing.favourite,
            target: profile.target.to_string(),
            remote_host,
            remote_port: remote_port.into(),
            bind: profile.listen.address.to_string(),
            local_port: profile.listen.port.into(),
            profile: profile.credentials.profile().map(str::to_owned),
            keys: profile.credentials.keys().map(str::to_owned),
            region: profile.region.clone(),
            endpoint_url: profile.endpoint_url.clone().map(WrittenAddress::from),
            endpoints: rules::endpoints_text(&profile.endpoints).map(WrittenAddress::from),
            reason: profile.reason.clone(),
            sessions: unusual(
                upkeep.sessions == usual.sessions,
                rules::sessions_text(upkeep.sessions),
            ),
            keepalive: unusual(
                upkeep.keepalive == usual.keepalive,
                rules::seconds_text(upkeep.keepalive),
            ),
            renew_after: unusual(
                upkeep.renew_after == usual.renew_after,
                rules::minutes_text(upkeep.renew_after),
            ),
            lazy: unusual(upkeep.lazy == usual.lazy, rules::minutes_text(upkeep.lazy)),
            wait: unusual(upkeep.wait == usual.wait, rules::seconds_text(upkeep.wait)),
            retry_for: unusual(
                upkeep.retry_for == usual.retry_for,
                rules::span_text(Some(upkeep.retry_for)),
            ),
            keep_session_alive: unusual(
                upkeep.keep_session_alive == usual.keep_session_alive,
                rules::span_text(upkeep.keep_session_alive),
            ),
            production: profile.production.map(ProductionDraft::from),
        }
    }
}

fn checked(mark: &ProductionDraft, wrong: &mut Vec<Invalid>) -> Production {
    let usual = Production::default();
    Production {
        asks: setting(
            mark.reason.as_deref(),
            rules::asks,
            usual.asks,
            Field::ProductionReason,
            wrong,
        ),
        closes_after: setting(
            mark.closes_after.as_deref(),
            rules::closes_after,
            usual.closes_after,
            Field::ClosesAfter,
            wrong,
        ),
    }
}

/// Notes that a field is wrong and stands in for its value, which nobody will see.
fn note<T: Default>(wrong: &mut Vec<Invalid>, field: Field, rule: Rule) -> T {
    wrong.push(Invalid { field, rule });
    T::default()
}

/// Reads a setting; one that is absent is as usual.
fn setting<T>(
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, Rule>,
    usual: T,
    field: Field,
    wrong: &mut Vec<Invalid>,
) -> T {
    match text.map(str::trim) {
        None | Some("") => usual,
        Some(text) => read(text).unwrap_or_else(|rule| {
            wrong.push(Invalid { field, rule });
            usual
        }),
    }
}

fn optional(
    text: Option<&str>,
    check: impl FnOnce(&str) -> Result<String, Rule>,
) -> Result<Option<String>, Rule> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => check(text).map(Some),
    }
}

fn bind_address(text: &str) -> Result<BindAddress, Rule> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("localhost") {
        return Ok(BindAddress::Localhost);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(BindAddress::Ip(address));
    }
    if cfg!(unix) && text.len() <= rules::PATH_MOST && Path::new(text).is_absolute() {
        return Ok(BindAddress::Unix(PathBuf::from(text)));
    }
    Err(Rule::BindAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            name: "Orders".to_owned(),
            target: "i-0123456789abcdef0".to_owned(),
            remote_host: Some("db.internal".to_owned()),
            remote_port: 5432,
            bind: "localhost".to_owned(),
            local_port: 5433,
            region: Some("eu-west-1".to_owned()),
            ..Draft::default()
        }
    }

    fn wrong(draft: &Draft) -> Vec<Invalid> {
        draft
            .check(ProfileId::random())
            .expect_err("an invalid draft")
    }

    #[test]
    fn a_checked_draft_says_the_same_when_it_is_written_again() {
        let profile = draft().check(ProfileId::random()).expect("a valid draft");
        assert_eq!(Draft::from(&profile), draft());
        let text = |text: &str| Some(text.to_owned());
        let tuned = Draft {
            group: text("Payments"),
            tags: vec!["eu".to_owned(), "sql".to_owned()],
            favourite: true,
            endpoints: Some("sts=https://sts.example fips".into()),
            sessions: text("2-8"),
            keepalive: text("15"),
            renew_after: text("off"),
            lazy: text("10"),
            wait: text("0"),
            retry_for: text("2d"),
            keep_session_alive: text("8h"),
            production: Some(ProductionDraft {
                reason: text("none"),
                closes_after: text("90min"),
            }),
            ..draft()
        };
        let profile = tuned.check(ProfileId::random()).expect("a valid draft");
        assert_eq!(Draft::from(&profile), tuned);
    }

    #[test]
    fn what_is_as_usual_is_not_written() {
        let profile = Draft {
            sessions: Some("1-6".to_owned()),
            keepalive: Some("20s".to_owned()),
            renew_after: Some("50".to_owned()),
            lazy: Some("off".to_owned()),
            wait: Some(" 30 ".to_owned()),
            retry_for: Some("30min".to_owned()),
            keep_session_alive: Some("off".to_owned()),
            production: Some(ProductionDraft {
                reason: Some("ask".to_owned()),
                closes_after: Some("8h".to_owned()),
            }),
            ..draft()
        }
        .check(ProfileId::random())
        .expect("a valid draft");
        let usual = Draft {
            production: Some(ProductionDraft::default()),
            ..draft()
        };
        assert_eq!(Draft::from(&profile), usual);
    }

    #[test]
    fn spaces_round_a_value_are_dropped_and_empty_values_are_absent() {
        let profile = Draft {
            name: "  Orders ".to_owned(),
            group: Some(" ".to_owned()),
            tags: vec![" eu ".to_owned(), "eu".to_owned(), String::new()],
            remote_host: Some("  ".to_owned()),
            region: Some(String::new()),
            bind: String::new(),
            ..draft()
        }
        .check(ProfileId::random())
        .expect("a valid draft");
        assert_eq!(profile.name, "Orders");
        assert_eq!(profile.filing.group, None);
        assert_eq!(profile.filing.tags, ["eu"]);
        assert_eq!(profile.destination, Destination::Port(5432));
        assert_eq!(profile.region, None);
        assert_eq!(profile.listen.address, BindAddress::Localhost);
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_in_order() {
        let wrong = wrong(&Draft {
            name: " ".to_owned(),
            group: Some("x".repeat(61)),
            tags: vec!["x".repeat(41)],
            target: "bastion a".to_owned(),
            remote_port: 0,
            local_port: 70_000,
            endpoints: Some("s3=https://s3.example".into()),
            sessions: Some("9".to_owned()),
            keep_session_alive: Some("8".to_owned()),
            production: Some(ProductionDraft {
                reason: Some("yes".to_owned()),
                closes_after: Some("1".to_owned()),
            }),
            ..draft()
        });
        let fields: Vec<_> = wrong.iter().map(|invalid| invalid.field).collect();
        assert_eq!(
            fields,
            [
                Field::Name,
                Field::Group,
                Field::Tags,
                Field::Target,
                Field::RemotePort,
                Field::LocalPort,
                Field::Endpoints,
                Field::Sessions,
                Field::KeepSessionAlive,
                Field::ProductionReason,
                Field::ClosesAfter
            ]
        );
    }

    #[test]
    fn a_tunnel_uses_a_profile_or_keys_of_the_keyring_or_neither() {
        let credentials = |profile: Option<&str>, keys: Option<&str>| {
            let draft = Draft {
                profile: profile.map(str::to_owned),
                keys: keys.map(str::to_owned),
                ..draft()
            };
            let profile = draft.check(ProfileId::random())?;
            assert_eq!(Draft::from(&profile).profile, kept(&draft.profile));
            assert_eq!(Draft::from(&profile).keys, kept(&draft.keys));
            Ok::<_, Vec<Invalid>>(profile.credentials)
        };
        fn kept(text: &Option<String>) -> Option<String> {
            text.clone().filter(|text| !text.trim().is_empty())
        }
        let named = |name: &str| name.to_owned();
        assert_eq!(credentials(None, Some(" ")), Ok(CredentialSource::Chain));
        assert_eq!(
            credentials(Some("dev"), Some("")),
            Ok(CredentialSource::Profile(named("dev")))
        );
        assert_eq!(
            credentials(None, Some("mine")),
            Ok(CredentialSource::Keys(named("mine")))
        );
        let refused = |rule| {
            Err(vec![Invalid {
                field: Field::Keys,
                rule,
            }])
        };
        assert_eq!(
            credentials(Some("dev"), Some("mine")),
            refused(Rule::KeysAndProfile)
        );
        assert_eq!(credentials(None, Some("a b")), refused(Rule::Keys));
    }

    #[test]
    fn a_bind_address_is_localhost_an_ip_address_or_a_path() {
        let address = |bind: &str| {
            Draft {
                bind: bind.to_owned(),
                ..draft()
            }
            .check(ProfileId::random())
            .map(|profile| profile.listen.address)
        };
        assert_eq!(address("LOCALHOST"), Ok(BindAddress::Localhost));
        assert_eq!(
            address("0.0.0.0"),
            Ok(BindAddress::Ip(IpAddr::from([0, 0, 0, 0])))
        );
        assert_eq!(
            address("[::1]").map(|address| address.to_string()),
            Ok("::1".to_owned())
        );
        #[cfg(unix)]
        assert_eq!(
            address("/run/user/1000/db.sock"),
            Ok(BindAddress::Unix(PathBuf::from("/run/user/1000/db.sock")))
        );
        for bad in ["example.org", "127.0.0.1:80", "relative/path"] {
            assert_eq!(
                address(bad),
                Err(vec![Invalid {
                    field: Field::Bind,
                    rule: Rule::BindAddress
                }]),
                "{bad}"
            );
        }
    }
}
