//! What the account's owner has set.

use super::permission::Reply;
use crate::finding::Sentences;
use crate::{Fault, Judgement, Said};

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
}

/// Judges what the preferences mean for a tunnel; `None` if the account has set none.
#[must_use]
pub fn preferences(read: Result<Option<&Preferences>, Fault>, wants: Wants) -> Judgement {
    let (found, set) = match read {
        Ok(Some(found)) => (found.clone(), true),
        Ok(None) => (Preferences::default(), false),
        Err(fault) => {
            return fault.into_warning((
                Said::of("preferences-open", []),
                "When the account ends sessions, and whether it encrypts them, stays unknown; \
                 tunnels can do without.",
            ));
        }
    };
    let mut told = Sentences::default();
    if !set {
        told.add(
            "preferences-none",
            [],
            "The account has set nothing of its own.",
        );
    }
    let idle = found.idle_minutes.unwrap_or(IDLE_DEFAULT);
    let (name, text) = match (wants.held_open, wants.lazy) {
        (true, _) => (
            "idle-held",
            format!(
                "Sessions end after {idle} min without data; this tunnel keeps its own from that, \
                 as was asked for."
            ),
        ),
        (false, true) => (
            "idle-lazy",
            format!(
                "Sessions end after {idle} min without data. This tunnel ends its own by itself \
                 when nobody uses it, and starts another when somebody does."
            ),
        ),
        (false, false) => (
            "idle-lost",
            format!(
                "Sessions end after {idle} min without data, and connections that are open and \
                 silent then are lost. The tunnel starts another session by itself."
            ),
        ),
    };
    told.add(name, [("minutes", &idle)], text);
    if let Some(most) = found.most_minutes {
        told.add(
            "session-most",
            [("minutes", &most)],
            format!(
                "Sessions end {most} min after their start, whatever they carry: connections that \
                 are open then are lost. The tunnel starts another session by itself."
            ),
        );
    }
    match &found.kms_key {
        Some(key) => told.add(
            "key-of-shells",
            [("key", key), ("agent", &PORTS_IN_THE_CLEAR)],
            format!(
                "The account's KMS key {key} is for shell sessions: agents up to {PORTS_IN_THE_CLEAR} \
                 do not encrypt port sessions with it. This tunnel's data has TLS on the way to and \
                 from AWS, and what your programs do themselves."
            ),
        ),
        None => told.add(
            "no-key-of-account",
            [],
            "Sessions are not encrypted by a KMS key of the account.",
        ),
    }
    told.ok()
}

/// Judges whether the key that encrypts sessions can be used; `None` if there is none. `known`
/// says whether the preferences could be read.
///
/// That it can't be used fails no tunnel: the sessions of tunnels are all of the plugin `Port`,
/// which agents do not encrypt, as far as they are known.
#[must_use]
pub fn session_key(key: Option<(&str, Reply)>, known: bool) -> Judgement {
    let Some((key, reply)) = key else {
        return if known {
            Judgement::nothing_to_check("Sessions are not encrypted by a KMS key.")
                .saying("no-key", [])
        } else {
            Judgement::nothing_to_check("Whether sessions are encrypted by a KMS key is not known.")
                .saying("key-open", [])
        };
    };
    let works = format!(
        "This tunnel works without it: agents up to {PORTS_IN_THE_CLEAR} do not encrypt port \
         sessions, so none asks for it."
    );
    match reply {
        Reply::Passed => Judgement::ok(format!("kms:GenerateDataKey is allowed on {key}. {works}"))
            .saying("key-allowed", [("key", &key)])
            .saying("works-without-key", [("agent", &PORTS_IN_THE_CLEAR)]),
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
        .with_fact("key", &key)
        .with_fact("action", &denial.action)
        .saying("works-without-key", [("agent", &PORTS_IN_THE_CLEAR)])
        .with_details(denial.details),
        Reply::Unknown(fault) | Reply::Unanswered(fault) => {
            let name = Said::of("works-without-key", [("agent", &PORTS_IN_THE_CLEAR)]);
            fault.into_warning((name, &works))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Business, Skipped, Verdict};

    const USUAL: Wants = Wants {
        held_open: false,
        lazy: false,
    };

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
    fn where_there_is_no_key_there_is_nothing_to_check() {
        let nothing = Verdict::Skipped(Skipped::NothingToCheck);
        assert_eq!(session_key(None, true).verdict, nothing);
        assert!(session_key(None, false).what.contains("not known"));
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
            let found = session_key(Some(("k", reply)), true);
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
