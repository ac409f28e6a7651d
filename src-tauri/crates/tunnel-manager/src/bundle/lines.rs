//! Which lines of a log are handed out with a bundle of chosen tunnels: theirs, and those of none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

/// The tunnels whose lines are wanted, by the names that their spans have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    names: BTreeSet<String>,
    /// The names as they stand in a line of text.
    quoted: Vec<String>,
    /// The begin of what follows a span that the library writes.
    spans: Vec<String>,
}

/// How a span of a tunnel begins in what tracing-subscriber writes.
const SPAN: &str = "tunnel{name=";

/// What of a line of JSON says whose it is.
#[derive(Deserialize)]
struct Of {
    tunnel: Option<String>,
}

impl Wanted {
    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        let names: BTreeSet<String> = names.into_iter().collect();
        Self {
            quoted: names.iter().map(|name| format!("{name:?}")).collect(),
            spans: names.iter().map(|name| format!("{name}}}:")).collect(),
            names,
        }
    }

    /// The lines that are wanted, with their ends, and how many are not. Understands both formats of
    /// the log's files and that of the file that `CULVERT_LOG_FILE` names. Of a line that can't be
    /// understood nobody knows whose it is: it goes where the one before goes.
    pub(super) fn lines_of(&self, text: &str) -> (String, u64) {
        let (mut kept, mut left_out) = (String::new(), 0);
        let mut is_wanted = false;
        for line in text.split_inclusive('\n') {
            is_wanted = self.wants(line).unwrap_or(is_wanted);
            if is_wanted {
                kept.push_str(line);
            } else {
                left_out += 1;
            }
        }
        (kept, left_out)
    }

    /// Whether it is wanted; `None` where the line does not say whose it is.
    fn wants(&self, line: &str) -> Option<bool> {
        if line.starts_with('{') {
            let of: Of = serde_json::from_str(line).ok()?;
            return Some(of.tunnel.is_none_or(|name| self.names.contains(&name)));
        }
        let (time, rest) = line.split_once(' ')?;
        time.parse::<Timestamp>().ok()?;
        let (_level, rest) = rest.trim_start().split_once(' ')?;
        if let Some((_, named)) = rest.split_once(SPAN) {
            return Some(begins_with_one(named, &self.spans));
        }
        // The part of the program stands first; a line of a tunnel goes on with its name.
        let (part, of) = rest.split_once(' ')?;
        let is_of_none = part.ends_with(':') || !of.starts_with('"');
        Some(is_of_none || begins_with_one(of, &self.quoted))
    }
}

fn begins_with_one(text: &str, begins: &[String]) -> bool {
    begins.iter().any(|begin| text.starts_with(begin.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted::of(["Orders".to_owned(), "a \"b\"".to_owned()])
    }

    #[test]
    fn of_a_text_the_lines_of_chosen_tunnels_and_of_none_are_told_and_the_rest_is_counted() {
        let text = "\
2026-11-30T08:10:24.123Z  INFO tunnel::driver \"Orders\" s1: the WebSocket is gone code=1006
2026-11-30T08:10:24.124Z  WARN tunnel::driver \"Orders 2\" s1: the WebSocket is gone code=1006
2026-11-30T08:10:24.125Z  INFO tunnel::driver \"a \\\"b\\\"\": up
2026-11-30T08:10:24.126Z  INFO tunnel::environment: \"eth0\" is gone
2026-11-30T08:10:24.127Z ERROR tunnel::driver \"Billing\": over, after tunnel_manager \"Orders\"
";
        let (kept, left_out) = wanted().lines_of(text);
        let lines: Vec<_> = kept.lines().map(|line| &line[20..23]).collect();
        assert_eq!((lines, left_out), (vec!["123", "125", "126"], 2));
    }

    #[test]
    fn so_are_those_of_json() {
        let text = r#"{"at":"2026-11-30T08:10:24.123Z","level":"info","part":"t","tunnel":"Orders","message":"1"}
{"at":"2026-11-30T08:10:24.123Z","level":"info","part":"t","tunnel":"Billing","message":"2"}
{"at":"2026-11-30T08:10:24.123Z","level":"info","part":"t","message":"3"}
{"at":"2026-11-30T08:10:24.123Z","level":"info","part":"t","tunnel":"a \"b\"","message":"4"}
"#;
        let (kept, left_out) = wanted().lines_of(text);
        let told: Vec<_> = (1..=4)
            .filter(|number| kept.contains(&format!("\"message\":\"{number}\"")))
            .collect();
        assert_eq!((told, left_out), (vec![1, 3, 4], 1));
    }

    #[test]
    fn so_are_those_of_the_developers_file_with_lines_that_go_on() {
        let text = "\
2026-11-30T08:10:24.123456Z  INFO tunnel{name=Orders}:session{key=1}: tunnel::driver: 1
goes on
2026-11-30T08:10:24.123456Z  INFO tunnel{name=Orders 2}: tunnel::driver: 2
goes on
2026-11-30T08:10:24.123456Z  INFO tunnel_manager::store: 3
";
        let (kept, left_out) = wanted().lines_of(text);
        assert_eq!(kept.lines().count(), 3, "{kept}");
        assert!(
            kept.contains(": 1\ngoes on\n2026") && kept.ends_with(": 3\n"),
            "{kept}"
        );
        assert_eq!(left_out, 2);
    }

    #[test]
    fn what_can_not_be_understood_is_not_told() {
        let (kept, left_out) = wanted().lines_of("half a line\n{\"tunnel\":\"Bill\nx");
        assert_eq!((kept.as_str(), left_out), ("", 3));
    }
}
