//! A proxy as errors name it: its address, where it is set, and the password that it lacks.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::keyring::{KeyringFault, ProxyAccount};

/// A proxy on the way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySetting {
    /// Its `host:port`, without user and password.
    pub address: String,
    /// Where it is set.
    pub place: ProxyPlace,
    /// The password that it may want and was not given.
    pub lack: Option<PasswordLack>,
}

/// Where somebody has set a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyPlace {
    /// The program's own setting `proxy`.
    Settings,
    /// This variable of the environment.
    Variable(&'static str),
}

/// The password of a proxy's user that the keyring does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLack {
    pub(crate) account: ProxyAccount,
    pub(crate) fault: KeyringFault,
    pub(crate) place: ProxyPlace,
}

/// Which hosts are reached through which proxy, for whoever connects to them. Leaves passwords
/// out of what it shows.
#[derive(Clone)]
pub struct ProxyRoutes {
    matcher: Arc<Matcher>,
    place: ProxyPlace,
    lack: Option<PasswordLack>,
}

/// A proxy on the way, for whoever connects to it. Leaves user and password out of what it shows.
#[derive(Clone)]
pub struct ProxyHop {
    /// How it is spoken to; its user and password are in here.
    pub intercept: Intercept,
    /// How it is named.
    pub setting: ProxySetting,
}

impl fmt::Display for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl fmt::Display for ProxyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settings => "the setting \"proxy\"",
            Self::Variable(name) => name,
        })
    }
}

impl ProxyPlace {
    /// Its name in any language: the variable's, or that of the file that holds the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings.toml",
            Self::Variable(name) => name,
        }
    }
}

impl PasswordLack {
    /// Why there is none, as the rest of a sentence that names the proxy.
    #[must_use]
    pub fn why(&self) -> String {
        let why = match (&self.fault, self.place) {
            (KeyringFault::Locked, _) => "the keyring that may hold its password is locked",
            (KeyringFault::Absent, _) => "there is no keyring that could hold its password",
            // Settings take no passwords.
            (KeyringFault::NotFound { .. }, ProxyPlace::Settings) => {
                "the keyring does not hold its password"
            }
            (KeyringFault::NotFound { .. }, ProxyPlace::Variable(name)) => {
                return format!("neither {name} nor the keyring holds its password");
            }
            (
                KeyringFault::Failed { .. } | KeyringFault::Foreign { .. } | KeyringFault::BadName,
                _,
            ) => "the keyring does not give its password",
        };
        why.to_owned()
    }

    /// What the reader can do, in one sentence. The user is not in it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match (&self.fault, self.place) {
            (KeyringFault::Locked, _) => {
                "Unlock the keyring; it is asked again at each attempt.".to_owned()
            }
            (KeyringFault::Absent, ProxyPlace::Variable(name)) => {
                format!("Put the password into {name}, as in http://user:password@proxy:8080.")
            }
            (KeyringFault::Absent, ProxyPlace::Settings) => {
                "Name the proxy in HTTPS_PROXY, as in http://user:password@proxy:8080, and set \
                 \"proxy\" to \"environment\": settings hold no passwords."
                    .to_owned()
            }
            (
                KeyringFault::NotFound { .. }
                | KeyringFault::Failed { .. }
                | KeyringFault::Foreign { .. }
                | KeyringFault::BadName,
                _,
            ) => format!(
                "Run \"culvert keys add --proxy http://USER@{}\"; the keyring is asked again at \
                 each attempt.",
                self.account.authority
            ),
        }
    }
}

impl ProxyRoutes {
    /// What `matcher` says, of proxies that are set in that place.
    #[must_use]
    pub fn new(matcher: Arc<Matcher>, place: ProxyPlace, lack: Option<PasswordLack>) -> Self {
        Self {
            matcher,
            place,
            lack,
        }
    }

    /// The proxy on the way to an `https` URL, if there is one.
    #[must_use]
    pub fn to(&self, url: &Uri) -> Option<ProxyHop> {
        let intercept = self.matcher.intercept(url)?;
        let setting = ProxySetting {
            address: proxy_address(&intercept),
            place: self.place,
            lack: self.lack.clone(),
        };
        Some(ProxyHop { intercept, setting })
    }
}

impl ProxyHop {
    /// The scheme of a proxy that is of a kind not spoken here, such as `socks5`.
    #[must_use]
    pub fn unsupported_scheme(&self) -> Option<&str> {
        match self.intercept.uri().scheme_str() {
            Some("http" | "https") => None,
            Some(other) => Some(other),
            None => Some(""),
        }
    }
}

impl fmt::Debug for ProxyHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyHop")
            .field("setting", &self.setting)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRoutes")
            .field("place", &self.place)
            .field("lack", &self.lack)
            .finish_non_exhaustive()
    }
}

/// A proxy's address as `host:port`, without user and password.
fn proxy_address(proxy: &Intercept) -> String {
    let (host, port) = proxy_place(proxy);
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// A proxy's host, an IPv6 address without brackets, and its port.
#[must_use]
pub fn proxy_place(proxy: &Intercept) -> (String, u16) {
    let uri = proxy.uri();
    let host = uri.host().unwrap_or_default();
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        Some(_) | None => 80,
    };
    let port = uri.port_u16().unwrap_or(usual);
    (host.trim_matches(['[', ']']).to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLE: ProxyPlace = ProxyPlace::Variable("ALL_PROXY");

    fn told(fault: KeyringFault, place: ProxyPlace) -> (String, String) {
        let lack = PasswordLack {
            account: ProxyAccount {
                user: "DOM\\ann".into(),
                authority: "proxy.example:8080".into(),
            },
            fault,
            place,
        };
        (lack.why(), lack.remedy())
    }

    #[test]
    fn why_there_is_no_password_is_told_with_what_helps_where_the_proxy_is_set() {
        let none = || KeyringFault::NotFound {
            name: "x".to_owned(),
        };
        for place in [VARIABLE, ProxyPlace::Settings] {
            let (why, remedy) = told(KeyringFault::Locked, place);
            assert_eq!(why, "the keyring that may hold its password is locked");
            assert!(remedy.starts_with("Unlock"), "{remedy}");
            let (why, remedy) = told(none(), place);
            assert_eq!(why.contains("ALL_PROXY"), place == VARIABLE, "{why}");
            let command = "culvert keys add --proxy http://USER@proxy.example:8080";
            assert!(remedy.contains(command), "{remedy}");
            let (why, _) = told(KeyringFault::Absent, place);
            assert!(why.starts_with("there is no keyring"), "{why}");
        }
        let (_, remedy) = told(KeyringFault::Absent, VARIABLE);
        assert!(remedy.contains("into ALL_PROXY"), "{remedy}");
        let (_, remedy) = told(KeyringFault::Absent, ProxyPlace::Settings);
        assert!(remedy.contains("hold no passwords"), "{remedy}");
    }

    #[test]
    fn a_proxy_is_named_without_its_user_and_password() {
        for (url, address) in [
            (
                "http://ann:planted-x@proxy.example:8080",
                "proxy.example:8080",
            ),
            ("https://ann@proxy.example", "proxy.example:443"),
            ("proxy.example", "proxy.example:80"),
            ("http://[fd00::1]:3128/", "[fd00::1]:3128"),
        ] {
            let matcher = Matcher::builder().all(url).build();
            let routes = ProxyRoutes::new(Arc::new(matcher), VARIABLE, None);
            let hop = routes.to(&Uri::from_static("https://a.example/")).unwrap();
            assert_eq!(hop.setting.to_string(), address, "{url}");
            let shown = format!("{routes:?} {:?}", hop.setting);
            assert!(!shown.contains("ann"), "{shown}");
        }
    }
}
