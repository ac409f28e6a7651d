//! Lists in words, and lengths of time and counts.

pub(super) use crate::words::span;

/// How many there are of something.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    crate::words::count(number as u64, one, many)
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Ends a sentence that may end with a name, which may have a full stop of its own.
pub(super) fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

/// Those that say something, each once, in their order.
pub(super) fn once<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut told = Vec::new();
    for item in items {
        if !item.is_empty() && !told.contains(&item) {
            told.push(item);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_said_as_people_do() {
        let of = |items: &[&str]| list(&items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
        assert_eq!(of(&["a"]), "a");
        assert_eq!(once(["b", "", "a", "b"].into_iter()), ["b", "a"]);
    }
}
