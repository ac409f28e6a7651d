//! What is told of a tunnel, a line each: its drops, what was wrong without one, and the rest that
//! somebody lost something by. Each trouble is told once, though states and drops both tell of it.

use tunnel_proto::{DropEnd, DropRecord, Happening, Problem, State};
use uuid::Uuid;

use super::cause::{DropCause, is_never_signed_in};
use super::course::{Course, begun, is_near, is_work_of_sleep, problem_of};
use super::day_time::{span, utc};
use super::summary::counted;
use crate::history::Entry;

/// Trouble of which neither the agent, the session nor the network says that it is theirs is told
/// from here on: less heals before anybody notices.
const NOTICED_MS: u64 = 3_000;

/// What belongs to a drop may be told so long before or after it.
const SLACK_MS: u64 = 1_000;

/// Tells the entries of a tunnel, oldest first, from `since` on (Unix milliseconds).
pub(super) fn lines(entries: &[&Entry], since: u64) -> Vec<String> {
    let course = Course::of(entries.iter().copied());
    let drops: Vec<Dropped> = entries
        .iter()
        .filter_map(|entry| Dropped::of(entry, &course))
        .collect();
    let mut told: Vec<(u64, String)> = Vec::new();
    for spell in spells(entries).filter(|spell| spell.last >= since && !spell.is_told_by(&drops)) {
        told.extend(spell.line().map(|line| (spell.since, line)));
    }
    for entry in entries.iter().filter(|entry| entry.record.at >= since) {
        told.extend(line(entry, &drops, &course).map(|line| (entry.record.at, line)));
    }
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, line)| line).collect()
}

/// What a state that goes on says of its cause, in words; `None` where it says nothing.
pub(super) fn cause_of(state: &State) -> Option<&'static str> {
    let problem = problem_of(state)?;
    DropCause::of_problem(problem).map(|cause| called(problem, cause))
}

fn called(problem: &Problem, cause: DropCause) -> &'static str {
    match is_never_signed_in(problem) {
        true => "never signed in: there is no login that could have run out",
        false => cause.words(),
    }
}

/// A drop, and what it was.
struct Dropped<'a> {
    run: Option<Uuid>,
    begun: u64,
    ended: u64,
    cause: DropCause,
    lost: &'a DropRecord,
}

impl<'a> Dropped<'a> {
    fn of(entry: &'a Entry, course: &Course) -> Option<Self> {
        let (run, ended) = (entry.tunnel.run, entry.record.at);
        match &entry.record.what {
            Happening::Drop(lost) => Some(Self {
                run,
                begun: begun(lost, ended),
                ended,
                cause: course.cause(run, lost, ended),
                lost,
            }),
            Happening::State { .. }
            | Happening::Renewed(_)
            | Happening::Target(_)
            | Happening::TurnedAway(_)
            | Happening::Unreached { .. }
            | Happening::LeftBehind { .. }
            | Happening::EndedLate { .. }
            | Happening::Slept { .. }
            | Happening::Carried { .. } => None,
        }
    }

    fn line(&self, course: &Course) -> String {
        let Self { cause, lost, .. } = self;
        // It is recorded when it is over, and told by when it began, as in the history.
        let at = utc(lost.close.at.min(self.ended));
        let slept = match course.slept_ms(lost, self.ended) {
            Some(asleep) if *cause == DropCause::Sleep => format!(" for {}", span(asleep)),
            Some(_) | None => String::new(),
        };
        format!(
            "{at}: **{}**{slept}. {} {}",
            cause.words(),
            lost.what,
            circumstances(lost)
        )
    }
}

/// A while in which the same was wrong.
struct Spell<'a> {
    run: Option<Uuid>,
    since: u64,
    /// When it was told last, or something else for the first time.
    last: u64,
    is_over: bool,
    state: &'a State,
    problem: &'a Problem,
}

/// What was wrong with each run, one after the other.
fn spells<'a>(entries: &[&'a Entry]) -> impl Iterator<Item = Spell<'a>> {
    let mut spells: Vec<Spell<'a>> = Vec::new();
    for entry in entries {
        let (run, at) = (entry.tunnel.run, entry.record.at);
        let Some(state) = state_of(entry) else {
            continue;
        };
        let mut open = spells.iter_mut().rev();
        if let Some(open) = open.find(|spell| spell.run == run && !spell.is_over) {
            open.last = at;
            if open.is_like(state) {
                continue;
            }
            open.is_over = true;
        }
        spells.extend(problem_of(state).map(|problem| Spell {
            run,
            since: at,
            last: at,
            is_over: false,
            state,
            problem,
        }));
    }
    // What goes on is told as the last state.
    let last = entries.iter().rev().find(|entry| state_of(entry).is_some());
    let last = last.map(|entry| (entry.tunnel.run, entry.record.at));
    let is_last = move |spell: &Spell<'_>| !spell.is_over && last == Some((spell.run, spell.last));
    spells
        .into_iter()
        .filter(move |spell| is_given_up(spell.state) || !is_last(spell))
}

impl Spell<'_> {
    /// Whether a state says the same.
    fn is_like(&self, state: &State) -> bool {
        let same_kind = std::mem::discriminant(self.state) == std::mem::discriminant(state);
        same_kind && problem_of(state).is_some_and(|problem| problem.code == self.problem.code)
    }

    /// Whether a drop tells of it.
    fn is_told_by(&self, drops: &[Dropped<'_>]) -> bool {
        let cause = DropCause::of_problem(self.problem);
        let mut of_run = drops.iter().filter(|lost| lost.run == self.run);
        of_run.any(|lost| {
            let touches = self.since <= lost.ended + SLACK_MS && lost.begun <= self.last + SLACK_MS;
            touches || (cause == Some(lost.cause) && is_near(self.last, lost.begun))
        })
    }

    fn line(&self) -> Option<String> {
        let lasted = self.last.saturating_sub(self.since);
        let (at, Problem { code, what, .. }) = (utc(self.since), self.problem);
        let cause = DropCause::of_problem(self.problem);
        let (is_sure, lived) = match cause {
            Some(DropCause::Silence) | None => (false, ""),
            Some(_) => (true, " The session lived on."),
        };
        let called = cause.map_or("not well", |cause| called(self.problem, cause));
        match self.state {
            State::Failed { .. } => Some(format!("{at}: **given up** ({code}). {what}")),
            State::NeedsSignIn { .. } => Some(format!(
                "{at}: **{called}** ({code}), for {}. {what}",
                span(lasted)
            )),
            State::Degraded { .. } if is_sure || lasted >= NOTICED_MS => Some(format!(
                "{at}: **{called}** ({code}), for {}. {what}{lived}",
                span(lasted)
            )),
            State::Reconnecting { .. } if lasted >= NOTICED_MS => Some(format!(
                "{at}: **{called}** ({code}): no session for {}. {what}",
                span(lasted)
            )),
            State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Stopping => None,
        }
    }
}

fn is_given_up(state: &State) -> bool {
    match state {
        State::Failed { .. } => true,
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Degraded { .. }
        | State::Reconnecting { .. }
        | State::NeedsSignIn { .. }
        | State::Stopping => false,
    }
}

/// The state that an entry tells.
pub(super) fn state_of(entry: &Entry) -> Option<&State> {
    match &entry.record.what {
        Happening::State { state, cause: _ } => Some(state),
        Happening::Drop(_)
        | Happening::Renewed(_)
        | Happening::Target(_)
        | Happening::TurnedAway(_)
        | Happening::Unreached { .. }
        | Happening::LeftBehind { .. }
        | Happening::EndedLate { .. }
        | Happening::Slept { .. }
        | Happening::Carried { .. } => None,
    }
}

/// What is worth a line of an entry that is no state.
fn line(entry: &Entry, drops: &[Dropped<'_>], course: &Course) -> Option<String> {
    let at = utc(entry.record.at);
    match &entry.record.what {
        Happening::Drop(_) => Dropped::of(entry, course).map(|lost| lost.line(course)),
        // A drop that is its work says for how long.
        Happening::Slept { asleep_ms } => {
            let alone = !drops.iter().any(|lost| {
                lost.cause == DropCause::Sleep
                    && lost.run == entry.tunnel.run
                    && is_work_of_sleep(entry.record.at, lost.begun, lost.ended)
            });
            let line = || format!("{at}: **this machine slept** for {}.", span(*asleep_ms));
            alone.then(line)
        }
        Happening::TurnedAway(turned_away) => Some(format!(
            "{at}: {} closed without having been carried.",
            counted(turned_away.count.into(), "connection")
        )),
        Happening::Unreached { count, problem } => Some(format!(
            "{at}: {}: {} ({})",
            counted((*count).into(), "connection"),
            problem.what,
            problem.code
        )),
        Happening::LeftBehind { problem, .. } => Some(format!(
            "{at}: a session could not be ended ({}).",
            problem.code
        )),
        Happening::State { .. }
        | Happening::Renewed(_)
        | Happening::EndedLate { .. }
        | Happening::Target(_)
        | Happening::Carried { .. } => None,
    }
}

/// What is known of a drop, for whoever doubts the cause.
fn circumstances(lost: &DropRecord) -> String {
    let number = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let end = match &lost.end {
        DropEnd::Resumed => "Resumed".to_owned(),
        DropEnd::Replaced { problem } => format!("Replaced ({})", problem.code),
        DropEnd::GivenUp { problem } => format!("Given up ({})", problem.code),
        DropEnd::Stopped => "Stopped".to_owned(),
        DropEnd::LetGo => "Let go".to_owned(),
    };
    let vitals = &lost.vitals;
    format!(
        "{end} after {}; {} Close code {}, reason \"{}\"; WebSocket \
         {} old; last message {} before; {} unacknowledged, {} out of order.",
        span(lost.lasted_ms),
        lived(lost.survived, lost.connections),
        number(lost.close.code.map(|code| code.to_string())),
        lost.close.reason,
        span(lost.socket_age_ms),
        number(vitals.last_frame_ms.map(span)),
        vitals.unacknowledged,
        vitals.held
    )
}

/// What became of the connections that it met.
fn lived(survived: u32, connections: u32) -> String {
    match (connections, survived) {
        (0, _) => "no connection was open.".to_owned(),
        (1, 0) => "its one connection was lost.".to_owned(),
        (1, _) => "its one connection lived on.".to_owned(),
        (many, all) if all == many => format!("all {many} connections lived on."),
        (many, some) => format!("{some} of {many} connections lived on."),
    }
}

#[cfg(test)]
mod tests {
    use tunnel_proto::{Cause, ClosedBy, Outlook, ProblemKind, Record, RenewedBy};

    use super::*;
    use crate::bundle::tests_of_causes::{degraded, lost, replaced, up};
    use crate::history::TunnelName;

    const BEGIN: u64 = 1_764_500_000_000;
    const SECOND: u64 = 1_000;

    fn told(records: Vec<Record>) -> Vec<String> {
        let tunnel = TunnelName::new(None, "orders");
        let entries: Vec<Entry> = records
            .into_iter()
            .map(|record| Entry {
                tunnel: tunnel.clone(),
                record,
            })
            .collect();
        let entries: Vec<&Entry> = entries.iter().collect();
        lines(&entries, BEGIN)
    }

    /// What stands in bold.
    fn named(records: Vec<Record>) -> Vec<String> {
        let bold = |line: String| line.split("**").nth(1).unwrap_or_default().to_owned();
        told(records).into_iter().map(bold).collect()
    }

    fn dropped(at: u64, lost: DropRecord) -> Record {
        let what = Happening::Drop(Box::new(lost));
        Record { at, what }
    }

    fn state(at: u64, state: State) -> Record {
        let cause = Cause::Refused;
        let what = Happening::State { state, cause };
        Record { at, what }
    }

    fn needs_sign_in(at: u64, code: &str) -> Record {
        let problem = Problem::new(ProblemKind::Credentials, code, "It is over.", "");
        state(
            at,
            State::NeedsSignIn {
                since: at,
                next_attempt: None,
                renewed_by: RenewedBy::SignIn,
                problem,
                outlook: Outlook::default(),
            },
        )
    }

    #[test]
    fn a_dead_agent_that_the_session_outlives_is_told_though_there_is_no_drop() {
        let lines = told(vec![
            up(BEGIN),
            degraded(BEGIN + SECOND, "agent-away"),
            up(BEGIN + 41 * SECOND),
        ]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let told = "**a dead agent: the node no longer answered** (agent-away), for 40 s";
        assert!(lines[0].contains(told), "{lines:?}");
    }

    #[test]
    fn one_that_ends_in_a_drop_is_told_once_and_by_the_drop() {
        let jammed = || replaced(ProblemKind::Target, "jammed");
        let agent = "a dead agent: the node no longer answered";
        let gone = replaced(ProblemKind::Target, "agent-gone");
        let at_once = vec![
            degraded(BEGIN, "agent-away"),
            up(BEGIN + 121 * SECOND),
            dropped(BEGIN + 121 * SECOND, gone),
        ];
        assert_eq!(named(at_once), [agent]);
        let jammed_later = vec![
            degraded(BEGIN, "agent-away"),
            up(BEGIN + 20 * SECOND),
            degraded(BEGIN + 30 * SECOND, "stalled"),
            up(BEGIN + 51 * SECOND),
            dropped(BEGIN + 51 * SECOND, jammed()),
        ];
        assert_eq!(named(jammed_later), [agent]);
    }

    #[test]
    fn a_sign_in_that_a_drop_waits_for_is_told_by_the_drop_and_another_once() {
        let login = "an expired login: the credentials had run out";
        let credentials = "credentials that were missing or not accepted";
        let mut waited = lost(ClosedBy::Gateway);
        waited.lasted_ms = 60 * SECOND;
        waited.end = DropEnd::GivenUp {
            problem: Problem::new(ProblemKind::Credentials, "expired-token", "", ""),
        };
        let with_drop = vec![
            up(BEGIN),
            needs_sign_in(BEGIN + SECOND, "expired-token"),
            needs_sign_in(BEGIN + 30 * SECOND, "expired-token"),
            up(BEGIN + 60 * SECOND),
            dropped(BEGIN + 60 * SECOND, waited),
        ];
        assert_eq!(named(with_drop), [login]);
        let without = vec![
            needs_sign_in(BEGIN + SECOND, "invalid-credentials"),
            needs_sign_in(BEGIN + 30 * SECOND, "invalid-credentials"),
            up(BEGIN + 60 * SECOND),
        ];
        assert_eq!(named(without), [credentials]);
    }

    #[test]
    fn a_login_that_never_was_is_not_told_as_run_out() {
        let mut record = needs_sign_in(BEGIN, "sso-login-expired");
        if let Happening::State {
            state: State::NeedsSignIn { problem, .. },
            ..
        } = &mut record.what
        {
            *problem = problem.clone().with_fact("never", &1);
        }
        let told = named(vec![record, up(BEGIN + 60 * SECOND)]);
        let never = "never signed in: there is no login that could have run out";
        assert_eq!(told, [never]);
    }

    #[test]
    fn connections_are_counted_as_people_do() {
        for (survived, connections, told) in [
            (0, 0, "no connection was open."),
            (1, 1, "its one connection lived on."),
            (0, 1, "its one connection was lost."),
            (3, 3, "all 3 connections lived on."),
            (2, 3, "2 of 3 connections lived on."),
        ] {
            assert_eq!(lived(survived, connections), told);
        }
    }

    #[test]
    fn a_tunnel_that_is_given_up_with_its_last_drop_is_told_once() {
        let problem = || Problem::new(ProblemKind::Service, "session-over", "It is over.", "");
        let given_up = DropRecord {
            end: DropEnd::GivenUp { problem: problem() },
            ..lost(ClosedBy::SessionEnd)
        };
        let failed = |at| {
            let (since, problem) = (at, problem());
            state(at, State::Failed { since, problem })
        };
        let both = vec![dropped(BEGIN, given_up), failed(BEGIN)];
        assert_eq!(named(both), ["the end of the session"]);
        assert_eq!(named(vec![failed(BEGIN)]), ["given up"]);
    }

    #[test]
    fn a_sleep_is_told_by_the_drop_that_is_its_work() {
        let slept = |at| Record {
            at,
            what: Happening::Slept {
                asleep_ms: 3_600_000,
            },
        };
        // It may be told of when the drop is over.
        let drop = dropped(BEGIN + SECOND, lost(ClosedBy::Deadline));
        let lines = told(vec![drop, slept(BEGIN + 30 * SECOND)]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        let slept_for = "**this machine slept** for 1 h 0 min.";
        assert!(lines[0].contains(slept_for), "{lines:?}");
        assert_eq!(named(vec![slept(BEGIN)]), ["this machine slept"]);
    }

    #[test]
    fn what_heals_before_anybody_notices_is_no_line() {
        let slow = |lasted| named(vec![degraded(BEGIN, "no-pong"), up(BEGIN + lasted)]);
        assert!(slow(SECOND).is_empty());
        assert_eq!(slow(10 * SECOND).len(), 1);
    }
}
