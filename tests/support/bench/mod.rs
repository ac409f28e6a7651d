//! Programs that forward a port, side by side through one simulated service whose agent has its
//! real manners: how fast, at which latency, at what cost. One machine plays all parts, so only
//! the ratio of two programs in one run says something.

mod client;
mod games;
mod recovery;
mod report;

use std::error::Error;
use std::time::{Duration, Instant};

use ssm_sim::{Settings, Simulator};

use self::games::Games;
use crate::Destination;

pub use self::client::{Client, Kind};
pub use self::report::{Report, Row};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The programs; what is measured of the others is compared with the last.
    pub clients: Vec<Client>,
    /// Round trips to add to loopback's.
    pub round_trips: Vec<Duration>,
    /// How often each program is measured at each of them; they take turns.
    pub rounds: usize,
    /// Bytes of each download; an upload has four times as many.
    pub bulk: u64,
}

/// What is measured. Each has a unit, and more of it is better or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// From the command until it listens, its API call included; ms.
    Start,
    /// MB/s over so many connections at once.
    Download(usize),
    /// MB/s over so many connections at once.
    Upload(usize),
    /// 109 objects over 6 connections; ms.
    Page,
    /// One byte to and fro; ms, the median.
    Echo,
    /// The same, of which one in a hundred takes longer.
    EchoTail,
    /// The same beside a download at full speed, the median.
    EchoBesideDownload,
    /// Connect, one byte to and fro, close: so many workers, a second.
    Connections(usize),
    /// Seconds of the processor for each GB that is downloaded.
    CpuDown,
    /// Seconds of the processor for each GB that is uploaded.
    CpuUp,
    /// The most resident memory, MB.
    Resident,
    /// From a close of the WebSocket in mid download to its full rate again; ms. Nothing for a
    /// program that does not come back to it.
    Recovery,
}

impl Measure {
    /// What a person calls it, with its unit.
    pub fn name(self) -> String {
        match self {
            Self::Start => "start until listening, ms".to_owned(),
            Self::Download(streams) => format!("download, {streams} streams, MB/s"),
            Self::Upload(streams) => format!("upload, {streams} streams, MB/s"),
            Self::Page => "page of 109 objects over 6 connections, ms".to_owned(),
            Self::Echo => "1-byte echo, p50, ms".to_owned(),
            Self::EchoTail => "1-byte echo, p99, ms".to_owned(),
            Self::EchoBesideDownload => "1-byte echo beside a download, p50, ms".to_owned(),
            Self::Connections(workers) => format!("connections a second, {workers} workers"),
            Self::CpuDown => "CPU seconds a GB, down".to_owned(),
            Self::CpuUp => "CPU seconds a GB, up".to_owned(),
            Self::Resident => "peak resident, MB".to_owned(),
            Self::Recovery => "close in mid download to full rate again, ms".to_owned(),
        }
    }
}

/// Measures everything, and tells a line for each turn.
///
/// # Errors
/// A program that does not start, or a transfer that does not come to its end or changes bytes:
/// such a run compares nothing.
pub async fn run(plan: &Plan, mut tell: impl FnMut(&str)) -> Result<Report, Box<dyn Error>> {
    let destination = Destination::start().await?;
    let mut report = Report::new(plan);
    warm_up(plan, &destination).await?;
    for round_trip in &plan.round_trips {
        let sim = Simulator::start(settings()).await?;
        sim.faults().latency(*round_trip / 2);
        for round in 1..=plan.rounds {
            for (index, client) in plan.clients.iter().enumerate() {
                tell(&format!(
                    "round trip {} ms, turn {round} of {}: {}",
                    round_trip.as_millis(),
                    plan.rounds,
                    client.name
                ));
                let began = Instant::now();
                let (process, address) = client.start(&sim, &destination).await?;
                report.add(
                    index,
                    *round_trip,
                    Measure::Start,
                    milliseconds(began.elapsed()),
                );
                let games = Games::new(address, plan.bulk);
                let played = games.play(&process).await;
                for (measure, value) in
                    played.map_err(|error| format!("{}: {error}", client.name))?
                {
                    report.add(index, *round_trip, measure, value);
                }
                if let Some(gap) = recovery::after_a_close(address, sim.faults()).await? {
                    let gap = milliseconds(gap);
                    report.add(index, *round_trip, Measure::Recovery, gap);
                }
                client.end(process).await?;
            }
        }
        sim.stop().await;
    }
    Ok(report)
}

/// Starts each program once: the first one to read its file from the disk would seem slow.
async fn warm_up(plan: &Plan, destination: &Destination) -> Result<(), Box<dyn Error>> {
    let sim = Simulator::start(settings()).await?;
    for client in &plan.clients {
        let (process, _) = client.start(&sim, destination).await?;
        client.end(process).await?;
    }
    sim.stop().await;
    Ok(())
}

/// As the service is, but for two things. A WebSocket's upgrade needs no signature: plugins before
/// 1.2.764.0 sign none (docs/protocol.md, section 1). And no number of messages a second is too much:
/// with eight workers the agent sends more than the gateway bears, and who does not come back from
/// that ends the comparison.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.gateway.signed_upgrades = false;
    settings.gateway.rate_limit = None;
    settings
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
