//! What the account's owner has set.

use super::permission::Reply;
use crate::{Business, Fault, Judgement};

/// Minutes without data after which sessions end where nobody has set it (Systems Manager User
/// Guide, "Specify an idle session timeout value").
const IDLE_DEFAULT: u32 = 20;

/// The newest agent that is known never to encrypt sessions of the plugin `Port`, whatever the
/// account has set (docs/protocol.md, section 4).
pub const PORTS_IN_THE_CLEAR: &str = "3.3.0.0";

/// The account's preferences for sessions, from its document `SSM-SessionManagerRunShell`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Minutes without data after which a session ends; `None`: not set.
    pub idle_minutes: Option<u32>,
    /// Minutes after which a session ends whatever it does; `None`: not set.
    pub most_minutes: Option<u32>,
    /// The KMS key that agents are told to encrypt sessions with; `None`: none. Those of the
    /// plugin `Port` are none of them.
    pub kms_key: Option<String>,
}

/// What a tunnel does that the preferences have a bearing on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// It keeps sessions from counting as idle.
    pub held_open: bool,
    /// It ends its session by itself when nobody uses it.
    pub lazy: bool,
    /// What carries its sessions.
    pub plugin: Plugin,
}

/// The agent's plugin that carries a tunnel's sessions: it decides whether the account's KMS key
/// encrypts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// `Port`, that of AWS's documents for port forwarding.
    Port,
    /// Whichever the account's own document names.
    OfOwnDocument,
}

/// Judges what the preferences mean for a tunnel; `None` if the account has set none.
#[must_use]
pub fn preferences(read: Result<Option<&Preferences>, Fault>, wants: Wants) -> Judgement {
    let (found, set) = match read {
        Ok(Some(found)) => (found.clone(), true),
        Ok(None) => (Preferences::default(), false),
        Err(fault) => {
            return fault.into_warning(
                "When the account ends sessions, and whether it encrypts them, stays unknown; \
                 tunnels can do without.",
            );
        }
    };
    let mut told = Vec::new();
    if !set {
        told.push("The account has set nothing of its own.".to_owned());
    }
    let idle = found.idle_minutes.unwrap_or(IDLE_DEFAULT);
    told.push(match (wants.held_open, wants.lazy) {
        (true, _) => format!(
            "Sessions end after {idle} min without data; this tunnel keeps its own from that, \
             as was asked for."
        ),
        (false, true) => format!(
            "Sessions end after {idle} min without data. This tunnel ends its own by itself \
             when nobody uses it, and starts another when somebody does."
        ),
        (false, false) => format!(
            "Sessions end after {idle} min without data, and connections that are open and \
             silent then are lost. The tunnel starts another session by itself."
        ),
    });
    if let Some(most) = found.most_minutes {
        told.push(format!(
            "Sessions end {most} min after their start, whatever they carry: connections that \
             are open then are lost. The tunnel starts another session by itself."
        ));
    }
    told.push(match (&found.kms_key, wants.plugin) {
        (Some(key), Plugin::Port) => format!(
            "The account's KMS key {key} is for shell sessions: agents up to {PORTS_IN_THE_CLEAR} \
             do not encrypt port sessions with it. This tunnel's data has TLS on the way to and \
             from AWS, and what your programs do themselves."
        ),
        (Some(key), Plugin::OfOwnDocument) => format!(
            "Agents encrypt sessions with the KMS key {key}, unless the document's plugin is \
             Port: those of agents up to {PORTS_IN_THE_CLEAR} are not."
        ),
        (None, Plugin::Port | Plugin::OfOwnDocument) => {
            "Sessions are not encrypted by a KMS key of the account.".to_owned()
        }
    });
    Judgement::ok(told.join(" "))
}

/// Judges whether the key that encrypts sessions can be used; `None` if there is none. `known`
/// says whether the preferences could be read.
#[must_use]
pub fn session_key(key: Option<(&str, Reply)>, known: bool, plugin: Plugin) -> Judgement {
    let Some((key, reply)) = key else {
        return Judgement::nothing_to_check(if known {
            "Sessions are not encrypted by a KMS key."
        } else {
            "Whether sessions are encrypted by a KMS key is not known."
        });
    };
    match plugin {
        Plugin::Port => key_of_others(key, reply),
        Plugin::OfOwnDocument => key_that_is_needed(key, reply),
    }
}

/// A tunnel works without it, as long as its agent is one that is known.
fn key_of_others(key: &str, reply: Reply) -> Judgement {
    let works = format!(
        "This tunnel works without it: agents up to {PORTS_IN_THE_CLEAR} do not encrypt port \
         sessions, so none asks for it."
    );
    match reply {
        Reply::Passed => Judgement::ok(format!("kms:GenerateDataKey is allowed on {key}. {works}")),
        Reply::Denied(denial) => Judgement::warning(
            "access-denied",
            format!(
                "You may not use the KMS key {key}, which encrypts the account's shell sessions: \
                 {} is denied. {works}",
                denial.action
            ),
            "Nothing for this tunnel; for shell sessions, and for agents that may come, let the \
             account's administrator allow it.",
        )
        .with_details(denial.details),
        Reply::Unknown(fault) => fault.into_warning(&works),
    }
}

fn key_that_is_needed(key: &str, reply: Reply) -> Judgement {
    match reply {
        Reply::Passed => Judgement::ok(format!("kms:GenerateDataKey is allowed on {key}.")),
        Reply::Denied(denial) => Judgement::failed(
            Business::Permission,
            "access-denied",
            format!(
                "You may not use the KMS key {key}, which encrypts the account's sessions: {} is \
                 denied. Without it no session can be opened, unless the document's plugin is Port.",
                denial.action
            ),
            "Let the account's administrator allow it, in your policy or in the key's: \
             \"culvert iam-policy\" prints what is needed.",
        )
        .with_details(denial.details),
        Reply::Unknown(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Skipped, Verdict};

    const USUAL: Wants = Wants {
        held_open: false,
        lazy: false,
        plugin: Plugin::Port,
    };

    fn fault(code: &str) -> Fault {
        Fault {
            business: Business::Permission,
            code: code.to_owned(),
            what: "No.".to_owned(),
            remedy: "Ask.".to_owned(),
            details: "raw".to_owned(),
        }
    }

    #[test]
    fn preferences_say_what_they_mean_for_the_tunnel() {
        let set = Preferences {
            idle_minutes: Some(7),
            most_minutes: Some(90),
            kms_key: Some("alias/sessions".to_owned()),
        };
        let found = preferences(Ok(Some(&set)), USUAL);
        assert_eq!(found.verdict, Verdict::Ok);
        for word in ["7 min without data", "90 min after", "alias/sessions"] {
            assert!(found.what.contains(word), "{word}: {}", found.what);
        }
        assert!(
            found.what.contains("do not encrypt port sessions"),
            "{}",
            found.what
        );
        let own = Wants {
            plugin: Plugin::OfOwnDocument,
            ..USUAL
        };
        let found = preferences(Ok(Some(&set)), own);
        assert!(
            found.what.contains("unless the document's plugin is Port"),
            "{}",
            found.what
        );
        let none = preferences(Ok(None), USUAL);
        assert!(none.what.contains("20 min"), "{}", none.what);
        assert!(!none.what.contains("after their start"), "{}", none.what);
        let held = Wants {
            held_open: true,
            ..USUAL
        };
        assert!(
            preferences(Ok(None), held)
                .what
                .contains("as was asked for")
        );
        let unreadable = preferences(Err(fault("access-denied")), USUAL);
        assert_eq!(unreadable.verdict, Verdict::Warning);
        assert_eq!(unreadable.code, "access-denied");
    }

    fn key_denied() -> Reply {
        Reply::Denied(super::super::permission::Denial {
            action: "kms:GenerateDataKey".to_owned(),
            resource: None,
            because: None,
            explicit: false,
            details: "raw".to_owned(),
        })
    }

    #[test]
    fn a_key_that_may_not_be_used_fails_where_a_document_may_need_it_and_none_is_nothing_to_check()
    {
        let judged = |key, known| session_key(key, known, Plugin::OfOwnDocument);
        let nothing = Verdict::Skipped(Skipped::NothingToCheck);
        assert_eq!(judged(None, true).verdict, nothing);
        assert!(judged(None, false).what.contains("not known"));
        assert_eq!(
            judged(Some(("k", Reply::Passed)), true).verdict,
            Verdict::Ok
        );
        let found = judged(Some(("k", key_denied())), true);
        assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
        assert!(found.what.contains("kms:GenerateDataKey"), "{}", found.what);
        assert!(found.remedy.contains("iam-policy"), "{}", found.remedy);
        let disabled = judged(Some(("k", Reply::Unknown(fault("kms-key-unusable")))), true);
        assert_eq!(disabled.code, "kms-key-unusable");
        assert_eq!(disabled.verdict, Verdict::Failed(Business::Permission));
    }

    #[test]
    fn port_sessions_work_without_the_key_and_the_denial_is_told_as_that_of_others() {
        for (reply, verdict, code) in [
            (Reply::Passed, Verdict::Ok, ""),
            (key_denied(), Verdict::Warning, "access-denied"),
            (
                Reply::Unknown(fault("kms-key-unusable")),
                Verdict::Warning,
                "kms-key-unusable",
            ),
        ] {
            let found = session_key(Some(("k", reply)), true, Plugin::Port);
            assert_eq!(
                (found.verdict, found.code.as_str()),
                (verdict, code),
                "{}",
                found.what
            );
            assert!(
                found.what.contains("This tunnel works without it"),
                "{}",
                found.what
            );
        }
    }
}
