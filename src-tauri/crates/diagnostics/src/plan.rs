//! Running checks at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::{About, Business, Check, Finding, Judgement, Skipped, Verdict};

/// Checks to be made. Each runs as soon as those that it needs are done, all others beside it.
///
/// ```
/// # use std::time::Duration;
/// # use diagnostics::{Check, Judgement, Plan};
/// # async fn example() {
/// let mut plan = Plan::default();
/// let limit = Duration::from_secs(10);
/// let dns = plan.add(Check::Dns, None, &[], limit, async { Judgement::ok("Found.") });
/// plan.add(Check::Tcp, None, &[dns], limit, async { Judgement::ok("Connected.") });
/// let findings = plan.run(|finding| println!("{finding:?}")).await;
/// assert_eq!(findings.len(), 2);
/// # }
/// ```
#[derive(Default)]
pub struct Plan<'a> {
    jobs: Vec<Job<'a>>,
}

/// One of a plan's checks, for those that need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobId(usize);

struct Job<'a> {
    check: Check,
    about: Option<About>,
    needs: Vec<JobId>,
    limit: Duration,
    work: Pin<Box<dyn Future<Output = Judgement> + Send + 'a>>,
}

/// What those that need a check have to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// It failed, or was skipped because of this one.
    Shut(Check),
}

impl<'a> Plan<'a> {
    /// Adds a check. It is skipped if one of `needs` failed, or was skipped for that reason; a
    /// warning keeps nobody. After `limit`, counted from its own beginning, it has failed.
    pub fn add(
        &mut self,
        check: Check,
        about: Option<&About>,
        needs: &[JobId],
        limit: Duration,
        work: impl Future<Output = Judgement> + Send + 'a,
    ) -> JobId {
        self.jobs.push(Job {
            check,
            about: about.cloned(),
            needs: needs.to_vec(),
            limit,
            work: Box::pin(work),
        });
        JobId(self.jobs.len() - 1)
    }

    /// Makes all checks. `told` hears each finding in the order in which the checks were added,
    /// as soon as those before it are there as well. Returns all of them in that order.
    pub async fn run(self, mut told: impl FnMut(&Finding)) -> Vec<Finding> {
        let gates: Vec<_> = self.jobs.iter().map(|_| watch::Sender::new(None)).collect();
        let mut running: FuturesUnordered<_> = self
            .jobs
            .into_iter()
            .enumerate()
            .map(|(place, job)| make(place, job, &gates))
            .collect();
        let mut early = BTreeMap::new();
        let mut findings = Vec::with_capacity(gates.len());
        while let Some((place, finding)) = running.next().await {
            early.insert(place, finding);
            while let Some(finding) = early.remove(&findings.len()) {
                told(&finding);
                findings.push(finding);
            }
        }
        findings
    }
}

async fn make(
    place: usize,
    job: Job<'_>,
    gates: &[watch::Sender<Option<Gate>>],
) -> (usize, Finding) {
    let mut shut = None;
    for JobId(need) in job.needs {
        // The first in the order of the needs names the reason, however fast they were.
        shut = shut.or(match passed(gates.get(need)).await {
            Gate::Open => None,
            Gate::Shut(check) => Some(check),
        });
    }
    let began = Instant::now();
    let (judgement, took) = match shut {
        Some(check) => (skipped(check), Duration::ZERO),
        None => match timeout(job.limit, job.work).await {
            Ok(judgement) => (judgement, began.elapsed()),
            Err(_) => (out_of_time(job.limit), began.elapsed()),
        },
    };
    let gate = match judgement.verdict {
        Verdict::Failed(_) => Gate::Shut(job.check),
        Verdict::Skipped(Skipped::Because(check)) => Gate::Shut(check),
        Verdict::Ok | Verdict::Warning | Verdict::Skipped(Skipped::NothingToCheck) => Gate::Open,
    };
    if let Some(sender) = gates.get(place) {
        sender.send_replace(Some(gate));
    }
    let finding = Finding {
        check: job.check,
        about: job.about,
        took,
        judgement,
    };
    (place, finding)
}

/// Waits for a check that another one needs.
async fn passed(gate: Option<&watch::Sender<Option<Gate>>>) -> Gate {
    // An id of another plan is none of this one's.
    let Some(gate) = gate else { return Gate::Open };
    let mut gate = gate.subscribe();
    match gate.wait_for(Option::is_some).await {
        Ok(gate) => gate.unwrap_or(Gate::Open),
        Err(_) => Gate::Open,
    }
}

fn skipped(because: Check) -> Judgement {
    Judgement {
        verdict: Verdict::Skipped(Skipped::Because(because)),
        ..Judgement::ok(format!(
            "Not looked at: \"{}\" comes first.",
            because.title()
        ))
    }
}

fn out_of_time(limit: Duration) -> Judgement {
    Judgement::failed(
        Business::Network,
        "check-timeout",
        format!("There was no answer within {} s.", limit.as_secs()),
        "Check the network connection, VPN and firewall.",
    )
    .with_fact("seconds", &limit.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn broken() -> Judgement {
        Judgement::failed(Business::Network, "broken", "It is broken.", "Mend it.")
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_beside_each_other_and_are_told_in_their_order() {
        let slow = |seconds, what: &'static str| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Judgement::ok(what)
        };
        let mut plan = Plan::default();
        plan.add(Check::Dns, None, &[], LIMIT, slow(3, "first"));
        plan.add(Check::Clock, None, &[], LIMIT, slow(1, "second"));
        plan.add(Check::LocalPort, None, &[], LIMIT, slow(2, "third"));
        let began = Instant::now();
        let mut told = Vec::new();
        let findings = plan.run(|finding| told.push(finding.clone())).await;
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!(findings, told);
        let words: Vec<_> = findings.iter().map(|f| f.judgement.what.as_str()).collect();
        assert_eq!(words, ["first", "second", "third"]);
        let took: Vec<_> = findings.iter().map(|f| f.took.as_secs()).collect();
        assert_eq!(took, [3, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_needs_a_failed_check_is_skipped_and_names_the_first_of_the_chain() {
        let ran = AtomicBool::new(false);
        let mut plan = Plan::default();
        let dns = plan.add(Check::Dns, None, &[], LIMIT, async { broken() });
        let fine = plan.add(Check::Clock, None, &[], LIMIT, async {
            Judgement::warning("odd", "Odd.", "")
        });
        let tcp = plan.add(Check::Tcp, None, &[fine, dns], LIMIT, async {
            ran.store(true, Ordering::Relaxed);
            Judgement::ok("")
        });
        plan.add(Check::Tls, None, &[tcp], LIMIT, async { Judgement::ok("") });
        let proxy = plan.add(Check::Proxy, None, &[fine], LIMIT, async {
            Judgement::nothing_to_check("There is none.")
        });
        plan.add(Check::WebSocket, None, &[proxy], LIMIT, async {
            Judgement::ok("Upgraded.")
        });
        let findings = plan.run(|_| {}).await;
        let verdict = |place: usize| findings[place].judgement.verdict.clone();
        let because = Verdict::Skipped(Skipped::Because(Check::Dns));
        assert_eq!(verdict(2), because);
        assert_eq!(verdict(3), because, "the root, not the one in between");
        assert!(!ran.load(Ordering::Relaxed));
        assert!(findings[3].judgement.what.contains("Name resolution"));
        assert_eq!(verdict(5), Verdict::Ok, "neither stops what needs it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_hangs_has_failed_at_its_own_deadline() {
        let mut plan = Plan::default();
        let slow = plan.add(Check::Dns, None, &[], LIMIT, async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Judgement::ok("")
        });
        plan.add(Check::Tcp, None, &[slow], LIMIT, std::future::pending());
        let began = Instant::now();
        let findings = plan.run(|_| {}).await;
        assert_eq!(began.elapsed(), Duration::from_secs(19));
        assert_eq!(findings[1].judgement.code, "check-timeout");
        assert_eq!(findings[1].took, LIMIT, "without the time it waited");
    }
}
