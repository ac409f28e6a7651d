//! What is hidden in Base64 or hexadecimal digits, and long words that look like secrets.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::known::Known;
use crate::patterns::Patterns;
use crate::random::{is_long_hex, is_part, looks_drawn};
use crate::{Find, Kind};

/// Shorter runs hold nothing that could be told from a word.
const SHORTEST: usize = 8;

/// Signs of a UUID.
pub(crate) const UUID: usize = 36;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Runs that hold something that must go, and runs that were drawn by a machine.
pub(crate) fn find(text: &str, known: &Known, patterns: &Patterns) -> Vec<Find> {
    let mut finds = Vec::new();
    for at in runs(text) {
        let Some(run) = text.get(at.clone()) else {
            continue;
        };
        if is_uuid(run) {
            continue;
        }
        if looks_drawn(run) || hides(run, known, patterns) {
            finds.push(found(at, Kind::Token, run));
            continue;
        }
        // Of a run that is made of several, each may be one by itself.
        let mut start = at.start;
        for part in run.split(['/', '+', '=', '-', '_']) {
            let here = start..start + part.len();
            start += part.len() + 1;
            if is_long_hex(part) {
                finds.push(found(here, Kind::Id, part));
            } else if part.len() < run.len() && (looks_drawn(part) || hides(part, known, patterns))
            {
                finds.push(found(here, Kind::Token, part));
            }
        }
    }
    finds
}

fn found(at: Range<usize>, kind: Kind, value: &str) -> Find {
    Find {
        by: at.clone(),
        at,
        kind,
        value: value.trim_end_matches('=').to_owned(),
    }
}

/// Runs of the signs of Base64, in either alphabet.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            while at < bytes.len() && is_sign(bytes[at]) {
                at += 1;
            }
            // What fills it up belongs to it: two signs at most.
            let filled = bytes[at..]
                .iter()
                .take(2)
                .take_while(|byte| **byte == b'=')
                .count();
            if at - start >= SHORTEST {
                at += filled;
                return Some(start..at);
            }
            at += usize::from(at == start);
        }
        None
    })
}

/// `d9428888-122b-11e1-b85c-61cd3cbb3210`: the id of a tunnel or a request, which says nothing.
pub(crate) fn is_uuid(run: &str) -> bool {
    let parts: Vec<&str> = run.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(hex)
}

/// Whether two pieces are those of one word, which the end of a line has cut: neither is whole, so that
/// what stands in the next line stays.
/// An ordinary word is the rest of one only if it is all that its line says.
pub(crate) fn is_cut(first: &str, next: &str, ends_line: bool) -> bool {
    let is_whole = |piece: &str| {
        let last = piece.len().checked_sub(UUID).and_then(|at| piece.get(at..));
        let begin = piece.get(..UUID);
        looks_drawn(piece) || last.is_some_and(is_uuid) || begin.is_some_and(is_uuid)
    };
    match (is_part(first), is_part(next)) {
        (true, true) => true,
        (true, false) => !is_whole(first) && ends_line,
        (false, true) => !is_whole(next),
        (false, false) => false,
    }
}

/// Whether a run holds something that must go, once it is decoded.
fn hides(run: &str, known: &Known, patterns: &Patterns) -> bool {
    let holds = |bytes: Vec<u8>| {
        let Some(plain) = readable(bytes) else {
            return false;
        };
        !known.find(&plain).is_empty() || !patterns.find(&plain).is_empty() || inner(&plain)
    };
    hex(run).is_some_and(holds) || base64(run).any(holds)
}

/// Whether what was decoded is a secret by its looks.
fn inner(plain: &str) -> bool {
    runs(plain).any(|at| plain.get(at).is_some_and(looks_drawn))
}

/// Text, and no bytes that happen to be one. Two bytes a sign, as PowerShell encodes commands, are read
/// as far as they are ASCII.
fn readable(bytes: Vec<u8>) -> Option<String> {
    let is_wide =
        bytes.len() >= 2 * SHORTEST && bytes.iter().skip(1).step_by(2).all(|byte| *byte == 0);
    let bytes = match is_wide {
        true => bytes.into_iter().step_by(2).collect(),
        false => bytes,
    };
    let text = String::from_utf8(bytes).ok()?;
    let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (text.len() >= 5 && text.chars().all(plain)).then_some(text)
}

fn hex(run: &str) -> Option<Vec<u8>> {
    if run.len() < 2 * SHORTEST || !run.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..run.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(run.get(at..at + 2)?, 16).ok())
        .collect()
}

/// What a run may stand for: it need not begin where it was cut out.
fn base64(run: &str) -> impl Iterator<Item = Vec<u8>> {
    let plain = run.trim_matches('=').replace('-', "+").replace('_', "/");
    (0..4).filter_map(move |skipped| {
        let rest = plain.get(skipped..)?;
        let rest = if rest.len() % 4 == 1 {
            rest.get(..rest.len() - 1)?
        } else {
            rest
        };
        (rest.len() >= SHORTEST - 2)
            .then(|| LENIENT.decode(rest).ok())
            .flatten()
    })
}
