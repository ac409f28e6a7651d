//! The end of a tunnel, and what is told of it while it comes.

use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::timeout;
use tunnel_manager::tunnel::TunnelEvent;
use tunnel_manager::tunnel::events::Receiver;

use crate::exit::Exit;
use crate::forward::{Kept, Noted};
use crate::narrator::Narrator;
use crate::output::Output;
use crate::stop::StopSignals;

/// How long the end of a tunnel may take before somebody at a terminal wonders.
const STOPPING: Duration = Duration::from_secs(1);

/// How long a tunnel that nobody waits for may take to say what it leaves behind: it does so
/// at once.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Ends a tunnel because the program is told to. Programs hear each step as it comes, people
/// what stays behind at the service. Asked twice, it waits for nobody.
pub(crate) async fn stop(
    kept: Kept,
    narrator: &mut Narrator,
    mut events: Receiver,
    output: Output,
    signals: &mut StopSignals,
) -> Exit {
    let Kept {
        tunnel,
        following,
        noted,
        time: _,
        frequency: _,
        listening,
    } = kept;
    let recorder = following.recorder();
    let mut stopping = Box::pin(async move {
        if let Some(recorder) = recorder {
            recorder.keep().await;
        }
        tunnel.stop().await;
    });
    let wonders = tokio::time::sleep(STOPPING);
    tokio::pin!(wonders);
    let (mut wondered, mut hears) = (false, true);
    let exit = loop {
        tokio::select! {
            () = &mut stopping => break Exit::Success,
            event = events.recv(), if hears => match event {
                Ok(event) => step(narrator, &event, output),
                Err(RecvError::Lagged(count)) => output.missed(count),
                Err(RecvError::Closed) => hears = false,
            },
            () = &mut wonders, if !wondered => {
                wondered = true;
                output.told(Some(
                    "stopping: the service has not answered yet. Ctrl-C again does not wait for it.",
                ));
            }
            // Asked twice: the user will not wait.
            () = signals.recv() => break Exit::Failure,
        }
    };
    // Its handle is gone with it: what is not ended is given up and told, and its events are over.
    drop(stopping);
    let rest = async {
        loop {
            match events.recv().await {
                Ok(event) => step(narrator, &event, output),
                Err(RecvError::Lagged(count)) => output.missed(count),
                Err(RecvError::Closed) => break,
            }
        }
    };
    let _ = timeout(LAST_EVENTS, rest).await;
    following.finished().await;
    drop(listening);
    say(narrator, noted, output);
    exit
}

/// Ends a tunnel whose end has been told, and says what stays behind at the service.
pub(crate) async fn end(kept: Kept, narrator: &mut Narrator, mut events: Receiver, output: Output) {
    let Kept {
        tunnel,
        following,
        noted,
        time: _,
        frequency: _,
        listening,
    } = kept;
    if let Some(recorder) = following.recorder() {
        recorder.keep().await;
    }
    tunnel.stop().await;
    // Only then its events are over.
    drop(tunnel);
    following.finished().await;
    loop {
        match events.try_recv() {
            Ok(event) => {
                // Programs have been told why it failed, and need to hear no more than people.
                if narrator.handle_last(&event) {
                    output.event(&event, None);
                }
            }
            Err(TryRecvError::Lagged(count)) => output.missed(count),
            Err(TryRecvError::Closed | TryRecvError::Empty) => break,
        }
    }
    drop(listening);
    say(narrator, noted, output);
}

/// Takes in one of the last steps. People hear of nothing but what stays behind, and that at the
/// end.
fn step(narrator: &mut Narrator, event: &TunnelEvent, output: Output) {
    narrator.handle_last(event);
    output.event(event, None);
}

fn say(narrator: &mut Narrator, noted: Noted, output: Output) {
    for words in narrator.last_words(noted == Noted::Yes) {
        output.told(Some(&words));
    }
}
