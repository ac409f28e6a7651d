//! The API calls of all tunnels of a process, at a rate that the service takes for normal.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tunnel_proto::CallBudget as Bucket;

/// Calls that may go at once. A few tunnels that lose their gateway together (a changed network,
/// a wake) all resume without waiting; so does `start` with a handful of tunnels.
const BURST: u32 = 10;

/// Calls a second once the burst is used. The account shares its throttling quota for
/// StartSession and ResumeSession with everybody else who works in it, and 200 tunnels that lose
/// the gateway at once must not look like an attack to `ssm.REGION`. At five a second they are
/// all asked for within 38 s.
const PER_SECOND: u32 = 5;

/// The budget of API calls, shared by all tunnels that hold a clone of it.
///
/// First come, first served, but for calls that nobody waits for ([`spare_permit`](Self::spare_permit)). Default: ten calls at once, then five a second.
#[derive(Debug, Clone)]
pub struct CallBudget {
    /// Whose turn it is: one permit, given in the order of asking. Only its holder waits for
    /// time, so that one who gives up while he waits has taken nothing from those behind him.
    turn: Arc<Semaphore>,
    bucket: Arc<Mutex<Bucket>>,
    /// How many wait in [`permit`](Self::permit): those who tidy up wait for them.
    waiting: Arc<watch::Sender<usize>>,
}

/// One who waits for a permit, counted until he has it or gives up.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn count(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|count| *count += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl CallBudget {
    /// Gives a full budget of `burst` calls that fills by `per_second`. Zero counts as one.
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            bucket: Arc::new(Mutex::new(Bucket::new(burst, per_second))),
            waiting: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Waits until one call may be made.
    ///
    /// May be dropped at any moment, by a deadline for example: a permit is only taken when this
    /// returns, so one who gave up costs nobody anything, and those behind him move up. That
    /// matters when a network goes down while 200 tunnels wait: after its return the first of
    /// them must not wait behind calls that nobody makes any more.
    pub async fn permit(&self) {
        let _waiting = Waiting::count(&self.waiting);
        self.turn().await;
    }

    /// Waits until one call may be made that nobody waits for: to end a session that is not
    /// needed any more. Whoever asks for a [`permit`](Self::permit) goes first, so that sessions
    /// which were left behind do not delay a tunnel that resumes.
    ///
    /// May be dropped at any moment.
    pub async fn spare_permit(&self) {
        let mut waiting = self.waiting.subscribe();
        // The sender is ours: it can't be gone.
        while waiting.wait_for(|count| *count == 0).await.is_ok() {
            tokio::select! {
                () = self.turn() => return,
                // It is another's turn now.
                _ = waiting.wait_for(|count| *count > 0) => {}
            }
        }
    }

    async fn turn(&self) {
        // The semaphore is never closed; if it were, calls would go unpaced rather than never.
        let _turn = self.turn.acquire().await;
        loop {
            let now = Instant::now();
            let at = {
                let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                let at = Instant::from_std(bucket.ready_at(now.into_std()));
                if at <= now {
                    bucket.reserve(now.into_std());
                    return;
                }
                at
            };
            sleep_until(at).await;
        }
    }
}

impl Default for CallBudget {
    fn default() -> Self {
        Self::new(BURST, PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_hundred_tunnels_at_once_are_served_in_order_over_38_seconds() {
        let budget = CallBudget::default();
        let start = Instant::now();
        let (served, mut order) = mpsc::channel(200);
        for tunnel in 0..200 {
            let (budget, served) = (budget.clone(), served.clone());
            tokio::spawn(async move {
                budget.permit().await;
                served.send((tunnel, start.elapsed())).await.unwrap();
            });
        }
        drop(served);
        let mut calls = Vec::new();
        while let Some(call) = order.recv().await {
            calls.push(call);
        }
        assert!(calls.iter().map(|(tunnel, _)| *tunnel).eq(0..200));
        assert!(calls[..10].iter().all(|(_, at)| at.is_zero()));
        // Timers are good to a millisecond, and round up.
        for (n, (_, at)) in calls[10..].iter().enumerate() {
            let due = Duration::from_millis(200) * u32::try_from(n + 1).unwrap();
            assert!(
                *at >= due && *at <= due + Duration::from_millis(2),
                "{at:?} for {due:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tunnels_go_before_sessions_that_were_left_behind() {
        let budget = CallBudget::new(1, 1);
        let start = Instant::now();
        let (served, mut order) = mpsc::channel(100);
        for spare in 0..60 {
            let (budget, served) = (budget.clone(), served.clone());
            tokio::spawn(async move {
                budget.spare_permit().await;
                served.send(format!("left {spare}")).await.unwrap();
            });
        }
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        for tunnel in 0..2 {
            let (budget, served) = (budget.clone(), served.clone());
            tokio::spawn(async move {
                budget.permit().await;
                let at = start.elapsed().as_secs();
                served
                    .send(format!("tunnel {tunnel} at {at}"))
                    .await
                    .unwrap();
            });
        }
        drop(served);
        let mut calls = Vec::new();
        while let Some(call) = order.recv().await {
            calls.push(call);
        }
        assert_eq!(calls[..2], ["left 0", "left 1"]);
        assert_eq!(calls[2..4], ["tunnel 0 at 2", "tunnel 1 at 3"]);
        assert_eq!(calls.len(), 62);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_given_up_while_they_wait_cost_nothing() {
        let budget = CallBudget::new(1, 1);
        budget.permit().await;
        let start = Instant::now();
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let budget = budget.clone();
                tokio::spawn(async move { budget.permit().await })
            })
            .collect();
        tokio::task::yield_now().await;
        for task in waiting {
            task.abort();
        }
        budget.permit().await;
        assert!(
            start.elapsed() <= Duration::from_millis(1002),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_ends_the_wait_of_the_first_in_line_and_the_next_moves_up() {
        let budget = CallBudget::new(1, 1);
        budget.permit().await;
        let start = Instant::now();
        let second = tokio::spawn({
            let budget = budget.clone();
            async move { timeout(Duration::from_millis(500), budget.permit()).await }
        });
        tokio::task::yield_now().await;
        budget.permit().await;
        assert!(second.await.unwrap().is_err());
        assert!(
            start.elapsed() <= Duration::from_millis(1002),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn clones_share_one_budget_and_others_do_not() {
        let budget = CallBudget::new(1, 1);
        let start = Instant::now();
        budget.permit().await;
        CallBudget::new(1, 1).permit().await;
        assert!(start.elapsed().is_zero());
        budget.clone().permit().await;
        assert!(start.elapsed() >= Duration::from_secs(1));
    }
}
