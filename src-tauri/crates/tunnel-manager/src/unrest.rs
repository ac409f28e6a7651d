//! The tunnels of this process that drop too often, for whoever tells it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tunnel::{TunnelEvent, events};
use tunnel_proto::{Happening, Record};

use crate::frequency::{Frequency, HOUR_MS, TooOften};
use crate::profile::ProfileId;

/// A tunnel that drops too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restless {
    /// When it was found, Unix milliseconds.
    pub at: u64,
    /// When it dropped last, Unix milliseconds.
    pub last: u64,
    /// How often, why, and what helps.
    pub often: TooOften,
}

impl Restless {
    /// Whether that is still worth telling: an hour without a drop is a good one.
    pub fn is_so(&self, now: u64) -> bool {
        now < self.last.saturating_add(HOUR_MS)
    }
}

/// The tunnels that drop too often, until they stop or are started anew. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Unrest(Arc<watch::Sender<BTreeMap<ProfileId, Restless>>>);

impl Unrest {
    /// Those of now, and whenever that changes.
    pub fn told(&self) -> watch::Receiver<BTreeMap<ProfileId, Restless>> {
        self.0.subscribe()
    }

    /// Counts what is told of a tunnel until it is gone; `most` says how many drops within an hour are
    /// borne in silence.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub(crate) fn follow(
        &self,
        id: ProfileId,
        mut events: events::Receiver,
        most: impl Fn() -> Option<NonZeroU32> + Send + 'static,
    ) {
        let unrest = self.clone();
        tokio::spawn(async move {
            let mut frequency = Frequency::new(None);
            loop {
                match events.recv().await {
                    Ok(TunnelEvent::Record(record)) => {
                        frequency.set_most(most());
                        unrest.take(id, &record, frequency.record(&record));
                    }
                    Ok(
                        TunnelEvent::State(_)
                        | TunnelEvent::Lost { .. }
                        | TunnelEvent::Replaced { .. }
                        | TunnelEvent::Rested(_)
                        | TunnelEvent::Notice(_),
                    ) => {}
                    // Drops that come so fast are more than enough without those.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => break,
                }
            }
            unrest.0.send_if_modified(|all| all.remove(&id).is_some());
        });
    }

    fn take(&self, id: ProfileId, record: &Record, said: Option<TooOften>) {
        let at = record.at;
        self.0.send_if_modified(|all| {
            if let Some(often) = said {
                all.insert(
                    id,
                    Restless {
                        at,
                        last: at,
                        often,
                    },
                );
                return true;
            }
            let Happening::Drop(_) = &record.what else {
                return false;
            };
            let Some(restless) = all.get_mut(&id) else {
                return false;
            };
            restless.last = at;
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tunnel_proto::ClosedBy;

    use super::*;
    use crate::bundle::tests_of_causes::lost;

    const START: u64 = 1_795_262_400_000;
    const MINUTE: u64 = 60_000;

    fn dropped(minute: u64) -> TunnelEvent {
        TunnelEvent::Record(Box::new(Record {
            at: START + minute * MINUTE,
            what: Happening::Drop(Box::new(lost(ClosedBy::Network))),
        }))
    }

    #[tokio::test]
    async fn a_tunnel_is_told_once_and_no_more_when_it_is_gone_or_an_hour_was_good() {
        let unrest = Unrest::default();
        let mut told = unrest.told();
        let (events, follower) = events::channel(16);
        let id = ProfileId::random();
        unrest.follow(id, follower, || NonZeroU32::new(2));
        for minute in 0..3 {
            events.send(dropped(minute));
        }
        let all = told.wait_for(|all| !all.is_empty()).await.expect("told");
        let first = all[&id].clone();
        drop(all);
        assert_eq!((first.at, first.often.drops), (START + 2 * MINUTE, 3));
        events.send(dropped(9));
        let last = START + 9 * MINUTE;
        let all = told.wait_for(|all| all[&id].last == last).await;
        let again = all.expect("told")[&id].clone();
        assert_eq!(again.at, first.at, "it is no news");
        assert!(again.is_so(last + HOUR_MS - 1) && !again.is_so(last + HOUR_MS));
        drop(events);
        told.wait_for(BTreeMap::is_empty).await.expect("told");
    }

    #[tokio::test]
    async fn how_many_are_borne_is_asked_for_at_each_drop() {
        let unrest = Unrest::default();
        let mut told = unrest.told();
        let (events, follower) = events::channel(16);
        let most = Arc::new(Mutex::new(None));
        let asked = Arc::clone(&most);
        unrest.follow(ProfileId::random(), follower, move || {
            *asked.lock().expect("no panic")
        });
        for minute in 0..3 {
            events.send(dropped(minute));
        }
        *most.lock().expect("no panic") = NonZeroU32::new(1);
        // Those of before were counted or not: two more are too many in any case.
        for minute in 4..6 {
            events.send(dropped(minute));
        }
        told.wait_for(|all| !all.is_empty()).await.expect("told");
    }
}
