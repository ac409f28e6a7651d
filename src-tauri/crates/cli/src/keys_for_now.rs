//! Keys and passwords of proxies for this process alone, where the system has no keyring that could keep
//! them.

use std::fmt;

use tunnel_manager::tunnel::{Access, AccessSettings, Problem, ProblemKind};
use tunnel_manager::{Keyring, KeyringFault, ProxyAccount, keyring_problem};

use crate::exit::Exit;
use crate::forward::no_signals;
use crate::keys::{ask_for_keys, ask_for_password};
use crate::output::{Output, complain};
use crate::stop::StopSignals;
use crate::terminal::Terminal;

/// Asks for the keys and the proxy's password that the settings leave open before a tunnel is started, if there is no keyring
/// and somebody is at the terminal. Whoever is not asked learns from the tunnel's own failure
/// what is missing.
pub(crate) async fn before(
    settings: &AccessSettings,
    output: Output,
    signals: &mut StopSignals,
) -> Result<(), Exit> {
    for missing in Missing::of(settings).await {
        missing.ask(output, signals).await?;
    }
    Ok(())
}

/// The same before a command that only looks into accounts: all of them share what is given, so
/// that nothing is asked for twice.
///
/// The signals are there if something was asked for, since the terminal must be left as it was
/// found; whoever gets them has to heed them. Otherwise they end the program as they end others.
pub(crate) async fn before_a_look(
    accounts: impl IntoIterator<Item = &mut AccessSettings>,
    output: Output,
) -> Result<Option<StopSignals>, Exit> {
    let keyring = Keyring::default();
    let mut signals = None;
    for settings in accounts {
        settings.keyring = keyring.clone();
        for missing in Missing::of(settings).await {
            let taken = match signals.take() {
                Some(taken) => taken,
                None => StopSignals::new().map_err(|_| no_signals(output))?,
            };
            missing.ask(output, signals.insert(taken)).await?;
        }
    }
    Ok(signals)
}

/// What can be had from the person at the terminal, and from nowhere else.
struct Missing<'a> {
    wanted: Wanted<'a>,
    keyring: &'a Keyring,
    terminal: Terminal,
}

enum Wanted<'a> {
    /// Keys of this name.
    Keys(&'a str),
    /// The password of an account at a proxy.
    Password(ProxyAccount),
}

impl<'a> Missing<'a> {
    async fn of(settings: &'a AccessSettings) -> Vec<Self> {
        if Terminal::open().is_none() {
            return Vec::new();
        }
        let (keys, password) = (keys_of(settings).await, password_of(settings).await);
        let wanted = keys.map(Wanted::Keys).into_iter();
        let wanted = wanted.chain(password.map(Wanted::Password));
        let missing = |wanted| {
            Some(Self {
                wanted,
                keyring: &settings.keyring,
                terminal: Terminal::open()?,
            })
        };
        wanted.filter_map(missing).collect()
    }

    async fn ask(&self, output: Output, signals: &mut StopSignals) -> Result<(), Exit> {
        complain(&format!(
            "This machine has no keyring. {} asked for, and kept in memory until culvert ends, and \
             nowhere else.",
            self.wanted
        ));
        let kept = tokio::select! {
            kept = self.ask_and_keep() => kept,
            () = signals.recv() => Err(self.wanted.broken_off()),
        };
        kept.map_err(|problem| {
            output.failed(&problem);
            Exit::from(&problem)
        })
    }

    async fn ask_and_keep(&self) -> Result<(), Problem> {
        match &self.wanted {
            Wanted::Keys(name) => {
                let keys = ask_for_keys(&self.terminal).await?;
                let kept = self.keyring.keep_keys_for_now(name, &keys);
                kept.map_err(|fault| keyring_problem(fault.into()))
            }
            Wanted::Password(account) => {
                let question = format!("Password of {account} (none if it wants none): ");
                let password = ask_for_password(&self.terminal, &question).await?;
                if !password.is_empty() {
                    self.keyring.keep_proxy_password_for_now(account, password);
                }
                Ok(())
            }
        }
    }
}

/// The keys that the settings name, if no keyring can hold them.
async fn keys_of(settings: &AccessSettings) -> Option<&str> {
    let name = settings.keys.as_deref()?;
    match settings.keyring.keys(name).await {
        Err(KeyringFault::Absent) => Some(name),
        // Whoever uses them will say so.
        Ok(_)
        | Err(
            KeyringFault::NotFound { .. }
            | KeyringFault::Locked
            | KeyringFault::Failed { .. }
            | KeyringFault::Foreign { .. }
            | KeyringFault::BadName,
        ) => None,
    }
}

/// The account at the proxy on the way, if no keyring can hold its password. What is wrong with the
/// settings is told by whoever uses them.
async fn password_of(settings: &AccessSettings) -> Option<ProxyAccount> {
    let access = Box::pin(Access::load(settings.clone())).await.ok()?;
    access.proxy_account_to_ask()
}

impl Wanted<'_> {
    fn broken_off(&self) -> Problem {
        match self {
            Self::Keys(_) => Problem::new(
                ProblemKind::Credentials,
                "keys-broken-off",
                "The keys were asked for, and not given.",
                "",
            ),
            Self::Password(_) => Problem::new(
                ProblemKind::Settings,
                "password-broken-off",
                "The password of the proxy was asked for, and not given.",
                "",
            ),
        }
    }
}

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(name) => write!(f, "The keys {name} are"),
            Self::Password(account) => {
                write!(f, "The password of the proxy {} is", account.authority)
            }
        }
    }
}
