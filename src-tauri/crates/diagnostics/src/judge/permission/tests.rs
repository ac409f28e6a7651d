use super::*;
use crate::Verdict;

const TARGET: &str = "arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc";
const DOCUMENT: &str = "arn:aws:ssm:eu-central-1::document/AWS-StartPortForwardingSession";

fn refusal(resource: Option<&str>) -> Reply {
    Reply::Denied(Denial {
        action: "ssm:StartSession".to_owned(),
        resource: resource.map(str::to_owned),
        because: Some("no identity-based policy allows it".to_owned()),
        explicit: false,
        details: "raw".to_owned(),
    })
}

fn outright() -> Reply {
    Reply::Denied(Denial {
        action: "ssm:ResumeSession".to_owned(),
        resource: None,
        because: None,
        explicit: true,
        details: "raw".to_owned(),
    })
}

#[test]
fn a_policy_that_denies_outright_is_named_in_a_whole_sentence() {
    let denial = Denial {
        action: "ssm:StartSession".to_owned(),
        resource: None,
        because: Some("explicit deny in a service control policy".to_owned()),
        explicit: true,
        details: "raw".to_owned(),
    };
    let judged = denied(&denial, "start sessions");
    assert_eq!(
        judged.what,
        "You may not start sessions: ssm:StartSession is denied by an explicit deny in a service control policy."
    );
}

fn probe(on_target: Reply, on_document: Reply) -> Judgement {
    start_session(Probe {
        target: "i-0abc".to_owned(),
        document: "AWS-StartPortForwardingSession".to_owned(),
        on_target,
        on_document,
    })
}

fn unknown() -> Reply {
    Reply::Unknown(throttled())
}

fn unanswered() -> Reply {
    Reply::Unanswered(throttled())
}

fn throttled() -> Fault {
    Fault {
        business: Business::Service,
        code: "throttled".to_owned(),
        what: "Too many calls.".to_owned(),
        remedy: String::new(),
        details: String::new(),
        facts: Box::default(),
    }
}

#[test]
fn nothing_denied_is_allowed() {
    assert_eq!(probe(Reply::Passed, Reply::Passed).verdict, Verdict::Ok);
}

#[test]
fn a_denied_target_or_document_is_named_with_what_to_do() {
    let found = probe(refusal(Some(TARGET)), refusal(Some(TARGET)));
    assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
    assert_eq!(found.code, "access-denied");
    assert!(found.what.contains(TARGET), "{}", found.what);
    assert!(
        found.remedy.contains("culvert iam-policy"),
        "{}",
        found.remedy
    );
    assert_eq!(found.details, "raw");
    let found = probe(Reply::Passed, refusal(Some(DOCUMENT)));
    assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
    assert!(found.what.contains("use the document"), "{}", found.what);
    // A text that names nothing is about the real target as much as about anything.
    let found = probe(refusal(None), Reply::Passed);
    assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
}

#[test]
fn what_a_strict_policy_hides_is_said_to_be_unknown() {
    // The made-up document is denied, and so is the made-up target.
    let made_up = refusal(Some(
        "arn:aws:ssm:eu-central-1:123456789012:document/made-up",
    ));
    let found = probe(made_up.clone(), refusal(Some(TARGET)));
    assert_eq!(found.verdict, Verdict::Warning);
    assert_eq!(found.code, "start-session-unproven");
    assert!(found.remedy.contains("--session"), "{}", found.remedy);
    let found = probe(Reply::Passed, refusal(Some(TARGET)));
    assert!(
        found.what.starts_with("It is allowed on i-0abc."),
        "{}",
        found.what
    );
    let found = probe(made_up, Reply::Passed);
    assert!(
        found.what.starts_with("It is allowed with AWS-"),
        "{}",
        found.what
    );
    assert_eq!(probe(unknown(), Reply::Passed).code, "throttled");
    let found = probe(Reply::Passed, unanswered());
    assert_eq!(
        (found.verdict, found.code.as_str()),
        (Verdict::Warning, "throttled")
    );
    assert!(found.what.ends_with("stays unknown."), "{}", found.what);
    // A denial counts, whatever the other question came to.
    let found = probe(refusal(Some(TARGET)), unanswered());
    assert_eq!(found.code, "access-denied");
}

#[test]
fn an_action_on_sessions_is_allowed_denied_outright_or_not_proven() {
    let resume = |reply| {
        permission(Shown {
            action: "ssm:ResumeSession",
            without: ("without-resume", "Without it nothing can be resumed."),
            reply,
        })
    };
    assert_eq!(resume(Reply::Passed).verdict, Verdict::Ok);
    let found = resume(outright());
    assert_eq!(found.verdict, Verdict::Failed(Business::Permission));
    assert!(
        found.what.ends_with("nothing can be resumed."),
        "{}",
        found.what
    );
    assert!(found.remedy.contains("administrator"), "{}", found.remedy);
    let found = resume(refusal(None));
    assert_eq!(found.verdict, Verdict::Warning);
    assert_eq!(found.code, "access-denied");
    assert!(found.what.contains("tags of sessions"), "{}", found.what);
    let made_up = "on a session that was made up to ask: ";
    assert!(found.what.contains(made_up), "{}", found.what);
    let found = resume(unknown());
    assert_eq!(
        (found.verdict, found.code.as_str()),
        (Verdict::Warning, "throttled")
    );
    // STS may take credentials that Systems Manager refuses: no tunnel would start.
    let found = resume(Reply::Unknown(Fault {
        business: Business::Credentials,
        code: "invalid-credentials".to_owned(),
        what: "AWS does not accept the credentials.".to_owned(),
        remedy: String::new(),
        details: String::new(),
        facts: Box::default(),
    }));
    assert_eq!(found.verdict, Verdict::Failed(Business::Credentials));
}
