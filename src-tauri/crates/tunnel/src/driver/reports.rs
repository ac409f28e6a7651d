//! What the sessions' tasks say, and what they are asked.

use tokio::sync::oneshot;
use tokio::time::Instant;
use tunnel_proto::{Input, Learned, SessionKey};

use super::{COMMANDS, Driver};
use crate::access;
use crate::learned::lowered;
use crate::look::{Asked, Details};
use crate::recordings::{self, Ask, Awaited, SessionRecording};
use crate::session_task::{Report, ToSession, Unopened};

impl Driver {
    pub(super) fn handle_report(&mut self, key: SessionKey, report: Report) {
        match report {
            Report::Established(facts) => {
                let (agent, serial) = (&facts.agent_version, facts.serial);
                tracing::debug!(session = %key, %agent, serial, "the agent has shaken hands");
                self.parts.snapshot.send_modify(|snapshot| {
                    snapshot.agent_version = Some(facts.agent_version);
                    snapshot.customer_message = facts.customer_message;
                });
                self.input(Input::Established(key));
            }
            Report::DataKeyNeeded { key_id } => self.request_data_key(key, key_id),
            Report::Lost(loss) => self.input(Input::Lost(key, loss)),
            Report::Over(problem, vitals) => self.input(Input::Over(key, problem, vitals)),
            Report::Degraded(illness) => self.input(Input::Degraded(key, illness)),
            Report::Load(load) => self.input(Input::Load(key, load)),
            Report::Quiet(vitals) => self.input(Input::Quiet(key, vitals)),
            Report::Renewed => self.input(Input::Renewed(key)),
            Report::RenewalMissed => self.input(Input::RenewalMissed(key)),
            Report::FlagDone => self.input(Input::FlagDone(key)),
            Report::Notice(problem) => {
                tracing::debug!(session = %key, code = %problem.code, what = %problem.what, "the user is told");
                self.notice(problem);
            }
            Report::Unreached(problem) => {
                self.notice(problem.clone());
                self.input(Input::Unreached(problem));
            }
            Report::Learned(learned) => {
                match learned {
                    Learned::PayloadLimit(bytes) => {
                        tracing::info!(session = %key, bytes, "the way to the target has a limit for messages");
                    }
                    Learned::MessageRate(learned) => {
                        let rate = learned.rate.get();
                        tracing::info!(session = %key, rate, "the way to the target has a limit for messages a second");
                    }
                }
                self.learn(learned);
            }
            Report::Finished => self.input(Input::Finished(key)),
            Report::Unopened(caller, why) => {
                self.input(Input::Finished(key));
                match why {
                    Unopened::Over => self.place_anew(caller),
                    Unopened::Full => {
                        caller.local.refuse();
                        self.notice(access::session_full());
                    }
                }
            }
            // Publishing follows anyway.
            Report::Figures => {}
        }
    }

    /// Lets the next sessions begin with what one has learned.
    fn learn(&mut self, learned: Learned) {
        let told = lowered(&self.parts.session, learned);
        learned.apply(&mut self.parts.session);
        if let Some(problem) = told {
            self.notice(problem);
        }
    }

    /// Has the sessions' tasks say how they are, and the answer put together beside this task. A
    /// session's task that hangs is not asked again and again: its commands are kept for work.
    pub(super) fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Details(answer) => self.look(answer),
            Ask::Recordings(answer) => self.recordings(answer),
        }
    }

    fn recordings(&mut self, answer: oneshot::Sender<Vec<SessionRecording>>) {
        let mut handles: Vec<_> = self.sessions.iter().collect();
        handles.sort_by_key(|(key, _)| **key);
        let asked = handles.into_iter().map(|(_, handle)| {
            let (recorded, heard) = oneshot::channel();
            if handle.commands.capacity() > COMMANDS / 2 {
                // One that is about to end says nothing.
                let _ = handle.commands.try_send(ToSession::Record(recorded));
            }
            Awaited {
                session_id: handle.session_id.clone(),
                heard,
            }
        });
        let asked: Vec<_> = asked.collect();
        let ended = self.ended.recordings();
        tokio::spawn(async move {
            // Whoever asked may have gone.
            let _ = answer.send(recordings::gather(ended, asked).await);
        });
    }

    fn look(&self, answer: oneshot::Sender<Details>) {
        let now = Instant::now().into_std();
        let asked = self.parts.policy.sessions(now).map(|status| {
            let (seen, heard) = oneshot::channel();
            let handle = self.sessions.get(&status.key);
            if let Some(handle) = handle.filter(|handle| handle.commands.capacity() > COMMANDS / 2)
            {
                // One that is about to end says nothing.
                let _ = handle.commands.try_send(ToSession::Look(seen));
            }
            let node = self.nodes.get(&status.key).cloned();
            Asked {
                status,
                node,
                heard,
            }
        });
        let asked: Vec<_> = asked.collect();
        let programs = self.programs.clone();
        tokio::spawn(async move {
            // Whoever asked may have gone.
            let _ = answer.send(Details::gather(asked, &programs).await);
        });
    }
}
