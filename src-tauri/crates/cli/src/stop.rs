//! The signals that end the program.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// SIGINT, SIGTERM and SIGHUP, taken from the moment that this is made.
#[derive(Debug)]
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl StopSignals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn recv(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Runs a command that leaves nothing to be tidied up, until it is done or a signal that was taken
/// ends it.
pub(crate) async fn until_stopped(
    signals: Option<StopSignals>,
    command: impl Future<Output = Exit>,
) -> Exit {
    let Some(mut signals) = signals else {
        return command.await;
    };
    tokio::select! {
        exit = command => exit,
        () = signals.recv() => Exit::Failure,
    }
}
