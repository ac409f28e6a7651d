use super::*;
use crate::Verdict;

const ID: &str = "ecs:shop_0a1b_0a1b-123";

fn fault(business: Business) -> Fault {
    Fault {
        business,
        code: "x".to_owned(),
        what: "The credentials do not allow it.".to_owned(),
        remedy: "Ask.".to_owned(),
        details: "raw".to_owned(),
        facts: Box::default(),
    }
}

fn app() -> String {
    "app".to_owned()
}

#[test]
fn each_reason_against_a_session_has_its_code_and_its_advice() {
    let stopped = |reason: &str| Container::Stopped {
        status: "STOPPED".to_owned(),
        reason: reason.to_owned(),
    };
    let agent = |status: &str, reason: &str| Container::AgentDown {
        name: app(),
        status: status.to_owned(),
        reason: reason.to_owned(),
    };
    let others = vec![(app(), "ecs:shop_0a1b_0a1b-9".to_owned())];
    let down = Container::Down {
        name: app(),
        status: "STOPPED".to_owned(),
    };
    let starting = Container::Starting {
        status: "PENDING".to_owned(),
    };
    for (state, code, words) in [
        (
            Container::NoId,
            "target-not-connected",
            "ecs:CLUSTER_TASK_RUNTIMEID",
        ),
        (Container::NoCluster, "cluster-unknown", "region"),
        (Container::NoTask, "task-unknown", "about an hour"),
        (starting, "task-starting", "PENDING"),
        (
            stopped("Scaled in."),
            "task-stopped",
            "STOPPED (\"Scaled in\").",
        ),
        (stopped(""), "task-stopped", "ECS says STOPPED."),
        (
            Container::ExecuteCommandOff,
            "execute-command-off",
            "--enable-execute-command",
        ),
        (
            Container::NoContainer { others },
            "container-unknown",
            "ecs:shop_0a1b_0a1b-9 (app)",
        ),
        (
            Container::NoContainer { others: Vec::new() },
            "container-unknown",
            "none yet",
        ),
        (down, "container-stopped", "container app"),
        (
            agent("STOPPED", "No role"),
            "execute-command-agent-down",
            "STOPPED (\"No role\")",
        ),
        (
            agent("", ""),
            "execute-command-agent-down",
            "says nothing of it",
        ),
        (
            Container::Ready { name: app() },
            "target-not-connected",
            "ssmmessages endpoint",
        ),
    ] {
        let found = container(ID, None, Ok(state));
        assert_eq!(found.verdict, Verdict::Failed(Business::Target));
        assert_eq!(found.code, code);
        let told = format!("{} {}", found.what, found.remedy);
        assert!(told.contains(words) && told.contains(ID), "{told}");
    }
}

#[test]
fn what_may_not_be_asked_is_said_and_hides_nothing_that_is_known() {
    use Business::{Network, Permission};
    let may_not = container(ID, None, Err(fault(Permission)));
    assert_eq!(may_not.code, "target-not-connected");
    assert!(may_not.what.contains("do not allow"), "{}", may_not.what);
    assert!(
        may_not.remedy.contains("ecs:DescribeTasks"),
        "{}",
        may_not.remedy
    );
    assert_eq!(may_not.details, "raw");
    let broken = container(ID, None, Err(fault(Network)));
    assert!(
        !broken.remedy.contains("ecs:DescribeTasks"),
        "{}",
        broken.remedy
    );

    let ready = || Ok(Container::Ready { name: app() });
    let hidden = container(ID, Some(fault(Permission)), ready());
    assert_eq!(hidden.verdict, Verdict::Warning);
    assert!(hidden.what.contains("runs"), "{}", hidden.what);
    let off = container(
        ID,
        Some(fault(Permission)),
        Ok(Container::ExecuteCommandOff),
    );
    assert_eq!(
        off.code, "execute-command-off",
        "that is known all the same"
    );
    let both = container(ID, Some(fault(Permission)), Err(fault(Permission)));
    assert_eq!(both.verdict, Verdict::Warning);
    let lost = container(ID, Some(fault(Network)), ready());
    assert_eq!(lost.verdict, Verdict::Failed(Network));
}
