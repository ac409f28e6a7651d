//! Tunnels to production: who may start them, and that they close by themselves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;
use crate::overview::Closes;
use crate::profile::{Consent, Field, ProductionDraft, Rule};

const MINUTE: u64 = 60_000;

/// The clock of the test's virtual time, from 0.
fn bench() -> Bench {
    let begin = Instant::now();
    let clock = move || u64::try_from(begin.elapsed().as_millis()).expect("a short test");
    let (folder, script) = (TempDir::new().expect("a folder"), Script::default());
    let store = Store::in_folder(folder.path());
    let (edits, hand) = Edits::by_hand();
    let manager = Manager::start_at(store, script.clone(), edits, Arc::new(clock));
    let overview = manager.overview();
    Bench {
        script,
        manager,
        overview,
        folder,
        hand,
    }
}

fn production(reason: &str, closes_after: &str) -> Draft {
    Draft {
        production: Some(ProductionDraft {
            reason: Some(reason.to_owned()),
            closes_after: Some(closes_after.to_owned()),
        }),
        ..draft("Orders")
    }
}

fn consent(reason: &str) -> Consent {
    Consent {
        reason: Some(reason.to_owned()),
    }
}

impl Bench {
    async fn production(&mut self, reason: &str, closes_after: &str) -> ProfileId {
        let draft = production(reason, closes_after);
        self.manager.add(draft).await.expect("added")
    }

    /// A tunnel to production that runs and closes after so long.
    async fn running(&mut self, closes_after: &str) -> ProfileId {
        let id = self.production("none", closes_after).await;
        let done = self.manager.connect_with(id, Consent::default()).await;
        done.expect("agreed");
        self.until_state(|state| matches!(state, State::Connecting { since: 1 }))
            .await;
        self.script.say(0, State::Up { since: 5 });
        self.until_state(is_up).await;
        id
    }

    fn launches(&self) -> usize {
        self.script.with(|inner| inner.launches.len())
    }

    fn only(&self) -> TunnelStatus {
        self.overview.borrow().tunnels[0].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn production_is_not_started_without_a_persons_word() {
    let mut bench = bench();
    let id = bench.production("ask", "off").await;
    let refused = bench.manager.connect(id).await;
    assert!(
        matches!(refused, Err(ManagerError::NeedsConsent(of)) if of == id),
        "{refused:?}"
    );
    let refused = bench.manager.connect_with(id, Consent::default()).await;
    let Err(ManagerError::Invalid(wrong)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (wrong[0].field, wrong[0].rule),
        (Field::Reason, Rule::ReasonMissing)
    );
    assert_eq!(bench.launches(), 0);
    assert!(is_off(&bench.only().snapshot.state));
}

#[tokio::test(start_paused = true)]
async fn the_reason_that_was_given_goes_into_the_session_and_not_into_the_file() {
    let mut bench = bench();
    let id = bench.production("ask", "off").await;
    let done = bench.manager.connect_with(id, consent("ticket 7")).await;
    done.expect("agreed");
    bench
        .until_state(|state| matches!(state, State::Connecting { since: 1 }))
        .await;
    let reason = bench
        .script
        .with(|inner| inner.launches[0].profile.reason.clone());
    assert_eq!(reason.as_deref(), Some("ticket 7"));
    let status = bench.only();
    assert_eq!(status.profile.reason, None);
    assert!(!status.outdated, "{status:?}");
    assert_eq!(status.closes, None);
    // It runs: nobody is asked again.
    bench.manager.connect(id).await.expect("runs already");
}

#[tokio::test(start_paused = true)]
async fn production_that_is_being_stopped_needs_a_new_word_to_start_again() {
    let mut bench = bench();
    let hold = Arc::new(Notify::new());
    let id = bench.running("off").await;
    bench
        .script
        .with(|inner| inner.hold_stop = Some(Arc::clone(&hold)));
    bench.manager.disconnect(id).await.expect("known");
    bench.until_state(is_stopping).await;
    let refused = bench.manager.connect(id).await;
    assert!(matches!(refused, Err(ManagerError::NeedsConsent(_))));
    bench
        .manager
        .connect_with(id, consent("once more"))
        .await
        .expect("agreed");
    hold.notify_one();
    bench
        .until_state(|state| matches!(state, State::Connecting { since: 1 }))
        .await;
    let reason = bench
        .script
        .with(|inner| inner.launches[1].profile.reason.clone());
    assert_eq!(reason.as_deref(), Some("once more"));
}

#[tokio::test(start_paused = true)]
async fn production_warns_and_then_closes_by_itself_and_says_so() {
    let mut bench = bench();
    let begin = Instant::now();
    bench.running("1h").await;
    let closes = bench.only().closes.expect("it closes");
    assert!(!closes.is_soon);
    bench
        .until(|overview| {
            overview.tunnels[0]
                .closes
                .is_some_and(|closes| closes.is_soon)
        })
        .await;
    assert_eq!(begin.elapsed().as_secs(), 55 * 60);
    let closed = bench.until_state(is_off).await;
    assert_eq!(begin.elapsed().as_secs(), 60 * 60);
    assert_eq!(bench.script.with(|inner| inner.stopped), 1);
    let notice = closed.snapshot.notice.expect("it says why");
    assert_eq!(notice.code, "closed-by-itself");
    assert!(notice.what.contains("1h"), "{notice:?}");
    assert_eq!(closed.closes, None);
}

#[tokio::test(start_paused = true)]
async fn kept_open_it_has_all_its_time_again() {
    let mut bench = bench();
    let begin = Instant::now();
    let id = bench.running("1h").await;
    bench
        .until(|overview| {
            overview.tunnels[0]
                .closes
                .is_some_and(|closes| closes.is_soon)
        })
        .await;
    bench.manager.keep_open(id).await.expect("known");
    let wanted = Closes {
        at: (55 + 60) * MINUTE,
        is_soon: false,
    };
    bench
        .until(|overview| overview.tunnels[0].closes == Some(wanted))
        .await;
    bench.until_state(is_off).await;
    assert_eq!(begin.elapsed().as_secs(), 115 * 60);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_production_stays_open() {
    let mut bench = bench();
    let id = bench.connected().await;
    bench.script.say(0, State::Up { since: 5 });
    bench.until_state(is_up).await;
    bench.manager.keep_open(id).await.expect("does nothing");
    sleep(Duration::from_secs(30 * 24 * 3600)).await;
    let status = bench.only();
    assert!(is_up(&status.snapshot.state));
    assert_eq!(status.closes, None);
}

#[tokio::test(start_paused = true)]
async fn what_was_closed_by_hand_has_nothing_to_explain() {
    let mut bench = bench();
    let id = bench.running("1h").await;
    bench.manager.disconnect(id).await.expect("known");
    let closed = bench.until_state(is_off).await;
    assert_eq!(closed.snapshot.notice, None);
    sleep(Duration::from_secs(2 * 3600)).await;
    assert_eq!(bench.only().snapshot.notice, None);
}
