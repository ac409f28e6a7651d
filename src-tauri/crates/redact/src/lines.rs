//! Where one line ends and the next begins, and what a log writes between them: a value may have
//! been wrapped, or cut into two records.

/// The levels of a log.
const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

/// Spans and places that stand before what a line says, at most.
const PLACES_MOST: usize = 8;

/// How a record in JSON begins, and its text: `LogFormat::Json` of `tunnel-manager` writes its
/// fields in this order, and a test there compares.
const RECORD: &str = "{\"at\":\"";
const MESSAGE: &str = "\"message\":\"";

/// A line break, with what a log writes before the next line.
pub(crate) fn line_break(_before: &str, text: &str) -> Option<(usize, Vec<u8>)> {
    let continued = text
        .strip_prefix('\\')
        .filter(|rest| rest.starts_with(['\r', '\n']));
    let rest = continued.unwrap_or(text);
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    let rest = rest.strip_prefix('\n')?;
    let rest = after_prefix(rest).trim_start_matches([' ', '\t']);
    Some((text.len() - rest.len(), Vec::new()))
}

/// What stands between the texts of two records in JSON: the values of the first, and the fields of
/// the second that come before its text. To be asked before anything is decoded, since quotes mean
/// what they say only then.
pub(crate) fn record_break(_before: &str, text: &str) -> Option<(usize, Vec<u8>)> {
    let end = text.strip_prefix('"')?;
    if !end.starts_with("}\n") && !end.starts_with(",\"values\":{") {
        return None;
    }
    let (rest, next) = end.split_once('\n')?;
    let next_line = next.split('\n').next().unwrap_or_default();
    if !rest.ends_with('}') || !next_line.starts_with(RECORD) {
        return None;
    }
    let message = next_line.find(MESSAGE)? + MESSAGE.len();
    Some((1 + rest.len() + 1 + message, Vec::new()))
}

/// How much stands between two records of a log at the begin of a text: the break, and what the log
/// writes before the next text. `None` where a line without a time follows.
pub(crate) fn between_records(text: &str) -> Option<usize> {
    let (taken, _) = record_break("", text).or_else(|| line_break("", text))?;
    let is_stamped = text.get(..taken).is_some_and(|between| {
        !between
            .trim_matches(['\\', '\r', '\n', ' ', '\t'])
            .is_empty()
    });
    is_stamped.then_some(taken)
}

/// Whether a text is what a log writes before what a line says, and nothing else.
pub(crate) fn is_prefix(text: &str) -> bool {
    let line = format!("{text}x");
    !text.is_empty() && after_prefix(&line).trim_start() == "x" && line.trim_start() != "x"
}

/// What follows the time, the level, the spans and the place in a log's line; the line itself if
/// it has none.
fn after_prefix(text: &str) -> &str {
    let line = text.split('\n').next().unwrap_or_default();
    let mut rest = line.trim_start_matches([' ', '\t', '[']);
    let mut is_stamped = false;
    while let Some((word, after)) = word(rest) {
        let word = word.trim_end_matches(']');
        if !(is_time(word) || (is_date(word) && !is_stamped) || LEVELS.contains(&word)) {
            break;
        }
        is_stamped = true;
        rest = after;
    }
    if !is_stamped {
        return text;
    }
    if let Some(after) = after_own_place(rest) {
        rest = after;
    }
    for _ in 0..PLACES_MOST {
        match after_place(rest) {
            Some(after) => rest = after,
            None => break,
        }
    }
    &text[line.len() - rest.len()..]
}

fn is_time(word: &str) -> bool {
    let word = word.trim_matches(['[', ']', ',']);
    word.len() >= 8
        && word.contains(':')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"-:.,+TZ".contains(&byte))
}

fn is_date(word: &str) -> bool {
    word.len() == 10 && word.bytes().filter(|byte| *byte == b'-').count() == 2
}

/// What follows `tunnel::driver "Orders" s1: `, as our own log has it: the part of the program, then
/// the tunnel and the session, each if there is one.
fn after_own_place(rest: &str) -> Option<&str> {
    let (part, behind) = rest.split_at(name_end(rest));
    let is_part = part.starts_with(|c: char| c.is_ascii_lowercase()) && !part.ends_with(':');
    let behind = behind.strip_prefix(' ').filter(|_| is_part)?;
    if !behind.starts_with('"') {
        return after_session(behind);
    }
    // A name may have quotes in it, which were decoded: its end is where the rest fits.
    behind.match_indices('"').skip(1).find_map(|(quote, _)| {
        let behind = &behind[quote + 1..];
        match behind.strip_prefix(": ") {
            Some(said) => Some(said),
            None => after_session(behind.strip_prefix(' ')?),
        }
    })
}

/// What follows `s1: ` or `1: `.
fn after_session(text: &str) -> Option<&str> {
    let (key, said) = text.split_once(": ")?;
    let digits = key.strip_prefix('s').unwrap_or(key);
    let is_key = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_key.then_some(said)
}

/// What follows `tunnel{name=x}:` or `tunnel::driver: `, as the subscriber's own format has them, or
/// `sshd[42]: `.
fn after_place(rest: &str) -> Option<&str> {
    let (name, behind) = rest.split_at(name_end(rest));
    let said = match behind.as_bytes().first()? {
        _ if name.is_empty() => return None,
        b'{' => &behind[behind.find("}:")? + 2..],
        b'[' => &behind[behind.find("]:")? + 2..],
        b' ' | b'\t' if name.ends_with(':') => behind,
        _ => return None,
    };
    Some(said.trim_start_matches([' ', '\t']))
}

/// Where the name of a part or a span ends.
fn name_end(text: &str) -> usize {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

/// The first word of a line, and what comes after it.
fn word(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let (word, after) = line.split_at(line.find([' ', '\t'])?);
    Some((word, after.trim_start_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_writes_before_a_line_is_known_for_such() {
        for (line, said) in [
            (
                "2026-11-30T08:10:24.123Z  INFO tunnel::driver \"Orders\" s1: the end",
                "the end",
            ),
            (
                "2026-11-30T08:10:24.123Z DEBUG tunnel::driver \"a: \"b\" c\" 0: the end",
                "the end",
            ),
            (
                "2026-11-30T08:10:24.123Z DEBUG tunnel::driver \"Orders\": the end",
                "the end",
            ),
            (
                "2026-11-30T08:10:24.123Z ERROR tunnel s1: the end",
                "the end",
            ),
            ("2026-11-30T08:10:24.123Z  WARN tunnel: the end", "the end"),
            (
                "2026-11-30T08:10:24.1Z  WARN tunnel{name=a b}:session{key=0 id=\"n-1\"}: tunnel::x: the end",
                "the end",
            ),
            ("[2026-11-30 08:10:24] sshd[42]: the end", "the end"),
            ("nothing of a log", "nothing of a log"),
            ("so: it is", "so: it is"),
        ] {
            assert_eq!(after_prefix(line), said, "{line}");
            let more = format!("{line}\nnext");
            assert_eq!(after_prefix(&more), format!("{said}\nnext"));
        }
    }

    #[test]
    fn between_two_records_in_json_stands_all_but_their_texts() {
        let second =
            "{\"at\":\"2026-11-30T08:10:24.123Z\",\"level\":\"info\",\"part\":\"t\",\"message\":\"";
        for first in ["\"}", "\",\"values\":{\"code\":1006,\"by\":\"x\"}}"] {
            let text = format!("{first}\n{second}678\"}}\n");
            let (taken, _) = record_break("", &text).expect("a break");
            assert_eq!(&text[taken..], "678\"}\n");
        }
        assert_eq!(record_break("", "\"}\n{\"other\":\"message\"}"), None);
        assert_eq!(record_break("", "\"}"), None);
    }
}
