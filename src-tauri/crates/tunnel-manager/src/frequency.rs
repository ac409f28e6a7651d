//! A tunnel that loses its connection to the gateway too often: said once, with the most likely
//! cause and what helps.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;

use serde::Serialize;
use tunnel_proto::{DropEnd, Happening, Problem, ProblemKind, Record};

use crate::bundle::{DropCause, DropCauses};

/// The time in which drops are counted, milliseconds.
pub(crate) const HOUR_MS: u64 = 60 * 60 * 1000;

/// Counts a tunnel's drops within an hour. Knows no clock: records tell the time.
#[derive(Debug)]
pub struct Frequency {
    most: Option<NonZeroU32>,
    causes: DropCauses,
    /// Within the last hour, at most one more than may be.
    drops: VecDeque<(u64, DropCause)>,
    /// It was said, and the tunnel has had no hour since with half as many.
    told: bool,
}

/// A tunnel dropped more often than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TooOften {
    /// How often within an hour.
    pub drops: u32,
    /// Why most often.
    pub cause: DropCause,
    /// How many of them had that cause.
    pub of_cause: u32,
    /// What helps against that.
    pub advice: &'static str,
}

impl TooOften {
    /// The same in sentences.
    pub fn problem(&self) -> Problem {
        let (drops, of_cause) = (self.drops, self.of_cause);
        let what = format!(
            "The tunnel was lost {drops} times within an hour; {of_cause} of these: {}.",
            self.cause.words()
        );
        Problem::new(ProblemKind::Network, "lost-too-often", what, self.advice)
            .with_fact("drops", &drops)
            .with_fact("ofCause", &of_cause)
            .with_fact(self.cause.name(), &of_cause)
    }
}

impl Frequency {
    /// How many drops within an hour are borne in silence. The gateway ends each connection after an
    /// hour, and a network that is changed ends it as well: more than four are no usual hour.
    pub const USUAL: NonZeroU32 = match NonZeroU32::new(4) {
        Some(usual) => usual,
        None => NonZeroU32::MIN,
    };

    /// Counts for a tunnel that may drop so often within an hour; `None` never says anything.
    pub fn new(most: Option<NonZeroU32>) -> Self {
        Self {
            most,
            causes: DropCauses::default(),
            drops: VecDeque::new(),
            told: false,
        }
    }

    /// From now on it may drop so often; `None` never says anything.
    pub fn set_most(&mut self, most: Option<NonZeroU32>) {
        self.most = most;
    }

    /// Takes in what happened; says so when that makes it too often. Not again before it was half
    /// as often or less.
    pub fn record(&mut self, record: &Record) -> Option<TooOften> {
        // What is told round drops counts whether anybody wants to hear of them or not.
        let cause = self.causes.name(record)?;
        let most = self.most?.get();
        if is_as_meant(record, cause) {
            return None;
        }
        let at = record.at;
        self.drops.push_back((at, cause));
        while self
            .drops
            .front()
            .is_some_and(|(since, _)| since + HOUR_MS <= at)
        {
            self.drops.pop_front();
        }
        let drops = u32::try_from(self.drops.len()).unwrap_or(u32::MAX);
        if drops <= most / 2 {
            self.told = false;
        }
        if drops <= most {
            return None;
        }
        // Whatever follows within this hour is counted against the same bound.
        let told = std::mem::replace(&mut self.told, true);
        let said = (!told).then(|| self.said(drops));
        self.drops.pop_front();
        said
    }

    fn said(&self, drops: u32) -> TooOften {
        let mut counts: BTreeMap<DropCause, u32> = BTreeMap::new();
        for (_, cause) in &self.drops {
            *counts.entry(*cause).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        // There is at least one.
        let (cause, of_cause) = most.unwrap_or((DropCause::Broken, 0));
        TooOften {
            drops,
            cause,
            of_cause,
            advice: cause.advice(),
        }
    }
}

/// Whoever stops a tunnel, or closes the lid, knows why.
fn is_as_meant(record: &Record, cause: DropCause) -> bool {
    let Happening::Drop(lost) = &record.what else {
        return false;
    };
    let ended = match lost.end {
        DropEnd::Stopped | DropEnd::LetGo => true,
        DropEnd::Resumed | DropEnd::Replaced { .. } | DropEnd::GivenUp { .. } => false,
    };
    ended || cause == DropCause::Sleep
}

#[cfg(test)]
mod tests {
    use tunnel_proto::{ClosedBy, DropRecord};

    use super::*;
    use crate::bundle::tests_of_causes::{degraded, lost, replaced, up};

    const START: u64 = 1_795_262_400_000;
    const MINUTE: u64 = 60_000;

    fn dropped(minute: u64, lost: DropRecord) -> Record {
        Record {
            at: START + minute * MINUTE,
            what: Happening::Drop(Box::new(lost)),
        }
    }

    fn broken(minute: u64) -> Record {
        dropped(minute, lost(ClosedBy::Network))
    }

    fn three() -> Frequency {
        Frequency::new(NonZeroU32::new(3))
    }

    #[test]
    fn more_drops_than_may_be_within_an_hour_are_said_once_with_their_most_frequent_cause() {
        let mut frequency = three();
        assert_eq!(frequency.record(&broken(0)), None);
        assert_eq!(
            frequency.record(&dropped(10, lost(ClosedBy::Deadline))),
            None
        );
        assert_eq!(frequency.record(&broken(20)), None);
        let said = frequency.record(&broken(30)).unwrap();
        assert_eq!((said.drops, said.of_cause), (4, 3));
        assert_eq!(said.cause, DropCause::Broken);
        let problem = said.problem();
        let what = "The tunnel was lost 4 times within an hour; 3 of these: the connection broke on the way.";
        assert_eq!(
            (problem.what.as_str(), problem.remedy.as_str()),
            (what, said.advice)
        );
        assert_eq!(problem.facts.get("broken"), Some("3"));
        for minute in 31..200 {
            assert_eq!(frequency.record(&broken(minute)), None, "at {minute}");
        }
    }

    #[test]
    fn it_is_said_again_after_an_hour_that_was_better() {
        let mut frequency = three();
        let mut said = |minutes: &[u64]| {
            let all = minutes
                .iter()
                .filter_map(|minute| frequency.record(&broken(*minute)));
            all.count()
        };
        assert_eq!(said(&[0, 1, 2, 3]), 1);
        assert_eq!(said(&[100]), 0);
        assert_eq!(said(&[101, 102, 103]), 1);
    }

    #[test]
    fn an_agent_that_leaves_its_sessions_jammed_is_the_cause_that_is_said() {
        let mut frequency = three();
        let mut said = None;
        for minute in [0, 10, 20, 30] {
            let away = START + minute * MINUTE;
            assert_eq!(frequency.record(&degraded(away, "agent-away")), None);
            assert_eq!(frequency.record(&up(away + 1_000)), None);
            assert_eq!(frequency.record(&degraded(away + 20_000, "stalled")), None);
            let jammed = replaced(ProblemKind::Target, "jammed");
            said = frequency.record(&dropped(minute + 1, jammed));
        }
        let said = said.unwrap();
        assert_eq!((said.cause, said.of_cause), (DropCause::Agent, 4));
    }

    #[test]
    fn drops_that_lie_apart_sleeps_and_the_tunnels_own_end_are_no_news() {
        let mut frequency = three();
        for hour in 0..20 {
            assert_eq!(frequency.record(&broken(hour * 61)), None);
        }
        for minute in 2_000..2_020 {
            let slept = Record {
                at: START + minute * MINUTE,
                what: Happening::Slept { asleep_ms: 1 },
            };
            assert_eq!(frequency.record(&slept), None);
            assert_eq!(frequency.record(&broken(minute)), None);
        }
        for minute in 3_000..3_020 {
            let mut stopped = lost(ClosedBy::SessionEnd);
            stopped.end = DropEnd::Stopped;
            assert_eq!(frequency.record(&dropped(minute, stopped)), None);
        }
    }

    #[test]
    fn who_wants_to_hear_nothing_hears_nothing() {
        let mut frequency = Frequency::new(None);
        assert!((0..30).all(|minute| frequency.record(&broken(minute)).is_none()));
    }
}
