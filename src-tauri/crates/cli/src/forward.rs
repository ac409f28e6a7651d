//! `culvert forward` and `culvert stream`: one tunnel for as long as the program runs.

use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tunnel_manager::control::Listening;
use tunnel_manager::log::LogSwitch;
use tunnel_manager::metrics::MetricsServer;
use tunnel_manager::tunnel::events::Receiver;
use tunnel_manager::tunnel::{
    BindAddress, Environment, Ghost, Grant, Problem, ProblemKind, StartError, State, Tunnel,
    TunnelConfig, TunnelEvent, unix_ms_now,
};
use tunnel_manager::{Following, Frequency, TooOften, Traces, TunnelName};

use crate::args::{Forward, Stream};
use crate::ending;
use crate::exit::Exit;
use crate::keys_for_now;
use crate::narrator::Narrator;
use crate::output::Output;
use crate::production::{self, Due, Given, Time};
use crate::reach::Reach;
use crate::saved;
use crate::sign_in;
use crate::stop::StopSignals;
use crate::witness::{Witness, Witnessed};
use crate::words::span;

/// Runs `culvert forward`.
pub(crate) async fn forward(forward: Forward, log: LogSwitch, output: Output) -> Exit {
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let saved = match forward.name.as_deref().map(saved::find).transpose() {
        Ok(saved) => saved,
        Err(problem) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
    };
    let mut agreed = None;
    if let Some(profile) = &saved {
        let given = Given {
            yes: forward.yes,
            reason: forward.aws.reason.as_deref(),
        };
        agreed = match production::agreed(profile, given, output, &mut signals).await {
            Ok(reason) => reason,
            Err(exit) => return exit,
        };
    }
    let metrics_port = forward.metrics;
    let drops_told = forward.drops_told.unwrap_or(Some(Frequency::USUAL));
    let has_port = forward.local_port.is_some();
    let mut config = forward.into_config(saved.as_ref());
    if agreed.is_some() {
        config.reason = agreed;
    }
    if let (BindAddress::Unix(_), true) = (&config.listen.address, has_port) {
        let problem = Problem::new(
            ProblemKind::Settings,
            "socket-has-no-port",
            "The tunnel listens at a Unix socket, which has no port.",
            "Leave out --local-port, or give --bind localhost as well.",
        );
        output.failed(&problem);
        return Exit::from(&problem);
    }
    Reach::of_user(output).settle(&mut config.access);
    if let Err(exit) = keys_for_now::before(&config.access, output, &mut signals).await {
        return exit;
    }
    if let Err(exit) = sign_in::before(&config.access, output, &mut signals).await {
        return exit;
    }
    let traces = settle_in(&mut config, log, output);
    let metrics = match metrics(&traces, metrics_port).await {
        Ok(metrics) => metrics,
        Err(problem) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
    };
    if let Some(metrics) = &metrics {
        output.metrics(metrics.address());
    }
    let name = match &saved {
        Some(profile) => TunnelName::new(Some(profile.id), profile.name.clone()).leading(&config),
        None => named(&mut config),
    };
    let ledger = traces.ledger.clone();
    let calls = config.environment.call_budget().clone();
    let reaching = config.access.clone();
    let sweep = tokio::spawn(async move { ledger.sweep(&calls, &reaching).await });
    let starting = Tunnel::start(config);
    let tunnel = match start(starting, &mut signals).await {
        Some(Ok(tunnel)) => tunnel,
        Some(Err(problem)) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
        None => return Exit::Success,
    };
    let mut kept = Kept::new(tunnel, name, &traces);
    kept.time = Time::of(saved.as_ref());
    kept.frequency = Frequency::new(drops_told);
    keep_up(kept, Some(sweep), output, &mut signals, |addresses| {
        output.listening(addresses);
    })
    .await
}

/// Answers a Prometheus server, if that is wanted, until it is dropped.
async fn metrics(traces: &Traces, port: Option<u16>) -> Result<Option<MetricsServer>, Problem> {
    let Some(port) = port else {
        return Ok(None);
    };
    match MetricsServer::begin(traces.roll.clone(), port).await {
        Ok(server) => Ok(Some(server)),
        Err(error) => Err(Problem::new(
            ProblemKind::Listen,
            "metrics-port",
            format!("The figures can't be offered: {error}: {}.", error.source),
            "Give another port with --metrics, or 0 for a free one.",
        )),
    }
}

/// Lets a tunnel go through what the machine goes through, and leave its traces on disk. Says so where
/// that can't be.
pub(crate) fn settle_in(config: &mut TunnelConfig, log: LogSwitch, output: Output) -> Traces {
    if let Some(problem) = Traces::unkept() {
        output.notice(&problem);
    }
    let mut traces = Traces::of_user();
    traces.log = log;
    config.ledger = traces.ledger.clone();
    config.environment = Environment::system();
    traces
}

/// Names a tunnel that nobody has saved, in the history and in the log alike.
pub(crate) fn named(config: &mut TunnelConfig) -> TunnelName {
    let name = TunnelName::of_unsaved(config);
    config.name.clone_from(&name.name);
    name
}

/// A tunnel whose history is kept.
pub(crate) struct Kept {
    pub(crate) tunnel: Tunnel,
    pub(crate) following: Following,
    pub(crate) noted: Noted,
    /// How long it may stay open.
    pub(crate) time: Time,
    /// How often it is lost.
    pub(crate) frequency: Frequency,
    /// Those who ask how it is are answered as long as this is there.
    pub(crate) listening: Option<Listening>,
}

/// Whether the next start knows of the sessions that live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    Yes,
    No,
}

impl Kept {
    pub(crate) fn new(tunnel: Tunnel, name: TunnelName, traces: &Traces) -> Self {
        let following = traces.follow(name, &tunnel);
        let noted = if traces.ledger.keeps() {
            Noted::Yes
        } else {
            Noted::No
        };
        Self {
            tunnel,
            following,
            noted,
            time: Time::of(None),
            frequency: Frequency::new(None),
            listening: traces.listen("culvert"),
        }
    }
}

/// Runs `culvert stream`.
pub(crate) async fn stream(stream: Stream, log: LogSwitch) -> Exit {
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(Output::Text);
    };
    let port = stream.port;
    let mut config = stream.into_config();
    Reach::of_user(Output::Text).settle(&mut config.access);
    if let Err(exit) = keys_for_now::before(&config.access, Output::Text, &mut signals).await {
        return exit;
    }
    if let Err(exit) = sign_in::before(&config.access, Output::Text, &mut signals).await {
        return exit;
    }
    keep_stream(config, None, port, log, &mut signals).await
}

/// Starts a tunnel, unless the program is told to end before it listens.
pub(crate) async fn start(
    starting: impl Future<Output = Result<Tunnel, StartError>>,
    signals: &mut StopSignals,
) -> Option<Result<Tunnel, Problem>> {
    tokio::select! {
        started = starting => Some(started.map_err(|error| error.problem())),
        () = signals.recv() => None,
    }
}

/// Prints what happens until the program is told to end, or the tunnel is given up. `listening`
/// is called once, when the first session is up.
pub(crate) async fn keep_up(
    mut kept: Kept,
    mut sweep: Option<JoinHandle<Vec<Ghost>>>,
    output: Output,
    signals: &mut StopSignals,
    mut listening: impl FnMut(&[String]),
) -> Exit {
    let mut events = kept.tunnel.events();
    let mut snapshot = kept.tunnel.snapshot();
    let mut has_been_up = false;
    let mut narrator = Narrator::new(Instant::now(), unix_ms_now());
    let begins = TunnelEvent::State(snapshot.borrow().state.clone());
    // It has begun before anybody listened, or so that it is heard again.
    let told = narrator.handle(Instant::now(), &begins);
    output.event(&begins, told.as_deref());
    let mut begins = Begins(Some(begins));
    loop {
        let now = snapshot.borrow_and_update().clone();
        match now.state {
            // A lazy one waits for its first connection.
            State::Up { .. } | State::Degraded { .. } | State::Listening if !has_been_up => {
                has_been_up = true;
                listening(&now.addresses);
            }
            State::Failed { problem, .. } => {
                catch_up(&mut narrator, &mut events, &mut begins, output);
                let endpoint = kept.tunnel.endpoint();
                let after = narrator.gave_up(Instant::now(), &problem, endpoint);
                output.gave_up(&problem, after);
                ending::end(kept, &mut narrator, events, output).await;
                return Exit::from(&problem);
            }
            // Somebody who has just typed the command is better served with a sentence than
            // with a program that waits.
            State::NeedsSignIn { problem, .. } if !has_been_up => {
                catch_up(&mut narrator, &mut events, &mut begins, output);
                output.failed(&problem);
                ending::end(kept, &mut narrator, events, output).await;
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
                return ending::stop(kept, &mut narrator, events, output, signals).await;
            }
            event = events.recv() => match event {
                Ok(event) => {
                    heard(&mut narrator, &event, &mut begins, output);
                    if let Some(often) = too_often(&mut kept.frequency, &event) {
                        output.too_often(&often);
                    }
                }
                Err(RecvError::Lagged(count)) => {
                    narrator.missed();
                    output.missed(count);
                }
                Err(RecvError::Closed) => return Exit::Failure,
            },
            changed = snapshot.changed() => {
                if changed.is_err() {
                    return Exit::Failure;
                }
            }
            () = until(narrator.due()) => {
                output.told(narrator.handle_due(Instant::now()).as_deref());
            }
            due = kept.time.due() => match due {
                Due::Soon(left) => output.closes_soon(&span(left)),
                Due::Now(after) => {
                    output.closes(&span(after));
                    return ending::stop(kept, &mut narrator, events, output, signals).await;
                }
            },
            swept = swept(&mut sweep) => {
                sweep = None;
                output.swept(&swept);
            }
        }
    }
}

/// The state that was told first, before any event was heard: it may be heard again.
#[derive(Debug)]
struct Begins(Option<TunnelEvent>);

impl Begins {
    /// Whether an event is that state once more. Only a state can be, and only the first.
    fn are(&mut self, event: &TunnelEvent) -> bool {
        match event {
            TunnelEvent::State(_) => self.0.take().is_some_and(|begins| begins == *event),
            TunnelEvent::Lost { .. }
            | TunnelEvent::Replaced { .. }
            | TunnelEvent::Rested(_)
            | TunnelEvent::Notice(_)
            | TunnelEvent::Record(_) => false,
        }
    }
}

/// Tells what has happened; not once more what it began with.
fn heard(narrator: &mut Narrator, event: &TunnelEvent, begins: &mut Begins, output: Output) {
    if begins.are(event) {
        return;
    }
    let told = narrator.handle(Instant::now(), event);
    output.event(event, told.as_deref());
}

/// Whether it was lost too often by now.
fn too_often(frequency: &mut Frequency, event: &TunnelEvent) -> Option<TooOften> {
    match event {
        TunnelEvent::Record(record) => frequency.record(record),
        TunnelEvent::State(_)
        | TunnelEvent::Lost { .. }
        | TunnelEvent::Replaced { .. }
        | TunnelEvent::Rested(_)
        | TunnelEvent::Notice(_) => None,
    }
}

/// Tells what was not heard yet: the snapshot may be ahead of it.
fn catch_up(narrator: &mut Narrator, events: &mut Receiver, begins: &mut Begins, output: Output) {
    for event in std::iter::from_fn(|| next_heard(events)) {
        heard(narrator, &event, begins, output);
    }
}

/// The next event that has come, if any; those that were missed are passed over.
fn next_heard(events: &mut Receiver) -> Option<TunnelEvent> {
    loop {
        match events.try_recv() {
            Ok(event) => return Some(event),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Closed | TryRecvError::Empty) => return None,
        }
    }
}

/// Waits for a moment, for ever if there is none.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Waits for the end of the sweep, if one is under way.
async fn swept(sweep: &mut Option<JoinHandle<Vec<Ghost>>>) -> Vec<Ghost> {
    match sweep {
        // It can only fail by a fault of our own, which must not end a tunnel.
        Some(sweep) => sweep.await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

/// How long what came last may take to get through standard output once everything else has
/// ended: only a reader that does not read needs as long.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// Carries standard input and output to a port of the target until either side ends.
pub(crate) async fn keep_stream(
    mut config: TunnelConfig,
    granted: Option<Grant>,
    port: u16,
    log: LogSwitch,
    signals: &mut StopSignals,
) -> Exit {
    let output = Output::Text;
    let traces = settle_in(&mut config, log, output);
    let name = named(&mut config);
    let (input, read) = Witnessed::new(tokio::io::stdin());
    let (out, written) = Witnessed::new(tokio::io::stdout());
    let starting = Tunnel::start_stream(config, granted, input, out);
    let tunnel = match start(starting, signals).await {
        Some(Ok(tunnel)) => tunnel,
        Some(Err(problem)) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
        None => return Exit::Success,
    };
    let kept = Kept::new(tunnel, name, &traces);
    let mut events = kept.tunnel.events();
    let mut narrator = Narrator::new(Instant::now(), unix_ms_now());
    let end = until_ended(&kept.tunnel, read, port, signals).await;
    let ended = Instant::now();
    // A stream is another program's, which has no use for what passes; only its end is told.
    for event in std::iter::from_fn(|| next_heard(&mut events)) {
        narrator.handle(Instant::now(), &event);
        narrator.handle_last(&event);
    }
    let endpoint = kept.tunnel.endpoint().map(str::to_owned);
    ending::end(kept, &mut narrator, events, output).await;
    let Some(end) = end else {
        return Exit::Success;
    };
    tokio::select! {
        _ = timeout(LAST_WORDS, written) => {}
        () = signals.recv() => {}
    }
    match end {
        Ok(()) => Exit::Success,
        Err(problem) => {
            let after = narrator.gave_up(ended, &problem, endpoint.as_deref());
            output.gave_up(&problem, after);
            Exit::from(&problem)
        }
    }
}

/// Waits until a stream has ended at either side; `None` if the program was told to end.
async fn until_ended(
    tunnel: &Tunnel,
    mut input: Witness,
    port: u16,
    signals: &mut StopSignals,
) -> Option<Result<(), Problem>> {
    let mut snapshot = tunnel.snapshot();
    let mut events = tunnel.events();
    let (mut waited, mut carried) = (false, false);
    loop {
        let now = snapshot.borrow_and_update().clone();
        waited |= now.waiting > 0;
        carried |= now.connections > 0;
        match now.state {
            State::Failed { problem, .. } | State::NeedsSignIn { problem, .. } => {
                return Some(Err(problem));
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::Stopping => {}
        }
        // It may have come and gone between two looks.
        let taken = waited || carried || now.replacements > 0;
        let gone = taken && now.connections == 0 && now.waiting == 0;
        // Its session can't be replaced: the bytes so far were the old one's.
        if gone || (carried && now.replacements > 0) {
            // What standard input's end has ended is as it was meant to be. What the far side has
            // ended is not, though the input may have ended as well.
            let as_meant = now.replacements == 0 && input.try_recv() == Ok(());
            if now.bytes_down > 0 || as_meant {
                return Some(Ok(()));
            }
            let problem =
                std::iter::from_fn(|| events.try_recv().ok()).find_map(|event| match event {
                    TunnelEvent::Replaced { problem, .. } => Some(problem),
                    TunnelEvent::State(_)
                    | TunnelEvent::Lost { .. }
                    | TunnelEvent::Rested(_)
                    | TunnelEvent::Notice(_)
                    | TunnelEvent::Record(_) => None,
                });
            return Some(Err(nothing_came(port, problem.as_ref())));
        }
        tokio::select! {
            () = signals.recv() => return None,
            changed = snapshot.changed() => {
                if changed.is_err() {
                    return Some(Ok(()));
                }
            }
        }
    }
}

/// The far side ended before it said anything: most likely nobody listens there.
fn nothing_came(port: u16, end: Option<&Problem>) -> Problem {
    Problem::new(
        ProblemKind::Target,
        "destination-silent",
        format!("The target ended the session before anything came from its port {port}."),
        "Check that something listens there.",
    )
    .with_details(end.map(|end| end.what.clone()).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_that_was_told_first_is_not_told_again_whatever_is_heard_before_it() {
        let connecting = TunnelEvent::State(State::Connecting { since: 1 });
        let up = TunnelEvent::State(State::Up { since: 2 });
        let problem = Problem::new(ProblemKind::Target, "x", "No.", "");
        let mut begins = Begins(Some(connecting.clone()));
        assert!(!begins.are(&TunnelEvent::Notice(problem)));
        assert!(begins.are(&connecting));
        assert!(!begins.are(&up));
        assert!(!begins.are(&connecting), "a second time is news");
    }
}
