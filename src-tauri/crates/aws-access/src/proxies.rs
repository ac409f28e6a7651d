//! Which proxies there are, and with which passwords.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::keyring::{Keyring, ProxyAccount};
use crate::proxy_setting::{PasswordLack, ProxyPlace, ProxyRoutes, SetProxy};
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
    /// One for all, whatever the environment says: the URL, with a user and password perhaps.
    #[cfg(test)]
    Fixed(String),
}

/// Proxies such as they are used, with passwords that the keyring holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResolvedProxies {
    /// For `http` URLs.
    plain: Option<SetProxy>,
    /// For `https` URLs.
    secure: Option<SetProxy>,
    /// What is reached without.
    no: String,
}

/// The variables that name the proxy of `https` URLs, in the order in which they count
/// (curl, "Environment"; the capitals before the others).
const SECURE: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The same for `http` URLs.
const PLAIN: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The first of these variables that is set.
fn first(variables: &Variables, names: [&'static str; 4]) -> Option<(ProxyPlace, String)> {
    let mut set = names.into_iter();
    set.find_map(|name| Some((ProxyPlace::Variable(name), variables.get(name)?)))
}

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
    /// Finds them, with the passwords that they leave out and the keyring holds. The keyring is asked
    /// only if there are such.
    pub(crate) async fn resolved(
        &self,
        variables: &Variables,
        keyring: &Keyring,
    ) -> ResolvedProxies {
        let [plain, secure] = match self {
            // As curl has it: a CGI program trusts no HTTP_PROXY, which a request's header may have
            // set.
            Self::Environment if variables.get("REQUEST_METHOD").is_some() => [None, None],
            Self::Environment => [first(variables, PLAIN), first(variables, SECURE)],
            Self::Direct => [None, None],
            Self::Chosen(url) => {
                let chosen = (ProxyPlace::Settings, url.as_str().to_owned());
                [Some(chosen.clone()), Some(chosen)]
            }
            #[cfg(test)]
            Self::Fixed(url) => {
                let fixed = (ProxyPlace::Settings, url.clone());
                [Some(fixed.clone()), Some(fixed)]
            }
        };
        let small = || variables.get("no_proxy");
        let no = variables.get("NO_PROXY").or_else(small);
        ResolvedProxies {
            plain: set(plain, keyring).await,
            secure: set(secure, keyring).await,
            no: no.unwrap_or_default(),
        }
    }
}

impl ResolvedProxies {
    /// A password that a proxy may want and the keyring does not give.
    pub(crate) fn lack(&self) -> Option<&PasswordLack> {
        let both = [&self.plain, &self.secure].into_iter().flatten();
        both.filter_map(|set| set.lack.as_ref()).next_back()
    }

    /// Tells which requests go through which proxy.
    pub(crate) fn routes(&self) -> ProxyRoutes {
        ProxyRoutes::new(self.plain.as_ref(), self.secure.as_ref(), &self.no)
    }
}

/// A proxy with its password. Without one it is used as it is, and says what it thinks of that.
async fn set(written: Option<(ProxyPlace, String)>, keyring: &Keyring) -> Option<SetProxy> {
    let (place, text) = written?;
    let (text, lack) = match complete(&text, place, keyring).await {
        Ok(text) => (text, None),
        Err(lack) => (Secret::new(text), Some(lack)),
    };
    Some(SetProxy { text, place, lack })
}

/// The address with its password.
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
    let url = WrittenAddress::from(text).url().ok()?;
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
            .map_err(|_| invalid("it is no address of a proxy"))?;
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
    use crate::ProxyHop;

    fn account() -> ProxyAccount {
        ProxyAccount {
            user: "DOM\\ann".into(),
            authority: "proxy.example:8080".into(),
        }
    }

    async fn resolved<const N: usize>(variables: [(&str, &str); N]) -> ResolvedProxies {
        let keyring = Keyring::default();
        keyring.keep_proxy_password_for_now(&account(), Secret::new("planted-p@ss:/word"));
        Proxies::Environment
            .resolved(&Variables::from(variables), &keyring)
            .await
    }

    /// The proxy on the way to a URL.
    fn hop(proxies: &ResolvedProxies, to: &str) -> Option<ProxyHop> {
        proxies.routes().to(&to.parse().unwrap()).unwrap()
    }

    fn authorization(proxies: &ResolvedProxies, to: &str) -> Option<String> {
        let through = hop(proxies, to)?;
        let header = through.proxy.authorization?;
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(header.to_str().unwrap().strip_prefix("Basic ").unwrap())
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
                resolved([("HTTPS_PROXY", address), ("NO_PROXY", "inside.example")]).await;
            assert_eq!(
                authorization(&proxies, "https://ssm.eu-central-1.amazonaws.com/").as_deref(),
                Some("DOM\\ann:planted-p@ss:/word"),
                "{address}"
            );
            for past in ["https://host.inside.example/", "http://ssm.example/"] {
                assert!(hop(&proxies, past).is_none(), "{past}");
            }
            let shown = format!("{proxies:?}");
            assert!(!shown.contains("planted-"), "{shown}");
        }
        let for_all = resolved([("all_proxy", "http://DOM%5Cann@proxy.example:8080")]).await;
        for to in ["https://a.example/", "http://a.example/"] {
            assert!(authorization(&for_all, to).is_some(), "{to}");
        }
    }

    #[tokio::test]
    async fn a_proxy_without_a_user_and_one_with_a_password_are_used_as_they_are_written() {
        let to = "https://a.example/";
        let plain = resolved([("HTTPS_PROXY", "http://proxy.example:8080")]).await;
        assert!(hop(&plain, to).is_some() && authorization(&plain, to).is_none());
        let own = resolved([("HTTPS_PROXY", "http://DOM%5Cann:own@proxy.example:8080")]).await;
        assert_eq!(authorization(&own, to).as_deref(), Some("DOM\\ann:own"));
        assert_eq!(
            resolved([("HTTPS_PROXY", "")]).await,
            ResolvedProxies::default()
        );
        let cgi = [
            ("REQUEST_METHOD", "GET"),
            ("HTTP_PROXY", "http://evil.example"),
        ];
        assert_eq!(resolved(cgi).await, ResolvedProxies::default());
    }

    #[tokio::test]
    async fn where_a_proxy_is_set_is_known_by_the_variable_that_counts() {
        let url = "http://proxy.example:8080";
        for (set, secure, plain) in [
            (
                [("all_proxy", url), ("NO_PROXY", "x")],
                "all_proxy",
                "all_proxy",
            ),
            ([("HTTPS_PROXY", url), ("NO_PROXY", "x")], "HTTPS_PROXY", ""),
            (
                [("https_proxy", url), ("ALL_PROXY", url)],
                "https_proxy",
                "ALL_PROXY",
            ),
            (
                [("HTTPS_PROXY", ""), ("ALL_PROXY", url)],
                "ALL_PROXY",
                "ALL_PROXY",
            ),
        ] {
            let proxies = resolved(set).await;
            let place = |to| hop(&proxies, to).map(|hop| hop.setting.place.name());
            assert_eq!(place("https://a.example/").unwrap_or_default(), secure);
            assert_eq!(place("http://a.example/").unwrap_or_default(), plain);
        }
    }

    #[tokio::test]
    async fn a_variable_that_can_not_be_read_is_not_passed_over_for_the_next_one() {
        let url = "http://proxy.example:8080";
        let proxies = resolved([("HTTPS_PROXY", "not a url"), ("ALL_PROXY", url)]).await;
        let routes = proxies.routes();
        let failure = routes.to(&"https://a.example/".parse().unwrap());
        assert!(failure.unwrap_err().what().contains("HTTPS_PROXY"));
        assert!(hop(&proxies, "http://a.example/").is_some());
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
        let proxies = choice.resolved(&environment, &keyring).await;
        for to in ["https://a.example/", "http://a.example/"] {
            assert_eq!(
                authorization(&proxies, to).as_deref(),
                Some("DOM\\ann:planted-p@ss:/word"),
                "{to}"
            );
            let place = hop(&proxies, to).unwrap().setting.place;
            assert_eq!(place, ProxyPlace::Settings);
        }
        for direct in [
            "http://127.0.0.1:4566/",
            "http://localhost/",
            "https://inside.example/",
        ] {
            assert!(hop(&proxies, direct).is_none(), "{direct}");
        }
        let direct = Proxies::from(&ProxyChoice::Direct);
        let direct = direct.resolved(&environment, &keyring).await;
        assert!(hop(&direct, "https://a.example/").is_none());
    }
}
