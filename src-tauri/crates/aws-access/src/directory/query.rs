//! What somebody types, and how well it fits.

/// The longest text that is looked at, in characters; nobody types more to find a node.
const TYPED_MOST: usize = 200;

/// What was typed: words, all of which must fit.
///
/// A word fits an entry whose id, name, address, platform, kind or the value of a tag has it in
/// it, in capitals or not. `tag:KEY=VALUE` fits one whose tag of this key has a value that begins
/// so, `tag:KEY` one that has the tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Plain(String),
    Tag { key: String, value: String },
}

/// What of an entry is searched, in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Searched {
    /// What people know it by.
    pub(super) names: Vec<String>,
    /// What else is known of it.
    pub(super) facts: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
}

/// How a text has a word in it; less is better.
const EXACT: u32 = 0;
const PREFIX: u32 = 1;
const WORD: u32 = 2;
const INSIDE: u32 = 3;

impl Query {
    /// Reads what was typed. Everything can be typed: what is not understood is searched for.
    pub fn new(typed: &str) -> Self {
        let typed: String = typed.chars().take(TYPED_MOST).collect();
        let words = typed.split_whitespace();
        let words = words.map(|word| {
            let word = word.to_lowercase();
            match word.strip_prefix("tag:") {
                Some(tag) => {
                    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
                    let (key, value) = (key.to_owned(), value.to_owned());
                    Word::Tag { key, value }
                }
                None => Word::Plain(word),
            }
        });
        Self {
            words: words.collect(),
        }
    }

    /// How well it fits; less is better, `None` is not at all.
    pub(super) fn fit(&self, searched: &Searched) -> Option<u32> {
        self.words
            .iter()
            .try_fold(0, |sum, word| Some(sum + word.fit(searched)?))
    }
}

impl Word {
    fn fit(&self, searched: &Searched) -> Option<u32> {
        match self {
            Self::Plain(word) => {
                let best = |texts: &[String]| texts.iter().filter_map(|text| fit(text, word)).min();
                let values = searched.tags.iter().map(|(_, value)| value);
                let tagged = values.filter_map(|value| fit(value, word)).min();
                let named = best(&searched.names).map(|fit| fit * 2);
                let known = best(&searched.facts).into_iter().chain(tagged).min();
                // Of what fits equally well, what people know it by comes first.
                named.into_iter().chain(known.map(|fit| fit * 2 + 1)).min()
            }
            Self::Tag { key, value } => searched
                .tags
                .iter()
                .filter(|(of, _)| of == key)
                // As far as it is typed: who writes prod does not mean nonprod.
                .filter(|(_, of)| of.starts_with(value.as_str()))
                .filter_map(|(_, of)| fit(of, value))
                .min()
                .map(|fit| fit * 2),
        }
    }
}

/// How a text has a word in it, at its best place.
fn fit(text: &str, word: &str) -> Option<u32> {
    let mut best = None;
    for (at, _) in text.match_indices(word) {
        let fit = match text[..at].chars().next_back() {
            None if text.len() == word.len() => EXACT,
            None => PREFIX,
            Some(before) if !before.is_alphanumeric() => WORD,
            Some(_) => INSIDE,
        };
        best = Some(best.map_or(fit, |best: u32| best.min(fit)));
        if fit <= WORD {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched() -> Searched {
        Searched {
            names: vec![
                "i-0123456789abcdef0".to_owned(),
                "web-frontend-1".to_owned(),
            ],
            facts: vec!["10.0.3.17".to_owned(), "amazon linux 2023".to_owned()],
            tags: vec![
                ("env".to_owned(), "prod".to_owned()),
                ("spare".to_owned(), String::new()),
            ],
        }
    }

    fn fits(typed: &str) -> Option<u32> {
        Query::new(typed).fit(&searched())
    }

    #[test]
    fn a_whole_word_fits_better_than_its_begin_and_that_better_than_its_inside() {
        let order = ["web-frontend-1", "web", "frontend", "ront"].map(|typed| fits(typed).unwrap());
        assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
        assert!(fits("web") < fits("10.0"), "names come first");
        assert!(fits("10.0") < fits("ront"), "a begin before an inside");
    }

    #[test]
    fn all_words_must_fit_in_capitals_or_not() {
        for typed in [
            "",
            "  ",
            "WEB Linux",
            "0123 10.0.3",
            "prod web",
            "tag:env=prod",
            "tag:ENV",
            "tag:env=pr",
            "tag:spare",
            "tag:spare=",
        ] {
            assert!(fits(typed).is_some(), "{typed:?}");
        }
        for typed in [
            "web database",
            "tag:env=test",
            "tag:env=rod",
            "tag:nv=prod",
            "web web web web web web web web database",
            "tag:=prod",
            "windows",
        ] {
            assert_eq!(fits(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn what_is_endless_is_cut() {
        let query = Query::new(&"a ".repeat(100_000));
        assert_eq!(query.words.len(), TYPED_MOST / 2);
        let query = Query::new(&"é".repeat(100_000));
        assert_eq!(query.words, [Word::Plain("é".repeat(TYPED_MOST))]);
    }
}
