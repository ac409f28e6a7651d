//! The service's own timers of a session.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::service::Service;
use crate::session::{Session, TerminatedBy};

/// How often the timers are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// Ends a session that is idle or old, whether its agent lives or not.
pub(crate) async fn watch(service: Arc<Service>, session: Arc<Session>) {
    let began = Instant::now();
    let (mut data, mut last_data) = (session.data_passed(), began);
    while !session.is_over() {
        tokio::select! {
            () = session.over.cancelled() => return,
            () = sleep(PERIOD) => {}
        }
        let now = Instant::now();
        let passed = session.data_passed();
        if std::mem::replace(&mut data, passed) != passed {
            last_data = now;
        }
        let is_past = |limit: Option<Duration>, since: Instant| {
            limit.is_some_and(|most| now.duration_since(since) >= most)
        };
        if is_past(service.max_duration(), began) {
            let text = "Session has reached its maximum duration.";
            session.end(&service, TerminatedBy::MaxDuration, text);
        } else if is_past(service.idle_timeout(), last_data) {
            let text = "Session timed out due to inactivity.";
            session.end(&service, TerminatedBy::IdleTimeout, text);
        }
    }
}
