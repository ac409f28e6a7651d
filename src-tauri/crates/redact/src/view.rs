//! Texts as they are meant: without escapes, without line breaks. Each knows where its parts
//! stand in the text that it was made of.

use std::ops::Range;

use crate::lines::{line_break, record_break};
use crate::patterns::windows::ends_with_domain;
use crate::quoted_printable::{self, soft_break};

/// How often a text is decoded: JSON in JSON in a URL.
pub(crate) const LAYERS: usize = 3;

/// A text, and for each of its bytes the range of the raw text that it stands for.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) text: String,
    raw: Vec<Range<u32>>,
}

impl View {
    /// The text as it is.
    pub(crate) fn of(text: &str) -> Self {
        let positions = 0..u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            text: text.to_owned(),
            raw: positions.map(|at| at..at.saturating_add(1)).collect(),
        }
    }

    /// Without the escapes of JSON and URLs, however deep.
    pub(crate) fn decoded(text: &str) -> Self {
        Self::of(text).decode()
    }

    fn decode(self) -> Self {
        let mut view = self;
        for _ in 0..LAYERS {
            if !view.text.contains(['\\', '%', '&']) && !quoted_printable::has_one(&view.text) {
                break;
            }
            view = view.without(escape);
        }
        view
    }

    /// Decoded, and with lines put together where a value may have been wrapped or cut: what a
    /// log puts before each line goes, too.
    pub(crate) fn unwrapped(text: &str) -> Self {
        let text = Self::of(text);
        let records = match text.text.contains("\"}\n{\"") || text.text.contains("}}\n{\"") {
            true => text.without(record_break),
            false => text,
        };
        records.decode().without(line_break)
    }

    /// Decoded, without the ends of lines that are none of a text of mail: `=` stands before such an end.
    pub(crate) fn mail(text: &str) -> Self {
        let soft = |before: &str, text: &str| Some((soft_break(before, text)?, Vec::new()));
        Self::of(text).without(soft).decode()
    }

    /// Where a part of it stands in the raw text.
    pub(crate) fn raw(&self, part: Range<usize>) -> Option<Range<usize>> {
        let first = self.raw.get(part.start)?.start;
        let last = self.raw.get(part.end.checked_sub(1)?)?.end;
        Some(usize::try_from(first).ok()?..usize::try_from(last).ok()?)
    }

    /// Where in a part something was left out between two signs: there a line ends.
    pub(crate) fn joint(&self, part: &Range<usize>) -> Option<usize> {
        let ends = self.raw.get(part.clone())?;
        let apart = |pair: &[Range<u32>]| pair[0] != pair[1] && pair[0].end != pair[1].start;
        let joint = ends.windows(2).position(apart)?;
        Some(part.start + joint + 1)
    }

    /// Whether a line ends before this place.
    pub(crate) fn is_joint(&self, at: usize) -> bool {
        self.between(at).is_some()
    }

    /// What was left out before this place, in the raw text.
    pub(crate) fn between(&self, at: usize) -> Option<Range<usize>> {
        let (last, next) = (self.raw.get(at.checked_sub(1)?)?, self.raw.get(at)?);
        let between = usize::try_from(last.end).ok()?..usize::try_from(next.start).ok()?;
        (last != next && !between.is_empty()).then_some(between)
    }

    /// Whether a line ends at a place, by its own end or that of the text in it.
    pub(crate) fn ends_line(&self, at: usize) -> bool {
        let behind = self.text.get(at..).unwrap_or_default();
        let is_apart = || {
            let before = at.checked_sub(1).and_then(|last| self.raw.get(last));
            before
                .zip(self.raw.get(at))
                .is_some_and(|(last, next)| last.end != next.start)
        };
        behind.is_empty() || behind.starts_with(['\n', '\r', '"']) || is_apart()
    }

    /// Whether a part is written otherwise in the raw text, or what adjoins it is.
    pub(crate) fn differs(&self, part: &Range<usize>) -> bool {
        let around = part.start.saturating_sub(1)..(part.end + 1).min(self.text.len());
        self.raw(around.clone())
            .is_some_and(|raw| raw.len() != around.len())
    }

    /// The same with what `stands_for` says of each place: how many bytes are taken there, and
    /// what stands there instead.
    fn without(&self, stands_for: impl Fn(&str, &str) -> Option<(usize, Vec<u8>)>) -> Self {
        let mut bytes = Vec::with_capacity(self.text.len());
        let mut raw: Vec<Range<u32>> = Vec::with_capacity(self.raw.len());
        let mut at = 0;
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let (taken, instead) = match stands_for(&self.text[..at], rest) {
                Some(found) => found,
                None => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    for place in at..at + length {
                        bytes.push(self.text.as_bytes()[place]);
                        raw.push(self.raw[place].clone());
                    }
                    at += length;
                    continue;
                }
            };
            let range = self.raw[at].start..self.raw[at + taken - 1].end;
            raw.extend(instead.iter().map(|_| range.clone()));
            bytes.extend(instead);
            at += taken;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self { text, raw },
            // Escapes that are no text: they stay as they are.
            Err(_) => self.clone(),
        }
    }
}

/// An escape at the begin of a text: how long it is, and what it stands for.
fn escape(before: &str, text: &str) -> Option<(usize, Vec<u8>)> {
    let bytes = text.as_bytes();
    let char_of = |code: u32| char::from_u32(code).map(|c| c.to_string().into_bytes());
    match bytes.first()? {
        b'\\' => {
            if begins_share(before, text) {
                return Some((2, b"\\\\".to_vec()));
            }
            let is_name =
                || bytes.get(1).is_some_and(u8::is_ascii_alphabetic) && ends_with_domain(before);
            if (in_windows_path(before) || is_name()) && bytes.get(1)? != &b'\\' {
                return None;
            }
            let plain = match bytes.get(1)? {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                found @ (b'"' | b'\\' | b'/' | b'\'') => *found,
                b'u' => {
                    let code = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
                    return Some((6, char_of(code)?));
                }
                b'x' => {
                    let code = u32::from_str_radix(text.get(2..4)?, 16).ok()?;
                    return Some((4, char_of(code).filter(|_| code < 0x80)?));
                }
                _ => return None,
            };
            Some((2, vec![plain]))
        }
        b'%' => {
            // All of a character at once.
            let mut found = Vec::new();
            while let Some(digits) = text.get(3 * found.len()..3 * found.len() + 3) {
                let Some(byte) = digits
                    .strip_prefix('%')
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                else {
                    break;
                };
                found.push(byte);
                if std::str::from_utf8(&found).is_ok() {
                    return Some((3 * found.len(), found));
                }
                if found.len() == 4 {
                    break;
                }
            }
            None
        }
        b'=' => quoted_printable::escape(before, text),
        b'&' => {
            let entities = [
                ("&amp;", b'&'),
                ("&quot;", b'"'),
                ("&lt;", b'<'),
                ("&gt;", b'>'),
            ];
            let found = entities.iter().find(|(name, _)| text.starts_with(name));
            if let Some((name, plain)) = found {
                return Some((name.len(), vec![*plain]));
            }
            let digits = text.strip_prefix("&#")?.split(';').next()?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            let length = digits.len() + 3;
            let whole = text.get(..length)?.ends_with(';');
            Some((length, char_of(code.ok()?).filter(|_| whole)?))
        }
        _ => None,
    }
}

/// Whether a text ends within a path such as `C:\Users`, whose backslashes are no escapes.
fn in_windows_path(before: &str) -> bool {
    let word = before
        .rsplit([' ', '\n', '\t', '"', '\''])
        .next()
        .unwrap_or_default();
    word.contains(":\\") || word.starts_with("\\\\")
}

/// Whether `\\server\share` stands at the begin of a text, which escapes nothing. Where it is escaped
/// itself, it has more backslashes.
fn begins_share(before: &str, text: &str) -> bool {
    let Some(rest) = text.strip_prefix("\\\\") else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
    let behind = &rest[end..];
    let share = behind.strip_prefix('\\');
    let begins_word = before.is_empty() || before.ends_with([' ', '"', '\'', '=', '(', '\n', '\t']);
    // Or the line ends within its name.
    let goes_on = share.map_or(behind.starts_with('\n'), |share| share.starts_with(is_name));
    begins_word && end > 0 && goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_seen_through_and_known_by_their_place() {
        let view = View::decoded(r"a%40b \u002dx \\\/ c%2540d");
        assert_eq!(view.text, r"a@b -x / c@d");
        assert_eq!(view.raw(1..2), Some(1..4));
    }

    #[test]
    fn a_value_that_is_cut_by_the_prefix_of_a_log_is_put_together() {
        let text = "2026-11-30T07:37:19.1Z DEBUG tunnel: tunnel::driver: got i-0123\n\
                    2026-11-30T07:37:19.2Z DEBUG tunnel: tunnel::driver: 456789 and";
        assert!(View::unwrapped(text).text.contains("got i-0123456789 and"));
        assert_eq!(View::unwrapped("ab\r\n   cd\nef").text, "abcdef");
    }

    #[test]
    fn escapes_that_are_none_stay() {
        for text in [
            r"C:\Users\nina",
            "100 % of",
            "%zz",
            r"C:\Users\x",
            "a & b",
            "&#;",
            r"\u12",
        ] {
            assert_eq!(View::decoded(text).text, text);
        }
    }
}
