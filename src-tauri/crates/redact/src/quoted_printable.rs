//! Quoted-printable, as mail has it (RFC 2045, 6.7): `=40` stands for `@`. A setting such as `wait=40 ms`
//! looks like it and is none.

/// How far round a sign a word is looked at, bytes.
const WORD_MOST: usize = 128;

/// A line of mail that is as long ends softly (76 signs are the most).
const LONG: usize = 70;

/// Words of Base64 that are filled up are as long, at least.
const FILLED_SHORTEST: usize = 15;

/// Units behind a number that make it a setting.
const UNITS: &[&str] = &[
    "", "b", "d", "g", "gb", "gib", "h", "k", "kb", "kib", "m", "mb", "mib", "min", "ms", "ns",
    "s", "us", "x",
];

/// An escape at the begin of a text: how long it is, and the bytes that it stands for, all of a character
/// at once.
pub(crate) fn escape(before: &str, text: &str) -> Option<(usize, Vec<u8>)> {
    let first = byte(text)?;
    // Letters and digits are not escaped by anybody.
    let is_sign =
        matches!(first, b'\t' | b'\n' | b'\r' | b' '..=b'~') && !first.is_ascii_alphanumeric();
    if first.is_ascii() && !is_sign {
        return None;
    }
    let mut found = vec![first];
    while std::str::from_utf8(&found).is_err() {
        if found.len() == 4 {
            return None;
        }
        found.push(byte(text.get(3 * found.len()..)?)?);
    }
    (found.len() > 1 || !is_setting(before, text)).then_some((3 * found.len(), found))
}

/// Says whether there is one in a text.
pub(crate) fn has_one(text: &str) -> bool {
    let mut signs = text.match_indices('=');
    signs.any(|(at, _)| escape(&text[..at], &text[at..]).is_some())
}

/// A line's end that is none of the text: how long it is, with its sign. What it stands behind may as well be
/// Base64, or a setting without a value.
pub(crate) fn soft_break(before: &str, text: &str) -> Option<usize> {
    let rest = text.strip_prefix('=')?;
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    let rest = rest.strip_prefix('\n')?;
    let word = last_word(before);
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    let is_filled =
        word.len() >= FILLED_SHORTEST && word.len() % 4 == 3 && word.bytes().all(is_sign);
    let is_long = before.len() - before.rfind('\n').map_or(0, |at| at + 1) >= LONG;
    let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || "-_./@:= ".contains(c));
    let is_soft = is_long || (goes_on && !is_filled && !before.ends_with('='));
    is_soft.then_some(text.len() - rest.len())
}

/// The end of a word that a text ends with.
fn last_word(before: &str) -> &str {
    let from = before.floor_char_boundary(before.len().saturating_sub(WORD_MOST));
    let word = before[from..].rsplit(char::is_whitespace).next();
    word.unwrap_or_default()
}

fn byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('=')?.get(..2)?;
    let is_hex = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
    is_hex
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Whether a number stands behind the sign, with its unit, and nothing else in the word is escaped.
fn is_setting(before: &str, text: &str) -> bool {
    let behind = &text[1..];
    let end = behind
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(behind.len());
    let unit = behind[..end].trim_start_matches(|c: char| c.is_ascii_digit());
    // `=3D` has a digit alone.
    let is_number = end - unit.len() >= 2 && UNITS.contains(&unit.to_ascii_lowercase().as_str());
    let word = last_word(before);
    let is_among_others = word
        .match_indices('=')
        .any(|(at, _)| byte(&word[at..]).is_some())
        || byte(&behind[end..]).is_some();
    // `?a=20&b=40`: settings as well.
    is_number && (!is_among_others || word.contains('&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_told_from_settings() {
        for (text, plain) in [
            ("=40firma.example", "@"),
            ("=3Dplanted", "="),
            ("=C3=BCcher", "ü"),
            ("=20has=20no", " "),
        ] {
            let found = escape("nina", text).map(|(_, bytes)| bytes);
            assert_eq!(found.as_deref(), Some(plain.as_bytes()), "{text}");
        }
        for none in [
            "=40", "=40 ms", "=40ms,", "=2048", "=41bc", "=C3x", "=4", "=zz", "=1006 x",
        ] {
            assert_eq!(escape("wait", none), None, "{none}");
        }
        assert!(has_one("nina=40firma.example") && !has_one("rtt=20ms seq=4711 code=1006"));
        assert_eq!(soft_break("nina=40fir", "=\r\nma"), Some(3));
        for (before, none) in [
            ("x", "=x"),
            ("cGxhbnRlZDpwbGFudGVkOjE", "=\nnext"),
            ("cGxhbnRlZA=", "=\nnext"),
            ("x", "=\n\n"),
        ] {
            assert_eq!(soft_break(before, none), None, "{before}{none}");
        }
    }
}
