//! Which proxies there are, and with which passwords.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::keyring::{Keyring, ProxyAccount};
use crate::proxy_setting::{PasswordLack, ProxyPlace};
use crate::variables::Variables;
use crate::{AccessError, ProxyChoice, Secret, WrittenAddress};

/// Which proxies there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proxies {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in capitals or not.
    Environment,
    /// None at all.
    Direct,
    /// This one.
    Chosen(Url),
    /// Such as they are used, with passwords that the keyring holds.
    Completed(CompletedProxies),
    /// One for all, whatever the environment says: the URL, with a user and password perhaps.
    #[cfg(test)]
    Fixed(String),
}

/// Proxies as the environment names them, with their passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompletedProxies {
    /// For `http` URLs.
    pub(crate) http: Option<Secret>,
    /// For `https` URLs.
    pub(crate) https: Option<Secret>,
    /// What is reached without.
    no: String,
    lack: Option<PasswordLack>,
}

/// Where the proxies of `https` and of `http` URLs are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) secure: ProxyPlace,
    pub(crate) plain: ProxyPlace,
}

/// The variables that name the proxy of `https` URLs, in the order in which they count
/// (hyper-util, `Matcher::from_env`).
const SECURE: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The same for `http` URLs.
const PLAIN: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The first of these variables that is set.
fn first(variables: &Variables, names: [&'static str; 4]) -> Option<(&'static str, String)> {
    let mut set = names.into_iter();
    set.find_map(|name| Some((name, variables.get(name)?)))
}

/// What a chosen proxy is never asked for: it would not reach this machine.
const OWN: &str = "localhost,127.0.0.0/8,::1";

impl From<&ProxyChoice> for Proxies {
    fn from(choice: &ProxyChoice) -> Self {
        match choice {
            ProxyChoice::Environment => Self::Environment,
            ProxyChoice::Direct => Self::Direct,
            ProxyChoice::Through(url) => Self::Chosen(url.clone()),
        }
    }
}

impl Proxies {
    /// These, with the passwords that the environment leaves out and the keyring holds. The
    /// keyring is asked only if there are such.
    pub(crate) async fn completed(&self, variables: &Variables, keyring: &Keyring) -> Self {
        match self {
            Self::Environment => {}
            Self::Chosen(url) => return chosen(url, &no_proxy(variables), keyring).await,
            Self::Direct | Self::Completed(_) => return self.clone(),
            #[cfg(test)]
            Self::Fixed(_) => return self.clone(),
        }
        // As hyper-util has it: a CGI program trusts no HTTP_PROXY, which a request's header may
        // have set.
        if variables.get("REQUEST_METHOD").is_some() {
            return Self::Environment;
        }
        let (https, http) = (first(variables, SECURE), first(variables, PLAIN));
        let lacks = |set: &Option<(&str, String)>| {
            let url = set.as_ref().map(|(_, url)| url.as_str());
            url.and_then(account_without_password)
        };
        if lacks(&https).is_none() && lacks(&http).is_none() {
            return Self::Environment;
        }
        let mut with_password = [None, None];
        let mut lack = None;
        for (set, completed) in [http, https].into_iter().zip(&mut with_password) {
            let Some((name, url)) = set else { continue };
            let place = ProxyPlace::Variable(name);
            *completed = Some(match complete(&url, place, keyring).await {
                Ok(url) => url,
                Err(missing) => {
                    lack = Some(missing);
                    Secret::new(url)
                }
            });
        }
        let [http, https] = with_password;
        Self::Completed(CompletedProxies {
            http,
            https,
            no: no_proxy(variables),
            lack,
        })
    }

    /// Where they are set.
    pub(crate) fn places(&self, variables: &Variables) -> Places {
        let set = |names: [&'static str; 4]| {
            let name = first(variables, names).map_or(names[0], |(name, _)| name);
            ProxyPlace::Variable(name)
        };
        match self {
            Self::Environment => Places {
                secure: set(SECURE),
                plain: set(PLAIN),
            },
            Self::Direct | Self::Chosen(_) | Self::Completed(_) => Places::SETTINGS,
            #[cfg(test)]
            Self::Fixed(_) => Places::SETTINGS,
        }
    }

    /// The password that a proxy may want and the keyring does not give.
    pub(crate) const fn lack(&self) -> Option<&PasswordLack> {
        match self {
            Self::Completed(completed) => completed.lack.as_ref(),
            Self::Environment | Self::Direct | Self::Chosen(_) => None,
            #[cfg(test)]
            Self::Fixed(_) => None,
        }
    }

    /// Tells which requests go through which proxy.
    pub(crate) fn matcher(&self) -> Matcher {
        match self {
            Self::Environment => Matcher::from_env(),
            Self::Direct => Matcher::builder().build(),
            Self::Chosen(url) => Matcher::builder().all(url.as_str()).no(OWN).build(),
            Self::Completed(proxies) => {
                let text = |url: &Option<Secret>| {
                    let url = url.as_ref().map_or("", Secret::expose);
                    url.to_owned()
                };
                Matcher::builder()
                    .http(text(&proxies.http))
                    .https(text(&proxies.https))
                    .no(proxies.no.clone())
                    .build()
            }
            #[cfg(test)]
            Self::Fixed(url) => Matcher::builder().all(url.clone()).build(),
        }
    }
}

impl Places {
    const SETTINGS: Self = Self {
        secure: ProxyPlace::Settings,
        plain: ProxyPlace::Settings,
    };
}

fn no_proxy(variables: &Variables) -> String {
    let small = || variables.get("no_proxy");
    variables.get("NO_PROXY").or_else(small).unwrap_or_default()
}

/// A proxy that was chosen, for everything but this machine and the `others`.
async fn chosen(url: &Url, others: &str, keyring: &Keyring) -> Proxies {
    let (url, lack) = match complete(url.as_str(), ProxyPlace::Settings, keyring).await {
        Ok(url) => (url, None),
        Err(lack) => (Secret::new(url.as_str()), Some(lack)),
    };
    Proxies::Completed(CompletedProxies {
        http: Some(url.clone()),
        https: Some(url),
        no: format!("{OWN},{others}"),
        lack,
    })
}

/// The address with its password. Without one it is used as it is, and the proxy says what it
/// thinks of that.
async fn complete(
    text: &str,
    place: ProxyPlace,
    keyring: &Keyring,
) -> Result<Secret, PasswordLack> {
    let Some((mut url, account)) = account_without_password(text) else {
        return Ok(Secret::new(text));
    };
    match keyring.proxy_password(&account).await {
        Ok(password) => {
            // An address with a host always takes one.
            let _ = url.set_password(Some(password.expose()));
            Ok(Secret::new(String::from(url)))
        }
        Err(fault) => {
            tracing::debug!(proxy = %account.authority, %fault, "no password for the proxy");
            Err(PasswordLack {
                account,
                fault,
                place,
            })
        }
    }
}

/// The account in a proxy's address that names a user and no password.
fn account_without_password(text: &str) -> Option<(Url, ProxyAccount)> {
    let url = WrittenAddress::from(text).url()?;
    if url.password().is_some() {
        return None;
    }
    let account = account(&url)?;
    Some((url, account))
}

fn account(url: &Url) -> Option<ProxyAccount> {
    if url.username().is_empty() {
        return None;
    }
    let user = percent_decode_str(url.username()).decode_utf8().ok()?;
    Some(ProxyAccount {
        user: user.into_owned(),
        authority: format!("{}:{}", url.host_str()?, url.port_or_known_default()?),
    })
}

impl ProxyAccount {
    /// Reads the address of a proxy with a user, such as `http://user@proxy:8080`. A password in
    /// it comes back beside it.
    ///
    /// # Errors
    /// [`AccessError::InvalidProxy`] for anything else; the password is not in it.
    pub fn parse(text: &str) -> Result<(Self, Option<Secret>), AccessError> {
        let invalid = |reason: &str| AccessError::InvalidProxy {
            proxy: WithoutUser(text).to_string(),
            reason: reason.to_owned(),
        };
        let url = WrittenAddress::from(text)
            .url()
            .ok_or_else(|| invalid("it is no address of a proxy"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("it must begin with http:// or https://"));
        }
        let account = account(&url).ok_or_else(|| invalid("it names no user"))?;
        let password = url.password().map(|password| {
            let password = percent_decode_str(password).decode_utf8_lossy();
            Secret::new(password)
        });
        Ok((account, password))
    }
}

/// An address that may hold a password where nobody looks for it.
struct WithoutUser<'a>(&'a str);

impl fmt::Display for WithoutUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.0.rsplit_once('@').map_or(self.0, |(_, after)| after);
        f.write_str(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> ProxyAccount {
        ProxyAccount {
            user: "DOM\\ann".into(),
            authority: "proxy.example:8080".into(),
        }
    }

    async fn completed<const N: usize>(variables: [(&str, &str); N]) -> Proxies {
        let keyring = Keyring::default();
        keyring.keep_proxy_password_for_now(&account(), Secret::new("planted-p@ss:/word"));
        Proxies::Environment
            .completed(&Variables::from(variables), &keyring)
            .await
    }

    fn authorization(proxies: &Proxies, to: &str) -> Option<String> {
        let through = proxies.matcher().intercept(&to.parse().unwrap())?;
        let header = through.basic_auth()?.to_str().unwrap();
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(header.strip_prefix("Basic ").unwrap())
            .unwrap();
        Some(String::from_utf8(bytes).unwrap())
    }

    #[tokio::test]
    async fn a_password_that_the_environment_leaves_out_comes_from_the_keyring() {
        for address in [
            "http://DOM%5Cann@proxy.example:8080",
            "http://DOM%5Cann@PROXY.example:8080/",
            "DOM%5Cann@proxy.example:8080",
        ] {
            let proxies =
                completed([("HTTPS_PROXY", address), ("NO_PROXY", "inside.example")]).await;
            assert_eq!(
                authorization(&proxies, "https://ssm.eu-central-1.amazonaws.com/").as_deref(),
                Some("DOM\\ann:planted-p@ss:/word"),
                "{address}"
            );
            let inside = "https://host.inside.example/".parse().unwrap();
            assert!(proxies.matcher().intercept(&inside).is_none());
            let plain = "http://ssm.example/".parse().unwrap();
            assert!(proxies.matcher().intercept(&plain).is_none());
            let shown = format!("{proxies:?}");
            assert!(!shown.contains("planted-"), "{shown}");
        }
        let for_all = completed([("all_proxy", "http://DOM%5Cann@proxy.example:8080")]).await;
        for to in ["https://a.example/", "http://a.example/"] {
            assert!(authorization(&for_all, to).is_some(), "{to}");
        }
    }

    #[tokio::test]
    async fn what_needs_no_password_is_left_to_the_environment() {
        for address in [
            "http://proxy.example:8080",
            "http://DOM%5Cann:own@proxy.example:8080",
            "",
        ] {
            let proxies = completed([("HTTPS_PROXY", address)]).await;
            assert!(matches!(proxies, Proxies::Environment), "{address}");
        }
    }

    #[test]
    fn where_a_proxy_is_set_is_known_by_the_variable_that_counts() {
        let places = |variables: &[(&str, &str)]| {
            let variables = match variables {
                [one] => Variables::from([*one]),
                [one, two] => Variables::from([*one, *two]),
                _ => Variables::none(),
            };
            let Places { secure, plain } = Proxies::Environment.places(&variables);
            format!("{secure} {plain}")
        };
        let url = "http://proxy.example:8080";
        for (set, expected) in [
            (&[("all_proxy", url)][..], "all_proxy all_proxy"),
            (&[("HTTPS_PROXY", url)], "HTTPS_PROXY HTTP_PROXY"),
            (
                &[("https_proxy", url), ("ALL_PROXY", url)],
                "https_proxy ALL_PROXY",
            ),
            (
                &[("HTTPS_PROXY", ""), ("ALL_PROXY", url)],
                "ALL_PROXY ALL_PROXY",
            ),
        ] {
            assert_eq!(places(set), expected);
        }
        let chosen = Proxies::Chosen(url.parse().unwrap());
        let of = chosen.places(&Variables::from([("HTTPS_PROXY", url)]));
        assert_eq!(of, Places::SETTINGS);
    }

    #[test]
    fn an_account_is_read_from_a_proxys_address() {
        let (read, password) = ProxyAccount::parse("http://DOM%5Cann@proxy.example:8080").unwrap();
        assert_eq!((read, password.is_none()), (account(), true));
        let (read, password) = ProxyAccount::parse("ann:planted-x%40y@proxy.example").unwrap();
        assert_eq!(read.authority, "proxy.example:80");
        assert_eq!(password.unwrap().expose(), "planted-x@y");
        for wrong in [
            "http://proxy.example:8080",
            "socks5://ann:planted-x@proxy.example",
            "http://ann:planted-x@",
            "",
        ] {
            let error = ProxyAccount::parse(wrong).unwrap_err();
            let all = format!("{error:?} {error} {}", error.details());
            assert_eq!(error.code(), "invalid-proxy", "{wrong}");
            assert!(error.remedy().contains("http://ann@proxy"), "{wrong}");
            assert!(!all.contains("planted-"), "{all}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_was_chosen_leads_everywhere_but_to_this_machine_whatever_the_environment_says()
     {
        let keyring = Keyring::default();
        keyring.keep_proxy_password_for_now(&account(), Secret::new("planted-p@ss:/word"));
        let environment = Variables::from([
            ("HTTPS_PROXY", "http://other.example:1"),
            ("NO_PROXY", "inside.example"),
        ]);
        let url = "http://DOM%5Cann@proxy.example:8080".parse().unwrap();
        let choice = Proxies::from(&ProxyChoice::Through(url));
        let proxies = choice.completed(&environment, &keyring).await;
        for to in ["https://a.example/", "http://a.example/"] {
            assert_eq!(
                authorization(&proxies, to).as_deref(),
                Some("DOM\\ann:planted-p@ss:/word"),
                "{to}"
            );
        }
        for direct in [
            "http://127.0.0.1:4566/",
            "http://localhost/",
            "https://inside.example/",
        ] {
            let to = direct.parse().unwrap();
            assert!(proxies.matcher().intercept(&to).is_none(), "{direct}");
        }
        let direct = Proxies::from(&ProxyChoice::Direct);
        let direct = direct.completed(&environment, &keyring).await;
        let to = "https://a.example/".parse().unwrap();
        assert!(direct.matcher().intercept(&to).is_none());
    }
}
