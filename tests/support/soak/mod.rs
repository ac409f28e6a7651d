//! The program `culvert forward` under load both ways, while the gateway closes all the time: no
//! connection may be lost, no byte be wrong, and nothing grow.

mod load;

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ssm_sim::{Settings, Simulator, TerminatedBy};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use self::load::Load;
use crate::Destination;
use crate::process::{Figures, Process, culvert_forward, culvert_listens};

/// One way. Without any, what a close loses is a matter of microseconds. Nothing limits the
/// bandwidth: where acknowledgements queue behind an upload, a close loses hundreds of them, and
/// the agent sends what they were for again, one message each 100 ms (docs/protocol.md, section
/// 3). At a close every 5 s it never comes to the end of that.
const LATENCY: Duration = Duration::from_millis(10);

/// Memory may be so much larger at the end than when it had settled: a quarter, and this many
/// KiB.
const GROWTH_KIB: u64 = 4 * 1024;

/// Files that may be open at the end beyond those at the start: further sessions of the pool, and
/// connections that are kept for further API calls.
const FILES: u64 = 8;

/// How long the last connections may take to be gone.
const CLEARING: Duration = Duration::from_secs(20);

/// What to do, and for how long.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program `culvert`.
    pub program: PathBuf,
    /// How long the load lasts.
    pub length: Duration,
    /// How often the gateway closes each WebSocket; 5 s by default.
    pub close_period: Duration,
    /// How often a line is told; a minute by default.
    pub report_every: Duration,
}

impl Plan {
    /// Makes a plan with everything else at its default.
    pub fn new(program: PathBuf, length: Duration) -> Self {
        Self {
            program,
            length,
            close_period: Duration::from_secs(5),
            report_every: Duration::from_secs(60),
        }
    }

    /// From when on memory must be flat: after the first minute, or the first third.
    fn settled(&self) -> Duration {
        (self.length / 3).min(Duration::from_secs(60))
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// How long the load lasted.
    pub length: Duration,
    /// WebSockets that the gateway closed with 1000.
    pub closes: u64,
    /// Connections that came and went.
    pub short_connections: u64,
    /// Bytes that arrived at the destination and were right.
    pub up: u64,
    /// Bytes that came from the destination and were right.
    pub down: u64,
    /// The longest time that a few echoed bytes took.
    pub slowest_echo: Duration,
    /// Memory and files once they had settled; `None` where the system does not tell.
    pub settled: Option<Figures>,
    /// The same at the end of the load.
    pub at_end: Option<Figures>,
    /// Everything that must not be. Empty: passed.
    pub faults: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} in {:.1} min: {} closes, {} short connections, {:.1} MB up, {:.1} MB down, slowest echo {} ms",
            if self.faults.is_empty() {
                "passed"
            } else {
                "FAILED"
            },
            self.length.as_secs_f64() / 60.0,
            self.closes,
            self.short_connections,
            megabytes(self.up),
            megabytes(self.down),
            self.slowest_echo.as_millis(),
        )?;
        match (self.settled, self.at_end) {
            (Some(settled), Some(end)) => write!(
                f,
                "resident: {} KiB when settled, {} KiB at the end; open files: {} and {}",
                settled.resident_kib, end.resident_kib, settled.files, end.files
            )?,
            (_, _) => write!(f, "resident memory and open files: not told by this system")?,
        }
        for fault in &self.faults {
            write!(f, "\nfault: {fault}")?;
        }
        Ok(())
    }
}

fn megabytes(bytes: u64) -> f64 {
    // Far from where a float loses whole numbers.
    bytes as f64 / 1e6
}

/// Carries the plan out, and tells a line now and then.
///
/// # Errors
/// It could not even be begun. What goes wrong later is in [`Outcome::faults`].
pub async fn run(plan: Plan, mut tell: impl FnMut(&str)) -> Result<Outcome, Box<dyn Error>> {
    let mut settings = Settings::default();
    settings.gateway.close_period = Some(plan.close_period);
    let sim = Simulator::start(settings).await?;
    sim.faults().latency(LATENCY);
    let destination = Destination::start().await?;
    let (process, address) = Process::start(
        culvert_forward(&plan.program, &sim, &destination),
        culvert_listens,
    )
    .await?;
    tell(&format!(
        "process {} listens at {address}, the gateway closes every {} s",
        process.id(),
        plan.close_period.as_secs_f64()
    ));
    let at_start = process.figures();

    let load = Arc::new(Load::default());
    let watched = watch(&plan, &sim, &process, address, &load, &mut tell).await;

    let mut faults = load.faults();
    faults.extend(remaining_files(&process, at_start).await);
    let stats = sim.stats();
    let closes = stats.closes.get(&1000).copied().unwrap_or_default();
    // Half of what would be if no resume took any time.
    let expected = plan.length.as_secs_f64() / plan.close_period.as_secs_f64() / 2.0;
    if (closes as f64) < expected {
        faults.push(format!(
            "only {closes} closes: the load was not closed under"
        ));
    }
    if stats.rate_limit_trips > 0 {
        let trips = stats.rate_limit_trips;
        faults.push(format!(
            "the gateway's rate limit was tripped {trips} times"
        ));
    }
    let ended_by_us = |by: TerminatedBy| by == TerminatedBy::Flag || by == TerminatedBy::Api;
    for session in sim.sessions() {
        if let Some(by) = session.terminated_by.filter(|by| !ended_by_us(*by)) {
            faults.push(format!("a session was ended: {by:?}"));
        }
    }
    faults.extend(watched.growth());
    faults.extend(process.end().await.err());
    let left = sim.living_sessions().len();
    if left > 0 {
        faults.push(format!("{left} sessions were left behind at the service"));
    }
    sim.stop().await;
    Ok(Outcome {
        length: watched.length,
        closes,
        short_connections: load.short_connections(),
        up: load.up(),
        down: load.down(),
        slowest_echo: load.slowest_echo(),
        settled: watched.settled,
        at_end: watched.at_end,
        faults,
    })
}

/// What was seen from outside while the load lasted.
struct Watched {
    length: Duration,
    settled: Option<Figures>,
    at_end: Option<Figures>,
}

impl Watched {
    fn growth(&self) -> Option<String> {
        let (settled, end) = (self.settled?.resident_kib, self.at_end?.resident_kib);
        (end > settled + settled / 4 + GROWTH_KIB)
            .then(|| format!("resident memory grew from {settled} to {end} KiB"))
    }
}

/// Puts the load on, looks every second, and ends the load in order.
async fn watch(
    plan: &Plan,
    sim: &Simulator,
    process: &Process,
    address: SocketAddr,
    load: &Arc<Load>,
    tell: &mut impl FnMut(&str),
) -> Watched {
    let began = Instant::now();
    let workers = load.start(address);
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut settled = Highest::default();
    let mut at_end = Highest::default();
    let mut next_report = plan.report_every;
    while began.elapsed() < plan.length && !load.is_hopeless() {
        seconds.tick().await;
        let elapsed = began.elapsed();
        let Some(figures) = process.figures() else {
            continue;
        };
        // The highest of some seconds, before and at the end: it goes up and down with what is
        // on its way.
        if elapsed < plan.settled() {
            settled.note(elapsed + plan.settled() / 2 >= plan.settled(), figures);
        }
        at_end.note(elapsed + plan.settled() / 2 >= plan.length, figures);
        if elapsed >= next_report {
            next_report += plan.report_every;
            let closes = sim.stats().closes.get(&1000).copied().unwrap_or_default();
            tell(&format!(
                "{:>4} s: {closes} closes, {}, resident {} KiB, {} files",
                elapsed.as_secs(),
                load.line(),
                figures.resident_kib,
                figures.files
            ));
        }
    }
    let length = began.elapsed();
    load.stop();
    for worker in workers {
        if let Err(error) = worker.await {
            load.fault(format!("a part of the load broke: {error}"));
        }
    }
    Watched {
        length,
        settled: settled.0,
        at_end: at_end.0,
    }
}

/// The highest of several figures.
#[derive(Default)]
struct Highest(Option<Figures>);

impl Highest {
    fn note(&mut self, counts: bool, figures: Figures) {
        if counts {
            let before = self.0.unwrap_or(figures);
            self.0 = Some(Figures {
                resident_kib: before.resident_kib.max(figures.resident_kib),
                files: before.files.max(figures.files),
                ..figures
            });
        }
    }
}

/// Waits until the files of the connections that are gone are closed; the fault if they are not.
async fn remaining_files(process: &Process, at_start: Option<Figures>) -> Option<String> {
    let most = at_start?.files + FILES;
    let mut looks = interval(Duration::from_millis(200));
    let closed = async {
        loop {
            looks.tick().await;
            if process.figures().is_none_or(|now| now.files <= most) {
                return;
            }
        }
    };
    timeout(CLEARING, closed).await.is_err().then(|| {
        let now = process.figures().map(|now| now.files);
        format!("{now:?} files are open, {most} at most should be")
    })
}
