//! Which notes of sessions are handed out: those of sessions that live or were started in the bundle's
//! time and, with a bundle of chosen tunnels, theirs.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Whose notes are wanted.
#[derive(Debug)]
pub(super) struct Whose {
    /// The names of the tunnels.
    pub(super) names: BTreeSet<String>,
    /// Sessions that are known to be theirs: earlier versions did not note the tunnel.
    pub(super) sessions: BTreeSet<String>,
}

/// What matters here of a line.
#[derive(Deserialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line {
    Started {
        session_id: String,
        #[serde(default)]
        tunnel: Option<String>,
        at: u64,
    },
    Ended {
        session_id: String,
    },
}

/// The lines that are wanted from `since` on (Unix milliseconds), with their ends, and the tunnels that
/// they name. One that can't be read, such as one that a crash has torn, is of nobody.
pub(super) fn wanted(text: &str, of: Option<&Whose>, since: u64) -> (String, BTreeSet<String>) {
    let lines: Vec<(&str, Line)> = text
        .split_inclusive('\n')
        .filter_map(|line| Some((line, serde_json::from_str(line).ok()?)))
        .collect();
    let ended: BTreeSet<&str> = lines
        .iter()
        .filter_map(|(_, line)| match line {
            Line::Ended { session_id } => Some(session_id.as_str()),
            Line::Started { .. } => None,
        })
        .collect();
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut tunnels = BTreeSet::new();
    for (_, line) in &lines {
        let Line::Started {
            session_id,
            tunnel,
            at,
        } = line
        else {
            continue;
        };
        let is_theirs = of.is_none_or(|of| {
            let is_named = tunnel.as_ref().is_some_and(|name| of.names.contains(name));
            is_named || of.sessions.contains(session_id)
        });
        if is_theirs && (*at >= since || !ended.contains(session_id.as_str())) {
            wanted.insert(session_id);
            tunnels.extend(tunnel.clone());
        }
    }
    let kept = lines.iter().filter(|(_, line)| match line {
        Line::Started { session_id, .. } | Line::Ended { session_id } => {
            wanted.contains(session_id.as_str())
        }
    });
    (kept.map(|(line, _)| *line).collect(), tunnels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTES: &str = r#"{"event":"started","sessionId":"a","tunnel":"Orders","at":10,"region":"r"}
{"event":"started","sessionId":"b","tunnel":"Billing","at":20,"region":"r"}
{"event":"started","sessionId":"c","at":20,"region":"r"}
{"event":"ended","sessionId":"a"}
{"event":"started","sessionId":"d","at":30,"region":"r"}
{"event":"sta"#;

    fn sessions(text: &str) -> Vec<String> {
        let ids = text.lines().filter_map(|line| line.split('"').nth(7));
        ids.map(str::to_owned).collect()
    }

    #[test]
    fn of_chosen_tunnels_the_notes_are_theirs_by_name_or_by_a_session_that_is_known() {
        let of = Whose {
            names: ["Orders".to_owned()].into(),
            sessions: ["c".to_owned()].into(),
        };
        let (text, tunnels) = wanted(NOTES, Some(&of), 0);
        assert_eq!(sessions(&text), ["a", "c", "a"]);
        assert_eq!(tunnels, ["Orders".to_owned()].into());
        assert_eq!(sessions(&wanted(NOTES, None, 0).0).len(), 5);
    }

    #[test]
    fn a_session_that_was_over_before_the_time_is_not_told_and_one_that_lives_is() {
        let (text, _) = wanted(NOTES, None, 15);
        assert_eq!(sessions(&text), ["b", "c", "d"]);
        let (text, _) = wanted(NOTES, None, 100);
        assert_eq!(sessions(&text), ["b", "c", "d"]);
    }
}
