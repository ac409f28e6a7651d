//! `culvert forward` and `culvert stream`: one tunnel for as long as the program runs.

use tokio::sync::broadcast::error::RecvError;
use tunnel_manager::tunnel::{Problem, ProblemKind, State, Tunnel, TunnelConfig};

use crate::args::{Forward, Stream};
use crate::exit::Exit;
use crate::output::Output;
use crate::stop::StopSignals;

/// Runs `culvert forward`.
pub(crate) async fn forward(forward: Forward, output: Output) -> Exit {
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let tunnel = match start(forward.into_config(), &mut signals).await {
        Some(Ok(tunnel)) => tunnel,
        Some(Err(problem)) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
        None => return Exit::Success,
    };
    keep_up(tunnel, output, &mut signals, |addresses| {
        output.listening(addresses);
    })
    .await
}

/// Runs `culvert stream`.
pub(crate) async fn stream(stream: Stream) -> Exit {
    let output = Output::Text;
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let config = stream.into_config();
    let started = Tunnel::start_stream(config, None, tokio::io::stdin(), tokio::io::stdout()).await;
    match started {
        Ok(tunnel) => keep_stream(tunnel, output, &mut signals).await,
        Err(error) => {
            let problem = error.problem();
            output.failed(&problem);
            Exit::from(&problem)
        }
    }
}

/// Starts a tunnel, unless the program is told to end before it listens.
async fn start(config: TunnelConfig, signals: &mut StopSignals) -> Option<Result<Tunnel, Problem>> {
    tokio::select! {
        started = Tunnel::start(config) => Some(started.map_err(|error| error.problem())),
        () = signals.recv() => None,
    }
}

/// Prints what happens until the program is told to end, or the tunnel is given up. `listening`
/// is called once, when the first session is up.
pub(crate) async fn keep_up(
    tunnel: Tunnel,
    output: Output,
    signals: &mut StopSignals,
    mut listening: impl FnMut(&[String]),
) -> Exit {
    let mut events = tunnel.events();
    let mut snapshot = tunnel.snapshot();
    let mut has_been_up = false;
    loop {
        let now = snapshot.borrow_and_update().clone();
        match now.state {
            State::Up { .. } | State::Degraded { .. } if !has_been_up => {
                has_been_up = true;
                listening(&now.addresses);
            }
            State::Failed { problem, .. } => {
                output.failed(&problem);
                tunnel.stop().await;
                return Exit::from(&problem);
            }
            // Somebody who has just typed the command is better served with a sentence than
            // with a program that waits.
            State::NeedsSignIn { problem, .. } if !has_been_up => {
                output.failed(&problem);
                tunnel.stop().await;
                return Exit::from(&problem);
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::NeedsSignIn { .. }
            | State::Stopping => {}
        }
        tokio::select! {
            () = signals.recv() => {
                tokio::select! {
                    () = tunnel.stop() => return Exit::Success,
                    // Asked twice: the user will not wait.
                    () = signals.recv() => return Exit::Failure,
                }
            }
            event = events.recv() => match event {
                Ok(event) => output.event(&event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Exit::Failure,
            },
            changed = snapshot.changed() => {
                if changed.is_err() {
                    return Exit::Failure;
                }
            }
        }
    }
}

/// Waits until the stream has ended at either side.
pub(crate) async fn keep_stream(tunnel: Tunnel, output: Output, signals: &mut StopSignals) -> Exit {
    let mut snapshot = tunnel.snapshot();
    let mut carried = false;
    let exit = loop {
        let now = snapshot.borrow_and_update().clone();
        carried |= now.connections > 0;
        match now.state {
            State::Failed { problem, .. } | State::NeedsSignIn { problem, .. } => {
                output.failed(&problem);
                break Exit::from(&problem);
            }
            // Its session can't be replaced: the bytes so far were the old one's.
            State::Off | State::Up { .. } | State::Degraded { .. } | State::Reconnecting { .. }
                if carried && (now.connections == 0 || now.replacements > 0) =>
            {
                break Exit::Success;
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::Stopping => {}
        }
        tokio::select! {
            () = signals.recv() => break Exit::Success,
            changed = snapshot.changed() => {
                if changed.is_err() {
                    return Exit::Failure;
                }
            }
        }
    };
    tunnel.stop().await;
    exit
}

pub(crate) fn no_signals(output: Output) -> Exit {
    output.failed(&Problem::new(
        ProblemKind::Settings,
        "no-signals",
        "The system does not let Culvert take signals.",
        "",
    ));
    Exit::Failure
}
