//! Which proxies there are, and with which passwords.

use std::fmt;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::keyring::{Keyring, KeyringFault, ProxyAccount};
use crate::variables::Variables;
use crate::{AccessError, ProxyChoice, Secret};

/// Which proxies there are.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
pub(crate) struct CompletedProxies {
    /// For `http` URLs.
    pub(crate) http: Option<Secret>,
    /// For `https` URLs.
    pub(crate) https: Option<Secret>,
    /// What is reached without.
    no: String,
    lack: Option<PasswordLack>,
}

/// The password of a proxy's user that the keyring does not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLack {
    account: ProxyAccount,
    fault: KeyringFault,
}

impl PasswordLack {
    /// Why there is none, as the rest of a sentence that names the proxy.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        match self.fault {
            KeyringFault::Locked => "the keyring that may hold its password is locked",
            KeyringFault::Absent => "there is no keyring that could hold its password",
            KeyringFault::NotFound { .. } => {
                "neither HTTPS_PROXY nor the keyring holds its password"
            }
            KeyringFault::Failed { .. } | KeyringFault::Foreign { .. } | KeyringFault::BadName => {
                "the keyring does not give its password"
            }
        }
    }

    /// What the reader can do, in one sentence. The user is not in it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self.fault {
            KeyringFault::Locked => {
                "Unlock the keyring; it is asked again at each attempt.".to_owned()
            }
            KeyringFault::Absent => {
                "Put the password into HTTPS_PROXY, as in http://user:password@proxy:8080."
                    .to_owned()
            }
            KeyringFault::NotFound { .. }
            | KeyringFault::Failed { .. }
            | KeyringFault::Foreign { .. }
            | KeyringFault::BadName => format!(
                "Run \"culvert keys add --proxy http://USER@{}\"; the keyring is asked again at each attempt.",
                self.account.authority
            ),
        }
    }
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
            Self::Chosen(url) => {
                let others = variables
                    .get("NO_PROXY")
                    .or_else(|| variables.get("no_proxy"));
                return chosen(url, &others.unwrap_or_default(), keyring).await;
            }
            Self::Direct | Self::Completed(_) => return self.clone(),
            #[cfg(test)]
            Self::Fixed(_) => return self.clone(),
        }
        // As hyper-util has it: capitals first, and a CGI program trusts no HTTP_PROXY, which
        // a request's header may have set.
        let first = |name: &str| {
            let small = name.to_ascii_lowercase();
            variables.get(name).or_else(|| variables.get(&small))
        };
        if variables.get("REQUEST_METHOD").is_some() {
            return Self::Environment;
        }
        let all = first("ALL_PROXY");
        let https = first("HTTPS_PROXY").or_else(|| all.clone());
        let http = first("HTTP_PROXY").or(all);
        let lacks = |url: &Option<String>| url.as_deref().and_then(account_without_password);
        if lacks(&https).is_none() && lacks(&http).is_none() {
            return Self::Environment;
        }
        let mut with_password = [None, None];
        let mut lack = None;
        for (url, completed) in [http, https].into_iter().zip(&mut with_password) {
            let Some(url) = url else { continue };
            *completed = Some(match complete(&url, keyring).await {
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
            no: first("NO_PROXY").unwrap_or_default(),
            lack,
        })
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

/// A proxy that was chosen, for everything but this machine and the `others`.
async fn chosen(url: &Url, others: &str, keyring: &Keyring) -> Proxies {
    let (url, lack) = match complete(url.as_str(), keyring).await {
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

/// A proxy's address as `host:port`, without user and password.
#[must_use]
pub fn proxy_address(proxy: &Intercept) -> String {
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

/// The address with its password. Without one it is used as it is, and the proxy says what it
/// thinks of that.
async fn complete(text: &str, keyring: &Keyring) -> Result<Secret, PasswordLack> {
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
            Err(PasswordLack { account, fault })
        }
    }
}

/// The account in a proxy's address that names a user and no password.
fn account_without_password(text: &str) -> Option<(Url, ProxyAccount)> {
    let url = parse(text)?;
    if url.password().is_some() {
        return None;
    }
    let account = account(&url)?;
    Some((url, account))
}

fn parse(text: &str) -> Option<Url> {
    // An address without a scheme means http, as everywhere.
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    Url::parse(&with_scheme).ok()
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
    /// [`AccessError::InvalidEndpoint`] for anything else; the password is not in it.
    pub fn parse(text: &str) -> Result<(Self, Option<Secret>), AccessError> {
        let invalid = |reason: &str| AccessError::InvalidEndpoint {
            endpoint: WithoutUser(text).to_string(),
            reason: reason.to_owned(),
        };
        let url = parse(text).ok_or_else(|| invalid("it is no address of a proxy"))?;
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

    #[test]
    fn why_there_is_no_password_is_told_with_what_helps() {
        let lack = |fault| {
            let account = account();
            let lack = PasswordLack { account, fault };
            (lack.why(), lack.remedy())
        };
        let (why, remedy) = lack(KeyringFault::Locked);
        assert_eq!(why, "the keyring that may hold its password is locked");
        assert!(remedy.starts_with("Unlock"), "{remedy}");
        let name = "x".to_owned();
        let (why, remedy) = lack(KeyringFault::NotFound { name });
        assert!(why.contains("nor the keyring holds"), "{why}");
        let command = "culvert keys add --proxy http://USER@proxy.example:8080";
        assert!(remedy.contains(command), "{remedy}");
        let (why, remedy) = lack(KeyringFault::Absent);
        assert!(why.starts_with("there is no keyring"), "{why}");
        assert!(remedy.contains("HTTPS_PROXY"), "{remedy}");
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
            let through = matcher.intercept(&"https://a.example/".parse().unwrap());
            assert_eq!(proxy_address(&through.unwrap()), address, "{url}");
        }
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
            assert_eq!(error.code(), "invalid-endpoint", "{wrong}");
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
