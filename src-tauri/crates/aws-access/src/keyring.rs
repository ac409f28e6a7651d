//! The keyring of the operating system: keys that were typed in, and passwords of proxies.
//!
//! They lie nowhere else: where there is no keyring, there is this process's memory and nothing
//! more. Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod secret_service;
#[cfg(not(target_os = "linux"))]
use native as system;
#[cfg(target_os = "linux")]
use secret_service as system;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::sign_ins::{Written, json};
use crate::{Secret, StaticCredentials};

/// How long a keyring has to answer. It is a process on this machine.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How long a person has to unlock it.
const UNLOCKED_WITHIN: Duration = Duration::from_secs(120);

/// Longest name of keys.
const NAME_CHARS: usize = 64;

/// Why the keyring gives nothing, or takes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyringFault {
    /// Nothing is kept under this name.
    NotFound {
        /// The name of keys, or a proxy.
        name: String,
    },
    /// There is no keyring on this machine, or none for this user.
    Absent,
    /// There is one, and a person must unlock it.
    Locked,
    /// It fails.
    Failed {
        /// What it says.
        reason: String,
    },
    /// What lies under this name is something else than it should be.
    Foreign {
        /// The name.
        name: String,
    },
    /// No keys can have such a name.
    BadName,
}

impl KeyringFault {
    /// The fault's stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not-in-keyring",
            Self::Absent => "no-keyring",
            Self::Locked => "keyring-locked",
            Self::Failed { .. } => "keyring-failed",
            Self::Foreign { .. } => "foreign-in-keyring",
            Self::BadName => "invalid-keys-name",
        }
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::NotFound { name } => format!("The keyring holds nothing for {name}."),
            Self::Absent => "This machine has no keyring in which keys could be kept.".into(),
            Self::Locked => "The keyring is locked.".into(),
            Self::Failed { .. } => "The keyring reports an error.".into(),
            Self::Foreign { name } => {
                format!("What the keyring holds for {name} was not written by Culvert.")
            }
            Self::BadName => {
                "Keys have a name of 1 to 64 letters, digits, and the characters - _ . @.".into()
            }
        }
    }

    /// What the reader can do, in one sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            // No name of keys has a colon: that is an account at a proxy.
            Self::NotFound { name } if name.contains(':') => {
                format!("Add it with \"culvert keys add --proxy http://{name}\".")
            }
            Self::NotFound { name } => format!("Add it with \"culvert keys add {name}\"."),
            Self::Absent => {
                "Start one, such as gnome-keyring or KWallet. Without one, culvert asks for the keys \
                 in a terminal when a command needs them, and keeps them in memory until it ends."
                    .into()
            }
            Self::Locked => "Unlock it, then try again.".into(),
            Self::Failed { .. } => "Check in the system's own program for passwords that the \
                 keyring opens, then try again."
                .into(),
            Self::Foreign { .. } => "Remove it and add it again.".into(),
            Self::BadName => "Choose another name.".into(),
        }
    }

    /// What the keyring says itself; empty when it says nothing.
    #[must_use]
    pub fn details(&self) -> String {
        match self {
            Self::Failed { reason } => reason.clone(),
            Self::NotFound { .. }
            | Self::Absent
            | Self::Locked
            | Self::Foreign { .. }
            | Self::BadName => String::new(),
        }
    }
}

impl fmt::Display for KeyringFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())
    }
}

impl std::error::Error for KeyringFault {}

/// What is kept: the secret of a kind, under a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    kind: Kind,
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    AwsKeys,
    ProxyPassword,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::AwsKeys => "aws-keys",
            Self::ProxyPassword => "proxy-password",
        }
    }
}

impl Item {
    fn keys(name: &str) -> Result<Self, KeyringFault> {
        if !Keyring::takes_name(name) {
            return Err(KeyringFault::BadName);
        }
        Ok(Self {
            kind: Kind::AwsKeys,
            name: name.to_owned(),
        })
    }

    fn proxy(proxy: &ProxyAccount) -> Self {
        Self {
            kind: Kind::ProxyPassword,
            name: proxy.to_string(),
        }
    }

    /// What people read in the keyring's own window.
    fn label(&self) -> String {
        let what = match self.kind {
            Kind::AwsKeys => "AWS keys",
            Kind::ProxyPassword => "password of the proxy",
        };
        format!("Culvert: {what} {}", self.name)
    }

    fn not_found(&self) -> KeyringFault {
        KeyringFault::NotFound {
            name: self.name.clone(),
        }
    }
}

/// An account at a proxy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProxyAccount {
    /// The user's name there, as it is, not as URLs have it.
    pub user: String,
    /// Host and port of the proxy.
    pub authority: String,
}

impl fmt::Display for ProxyAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.authority)
    }
}

/// The user's keyring, and what is kept for this process alone. A clone shares the latter.
///
/// No call takes longer than five seconds, but for those that may ask a person to unlock it: two
/// minutes. None blocks the thread that it is made on.
#[derive(Clone, Default)]
pub struct Keyring {
    session: Arc<Mutex<BTreeMap<Item, Secret>>>,
}

impl Keyring {
    /// Whether keys can have this name: 1 to 64 letters, digits, and the characters - _ . @.
    #[must_use]
    pub fn takes_name(name: &str) -> bool {
        let fits = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
        (1..=NAME_CHARS).contains(&name.chars().count()) && name.chars().all(fits)
    }

    /// The keys of that name. Nobody is asked to unlock anything.
    ///
    /// # Errors
    /// [`KeyringFault`]
    pub async fn keys(&self, name: &str) -> Result<StaticCredentials, KeyringFault> {
        let item = Item::keys(name)?;
        let secret = self.get(&item).await?;
        let kept: KeptKeys = serde_json::from_str(secret.expose()).map_err(|_| {
            // The error's text may hold what was read.
            KeyringFault::Foreign {
                name: name.to_owned(),
            }
        })?;
        Ok(StaticCredentials {
            access_key_id: kept.access_key_id,
            secret_access_key: kept.secret_access_key.0,
            session_token: kept.session_token.map(|token| token.0),
        })
    }

    /// Keeps keys under a name, in place of others of that name. A person may be asked to unlock
    /// the keyring.
    ///
    /// # Errors
    /// [`KeyringFault`]; nothing is kept then.
    pub async fn keep_keys(
        &self,
        name: &str,
        keys: &StaticCredentials,
    ) -> Result<(), KeyringFault> {
        let item = Item::keys(name)?;
        self.put(item, kept(keys)).await
    }

    /// Keeps keys under a name for as long as this process lives, and nowhere else.
    ///
    /// # Errors
    /// [`KeyringFault::BadName`]
    pub fn keep_keys_for_now(
        &self,
        name: &str,
        keys: &StaticCredentials,
    ) -> Result<(), KeyringFault> {
        let item = Item::keys(name)?;
        self.session().insert(item, kept(keys));
        Ok(())
    }

    /// Names of all keys, those of this process included, sorted.
    ///
    /// # Errors
    /// [`KeyringFault`]
    pub async fn names_of_keys(&self) -> Result<Vec<String>, KeyringFault> {
        let mut names = within(ANSWERS_WITHIN, system::names(Kind::AwsKeys)).await?;
        names.extend(self.names_for_now());
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Names of the keys that are kept for as long as this process lives, sorted.
    #[must_use]
    pub fn names_for_now(&self) -> Vec<String> {
        let session = self.session();
        let keys = session.keys().filter(|item| item.kind == Kind::AwsKeys);
        keys.map(|item| item.name.clone()).collect()
    }

    /// Forgets keys. A person may be asked to unlock the keyring.
    ///
    /// # Errors
    /// [`KeyringFault`]; [`KeyringFault::NotFound`] if there were none.
    pub async fn remove_keys(&self, name: &str) -> Result<(), KeyringFault> {
        self.remove(&Item::keys(name)?).await
    }

    /// The password of an account at a proxy. Nobody is asked to unlock anything.
    ///
    /// # Errors
    /// [`KeyringFault`]
    pub async fn proxy_password(&self, proxy: &ProxyAccount) -> Result<Secret, KeyringFault> {
        self.get(&Item::proxy(proxy)).await
    }

    /// Keeps the password of an account at a proxy. A person may be asked to unlock the keyring.
    ///
    /// # Errors
    /// [`KeyringFault`]; nothing is kept then.
    pub async fn keep_proxy_password(
        &self,
        proxy: &ProxyAccount,
        password: Secret,
    ) -> Result<(), KeyringFault> {
        self.put(Item::proxy(proxy), password).await
    }

    /// Keeps the password of an account at a proxy for as long as this process lives.
    pub fn keep_proxy_password_for_now(&self, proxy: &ProxyAccount, password: Secret) {
        self.session().insert(Item::proxy(proxy), password);
    }

    /// Forgets the password of an account at a proxy.
    ///
    /// # Errors
    /// [`KeyringFault`]; [`KeyringFault::NotFound`] if there was none.
    pub async fn remove_proxy_password(&self, proxy: &ProxyAccount) -> Result<(), KeyringFault> {
        self.remove(&Item::proxy(proxy)).await
    }

    async fn get(&self, item: &Item) -> Result<Secret, KeyringFault> {
        let for_now = self.session().get(item).cloned();
        match for_now {
            Some(secret) => Ok(secret),
            None => within(ANSWERS_WITHIN, system::get(item.clone())).await,
        }
    }

    async fn put(&self, item: Item, secret: Secret) -> Result<(), KeyringFault> {
        within(UNLOCKED_WITHIN, system::put(item.clone(), secret)).await?;
        self.session().remove(&item);
        Ok(())
    }

    async fn remove(&self, item: &Item) -> Result<(), KeyringFault> {
        let for_now = self.session().remove(item).is_some();
        match within(UNLOCKED_WITHIN, system::remove(item.clone())).await {
            Err(KeyringFault::NotFound { .. } | KeyringFault::Absent) if for_now => Ok(()),
            removed => removed,
        }
    }

    fn session(&self) -> std::sync::MutexGuard<'_, BTreeMap<Item, Secret>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

/// Keys as they lie in the keyring.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptKeys {
    access_key_id: String,
    secret_access_key: Written,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<Written>,
}

fn kept(keys: &StaticCredentials) -> Secret {
    let text = json(&KeptKeys {
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: Written(keys.secret_access_key.clone()),
        session_token: keys.session_token.clone().map(Written),
    });
    Secret::new(String::from_utf8_lossy(&text))
}

/// A keyring that says nothing waits for a person, most likely at a window that nobody sees.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, KeyringFault>>,
) -> Result<T, KeyringFault> {
    match timeout(limit, Box::pin(call)).await {
        Ok(answer) => answer,
        Err(_) => Err(KeyringFault::Locked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> StaticCredentials {
        StaticCredentials {
            access_key_id: "AKIAEXAMPLE".into(),
            secret_access_key: Secret::new("planted-secret"),
            session_token: Some(Secret::new("planted-token")),
        }
    }

    #[tokio::test]
    async fn keys_for_now_are_in_this_process_and_its_clones() {
        let keyring = Keyring::default();
        keyring.keep_keys_for_now("mine", &keys()).unwrap();
        let found = keyring.clone().keys("mine").await.unwrap();
        assert_eq!(found.access_key_id, "AKIAEXAMPLE");
        assert_eq!(found.secret_access_key.expose(), "planted-secret");
        assert_eq!(found.session_token.unwrap().expose(), "planted-token");
        let shown = format!("{keyring:?} {:?}", keys());
        assert!(!shown.contains("planted-"), "{shown}");
    }

    #[test]
    fn what_is_not_there_is_told_with_the_whole_command_that_adds_it() {
        for (name, command) in [
            ("mine", "\"culvert keys add mine\""),
            (
                "ann@proxy.example:8080",
                "\"culvert keys add --proxy http://ann@proxy.example:8080\"",
            ),
        ] {
            let name = name.to_owned();
            let remedy = KeyringFault::NotFound { name }.remedy();
            assert!(remedy.contains(command), "{remedy}");
        }
    }

    #[tokio::test]
    async fn names_that_would_confuse_somebody_are_refused() {
        let keyring = Keyring::default();
        for name in ["", " ", "a b", "a/b", "a\n", &"x".repeat(65)] {
            let refused = keyring.keep_keys_for_now(name, &keys());
            assert_eq!(refused, Err(KeyringFault::BadName), "{name:?}");
        }
        keyring.keep_keys_for_now("büro-1.x@y_z", &keys()).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_keyring_that_says_nothing_is_locked_and_waited_for_no_longer() {
        let never = std::future::pending::<Result<(), KeyringFault>>();
        assert_eq!(
            within(ANSWERS_WITHIN, never).await,
            Err(KeyringFault::Locked)
        );
    }
}
