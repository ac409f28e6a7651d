//! How often the history is read while somebody looks.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The least time between two readings of the history, however much is recorded.
pub(crate) const READ_PAUSE: Duration = Duration::from_secs(2);

/// Reading takes at most one part in so many of the time.
const READ_SHARE: u32 = 10;

/// The day goes on although nothing is recorded: its strip moves by a pixel in about this time.
pub(crate) const DAY_MOVES: Duration = Duration::from_secs(4 * 60);

/// When what was read from `began` on may be read again.
pub(crate) fn earliest(began: Instant) -> Instant {
    began + (began.elapsed() * READ_SHARE).max(READ_PAUSE)
}

/// Waits until something was recorded, and not more often than it may be read. Given up before
/// its end, it has taken no notice of anything: the next call hears of the same.
pub(crate) async fn recording(recorded: &mut watch::Receiver<u64>, earliest: Instant) {
    sleep_until(earliest).await;
    if recorded.changed().await.is_err() {
        // Nothing is kept.
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_recorded_is_heard_of_although_the_tunnel_changed_before_it_could_be_read() {
        let (sender, mut recorded) = watch::channel(0);
        sender.send(1).expect("somebody listens");
        let earliest = Instant::now() + READ_PAUSE;
        let given_up = timeout(READ_PAUSE / 2, recording(&mut recorded, earliest)).await;
        assert!(given_up.is_err());
        timeout(READ_PAUSE, recording(&mut recorded, earliest))
            .await
            .expect("heard of");
    }
}
