//! The tunnels' figures for a Prometheus server: names and units by the conventions of OpenMetrics
//! 1.0. Nothing is counted for it: each time that somebody asks, what is known anyway is written
//! down.

mod serve;

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tunnel_proto::State;

use crate::bundle::DropCause;
use crate::roll::{SessionFigures, TunnelFigures};

pub use serve::{MetricsError, MetricsServer};

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge>;
type Counters = Family<Labels, Counter>;
type Seconds = Family<Labels, Gauge<f64, AtomicU64>>;

/// The states that a tunnel can be in, by their names in snapshots.
const STATES: [&str; 9] = [
    "off",
    "listening",
    "connecting",
    "up",
    "degraded",
    "reconnecting",
    "needsSignIn",
    "stopping",
    "failed",
];

/// Writes them down, in OpenMetrics' text format.
///
/// # Errors
/// None is known: only a text that can't be written to fails.
pub fn text(all: &[TunnelFigures]) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("culvert");
    let version = env!("CARGO_PKG_VERSION");
    registry.register("build", "The program", Info::new([("version", version)]));
    let tunnels = Tunnels::registered(&mut registry);
    let sessions = Sessions::registered(&mut registry);
    for figures in all {
        tunnels.put(figures);
        for session in &figures.sessions {
            sessions.put(&figures.tunnel.name, session);
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

struct Tunnels {
    state: Gauges,
    sessions: Gauges,
    connections: Gauges,
    parked: Gauges,
    round_trip: Seconds,
    bytes: Counters,
    drops: Counters,
    reconnects: Counters,
    renewals: Counters,
    replacements: Counters,
}

impl Tunnels {
    fn registered(to: &mut Registry) -> Self {
        Self {
            state: added(to, "tunnel_state", "What the tunnel does: 1 for that state"),
            sessions: added(to, "tunnel_sessions", "Sessions that can carry connections"),
            connections: added(
                to,
                "tunnel_connections",
                "Local connections that are carried",
            ),
            parked: added(
                to,
                "tunnel_parked_connections",
                "Local connections that wait for a session",
            ),
            round_trip: with_unit(
                to,
                "tunnel_round_trip",
                "Smoothed round-trip time to the agent",
                Unit::Seconds,
            ),
            bytes: with_unit(
                to,
                "tunnel_payload",
                "Payload since the tunnel was started, by its direction",
                Unit::Bytes,
            ),
            drops: added(
                to,
                "tunnel_drops",
                "Connections to the gateway that were lost, by cause",
            ),
            reconnects: added(
                to,
                "tunnel_reconnects",
                "Connections to the gateway that were lost and resumed, by cause",
            ),
            renewals: added(
                to,
                "tunnel_renewals",
                "Connections to the gateway that were renewed ahead of its close",
            ),
            replacements: added(
                to,
                "tunnel_replacements",
                "Sessions that ended and were replaced",
            ),
        }
    }

    fn put(&self, figures: &TunnelFigures) {
        let snapshot = &figures.snapshot;
        let tunnel = || vec![("tunnel", figures.tunnel.name.clone())];
        let with = |key, value: &str| {
            let mut labels = tunnel();
            labels.push((key, value.to_owned()));
            labels
        };
        let now = name_of(&snapshot.state);
        for state in STATES {
            let is = i64::from(state == now);
            self.state.get_or_create(&with("state", state)).set(is);
        }
        let gauge = |family: &Gauges, value: u32| {
            family.get_or_create(&tunnel()).set(i64::from(value));
        };
        gauge(&self.sessions, snapshot.sessions);
        gauge(&self.connections, snapshot.connections);
        gauge(&self.parked, snapshot.waiting);
        if let Some(ms) = snapshot.round_trip_ms {
            self.round_trip.get_or_create(&tunnel()).set(seconds(ms));
        }
        let counter = |family: &Counters, labels: Labels, value: u64| {
            family.get_or_create(&labels).inc_by(value);
        };
        counter(&self.bytes, with("direction", "up"), snapshot.bytes_up);
        counter(&self.bytes, with("direction", "down"), snapshot.bytes_down);
        for cause in DropCause::ALL {
            let count = figures.drops.get(&cause).copied().unwrap_or_default();
            counter(&self.drops, with("cause", cause.name()), count);
            let count = figures.reconnects.get(&cause).copied().unwrap_or_default();
            counter(&self.reconnects, with("cause", cause.name()), count);
        }
        counter(&self.renewals, tunnel(), snapshot.renewals.into());
        counter(&self.replacements, tunnel(), snapshot.replacements.into());
    }
}

struct Sessions {
    connections: Gauges,
    round_trip: Seconds,
    unacknowledged: Gauges,
    held: Gauges,
    messages: Counters,
    retransmissions: Counters,
}

impl Sessions {
    fn registered(to: &mut Registry) -> Self {
        Self {
            connections: added(to, "session_connections", "Connections that it carries"),
            round_trip: with_unit(
                to,
                "session_round_trip",
                "Smoothed round-trip time to the agent",
                Unit::Seconds,
            ),
            unacknowledged: added(
                to,
                "session_unacknowledged_messages",
                "Messages that the agent has not acknowledged",
            ),
            held: added(
                to,
                "session_held_messages",
                "Messages of the agent's that wait behind a missing one",
            ),
            messages: added(
                to,
                "session_messages",
                "Numbered messages, each counted once, by their direction",
            ),
            retransmissions: added(
                to,
                "session_retransmissions",
                "Numbered messages that were sent again",
            ),
        }
    }

    fn put(&self, tunnel: &str, session: &SessionFigures) {
        let labels = || {
            vec![
                ("tunnel", tunnel.to_owned()),
                ("session", session.session.clone()),
            ]
        };
        let gauge = |family: &Gauges, value: u32| {
            family.get_or_create(&labels()).set(i64::from(value));
        };
        gauge(&self.connections, session.connections);
        let Some(vitals) = &session.vitals else {
            return;
        };
        if let Some(ms) = vitals.round_trip_ms {
            self.round_trip.get_or_create(&labels()).set(seconds(ms));
        }
        gauge(&self.unacknowledged, vitals.unacknowledged);
        gauge(&self.held, vitals.held);
        for (direction, count) in [
            ("up", vitals.messages_sent),
            ("down", vitals.messages_received),
        ] {
            let mut labels = labels();
            labels.push(("direction", direction.to_owned()));
            self.messages.get_or_create(&labels).inc_by(count);
        }
        self.retransmissions
            .get_or_create(&labels())
            .inc_by(vitals.retransmissions);
    }
}

/// Makes a family of figures and has it written with the others.
fn added<M>(to: &mut Registry, name: &str, help: &str) -> Family<Labels, M>
where
    M: Figure,
{
    let family = Family::default();
    to.register(name, help, family.clone());
    family
}

/// The same for figures that have a unit.
fn with_unit<M>(to: &mut Registry, name: &str, help: &str, unit: Unit) -> Family<Labels, M>
where
    M: Figure,
{
    let family = Family::default();
    to.register_with_unit(name, help, unit, family.clone());
    family
}

/// What the registry takes as a figure of each tunnel or session.
trait Figure: TypedMetric + EncodeMetric + Default + fmt::Debug + Send + Sync + 'static {}

impl<M: TypedMetric + EncodeMetric + Default + fmt::Debug + Send + Sync + 'static> Figure for M {}

fn seconds(ms: u32) -> f64 {
    f64::from(ms) / 1000.0
}

/// One of [`STATES`].
fn name_of(state: &State) -> &'static str {
    let [
        off,
        listening,
        connecting,
        up,
        degraded,
        reconnecting,
        needs,
        stopping,
        failed,
    ] = STATES;
    match state {
        State::Off => off,
        State::Listening => listening,
        State::Connecting { .. } => connecting,
        State::Up { .. } => up,
        State::Degraded { .. } => degraded,
        State::Reconnecting { .. } => reconnecting,
        State::NeedsSignIn { .. } => needs,
        State::Stopping => stopping,
        State::Failed { .. } => failed,
    }
}

#[cfg(test)]
mod conventions;
#[cfg(test)]
mod tests;
