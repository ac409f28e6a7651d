//! Which lines of a log are handed out: those of the bundle's time and, with a bundle of chosen tunnels,
//! theirs and those of none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

/// What is wanted of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// `None`: lines of all tunnels.
    of: Option<Names>,
    since: Timestamp,
}

/// The tunnels whose lines are wanted, by the names that their spans have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    names: BTreeSet<String>,
    /// The names as they stand in a line of text.
    quoted: Vec<String>,
    /// The begin of what follows a span that the library writes.
    spans: Vec<String>,
}

/// How a span of a tunnel begins in what tracing-subscriber writes.
const SPAN: &str = "tunnel{name=";

/// What a line of JSON says of itself.
#[derive(Deserialize)]
struct Json {
    at: Option<String>,
    tunnel: Option<String>,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Told,
    /// It is older than what is asked for.
    Early,
    /// It is of a tunnel that was not chosen.
    OfOthers,
}

impl Wanted {
    /// From `since` on (Unix milliseconds), of the tunnels of these names and of none; of all where
    /// there are no names.
    pub(super) fn new(names: Option<BTreeSet<String>>, since: u64) -> Self {
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        Self {
            of: names.map(Names::of),
            since: Timestamp::from_millisecond(since).unwrap_or(Timestamp::MAX),
        }
    }

    /// The lines that are wanted, with their ends, and how many are of others. Understands both formats
    /// of the log's files and that of the file that `CULVERT_LOG_FILE` names. Of a line that can't be
    /// understood nobody knows when it was written, and whose it is: it goes where the one before goes.
    pub(super) fn lines_of(&self, text: &str) -> (String, u64) {
        let (mut kept, mut left_out) = (String::new(), 0);
        let mut fate = match self.of {
            None => Fate::Told,
            Some(_) => Fate::OfOthers,
        };
        for line in text.split_inclusive('\n') {
            fate = self.fate(line).unwrap_or(fate);
            match fate {
                Fate::Told => kept.push_str(line),
                Fate::Early => {}
                Fate::OfOthers => left_out += 1,
            }
        }
        (kept, left_out)
    }

    /// What becomes of a line; `None` where it does not say when it was written, or whose it is.
    fn fate(&self, line: &str) -> Option<Fate> {
        if line.starts_with('{') {
            let Json { at, tunnel } = serde_json::from_str(line).ok()?;
            let at: Option<Timestamp> = at.and_then(|at| at.parse().ok());
            if at.is_some_and(|at| at < self.since) {
                return Some(Fate::Early);
            }
            let is_told = match (&self.of, tunnel) {
                (None, _) | (_, None) => true,
                (Some(of), Some(name)) => of.names.contains(&name),
            };
            return Some(told(is_told));
        }
        let (time, rest) = line.split_once(' ')?;
        if time.parse::<Timestamp>().ok()? < self.since {
            return Some(Fate::Early);
        }
        let Some(of) = &self.of else {
            return Some(Fate::Told);
        };
        let (_level, rest) = rest.trim_start().split_once(' ')?;
        if let Some((_, named)) = rest.split_once(SPAN) {
            return Some(told(begins_with_one(named, &of.spans)));
        }
        // The part of the program stands first; a line of a tunnel goes on with its name.
        let (part, whose) = rest.split_once(' ')?;
        let is_of_none = part.ends_with(':') || !whose.starts_with('"');
        Some(told(is_of_none || begins_with_one(whose, &of.quoted)))
    }
}

impl Names {
    fn of(names: BTreeSet<String>) -> Self {
        Self {
            quoted: names.iter().map(|name| format!("{name:?}")).collect(),
            spans: names.iter().map(|name| format!("{name}}}:")).collect(),
            names,
        }
    }
}

const fn told(is_told: bool) -> Fate {
    match is_told {
        true => Fate::Told,
        false => Fate::OfOthers,
    }
}

fn begins_with_one(text: &str, begins: &[String]) -> bool {
    begins.iter().any(|begin| text.starts_with(begin.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let names = ["Orders".to_owned(), "a \"b\"".to_owned()];
        Wanted::new(Some(names.into()), 0)
    }

    #[test]
    fn what_is_older_than_asked_for_is_not_told_in_any_format_and_is_not_counted() {
        let text = "\
2026-11-30T08:10:24.123Z  INFO tunnel::driver \"Orders\": 1
goes on
{\"at\":\"2026-11-30T08:10:24.124Z\",\"tunnel\":\"Orders\",\"message\":\"2\"}
2026-11-30T08:10:24.125456Z  INFO tunnel{name=Orders}: tunnel::driver: 3
2026-11-30T08:10:25.000Z  INFO tunnel::driver \"Orders\": 4
goes on
{\"at\":\"2026-11-30T08:10:25.001Z\",\"tunnel\":\"Orders\",\"message\":\"5\"}
";
        let since: Timestamp = "2026-11-30T08:10:25Z".parse().unwrap();
        let since = u64::try_from(since.as_millisecond()).unwrap();
        let names = ["Orders".to_owned()];
        for names in [None, Some(names.into())] {
            let (kept, left_out) = Wanted::new(names, since).lines_of(text);
            assert_eq!((kept.lines().count(), left_out), (3, 0), "{kept}");
            assert!(kept.contains(": 4\ngoes on\n{"), "{kept}");
        }
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
