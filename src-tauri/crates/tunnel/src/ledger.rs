//! Which sessions this process has started and not ended, on disk, so that a crash leaves a
//! trace: the next start finds them and ends them ([`Ledger::sweep`]).
//!
//! One file a process, in one folder. The process holds an advisory lock on its file for as
//! long as it lives, frozen or not; the system takes the lock from the dead. So whoever can
//! lock a file knows that nobody uses its sessions any more.
//!
//! A session that the service has started and whose answer had not come when the process died
//! is in no file: nobody but the service knows its id, and its idle timeout ends it.

mod book;
mod sweep;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use aws_access::{AccessSettings, Holder};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use book::Noted;
use book::{Book, Line};
pub(crate) use sweep::is_gone;
pub use sweep::{Ghost, GhostEnd};

/// Lines that may wait for the disk. A session takes two in an hour; only a disk that hangs
/// lets so many wait.
const LINES_MOST: usize = 256;

/// The ledger of a process. A clone is the same ledger.
///
/// Writing is done by a thread of its own, in the order of the calls, so that no call waits for
/// the disk. A disk that is full or can't be written to is told once in the log, and nothing
/// else comes of it.
#[derive(Clone, Default)]
pub struct Ledger {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    folder: PathBuf,
    /// What the names of this process' files begin with.
    own: String,
    orders: SyncSender<Order>,
}

enum Order {
    Write(Line),
    /// Answers when everything before is on disk.
    Settle(oneshot::Sender<()>),
}

/// A session that was started, and what it takes to end it later: names, never credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The session.
    pub session_id: String,
    /// What its tunnel is called. Earlier versions did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<String>,
    /// When, Unix milliseconds.
    pub at: u64,
    /// Its region.
    pub region: String,
    /// URL of the service, where it is not AWS's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// URLs of services that were set, by the services' names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, String>,
    /// Whether endpoints with validated cryptography were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fips: Option<bool>,
    /// Whether endpoints with IPv6 addresses were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dual_stack: Option<bool>,
    /// Profile of the AWS config files; `None` for the default chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Name of keys in the keyring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// PEM file of further certification authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle: Option<PathBuf>,
    /// Id of the keys that the environment gave: their name, which is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_key: Option<String>,
    /// The account, where it was known without asking: 12 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Id of the access key that the session was started with, which is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// Its credentials were in the memory of the process and nowhere else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_memory: bool,
}

impl Started {
    /// Notes who started a session at `at` (Unix milliseconds) and where. `region` is the one
    /// that was found ([`aws_access::Access::region`]).
    ///
    /// What the environment says of profile and endpoint is noted, too: the next process may
    /// have another one.
    pub fn new(
        session_id: impl Into<String>,
        region: &str,
        settings: &AccessSettings,
        at: u64,
    ) -> Self {
        Self::in_environment(session_id.into(), region, settings, at, of_environment)
    }

    /// Notes whose credentials it was started with. Of those that were in memory alone nothing
    /// is noted.
    #[must_use]
    pub fn by(self, holder: Option<Holder>) -> Self {
        let holder = holder.filter(|_| !self.in_memory);
        let (account, access_key_id) = holder.map_or((None, None), |holder| {
            (holder.account, Some(holder.access_key_id))
        });
        Self {
            account,
            access_key_id,
            ..self
        }
    }

    /// Notes whose session it is, by the tunnel's name.
    #[must_use]
    pub fn of_tunnel(self, name: &str) -> Self {
        Self {
            tunnel: Some(name.to_owned()),
            ..self
        }
    }

    /// Whose credentials it was started with; `None` where nothing was noted.
    pub(super) fn holder(&self) -> Option<Holder> {
        Some(Holder {
            account: self.account.clone(),
            access_key_id: self.access_key_id.clone()?,
        })
    }

    /// Whether another session was started with the same settings, in the same account: whoever
    /// can list or end the one can do so with the other.
    #[must_use]
    pub fn is_at_place_of(&self, other: &Self) -> bool {
        let of = |started: &Self| Self {
            session_id: String::new(),
            tunnel: None,
            at: 0,
            account: None,
            access_key_id: None,
            ..started.clone()
        };
        let holders = self.holder().zip(other.holder());
        let shared = holders.and_then(|(one, other)| one.shares_account_with(&other));
        of(self) == of(other) && shared == Some(true)
    }

    /// Whether this process would call with the credentials that the session was started with.
    /// Those of a named profile and of named keys it would; without a name, the environment
    /// decides, and with another account's credentials the service says of a session that it does
    /// not know what it says of one that has ended.
    fn has_its_credentials(&self, variable: impl Fn(&str) -> Option<String>) -> bool {
        let settings = AccessSettings {
            profile: self.profile.clone(),
            keys: self.keys.clone(),
            ..AccessSettings::default()
        };
        let now = Self::in_environment(String::new(), &self.region, &settings, 0, variable);
        (now.profile, now.environment_key) == (self.profile.clone(), self.environment_key.clone())
    }

    fn in_environment(
        session_id: String,
        region: &str,
        settings: &AccessSettings,
        at: u64,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        // Settings that are pinned do not hear the environment.
        let heard = |name: &str| variable(name).filter(|_| !settings.is_pinned());
        // Keys of the environment go before its profile, as in the SDK's chain.
        let environment_key = heard("AWS_ACCESS_KEY_ID");
        let profile = || match environment_key {
            Some(_) => None,
            None => heard("AWS_PROFILE"),
        };
        let endpoint = || heard("AWS_ENDPOINT_URL_SSM").or_else(|| heard("AWS_ENDPOINT_URL"));
        let given = &settings.endpoints;
        let endpoints = given
            .urls
            .iter()
            .map(|(service, url)| (service.to_string(), url.to_string()));
        Self {
            session_id,
            tunnel: None,
            at,
            region: region.to_owned(),
            endpoint_url: settings.ssm_url().map(str::to_owned).or_else(endpoint),
            endpoints: endpoints.collect(),
            fips: given.fips,
            dual_stack: given.dual_stack,
            profile: settings.profile.clone().or_else(profile),
            keys: settings.keys.clone(),
            ca_bundle: settings.ca_bundle.clone(),
            environment_key,
            account: None,
            access_key_id: None,
            in_memory: settings.static_credentials.is_some(),
        }
    }
}

impl Ledger {
    /// A ledger that keeps nothing, for whoever doesn't want one.
    pub fn none() -> Self {
        Self { inner: None }
    }

    /// A ledger in this folder, for the rest of the process. The folder and the file are made
    /// when the first session is started, for their owner alone.
    ///
    /// Once a process: each has a thread of its own. On a system that gives no thread or no
    /// random numbers it is [`none`](Self::none), and the log says so.
    pub fn open(folder: &Path) -> Self {
        let Ok(token) = crate::random_seed().map(|seed| hex(&seed[..8])) else {
            tracing::warn!("the system gives no random numbers: no session is noted on disk");
            return Self::none();
        };
        // The number is for people who look into the folder.
        let own = format!("{}-{token}", std::process::id());
        let book = Book::new(folder.to_owned(), own.clone());
        let (orders, queue) = sync_channel(LINES_MOST);
        let thread = std::thread::Builder::new().name("ledger".to_owned());
        if let Err(error) = thread.spawn(move || keep(book, &queue)) {
            tracing::warn!(%error, "no thread: no session is noted on disk");
            return Self::none();
        }
        Self {
            inner: Some(Arc::new(Inner {
                folder: folder.to_owned(),
                own,
                orders,
            })),
        }
    }

    /// Whether it keeps anything, as far as is known: the disk may still refuse it.
    pub fn keeps(&self) -> bool {
        self.inner.is_some()
    }

    /// Notes that a session was started. To be called as soon as its id is known. Never waits.
    pub fn started(&self, started: &Started) {
        self.write(Line::Started(Box::new(started.clone())));
    }

    /// Notes that a session has been ended at the service, or was found to be over. Ids that
    /// were not noted as started do nothing. Never waits.
    pub fn ended(&self, session_id: &str) {
        self.write(Line::Ended {
            session_id: session_id.to_owned(),
        });
    }

    /// Waits until everything that was noted before is on disk: to be called before the process
    /// ends, else the next one would end sessions again that were ended.
    ///
    /// A disk may hang: whoever can't wait for ever puts a limit round it.
    pub async fn settled(&self) {
        let Some(inner) = &self.inner else { return };
        let (answer, settled) = oneshot::channel();
        // A queue that is full belongs to a disk that hangs; there is nothing to wait for.
        if inner.orders.try_send(Order::Settle(answer)).is_ok() {
            let _ = settled.await;
        }
    }

    /// Says which sessions are noted here by every process, and which of those live. Ends
    /// nothing.
    pub async fn survey(&self) -> Vec<Noted> {
        let Some(inner) = &self.inner else {
            return Vec::new();
        };
        let folder = inner.folder.clone();
        let now = crate::unix_ms_now();
        let surveyed = tokio::task::spawn_blocking(move || book::survey(&folder, now)).await;
        surveyed.unwrap_or_default()
    }

    fn write(&self, line: Line) {
        let Some(inner) = &self.inner else { return };
        if inner.orders.try_send(Order::Write(line)).is_err() {
            tracing::warn!("the disk is too slow: a session is not noted on it");
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.inner.as_ref().map(|inner| &inner.folder);
        f.debug_tuple("Ledger").field(&folder).finish()
    }
}

/// A variable of this process, if it says anything.
fn of_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Writes what comes until the last clone of the ledger is gone.
fn keep(mut book: Book, queue: &Receiver<Order>) {
    for order in queue {
        match order {
            Order::Write(line) => book.write(&line),
            Order::Settle(answer) => drop(answer.send(())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
