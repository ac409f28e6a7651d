//! Whose accounts several tunnels lead into, and which way: tunnels of the same settings share
//! what is looked at once.

use std::path::PathBuf;

use aws_access::WrittenAddress;
use diagnostics::About;
use tunnel::{AccessSettings, TunnelConfig};

/// The tunnels that share their settings of AWS.
pub(super) struct Account {
    pub(super) settings: AccessSettings,
    pub(super) tunnels: Vec<TunnelConfig>,
}

impl Account {
    /// Puts tunnels together by their settings, in the order in which those come up first. That
    /// of `given` is the first, whether or not a tunnel has it; without tunnels there is always
    /// one.
    pub(super) fn of(given: Option<AccessSettings>, tunnels: Vec<TunnelConfig>) -> Vec<Self> {
        let none = || tunnels.is_empty().then(AccessSettings::default);
        let mut accounts: Vec<_> = given
            .or_else(none)
            .into_iter()
            .map(|settings| Self {
                settings,
                tunnels: Vec::new(),
            })
            .collect();
        for tunnel in tunnels {
            let known = accounts
                .iter_mut()
                .find(|account| key(&account.settings) == key(&tunnel.access));
            match known {
                Some(account) => account.tunnels.push(tunnel),
                None => accounts.push(Self {
                    settings: tunnel.access.clone(),
                    tunnels: vec![tunnel],
                }),
            }
        }
        accounts
    }

    /// What tells it from the others.
    pub(super) fn about(&self) -> About {
        let settings = &self.settings;
        let endpoints = &settings.endpoints;
        let urls = endpoints.urls.iter();
        let way: Vec<_> = settings
            .region
            .clone()
            .into_iter()
            .chain(settings.endpoint_url.as_ref().map(WrittenAddress::shown))
            .chain(urls.map(|(service, url)| format!("{service}={url}")))
            .chain((endpoints.fips == Some(true)).then(|| "fips".to_owned()))
            .chain((endpoints.dual_stack == Some(true)).then(|| "dual-stack".to_owned()))
            .collect();
        let way = way.join(" ");
        match (settings.keys.clone(), settings.profile.clone()) {
            (Some(name), _) => About::Keys { name, way },
            (None, Some(name)) => About::Profile { name, way },
            (None, None) => About::Default { way },
        }
    }
}

/// What makes settings the same. Keyrings and places of sign-ins are the user's.
#[derive(PartialEq)]
pub(super) struct Key<'a> {
    profile: Option<&'a str>,
    keys: Option<&'a str>,
    region: Option<&'a str>,
    endpoint_url: Option<&'a str>,
    endpoints: &'a aws_access::Endpoints,
    ca_bundle: Option<&'a PathBuf>,
    fixed: Option<(&'a str, &'a str)>,
}

/// What of the settings says whose account it is, and which way.
pub(super) fn key(settings: &AccessSettings) -> Key<'_> {
    Key {
        profile: settings.profile.as_deref(),
        keys: settings.keys.as_deref(),
        region: settings.region.as_deref(),
        endpoint_url: settings.endpoint_url.as_deref(),
        endpoints: &settings.endpoints,
        ca_bundle: settings.ca_bundle.as_ref(),
        fixed: settings.static_credentials.as_ref().map(|fixed| {
            let id = fixed.access_key_id.as_str();
            (id, fixed.secret_access_key.expose())
        }),
    }
}

#[cfg(test)]
mod tests {
    use tunnel::Destination;

    use super::*;

    fn tunnel(profile: &str, region: Option<&str>) -> TunnelConfig {
        let mut tunnel = TunnelConfig::new(profile.to_owned(), Destination::Port(1));
        tunnel.access.profile = Some(profile.to_owned());
        tunnel.access.region = region.map(str::to_owned);
        tunnel
    }

    fn names(accounts: &[Account]) -> Vec<(String, usize)> {
        let of = |account: &Account| (account.about().to_string(), account.tunnels.len());
        accounts.iter().map(of).collect()
    }

    #[test]
    fn tunnels_of_the_same_settings_share_an_account_and_a_region_makes_another() {
        let eu = Some("eu-central-1");
        let tunnels = vec![tunnel("a", None), tunnel("b", None), tunnel("a", None)];
        let all = tunnels.into_iter().chain([tunnel("a", eu)]).collect();
        let found = names(&Account::of(None, all));
        let of = |name: &str, tunnels| (name.to_owned(), tunnels);
        assert_eq!(
            found,
            [
                of("profile a", 2),
                of("profile b", 1),
                of("profile a eu-central-1", 1)
            ]
        );
    }

    #[test]
    fn the_default_is_one_of_them_only_if_it_is_given_or_there_is_nothing_else() {
        assert_eq!(names(&Account::of(None, Vec::new())).len(), 1);
        let of_tunnel = Account::of(None, vec![tunnel("a", None)]);
        assert_eq!(names(&of_tunnel), [("profile a".to_owned(), 1)]);
        let given = Account::of(Some(AccessSettings::default()), vec![tunnel("a", None)]);
        assert_eq!(names(&given)[0], ("default credentials".to_owned(), 0));
        assert_eq!(given.len(), 2);
    }

    #[test]
    fn an_accounts_name_has_no_password_of_an_address_in_it() {
        let with_password = AccessSettings {
            endpoint_url: Some("https://ann:planted-pw@ssm.example".into()),
            ..AccessSettings::default()
        };
        let accounts = Account::of(Some(with_password), Vec::new());
        assert_eq!(
            names(&accounts),
            [("default credentials https://…@ssm.example".to_owned(), 0)]
        );
    }
}
