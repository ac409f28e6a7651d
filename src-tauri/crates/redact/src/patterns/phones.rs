//! Telephone numbers: international ones by their sign, others where it is said what they are.

use std::ops::Range;

use super::aws::is_measure;
use super::{Match, Rule, Split};
use crate::{Kind, canonical};

/// Digits of a number with its country's code (ITU-T E.164), and of one whose kind is said.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
const DIGITS_SAID: std::ops::RangeInclusive<usize> = 6..=15;

/// A number that is cut by the end of a line has fewer before it.
const CUT_MOST: usize = 10;

/// Words before a difference that is written with its sign.
const DIFFERENCES: &[&str] = &[
    "by",
    "change",
    "delta",
    "diff",
    "drift",
    "epoch",
    "increment",
    "jitter",
    "lag",
    "number",
    "pos",
    "position",
    "seq",
    "shift",
    "skew",
    "timestamp",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(r"\+[1-9][0-9 ()./-]{6,}[0-9]", |found, taken| {
            let at = digits_at(found.of(0), found.whole().start, &DIGITS);
            if let Some(at) = at.filter(|at| is_international(found, at)) {
                taken.add(Kind::Phone, Some(at));
            }
        })
        .split(Split::Early(is_cut)),
        Rule::new(
            r"\b00[1-9][0-9]{1,2}[ /.-]{1,2}\(?[0-9][0-9 ()./-]{4,}[0-9]",
            |found, taken| {
                let groups = groups(found.of(0));
                let is_table = groups.iter().skip(1).any(|group| group.starts_with("00"))
                    || groups.iter().all(|group| group.len() == 4);
                let is_part = found.before().ends_with(['.', ':', '-', ',', '#', '/']);
                if !is_table && !is_part && !is_measure(found) {
                    let at = digits_at(found.of(0), found.whole().start, &(10..=17));
                    taken.add(Kind::Phone, at);
                }
            },
        )
        .split(Split::Early(is_cut)),
        // As it is written in North America.
        Rule::new(
            r"\([2-9][0-9]{2}\) ?[0-9]{3}[ .-][0-9]{4}\b",
            |found, taken| {
                if !found.before().ends_with(|c: char| c.is_ascii_alphanumeric()) {
                    taken.add(Kind::Phone, Some(found.whole()));
                }
            },
        )
        .split(Split::Early(is_cut)),
        Rule::new(
            r#"(?i)\b(?:tele(?:ph|f)one?|tel|(?:cell|mobile)[ _-]?phone|phone|mobil(?:e|funk)?|handy|(?:tele)?fax|msisdn|durchwahl|ruf(?:nummer)?)(?:[ _-]?(?:no|nr|number|nummer))?\b\.?\\*["']?[ \t]*[:=]?[ \t]*\\*["']?(\(?[0-9][0-9 ()./-]{4,}[0-9])"#,
            |found, taken| {
                let start = found.at(1).map_or(0, |at| at.start);
                let at = digits_at(found.of(1), start, &DIGITS_SAID);
                let is_dotted = |text: &str| canonical::address(text).is_some();
                if !is_dotted(found.of(1)) && !is_measure(found) {
                    taken.add(Kind::Phone, at);
                }
            },
        )
        .split(Split::Early(is_cut)),
    ]
}

/// The digits of a number, with the signs between them, up to as many as one may have: what follows is
/// another number, or a date.
fn digits_at(
    text: &str,
    start: usize,
    wanted: &std::ops::RangeInclusive<usize>,
) -> Option<Range<usize>> {
    let (mut count, mut end) = (0, 0);
    let mut at = 0;
    for group in text.split_inclusive([' ', '/', '.', '-', '(', ')']) {
        let digits = group.bytes().filter(u8::is_ascii_digit).count();
        let is_year = digits == 4 && (group.starts_with("19") || group.starts_with("20"));
        let is_enough = wanted.contains(&count);
        if count + digits > *wanted.end() || (is_enough && is_year && count >= CUT_MOST) {
            break;
        }
        at += group.len();
        count += digits;
        if digits > 0 {
            let signs = group.trim_end_matches([' ', '/', '.', '-', '(', ')']).len();
            end = at - group.len() + signs;
        }
    }
    wanted.contains(&count).then(|| start..start + end)
}

fn groups(text: &str) -> Vec<&str> {
    let parts = text.split(|c: char| !c.is_ascii_digit());
    parts.filter(|part| !part.is_empty()).collect()
}

/// Whether a plus sign and digits are a number with its country's code, and no difference, zone of time
/// or part of a version.
fn is_international(found: &Match<'_>, at: &Range<usize>) -> bool {
    let before = found.before();
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || ".+-/)%_".contains(c)) {
        return false;
    }
    let number = found.part(at.clone());
    let groups = groups(number);
    let first = groups.first().copied().unwrap_or_default();
    let is_year = first.len() == 4 && (first.starts_with("19") || first.starts_with("20"));
    if is_year || canonical::address(number.trim_start_matches('+')).is_some() {
        return false;
    }
    if groups.len() > 1 {
        // `+1 2 3 4 5 6 7 8` is no number of anybody.
        return groups.iter().any(|group| group.len() >= 3) && !is_measure(found);
    }
    let said = before.trim_end_matches([' ', '=', ':', '"', '(', '\\']);
    let word = said.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
    let word = word.unwrap_or_default().to_ascii_lowercase();
    first.len() >= 10 && !DIFFERENCES.contains(&word.as_str()) && !is_measure(found)
}

/// Whether a number is cut by the end of a line: its first part is too short for one.
fn is_cut(found: &Match<'_>, joint: usize) -> bool {
    let first = found.part(found.whole().start..joint);
    let digits = first.bytes().filter(u8::is_ascii_digit).count();
    digits < CUT_MOST
}
