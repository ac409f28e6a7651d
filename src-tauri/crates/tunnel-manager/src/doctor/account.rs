//! What the account allows, what it has set, and what is left open in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aws_access::{Holder, OpenSession as Listed, Service, SessionPreferences};
use diagnostics::judge::{
    self, OfCandidate, OpenSession, Owner, Preferences, Probe, Reply, Sessions, Shown, Sweep, Wants,
};
use diagnostics::{Fault, Judgement, Said};
use futures_util::future::join_all;
use tunnel::{CallBudget, Ghost, GhostEnd, Ledger, Start, Started, TunnelConfig};

use super::facts::Facts;
use super::network;
use super::reached::{Found, Reached};
use super::words::{access_fault, fault, reply};

pub(super) async fn may_start(facts: &Facts, reached: &Reached, document: String) -> Judgement {
    let (found, on_document) = tokio::join!(
        reached.found(),
        asked(async {
            let access = facts.caller_of_aws().await?;
            Ok(reply(access.may_start_with(&document).await))
        }),
    );
    let judging = found
        .into_iter()
        .map(|found| may_start_on(facts, found, &document, on_document.clone()));
    judge::usable_candidates(join_all(judging).await)
}

async fn may_start_on(
    facts: &Facts,
    found: Found,
    document: &str,
    on_document: Reply,
) -> OfCandidate {
    let Found { id, usable } = found;
    let judgement = match id {
        Ok(target) => {
            let on_target = asked(async {
                let access = facts.caller_of_aws().await?;
                Ok(reply(access.may_start_on(&target).await))
            });
            judge::start_session(Probe {
                on_target: on_target.await,
                target,
                document: document.to_owned(),
                on_document,
            })
        }
        Err(fault) => fault.into_warning((
            Said::of("allowed-open", []),
            "Whether it is allowed stays unknown.",
        )),
    };
    OfCandidate { usable, judgement }
}

pub(super) async fn may_resume(facts: &Facts) -> Judgement {
    let reply = asked(async {
        let session = facts.caller()?.session_that_is_not();
        let access = facts.caller_of_aws().await?;
        Ok(reply(access.may_resume(&session).await))
    });
    judge::permission(Shown {
        action: "ssm:ResumeSession",
        without: (
            "without-resume",
            "Without it, the hourly close of the gateway ends all connections of a tunnel.",
        ),
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
        without: (
            "without-terminate",
            "Without it, sessions of tunnels that were stopped stay open until they time out.",
        ),
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
        told @ (Reply::Passed | Reply::Denied(_) | Reply::Unanswered(_)) => told,
    };
    judge::session_key(Some((&key, reply)), true)
}

/// Sessions that are asked for one by one at most: more than a crash leaves.
const ASKED_ONE_BY_ONE: usize = 16;

/// Looks for open sessions: at the service for all of ours, in each of the accounts, and in the
/// ledger for those that this machine knows of; ends those that nobody uses, if that is asked for.
pub(super) async fn ghosts(
    accounts: &[Arc<Facts>],
    calls: &CallBudget,
    ledger: &Ledger,
    sweep: bool,
) -> Judgement {
    let swept = if sweep {
        // All of them are reached the same way.
        let reaching = accounts.first().map(|facts| facts.settings.clone());
        let reaching = reaching.unwrap_or_default();
        Some(swept(ledger.sweep(calls, &reaching).await))
    } else {
        None
    };
    let noted = ledger.survey().await;
    let held: HashMap<_, _> = noted
        .iter()
        .map(|noted| (noted.session.session_id.as_str(), noted.is_held))
        .collect();
    let owner = |id: &str| match held.get(id) {
        Some(true) => Owner::Living,
        Some(false) => Owner::Dead,
        None => Owner::Elsewhere,
    };
    let dead: Vec<_> = noted
        .iter()
        .filter(|noted| !noted.is_held)
        .map(|noted| &noted.session)
        .collect();
    let (mut open, mut seen) = (Vec::new(), HashSet::new());
    let (mut places, mut failure) = (Vec::new(), None);
    for listed in join_all(accounts.iter().map(|facts| listed(facts, &dead))).await {
        match listed {
            Ok((place, listed)) => {
                places.push(place);
                // Two profiles may be of one account.
                let new = listed.into_iter().filter(|it| seen.insert(it.id.clone()));
                open.extend(new.map(|session| OpenSession {
                    owner: owner(&session.id),
                    id: session.id,
                    target: session.target,
                }));
            }
            Err(fault) => failure = failure.or(Some(fault)),
        }
    }
    // Those that were not listed where they would be are over.
    let is_unseen = |session: &Started| {
        !seen.contains(&session.session_id)
            && !places.iter().any(|place| session.is_at_place_of(place))
    };
    let mut unseen: Vec<_> = dead
        .into_iter()
        .filter(|session| is_unseen(session))
        .map(|session| OpenSession {
            id: session.session_id.clone(),
            target: None,
            owner: Owner::DeadUnseen,
        })
        .collect();
    unseen.sort_by(|a, b| a.id.cmp(&b.id));
    open.extend(unseen);
    judge::ghosts(&Sessions { open, swept }, failure)
}

/// The open sessions of one account that are ours, and the place of that list. Whoever has started a
/// session may have had another name: that of a role's session. Those that this machine has noted
/// (`dead`) are asked for one by one where the list lacks them.
async fn listed(facts: &Facts, dead: &[&Started]) -> Result<(Started, Vec<Listed>), Fault> {
    let identity = facts.identity().await?;
    let owner = identity.arn;
    let access = facts.caller_of_aws().await?;
    let mut listed = access.open_sessions(&owner).await.map_err(access_fault)?;
    let holder = access.holder().map(|holder| Holder {
        account: Some(identity.account),
        ..holder
    });
    let place = Started::new(String::new(), access.region(), &facts.settings, 0).by(holder);
    let here = dead.iter().filter(|session| session.is_at_place_of(&place));
    let lacking = here
        .map(|session| session.session_id.clone())
        .filter(|id| !listed.iter().any(|listed| listed.id == *id));
    let lacking: Vec<_> = lacking.take(ASKED_ONE_BY_ONE).collect();
    for id in lacking {
        listed.extend(access.open_session(&id).await.map_err(access_fault)?);
    }
    Ok((place, listed))
}

fn swept(ghosts: Vec<Ghost>) -> Sweep {
    let mut sweep = Sweep::default();
    for ghost in ghosts {
        match ghost.end {
            GhostEnd::Ended => sweep.ended += 1,
            GhostEnd::Forgotten => sweep.forgotten += 1,
            GhostEnd::Left(problem) => sweep.left.push((ghost.session_id, fault(problem))),
        }
    }
    sweep
}
