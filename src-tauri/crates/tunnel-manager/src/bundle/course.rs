//! What drops were, from their records and from what is told round them.

use std::collections::VecDeque;

use tunnel_proto::{ClosedBy, DropEnd, DropRecord, Happening, Problem, Record, State};
use uuid::Uuid;

use super::cause::DropCause;
use crate::history::Entry;

/// Younger WebSockets are not closed for their age: the gateway does so after an hour.
const HOURLY_FROM_MS: u64 = 50 * 60 * 1000;

/// A sleep that was noticed so long before or after a drop belongs to it; so does an agent that
/// was away until so long before.
const NEAR_MS: u64 = 2 * 60 * 1000;

/// Sleeps, and signs, that are remembered of a tunnel that goes on: more than can lie so near.
const REMEMBERED: usize = 16;

/// Names drops as their records come, one after the other, of one run of a tunnel.
#[derive(Debug)]
pub struct DropCauses {
    course: Course,
}

impl Default for DropCauses {
    fn default() -> Self {
        Self {
            course: Course::new(REMEMBERED),
        }
    }
}

impl DropCauses {
    /// What the drop was that a record is about; `None` for another record.
    pub fn name(&mut self, record: &Record) -> Option<DropCause> {
        self.course.take(None, record);
        match &record.what {
            Happening::Drop(lost) => Some(self.course.cause(None, lost, record.at)),
            Happening::State { .. }
            | Happening::Slept { .. }
            | Happening::Renewed(_)
            | Happening::Target(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Carried { .. } => None,
        }
    }
}

/// What is told round drops and says what these were: sleeps of the machine, and what the states of
/// each run say of the agent and of the session. Times are Unix milliseconds.
#[derive(Debug)]
pub(crate) struct Course {
    most: usize,
    sleeps: VecDeque<Sleep>,
    signs: VecDeque<Sign>,
}

#[derive(Debug, Clone, Copy)]
struct Sleep {
    woke: u64,
    asleep_ms: u64,
}

/// What the states of a run said for a while.
#[derive(Debug)]
struct Sign {
    run: Option<Uuid>,
    of: Ailment,
    from: u64,
    /// `None` while it is so.
    until: Option<u64>,
}

/// What states say that a record of a drop may not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ailment {
    /// The agent is not there, or does not answer.
    Agent,
    /// Messages do not come through.
    Jam,
}

impl Course {
    fn new(most: usize) -> Self {
        Self {
            most,
            sleeps: VecDeque::new(),
            signs: VecDeque::new(),
        }
    }

    /// That of all entries of a tunnel, oldest first. A sleep is told of when it is over, which may
    /// be after the drops that are its work: so all are taken before the first drop is judged.
    pub(crate) fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut course = Self::new(usize::MAX);
        for entry in entries {
            course.take(entry.tunnel.run, &entry.record);
        }
        course
    }

    fn take(&mut self, run: Option<Uuid>, record: &Record) {
        let at = record.at;
        match &record.what {
            Happening::Slept { asleep_ms } => {
                let asleep_ms = *asleep_ms;
                push(
                    &mut self.sleeps,
                    Sleep {
                        woke: at,
                        asleep_ms,
                    },
                    self.most,
                );
            }
            Happening::State { state, cause: _ } => {
                let of = problem_of(state).and_then(Ailment::of);
                let mut open = self.signs.iter_mut().rev();
                if let Some(open) = open.find(|sign| sign.run == run && sign.until.is_none()) {
                    if Some(open.of) == of {
                        return;
                    }
                    open.until = Some(at);
                }
                if let Some(of) = of {
                    let (from, until) = (at, None);
                    let sign = Sign {
                        run,
                        of,
                        from,
                        until,
                    };
                    push(&mut self.signs, sign, self.most);
                }
            }
            Happening::Drop(_)
            | Happening::Renewed(_)
            | Happening::Target(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Carried { .. } => {}
        }
    }

    /// What a drop of a run was.
    pub(crate) fn cause(&self, run: Option<Uuid>, lost: &DropRecord, ended: u64) -> DropCause {
        let begun = begun(lost, ended);
        let ending = match &lost.end {
            DropEnd::Replaced { problem } | DropEnd::GivenUp { problem } => Some(problem),
            DropEnd::Resumed | DropEnd::Stopped | DropEnd::LetGo => None,
        };
        let asked = lost.attempts.iter();
        let said = ending
            .into_iter()
            .chain(asked.filter_map(|made| made.problem.as_ref()));
        let said: Vec<DropCause> = said.filter_map(DropCause::of_problem).collect();
        // A login that ended while the machine slept keeps the tunnel down for longer than the sleep.
        if said.contains(&DropCause::Login) {
            return DropCause::Login;
        }
        if self.slept_ms(lost, ended).is_some() {
            return DropCause::Sleep;
        }
        if said.contains(&DropCause::Credentials) {
            return DropCause::Credentials;
        }
        // Whether that was so from `latest` or earlier on, until at most so long before the drop.
        let told_from = |of: Ailment, latest: u64, before_ms: u64| {
            let mut signs = self.signs.iter().filter(|sign| sign.run == run);
            signs.any(|sign| {
                let until = sign.until.unwrap_or(u64::MAX);
                sign.of == of && sign.from <= latest && until.saturating_add(before_ms) >= begun
            })
        };
        let told = |of, before_ms| told_from(of, ended, before_ms);
        let agent_was_away = || told(Ailment::Agent, NEAR_MS);
        // An agent that comes back without its sessions leaves them jammed. One that is told of only
        // while the drop lasts may be the jam's work: what takes the session's place is stuck as well.
        if said.contains(&DropCause::Jam) {
            return match told_from(Ailment::Agent, begun, NEAR_MS) {
                true => DropCause::Agent,
                false => DropCause::Jam,
            };
        }
        if said.contains(&DropCause::Agent) {
            return DropCause::Agent;
        }
        if said.contains(&DropCause::NoNetwork) {
            return DropCause::NoNetwork;
        }
        match lost.closed_by {
            ClosedBy::Gateway if lost.socket_age_ms >= HOURLY_FROM_MS => DropCause::HourlyClose,
            ClosedBy::Gateway if told(Ailment::Agent, 0) => DropCause::Agent,
            ClosedBy::Gateway => DropCause::GatewayClose,
            ClosedBy::Network => DropCause::Broken,
            ClosedBy::Deadline => DropCause::Silence,
            ClosedBy::Renewal => DropCause::Renewal,
            ClosedBy::SessionEnd if agent_was_away() => DropCause::Agent,
            ClosedBy::SessionEnd if told(Ailment::Jam, 0) => DropCause::Jam,
            ClosedBy::SessionEnd => DropCause::SessionEnd,
        }
    }

    /// How long the machine slept whose work a drop was, milliseconds; `None` if it did not.
    pub(crate) fn slept_ms(&self, lost: &DropRecord, ended: u64) -> Option<u64> {
        let begun = begun(lost, ended);
        let near = |sleep: &&Sleep| is_work_of_sleep(sleep.woke, begun, ended);
        self.sleeps.iter().find(near).map(|sleep| sleep.asleep_ms)
    }
}

impl Ailment {
    fn of(problem: &Problem) -> Option<Self> {
        match DropCause::of_problem(problem)? {
            DropCause::Agent => Some(Self::Agent),
            DropCause::Jam => Some(Self::Jam),
            DropCause::HourlyClose
            | DropCause::GatewayClose
            | DropCause::Login
            | DropCause::Credentials
            | DropCause::Sleep
            | DropCause::Silence
            | DropCause::NoNetwork
            | DropCause::Broken
            | DropCause::Renewal
            | DropCause::SessionEnd => None,
        }
    }
}

/// When a drop began.
pub(super) fn begun(lost: &DropRecord, ended: u64) -> u64 {
    ended.saturating_sub(lost.lasted_ms)
}

/// Whether a drop is the work of a sleep from which the machine woke then.
pub(super) fn is_work_of_sleep(woke: u64, begun: u64, ended: u64) -> bool {
    woke.saturating_add(NEAR_MS) >= begun && woke <= ended.saturating_add(NEAR_MS)
}

/// Whether what was until `until` is the same trouble as a drop that began then and was of the same
/// cause.
pub(super) fn is_near(until: u64, begun: u64) -> bool {
    until <= begun && begun <= until.saturating_add(NEAR_MS)
}

/// What is wrong while a tunnel is in that state.
pub(super) fn problem_of(state: &State) -> Option<&Problem> {
    match state {
        State::Degraded { problem, .. }
        | State::Reconnecting { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => Some(problem),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping => None,
    }
}

fn push<T>(queue: &mut VecDeque<T>, one: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(one);
}

#[cfg(test)]
pub(crate) mod tests {
    use tunnel_proto::{Asked, Attempts, Cause, Close, Outlook, ProblemKind, Vitals};

    use super::*;

    const ENDED: u64 = 1_795_262_400_000;
    const MINUTE: u64 = 60_000;

    pub(crate) fn lost(closed_by: ClosedBy) -> DropRecord {
        DropRecord {
            session_id: None,
            closed_by,
            close: Close {
                at: ENDED,
                code: None,
                reason: String::new(),
            },
            socket_age_ms: 60_000,
            vitals: Vitals::default(),
            connections: 0,
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: 1_000,
            survived: 0,
            end: DropEnd::Resumed,
            what: String::new(),
            remedy: String::new(),
        }
    }

    fn record(at: u64, what: Happening) -> Record {
        Record { at, what }
    }

    fn problem(kind: ProblemKind, code: &str) -> Problem {
        Problem::new(kind, code, "", "")
    }

    pub(crate) fn replaced(kind: ProblemKind, code: &str) -> DropRecord {
        DropRecord {
            end: DropEnd::Replaced {
                problem: problem(kind, code),
            },
            ..lost(ClosedBy::SessionEnd)
        }
    }

    fn refused(code: &str) -> DropRecord {
        DropRecord {
            attempts: vec![Attempts {
                asked: Asked::ResumeSession,
                problem: Some(problem(ProblemKind::Credentials, code)),
                count: 3,
                first_after_ms: 0,
                last_after_ms: 10,
                took_ms: 1,
            }],
            ..lost(ClosedBy::Gateway)
        }
    }

    pub(crate) fn degraded(at: u64, code: &str) -> Record {
        let state = State::Degraded {
            since: at,
            problem: problem(ProblemKind::Target, code),
            session_id: None,
            others: 0,
            outlook: Outlook::default(),
        };
        let cause = Cause::Health;
        record(at, Happening::State { state, cause })
    }

    pub(crate) fn up(at: u64) -> Record {
        let state = State::Up { since: at };
        let cause = Cause::Health;
        record(at, Happening::State { state, cause })
    }

    #[test]
    fn each_drop_of_an_afternoon_is_named() {
        let hourly = DropRecord {
            socket_age_ms: 60 * 60 * 1000,
            ..lost(ClosedBy::Gateway)
        };
        for (record, cause) in [
            (hourly, DropCause::HourlyClose),
            (lost(ClosedBy::Gateway), DropCause::GatewayClose),
            (lost(ClosedBy::Deadline), DropCause::Silence),
            (lost(ClosedBy::Network), DropCause::Broken),
            (refused("expired-token"), DropCause::Login),
            (refused("invalid-credentials"), DropCause::Credentials),
            (
                replaced(ProblemKind::Target, "agent-gone"),
                DropCause::Agent,
            ),
            (replaced(ProblemKind::Target, "jammed"), DropCause::Jam),
            (
                replaced(ProblemKind::Service, "session-ended"),
                DropCause::SessionEnd,
            ),
        ] {
            let course = Course::of([]);
            assert_eq!(course.cause(None, &record, ENDED), cause);
        }
    }

    #[test]
    fn a_drop_round_a_sleep_is_its_work() {
        let of = |wake| {
            let mut causes = DropCauses::default();
            let slept = Happening::Slept { asleep_ms: 1 };
            assert_eq!(causes.name(&record(wake, slept)), None);
            let lost = Box::new(lost(ClosedBy::Deadline));
            causes.name(&record(ENDED, Happening::Drop(lost)))
        };
        assert_eq!(of(ENDED - 1_000), Some(DropCause::Sleep));
        assert_eq!(of(ENDED - 3_600_000), Some(DropCause::Silence));
    }

    #[test]
    fn a_login_that_ended_while_the_machine_slept_is_what_keeps_the_tunnel_down() {
        let slept = Happening::Slept {
            asleep_ms: 8 * 60 * MINUTE,
        };
        let woke = [record(ENDED - MINUTE, slept)];
        let waited = |code| DropRecord {
            lasted_ms: 2 * MINUTE,
            ..refused(code)
        };
        assert_eq!(after(&woke, waited("expired-token")), DropCause::Login);
        assert_eq!(
            after(&woke, waited("invalid-credentials")),
            DropCause::Sleep
        );
    }

    #[test]
    fn a_jam_that_outlasts_the_session_is_no_dead_agent() {
        let lost = || {
            let mut lost = replaced(ProblemKind::Target, "jammed");
            lost.lasted_ms = MINUTE;
            lost.attempts = refused("handshake-timeout").attempts;
            lost.attempts[0].problem = Some(problem(ProblemKind::Target, "handshake-timeout"));
            lost
        };
        let begun = ENDED - MINUTE;
        let during = [
            degraded(begun - 30_000, "stalled"),
            degraded(begun + 20_000, "agent-away"),
        ];
        assert_eq!(after(&during, lost()), DropCause::Jam);
        let before = [degraded(begun - 30_000, "agent-away")];
        assert_eq!(after(&before, lost()), DropCause::Agent);
    }

    /// What a drop was before which something was told.
    fn after(told: &[Record], lost: DropRecord) -> DropCause {
        let mut causes = DropCauses::default();
        for record in told {
            assert_eq!(causes.name(record), None);
        }
        let dropped = record(ENDED, Happening::Drop(Box::new(lost)));
        causes.name(&dropped).expect("a drop has a cause")
    }

    #[test]
    fn a_session_that_an_agent_has_left_jammed_is_the_dead_agents_work() {
        let jammed = || replaced(ProblemKind::Target, "jammed");
        let away = ENDED - MINUTE;
        let told = [
            degraded(away, "agent-away"),
            up(away + 10_000),
            degraded(away + 30_000, "stalled"),
        ];
        assert_eq!(after(&told, jammed()), DropCause::Agent);
        // Long ago, or never.
        let before = [
            degraded(away - 10 * MINUTE, "agent-away"),
            up(away - 9 * MINUTE),
        ];
        assert_eq!(after(&before, jammed()), DropCause::Jam);
        let stalled = [degraded(away + 30_000, "stalled")];
        assert_eq!(after(&stalled, jammed()), DropCause::Jam);
    }

    #[test]
    fn a_drop_that_says_nothing_of_why_is_what_the_state_said_before_it() {
        let stopped = || DropRecord {
            end: DropEnd::Stopped,
            ..lost(ClosedBy::SessionEnd)
        };
        let away = [degraded(ENDED - MINUTE, "agent-away")];
        let stalled = [degraded(ENDED - MINUTE, "stalled")];
        assert_eq!(after(&away, stopped()), DropCause::Agent);
        assert_eq!(after(&stalled, stopped()), DropCause::Jam);
        assert_eq!(after(&[], stopped()), DropCause::SessionEnd);
        assert_eq!(after(&away, lost(ClosedBy::Gateway)), DropCause::Agent);
    }

    #[test]
    fn what_is_sure_of_a_drop_goes_before_what_was_told_round_it() {
        let away = [degraded(ENDED - MINUTE, "agent-away")];
        let hourly = DropRecord {
            socket_age_ms: 60 * 60 * 1000,
            ..lost(ClosedBy::Gateway)
        };
        assert_eq!(after(&away, hourly), DropCause::HourlyClose);
        assert_eq!(after(&away, lost(ClosedBy::Deadline)), DropCause::Silence);
        assert_eq!(after(&away, lost(ClosedBy::Network)), DropCause::Broken);
        assert_eq!(after(&away, refused("expired-token")), DropCause::Login);
    }

    #[test]
    fn however_long_a_tunnel_runs_little_is_remembered_of_it() {
        let mut causes = DropCauses::default();
        for minute in 0..1_000 {
            causes.name(&degraded(minute * MINUTE, "agent-away"));
            causes.name(&up(minute * MINUTE + 1));
            let slept = Happening::Slept { asleep_ms: 1 };
            causes.name(&record(minute * MINUTE, slept));
        }
        assert_eq!(causes.course.signs.len(), REMEMBERED);
        assert_eq!(causes.course.sleeps.len(), REMEMBERED);
    }
}
