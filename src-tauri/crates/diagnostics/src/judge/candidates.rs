//! Several candidates for the target of one tunnel.

use super::{target, words};
use crate::{Judgement, Said, Verdict};

/// What was found of one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCandidate {
    /// Whether a session can be had there, as far as other checks say.
    pub usable: bool,
    /// What this check found.
    pub judgement: Judgement,
}

/// Judges what was found of the candidates, in the order in which a tunnel tries them. What a
/// tunnel passes over is a warning as long as one is left that works.
#[must_use]
pub fn candidates(each: &[Judgement]) -> Judgement {
    together(
        each,
        (
            Said::of("passed-over", []),
            "The tunnel passes over what does not work, in favour of what does.",
        ),
    )
}

/// The same for a check of which a candidate is no better than what other checks say of it: if
/// those that are usable fail here, nothing works.
#[must_use]
pub fn usable_candidates(each: Vec<OfCandidate>) -> Judgement {
    let usable: Vec<_> = each
        .iter()
        .filter(|candidate| candidate.usable)
        .map(|candidate| candidate.judgement.clone())
        .collect();
    if !usable.is_empty() && usable.iter().all(is_failure) {
        return candidates(&usable);
    }
    let all: Vec<_> = each.into_iter().map(|each| each.judgement).collect();
    candidates(&all)
}

/// Judges the agents of the candidates. A tunnel does not pass over an agent for what it lacks:
/// that of the candidate which it takes first decides.
#[must_use]
pub fn agents(each: Vec<OfCandidate>) -> Judgement {
    let mut usable: Vec<_> = each
        .into_iter()
        .filter(|candidate| candidate.usable)
        .map(|candidate| candidate.judgement)
        .collect();
    match usable.first() {
        None => target::version_open(),
        Some(first) if is_failure(first) => usable.swap_remove(0),
        Some(_) => together(
            &usable,
            (
                Said::of("matters-there", []),
                "It matters when the tunnel goes there.",
            ),
        ),
    }
}

fn together(each: &[Judgement], meaning: (Said, &str)) -> Judgement {
    let works = each.iter().any(|judgement| !is_failure(judgement));
    let worst = each
        .iter()
        .find(|judgement| is_failure(judgement))
        .or_else(|| each.iter().find(|j| j.verdict == Verdict::Warning))
        .or_else(|| each.iter().find(|j| j.verdict == Verdict::Ok))
        .or_else(|| each.first());
    let Some(worst) = worst.cloned() else {
        return Judgement::nothing_to_check("There is no target.").saying("no-target-there", []);
    };
    if each.len() == 1 {
        return worst;
    }
    let mut told = words::once(each.iter().map(|judgement| judgement.what.as_str()));
    let passed_over = works && is_failure(&worst);
    let mut said = said_once(each);
    if passed_over {
        told.push(meaning.1);
        if !said.is_empty() {
            said.push(meaning.0);
        }
    }
    Judgement {
        verdict: if passed_over {
            Verdict::Warning
        } else {
            worst.verdict
        },
        what: told.join(" "),
        said,
        details: words::once(each.iter().map(|judgement| judgement.details.as_str())).join("; "),
        ..worst
    }
}

/// The sentences of all, each once. None if the name of one of them is not known.
fn said_once(each: &[Judgement]) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for judgement in each {
        if judgement.said.is_empty() && !judgement.what.is_empty() {
            return Vec::new();
        }
        for said in &judgement.said {
            if !all.contains(said) {
                all.push(said.clone());
            }
        }
    }
    all
}

fn is_failure(judgement: &Judgement) -> bool {
    match judgement.verdict {
        Verdict::Failed(_) => true,
        Verdict::Ok | Verdict::Warning | Verdict::Skipped(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Business;

    fn lost(id: &str) -> Judgement {
        Judgement::failed(
            Business::Target,
            "target-not-connected",
            format!("{id} is not connected."),
            "Check it.",
        )
    }

    fn online(id: &str) -> Judgement {
        Judgement::ok(format!("{id} is online."))
    }

    fn of(usable: bool, judgement: Judgement) -> OfCandidate {
        OfCandidate { usable, judgement }
    }

    #[test]
    fn the_sentences_of_several_are_named_once_each_and_not_at_all_if_one_has_no_name() {
        let online = |id: &str| online(id).saying("target-online", [("target", &id)]);
        let found = candidates(&[lost("a"), online("b"), online("b")]);
        let names: Vec<_> = found.said.iter().map(|said| said.name.as_str()).collect();
        assert_eq!(
            names,
            ["target-not-connected", "target-online", "passed-over"]
        );
        let found = candidates(&[lost("a"), Judgement::ok("b is somehow there.")]);
        assert_eq!(found.said, []);
    }

    #[test]
    fn one_candidate_is_judged_by_itself() {
        assert_eq!(candidates(&[lost("a")]), lost("a"));
        assert_eq!(candidates(&[online("a")]), online("a"));
    }

    #[test]
    fn one_that_does_not_work_beside_one_that_does_is_a_warning_that_names_both() {
        for each in [vec![lost("a"), online("b")], vec![online("b"), lost("a")]] {
            let found = candidates(&each);
            assert_eq!(found.verdict, Verdict::Warning);
            assert_eq!(found.code, "target-not-connected");
            for words in ["a is not connected", "b is online", "passes over"] {
                assert!(found.what.contains(words), "{}", found.what);
            }
            assert_eq!(found.remedy, "Check it.");
        }
        let found = candidates(&[online("a"), online("b")]);
        assert_eq!(found, Judgement::ok("a is online. b is online."));
    }

    #[test]
    fn where_none_works_the_first_says_whose_business_it_is() {
        let denied = Judgement::failed(Business::Permission, "access-denied", "No.", "Ask.");
        let found = candidates(&[lost("a"), denied]);
        assert_eq!(found.verdict, Verdict::Failed(Business::Target));
        assert_eq!(found.what, "a is not connected. No.");
    }

    #[test]
    fn what_is_allowed_where_nobody_answers_does_not_make_up_for_what_is_denied() {
        let denied = || Judgement::failed(Business::Permission, "access-denied", "No.", "Ask.");
        let allowed = || Judgement::ok("Allowed.");
        let found = usable_candidates(vec![of(true, denied()), of(false, allowed())]);
        assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
        let found = usable_candidates(vec![of(false, denied()), of(true, allowed())]);
        assert_eq!(found.verdict, Verdict::Warning);
        let found = usable_candidates(vec![of(false, denied()), of(false, allowed())]);
        assert_eq!(found.verdict, Verdict::Warning);
    }

    #[test]
    fn the_agent_of_the_first_that_works_decides_and_others_are_told() {
        let old = || Judgement::failed(Business::Target, "agent-too-old", "Old.", "Update it.");
        let new = || Judgement::ok("New.");
        let found = agents(vec![of(false, old()), of(true, new())]);
        assert_eq!(found, new());
        let found = agents(vec![of(true, old()), of(true, new())]);
        assert_eq!(found.verdict, Verdict::Failed(Business::Target));
        let found = agents(vec![of(true, new()), of(true, old())]);
        assert_eq!(found.verdict, Verdict::Warning);
        assert!(found.what.contains("goes there"), "{}", found.what);
    }
}
