//! The record of a drop, while it goes on.

use std::time::{Duration, Instant};

use crate::evidence::{Answer, Asked, ClosedBy, DropEnd, DropRecord};
use crate::{Close, Problem, ProblemKind, Vitals};

/// The first answers that are kept: they say how it began.
const FIRST_ANSWERS: usize = 4;

/// The answers that are kept in all: the latest ones say how it ended.
const ANSWERS: usize = 12;

/// A drop that is going on, and what is known of it so far.
#[derive(Debug)]
pub(crate) struct OpenDrop {
    /// When no connection could go on any more.
    lost: Instant,
    /// The session has been given up, and another takes its place.
    replaced: Option<Problem>,
    record: DropRecord,
}

/// How a WebSocket was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// How it ended.
    pub close: Close,
    /// Who ended it.
    pub closed_by: ClosedBy,
    /// Whether it had brought the session forward ([`Session::has_progressed`]).
    ///
    /// [`Session::has_progressed`]: crate::Session::has_progressed
    pub progressed: bool,
    /// How the session was.
    pub vitals: Vitals,
}

impl OpenDrop {
    pub(crate) fn new(
        now: Instant,
        session_id: Option<String>,
        loss: &Loss,
        socket_age: Duration,
        connections: u32,
    ) -> Self {
        let record = DropRecord {
            session_id,
            closed_by: loss.closed_by,
            close: loss.close.clone(),
            socket_age_ms: millis(socket_age),
            vitals: loss.vitals.clone(),
            connections,
            answers: Vec::new(),
            answers_left_out: 0,
            lasted_ms: 0,
            survived: 0,
            end: DropEnd::Resumed,
            what: String::new(),
            remedy: String::new(),
        };
        Self {
            lost: now,
            replaced: None,
            record,
        }
    }

    /// Keeps what was answered to an attempt.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        asked: Asked,
        asked_at: Instant,
        problem: Option<Problem>,
    ) {
        let answers = &mut self.record.answers;
        if answers.len() == ANSWERS {
            answers.remove(FIRST_ANSWERS);
            self.record.answers_left_out = self.record.answers_left_out.saturating_add(1);
        }
        answers.push(Answer {
            asked,
            after_ms: millis(asked_at.saturating_duration_since(self.lost)),
            took_ms: millis(now.saturating_duration_since(asked_at)),
            problem,
        });
    }

    /// The session can't be saved: the drop goes on until another has taken its place.
    pub(crate) fn replaced(&mut self, problem: &Problem) {
        self.replaced.get_or_insert_with(|| problem.clone());
    }

    pub(crate) fn is_replaced(&self) -> bool {
        self.replaced.is_some()
    }

    pub(crate) fn closed_by(&self) -> ClosedBy {
        self.record.closed_by
    }

    /// Connections that the session carried when its WebSocket was lost.
    pub(crate) fn connections(&self) -> u32 {
        self.record.connections
    }

    pub(crate) fn lost(&self) -> Instant {
        self.lost
    }

    pub(crate) fn socket_age_ms(&self) -> u64 {
        self.record.socket_age_ms
    }

    /// A session can carry connections again. `connections` of the old one have lived on.
    pub(crate) fn over(mut self, now: Instant, connections: u32) -> DropRecord {
        let (end, survived) = match self.replaced.take() {
            None => (DropEnd::Resumed, connections),
            Some(problem) => (DropEnd::Replaced { problem }, 0),
        };
        self.end(now, end, survived)
    }

    /// The tunnel has given up.
    pub(crate) fn given_up(self, now: Instant, problem: Problem) -> DropRecord {
        self.end(now, DropEnd::GivenUp { problem }, 0)
    }

    /// The tunnel was stopped.
    pub(crate) fn stopped(self, now: Instant) -> DropRecord {
        self.end(now, DropEnd::Stopped, 0)
    }

    /// Nobody needs the session any more.
    pub(crate) fn let_go(self, now: Instant) -> DropRecord {
        self.end(now, DropEnd::LetGo, 0)
    }

    fn end(self, now: Instant, end: DropEnd, survived: u32) -> DropRecord {
        let mut record = self.record;
        record.lasted_ms = millis(now.saturating_duration_since(self.lost));
        record.survived = survived.min(record.connections);
        record.end = end;
        (record.what, record.remedy) = sentences(&record);
        record
    }
}

/// Says in one sentence what happened and why, and in another what the reader can do.
fn sentences(record: &DropRecord) -> (String, String) {
    let cause = match record.closed_by {
        ClosedBy::Gateway => {
            let age = Duration::from_millis(record.socket_age_ms);
            record.close.meaning(age).to_owned()
        }
        ClosedBy::Network => "The connection to the gateway broke on the way.".to_owned(),
        ClosedBy::Deadline => match record.vitals.last_frame_ms {
            Some(silence) => format!(
                "Nothing came from the gateway for {} s, not even an answer to a ping.",
                silence.div_ceil(1000)
            ),
            None => "Nothing came from the gateway, not even an answer to a ping.".to_owned(),
        },
        ClosedBy::Renewal => {
            "The connection was renewed before the gateway would have closed it.".to_owned()
        }
        ClosedBy::SessionEnd => match &record.end {
            DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => problem.what.clone(),
            DropEnd::Resumed | DropEnd::Stopped | DropEnd::LetGo => "The session ended.".to_owned(),
        },
    };
    let last_problem = record
        .answers
        .iter()
        .rev()
        .find_map(|answer| answer.problem.as_ref());
    match &record.end {
        DropEnd::Resumed => {
            let remedy = match last_problem {
                Some(problem) => after_a_hard_way_back(problem),
                None => after_an_easy_way_back(record.closed_by).to_owned(),
            };
            let why_long = match last_problem {
                Some(problem) => format!(" The way back took longer: {}", problem.what),
                None => String::new(),
            };
            (cause + &why_long, remedy)
        }
        DropEnd::Replaced { problem } if record.closed_by == ClosedBy::SessionEnd => {
            (cause, problem.remedy.clone())
        }
        DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => (
            format!("{cause} The session could not be resumed: {}", problem.what),
            problem.remedy.clone(),
        ),
        DropEnd::Stopped => (cause, String::new()),
        DropEnd::LetGo => (
            format!("{cause} Nobody used the session, so it was let go."),
            String::new(),
        ),
    }
}

/// What to do about a loss after which everything that was asked for was granted.
fn after_an_easy_way_back(closed_by: ClosedBy) -> &'static str {
    match closed_by {
        ClosedBy::Gateway | ClosedBy::Renewal | ClosedBy::SessionEnd => "",
        ClosedBy::Network => {
            "Nothing was lost. If it happens often, look at the network, the VPN or the proxy on \
             the way."
        }
        ClosedBy::Deadline => {
            "Nothing was lost. If it happens often, something on the way forgets idle \
             connections: set a shorter keepalive."
        }
    }
}

/// What to do about a loss after which something was refused for a while: that took the time,
/// and is what can be looked at.
fn after_a_hard_way_back(problem: &Problem) -> String {
    let if_often = match problem.kind {
        ProblemKind::Network => "look at the network, the VPN or the proxy on the way.",
        ProblemKind::Credentials => {
            "the credentials end too soon: let them live longer, or sign in before they end."
        }
        ProblemKind::Settings
        | ProblemKind::Listen
        | ProblemKind::Permission
        | ProblemKind::Target
        | ProblemKind::Service
        | ProblemKind::Protocol => {
            return format!("Nothing was lost. {}", problem.remedy);
        }
    };
    format!("Nothing was lost. If it happens often, {if_often}")
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(closed_by: ClosedBy) -> Loss {
        Loss {
            close: Close {
                at: 0,
                code: Some(1000),
                reason: "Bye".to_owned(),
            },
            closed_by,
            progressed: true,
            vitals: Vitals {
                last_frame_ms: Some(30_100),
                ..Vitals::default()
            },
        }
    }

    fn problem(what: &str) -> Problem {
        Problem::new(ProblemKind::Service, "x", what, "Wait.")
    }

    #[test]
    fn a_resumed_drop_tells_how_long_it_was_and_what_lived_through_it() {
        let now = Instant::now();
        let id = Some("s".to_owned());
        let hour = Duration::from_secs(3600);
        let mut drop = OpenDrop::new(now, id, &loss(ClosedBy::Gateway), hour, 3);
        let asked = now + Duration::from_millis(10);
        drop.answered(
            now + Duration::from_millis(90),
            Asked::ResumeSession,
            asked,
            None,
        );
        let record = drop.over(now + Duration::from_millis(400), 2);
        assert_eq!(record.lasted_ms, 400);
        assert_eq!((record.connections, record.survived), (3, 2));
        assert_eq!(record.socket_age_ms, 3_600_000);
        assert_eq!(
            (record.answers[0].after_ms, record.answers[0].took_ms),
            (10, 80)
        );
        assert_eq!(record.end, DropEnd::Resumed);
        assert_eq!(record.what, record.close.meaning(hour));
        assert_eq!(record.remedy, "");
    }

    #[test]
    fn a_long_outage_keeps_its_first_and_its_latest_answers() {
        let now = Instant::now();
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 0);
        for n in 0..100 {
            let problem = problem(&n.to_string());
            drop.answered(now, Asked::ResumeSession, now, Some(problem));
        }
        let record = drop.given_up(now, problem("It stays away."));
        assert_eq!(record.answers.len(), ANSWERS);
        assert_eq!(record.answers_left_out, 100 - 12);
        let whats: Vec<_> = record
            .answers
            .iter()
            .filter_map(|answer| answer.problem.as_ref())
            .map(|problem| problem.what.as_str())
            .collect();
        assert_eq!(&whats[..5], ["0", "1", "2", "3", "92"]);
        assert_eq!(whats.last(), Some(&"99"));
        assert!(record.what.ends_with("It stays away."), "{}", record.what);
        assert_eq!(record.remedy, "Wait.");
    }

    #[test]
    fn whoever_gave_the_session_up_first_is_named() {
        let now = Instant::now();
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::SessionEnd), Duration::ZERO, 2);
        drop.replaced(&problem("It was jammed."));
        drop.replaced(&problem("It was ended."));
        let record = drop.over(now, 0);
        assert_eq!(record.what, "It was jammed.");
        assert_eq!(record.survived, 0);
    }

    #[test]
    fn what_to_do_is_about_what_took_the_time() {
        let now = Instant::now();
        for (kind, word) in [
            (ProblemKind::Network, "VPN"),
            (ProblemKind::Service, "Wait."),
            (ProblemKind::Credentials, "credentials"),
            (ProblemKind::Permission, "Wait."),
        ] {
            let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 0);
            let problem = Problem::new(kind, "x", "It was refused.", "Wait.");
            drop.answered(now, Asked::ResumeSession, now, Some(problem));
            let DropRecord { what, remedy, .. } = drop.over(now, 0);
            assert!(what.ends_with("It was refused."), "{what}");
            assert!(remedy.contains(word), "{kind:?}: {remedy}");
            let network = remedy.contains("VPN");
            assert_eq!(network, kind == ProblemKind::Network, "{kind:?}: {remedy}");
        }
        let drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 0);
        assert!(drop.over(now, 0).remedy.contains("VPN"));
    }

    #[test]
    fn silence_is_named_in_seconds() {
        let now = Instant::now();
        let drop = OpenDrop::new(now, None, &loss(ClosedBy::Deadline), Duration::ZERO, 0);
        assert!(drop.over(now, 0).what.contains("31 s"));
    }
}
