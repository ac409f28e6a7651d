//! What the program prints: sentences for people, or one JSON object a line.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use serde::Serialize;
use tunnel_manager::tunnel::{
    Close, ClosedBy, Ghost, GhostEnd, Happening, Problem, State, TunnelEvent,
};

use tunnel_manager::TooOften;

use crate::narrator::GaveUp;
use crate::words::one_line;

/// Prints what happens to a tunnel.
///
/// People get the address on standard output and everything else on standard error, so that a
/// script can read the one line that it needs. Programs get JSON objects on standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    Text,
    Json,
}

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
    Metrics {
        url: &'a str,
    },
    State {
        state: &'a State,
    },
    Close {
        session_id: Option<&'a str>,
        closed_by: ClosedBy,
        close: &'a Close,
        meaning: &'a str,
    },
    Replaced {
        session_id: Option<&'a str>,
        connections: u32,
        problem: &'a Problem,
    },
    Notice {
        problem: &'a Problem,
    },
    Failed {
        problem: &'a Problem,
        #[serde(flatten)]
        after: Option<GaveUp<'a>>,
    },
    Message {
        text: &'a str,
    },
    Missed {
        count: u64,
    },
    TooOften(&'a TooOften),
    Swept {
        ended: usize,
    },
    ClosesSoon {
        left: &'a str,
    },
    Closes {
        after: &'a str,
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

    /// Figures can be had there.
    pub(crate) fn metrics(self, address: SocketAddr) {
        let url = format!("http://{address}/metrics");
        match self {
            Self::Text => complain(&format!("metrics at {url}")),
            Self::Json => json(&Line::Metrics { url: &url }),
        }
    }

    /// Something happened to the tunnel. `sentence` is what a person is told of it, if anything.
    pub(crate) fn event(self, event: &TunnelEvent, sentence: Option<&str>) {
        match self {
            Self::Text => self.told(sentence),
            Self::Json => match event {
                TunnelEvent::State(state) => json(&Line::State { state }),
                TunnelEvent::Lost {
                    session_id,
                    close,
                    closed_by,
                    socket_age,
                } => json(&Line::Close {
                    session_id: session_id.as_deref(),
                    closed_by: *closed_by,
                    close,
                    meaning: close.cause(*socket_age, *closed_by),
                }),
                TunnelEvent::Replaced {
                    drop_of: _,
                    session_id,
                    connections,
                    problem,
                } => json(&Line::Replaced {
                    session_id: session_id.as_deref(),
                    connections: *connections,
                    problem,
                }),
                TunnelEvent::Rested(problem) | TunnelEvent::Notice(problem) => {
                    json(&Line::Notice { problem });
                }
                TunnelEvent::Record(record) => match record.what {
                    Happening::Drop(_)
                    | Happening::Renewed(_)
                    | Happening::TurnedAway(_)
                    | Happening::LeftBehind { .. }
                    | Happening::EndedLate { .. }
                    | Happening::Slept { .. }
                    | Happening::Target(_) => json(record),
                    // Told as they happened, above.
                    Happening::State { .. } | Happening::Unreached { .. } => {}
                    // In the history alone.
                    Happening::Carried { .. } => {}
                },
            },
        }
    }

    /// Tells a person what is due by now.
    pub(crate) fn told(self, sentence: Option<&str>) {
        match self {
            Self::Text => {
                if let Some(sentence) = sentence {
                    complain(sentence);
                }
            }
            Self::Json => {}
        }
    }

    /// Something is worth knowing, and no failure.
    pub(crate) fn notice(self, problem: &Problem) {
        match self {
            Self::Text => complain(&problem_sentence(problem)),
            Self::Json => json(&Line::Notice { problem }),
        }
    }

    /// The tunnel is lost too often.
    pub(crate) fn too_often(self, often: &TooOften) {
        match self {
            Self::Text => complain(&format!(
                "This tunnel was lost {} times within an hour; {} of these: {}. {} culvert doctor \
                 looks at the way.",
                often.drops,
                often.of_cause,
                often.cause.words(),
                often.advice
            )),
            Self::Json => json(&Line::TooOften(often)),
        }
    }

    /// Events came faster than they could be printed.
    pub(crate) fn missed(self, count: u64) {
        match self {
            Self::Text => {}
            Self::Json => json(&Line::Missed { count }),
        }
    }

    /// Sessions that earlier runs had left behind were looked for.
    pub(crate) fn swept(self, ghosts: &[Ghost]) {
        let ended = ghosts.iter().filter(|ghost| match ghost.end {
            GhostEnd::Ended => true,
            GhostEnd::Forgotten | GhostEnd::Left(_) => false,
        });
        let ended = ended.count();
        match (self, ended) {
            (_, 0) => {}
            (Self::Text, 1) => complain("Ended 1 session that an earlier run had left behind."),
            (Self::Text, many) => {
                complain(&format!(
                    "Ended {many} sessions that earlier runs had left behind."
                ));
            }
            (Self::Json, ended) => json(&Line::Swept { ended }),
        }
    }

    /// A tunnel to production is about to close by itself.
    pub(crate) fn closes_soon(self, left: &str) {
        match self {
            Self::Text => complain(&format!(
                "This tunnel leads to production: it closes by itself in {left}."
            )),
            Self::Json => json(&Line::ClosesSoon { left }),
        }
    }

    /// A tunnel to production closes by itself.
    pub(crate) fn closes(self, after: &str) {
        match self {
            Self::Text => complain(&format!(
                "It closes by itself after {after}, as tunnels to production do. Start it again \
                 if it is still needed."
            )),
            Self::Json => json(&Line::Closes { after }),
        }
    }

    /// The tunnel could not start, or was given up.
    pub(crate) fn failed(self, problem: &Problem) {
        match self {
            Self::Text => {}
            Self::Json => json(&Line::Failed {
                problem,
                after: None,
            }),
        }
        complain(&problem_sentence(problem));
    }

    /// The tunnel is given up, after what is said of it.
    pub(crate) fn gave_up(self, problem: &Problem, after: Option<GaveUp<'_>>) {
        match self {
            Self::Text => {}
            Self::Json => json(&Line::Failed { problem, after }),
        }
        let after = after.map_or_else(String::new, |after| after.to_string());
        complain(&format!("{after}{}", problem_sentence(problem)));
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

/// Says one line of JSON.
pub(crate) fn json(line: &impl Serialize) {
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
        facts: _,
    } = problem;
    // Parts of them are words of the far end or of a file, which must not steer a terminal.
    let mut sentence = one_line(what);
    if !remedy.is_empty() {
        sentence.push(' ');
        sentence.push_str(&one_line(remedy));
    }
    if !details.is_empty() {
        sentence.push_str(&format!(" ({})", one_line(details)));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use tunnel_manager::tunnel::ProblemKind;

    use super::*;

    #[test]
    fn what_the_far_end_says_does_not_steer_the_terminal() {
        let what = "The gateway said \u{1b}[2Jno.";
        let problem = Problem::new(ProblemKind::Service, "x", what, "Add \u{1b}]0;x\u{7}it.")
            .with_details("line\r\n\u{7}two");
        let sentence = problem_sentence(&problem);
        assert_eq!(sentence, "The gateway said [2Jno. Add ]0;x it. (line two)");
    }
}
