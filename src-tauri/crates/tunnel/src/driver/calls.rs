//! Calls to AWS and dials, and what is answered to them.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tracing::Instrument as _;
use tunnel_proto::{Choice, Failure, Grant, Input, Purpose, Session, SessionKey};
use zeroize::Zeroizing;

use super::{COMMANDS, Driver, SessionHandle};
use crate::dial::{self, Socket};
use crate::guard::guarded;
use crate::ledger::Started;
use crate::listen::Caller;
use crate::resolve::resolve;
use crate::session_task::{SessionTask, ToSession, Token};
use crate::{access, random_seed, unix_ms};

/// A request that was answered.
pub(super) enum Reply {
    /// StartSession, when it was called, if it was.
    Started(
        SessionKey,
        Option<Choice>,
        Option<Instant>,
        Result<Grant, Failure>,
    ),
    /// ResumeSession, the same.
    Resumed(SessionKey, Option<Instant>, Result<Grant, Failure>),
    Dialled(
        SessionKey,
        Purpose,
        Result<(Box<Socket>, Zeroizing<String>), Failure>,
    ),
    DataKey(SessionKey, Result<tunnel_proto::DataKey, Failure>),
    /// A connection that its session did not take is to be placed anew.
    Again(Caller),
    /// The program behind a connection that says no more is still there.
    Present(SessionKey, Caller),
    /// It is not.
    Gone(SessionKey),
    /// Nothing came of it.
    Nothing,
    /// TerminateSession was answered.
    Terminated(String, Result<(), Failure>),
}

impl Driver {
    /// Finds the node and calls StartSession.
    pub(super) fn start(&mut self, key: SessionKey) {
        self.starts += 1;
        let if_lost = Reply::Started(key, None, None, Err(access::lost_request()));
        if let Some(grant) = self.parts.granted.take() {
            self.requests.start(if_lost, async move {
                Reply::Started(key, None, None, Ok(grant))
            });
            return;
        }
        let access = self.parts.access.clone();
        let mut request = self.parts.request.clone();
        let environment = self.parts.environment.clone();
        let candidate = self.parts.policy.candidate(key).cloned();
        self.requests.start(if_lost, async move {
            let calls = environment.call_budget();
            let mut choice = None;
            if let Some(candidate) = candidate {
                match resolve(&access, &candidate, calls).await {
                    Ok(found) => {
                        request.target.clone_from(&found.node);
                        choice = Some(found);
                    }
                    Err(error) => {
                        return Reply::Started(key, None, None, Err(access::failure(&error)));
                    }
                }
            }
            calls.permit().await;
            let asked = Some(Instant::now());
            let started = access.start_session(&request).await;
            Reply::Started(key, choice, asked, access::granted(started))
        });
    }

    /// What is rung when what is asked for a session is given up.
    pub(super) fn bell(&mut self, key: SessionKey) -> Arc<Notify> {
        Arc::clone(self.bells.entry(key).or_default())
    }

    pub(super) fn dial(&mut self, key: SessionKey, grant: Grant, purpose: Purpose) {
        let Grant {
            session_id,
            stream_url,
            token,
        } = grant;
        let token = Zeroizing::new(token);
        let handle = match self.sessions.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let Ok(seed) = random_seed() else {
                    let no_seed =
                        move || Reply::Dialled(key, purpose, Err(access::no_randomness()));
                    self.requests.start(no_seed(), async move { no_seed() });
                    return;
                };
                let mut config = self.parts.session.clone();
                config.channel.reorder_memory = self.parts.environment.reorder_memory();
                let session = Session::new(config, self.parts.clock, seed);
                let (commands, queue) = mpsc::channel(COMMANDS);
                let span = tracing::error_span!("session", %key, id = session_id);
                let task = SessionTask::new(key, session, queue, self.surroundings.clone());
                let run = guarded(key, Box::new(task).run(), self.surroundings.reports.clone());
                entry.insert(SessionHandle {
                    commands,
                    session_id: None,
                    task: tokio::spawn(run.instrument(span)),
                })
            }
        };
        handle.session_id = Some(session_id);
        let access = self.parts.access.clone();
        let if_lost = Reply::Dialled(key, purpose, Err(access::lost_request()));
        let bell = self.bell(key);
        self.requests.start(if_lost, async move {
            let dialled = tokio::select! {
                dialled = dial::dial(&access, &stream_url) => dialled,
                () = bell.notified() => Err(access::overtaken()),
            };
            let dialled = dialled.map(|socket| (Box::new(socket), token));
            Reply::Dialled(key, purpose, dialled)
        });
    }

    pub(super) fn request_data_key(&mut self, key: SessionKey, key_id: String) {
        let session_id = self
            .sessions
            .get(&key)
            .and_then(|handle| handle.session_id.clone());
        let Some(session_id) = session_id else { return };
        let access = self.parts.access.clone();
        let node = self.nodes.get(&key).unwrap_or(&self.parts.request.target);
        let target = node.clone();
        let if_lost = Reply::DataKey(key, Err(access::lost_request()));
        self.requests.start(if_lost, async move {
            let generated = access
                .generate_data_key(&key_id, &session_id, &target)
                .await;
            let result = generated
                .map(|key| access::data_key(&key))
                .map_err(|error| access::failure(&error));
            Reply::DataKey(key, result)
        });
    }

    pub(super) fn handle_reply(&mut self, reply: Reply) {
        match reply {
            Reply::Started(key, choice, asked, result) => {
                self.starts -= 1;
                if let (Ok(_), Some(choice)) = (&result, choice) {
                    self.nodes.insert(key, choice.node.clone());
                    if self.parts.has_choice {
                        self.input(Input::Chosen(key, choice));
                    }
                }
                if let Ok(grant) = &result {
                    let at = unix_ms(SystemTime::now());
                    let access = &self.parts.access;
                    let started =
                        Started::new(&grant.session_id, access.region(), &self.parts.settings, at)
                            .by(access.holder())
                            .of_tunnel(&self.parts.name);
                    self.parts.ledger.started(&started);
                }
                self.granted(key, asked, result);
            }
            Reply::Resumed(key, asked, result) => self.granted(key, asked, result),
            Reply::Dialled(key, purpose, Ok((socket, mut token))) => {
                let token = Token(std::mem::take(&mut *token));
                let command = match purpose {
                    Purpose::Connect => ToSession::Socket(socket, token),
                    Purpose::Renew => ToSession::Renewal(socket, token),
                };
                self.input(Input::Dialled(key, Ok(())));
                self.tell_session(key, command);
            }
            Reply::Dialled(key, _, Err(failure)) => {
                tracing::info!(session = %key, problem = %failure.problem.what, "dialling failed");
                self.input(Input::Dialled(key, Err(failure)));
            }
            Reply::DataKey(key, result) => {
                let refused = result.as_ref().err().cloned();
                let result = result.map_err(|failure| failure.problem);
                self.tell_session(key, ToSession::DataKey(result));
                if let Some(failure) = refused {
                    self.input(Input::Refused(key, failure));
                }
            }
            Reply::Again(caller) => self.take_back(caller),
            Reply::Present(key, caller) => self.connect(key, caller),
            Reply::Gone(key) => self.input(Input::Finished(key)),
            Reply::Nothing => {}
            Reply::Terminated(session_id, result) => {
                let waits = self
                    .ending
                    .remove(&session_id)
                    .and_then(|ending| ending.waits);
                match result {
                    Ok(()) => self.parts.ledger.ended(&session_id),
                    // It stays in the ledger: the next start tries again.
                    Err(Failure { next, problem }) => {
                        self.leave(session_id, Some(next), &problem);
                    }
                }
                if let Some(key) = waits {
                    self.input(Input::Terminated(key));
                }
            }
        }
    }

    fn granted(&mut self, key: SessionKey, asked: Option<Instant>, result: Result<Grant, Failure>) {
        if let Some(asked) = asked {
            self.input(Input::Asked(key, asked.into_std()));
        }
        self.input(Input::Granted(key, result));
    }
}
