//! Lines of the corpus in random order and company.

use proptest::prelude::*;
use redact::Redactor;

use super::PLANTED;

/// What stands between two texts of a mixture.
const BETWEEN: &str = "\n~ ~ ~\n";

fn entries() -> Vec<(&'static str, &'static str)> {
    PLANTED.into_iter().flatten().copied().collect()
}

fn text(value: &str, context: &str) -> String {
    context.replacen("{}", value, 1)
}

/// Another word of the same length: each of its letters is so many further on.
fn other(word: &str, by: u8) -> String {
    let turned = |byte: u8| match byte {
        b'a'..=b'z' => b'a' + (byte - b'a' + by) % 26,
        byte => byte,
    };
    word.bytes().map(|byte| char::from(turned(byte))).collect()
}

/// What is drawn here is a place in a list, which says nothing once the list has changed: none is kept.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Patterns are made ready once.
fn fresh() -> Redactor {
    static FRESH: std::sync::LazyLock<Redactor> =
        std::sync::LazyLock::new(|| Redactor::new().unwrap());
    FRESH.clone()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn in_any_company_what_is_planted_goes_and_what_is_equal_stays_equal(
        drawn in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let all = entries();
        let chosen: Vec<_> = drawn.iter().map(|index| *index.get(&all)).collect();
        let texts: Vec<_> = chosen.iter().map(|(value, context)| text(value, context)).collect();
        let once = texts.join(BETWEEN);
        let both = format!("{once}{BETWEEN}{once}");
        let redacted = fresh().text(&both).unwrap();
        let parts: Vec<_> = redacted.split(BETWEEN).collect();
        prop_assert_eq!(parts.len(), 2 * texts.len(), "{}", redacted);
        for (at, (value, _)) in chosen.iter().enumerate() {
            prop_assert!(!redacted.contains(value), "{value} in {redacted}");
            prop_assert_eq!(parts[at], parts[at + texts.len()], "{}", redacted);
        }
    }

    #[test]
    fn two_names_in_the_same_place_have_two_pseudonyms(
        drawn in any::<prop::sample::Index>(), by in 1_u8..26,
    ) {
        let words: Vec<_> = entries()
            .into_iter()
            .filter(|(value, _)| value.len() > 6 && value.bytes().all(|byte| byte.is_ascii_lowercase()))
            .collect();
        let (word, context) = *drawn.get(&words);
        let written = [word.to_owned(), other(word, by), word.to_owned()];
        let texts = written.map(|word| text(&word, context));
        let redacted = fresh().text(&texts.join(BETWEEN)).unwrap();
        let parts: Vec<_> = redacted.split(BETWEEN).collect();
        prop_assert_eq!(parts.len(), 3, "{}", redacted);
        prop_assert_eq!(parts[0], parts[2]);
        prop_assert_ne!(parts[0], parts[1]);
    }

    #[test]
    fn what_was_redacted_stays_as_it_is(
        drawn in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let all = entries();
        let texts: Vec<_> = drawn
            .iter()
            .map(|index| index.get(&all))
            .map(|(value, context)| text(value, context))
            .collect();
        let mut redactor = fresh();
        let once = redactor.text(&texts.join(BETWEEN)).unwrap();
        prop_assert_eq!(&redactor.text(&once).unwrap(), &once);
        // Nor does one see anything in it that has read nothing else.
        prop_assert_eq!(&fresh().text(&once).unwrap(), &once);
    }

    #[test]
    fn of_a_value_that_is_cut_nothing_beside_it_goes_with_it(
        drawn in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let all = entries();
        let texts: Vec<_> = drawn
            .iter()
            .map(|index| index.get(&all))
            .map(|(value, context)| {
                let middle = (value.len() / 2..).find(|at| value.is_char_boundary(*at)).unwrap();
                let (first, second) = value.split_at(middle);
                text(&format!("{first}\n    {second}"), context)
            })
            .collect();
        let once = texts.join(BETWEEN);
        let redacted = fresh().text(&format!("{once}{BETWEEN}{once}")).unwrap();
        let parts: Vec<_> = redacted.split(BETWEEN).collect();
        prop_assert_eq!(parts.len(), 2 * texts.len(), "{}", redacted);
    }
}
