//! What is made once for equal settings, and shared by all who have these: a TLS context with its
//! roots takes a megabyte, and each tunnel has an access of its own.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The values that somebody uses now. One that nobody holds any more is gone.
pub(crate) struct Shared<T> {
    used: Mutex<Vec<Weak<T>>>,
}

impl<T> Shared<T> {
    pub(crate) const fn new() -> Self {
        Self {
            used: Mutex::new(Vec::new()),
        }
    }

    /// The value that `fits`, made now if nobody has one. `fits` compares all that `make` heeds.
    pub(crate) fn get<E>(
        &self,
        fits: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        // Held while it is made: who asks for the same meanwhile waits, and shares it.
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|value| value.strong_count() > 0);
        let found = used.iter().filter_map(Weak::upgrade).find(|one| fits(one));
        if let Some(value) = found {
            return Ok(value);
        }
        let value = Arc::new(make()?);
        used.push(Arc::downgrade(&value));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn get(shared: &Shared<String>, text: &str) -> Arc<String> {
        let make = || Ok::<_, Infallible>(text.to_owned());
        shared.get(|one| one == text, make).unwrap()
    }

    #[test]
    fn equal_ones_are_made_once_and_others_anew() {
        let shared = Shared::new();
        let (first, other) = (get(&shared, "a"), get(&shared, "b"));
        assert!(Arc::ptr_eq(&first, &get(&shared, "a")));
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn what_nobody_holds_is_kept_by_nobody() {
        let shared = Shared::new();
        let first = Arc::downgrade(&get(&shared, "a"));
        assert!(first.upgrade().is_none());
        let _second = get(&shared, "b");
        let left = shared.used.lock().unwrap().len();
        assert_eq!(left, 1, "the place of the first is gone, too");
    }

    #[test]
    fn what_could_not_be_made_is_tried_again_by_the_next() {
        let shared = Shared::<String>::new();
        let failed = shared.get(|_| true, || Err("no"));
        assert_eq!(failed, Err("no"));
        assert_eq!(*get(&shared, "a"), "a");
    }
}
