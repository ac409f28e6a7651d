//! What a session tells the user.

use std::time::Duration;

use ssm_data_channel::Error as ChannelError;

use super::catching_up::Noticed;
use super::healing::Hopeless;
use crate::{Problem, ProblemKind};

/// Why a session that lives is degraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    AgentAway,
    NoPong,
    /// For so long when it was noticed.
    Stalled(Duration),
    CatchingUp(Noticed),
}

impl Reason {
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::AgentAway => Problem::new(
                ProblemKind::Target,
                "agent-away",
                "The service says that the target's agent is not connected.",
                "Nothing to do if it comes back; otherwise check that the target runs.",
            ),
            Self::NoPong => Problem::new(
                ProblemKind::Network,
                "no-pong",
                "The service does not answer; the network may be slow or gone.",
                "Nothing to do: if the connection is dead, another one is opened by itself.",
            ),
            Self::Stalled(after) => Problem::new(
                ProblemKind::Target,
                "stalled",
                format!(
                    "Nothing has got through to the target and back for {} s, although the \
                     connection to the service lives.",
                    after.as_secs()
                ),
                "Nothing to do if it goes on; otherwise look for a destination that does not \
                 read what it is sent.",
            )
            .with_fact("seconds", &after.as_secs()),
            Self::CatchingUp(Noticed { missing: 0, .. }) => Problem::new(
                ProblemKind::Target,
                "catching-up",
                "Some of what the target sent was lost on the way, and its agent sends it again \
                 slowly: about ten messages a second. How much is still missing is not known.",
                CATCHING_UP_REMEDY,
            ),
            Self::CatchingUp(noticed @ Noticed { held, missing, .. }) => Problem::new(
                ProblemKind::Target,
                "catching-up",
                format!(
                    "Some of what the target sent was lost on the way, and its agent sends it \
                     again slowly: about ten messages a second. When this was noticed, {} \
                     waited behind {missing} that were missing, which takes {} or more.",
                    messages(held),
                    span(noticed.takes().unwrap_or_default())
                ),
                CATCHING_UP_REMEDY,
            )
            .with_fact("missing", &missing),
        }
    }
}

const CATCHING_UP_REMEDY: &str = "Nothing to do: it heals by itself, at the agent's pace.";

/// A duration in words, roughly.
fn span(time: Duration) -> String {
    match time.as_secs() {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

fn messages(count: usize) -> String {
    match count {
        1 => "1 message".to_owned(),
        more => format!("{more} messages"),
    }
}

/// Messages stayed missing although the WebSocket lives (docs/protocol.md, section 3).
pub(super) fn jammed(after: Duration, connections: usize) -> Problem {
    let carried = carried(connections);
    Problem::new(
        ProblemKind::Target,
        "jammed",
        format!(
            "The session was stuck: nothing got through to the target and back for {} s, \
             although the connection to the service lived. It carried {carried}.",
            after.as_secs()
        ),
        "Nothing to do for new connections: another session is started for them. If it happens \
         again, look for a destination that does not read what it is sent: it stops all others of \
         its session.",
    )
    .with_fact("seconds", &after.as_secs())
}

/// So much was lost on the way that what comes meanwhile fills every memory before the agent
/// has sent it again (docs/protocol.md, section 3).
pub(super) fn outgrown(missing: u64, waiting_bytes: usize, connections: usize) -> Problem {
    jammed_by_gap(
        &format!(
            "{missing} messages of the target are missing, and what came behind them takes {} MB: \
             the agent sends faster than what was lost comes again.",
            waiting_bytes / 1_000_000
        ),
        connections,
    )
}

/// So much was lost on the way that nobody would wait for it.
pub(super) fn hopeless(hopeless: Hopeless, connections: usize) -> Problem {
    let Hopeless { missing, left } = hopeless;
    jammed_by_gap(
        &format!(
            "{missing} messages of the target are missing, and at the pace at which its agent \
             sends them again they would take another {}.",
            span(left)
        ),
        connections,
    )
}

fn jammed_by_gap(why: &str, connections: usize) -> Problem {
    Problem::new(
        ProblemKind::Network,
        "jammed",
        format!(
            "Too much was lost on the way to go on: {why} The session carried {}.",
            carried(connections)
        ),
        "A new session is started for new connections. If it happens again, look at the network: \
         it was silent for long in the middle of a download.",
    )
}

fn carried(connections: usize) -> String {
    match connections {
        0 => "no connection".to_owned(),
        1 => "1 connection".to_owned(),
        more => format!("{more} connections"),
    }
}

pub(super) fn agent_gone(after: Duration) -> Problem {
    Problem::new(
        ProblemKind::Target,
        "agent-gone",
        format!(
            "The target's agent has not been connected to the service for {} s.",
            after.as_secs()
        ),
        "Check that the target runs, and that its agent reaches the service: another session \
         takes over as soon as it does.",
    )
    .with_fact("seconds", &after.as_secs())
}

/// `output` is what the service says of it: an idle timeout, the longest duration of a session,
/// an administrator; or what the agent says of a document that it can't run.
pub(super) fn session_ended(output: &str) -> Problem {
    if let Some(plugin) = unsupported_plugin(output) {
        return plugin_unsupported(plugin, output);
    }
    let (said, cut) = quotable(output);
    let what = if said.is_empty() {
        "The service has ended the session, and has not said why.".to_owned()
    } else {
        format!("The service has ended the session. It says: \"{said}\".")
    };
    let problem = Problem::new(
        ProblemKind::Service,
        "session-ended",
        what,
        "New connections use another session, if one can be had. If sessions are ended again and \
         again, look at what the service says, and at the agent on the target.",
    );
    let problem = match said.is_empty() {
        true => problem,
        false => problem.with_fact("said", &said),
    };
    match cut {
        Cut::No => problem,
        Cut::Yes => problem.with_details(head(output, DETAILS_MOST)),
    }
}

/// The plugin that an agent says it does not have. The message is text alone: there is no code
/// in it to go by (docs/protocol.md, section 4).
fn unsupported_plugin(output: &str) -> Option<&str> {
    let (_, rest) = output.split_once("Plugin with name ")?;
    let (name, rest) = rest.split_once(' ')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
    let is_said = rest.starts_with("is not supported") || rest.starts_with("not found");
    (is_said && name.len() <= PLUGIN_MOST && name.chars().all(is_name)).then_some(name)
}

/// The longest name of a plugin of the agent has half of it.
const PLUGIN_MOST: usize = 64;

fn plugin_unsupported(plugin: &str, output: &str) -> Problem {
    let remedy = match plugin {
        "Port" => {
            "Update the target's SSM agent to 2.3.672.0 or later, better to 3.1.1374.0, which \
             reaches other hosts, too."
        }
        _ => "Use a document for port forwarding, or update the target's SSM agent.",
    };
    Problem::new(
        ProblemKind::Target,
        "plugin-unsupported",
        format!(
            "The target's SSM agent does not have the plugin {plugin} that the document needs."
        ),
        remedy,
    )
    .with_details(head(output, DETAILS_MOST))
    .with_fact("plugin", &plugin)
}

/// Characters of somebody else's words that are part of a sentence.
const QUOTE_MOST: usize = 200;

/// Characters of them that are kept for whoever wants to read more.
const DETAILS_MOST: usize = 2_000;

/// Whether something of somebody else's words was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    No,
    Yes,
}

/// Somebody else's words, such that they stay within their line and their quotation marks,
/// steer no terminal, and are not longer than a sentence bears.
fn quotable(text: &str) -> (String, Cut) {
    let plain: String = text
        .chars()
        .map(|c| match c {
            '"' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_end_matches('.');
    let said = head(words, QUOTE_MOST);
    if said.len() < words.len() {
        (format!("{said}…"), Cut::Yes)
    } else {
        (said, Cut::No)
    }
}

/// The first so many characters.
fn head(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

pub(super) fn handshake_timeout() -> Problem {
    Problem::new(
        ProblemKind::Target,
        "handshake-timeout",
        "The target's agent did not answer in time.",
        "Check that the target runs and that its agent is up to date.",
    )
}

pub(super) fn one_connection_at_a_time(agent_version: &str) -> Problem {
    Problem::new(
        ProblemKind::Target,
        "one-connection-at-a-time",
        format!(
            "The target's agent ({agent_version}) carries one connection at a time; others wait \
             their turn."
        ),
        "Update the agent to a version after 3.0.196.0.",
    )
    .with_fact("agent", &agent_version)
}

pub(super) fn idle_timer_defeated(agent_version: &str) -> Problem {
    Problem::new(
        ProblemKind::Target,
        "idle-timer-defeated",
        format!(
            "The target's agent ({agent_version}) needs a sign of life every 10 s, which counts \
             as traffic: the account's idle timeout does not end this session."
        ),
        "Stop the tunnel when it is not needed, or update the agent to a version after \
         3.1.1511.0.",
    )
    .with_fact("agent", &agent_version)
}

pub(super) fn unsupported_session(kind: &str) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "unsupported-session",
        format!("The session is of the type {kind:?}, which carries no port."),
        "Use a document for port forwarding.",
    )
}

pub(super) fn mux_framing(error: &smux::Error) -> Problem {
    Problem::new(
        ProblemKind::Protocol,
        "mux-framing",
        "The target's agent sent something that can't be understood.",
        "If it happens again, update the target's SSM agent.",
    )
    .with_details(error.to_string())
}

pub(super) fn channel(error: &ChannelError) -> Problem {
    Problem::new(
        ProblemKind::Protocol,
        error.code(),
        format!("The session can't go on: {error}."),
        "If it happens again, please report it, with the log.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_of_a_sessions_end_is_part_of_the_sentence() {
        let ended = session_ended("\n\nSession timed out due to \u{1b}[31m\"inactivity\".\r\n");
        assert_eq!(
            ended.what,
            "The service has ended the session. It says: \"Session timed out due to \
             [31m'inactivity'\"."
        );
        assert_eq!(ended.details, "");
        assert_eq!(
            session_ended(" \n").what,
            "The service has ended the session, and has not said why."
        );
    }

    #[test]
    fn an_agent_without_the_port_plugin_is_told_from_other_ends() {
        let said = "Plugin with name Port is not supported by this version of ssm agent, please \
                    update to latest version. Step name: Port";
        let ended = session_ended(said);
        assert_eq!(ended.code, "plugin-unsupported");
        assert_eq!(ended.kind, ProblemKind::Target);
        assert!(ended.what.contains("plugin Port"), "{}", ended.what);
        assert!(ended.remedy.contains("2.3.672.0"), "{}", ended.remedy);
        assert_eq!(ended.details, said);
        let other = session_ended("Plugin with name Standard_Stream not found. Step name: x");
        assert_eq!(other.code, "plugin-unsupported");
        assert!(other.remedy.contains("document"), "{}", other.remedy);
    }

    #[test]
    fn what_only_resembles_it_is_quoted_as_it_is() {
        for said in [
            "Plugin with name",
            "Plugin with name Port",
            "Plugin with name Port is skipped",
            "Plugin with name \u{1b}[31m is not supported",
            &format!("Plugin with name {} is not supported", "x".repeat(65)),
        ] {
            assert_eq!(session_ended(said).code, "session-ended", "{said:?}");
        }
    }

    #[test]
    fn a_long_speech_of_the_service_is_cut() {
        let ended = session_ended(&"ä".repeat(100_000));
        assert!(ended.what.contains(&"ä".repeat(QUOTE_MOST)));
        assert!(ended.what.chars().count() < QUOTE_MOST + 100);
        assert_eq!(ended.details.chars().count(), DETAILS_MOST);
        let words = session_ended(&"no ".repeat(1_000));
        assert!(words.what.ends_with("…\"."), "{}", words.what);
        assert!(words.what.len() < QUOTE_MOST + 100, "{}", words.what);
    }
}
