//! The record of a drop, while it goes on.

mod words;

use std::time::{Duration, Instant};

use crate::evidence::{Asked, Attempts, ClosedBy, DropEnd, DropRecord};
use crate::{Close, Problem, Vitals};

/// Kinds of attempts that are kept: far more than there are reasons in one outage.
const KINDS: usize = 12;

/// A drop that is going on, and what is known of it so far.
#[derive(Debug)]
pub(crate) struct OpenDrop {
    /// When no connection could go on any more.
    lost: Instant,
    /// The session has been given up, and another takes its place.
    replaced: Option<Problem>,
    /// Attempts to start that other session which failed, and why the last did.
    failed_starts: Option<(u32, Problem)>,
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
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: 0,
            survived: 0,
            end: DropEnd::Resumed,
            what: String::new(),
            remedy: String::new(),
        };
        Self {
            lost: now,
            replaced: None,
            failed_starts: None,
            record,
        }
    }

    /// Counts an attempt with those to which the same was answered.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        asked: Asked,
        asked_at: Instant,
        problem: Option<Problem>,
    ) {
        if let (Some(_), Some(problem)) = (&self.replaced, &problem) {
            let before = self.failed_starts.as_ref().map_or(0, |(count, _)| *count);
            self.failed_starts = Some((before.saturating_add(1), problem.clone()));
        }
        self.count(now, asked, asked_at, problem);
    }

    /// Counts an attempt that is given up before it is answered.
    pub(crate) fn unanswered(&mut self, now: Instant, asked: Asked, asked_at: Instant) {
        self.count(now, asked, asked_at, Some(words::unanswered(asked)));
    }

    fn count(&mut self, now: Instant, asked: Asked, asked_at: Instant, problem: Option<Problem>) {
        let after_ms = millis(asked_at.saturating_duration_since(self.lost));
        let record = &mut self.record;
        let kinds = &mut record.attempts;
        let code = |problem: &Option<Problem>| problem.as_ref().map(|problem| problem.code.clone());
        let like = |kind: &Attempts| kind.asked == asked && code(&kind.problem) == code(&problem);
        let before = kinds.iter().position(like).map(|at| kinds.remove(at));
        if kinds.len() == KINDS {
            let left_out = kinds.remove(0).count;
            record.attempts_left_out = record.attempts_left_out.saturating_add(left_out);
        }
        kinds.push(Attempts {
            asked,
            problem,
            count: before
                .as_ref()
                .map_or(0, |kind| kind.count)
                .saturating_add(1),
            first_after_ms: before.map_or(after_ms, |kind| kind.first_after_ms),
            last_after_ms: after_ms,
            took_ms: millis(now.saturating_duration_since(asked_at)),
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

    /// The session that it began with.
    pub(crate) fn session_id(&self) -> Option<&String> {
        self.record.session_id.as_ref()
    }

    pub(crate) fn lost(&self) -> Instant {
        self.lost
    }

    pub(crate) fn socket_age_ms(&self) -> u64 {
        self.record.socket_age_ms
    }

    /// A session can carry connections again. `connections` of the old one have lived on.
    pub(crate) fn over(self, now: Instant, connections: u32) -> DropRecord {
        let (end, survived) = match self.replaced.clone() {
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

    /// Nobody needs the session any more. If it had taken the place of another, nobody needs one
    /// in that place: its connections were lost all the same.
    pub(crate) fn let_go(self, now: Instant) -> DropRecord {
        let end = match self.replaced.clone() {
            None => DropEnd::LetGo,
            Some(problem) => DropEnd::Replaced { problem },
        };
        self.end(now, end, 0)
    }

    fn end(self, now: Instant, end: DropEnd, survived: u32) -> DropRecord {
        let mut record = self.record;
        record.lasted_ms = millis(now.saturating_duration_since(self.lost));
        record.survived = survived.min(record.connections);
        record.end = end;
        let course = words::Course {
            record: &record,
            replaced: self.replaced.as_ref(),
            failed_starts: self.failed_starts.as_ref(),
        };
        (record.what, record.remedy) = (course.what(), course.remedy());
        record
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProblemKind;

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
            (record.attempts[0].last_after_ms, record.attempts[0].took_ms),
            (10, 80)
        );
        assert_eq!(record.end, DropEnd::Resumed);
        assert_eq!(record.what, record.close.meaning(hour));
        assert_eq!(record.remedy, "");
    }

    #[test]
    fn attempts_are_counted_by_what_was_asked_and_what_came_of_it() {
        let lost = Instant::now();
        let mut drop = OpenDrop::new(lost, None, &loss(ClosedBy::Network), Duration::ZERO, 0);
        let second = Duration::from_secs(1);
        for n in 0..1_000 {
            let asked_at = lost + second * n;
            let problem = (n < 999).then(|| problem(&n.to_string()));
            drop.answered(
                asked_at + second / 2,
                Asked::ResumeSession,
                asked_at,
                problem,
            );
        }
        let record = drop.over(lost + second * 1_000, 0);
        let [failed, granted] = &record.attempts[..] else {
            panic!("{:?}", record.attempts);
        };
        assert_eq!(failed.count, 999);
        assert_eq!((failed.first_after_ms, failed.last_after_ms), (0, 998_000));
        assert_eq!(failed.took_ms, 500);
        assert_eq!(failed.problem, Some(problem("998")));
        assert_eq!((granted.count, &granted.problem), (1, &None));
        assert_eq!(record.attempts_left_out, 0);
        assert!(record.what.ends_with("998"), "{}", record.what);
    }

    #[test]
    fn however_many_reasons_there_are_the_latest_are_kept_and_the_others_counted() {
        let now = Instant::now();
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 0);
        for n in 0..100 {
            let problem = Problem::new(ProblemKind::Service, &n.to_string(), "No.", "Wait.");
            for _ in 0..2 {
                drop.answered(now, Asked::StartSession, now, Some(problem.clone()));
            }
        }
        let record = drop.given_up(now, problem("It stays away."));
        assert_eq!(record.attempts.len(), KINDS);
        assert_eq!(record.attempts_left_out, 2 * (100 - 12));
        let codes = record
            .attempts
            .iter()
            .filter_map(|kind| kind.problem.as_ref());
        let codes: Vec<_> = codes.map(|problem| problem.code.as_str()).collect();
        assert_eq!((codes.first(), codes.last()), (Some(&"88"), Some(&"99")));
        assert!(record.what.ends_with("It stays away."), "{}", record.what);
        assert_eq!(record.remedy, "Wait.");
    }

    #[test]
    fn what_the_next_session_was_waited_for_is_told_with_the_one_that_it_replaces() {
        let now = Instant::now();
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Gateway), Duration::ZERO, 2);
        drop.answered(now, Asked::ResumeSession, now, Some(problem("It is over.")));
        drop.replaced(&problem("It is over."));
        for _ in 0..7 {
            let failed = problem("The service failed.");
            drop.answered(now, Asked::StartSession, now, Some(failed));
        }
        drop.answered(now, Asked::StartSession, now, None);
        let DropRecord { what, .. } = drop.over(now, 0);
        assert!(
            what.ends_with("It is over. 7 attempts to start another failed: The service failed."),
            "{what}"
        );
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
    fn what_to_do_about_a_replaced_session_is_about_the_tunnel_that_is_up_again() {
        let now = Instant::now();
        for (kind, connections, begin, word) in [
            (ProblemKind::Service, 2, "Connect again", ""),
            (ProblemKind::Service, 0, "Nothing to do now", ""),
            (ProblemKind::Target, 1, "Connect again", "its agent"),
            (
                ProblemKind::Permission,
                1,
                "Connect again",
                "Wait. Until then",
            ),
        ] {
            let lost = loss(ClosedBy::Gateway);
            let mut drop = OpenDrop::new(now, None, &lost, Duration::ZERO, connections);
            drop.replaced(&Problem::new(kind, "x", "It is over.", "Wait."));
            let remedy = drop.over(now, 0).remedy;
            assert!(remedy.starts_with(begin), "{kind:?}: {remedy}");
            assert!(remedy.contains(word), "{kind:?}: {remedy}");
        }
        // What took the time is what can be looked at.
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Gateway), Duration::ZERO, 1);
        drop.replaced(&problem("It is over."));
        let failed = Problem::new(ProblemKind::Network, "x", "No way.", "Wait.");
        drop.answered(now, Asked::StartSession, now, Some(failed));
        let remedy = drop.over(now, 0).remedy;
        assert!(remedy.contains("VPN"), "{remedy}");
    }

    #[test]
    fn a_tunnel_that_gave_up_for_want_of_another_session_says_both() {
        let now = Instant::now();
        for closed_by in [ClosedBy::SessionEnd, ClosedBy::Network] {
            let mut drop = OpenDrop::new(now, None, &loss(closed_by), Duration::ZERO, 1);
            drop.replaced(&problem("It is over."));
            let record = drop.given_up(now, problem("AWS is ill."));
            let end = "It is over. No other session could be had: AWS is ill.";
            assert!(record.what.ends_with(end), "{}", record.what);
            assert_eq!(record.what.matches("It is over.").count(), 1);
            assert_eq!(record.remedy, "Wait.");
        }
    }

    #[test]
    fn a_drop_that_goes_on_when_the_tunnel_is_stopped_says_why_it_does() {
        let now = Instant::now();
        let mut drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 1);
        let refused = Some(problem("AWS is ill."));
        drop.answered(now, Asked::ResumeSession, now, refused);
        let what = drop.stopped(now).what;
        assert!(what.ends_with("was stopped: AWS is ill."), "{what}");
    }

    #[test]
    fn nothing_is_said_to_be_kept_where_a_connection_was_lost_meanwhile() {
        let now = Instant::now();
        let remedy = |survived| {
            let drop = OpenDrop::new(now, None, &loss(ClosedBy::Network), Duration::ZERO, 2);
            drop.over(now, survived).remedy
        };
        assert!(remedy(2).starts_with("Nothing was lost. If it"));
        assert!(remedy(1).starts_with("If it"), "{}", remedy(1));
    }

    #[test]
    fn silence_is_named_in_seconds() {
        let now = Instant::now();
        let drop = OpenDrop::new(now, None, &loss(ClosedBy::Deadline), Duration::ZERO, 0);
        assert!(drop.over(now, 0).what.contains("30 s"));
    }
}
