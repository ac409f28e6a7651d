//! What the account allows, what it has set, and what is left open in it.

use std::collections::{HashMap, HashSet};

use aws_access::{Service, SessionPreferences};
use diagnostics::judge::{
    self, OpenSession, Owner, Preferences, Probe, Reply, Sessions, Shown, Sweep, Wants,
};
use diagnostics::{Fault, Judgement};
use tunnel::{CallBudget, Ghost, GhostEnd, Ledger, Start, TunnelConfig};

use super::facts::{Facts, Reached};
use super::network;
use super::words::{access_fault, fault, reply};

pub(super) async fn may_start(facts: &Facts, reached: &Reached, document: String) -> Judgement {
    let target = match reached.id().await {
        Ok(target) => target,
        Err(fault) => return fault.into_warning("Whether it is allowed stays unknown."),
    };
    let (on_target, on_document) = tokio::join!(
        asked(async {
            let access = facts.caller_of_aws().await?;
            Ok(reply(access.may_start_on(&target).await))
        }),
        asked(async {
            let access = facts.caller_of_aws().await?;
            Ok(reply(access.may_start_with(&document).await))
        }),
    );
    judge::start_session(Probe {
        target,
        document,
        on_target,
        on_document,
    })
}

pub(super) async fn may_resume(facts: &Facts) -> Judgement {
    let reply = asked(async {
        let session = facts.caller()?.session_that_is_not();
        let access = facts.caller_of_aws().await?;
        Ok(reply(access.may_resume(&session).await))
    });
    judge::permission(Shown {
        action: "ssm:ResumeSession",
        without: "Without it, the hourly close of the gateway ends all connections of a tunnel.",
        reply: reply.await,
    })
}

pub(super) async fn may_terminate(facts: &Facts) -> Judgement {
    let reply = asked(async {
        let session = facts.caller()?.session_that_is_not();
        let access = facts.caller_of_aws().await?;
        Ok(reply(access.may_terminate(&session).await))
    });
    judge::permission(Shown {
        action: "ssm:TerminateSession",
        without: "Without it, sessions of tunnels that were stopped stay open until they time out.",
        reply: reply.await,
    })
}

async fn asked(question: impl Future<Output = Result<Reply, Fault>>) -> Reply {
    question.await.unwrap_or_else(Reply::Unknown)
}

pub(super) fn wants(tunnel: &TunnelConfig) -> Wants {
    Wants {
        held_open: tunnel.session.hold_open.is_some(),
        lazy: match tunnel.policy.start {
            Start::Lazy { .. } => true,
            Start::AtOnce => false,
        },
    }
}

pub(super) async fn preferences(facts: &Facts, wants: Wants) -> Judgement {
    let read = read_preferences(facts).await.map(|read| {
        read.map(|found: SessionPreferences| Preferences {
            idle_minutes: found.idle_minutes,
            most_minutes: found.most_minutes,
            kms_key: found.kms_key,
        })
    });
    match read {
        Ok(found) => judge::preferences(Ok(found.as_ref()), wants),
        Err(fault) => judge::preferences(Err(fault), wants),
    }
}

pub(super) async fn read_preferences(facts: &Facts) -> Result<Option<SessionPreferences>, Fault> {
    let access = facts.caller_of_aws().await?;
    let read = access.session_preferences().await.map_err(access_fault)?;
    Ok(facts.preferences.get_or_init(|| read).clone())
}

pub(super) async fn session_key(facts: &Facts, reached: &Reached) -> Judgement {
    let read = facts.preferences.get();
    let key = read.and_then(|read| read.as_ref()?.kms_key.clone());
    let Some(key) = key else {
        return judge::session_key(None, read.is_some());
    };
    let reply = asked(async {
        let target = reached.id().await?;
        let access = facts.caller_of_aws().await?;
        Ok(reply(access.may_make_data_key(&key, &target).await))
    });
    let reply = match reply.await {
        Reply::Unknown(fault) => {
            Reply::Unknown(network::where_it_ends(facts, Service::Kms, fault).await)
        }
        told @ (Reply::Passed | Reply::Denied(_)) => told,
    };
    judge::session_key(Some((&key, reply)), true)
}

/// Looks for open sessions: at the service for all of ours, and in the ledger for those that
/// this machine knows of; ends those that nobody uses, if that is asked for.
pub(super) async fn ghosts(
    facts: &Facts,
    calls: &CallBudget,
    ledger: &Ledger,
    sweep: bool,
) -> Judgement {
    let swept = if sweep {
        Some(swept(ledger.sweep(calls).await))
    } else {
        None
    };
    let noted: HashMap<_, _> = ledger
        .survey()
        .await
        .into_iter()
        .map(|noted| (noted.session.session_id, noted.is_held))
        .collect();
    let listed = async {
        let owner = facts.caller()?.arn.clone();
        let access = facts.caller_of_aws().await?;
        access.open_sessions(&owner).await.map_err(access_fault)
    };
    let owner = |id: &str| match noted.get(id) {
        Some(true) => Owner::Living,
        Some(false) => Owner::Dead,
        None => Owner::Elsewhere,
    };
    match listed.await {
        Ok(listed) => {
            let open = listed.into_iter().map(|session| OpenSession {
                owner: owner(&session.id),
                id: session.id,
                target: session.target,
            });
            let open = open.collect();
            judge::ghosts(&Sessions { open, swept }, None)
        }
        // What was noted may have ended by itself; better one too many than none.
        Err(fault) => {
            let ids: HashSet<_> = noted.keys().cloned().collect();
            let open = ids.into_iter().map(|id| OpenSession {
                owner: owner(&id),
                id,
                target: None,
            });
            let open = open.collect();
            judge::ghosts(&Sessions { open, swept }, Some(fault))
        }
    }
}

fn swept(ghosts: Vec<Ghost>) -> Sweep {
    let mut sweep = Sweep::default();
    for ghost in ghosts {
        match ghost.end {
            GhostEnd::Ended | GhostEnd::Forgotten => sweep.ended += 1,
            GhostEnd::Left(problem) => sweep.left.push((ghost.session_id, fault(problem))),
        }
    }
    sweep
}
