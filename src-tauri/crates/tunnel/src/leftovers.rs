//! Sessions that could not be ended at the service: a task of the process tries again, for as
//! long as the process lives. When, the policy says ([`tunnel_proto::Leftovers`]).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_access::{Access, Service};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tunnel_proto::{
    Failure, Happening, Input, Leftover, LeftoverAction, Leftovers as Policy, Place, Record,
};

use crate::call_budget::CallBudget;
use crate::changes::Changes;
use crate::ledger::{self, Ledger};
use crate::requests::Requests;
use crate::{TunnelEvent, access, events, unix_ms};

/// Sessions that may wait for the task. It takes them at once; more than that waiting means that
/// it hangs, and they are left to the ledger.
const WAITING_MOST: usize = 256;

/// The sessions of a process that could not be ended. A clone has the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leftovers {
    /// There is none before the first session is left.
    to_task: Arc<OnceLock<mpsc::Sender<ToTask>>>,
}

/// Told to the task.
#[derive(Debug)]
enum ToTask {
    Left(Box<Left>),
    LastChance(LastChance),
}

/// Somebody waits for the end of sessions. He is told, by its being dropped, when none of them is
/// being ended any more.
#[derive(Debug)]
struct LastChance {
    session_ids: Vec<String>,
    _done: oneshot::Sender<()>,
}

/// A session that could not be ended, and what it takes to try again.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) leftover: Leftover,
    pub(crate) access: Access,
    /// Where it is noted as one that lives.
    pub(crate) ledger: Ledger,
    /// Who wants to know that it is ended, if the tunnel is still there.
    pub(crate) events: events::WeakSender,
}

/// What came of an attempt to end a session.
type Answer = (String, Result<(), Refusal>);

enum Refusal {
    Failed(Failure),
    /// Nobody listens any more where the service was.
    ServiceGone,
}

impl Leftovers {
    /// Takes a session over. `changes` are those that concern all tunnels.
    pub(crate) fn adopt(&self, left: Left, changes: impl FnOnce() -> Changes, calls: &CallBudget) {
        let to_task = self.to_task.get_or_init(|| {
            let (to_task, queue) = mpsc::channel(WAITING_MOST);
            tokio::spawn(keep(queue, changes(), calls.clone()));
            to_task
        });
        if to_task.try_send(ToTask::Left(Box::new(left))).is_err() {
            tracing::warn!("too many sessions are left behind: one is not tried to be ended again");
        }
    }

    /// Tries once more to end these, and waits for the answers.
    pub(crate) async fn last_chance(&self, session_ids: Vec<String>) {
        let Some(to_task) = self.to_task.get().filter(|_| !session_ids.is_empty()) else {
            return;
        };
        let (done, told) = oneshot::channel();
        let chance = LastChance {
            session_ids,
            _done: done,
        };
        if to_task.send(ToTask::LastChance(chance)).await.is_ok() {
            // It is dropped, not answered.
            let _ = told.await;
        }
    }
}

/// Tries until everything is ended, or nobody can leave anything behind any more.
async fn keep(mut queue: mpsc::Receiver<ToTask>, mut changes: Changes, calls: CallBudget) {
    let mut policy = Policy::default();
    let mut kept: HashMap<String, Left> = HashMap::new();
    let mut requests: Requests<Answer> = Requests::new();
    let mut chances: Vec<LastChance> = Vec::new();
    loop {
        while let Some(action) = policy.poll_action() {
            match action {
                LeftoverAction::End(session_id) => {
                    if let Some(left) = kept.get(&session_id) {
                        end(&mut requests, session_id, left, Some(calls.clone()));
                    }
                }
                LeftoverAction::EndNow(session_id) => {
                    if let Some(left) = kept.get(&session_id) {
                        end(&mut requests, session_id, left, None);
                    }
                }
                LeftoverAction::Forget(session_id) => drop(kept.remove(&session_id)),
            }
        }
        chances.retain(|chance| chance.session_ids.iter().any(|id| policy.is_asking(id)));
        tokio::select! {
            told = queue.recv() => {
                let left = match told {
                    Some(ToTask::Left(left)) => *left,
                    Some(ToTask::LastChance(chance)) => {
                        policy.handle_last_chance(&chance.session_ids);
                        chances.push(chance);
                        continue;
                    }
                    None => return,
                };
                let leftover = left.leftover.clone();
                let session_id = leftover.session_id.clone();
                if policy.adopt(now(), leftover) {
                    kept.insert(session_id, left);
                }
            }
            Some((session_id, answer)) = requests.next() => {
                if let (Ok(()), Some(left)) = (&answer, kept.get(&session_id)) {
                    tell(&session_id, left);
                }
                match answer {
                    Ok(()) => policy.handle_answer(now(), &session_id, Ok(())),
                    Err(Refusal::Failed(Failure { next, .. })) => {
                        policy.handle_answer(now(), &session_id, Err(next));
                    }
                    Err(Refusal::ServiceGone) => policy.handle_service_gone(&session_id),
                }
            }
            change = changes.next() => handle_change(&mut policy, &change),
            () = due(&policy) => policy.handle_timeout(now()),
        }
    }
}

/// Calls TerminateSession, behind all others that share a budget, if one is given.
fn end(
    requests: &mut Requests<Answer>,
    session_id: String,
    left: &Left,
    calls: Option<CallBudget>,
) {
    let (access, place) = (left.access.clone(), left.leftover.place);
    let if_lost = Err(Refusal::Failed(access::lost_request()));
    requests.start((session_id.clone(), if_lost), async move {
        if let Some(calls) = calls {
            calls.spare_permit().await;
        }
        let Err(error) = access.terminate_session(&session_id).await else {
            return (session_id, Ok(()));
        };
        let failure = access::failure(&error);
        tracing::info!(session = %session_id, problem = %failure.problem.what, "a session that was left behind can't be ended");
        let refusal = if place == Place::Here && is_gone(&access).await {
            Refusal::ServiceGone
        } else {
            Refusal::Failed(failure)
        };
        (session_id, Err(refusal))
    });
}

async fn is_gone(access: &Access) -> bool {
    let endpoint = access.endpoints().get(Service::Ssm);
    ledger::is_gone(endpoint.map(|endpoint| endpoint.url.as_str())).await
}

/// It is ended: that is noted, and whoever still cares is told.
fn tell(session_id: &str, left: &Left) {
    tracing::info!(session = %session_id, "a session that was left behind is ended");
    left.ledger.ended(session_id);
    let record = Record {
        at: unix_ms(SystemTime::now()),
        what: Happening::EndedLate {
            session_id: session_id.to_owned(),
        },
    };
    left.events.send(TunnelEvent::Record(Box::new(record)));
}

/// What the machine goes through, in the words of this policy.
fn handle_change(policy: &mut Policy, change: &Input) {
    match change {
        Input::NetworkDown => policy.handle_network_down(),
        Input::NetworkUp => policy.handle_network_up(now()),
        Input::Woke { .. } => policy.handle_woke(now()),
        Input::CredentialsChanged => policy.handle_credentials_changed(now()),
        // A machine that sleeps tries nothing, and the others are no changes of it.
        Input::Sleeping
        | Input::Granted(..)
        | Input::Asked(..)
        | Input::Dialled(..)
        | Input::Chosen(..)
        | Input::Established(_)
        | Input::Lost(..)
        | Input::Over(..)
        | Input::Refused(..)
        | Input::Degraded(..)
        | Input::Load(..)
        | Input::Quiet(..)
        | Input::Renewed(_)
        | Input::RenewalMissed(_)
        | Input::FlagDone(_)
        | Input::Terminated(_)
        | Input::Accepted(_)
        | Input::Returned(..)
        | Input::Finished(_)
        | Input::Unreached(_)
        | Input::TryNow
        | Input::Stop => {}
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

async fn due(policy: &Policy) {
    match policy.poll_timeout() {
        Some(at) => sleep_until(Instant::from_std(at)).await,
        None => std::future::pending().await,
    }
}

/// Where a tunnel's service is.
pub(crate) fn place(local: bool) -> Place {
    if local { Place::Here } else { Place::Network }
}
