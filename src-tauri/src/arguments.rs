//! How the desktop app is started.

use std::ffi::OsString;

use crate::link::Link;

/// Starts without a window: the tray, or another start, shows it.
pub(crate) const HIDDEN: &str = "--hidden";

/// Says that the desktop has started the program at login: the settings say whether with a window.
pub(crate) const AT_LOGIN: &str = "--at-login";

/// What the program is asked to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) hidden: bool,
    pub(crate) at_login: bool,
    /// Leads to this tunnel.
    pub(crate) link: Option<Link>,
}

/// An argument that has no meaning.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no argument of the desktop app, which knows {HIDDEN}, {AT_LOGIN} and links of the form \
     culvert://connect/NAME. The command line is culvert."
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
            } else if argument == AT_LOGIN {
                arguments.at_login = true;
            } else if let Some(link) = argument.to_str().and_then(Link::parse) {
                arguments.link = Some(link);
            } else {
                return Err(Unknown(argument));
            }
        }
        Ok(arguments)
    }

    /// Whether the start opens the window, from whether one at login is to be hidden.
    pub(crate) const fn opens_window(&self, hidden_at_login: bool) -> bool {
        !(self.hidden || self.at_login && hidden_at_login)
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
        let asked = |given| of(given).map(|arguments| arguments.opens_window(false));
        assert_eq!(asked(&[]), Ok(true));
        assert_eq!(asked(&["--hidden"]), Ok(false));
    }

    #[test]
    fn at_login_the_settings_say_whether_there_is_a_window() {
        let arguments = of(&["--at-login"]).expect("known");
        assert!(arguments.opens_window(false));
        assert!(!arguments.opens_window(true));
        let asked = of(&[]).expect("known");
        assert!(
            asked.opens_window(true),
            "a start by hand is no start at login"
        );
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        let refused = of(&["--hidden", "forward"]).expect_err("unknown");
        assert!(refused.to_string().contains("\"forward\""));
        of(&["culvert://start/Orders"]).expect_err("links lead somewhere and start nothing");
        let led = of(&["culvert://connect/Orders"]).expect("known");
        assert!(led.link.is_some() && led.opens_window(true));
    }
}
