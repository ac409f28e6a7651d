//! How a tunnel was over a stretch of time, from what is recorded of it: a pure function from
//! events to coloured segments.

use std::collections::{BTreeMap, HashMap};

use tunnel_proto::{DropEnd, Happening, State};

use super::Entry;

/// Segments that a strip has at most; a tunnel in trouble for hours has more changes than
/// anybody can see.
const SEGMENTS_MOST: usize = 300;

/// How a tunnel was for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It carried connections.
    Up,
    /// It waited for a first connection.
    Listening,
    /// Nobody wanted it.
    Off,
    /// Its program ended without a word; nothing is known.
    Unknown,
    /// The machine slept.
    Asleep,
    /// Its first session was being started.
    Connecting,
    /// It carried connections, but something was wrong.
    Degraded,
    /// It had been given up.
    Failed,
    /// It waited for a sign-in.
    SignedOut,
    /// It was being resumed.
    Reconnecting,
    /// Another session took the place of one that was lost, with the connections of that.
    Replaced,
}

/// A stretch of time in which a tunnel was the same. Times are Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// How it was.
    pub condition: Condition,
    /// From when on.
    pub from: u64,
    /// Until when.
    pub until: u64,
}

/// A stretch of time without a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// The oldest first: at most 300. Where there are more, each stands for the worst in it.
    pub segments: Vec<Segment>,
    /// How long the tunnel was up, milliseconds.
    pub up_ms: u64,
    /// How long it was wanted to be up while the machine was awake, milliseconds.
    pub wanted_ms: u64,
}

impl Strip {
    /// How a tunnel was between two times (Unix milliseconds), from its entries, oldest first;
    /// those from before say how it was at the beginning. `on` says whether its latest run goes
    /// on: then it is still as it was recorded last.
    pub fn of<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        from: u64,
        until: u64,
        on: bool,
    ) -> Self {
        let mut canvas = Canvas::default();
        // What is true of a run between two of its records; several may go on at once.
        let mut runs = HashMap::new();
        let mut overlays = Vec::new();
        let mut latest = None;
        for entry in entries {
            let at = entry.record.at;
            let run = entry.tunnel.run;
            let last = runs.entry(run).or_insert((at, Condition::Off));
            if last.1 != Condition::Off {
                canvas.paint(last.0, at, last.1);
            }
            last.0 = at;
            latest = Some(run);
            match &entry.record.what {
                Happening::State { state, cause: _ } => last.1 = condition(state),
                Happening::Drop(lost) => match lost.end {
                    DropEnd::Replaced { .. } => {
                        let end = lost.close.at.saturating_add(lost.lasted_ms);
                        overlays.push((lost.close.at, end, Condition::Replaced));
                    }
                    DropEnd::Resumed
                    | DropEnd::GivenUp { .. }
                    | DropEnd::Stopped
                    | DropEnd::LetGo => {}
                },
                Happening::Slept { asleep_ms } => {
                    overlays.push((at.saturating_sub(*asleep_ms), at, Condition::Asleep));
                }
                Happening::Renewed(_)
                | Happening::Target(_)
                | Happening::TurnedAway(_)
                | Happening::Unreached { .. }
                | Happening::LeftBehind { .. }
                | Happening::EndedLate { .. }
                | Happening::Carried { .. } => {}
            }
        }
        for (run, (at, last)) in runs {
            let goes_on = on && latest == Some(run);
            match last {
                Condition::Off => {}
                last if goes_on => canvas.paint(at, until, last),
                // It has ended in order, and stays so until it is started again.
                Condition::Failed => canvas.paint_rest(at, until, Condition::Failed),
                Condition::Up
                | Condition::Listening
                | Condition::Unknown
                | Condition::Asleep
                | Condition::Connecting
                | Condition::Degraded
                | Condition::SignedOut
                | Condition::Reconnecting
                | Condition::Replaced => canvas.paint_rest(at, until, Condition::Unknown),
            }
        }
        for (from, until, condition) in overlays {
            canvas.paint_over(from, until, condition);
        }
        let segments = canvas.segments(from, until);
        let spent = |wanted: fn(Condition) -> bool| {
            let those = segments.iter().filter(|one| wanted(one.condition));
            those.map(|one| one.until - one.from).sum()
        };
        Self {
            up_ms: spent(|condition| condition == Condition::Up),
            wanted_ms: spent(is_wanted),
            segments: coarse(segments, from, until),
        }
    }
}

/// What a state comes to.
fn condition(state: &State) -> Condition {
    match state {
        State::Off | State::Stopping => Condition::Off,
        State::Listening => Condition::Listening,
        State::Connecting { .. } => Condition::Connecting,
        State::Up { .. } => Condition::Up,
        State::Degraded { .. } => Condition::Degraded,
        State::Reconnecting { .. } => Condition::Reconnecting,
        State::NeedsSignIn { .. } => Condition::SignedOut,
        State::Failed { .. } => Condition::Failed,
    }
}

/// Whether somebody wanted the tunnel to be up, and it could have been.
fn is_wanted(condition: Condition) -> bool {
    match condition {
        Condition::Up
        | Condition::Connecting
        | Condition::Degraded
        | Condition::SignedOut
        | Condition::Reconnecting
        | Condition::Replaced => true,
        Condition::Listening
        | Condition::Off
        | Condition::Unknown
        | Condition::Asleep
        | Condition::Failed => false,
    }
}

/// Time, coloured: each condition holds from its moment to that of the next.
struct Canvas(BTreeMap<u64, Condition>);

impl Default for Canvas {
    fn default() -> Self {
        Self(BTreeMap::from([(0, Condition::Off)]))
    }
}

impl Canvas {
    fn at(&self, moment: u64) -> Condition {
        let before = self.0.range(..=moment).next_back();
        before.map_or(Condition::Off, |(_, condition)| *condition)
    }

    fn paint(&mut self, from: u64, until: u64, condition: Condition) {
        if from >= until {
            return;
        }
        let after = self.at(until);
        let covered: Vec<_> = self.0.range(from..until).map(|(at, _)| *at).collect();
        for at in covered {
            self.0.remove(&at);
        }
        self.0.insert(from, condition);
        self.0.insert(until, after);
    }

    /// Paints what is [`Condition::Off`] from a moment to the next that is not.
    fn paint_rest(&mut self, from: u64, until: u64, condition: Condition) {
        // A clock that was ahead for a while has recorded what is yet to come.
        if from >= until {
            return;
        }
        let mut later = self.0.range(from..until);
        let end = later.find(|(_, condition)| **condition != Condition::Off);
        let end = end.map_or(until, |(at, _)| *at);
        if self.at(from) == Condition::Off {
            self.paint(from, end, condition);
        }
    }

    /// Paints where the tunnel was wanted: a sleep and a replacement say more than what was told
    /// of it at the time. A replacement beside sessions that were well is none of the tunnel's.
    fn paint_over(&mut self, from: u64, until: u64, condition: Condition) {
        if from >= until {
            return;
        }
        let starts: Vec<_> = std::iter::once((from, self.at(from)))
            .chain(self.0.range(from..until).map(|(at, was)| (*at, *was)))
            .collect();
        let ends: Vec<_> = starts.iter().skip(1).map(|(at, _)| *at).collect();
        for ((at, was), end) in starts.into_iter().zip(ends.into_iter().chain([until])) {
            let covers = match (condition, was) {
                (Condition::Asleep, was) => is_wanted(was) || was == Condition::Listening,
                (_, Condition::Up) => false,
                (_, was) => is_wanted(was),
            };
            if covers {
                self.paint(at, end, condition);
            }
        }
    }

    /// What lies between two moments, without two neighbours alike.
    fn segments(&self, from: u64, until: u64) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        let inside = self.0.range(from.saturating_add(1)..until);
        let starts = std::iter::once((from, self.at(from)));
        for (at, condition) in starts.chain(inside.map(|(at, condition)| (*at, *condition))) {
            match segments.last_mut() {
                Some(last) if last.condition == condition => {}
                last => {
                    if let Some(last) = last {
                        last.until = at;
                    }
                    segments.push(Segment {
                        condition,
                        from: at,
                        until,
                    });
                }
            }
        }
        segments
    }
}

/// The same in fewer segments, if there are too many: each then stands for the worst in it.
fn coarse(segments: Vec<Segment>, from: u64, until: u64) -> Vec<Segment> {
    if segments.len() <= SEGMENTS_MOST {
        return segments;
    }
    let mut canvas = Canvas::default();
    let most = SEGMENTS_MOST as u64;
    let edge = |at: u64| from + (until - from) * at / most;
    let mut rest = segments.iter().peekable();
    for (begin, end) in (0..most).map(|at| (edge(at), edge(at + 1))) {
        let mut worst = Condition::Up;
        while let Some(one) = rest.peek() {
            worst = worst.max(one.condition);
            if one.until > end {
                break;
            }
            rest.next();
        }
        canvas.paint(begin, end, worst);
    }
    canvas.segments(from, until)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tunnel_proto::{
        Cause, Close, ClosedBy, DropRecord, Outlook, Problem, ProblemKind, Record, Vitals,
    };

    use super::super::TunnelName;
    use super::*;

    const MINUTE: u64 = 60_000;

    fn problem() -> Problem {
        Problem::new(ProblemKind::Network, "lost", "It broke.", "")
    }

    fn reconnecting() -> State {
        State::Reconnecting {
            since: 0,
            attempt: 1,
            next_attempt: None,
            problem: problem(),
            outlook: Outlook::default(),
        }
    }

    fn up() -> State {
        State::Up { since: 0 }
    }

    /// Entries of one run, at these minutes.
    fn run(states: impl IntoIterator<Item = (u64, State)>) -> Vec<Entry> {
        let tunnel = TunnelName::new(None, "db");
        let entry = |(minute, state)| Entry {
            tunnel: tunnel.clone(),
            record: Record {
                at: minute * MINUTE,
                what: Happening::State {
                    state,
                    cause: Cause::Started,
                },
            },
        };
        states.into_iter().map(entry).collect()
    }

    fn with(mut entries: Vec<Entry>, minute: u64, what: Happening) -> Vec<Entry> {
        let tunnel = entries[0].tunnel.clone();
        let at = minute * MINUTE;
        let place = entries.partition_point(|entry| entry.record.at <= at);
        let record = Record { at, what };
        entries.insert(place, Entry { tunnel, record });
        entries
    }

    fn replaced(minute: u64, minutes: u64) -> Happening {
        Happening::Drop(Box::new(DropRecord {
            session_id: None,
            closed_by: ClosedBy::Gateway,
            close: Close {
                at: minute * MINUTE,
                code: None,
                reason: String::new(),
            },
            socket_age_ms: 0,
            vitals: Vitals::default(),
            connections: 1,
            attempts: Vec::new(),
            attempts_left_out: 0,
            lasted_ms: minutes * MINUTE,
            survived: 0,
            end: DropEnd::Replaced { problem: problem() },
            what: String::new(),
            remedy: String::new(),
        }))
    }

    /// The first hour, in minutes.
    fn hour(entries: &[Entry], on: bool) -> Vec<(Condition, u64, u64)> {
        let strip = Strip::of(entries, 0, 60 * MINUTE, on);
        let minutes = strip.segments.iter();
        minutes
            .map(|one| (one.condition, one.from / MINUTE, one.until / MINUTE))
            .collect()
    }

    #[test]
    fn a_day_without_records_is_off() {
        assert_eq!(hour(&[], false), [(Condition::Off, 0, 60)]);
    }

    #[test]
    fn each_state_lasts_until_the_next_and_the_last_until_now_while_the_tunnel_is_on() {
        let entries = run([
            (10, State::Connecting { since: 0 }),
            (11, up()),
            (20, reconnecting()),
            (22, up()),
        ]);
        assert_eq!(
            hour(&entries, true),
            [
                (Condition::Off, 0, 10),
                (Condition::Connecting, 10, 11),
                (Condition::Up, 11, 20),
                (Condition::Reconnecting, 20, 22),
                (Condition::Up, 22, 60),
            ]
        );
        let strip = Strip::of(&entries, 0, 60 * MINUTE, true);
        assert_eq!(
            (strip.up_ms, strip.wanted_ms),
            (47 * MINUTE, 50 * MINUTE),
            "what is not wanted does not count"
        );
    }

    #[test]
    fn what_was_before_says_how_it_began() {
        let entries = run([(5, up())]);
        let strip = Strip::of(&entries, 30 * MINUTE, 60 * MINUTE, true);
        assert_eq!(strip.segments.len(), 1);
        assert_eq!(strip.up_ms, 30 * MINUTE);
    }

    #[test]
    fn after_a_crash_nothing_is_known_until_the_next_start() {
        let mut entries = run([(5, up())]);
        entries.extend(run([(40, up()), (50, State::Off)]));
        assert_eq!(
            hour(&entries, false),
            [
                (Condition::Off, 0, 5),
                (Condition::Unknown, 5, 40),
                (Condition::Up, 40, 50),
                (Condition::Off, 50, 60),
            ]
        );
    }

    #[test]
    fn a_tunnel_that_has_given_up_has_failed_until_it_is_started_again() {
        let failed = State::Failed {
            since: 0,
            problem: problem(),
        };
        let mut entries = run([(5, up()), (10, failed)]);
        entries.extend(run([(40, up())]));
        assert_eq!(
            hour(&entries, true)[1..],
            [
                (Condition::Up, 5, 10),
                (Condition::Failed, 10, 40),
                (Condition::Up, 40, 60),
            ]
        );
    }

    #[test]
    fn a_sleep_covers_what_was_told_of_it() {
        let entries = run([(0, up()), (50, reconnecting()), (51, up())]);
        let slept = Happening::Slept {
            asleep_ms: 30 * MINUTE,
        };
        let entries = with(entries, 49, slept);
        assert_eq!(
            hour(&entries, true),
            [
                (Condition::Up, 0, 19),
                (Condition::Asleep, 19, 49),
                (Condition::Up, 49, 50),
                (Condition::Reconnecting, 50, 51),
                (Condition::Up, 51, 60),
            ]
        );
        let strip = Strip::of(&entries, 0, 60 * MINUTE, true);
        assert_eq!(strip.wanted_ms, 30 * MINUTE, "nobody wants it asleep");
    }

    #[test]
    fn a_replacement_is_told_from_a_resume_but_not_beside_sessions_that_are_well() {
        let entries = run([(0, up()), (10, reconnecting()), (14, up())]);
        let entries = with(entries, 14, replaced(10, 4));
        assert_eq!(
            hour(&entries, true),
            [
                (Condition::Up, 0, 10),
                (Condition::Replaced, 10, 14),
                (Condition::Up, 14, 60),
            ]
        );
        let beside = with(run([(0, up())]), 14, replaced(10, 4));
        assert_eq!(hour(&beside, true), [(Condition::Up, 0, 60)]);
    }

    #[test]
    fn records_of_a_clock_that_was_ahead_do_no_harm() {
        let entries = with(run([(0, up()), (90, up())]), 91, replaced(95, 0));
        assert_eq!(hour(&entries, false), [(Condition::Up, 0, 60)]);
    }

    #[test]
    fn a_tunnel_that_changes_all_the_time_keeps_its_worst_moments() {
        let changes = (0..2000).map(|at| (at, if at % 2 == 0 { up() } else { reconnecting() }));
        let strip = Strip::of(&run(changes), 0, 2000 * MINUTE, true);
        assert!(strip.segments.len() <= SEGMENTS_MOST);
        assert_eq!(strip.up_ms, 1000 * MINUTE);
        let seen = |condition| strip.segments.iter().any(|one| one.condition == condition);
        assert!(seen(Condition::Reconnecting));
    }

    proptest! {
        #[test]
        fn a_strip_has_no_gap_and_no_overlap(
            times in proptest::collection::vec((0_u64..90, 0_usize..4), 0..40),
            sleeps in proptest::collection::vec((0_u64..90, 0_u64..40), 0..4),
            from in 0_u64..30, on: bool,
        ) {
            let mut times = times;
            times.sort();
            let states = [up(), reconnecting(), State::Off, State::Listening];
            let mut entries = run(times.into_iter().map(|(at, which)| (at, states[which].clone())));
            if !entries.is_empty() {
                for (at, minutes) in sleeps {
                    entries = with(entries, at, Happening::Slept { asleep_ms: minutes * MINUTE });
                }
            }
            let (from, until) = (from * MINUTE, 60 * MINUTE);
            let strip = Strip::of(&entries, from, until, on);
            let mut at = from;
            for segment in &strip.segments {
                prop_assert_eq!(segment.from, at);
                prop_assert!(segment.until > segment.from);
                at = segment.until;
            }
            prop_assert_eq!(at, until);
            prop_assert!(strip.up_ms <= strip.wanted_ms);
            prop_assert!(strip.wanted_ms <= until - from);
        }
    }
}
