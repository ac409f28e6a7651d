//! Between the layers of a session: what waits becomes messages, and what the data channel and
//! the carrier say goes upwards.

use std::time::{Duration, Instant};

use bytes::Bytes;
use smux::{Mux, ResetReason};
use ssm_data_channel::{Event as ChannelEvent, SessionKind};
use ssm_message::payload::Flag;

use super::connections::connection;
use super::serial::{Kind, Serial, SerialEvent};
use super::{Carrier, Facts, Learned, ResetCause, Session, SessionEvent, channel_problem};
use crate::{Problem, ProblemKind};

/// How often an agent of up to 3.1.1511.0 must hear something, or it ends the session after
/// 30 s (docs/protocol.md, section 4).
const OLD_AGENT_KEEPALIVE: Duration = Duration::from_secs(10);
impl Session {
    /// Makes one data message out of what waits.
    pub(super) fn fill_message(&mut self, now: Instant, budget: usize) {
        let mut message = self.channel.start_message();
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                mux.poll_transmit(now, message.payload_mut(), budget);
            }
            Carrier::Serial(serial) => serial.poll_transmit(now, message.payload_mut(), budget),
            Carrier::None => return,
        }
        if let Err(error) = self.channel.send(now, message) {
            self.end(channel_problem(&error));
        }
        self.collect(now);
    }

    /// Moves what the layers have to say upwards.
    pub(super) fn collect(&mut self, now: Instant) {
        while let Some(event) = self.channel.poll_event() {
            self.handle_channel_event(now, event);
        }
        loop {
            match &mut self.carrier {
                Carrier::Mux(mux) => {
                    let Some(event) = mux.poll_event() else {
                        return;
                    };
                    self.handle_mux_event(event);
                }
                Carrier::Serial(serial) => {
                    let Some(event) = serial.poll_event() else {
                        return;
                    };
                    self.handle_serial_event(now, event);
                }
                Carrier::None => return,
            }
        }
    }

    fn handle_channel_event(&mut self, now: Instant, event: ChannelEvent) {
        match event {
            ChannelEvent::Established => self.establish(),
            ChannelEvent::Data(data) => self.handle_data(now, data),
            ChannelEvent::DataKeyNeeded { key_id } => {
                self.events
                    .push_back(SessionEvent::DataKeyNeeded { key_id });
            }
            ChannelEvent::Paused => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "agent-away",
                    "The service says that the target's agent is not connected.",
                    "Nothing to do if it comes back; otherwise check that the target runs.",
                );
                self.events.push_back(SessionEvent::Degraded(Some(problem)));
            }
            ChannelEvent::Started => self.events.push_back(SessionEvent::Degraded(None)),
            ChannelEvent::ConnectToPortError => self.refused = self.refused.saturating_add(1),
            ChannelEvent::ChannelClosed { output } => {
                let problem = Problem::new(
                    ProblemKind::Service,
                    "session-ended",
                    "The service has ended the session.",
                    "A new session is started for new connections.",
                );
                self.end(problem.with_details(output));
            }
            ChannelEvent::FlagAcknowledged(Flag::TerminateSession) => {
                self.events.push_back(SessionEvent::EndConfirmed);
            }
            ChannelEvent::FlagAcknowledged(Flag::DisconnectToPort) => {
                if let Carrier::Serial(serial) = &mut self.carrier {
                    serial.handle_disconnected(now);
                }
            }
            ChannelEvent::HandshakeTimedOut(_) => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "handshake-timeout",
                    "The target's agent did not answer in time.",
                    "Check that the target runs and that its agent is up to date.",
                );
                self.end(problem);
            }
            ChannelEvent::Failed(error) => self.end(channel_problem(&error)),
            ChannelEvent::PayloadLimit(bytes) => {
                self.events
                    .push_back(SessionEvent::Learned(Learned::PayloadLimit(bytes)));
            }
            ChannelEvent::RateLimit(rate) => {
                self.events
                    .push_back(SessionEvent::Learned(Learned::MessageRate(rate)));
            }
            // Standard error and the exit code belong to session kinds that carry no port; a
            // bad frame was dropped and counted.
            ChannelEvent::StdErr(_)
            | ChannelEvent::ExitCode(_)
            | ChannelEvent::BadFrame(_)
            | ChannelEvent::FlagAcknowledged(Flag::ConnectToPortError) => {}
        }
    }

    fn establish(&mut self) {
        let Some(established) = self.channel.established().filter(|_| !self.over) else {
            return;
        };
        let facts = Facts {
            agent_version: established.agent_version.to_string(),
            serial: !matches!(established.kind, SessionKind::Port { mux: true, .. }),
            customer_message: Some(established.customer_message.clone())
                .filter(|message| !message.is_empty()),
            terminate_flag: established.features.terminate_flag,
        };
        self.carrier = match &established.kind {
            SessionKind::Port { mux: true, .. } => {
                let mut config = self.mux_config.clone();
                if established.features.smux_keepalive_needed {
                    config.keepalive = Some(OLD_AGENT_KEEPALIVE);
                }
                Carrier::Mux(Box::new(Mux::new(smux::Role::Client, config)))
            }
            SessionKind::Port { mux: false, .. } => {
                let problem = Problem::new(
                    ProblemKind::Target,
                    "one-connection-at-a-time",
                    format!(
                        "The target's agent ({}) carries one connection at a time; others wait \
                         their turn.",
                        facts.agent_version
                    ),
                    "Update the agent to a version after 3.0.196.0.",
                );
                self.events.push_back(SessionEvent::Notice(problem));
                Carrier::Serial(Serial::new(Kind::Basic))
            }
            SessionKind::StandardStream => Carrier::Serial(Serial::new(Kind::Stream)),
            SessionKind::Other(kind) => {
                let problem = Problem::new(
                    ProblemKind::Settings,
                    "unsupported-session",
                    format!("The session is of the type {kind:?}, which carries no port."),
                    "Use a document for port forwarding.",
                );
                return self.end(problem);
            }
        };
        self.events.push_back(SessionEvent::Established(facts));
    }

    fn handle_data(&mut self, now: Instant, data: Bytes) {
        if self.over {
            return;
        }
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                if let Err(error) = mux.handle_input(now, data) {
                    let problem = Problem::new(
                        ProblemKind::Protocol,
                        "mux-framing",
                        "The agent sent bytes that are not smux frames.",
                        "A new session is started; if it happens again, update the agent.",
                    );
                    self.end(problem.with_details(error.to_string()));
                }
            }
            Carrier::Serial(serial) => serial.handle_input(now, data),
            Carrier::None => {}
        }
    }

    fn handle_mux_event(&mut self, event: smux::Event) {
        let event = match event {
            smux::Event::Readable(stream) => {
                self.silent.remove(&connection(stream));
                SessionEvent::Readable(connection(stream))
            }
            smux::Event::Writable(stream) => SessionEvent::Writable(connection(stream)),
            smux::Event::Finished(stream) => {
                // The flag that came before names no stream: it is the one that ends without
                // having said anything (docs/protocol.md, section 3).
                let silent = self.silent.remove(&connection(stream));
                if self.refused > 0 && silent {
                    self.refused -= 1;
                    SessionEvent::ConnectFailed(connection(stream))
                } else {
                    SessionEvent::Finished(connection(stream))
                }
            }
            smux::Event::Reset { id, reason } => {
                let cause = match reason {
                    ResetReason::ReceiveLimit | ResetReason::TotalReceiveLimit => {
                        ResetCause::SlowReader
                    }
                };
                SessionEvent::Reset(connection(id), cause)
            }
            smux::Event::Closed(stream) => {
                // One that was closed on our side meanwhile: the flag was perhaps for it, and
                // must not be taken for another's later.
                if self.silent.remove(&connection(stream)) {
                    self.refused = self.refused.saturating_sub(1);
                }
                SessionEvent::Closed(connection(stream))
            }
            // Agents open no streams; the client role refuses them.
            smux::Event::Opened(_) => return,
        };
        self.events.push_back(event);
    }

    fn handle_serial_event(&mut self, now: Instant, event: SerialEvent) {
        let event = match event {
            SerialEvent::Readable(id) => SessionEvent::Readable(id),
            SerialEvent::Writable(id) => SessionEvent::Writable(id),
            SerialEvent::Finished(id) => SessionEvent::Finished(id),
            SerialEvent::Closed(id) => SessionEvent::Closed(id),
            SerialEvent::Disconnect => {
                self.channel.send_flag(now, Flag::DisconnectToPort);
                return;
            }
        };
        self.events.push_back(event);
    }
}
