//! The signals that end the program.

use std::io;

use crate::exit::Exit;

#[cfg(unix)]
use self::unix::{Signal, taken};
#[cfg(windows)]
use self::windows::{Signal, taken};

/// The signals that end the program, taken from the moment that this is made.
#[derive(Debug)]
pub(crate) struct StopSignals([Signal; 3]);

impl StopSignals {
    pub(crate) fn new() -> io::Result<Self> {
        taken().map(Self)
    }

    /// Waits for one of them.
    pub(crate) async fn recv(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            () = interrupt.came() => {}
            () = terminate.came() => {}
            () = hang_up.came() => {}
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP.
#[cfg(unix)]
mod unix {
    use std::io;

    use tokio::signal::unix::{SignalKind, signal};

    #[derive(Debug)]
    pub(super) struct Signal(tokio::signal::unix::Signal);

    pub(super) fn taken() -> io::Result<[Signal; 3]> {
        let of = |kind| signal(kind).map(Signal);
        Ok([
            of(SignalKind::interrupt())?,
            of(SignalKind::terminate())?,
            of(SignalKind::hangup())?,
        ])
    }

    impl Signal {
        pub(super) async fn came(&mut self) {
            self.0.recv().await;
        }
    }
}

/// Ctrl-C, Ctrl-Break and the end of the console.
#[cfg(windows)]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

    #[derive(Debug)]
    pub(super) enum Signal {
        Interrupt(CtrlC),
        Break(CtrlBreak),
        Close(CtrlClose),
    }

    pub(super) fn taken() -> io::Result<[Signal; 3]> {
        Ok([
            Signal::Interrupt(ctrl_c()?),
            Signal::Break(ctrl_break()?),
            Signal::Close(ctrl_close()?),
        ])
    }

    impl Signal {
        pub(super) async fn came(&mut self) {
            match self {
                Self::Interrupt(signal) => signal.recv().await,
                Self::Break(signal) => signal.recv().await,
                Self::Close(signal) => signal.recv().await,
            };
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
