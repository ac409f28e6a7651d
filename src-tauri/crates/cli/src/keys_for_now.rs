//! Keys for this process alone, where the system has no keyring that could keep them.

use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind};
use tunnel_manager::{Keyring, KeyringFault, keyring_problem};

use crate::exit::Exit;
use crate::forward::no_signals;
use crate::keys::ask_for_keys;
use crate::output::{Output, complain};
use crate::stop::StopSignals;
use crate::terminal::Terminal;

/// Asks for the keys that the settings name before a tunnel is started, if there is no keyring
/// and somebody is at the terminal. Whoever is not asked learns from the tunnel's own failure
/// what is missing.
pub(crate) async fn before(
    settings: &AccessSettings,
    output: Output,
    signals: &mut StopSignals,
) -> Result<(), Exit> {
    match Missing::of(settings).await {
        Some(missing) => missing.ask(output, signals).await,
        None => Ok(()),
    }
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
        if let Some(missing) = Missing::of(settings).await {
            let taken = match signals.take() {
                Some(taken) => taken,
                None => StopSignals::new().map_err(|_| no_signals(output))?,
            };
            missing.ask(output, signals.insert(taken)).await?;
        }
    }
    Ok(signals)
}

/// Keys that can be had from the person at the terminal, and from nowhere else.
struct Missing<'a> {
    name: &'a str,
    keyring: &'a Keyring,
    terminal: Terminal,
}

impl<'a> Missing<'a> {
    async fn of(settings: &'a AccessSettings) -> Option<Self> {
        let (name, keyring) = (settings.keys.as_deref()?, &settings.keyring);
        match keyring.keys(name).await {
            Err(KeyringFault::Absent) => {}
            // Whoever uses them will say so.
            Ok(_)
            | Err(
                KeyringFault::NotFound { .. }
                | KeyringFault::Locked
                | KeyringFault::Failed { .. }
                | KeyringFault::Foreign { .. }
                | KeyringFault::BadName,
            ) => return None,
        }
        Some(Self {
            name,
            keyring,
            terminal: Terminal::open()?,
        })
    }

    async fn ask(&self, output: Output, signals: &mut StopSignals) -> Result<(), Exit> {
        complain(&format!(
            "This machine has no keyring. The keys {} are asked for, and kept in memory until \
             culvert ends, and nowhere else.",
            self.name
        ));
        let given = tokio::select! {
            given = ask_for_keys(&self.terminal) => given,
            () = signals.recv() => Err(broken_off()),
        };
        let kept = given.and_then(|keys| {
            let keeping = self.keyring.keep_keys_for_now(self.name, &keys);
            keeping.map_err(|fault| keyring_problem(fault.into()))
        });
        kept.map_err(|problem| {
            output.failed(&problem);
            Exit::from(&problem)
        })
    }
}

fn broken_off() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "keys-broken-off",
        "The keys were asked for, and not given.",
        "",
    )
}
