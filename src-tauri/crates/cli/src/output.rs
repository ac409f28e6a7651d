//! What the program prints: sentences for people, or one JSON object a line.

use std::io::{self, Write as _};

use serde::Serialize;
use tunnel_manager::tunnel::{Close, Problem, State, TunnelEvent};

/// Prints what happens to a tunnel.
///
/// People get the address on standard output and everything else on standard error, so that a
/// script can read the one line that it needs. Programs get JSON objects on standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    Text,
    Json,
}

/// What people are told when the tunnel is up again.
pub(crate) const UP: &str = "up";

/// One line of JSON.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Listening {
        address: &'a str,
        addresses: &'a [String],
    },
    State {
        state: &'a State,
    },
    Close {
        session_id: Option<&'a str>,
        close: &'a Close,
        meaning: &'a str,
    },
    Replaced {
        session_id: Option<&'a str>,
        problem: &'a Problem,
    },
    Notice {
        problem: &'a Problem,
    },
    Failed {
        problem: &'a Problem,
    },
    Message {
        text: &'a str,
    },
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// The tunnel listens and can carry connections.
    pub(crate) fn listening(self, addresses: &[String]) {
        let address = addresses.first().map_or("", String::as_str);
        match self {
            Self::Text => say(&format!("listening {address}")),
            Self::Json => json(&Line::Listening { address, addresses }),
        }
    }

    /// Something happened to the tunnel. `said` is the sentence before; people need not read
    /// the same twice in a row.
    pub(crate) fn event(self, event: &TunnelEvent, said: &mut String) {
        match self {
            Self::Text => {
                if let Some(sentence) = sentence(event)
                    && sentence != *said
                {
                    complain(&sentence);
                    *said = sentence;
                }
            }
            Self::Json => match event {
                TunnelEvent::State(state) => json(&Line::State { state }),
                TunnelEvent::Lost { session_id, close } => json(&Line::Close {
                    session_id: session_id.as_deref(),
                    close,
                    meaning: close.meaning(),
                }),
                TunnelEvent::Replaced {
                    session_id,
                    problem,
                } => {
                    json(&Line::Replaced {
                        session_id: session_id.as_deref(),
                        problem,
                    });
                }
                TunnelEvent::Notice(problem) => json(&Line::Notice { problem }),
                TunnelEvent::Record(_) => {}
            },
        }
    }

    /// Says whether an event is told before the tunnel is up for the first time. People get one
    /// sentence when it can't start, not one for each attempt.
    pub(crate) fn tells_attempts(self, event: &TunnelEvent) -> bool {
        match self {
            Self::Json => true,
            Self::Text => match event {
                TunnelEvent::Notice(_) => true,
                TunnelEvent::State(_)
                | TunnelEvent::Lost { .. }
                | TunnelEvent::Replaced { .. }
                | TunnelEvent::Record(_) => false,
            },
        }
    }

    /// The tunnel could not start, or was given up.
    pub(crate) fn failed(self, problem: &Problem) {
        match self {
            Self::Text => {}
            Self::Json => json(&Line::Failed { problem }),
        }
        complain(&problem_sentence(problem));
    }

    /// A sentence of the demo.
    pub(crate) fn message(self, text: &str) {
        match self {
            Self::Text => say(text),
            Self::Json => json(&Line::Message { text }),
        }
    }
}

/// Says on standard output. A reader that has gone away is no reason to end a tunnel.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Says on standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "culvert: {line}");
}

fn json(line: &Line<'_>) {
    if let Ok(text) = serde_json::to_string(line) {
        say(&text);
    }
}

/// What happened, why, and what to do, in one line.
pub(crate) fn problem_sentence(problem: &Problem) -> String {
    let Problem {
        kind: _,
        code: _,
        what,
        remedy,
        details,
    } = problem;
    let mut sentence = what.clone();
    if !remedy.is_empty() {
        sentence.push(' ');
        sentence.push_str(remedy);
    }
    if !details.is_empty() {
        let line = details.split_whitespace().collect::<Vec<_>>().join(" ");
        sentence.push_str(&format!(" ({line})"));
    }
    sentence
}

fn sentence(event: &TunnelEvent) -> Option<String> {
    Some(match event {
        TunnelEvent::State(state) => match state {
            State::Up { .. } => UP.to_owned(),
            State::Degraded { problem, .. } => {
                format!("degraded: {}", problem_sentence(problem))
            }
            State::Reconnecting {
                attempt, problem, ..
            } => {
                format!(
                    "reconnecting, attempt {attempt}: {}",
                    problem_sentence(problem)
                )
            }
            State::NeedsSignIn { problem, .. } => {
                format!("needs sign-in: {}", problem_sentence(problem))
            }
            State::Stopping => "ending the session".to_owned(),
            State::Off | State::Listening | State::Connecting { .. } | State::Failed { .. } => {
                return None;
            }
        },
        TunnelEvent::Lost { close, .. } => {
            let code = close
                .code
                .map_or_else(|| "no code".to_owned(), |code| code.to_string());
            match close.reason.as_str() {
                "" => format!("{} (close code: {code})", close.meaning()),
                reason => format!("{} (close code: {code}, {reason})", close.meaning()),
            }
        }
        TunnelEvent::Replaced { problem, .. } => {
            format!("starting another session: {}", problem_sentence(problem))
        }
        TunnelEvent::Notice(problem) => problem_sentence(problem),
        TunnelEvent::Record(_) => return None,
    })
}
