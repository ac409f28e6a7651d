//! What was equal is equal afterwards, and what differed differs.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use std::sync::LazyLock;

use proptest::prelude::*;
use redact::Redactor;

/// A value that must go, of any kind, from a number.
fn value(kind: u8, number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    match kind % 14 {
        0 => format!("i-{number:017x}"),
        1 => format!("10.{b}.{c}.{d}"),
        2 => format!("db-{number}.firma.example"),
        3 => format!("user{number}@firma.example"),
        4 => format!("{:012}", u64::from(number) + 100_000_000_000),
        5 => format!("nina-{:017x}", u64::from(number) << 20),
        6 => format!("AKIA{number:016}"),
        7 => format!("fd00::{a:x}:{b:x}:{c:x}:{:x}", u16::from(d) + 1),
        8 => format!("+49 30 {:07}", number + 1_000_000),
        9 => format!("cluster acme-{number}"),
        10 => format!("alias/acme-{number}"),
        11 => format!("AUTH planted-{number}"),
        12 => format!("0xac10{c:02x}{:02x}", u16::from(d) + 1),
        _ => format!("mi-{number:017x}"),
    }
}

/// The ways to write a value, of a kind that can be written in several.
fn writings(kind: u8, number: u32) -> Vec<String> {
    let [a, b, c, d] = number.to_be_bytes();
    let account = format!("{:012}", u64::from(number) + 100_000_000_000);
    let [x, y, z] = [0, 4, 8].map(|at| &account[at..at + 4]);
    match kind % 8 {
        0 => vec![
            account.clone(),
            format!("{x}-{y}-{z}"),
            format!("account {x} {y} {z}"),
        ],
        1 => vec![
            format!("10.{b}.{c}.{d}"),
            format!("::ffff:10.{b}.{c}.{d}"),
            format!("::FFFF:0a{b:02x}:{c:02x}{d:02x}"),
            format!("010.{b:03}.{c:03}.{d:03}"),
            format!("0x0a{b:02x}{c:02x}{d:02x}"),
            format!("0X0A{b:02X}{c:02X}{d:02X}"),
            format!("{d:02X}{c:02X}{b:02X}0A:1F90"),
            format!("0000000000000000FFFF0000{d:02X}{c:02X}{b:02X}0A:1F90"),
        ],
        2 => vec![
            format!("2001:db8::{:x}:{:x}:1", u16::from(a) + 1, number & 0xffff),
            format!(
                "2001:0DB8:0:0:0:{:04X}:{:04X}:0001",
                u16::from(a) + 1,
                number & 0xffff
            ),
            format!(
                "[2001:db8:0:0::{:x}:{:x}:1]:443",
                u16::from(a) + 1,
                number & 0xffff
            ),
        ],
        3 => vec![
            format!("02:ab:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
            format!("02-AB-{a:02X}-{b:02X}-{c:02X}-{d:02X}"),
            format!("02ab.{a:02x}{b:02x}.{c:02x}{d:02x}"),
        ],
        4 => vec![
            format!("db-{number}.firma.example"),
            format!("DB-{number}.Firma.Example"),
            format!("db-{number}.firma.example."),
        ],
        6 => {
            let number = number % 9_000_000 + 1_000_000;
            vec![
                format!("+49 30 {number}"),
                format!("+4930{number}"),
                format!("0049 30 {number}"),
                format!("+49 (0)30 / {number}"),
                format!("Tel. 0049-30-{number}"),
            ]
        }
        5 => vec![format!("i-{number:017x}"), format!("I-{number:017X}")],
        _ => vec![
            format!("user{number}@firma.example"),
            format!("User{number}@FIRMA.example"),
        ],
    }
}

/// The pseudonyms of a text.
fn pseudonyms(text: &str) -> Vec<&str> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '#');
    text.split(is_end)
        .filter(|word| word.contains("-#"))
        .collect()
}

/// Patterns are made ready once.
fn fresh() -> Redactor {
    static FRESH: LazyLock<Redactor> = LazyLock::new(|| Redactor::new().unwrap());
    FRESH.clone()
}

proptest! {
    #[test]
    fn equal_stays_equal_and_different_stays_different(
        drawn in prop::collection::vec((any::<u8>(), 0_u32..40), 1..20),
    ) {
        let values: Vec<_> = drawn.iter().map(|(kind, number)| value(*kind, *number)).collect();
        let text = values.iter().map(|value| format!("at <{value}> now")).collect::<Vec<_>>().join("\n");
        let redacted = fresh().text(&text).unwrap();
        let names: Vec<_> = redacted.lines().map(|line| {
            line.strip_prefix("at <").and_then(|line| line.strip_suffix("> now")).unwrap().to_owned()
        }).collect();
        for (one, name) in values.iter().zip(&names) {
            prop_assert!(!redacted.contains(one.as_str()), "{one} in {redacted}");
            for (other, its) in values.iter().zip(&names) {
                prop_assert_eq!(one == other, name == its, "{} {} {} {}", one, other, name, its);
            }
        }
    }

    #[test]
    fn a_value_has_one_pseudonym_however_it_is_written_and_shares_it_with_no_other(
        kind in any::<u8>(), one in any::<u32>(), other in any::<u32>(), reversed in any::<bool>(),
    ) {
        prop_assume!(one != other && one % 9_000_000 != other % 9_000_000);
        let mut written: Vec<_> = writings(kind, one);
        if reversed {
            written.reverse();
        }
        let count = written.len();
        written.extend(writings(kind, other));
        let text = written.iter().map(|value| format!("at <{value}> now\n")).collect::<String>();
        let redacted = fresh().text(&text).unwrap();
        let names: Vec<Vec<_>> = redacted.lines().map(pseudonyms).collect();
        for (at, name) in names.iter().enumerate() {
            prop_assert_eq!(name.len(), 1, "{} {}", written[at], redacted);
            let like = if at < count { 0 } else { count };
            prop_assert_eq!(name, &names[like], "{}", redacted);
        }
        prop_assert_ne!(&names[0], &names[count], "{}", redacted);
    }

    #[test]
    fn any_text_is_redacted_without_a_fault_and_once_is_enough(text in ".{0,300}") {
        let mut redactor = fresh();
        let once = redactor.text(&text).unwrap();
        let twice = redactor.text(&once).unwrap();
        prop_assert_eq!(once, twice);
    }
}
