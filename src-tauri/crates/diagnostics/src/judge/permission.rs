//! What the account allows, as far as can be found out without doing it.
//!
//! `StartSession`, `ResumeSession` and `TerminateSession` know no dry run. What they answer to a
//! request for something that cannot exist tells a lot, since IAM is asked first: a denial is a
//! denial, and a complaint about what does not exist says that nobody denied it.

use crate::{Business, Fault, Judgement, Said};

/// How an action was answered when it was asked of something that cannot exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// IAM let it pass; the service then found nothing to do it to.
    Passed,
    /// IAM denied it.
    Denied(Denial),
    /// It was not found out, and why.
    Unknown(Fault),
    /// The same for a reason that passes and says nothing of the tunnel: too many calls, a service
    /// in trouble.
    Unanswered(Fault),
}

/// A denial, as far as the service's text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The action, such as `ssm:StartSession`.
    pub action: String,
    /// What it was denied on: an ARN; `None` if the text does not say.
    pub resource: Option<String>,
    /// Which kind of policy denies it, or lacks it, in the service's words.
    pub because: Option<String>,
    /// Whether a policy denies it outright. Otherwise none allows it.
    pub explicit: bool,
    /// The service's whole text.
    pub details: String,
}

/// The two questions whose answers together tell about `StartSession`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The tunnel's target.
    pub target: String,
    /// The tunnel's document.
    pub document: String,
    /// The tunnel's target was asked for with a document that does not exist.
    pub on_target: Reply,
    /// The tunnel's document was asked for with a target that does not exist.
    pub on_document: Reply,
}

/// What a question was asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The action.
    pub action: &'static str,
    /// What the tunnel does without it: the sentence's name, and the sentence.
    pub without: (&'static str, &'static str),
    /// The answer.
    pub reply: Reply,
}

/// Judges whether sessions can be started on the target with the document.
#[must_use]
pub fn start_session(probe: Probe) -> Judgement {
    let Probe {
        target,
        document,
        on_target,
        on_document,
    } = probe;
    // Which of two resources was denied decides; a text that names none is about the one that
    // exists in neither question, or about all.
    match (&on_target, &on_document) {
        (Reply::Denied(denial), _) if !denial.is_about_document() => {
            return denied(denial, &format!("start sessions on {target}"))
                .with_fact("startOn", &target);
        }
        (_, Reply::Denied(denial)) if denial.is_about_document() => {
            return denied(denial, &format!("use the document {document}"))
                .with_fact("document", &document);
        }
        (Reply::Unknown(fault), _) | (_, Reply::Unknown(fault)) => {
            return Judgement::from(fault.clone());
        }
        (Reply::Unanswered(fault), _) | (_, Reply::Unanswered(fault)) => {
            return fault.clone().into_warning((
                Said::of("may-start-open", []),
                "Whether sessions may be started stays unknown.",
            ));
        }
        (Reply::Passed | Reply::Denied(_), Reply::Passed | Reply::Denied(_)) => {}
    }
    match (on_target, on_document) {
        (Reply::Passed, Reply::Passed) => Judgement::ok(format!(
            "Allowed on {target}, with the document {document}."
        ))
        .saying("may-start", [("target", &target), ("document", &document)]),
        (target_reply, document_reply) => {
            let (open, known) = match (&target_reply, &document_reply) {
                (Reply::Passed, _) => (
                    format!("It is allowed on {target}. Whether with {document}"),
                    "onTarget",
                ),
                (_, Reply::Passed) => (
                    format!("It is allowed with {document}. Whether on {target}"),
                    "withDocument",
                ),
                _ => (
                    format!("Whether it is allowed on {target} with {document}"),
                    "neither",
                ),
            };
            Judgement::warning(
                "start-session-unproven",
                format!(
                    "{open} can't be found out without starting a session: the policies name \
                     what they allow, and so refuse the targets and documents that do not exist."
                ),
                "Nothing if tunnels work; \"culvert doctor --session\" tells for sure.",
            )
            .with_fact(known, &"")
            .with_fact("target", &target)
            .with_fact("document", &document)
            .with_details(details(&[target_reply, document_reply]))
        }
    }
}

/// That nothing was asked about `StartSession`, for want of one tunnel that it would be for.
#[must_use]
pub fn start_session_unasked() -> Judgement {
    Judgement::nothing_to_check(
        "Not looked at: whether sessions may be started depends on target and document. \"culvert \
         doctor TUNNEL\" asks for a saved tunnel, \"culvert doctor --target ID --remote-port PORT\" for \
         another.",
    )
    .saying("may-start-unasked", [])
}

/// Judges an action on a session of ours.
#[must_use]
pub fn permission(shown: Shown) -> Judgement {
    let Shown {
        action,
        without: (name, without),
        reply,
    } = shown;
    match reply {
        Reply::Passed => Judgement::ok(format!("{action} is allowed on sessions of yours."))
            .saying("may-do", [("action", &action)]),
        Reply::Denied(denial) if denial.explicit => {
            let judgement = denied(&denial, "do that to sessions of yours");
            Judgement {
                what: format!("{} {without}", judgement.what),
                ..judgement
            }
            .saying(name, [])
        }
        Reply::Denied(denial) => Judgement::warning(
            "access-denied",
            format!(
                "AWS refuses {action} on {}: either it is not allowed, or policies allow it by the \
                 tags of sessions, which can't be told from here. {without}",
                match &denial.resource {
                    Some(resource) => format!("{resource}, a session that was made up to ask"),
                    None => "a session that was made up to ask".to_owned(),
                }
            ),
            "Let the account's administrator allow it: \"culvert iam-policy\" prints what is \
             needed.",
        )
        .with_fact("madeUp", &denial.resource.as_deref().unwrap_or("-"))
        .with_fact("action", &action)
        .saying(name, [])
        .with_details(denial.details),
        Reply::Unknown(fault) | Reply::Unanswered(fault) => fault.of_side_question((
            Said::of("allowed-open", []),
            "Whether it is allowed stays unknown.",
        )),
    }
}

fn denied(denial: &Denial, to: &str) -> Judgement {
    let because = match &denial.because {
        // The service's words for it are a thing there and a sentence here.
        Some(because) if denial.explicit => format!(" by an {because}"),
        Some(because) => format!(", because {because}"),
        None => String::new(),
    };
    Judgement::failed(
        Business::Permission,
        "access-denied",
        format!(
            "You may not {to}: {} is denied{}{because}.",
            denial.action,
            denial.on()
        ),
        if denial.explicit {
            "A policy denies it outright: ask the account's administrator which, and why."
        } else {
            "Let the account's administrator allow it: \"culvert iam-policy\" prints what is \
             needed."
        },
    )
    .with_fact("action", &denial.action)
    .with_fact(
        if denial.explicit {
            "outright"
        } else {
            "lacking"
        },
        &"",
    )
    .with_details(denial.details.clone())
}

fn details(replies: &[Reply]) -> String {
    let texts: Vec<_> = replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::Denied(denial) => Some(denial.details.as_str()),
            Reply::Passed | Reply::Unknown(_) | Reply::Unanswered(_) => None,
        })
        .collect();
    texts.join("; ")
}

impl Denial {
    fn is_about_document(&self) -> bool {
        let resource = self.resource.as_deref().unwrap_or_default();
        resource.contains(":document/")
    }

    fn on(&self) -> String {
        match &self.resource {
            Some(resource) => format!(" on {resource}"),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
