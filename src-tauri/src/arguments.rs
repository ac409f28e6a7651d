//! How the desktop app is started.

use std::ffi::OsString;

/// Starts without a window: the tray, or another start, shows it.
pub(crate) const HIDDEN: &str = "--hidden";

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) hidden: bool,
}

/// An argument that has no meaning.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no argument of the desktop app, which knows {HIDDEN} alone. The command line is culvert."
)]
pub(crate) struct Unknown(OsString);

impl Arguments {
    /// Reads what comes after the program's name.
    ///
    /// # Errors
    ///
    /// [`Unknown`].
    pub(crate) fn of(given: impl IntoIterator<Item = OsString>) -> Result<Self, Unknown> {
        let mut arguments = Self::default();
        for argument in given {
            if argument == HIDDEN {
                arguments.hidden = true;
            } else {
                return Err(Unknown(argument));
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &[&str]) -> Result<Arguments, Unknown> {
        Arguments::of(given.iter().map(Into::into))
    }

    #[test]
    fn the_window_is_hidden_only_when_that_is_asked_for() {
        assert_eq!(of(&[]), Ok(Arguments { hidden: false }));
        assert_eq!(of(&["--hidden"]), Ok(Arguments { hidden: true }));
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        let refused = of(&["--hidden", "forward"]).expect_err("unknown");
        assert!(refused.to_string().contains("\"forward\""));
    }
}
