//! What was equal is equal afterwards, and what differed differs.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use std::sync::LazyLock;

use proptest::prelude::*;
use redact::Redactor;

/// A value that must go, of any kind, from a number.
fn value(kind: u8, number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    match kind % 9 {
        0 => format!("i-{number:017x}"),
        1 => format!("10.{b}.{c}.{d}"),
        2 => format!("db-{number}.firma.example"),
        3 => format!("user{number}@firma.example"),
        4 => format!("{:012}", u64::from(number) + 100_000_000_000),
        5 => format!("nina-{:017x}", u64::from(number) << 20),
        6 => format!("AKIA{number:016}"),
        7 => format!("fd00::{a:x}:{b:x}:{c:x}:{:x}", u16::from(d) + 1),
        _ => format!("mi-{number:017x}"),
    }
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
    fn any_text_is_redacted_without_a_fault_and_once_is_enough(text in ".{0,300}") {
        let mut redactor = fresh();
        let once = redactor.text(&text).unwrap();
        let twice = redactor.text(&once).unwrap();
        prop_assert_eq!(once, twice);
    }
}
