//! The environment, and who may listen to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The environment variables that an [`Access`](crate::Access) hears.
#[derive(Clone)]
pub(crate) enum Variables {
    /// Those of the process.
    Process,
    /// These and no others.
    Fixed(Arc<BTreeMap<String, String>>),
}

/// Leaves the values out: some of them are keys.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("Process"),
            Self::Fixed(values) => f.debug_set().entries(values.keys()).finish(),
        }
    }
}

impl Variables {
    /// No variables at all: what steers a tunnel that is pinned to a profile.
    pub(crate) fn none() -> Self {
        Self::Fixed(Arc::default())
    }

    /// Reads one; one that is set to nothing counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(values) => values.get(name).cloned(),
        }
        .filter(|value| !value.is_empty())
    }

    /// Reads a switch: `true` or `false`, in capitals or not. Anything else is told in the log
    /// and counts as not set, as in the SDK.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        switch(name, &self.get(name)?)
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Variables {
    fn from(values: [(&str, &str); N]) -> Self {
        let owned = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::Fixed(Arc::new(owned.into()))
    }
}

/// Reads the value of a switch, of the environment or of a profile.
pub(crate) fn switch(name: &str, value: &str) -> Option<bool> {
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        tracing::warn!(name, "neither true nor false: not heeded");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_variables_are_not_printed() {
        let variables = Variables::from([("AWS_SECRET_ACCESS_KEY", "planted-variable")]);
        let printed = format!("{variables:?}");
        assert!(printed.contains("AWS_SECRET_ACCESS_KEY"), "{printed}");
        assert!(!printed.contains("planted"), "{printed}");
    }
}
