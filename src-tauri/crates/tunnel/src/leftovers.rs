//! Sessions that could not be ended at the service: a task of the process tries again, for as
//! long as the process lives. When, the policy says ([`tunnel_proto::Leftovers`]).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_access::Access;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tunnel_proto::{
    Failure, Happening, Input, Leftover, LeftoverAction, Leftovers as Policy, Place, Record,
};

use crate::call_budget::CallBudget;
use crate::changes::Changes;
use crate::ledger::Ledger;
use crate::requests::Requests;
use crate::{TunnelEvent, access, unix_ms};

/// Sessions that may wait for the task. It takes them at once; more than that waiting means that
/// it hangs, and they are left to the ledger.
const WAITING_MOST: usize = 256;

/// The sessions of a process that could not be ended. A clone has the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leftovers {
    /// There is none before the first session is left.
    to_task: Arc<OnceLock<mpsc::Sender<Left>>>,
}

/// A session that could not be ended, and what it takes to try again.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) leftover: Leftover,
    pub(crate) access: Access,
    /// Where it is noted as one that lives.
    pub(crate) ledger: Ledger,
    /// Who wants to know that it is ended, if the tunnel is still there.
    pub(crate) events: broadcast::WeakSender<TunnelEvent>,
}

type Answer = (String, Result<(), Failure>);

impl Leftovers {
    /// Takes a session over. `changes` are those that concern all tunnels.
    pub(crate) fn adopt(&self, left: Left, changes: impl FnOnce() -> Changes, calls: &CallBudget) {
        let to_task = self.to_task.get_or_init(|| {
            let (to_task, queue) = mpsc::channel(WAITING_MOST);
            tokio::spawn(keep(queue, changes(), calls.clone()));
            to_task
        });
        if to_task.try_send(left).is_err() {
            tracing::warn!("too many sessions are left behind: one is not tried to be ended again");
        }
    }
}

/// Tries until everything is ended, or nobody can leave anything behind any more.
async fn keep(mut queue: mpsc::Receiver<Left>, mut changes: Changes, calls: CallBudget) {
    let mut policy = Policy::default();
    let mut kept: HashMap<String, Left> = HashMap::new();
    let mut requests: Requests<Answer> = Requests::new();
    loop {
        while let Some(action) = policy.poll_action() {
            match action {
                LeftoverAction::End(session_id) => {
                    if let Some(left) = kept.get(&session_id) {
                        end(
                            &mut requests,
                            session_id,
                            left.access.clone(),
                            calls.clone(),
                        );
                    }
                }
                LeftoverAction::Forget(session_id) => drop(kept.remove(&session_id)),
            }
        }
        tokio::select! {
            left = queue.recv() => {
                let Some(left) = left else { return };
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
                let answer = answer.map_err(|failure| failure.next);
                policy.handle_answer(now(), &session_id, answer);
            }
            change = changes.next() => handle_change(&mut policy, &change),
            () = due(&policy) => policy.handle_timeout(now()),
        }
    }
}

fn end(requests: &mut Requests<Answer>, session_id: String, access: Access, calls: CallBudget) {
    let if_lost = (session_id.clone(), Err(access::lost_request()));
    requests.start(if_lost, async move {
        calls.spare_permit().await;
        let ended = access.terminate_session(&session_id).await;
        let ended = ended.map_err(|error| access::failure(&error));
        if let Err(failure) = &ended {
            tracing::info!(session = %session_id, problem = %failure.problem.what, "a session that was left behind can't be ended");
        }
        (session_id, ended)
    });
}

/// It is ended: that is noted, and whoever still cares is told.
fn tell(session_id: &str, left: &Left) {
    tracing::info!(session = %session_id, "a session that was left behind is ended");
    left.ledger.ended(session_id);
    if let Some(events) = left.events.upgrade() {
        let record = Record {
            at: unix_ms(SystemTime::now()),
            what: Happening::EndedLate {
                session_id: session_id.to_owned(),
            },
        };
        // Nobody has to listen.
        let _ = events.send(TunnelEvent::Record(Box::new(record)));
    }
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
