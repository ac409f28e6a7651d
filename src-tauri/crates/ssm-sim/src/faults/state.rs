//! What is going wrong now.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bytes::Bytes;
use ssm_message::MessageType;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::kinds::{Action, ApiFault, Deny, Direction, Lasting, MessageFaults, Operation, Refusal};
use crate::random::Random;
use crate::session::Session;
use crate::settings::{ResumeWhileConnected, SessionGone};

/// The faults that last.
#[derive(Debug)]
pub(crate) struct FaultState {
    pub(crate) random: Random,
    pub(crate) api: BTreeMap<Operation, Limited<ApiFault>>,
    pub(crate) upgrades: Option<Limited<Refusal>>,
    pub(crate) stream_url: Option<String>,
    pub(crate) credentials_expired: bool,
    /// Access key ids, and from when on they are worth nothing.
    pub(crate) expired_keys: HashMap<String, Instant>,
    /// Instead of what the settings say.
    pub(crate) resume_while_connected: Option<ResumeWhileConnected>,
    /// The same.
    pub(crate) session_gone: Option<SessionGone>,
    /// The same.
    pub(crate) idle_timeout: Option<Duration>,
    /// The same.
    pub(crate) max_duration: Option<Duration>,
    /// All of them.
    pub(crate) agents_gone: bool,
    /// What the account does not allow.
    pub(crate) denied: Vec<Deny>,
    /// How far the service's clock is ahead of this machine's, in seconds.
    pub(crate) clock_ahead: i64,
    to_agent: MessageFaults,
    to_client: MessageFaults,
    pub(super) cuts: Vec<Cut>,
    pub(super) lose_next: Vec<LoseNext>,
}

/// A fault that may wear off, by being used or by time.
#[derive(Debug)]
pub(crate) struct Limited<T> {
    pub(crate) what: T,
    lasts: Lasts,
}

#[derive(Debug)]
enum Lasts {
    Times(u32),
    Until(Instant),
    ForEver,
}

impl<T: Clone> Limited<T> {
    pub(crate) fn new(what: T, lasting: Lasting, now: Instant) -> Self {
        let lasts = match lasting {
            Lasting::Times(times) => Lasts::Times(times),
            Lasting::For(duration) => Lasts::Until(now + duration),
            Lasting::UntilCleared => Lasts::ForEver,
        };
        Self { what, lasts }
    }

    /// Returns the fault if it is still to be used, and counts that use.
    pub(crate) fn take(&mut self, now: Instant) -> Option<T> {
        match &mut self.lasts {
            Lasts::Times(0) => return None,
            Lasts::Times(left) => *left -= 1,
            Lasts::Until(end) if now >= *end => return None,
            Lasts::Until(_) | Lasts::ForEver => {}
        }
        Some(self.what.clone())
    }

    /// When it ends by itself.
    pub(crate) fn end(&self) -> Option<Instant> {
        match self.lasts {
            Lasts::Until(end) => Some(end),
            Lasts::Times(_) | Lasts::ForEver => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Cut {
    pub(super) session: Option<String>,
    pub(super) direction: Direction,
    pub(super) remaining: u64,
    pub(super) action: Action,
    pub(super) tripped: Option<oneshot::Sender<()>>,
}

#[derive(Debug)]
pub(super) struct LoseNext {
    pub(super) session: Option<String>,
    pub(super) direction: Direction,
    pub(super) message_type: MessageType,
    pub(super) remaining: u32,
}

/// What the faults do to one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Lose,
    Twice,
    AfterNext,
}

/// A cut whose bytes have passed.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) action: Action,
    tripped: Option<oneshot::Sender<()>>,
}

impl Due {
    /// Tells whoever waits that the action is done.
    pub(crate) fn done(self) {
        if let Some(tripped) = self.tripped {
            // Nobody needs to wait.
            let _ = tripped.send(());
        }
    }
}

impl FaultState {
    pub(crate) fn new(random: Random) -> Self {
        Self {
            random,
            api: BTreeMap::new(),
            upgrades: None,
            stream_url: None,
            credentials_expired: false,
            expired_keys: HashMap::new(),
            resume_while_connected: None,
            session_gone: None,
            idle_timeout: None,
            max_duration: None,
            agents_gone: false,
            denied: Vec::new(),
            clock_ahead: 0,
            to_agent: MessageFaults::default(),
            to_client: MessageFaults::default(),
            cuts: Vec::new(),
            lose_next: Vec::new(),
        }
    }

    /// The first denial of an action on a resource.
    pub(crate) fn denial(&self, action: &str, resource: &str) -> Option<&Deny> {
        self.denied
            .iter()
            .find(|deny| deny.denies(action, resource))
    }

    pub(crate) fn messages(&self, direction: Direction) -> &MessageFaults {
        match direction {
            Direction::ToAgent => &self.to_agent,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn messages_mut(&mut self, direction: Direction) -> &mut MessageFaults {
        match direction {
            Direction::ToAgent => &mut self.to_agent,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Says whether what is signed with this key is refused.
    pub(crate) fn is_expired(&self, access_key: &str, now: Instant) -> bool {
        let expired = |at: &Instant| *at <= now;
        self.credentials_expired || self.expired_keys.get(access_key).is_some_and(expired)
    }

    /// Decides what becomes of one message.
    pub(crate) fn fate(
        &mut self,
        session: &Session,
        direction: Direction,
        message_type: MessageType,
    ) -> Fate {
        let lost = self.lose_next.iter_mut().find(|lose| {
            lose.remaining > 0
                && lose.direction == direction
                && lose.message_type == message_type
                && concerns(lose.session.as_deref(), session)
        });
        if let Some(lose) = lost {
            lose.remaining -= 1;
            return Fate::Lose;
        }
        let faults = *self.messages(direction);
        if self.random.chance(faults.loss) {
            Fate::Lose
        } else if self.random.chance(faults.duplicates) {
            Fate::Twice
        } else if self.random.chance(faults.reordering) {
            Fate::AfterNext
        } else {
            Fate::Pass
        }
    }

    /// Counts session data that passed and returns the cuts that are due by it.
    pub(crate) fn passed(
        &mut self,
        session: &Session,
        direction: Direction,
        bytes: u64,
    ) -> Vec<Due> {
        if self.cuts.is_empty() {
            return Vec::new();
        }
        for cut in &mut self.cuts {
            if cut.direction == direction && concerns(cut.session.as_deref(), session) {
                cut.remaining = cut.remaining.saturating_sub(bytes);
            }
        }
        self.cuts
            .extract_if(.., |cut| {
                cut.remaining == 0
                    && cut.direction == direction
                    && concerns(cut.session.as_deref(), session)
            })
            .map(|cut| Due {
                action: cut.action,
                tripped: cut.tripped,
            })
            .collect()
    }
}

fn concerns(wanted: Option<&str>, session: &Session) -> bool {
    wanted.is_none_or(|id| id == session.id)
}

/// A frame that starts like a message and isn't one.
pub(crate) fn garbage_frame(random: &mut Random) -> Bytes {
    random.bytes(200).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_wears_off_by_use_by_time_or_never() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut twice = Limited::new((), Lasting::Times(2), now);
        let taken = [(); 3].map(|()| twice.take(now).is_some());
        assert_eq!(taken, [true, true, false]);
        let mut timed = Limited::new((), Lasting::For(second), now);
        assert!(timed.take(now + second / 2).is_some());
        assert!(timed.take(now + second).is_none());
        assert_eq!(timed.end(), Some(now + second));
        let mut always = Limited::new((), Lasting::UntilCleared, now);
        assert!((0..1000).all(|_| always.take(now + 1000 * second).is_some()));
        assert_eq!(always.end(), None);
    }

    #[test]
    fn a_key_is_expired_from_its_time_on_and_others_are_not() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut faults = FaultState::new(Random::new(1));
        faults.expired_keys.insert("AKIA1".to_owned(), later);
        assert!(!faults.is_expired("AKIA1", now));
        assert!(faults.is_expired("AKIA1", later));
        assert!(!faults.is_expired("AKIA2", later));
    }
}
