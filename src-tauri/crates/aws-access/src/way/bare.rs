//! A stranger's text without what may be a secret. Portals and proxies put tokens into queries,
//! fragments, parameters of paths, fields and cookies; no list of their names is complete. So what
//! is a value by its place is left out, whatever it is called: what stays are words and places.

/// What stands for what was left out.
const LEFT_OUT: &str = "\u{2026}";

/// From this length on, a part with digits and letters is rather drawn by a machine than written by
/// a person.
const DRAWN_CHARS: usize = 20;

/// The same for one with small and capital letters and digits, and nothing else.
const DRAWN_MIXED_CHARS: usize = 12;

/// From this length on, a number is rather a code than a number.
const DRAWN_DIGITS: usize = 6;

/// No word of any language that has words between spaces is as long.
const WORD_CHARS: usize = 40;

/// The most digits of a number that stays behind a name: those of an HTTP status, not those of a
/// code by which somebody signs in.
const STATUS_DIGITS: usize = 3;

/// What begins a value within a word, also as URLs write it (RFC 3986, section 2.1): queries,
/// fragments, parameters of a path, fields, what stands before a host.
const MARKS: [(&str, char); 10] = [
    ("?", '?'),
    ("#", '#'),
    (";", ';'),
    ("=", '='),
    ("%3f", '?'),
    ("%23", '#'),
    ("%3b", ';'),
    ("%3d", '='),
    ("%3a", ':'),
    ("%40", '@'),
];

/// Parts of names, in small letters, behind which a value is secret that stands as words of its own.
const SECRET: [&str; 17] = [
    "auth",
    "bearer",
    "code",
    "cookie",
    "credential",
    "csrf",
    "key",
    "nonce",
    "otp",
    "passw",
    "pin",
    "pwd",
    "secret",
    "session",
    "sid",
    "ticket",
    "token",
];

/// A text on one line, without what may be a secret and without control characters.
pub(super) fn line(text: &str, most: usize) -> String {
    let text: String = text
        .chars()
        // What is no text comes as the last.
        .map(|c| match c {
            c if c.is_control() => ' ',
            char::REPLACEMENT_CHARACTER => ' ',
            c => c,
        })
        .collect();
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '<' | '>');
    let is_end = |c: char| c.is_whitespace() || is_quote(c);
    let mut told = String::with_capacity(text.len());
    let mut before = Before::Words;
    for part in text.split_inclusive(is_end) {
        let end = part.chars().next_back().filter(|&c| is_end(c));
        let word = part.trim_end_matches(is_end);
        if !word.is_empty() {
            before = tell(word, before, &mut told);
            if before == Before::Value && end.is_some_and(is_quote) {
                before = Before::Words;
            }
        }
        told.extend(end);
    }
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(most).collect()
}

/// A page without its tags, and what is in them.
pub(super) fn without_tags(page: &str) -> String {
    let mut told = String::with_capacity(page.len());
    for (at, part) in page.split('<').enumerate() {
        match part.split_once('>') {
            Some((_, text)) if at > 0 => told.extend([" ", text]),
            // A tag that is cut off.
            None if at > 0 => {}
            Some(_) | None => told.push_str(part),
        }
    }
    told
}

/// What stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that makes it a value.
    Words,
    /// The name of a secret: a value comes next, or behind a colon or an equals sign.
    Name,
    /// Such a name and such a sign.
    Sign,
    /// The beginning of such a value, which goes on up to a comma, a bracket or a quote.
    Value,
}

/// Tells a word as far as it is no secret, and what it is for the next one.
fn tell(word: &str, before: Before, told: &mut String) -> Before {
    let is_sign = |c: char| matches!(c, ':' | '=');
    match before {
        Before::Name | Before::Sign if word.chars().all(is_sign) => {
            told.push_str(word);
            return Before::Sign;
        }
        Before::Name | Before::Sign if is_status(word) => {
            told.push_str(word);
            return Before::Words;
        }
        Before::Sign => {
            told.push_str(LEFT_OUT);
            return behind_value(word);
        }
        Before::Value => return behind_value(word),
        // Words about it, or the value itself.
        Before::Name if !word.chars().all(|c| c.is_alphabetic() || is_stop(c)) => {
            told.push_str(LEFT_OUT);
            return Before::Words;
        }
        Before::Name | Before::Words => {}
    }
    if let Some((name, value)) = word.split_once(':')
        && is_secret_name(name)
        && !value.is_empty()
        && !value.starts_with("//")
    {
        told.extend([name, ":", if is_status(value) { value } else { LEFT_OUT }]);
        return Before::Words;
    }
    without_values(word, told);
    let name = word.trim_end_matches(is_sign);
    match (is_secret_name(name), name.len() < word.len()) {
        (true, true) => Before::Sign,
        (true, false) => Before::Name,
        (false, _) => Before::Words,
    }
}

fn behind_value(word: &str) -> Before {
    if word.ends_with([',', ';', '}', ']', ')']) {
        Before::Words
    } else {
        Before::Value
    }
}

fn is_stop(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | '!' | '?' | ':' | ';' | '(' | ')' | '&' | '\u{2013}'
    )
}

fn is_secret_name(word: &str) -> bool {
    let word = word.to_lowercase();
    SECRET.iter().any(|part| word.contains(part))
}

/// Whether it is a number that may be a status.
fn is_status(word: &str) -> bool {
    let digits = word.trim_matches(is_stop);
    (1..=STATUS_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A word without the user in it, and without what stands behind a mark or was drawn by a machine.
fn without_values(word: &str, told: &mut String) {
    let (scheme, rest) = match word.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => (scheme, rest),
        Some(_) | None => {
            without_marked(without_user(word), told);
            return;
        }
    };
    if without_marked(scheme, told) {
        return;
    }
    told.push_str("//");
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let is_cut = host.contains(':') && host == authority && rest.contains('@');
    if !is_host(host) || is_cut {
        // A password may hold what ends an authority.
        told.push_str(LEFT_OUT);
        return;
    }
    without_marked(host, told);
    without_marked(&rest[authority.len()..], told);
}

/// Whether it is a host with or without a port, and nothing else.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        Some(_) | None => (text, ""),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    let is_one = !name.contains(':') || name.starts_with('[');
    is_one && name.chars().all(is_name) && port.bytes().all(|b| b.is_ascii_digit())
}

/// What stands behind `user:password@`, which is no address of mail.
fn without_user(word: &str) -> &str {
    match word.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => host,
        Some(_) | None => word,
    }
}

/// A text up to what is a value by its place in it, each part as far as a person may have written
/// it. Says whether there was such a value.
fn without_marked(text: &str, told: &mut String) -> bool {
    let small = text.to_ascii_lowercase();
    let marks = MARKS.iter().filter_map(|&(mark, means)| {
        let at = small.find(mark)?;
        // What only ends a word ends a sentence.
        (at + mark.len() < text.len()).then_some((at, means))
    });
    let first = marks.min();
    let end = first.map_or(text.len(), |(at, _)| at);
    let is_between = |c: char| matches!(c, '/' | '.' | ',' | ':' | '&' | '(' | ')' | '{' | '}');
    for part in text[..end].split_inclusive(is_between) {
        let bare = part.trim_end_matches(is_between);
        if is_drawn(bare) {
            told.push_str(LEFT_OUT);
            told.push_str(&part[bare.len()..]);
        } else {
            told.push_str(part);
        }
    }
    if let Some((_, means)) = first {
        told.push(means);
        told.push_str(LEFT_OUT);
    }
    first.is_some()
}

/// Whether a machine is more likely to have drawn it than a person to have written it.
fn is_drawn(part: &str) -> bool {
    let has = |part: &str, kind: fn(char) -> bool| part.chars().any(kind);
    let digits = |part: &str| has(part, |c| c.is_ascii_digit());
    let length = part.chars().count();
    let is_mixed = |run: &str| {
        run.len() >= DRAWN_MIXED_CHARS
            && digits(run)
            && has(run, char::is_lowercase)
            && has(run, char::is_uppercase)
    };
    let is_code = |run: &str| run.len() >= DRAWN_DIGITS && run.bytes().all(|b| b.is_ascii_digit());
    let mut runs = part.split(|c: char| !c.is_alphanumeric());
    length > WORD_CHARS
        || (length >= DRAWN_CHARS && digits(part))
        || runs.any(|run| is_mixed(run) || is_code(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 200;

    #[test]
    fn a_value_is_left_out_wherever_it_stands() {
        for (text, told) in [
            ("token=planted-1", "token=\u{2026}"),
            ("The token=planted-1 is over", "The token=\u{2026} is over"),
            ("Session planted-1 is over", "Session \u{2026} is over"),
            ("{\"token\": \"planted-1\"}", "{\"token\": \"\u{2026}\"}"),
            ("{token:planted-1,", "{token:\u{2026}"),
            (
                "Password: two planted words, then",
                "Password: \u{2026} then",
            ),
            ("Password : planted", "Password : \u{2026}"),
            ("Authorization: Bearer planted-1", "Authorization: \u{2026}"),
            ("Authorization: Basic planted", "Authorization: \u{2026}"),
            ("x=http://me:planted-1@portal.example/", "x=\u{2026}"),
            ("me%3Aplanted-1%40portal.example", "me:\u{2026}"),
            ("Your code is: 123456", "Your code is: \u{2026}"),
            ("code 123456", "code \u{2026}"),
            (
                "http://portal.example/in?planted-1",
                "http://portal.example/in?\u{2026}",
            ),
            ("/in;jsessionid=planted-1", "/in;\u{2026}"),
            ("/a;planted-1/b?planted-2", "/a;\u{2026}"),
            ("/in#planted-1", "/in#\u{2026}"),
            ("/in%3Ftoken%3Dplanted-1", "/in?\u{2026}"),
            ("/in%3bjsessionid%3dplanted-1", "/in;\u{2026}"),
            ("token&#61;planted-1", "token&#\u{2026}"),
            ("to\u{7}ken=planted-1", "to ken=\u{2026}"),
            ("/s/0123456789abcdef0123/login", "/s/\u{2026}/login"),
            ("/s/0123456789012345/login", "/s/\u{2026}/login"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.planted1planted1Planted",
                "\u{2026}.\u{2026}.\u{2026}",
            ),
        ] {
            assert_eq!(line(text, MOST), told, "{text}");
        }
    }

    #[test]
    fn the_user_before_a_host_is_left_out_up_to_the_last_at_sign_of_the_authority() {
        for (text, told) in [
            (
                "http://me:planted-1@portal.example/",
                "http://portal.example/",
            ),
            (
                "http://me:planted@1@portal.example/",
                "http://portal.example/",
            ),
            (
                "http://me@corp:planted-1@portal.example:80",
                "http://portal.example:80",
            ),
            ("//me:planted-1@portal.example/", "//portal.example/"),
            ("me:planted-1@portal.example", "portal.example"),
            ("me:planted@1@portal.example", "portal.example"),
            // An at sign behind the authority is none of its user's.
            (
                "http://portal.example/@planted/",
                "http://portal.example/@planted/",
            ),
            (
                "http://portal.example?x=a@planted-1",
                "http://portal.example?\u{2026}",
            ),
            // What is no authority tells nothing.
            ("http://me:planted/1@portal.example/", "http://\u{2026}"),
            ("http://me:planted?1@portal.example/", "http://\u{2026}"),
            ("http://me:planted;1", "http://\u{2026}"),
            ("http://me:1/planted@portal.example/", "http://\u{2026}"),
            ("http://[fd00::1]:3128/", "http://[fd00::1]:3128/"),
        ] {
            assert_eq!(line(text, MOST), told, "{text}");
        }
    }

    #[test]
    fn words_and_places_stay() {
        for text in [
            "Sign in \u{2013} Acme",
            "What now? Nothing; or all of it.",
            "Access denied: policy 7, HTTP 403.",
            "Error code: 403",
            "Error code 403.",
            "Session expired. Please sign in.",
            "Contact it@acme.example, or call.",
            "http://portal.example:8080/login/page.html",
            "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
            "Donaudampfschifffahrtsgesellschaft",
        ] {
            assert_eq!(line(text, MOST), text);
        }
    }

    #[test]
    fn tags_are_left_out_with_all_that_is_in_them() {
        for (page, told) in [
            ("<a href=\"/in?token=planted-1\">here</a>", " here "),
            ("<input name=\"token\" value=\"planted-1\">Go", " Go"),
            ("1 <b>2</b> 3", "1  2  3"),
            ("No <a href=\"planted", "No "),
            ("none", "none"),
        ] {
            assert_eq!(without_tags(page), told);
        }
    }
}
