//! What is left open in the account.

use super::words;
use crate::finding::Sentences;
use crate::{Fault, Judgement, Said};

/// Sessions that are named one by one.
const SESSIONS_TOLD: usize = 5;

/// An open session of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub id: String,
    /// Its target.
    pub target: Option<String>,
    /// Whose it is, as far as this machine knows.
    pub owner: Owner,
}

/// Whose an open session is, as far as this machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A process of Culvert that lives.
    Living,
    /// A process of Culvert that is dead: nobody uses the session.
    Dead,
    /// The same, where the service was not asked whether the session is still open: this machine
    /// has noted its start, and no end.
    DeadUnseen,
    /// Something else under the same name: the AWS CLI, the console, another machine.
    Elsewhere,
}

/// Open sessions, and what a sweep made of those that nobody uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sessions {
    /// All that are open under our name.
    pub open: Vec<OpenSession>,
    /// What was swept, if that was asked for.
    pub swept: Option<Sweep>,
}

/// What became of the sessions that nobody used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sweep {
    /// So many were ended.
    pub ended: usize,
    /// So many were of a service on this machine that is gone, and they with it.
    pub forgotten: usize,
    /// Those that could not be, and why.
    pub left: Vec<(String, Fault)>,
}

/// Judges the open sessions. The service need not be asked for them: `listed` says why it could
/// not be, and then only those are told that this machine knows of.
#[must_use]
pub fn ghosts(sessions: &Sessions, listed: Option<Fault>) -> Judgement {
    let of = |owner| {
        let of_owner = sessions.open.iter().filter(move |open| open.owner == owner);
        of_owner.cloned().collect::<Vec<_>>()
    };
    let (living, dead, elsewhere) = (of(Owner::Living), of(Owner::Dead), of(Owner::Elsewhere));
    let unseen = of(Owner::DeadUnseen);
    let mut told = Sentences::default();
    if let Some(sweep) = &sessions.swept {
        if sweep.ended > 0 {
            told.add(
                "ghosts-ended",
                [("count", &sweep.ended)],
                format!(
                    "Ended {} that nobody used.",
                    words::count(sweep.ended, "session", "sessions")
                ),
            );
        }
        if sweep.forgotten > 0 {
            told.add(
                "ghosts-forgotten",
                [("count", &sweep.forgotten)],
                format!(
                    "Forgot {}: the service on this machine that had {} is gone.",
                    words::count(sweep.forgotten, "session", "sessions"),
                    if sweep.forgotten == 1 { "it" } else { "them" },
                ),
            );
        }
        if let Some((id, fault)) = sweep.left.first() {
            let judgement = Judgement::warning(
                "ghosts-left",
                format!(
                    "{} could not be ended, {id} among them: {}",
                    words::count(sweep.left.len(), "session", "sessions"),
                    fault.what
                ),
                fault.remedy.clone(),
            );
            return judgement
                .with_fact("count", &sweep.left.len())
                .with_fact("session", id)
                .of(fault.code.clone(), (*fault.facts).clone())
                .with_details(fault.details.clone());
        }
    }
    if !dead.is_empty() {
        told.add(
            "ghosts-dead",
            [("sessions", &listed_of(&dead))],
            format!(
                "{} of ours {} open, and the program that had started {} is gone: {}. {}",
                words::count(dead.len(), "session", "sessions"),
                if dead.len() == 1 { "is" } else { "are" },
                if dead.len() == 1 { "it" } else { "them" },
                named(&dead),
                if dead.len() == 1 {
                    "It counts against the account, until it ends by itself."
                } else {
                    "They count against the account, until they end by themselves."
                }
            ),
        );
    }
    if !unseen.is_empty() {
        told.add(
            "ghosts-unseen",
            [("sessions", &listed_of(&unseen))],
            format!(
                "{} of ours may be open where the service was not asked, in another account or region \
                 or with other credentials, and the program that had started {} is gone: {}.",
                words::count(unseen.len(), "session", "sessions"),
                if unseen.len() == 1 { "it" } else { "them" },
                named(&unseen)
            ),
        );
    }
    if !dead.is_empty() || !unseen.is_empty() {
        let judgement = told.warning(
            "ghosts",
            "End them with \"culvert doctor --sweep\"; the next tunnel that is started does so, \
             too.",
        );
        return match listed {
            Some(fault) => judgement.with_details(format!("{} {}", fault.what, fault.details)),
            None => judgement,
        };
    }
    if let Some(fault) = listed {
        return fault.into_warning((
            Said::of("ghosts-noted", []),
            "Only sessions that this machine has noted were looked at.",
        ));
    }
    match (living.len(), elsewhere.len()) {
        (0, 0) if told.is_empty() => told.add("ghosts-none", [], "None."),
        (0, 0) => told.add("ghosts-none-left", [], "None is left."),
        (own, 0) => told.add(
            "ghosts-own",
            [("count", &own)],
            format!("{own} in use by Culvert on this machine."),
        ),
        (own, others) => told.add(
            "ghosts-own-and-others",
            [("count", &own), ("sessions", &listed_of(&elsewhere))],
            format!(
                "{own} in use by Culvert on this machine, and {} under the same name that it knows \
                 nothing of (the AWS CLI, the console, another machine): {}.",
                words::count(others, "other", "others"),
                named(&elsewhere)
            ),
        ),
    }
    told.ok()
}

/// Sessions without a word of ours.
fn listed_of(sessions: &[OpenSession]) -> String {
    let shown = sessions.iter().take(SESSIONS_TOLD);
    let mut names: Vec<_> = shown
        .map(|open| match &open.target {
            Some(target) => format!("{} → {target}", open.id),
            None => open.id.clone(),
        })
        .collect();
    if sessions.len() > SESSIONS_TOLD {
        names.push("…".to_owned());
    }
    names.join(", ")
}

fn named(sessions: &[OpenSession]) -> String {
    let mut names: Vec<_> = sessions
        .iter()
        .take(SESSIONS_TOLD)
        .map(|open| match &open.target {
            Some(target) => format!("{} to {target}", open.id),
            None => open.id.clone(),
        })
        .collect();
    let more = sessions.len().saturating_sub(SESSIONS_TOLD);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    words::list(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Business, Verdict};

    fn fault(code: &str) -> Fault {
        Fault {
            business: Business::Permission,
            code: code.to_owned(),
            what: "No.".to_owned(),
            remedy: "Ask.".to_owned(),
            details: "raw".to_owned(),
            facts: Box::default(),
        }
    }

    fn open(id: &str, owner: Owner) -> OpenSession {
        OpenSession {
            id: id.to_owned(),
            target: Some("i-0abc".to_owned()),
            owner,
        }
    }

    fn sessions(open: Vec<OpenSession>, swept: Option<Sweep>) -> Sessions {
        Sessions { open, swept }
    }

    #[test]
    fn sessions_of_the_dead_are_ghosts_and_others_are_not() {
        let found = ghosts(&sessions(Vec::new(), None), None);
        assert_eq!((found.verdict, found.what.as_str()), (Verdict::Ok, "None."));
        let found = ghosts(&sessions(vec![open("a", Owner::Living)], None), None);
        assert_eq!(found.what, "1 in use by Culvert on this machine.");
        let both = vec![
            open("a", Owner::Living),
            open("b", Owner::Elsewhere),
            open("c", Owner::Dead),
        ];
        let found = ghosts(&sessions(both.clone(), None), None);
        assert_eq!(found.code, "ghosts");
        assert!(found.what.contains("c to i-0abc"), "{}", found.what);
        assert!(!found.what.contains("b to i-0abc"), "{}", found.what);
        assert!(found.remedy.contains("--sweep"), "{}", found.remedy);
        let found = ghosts(&sessions(both[..2].to_vec(), None), None);
        assert_eq!(found.verdict, Verdict::Ok);
        assert!(found.what.contains("b to i-0abc"), "{}", found.what);
        let found = ghosts(&sessions(Vec::new(), None), Some(fault("access-denied")));
        assert_eq!(found.verdict, Verdict::Warning);
        // What this machine has noted is told where nobody could look, and as no more than that.
        let unseen = vec![open("a", Owner::Living), open("d", Owner::DeadUnseen)];
        for listed in [None, Some(fault("access-denied"))] {
            let found = ghosts(&sessions(unseen.clone(), None), listed);
            assert_eq!(found.code, "ghosts");
            assert!(
                found.what.contains("1 session of ours may be open"),
                "{}",
                found.what
            );
            assert!(found.remedy.contains("--sweep"), "{}", found.remedy);
        }
    }

    #[test]
    fn a_sweep_says_what_it_ended_and_what_it_could_not() {
        let swept = |ended, left| {
            Some(Sweep {
                ended,
                forgotten: 0,
                left,
            })
        };
        let found = ghosts(&sessions(Vec::new(), swept(2, Vec::new())), None);
        assert_eq!(found.verdict, Verdict::Ok);
        assert_eq!(
            found.what,
            "Ended 2 sessions that nobody used. None is left."
        );
        let gone = Some(Sweep {
            forgotten: 1,
            ..Sweep::default()
        });
        let found = ghosts(&sessions(Vec::new(), gone), None);
        assert_eq!(found.verdict, Verdict::Ok);
        assert!(
            found.what.starts_with("Forgot 1 session: "),
            "{}",
            found.what
        );
        assert!(!found.what.contains("Ended"), "{}", found.what);
        let left = vec![("s-1".to_owned(), fault("access-denied"))];
        let found = ghosts(&sessions(Vec::new(), swept(0, left)), None);
        assert_eq!(found.code, "ghosts-left");
        assert!(found.what.contains("s-1"), "{}", found.what);
    }
}
