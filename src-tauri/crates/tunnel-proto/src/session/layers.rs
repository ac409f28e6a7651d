//! Between the layers of a session: what waits becomes messages, and what the data channel and
//! the carrier say goes upwards.

use std::time::{Duration, Instant};

use bytes::Bytes;
use smux::{Mux, ResetReason};
use ssm_data_channel::{Event as ChannelEvent, SessionKind};
use ssm_message::payload::Flag;

use super::connections::connection;
use super::load::Direction;
use super::serial::{Kind, Serial, SerialEvent};
use super::{Carrier, Facts, Learned, ResetCause, Session, SessionEvent, problem};

/// How often an agent of up to 3.1.1511.0 must hear something, or it ends the session after
/// 30 s (docs/protocol.md, section 4).
const OLD_AGENT_KEEPALIVE: Duration = Duration::from_secs(10);

/// Bytes of headers that a message may have beyond what is told to wait: of a stream's SYN, data and
/// FIN only one is counted. More make its buffer grow.
const MORE_HEADERS: usize = 64;

impl Session {
    /// Makes one data message out of what waits.
    pub(super) fn fill_message(&mut self, now: Instant, budget: usize) {
        self.limit_read_ahead();
        let waits = self.pending_bytes().saturating_add(MORE_HEADERS);
        let mut message = self.channel.start_message(waits.min(budget));
        let empty = message.payload_len();
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                mux.poll_transmit(now, message.payload_mut(), budget);
            }
            Carrier::Serial(serial) => serial.poll_transmit(now, message.payload_mut(), budget),
            Carrier::None => return,
        }
        let bytes = message.payload_len() - empty;
        self.count(now, Direction::Up, bytes);
        if let Err(error) = self.channel.send(now, message) {
            self.end(problem::channel(&error));
        }
        self.collect(now);
    }

    fn count(&mut self, now: Instant, direction: Direction, bytes: usize) {
        if let Some(load) = self.load.count(now, direction, bytes) {
            self.events.push_back(SessionEvent::Load(load));
        }
    }

    /// Moves what the layers have to say upwards, and sees what follows from it.
    pub(super) fn collect(&mut self, now: Instant) {
        self.take_events(now);
        self.review(now);
    }

    fn take_events(&mut self, now: Instant) {
        loop {
            while let Some(event) = self.channel.poll_event() {
                self.handle_channel_event(now, event);
            }
            self.take_carrier_events(now);
            if !self.deliver_waiting(now) {
                return;
            }
        }
    }

    /// Delivers one message that waited behind a gap, if its turn is now and there is room.
    fn deliver_waiting(&mut self, now: Instant) -> bool {
        if !self.channel.is_ready() {
            self.backlog.clear();
            return false;
        }
        let has_room = match &self.carrier {
            // The multiplexer waits for that reader itself, for as long as it takes.
            Carrier::Mux(mux) if mux.is_receive_blocked() => {
                self.backlog.clear();
                false
            }
            Carrier::Mux(mux) => self.backlog.may_go_on(now, mux.unread_bytes()),
            Carrier::Serial(serial) => !serial.is_receive_blocked(),
            Carrier::None => true,
        };
        if !has_room || self.outcome.is_some() {
            return false;
        }
        match self.channel.deliver_waiting(now) {
            Ok(delivered) => delivered,
            Err(error) => {
                self.end(problem::channel(&error));
                false
            }
        }
    }

    fn take_carrier_events(&mut self, now: Instant) {
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
            ChannelEvent::Established => self.establish(now),
            ChannelEvent::Data(data) => self.handle_data(now, data),
            ChannelEvent::DataKeyNeeded { key_id } => {
                self.events
                    .push_back(SessionEvent::DataKeyNeeded { key_id });
            }
            ChannelEvent::Paused => self.health.handle_agent_away(now),
            ChannelEvent::Started => self.health.handle_agent_back(now),
            ChannelEvent::ConnectToPortError => self.refused = self.refused.saturating_add(1),
            ChannelEvent::ChannelClosed { output } => self.end(problem::session_ended(&output)),
            ChannelEvent::FlagAcknowledged(Flag::TerminateSession) => {
                self.events.push_back(SessionEvent::EndConfirmed);
            }
            ChannelEvent::FlagAcknowledged(Flag::DisconnectToPort) => {
                if let Carrier::Serial(serial) = &mut self.carrier {
                    serial.handle_disconnected(now);
                }
            }
            ChannelEvent::HandshakeTimedOut(_) => self.end(problem::handshake_timeout()),
            ChannelEvent::Failed(error) => self.end(problem::channel(&error)),
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

    fn establish(&mut self, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        let Some(established) = self.channel.established() else {
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
                    let notice = problem::idle_timer_defeated(&facts.agent_version);
                    self.events.push_back(SessionEvent::Notice(notice));
                } else if let Some(hold_open) = self.hold_open {
                    hold_open.apply(&mut config);
                }
                let mut mux = Mux::new(smux::Role::Client, config);
                // Starts the interval of its NOP frames: an idle session might not get to it
                // for longer than an old agent waits.
                mux.handle_timeout(now);
                if self.keepalive.is_asleep() {
                    mux.pause(now);
                }
                Carrier::Mux(Box::new(mux))
            }
            SessionKind::Port { mux: false, .. } => {
                let notice = problem::one_connection_at_a_time(&facts.agent_version);
                self.events.push_back(SessionEvent::Notice(notice));
                Carrier::Serial(Serial::new(Kind::Basic))
            }
            SessionKind::StandardStream => Carrier::Serial(Serial::new(Kind::Stream)),
            SessionKind::Other(kind) => {
                let problem = problem::unsupported_session(kind);
                return self.end(problem);
            }
        };
        self.events.push_back(SessionEvent::Established(facts));
    }

    fn handle_data(&mut self, now: Instant, data: Bytes) {
        if self.outcome.is_some() {
            return;
        }
        self.count(now, Direction::Down, data.len());
        match &mut self.carrier {
            Carrier::Mux(mux) => {
                if let Err(error) = mux.handle_input(now, data) {
                    self.end(problem::mux_framing(&error));
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
