//! Tunnels to production: what is asked before they start, and when they close by themselves.

use std::time::Duration;

use super::{Field, Invalid, Rule, rules};

/// A tunnel that leads to production: it starts only when a person says so each time, is never
/// started by the program itself, and closes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Production {
    /// What a person is asked. A reason by default.
    pub asks: Asks,
    /// How long after its start it closes by itself. `None` leaves it open. 8 h by default: a
    /// working day.
    pub closes_after: Option<Duration>,
}

/// What a person is asked before a tunnel to production starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Whether, and for which reason: AWS records it with each session.
    Reason,
    /// Only whether.
    Consent,
}

/// A person's word that a tunnel to production may start, for once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// Why, where that is asked.
    pub reason: Option<String>,
}

/// The mark as people and files write it, not yet checked. Absent settings are as by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductionDraft {
    /// `ask`, the default, or `none`.
    pub reason: Option<String>,
    /// Such as `30min` or `8h`, the default, or `off`.
    pub closes_after: Option<String>,
}

impl Default for Production {
    fn default() -> Self {
        Self {
            asks: Asks::Reason,
            closes_after: Some(rules::CLOSES_AFTER_DEFAULT),
        }
    }
}

impl Production {
    /// The reason that is recorded with the sessions of this start; `saved` is the one that the
    /// tunnel has of its own.
    ///
    /// # Errors
    ///
    /// [`Rule::ReasonMissing`] where a reason is asked and none was given; [`Rule::Reason`].
    pub fn reason(
        &self,
        consent: &Consent,
        saved: Option<&str>,
    ) -> Result<Option<String>, Invalid> {
        let given = consent.reason.as_deref().map(str::trim);
        let invalid = |rule| Invalid {
            field: Field::Reason,
            rule,
        };
        match (given, self.asks) {
            (None | Some(""), Asks::Reason) => Err(invalid(Rule::ReasonMissing)),
            (None | Some(""), Asks::Consent) => Ok(saved.map(str::to_owned)),
            (Some(reason), Asks::Reason | Asks::Consent) => {
                rules::reason(reason).map(Some).map_err(invalid)
            }
        }
    }
}

impl From<Production> for ProductionDraft {
    fn from(production: Production) -> Self {
        let usual = Production::default();
        // What is as usual is not written, so that it stays as usual.
        let unusual = |is_usual: bool, text: String| (!is_usual).then_some(text);
        Self {
            reason: unusual(
                production.asks == usual.asks,
                rules::asks_text(production.asks).to_owned(),
            ),
            closes_after: unusual(
                production.closes_after == usual.closes_after,
                rules::span_text(production.closes_after),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(reason: &str) -> Consent {
        Consent {
            reason: Some(reason.to_owned()),
        }
    }

    #[test]
    fn a_reason_that_is_asked_has_to_be_given_and_takes_the_place_of_the_saved_one() {
        let asks = Production::default();
        let given = |consent: &Consent| asks.reason(consent, Some("saved"));
        assert_eq!(
            given(&consent(" ticket 7 ")),
            Ok(Some("ticket 7".to_owned()))
        );
        for none in [Consent::default(), consent("  ")] {
            let wrong = given(&none).expect_err("a reason is asked");
            assert_eq!(
                (wrong.field, wrong.rule),
                (Field::Reason, Rule::ReasonMissing)
            );
        }
        let wrong = given(&consent(&"x".repeat(257))).expect_err("too long");
        assert_eq!(wrong.rule, Rule::Reason);
    }

    #[test]
    fn where_no_reason_is_asked_the_saved_one_serves() {
        let asks = Production {
            asks: Asks::Consent,
            ..Production::default()
        };
        let saved = asks.reason(&Consent::default(), Some("saved"));
        assert_eq!(saved, Ok(Some("saved".to_owned())));
        assert_eq!(asks.reason(&Consent::default(), None), Ok(None));
        let given = asks.reason(&consent("mine"), Some("saved"));
        assert_eq!(given, Ok(Some("mine".to_owned())));
    }
}
