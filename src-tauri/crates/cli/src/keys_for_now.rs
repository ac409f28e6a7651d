//! Keys for this process alone, where the system has no keyring that could keep them.

use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind};
use tunnel_manager::{KeyringFault, keyring_problem};

use crate::exit::Exit;
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
    let Some(name) = &settings.keys else {
        return Ok(());
    };
    match settings.keyring.keys(name).await {
        Err(KeyringFault::Absent) => {}
        // The tunnel will say so.
        Ok(_)
        | Err(
            KeyringFault::NotFound { .. }
            | KeyringFault::Locked
            | KeyringFault::Failed { .. }
            | KeyringFault::Foreign { .. }
            | KeyringFault::BadName,
        ) => return Ok(()),
    }
    let Some(terminal) = Terminal::open() else {
        return Ok(());
    };
    complain(&format!(
        "This machine has no keyring. The keys {name} are asked for, and kept in memory until \
         culvert ends, and nowhere else."
    ));
    let given = tokio::select! {
        given = ask_for_keys(&terminal) => given,
        () = signals.recv() => Err(broken_off()),
    };
    let kept = given.and_then(|keys| {
        let keeping = settings.keyring.keep_keys_for_now(name, &keys);
        keeping.map_err(|fault| keyring_problem(fault.into()))
    });
    kept.map_err(|problem| {
        output.failed(&problem);
        Exit::from(&problem)
    })
}

fn broken_off() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "keys-broken-off",
        "The keys were asked for, and not given.",
        "",
    )
}
