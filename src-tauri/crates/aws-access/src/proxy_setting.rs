//! A proxy as errors name it: its address, where it is set, and the password that it lacks.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::keyring::{KeyringFault, ProxyAccount};
use crate::local::is_local;
use crate::proxy_address::{HttpProxy, ProxyAddress};
use crate::way::authority;
use crate::{ProxyFailure, ProxyFault, Secret};

/// A proxy on the way to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySetting {
    /// Its `host:port`, without user and password; empty where it can't be read.
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

/// A proxy as somebody has set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetProxy {
    /// Its address as it is written, with the password that the keyring has added.
    pub text: Secret,
    /// Where it is set.
    pub place: ProxyPlace,
    /// The password that it may want and was not given.
    pub lack: Option<PasswordLack>,
}

/// Which hosts are reached through which proxy, for whoever connects to them. Leaves passwords
/// out of what it shows.
#[derive(Debug, Clone)]
pub struct ProxyRoutes(Arc<Routes>);

#[derive(Debug)]
struct Routes {
    plain: Option<Route>,
    secure: Option<Route>,
    /// What says which hosts are reached without.
    excepting: Matcher,
}

#[derive(Debug)]
struct Route {
    address: ProxyAddress,
    setting: ProxySetting,
}

/// A proxy on the way that can be spoken to, for whoever connects to it. Leaves user and password
/// out of what it shows.
#[derive(Debug, Clone)]
pub struct ProxyHop {
    pub(crate) proxy: HttpProxy,
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

    /// The account, if there is no keyring that could ever hold its password.
    pub(crate) fn without_keyring(&self) -> Option<&ProxyAccount> {
        match &self.fault {
            KeyringFault::Absent => Some(&self.account),
            KeyringFault::NotFound { .. }
            | KeyringFault::Locked
            | KeyringFault::Failed { .. }
            | KeyringFault::Foreign { .. }
            | KeyringFault::BadName => None,
        }
    }

    /// What the reader can do, in one sentence. The user is not in it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match (&self.fault, self.place) {
            (KeyringFault::Locked, _) => {
                "Unlock the keyring; it is asked again at each attempt.".to_owned()
            }
            (KeyringFault::Absent, ProxyPlace::Variable(name)) => {
                format!(
                    "Put the password into {name}, as in http://user:password@proxy:8080, or run \
                     culvert in a terminal: it asks for it, and keeps it in memory until it ends."
                )
            }
            (KeyringFault::Absent, ProxyPlace::Settings) => {
                "Name the proxy in HTTPS_PROXY, as in http://user:password@proxy:8080, and set \
                 \"proxy\" to \"environment\": settings hold no passwords. Or run culvert in a \
                 terminal: it asks for it, and keeps it in memory until it ends."
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
    /// The ways through these proxies of `http` and of `https` URLs; `no` lists hosts that are
    /// reached without, as `NO_PROXY` does.
    #[must_use]
    pub fn new(plain: Option<&SetProxy>, secure: Option<&SetProxy>, no: &str) -> Self {
        // It tells whether any proxy leads to a host; which one that is is known here.
        let any = Matcher::builder().all("http://any.invalid").no(no);
        Self(Arc::new(Routes {
            plain: plain.map(Route::of),
            secure: secure.map(Route::of),
            excepting: any.build(),
        }))
    }

    /// The proxy on the way to a URL, if there is one. This machine, and what can be reached from it
    /// only, is never reached through one: the proxy's loopback is not ours.
    ///
    /// # Errors
    /// [`ProxyFailure`]: that it can't be used as it is set.
    pub fn to(&self, url: &Uri) -> Result<Option<ProxyHop>, Box<ProxyFailure>> {
        let route = match url.scheme_str() {
            Some("https") => &self.0.secure,
            Some(_) | None => &self.0.plain,
        };
        let (Some(route), Some(host)) = (route, url.host()) else {
            return Ok(None);
        };
        if is_local(host) || self.0.excepting.intercept(url).is_none() {
            return Ok(None);
        }
        let setting = route.setting.clone();
        let fault = match &route.address {
            ProxyAddress::Http(proxy) => {
                let proxy = proxy.clone();
                return Ok(Some(ProxyHop { proxy, setting }));
            }
            ProxyAddress::Unsupported { scheme, .. } => ProxyFault::Unsupported(scheme.clone()),
            ProxyAddress::Unreadable(why) => ProxyFault::Unreadable(*why),
        };
        Err(Box::new(ProxyFailure {
            proxy: setting,
            asked: asked(url),
            fault,
            details: String::new(),
        }))
    }
}

impl Route {
    fn of(set: &SetProxy) -> Self {
        let address = ProxyAddress::read(set.text.expose());
        let setting = ProxySetting {
            address: match &address {
                ProxyAddress::Http(proxy) => authority(&proxy.host, proxy.port),
                ProxyAddress::Unsupported { address, .. } => address.clone(),
                ProxyAddress::Unreadable(_) => String::new(),
            },
            place: set.place,
            lack: set.lack.clone(),
        };
        Self { address, setting }
    }
}

/// Host and port of a URL, as errors name what a proxy is asked for.
fn asked(url: &Uri) -> String {
    let usual = match url.scheme_str() {
        Some("https") => 443,
        Some(_) | None => 80,
    };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    authority(host, url.port_u16().unwrap_or(usual))
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

    fn set(text: &str) -> SetProxy {
        SetProxy {
            text: Secret::new(text),
            place: VARIABLE,
            lack: None,
        }
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
            let routes = ProxyRoutes::new(None, Some(&set(url)), "");
            let to = Uri::from_static("https://a.example/");
            let hop = routes.to(&to).unwrap().unwrap();
            assert_eq!(hop.setting.to_string(), address, "{url}");
            let shown = format!("{routes:?} {hop:?} {:?}", set(url));
            assert!(!shown.contains("ann"), "{shown}");
        }
    }

    #[test]
    fn a_proxy_that_can_not_be_used_is_told_where_one_is_wanted_and_nowhere_else() {
        for (text, code) in [
            ("http://ann:planted-x", "proxy-setting-invalid"),
            ("ann:planted-x@", "proxy-setting-invalid"),
            ("not a url", "proxy-setting-invalid"),
            (
                "socks5://ann:planted-x@proxy.example:1080",
                "proxy-unsupported",
            ),
            ("gopher://ann:planted-x@proxy.example", "proxy-unsupported"),
        ] {
            let set = set(text);
            let routes = ProxyRoutes::new(Some(&set), None, "inside.example");
            let failure = routes.to(&Uri::from_static("http://a.example/"));
            let failure = failure.unwrap_err();
            assert_eq!(failure.code(), code, "{text}");
            assert_eq!(failure.asked, "a.example:80");
            assert_eq!(failure.next(), crate::Next::Stop);
            let told = format!("{} {}", failure.what(), failure.remedy());
            assert!(told.contains("ALL_PROXY"), "{told}");
            let all = format!("{told} {failure:?} {:?} {routes:?}", failure.facts());
            assert!(!all.contains("planted-") && !all.contains("ann"), "{all}");
            for past in [
                "https://a.example/",
                "http://inside.example/",
                "http://127.0.0.1/",
                "http://169.254.169.254/latest",
            ] {
                let to = past.parse().unwrap();
                assert!(routes.to(&to).unwrap().is_none(), "{past}");
            }
        }
    }

    #[test]
    fn what_asks_this_machine_for_credentials_does_not_go_through_a_proxy() {
        let proxy = set("http://proxy.example:8080");
        let routes = ProxyRoutes::new(Some(&proxy), Some(&proxy), "");
        for (uri, proxied) in [
            ("http://[fd00:ec2::254]/latest/api/token", false),
            ("http://[fd00:ec2::23]/v1/credentials", false),
            ("http://169.254.170.23/v1/credentials", false),
            ("https://ssm.eu-central-1.amazonaws.com/", true),
            ("http://ssm.example/", true),
        ] {
            let hop = routes.to(&uri.parse().unwrap()).unwrap();
            assert_eq!(hop.is_some(), proxied, "{uri}");
        }
    }
}
