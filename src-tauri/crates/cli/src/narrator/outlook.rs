//! For whom a tunnel is not well, and until when, in words.

use tunnel_manager::tunnel::{Outlook, Then, Until};

use crate::words;

/// A sentence or two, each with a space before it; nothing where there is nothing to say.
pub(super) fn words(outlook: &Outlook) -> String {
    let waits = match outlook.held.saturating_add(outlook.waiting) {
        0 => String::new(),
        1 => " 1 connection waits.".to_owned(),
        more => format!(" {more} connections wait."),
    };
    let until = outlook.until.map(|Until { at, then }| {
        let at = words::clock(at);
        match then {
            Then::Resumed => format!(" If nothing changes, it is resumed at {at}."),
            Then::Replaced => format!(
                " If nothing changes, another session takes its place at {at}, and its connections \
                 are reset."
            ),
            Then::CaughtUp => format!(" It should have caught up at about {at}."),
            Then::GivenUp => format!(" It is tried until {at}."),
            Then::Listening => format!(
                " It is tried until {at}; after that the next connection starts another \
                 session."
            ),
        }
    });
    waits + &until.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_and_until_when_is_said_where_it_is_known() {
        assert_eq!(words(&Outlook::default()), "");
        let outlook = Outlook {
            held: 2,
            waiting: 1,
            until: Some(Until {
                at: 1_795_262_400_000,
                then: Then::Replaced,
            }),
        };
        let said = words(&outlook);
        let at = words::clock(1_795_262_400_000);
        assert!(said.starts_with(" 3 connections wait."), "{said}");
        assert!(said.contains(&format!("takes its place at {at}")), "{said}");
        let one = Outlook {
            held: 1,
            ..Outlook::default()
        };
        assert_eq!(words(&one), " 1 connection waits.");
    }
}
