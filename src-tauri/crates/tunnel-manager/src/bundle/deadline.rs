//! Until when a bundle has to be there, and who still wants it. The time of a whole collection is shared
//! out among what is waited for: what one wait leaves of its share is the next one's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::BundleError;

/// What work without input and output may take in a build without optimisation, which is thirty times
/// as slow: so much more that tests on a busy machine have whole bundles.
const UNOPTIMISED: u32 = match cfg!(debug_assertions) {
    true => 40,
    false => 1,
};

/// What a collection waits for, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Programs that run and are asked how their tunnels are.
    Programs,
    /// The history, notes of sessions, and logs.
    Disk,
    /// The doctor's checks.
    Doctor,
    /// What is taken out of all that.
    Redaction,
    /// The file.
    Writing,
}

impl Wait {
    const ALL: [Self; 5] = [
        Self::Programs,
        Self::Disk,
        Self::Doctor,
        Self::Redaction,
        Self::Writing,
    ];

    /// Its own share, whatever those before it have taken: 9.5 s in all, which leaves half a second of
    /// ten for all that does not wait.
    const fn share(self) -> Duration {
        match self {
            // A program that is well answers within 0.1 s; one that waits for its disk within 1 s.
            Self::Programs => Duration::from_millis(2500),
            Self::Disk => Duration::from_secs(1).saturating_mul(UNOPTIMISED),
            // Which has what the others leave of theirs: 5 s where nothing is frozen.
            Self::Doctor => Duration::from_secs(2),
            Self::Redaction => Duration::from_secs(3).saturating_mul(UNOPTIMISED),
            Self::Writing => Duration::from_secs(1).saturating_mul(UNOPTIMISED),
        }
    }
}

/// The doctor has no more, however much the others leave: whoever waits wants a bundle.
const DOCTOR_MOST: Duration = Duration::from_secs(5);

/// Until when a bundle has to be there: 9.5 s after its begin. Each wait has a share of that and what
/// those before it left of theirs. A clone is the same.
#[derive(Debug, Clone)]
pub struct Deadline {
    begun: Instant,
    cancel: Cancel,
}

impl Deadline {
    /// Begins now, for as long as it is not cancelled.
    pub fn begin(cancel: &Cancel) -> Self {
        Self {
            begun: Instant::now(),
            cancel: cancel.clone(),
        }
    }

    pub(super) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// When a wait must be over.
    pub(super) fn end_of(&self, wait: Wait) -> Instant {
        let before = Wait::ALL.iter().take_while(|one| **one != wait);
        let shares: Duration = before.map(|one| one.share()).sum();
        self.begun + shares + wait.share()
    }

    /// How long a wait may take from now on.
    pub(super) fn remains(&self, wait: Wait) -> Duration {
        let remains = self.end_of(wait).saturating_duration_since(Instant::now());
        match wait {
            Wait::Doctor => remains.min(DOCTOR_MOST),
            Wait::Programs | Wait::Disk | Wait::Redaction | Wait::Writing => remains,
        }
    }

    /// Waits for something that ends in time by itself.
    ///
    /// # Errors
    /// It was cancelled, which is noticed at once.
    pub(super) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, BundleError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(BundleError::Cancelled),
            done = work => Ok(done),
        }
    }

    /// Waits for something that may never end; `None` once its time is over.
    ///
    /// # Errors
    /// It was cancelled, which is noticed at once.
    pub(super) async fn within<T>(
        &self,
        wait: Wait,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, BundleError> {
        let done = timeout_at(self.end_of(wait), work);
        Ok(self.unless_cancelled(done).await?.ok())
    }
}

/// How a collection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wanted {
    #[default]
    Yes,
    /// Nobody wants it any more.
    No,
    /// It gets its final name: it is there, whatever anybody wants now.
    Settled,
}

/// Ends a collection that somebody no longer wants. A clone ends the same one.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<watch::Sender<Wanted>>);

impl Cancel {
    /// Ends it, unless it gets its final name already.
    pub fn cancel(&self) {
        self.turn(Wanted::No);
    }

    /// Whether it was ended.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() == Wanted::No
    }

    /// Waits until it is ended.
    pub(super) async fn cancelled(&self) {
        // The sender is held here: it can't be gone.
        let _ = self
            .0
            .subscribe()
            .wait_for(|wanted| *wanted == Wanted::No)
            .await;
    }

    pub(super) fn check(&self) -> Result<(), BundleError> {
        match self.is_cancelled() {
            true => Err(BundleError::Cancelled),
            false => Ok(()),
        }
    }

    /// From now on it is too late to end it.
    pub(super) fn settle(&self) -> Result<(), BundleError> {
        self.turn(Wanted::Settled);
        self.check()
    }

    fn turn(&self, into: Wanted) {
        self.0.send_if_modified(|wanted| {
            let turns = *wanted == Wanted::Yes;
            if turns {
                *wanted = into;
            }
            turns
        });
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[test]
    fn all_shares_together_are_less_than_ten_seconds_but_for_what_a_slow_build_is_given() {
        let slow = [Wait::Disk, Wait::Redaction, Wait::Writing];
        let all: Duration = Wait::ALL
            .iter()
            .map(|wait| match slow.contains(wait) {
                true => wait.share() / UNOPTIMISED,
                false => wait.share(),
            })
            .sum();
        assert_eq!(all, Duration::from_millis(9500));
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_is_frozen_each_wait_has_its_share_and_all_are_over_in_time() {
        let deadline = Deadline::begin(&Cancel::default());
        let mut before = Instant::now();
        for wait in Wait::ALL {
            assert_eq!(deadline.remains(wait), wait.share(), "{wait:?}");
            let frozen = deadline.within(wait, pending::<()>()).await;
            assert!(matches!(frozen, Ok(None)), "{frozen:?}");
            assert_eq!(before.elapsed(), wait.share(), "{wait:?}");
            before = Instant::now();
        }
        let all: Duration = Wait::ALL.iter().map(|wait| wait.share()).sum();
        assert_eq!(deadline.begun.elapsed(), all);
        // What begins after the end is over at once.
        let late = deadline.within(Wait::Doctor, pending::<()>()).await;
        assert!(matches!(late, Ok(None)), "{late:?}");
        assert_eq!(deadline.remains(Wait::Doctor), Duration::ZERO);
        assert_eq!(deadline.begun.elapsed(), all);
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_wait_leaves_is_the_next_ones() {
        let deadline = Deadline::begin(&Cancel::default());
        let done = deadline.within(Wait::Programs, async { 7 }).await;
        assert!(matches!(done, Ok(Some(7))), "{done:?}");
        let both = Wait::Programs.share() + Wait::Disk.share();
        assert_eq!(deadline.remains(Wait::Disk), both);
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_once_when_nobody_wants_it_any_more() {
        for wait in Wait::ALL {
            let cancel = Cancel::default();
            let deadline = Deadline::begin(&cancel);
            let second = Duration::from_millis(300);
            let cancelling = async {
                tokio::time::sleep(second).await;
                cancel.cancel();
            };
            let (ended, ()) = tokio::join!(deadline.within(wait, pending::<()>()), cancelling);
            assert!(matches!(ended, Err(BundleError::Cancelled)), "{ended:?}");
            assert_eq!(deadline.begun.elapsed(), second, "{wait:?}");
            // What comes after it does not even begin.
            let next = deadline.unless_cancelled(async {}).await;
            assert!(matches!(next, Err(BundleError::Cancelled)), "{next:?}");
        }
    }

    #[tokio::test]
    async fn what_gets_its_final_name_is_cancelled_no_more_and_what_is_cancelled_gets_none() {
        let cancel = Cancel::default();
        assert!(cancel.settle().is_ok());
        cancel.cancel();
        assert!(!cancel.is_cancelled() && cancel.check().is_ok());
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(matches!(cancel.settle(), Err(BundleError::Cancelled)));
    }
}
