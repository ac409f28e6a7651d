//! The history on a real disk.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use tempfile::TempDir;
use tunnel_proto::{
    Cause, Close, ClosedBy, DropEnd, DropRecord, Happening, Outlook, Problem, ProblemKind, Renewal,
    State, Vitals,
};

use super::*;
use crate::bundle::DropCause;

/// Noon of 21 November 2026, UTC.
const NOON: u64 = 1_795_262_400_000;
const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// Small enough to be reached, large enough for the reserve.
const SMALL: Bounds = Bounds {
    days: 7,
    day: 8 << 10,
    all: 20 << 10,
};

fn state(at: u64, state: State, cause: Cause) -> Record {
    Record {
        at,
        what: Happening::State { state, cause },
    }
}

fn up(at: u64) -> Record {
    state(at, State::Up { since: at }, Cause::Established)
}

fn connecting(at: u64) -> Record {
    state(at, State::Connecting { since: at }, Cause::Started)
}

fn off(at: u64) -> Record {
    state(at, State::Off, Cause::Stopped)
}

fn lost(at: u64, closed_by: ClosedBy, end: DropEnd) -> Record {
    let lost = DropRecord {
        session_id: Some("user-0123".to_owned()),
        closed_by,
        close: Close {
            at,
            code: Some(1000),
            reason: "Bye".to_owned(),
        },
        socket_age_ms: HOUR,
        vitals: Vitals::default(),
        connections: 3,
        attempts: Vec::new(),
        attempts_left_out: 0,
        lasted_ms: 400,
        survived: if end == DropEnd::Resumed { 3 } else { 1 },
        end,
        what: "It was closed.".to_owned(),
        remedy: String::new(),
    };
    Record {
        at,
        what: Happening::Drop(Box::new(lost)),
    }
}

fn renewed(at: u64) -> Record {
    Record {
        at,
        what: Happening::Renewed(Renewal {
            session_id: None,
            socket_age_ms: 50 * 60 * 1000,
            gap_ms: 700,
            connections: 2,
        }),
    }
}

fn problem() -> Problem {
    Problem::new(ProblemKind::Service, "session-over", "It is over.", "")
}

fn all(folder: &Path) -> Reading {
    read(folder, 0, Vec::new(), |_| true).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_recorded_comes_back_whole_and_in_the_order_of_time() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("culvert/history");
    let history = History::open_at(&folder, SMALL, || NOON);
    let saved = TunnelName::new(Some(ProfileId::random()), "db");
    let records = [
        connecting(NOON),
        up(NOON + 5),
        lost(NOON + 6, ClosedBy::Gateway, DropEnd::Resumed),
        lost(
            NOON + DAY,
            ClosedBy::Network,
            DropEnd::Replaced { problem: problem() },
        ),
        renewed(NOON + DAY + 1),
    ];
    // The first comes last, as that of a second tunnel may.
    for record in records[1..].iter().chain(&records[..1]) {
        history.record(&saved, record);
    }
    history.settled().await;
    let reading = all(&folder);
    let came: Vec<_> = reading.entries.iter().map(|entry| &entry.record).collect();
    assert_eq!(came, records.iter().collect::<Vec<_>>());
    assert!(reading.entries.iter().all(|entry| entry.tunnel == saved));
    assert_eq!((reading.left_out, reading.unreadable), (0, 0));
    assert_eq!(names(&folder), ["2026-11-21.jsonl", "2026-11-22.jsonl"]);
}

#[tokio::test]
async fn each_line_names_its_tunnel_and_its_event_for_people_with_a_text_editor() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    history.record(&TunnelName::new(None, "db"), &up(NOON));
    history.settled().await;
    let text = fs::read_to_string(home.path().join("2026-11-21.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1);
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["tunnel"]["name"], "db");
    assert_eq!(line["at"], NOON);
    assert_eq!(line["event"], "state");
    assert_eq!(line["state"]["kind"], "up");
    assert_eq!(line["cause"], "established");
}

#[tokio::test]
async fn only_what_is_wanted_is_read() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    history.record(&TunnelName::new(None, "db"), &up(NOON));
    history.record(&TunnelName::new(None, "web"), &up(NOON + 1));
    history.record(&TunnelName::new(None, "web"), &up(NOON + 2));
    history.settled().await;
    let reading = read(home.path(), NOON + 2, Vec::new(), |tunnel| {
        tunnel.name == "web"
    })
    .unwrap();
    let times: Vec<_> = reading
        .entries
        .iter()
        .map(|entry| entry.record.at)
        .collect();
    assert_eq!(times, [NOON + 2]);
}

#[tokio::test]
async fn torn_and_foreign_lines_cost_only_themselves() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("2026-11-21.jsonl");
    let history = History::open_at(home.path(), SMALL, || NOON);
    let tunnel = TunnelName::new(None, "db");
    history.record(&tunnel, &up(NOON));
    history.settled().await;
    // As a crash in the middle of a write leaves it: no end of line.
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"\xff\x00 nonsense\n{\"event\":\"from the future\",\"at\":1}\n")
        .unwrap();
    file.write_all(&whole[..whole.len() / 2]).unwrap();
    history.record(&tunnel, &up(NOON + 1));
    history.settled().await;
    let reading = all(home.path());
    let times: Vec<_> = reading
        .entries
        .iter()
        .map(|entry| entry.record.at)
        .collect();
    assert_eq!(times, [NOON, NOON + 1]);
    assert_eq!(reading.unreadable, 3);
}

#[tokio::test]
async fn what_is_beyond_a_days_bound_is_counted_and_the_next_day_has_room_again() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    let tunnel = TunnelName::new(None, "db");
    for n in 0..300 {
        history.record(&tunnel, &up(NOON + n));
    }
    history.settled().await;
    let bytes = fs::metadata(home.path().join("2026-11-21.jsonl"))
        .unwrap()
        .len();
    assert!(bytes <= SMALL.day, "{bytes} bytes");
    let reading = all(home.path());
    let kept = reading.entries.len() as u64;
    assert!((1..300).contains(&kept), "{kept} kept");
    assert_eq!(kept + reading.left_out, 300);
    assert_eq!(reading.unreadable, 0);

    history.record(&tunnel, &up(NOON + DAY));
    history.settled().await;
    assert_eq!(all(home.path()).entries.len() as u64, kept + 1);
}

#[tokio::test]
async fn files_older_than_a_week_go_and_others_stay() {
    let home = TempDir::new().unwrap();
    for name in [
        "2026-11-13.jsonl",
        "2026-11-14.jsonl",
        "2026-11-23.jsonl",
        "2026-11-1.jsonl",
        "notes.txt",
    ] {
        fs::write(home.path().join(name), "\n").unwrap();
    }
    let history = History::open_at(home.path(), SMALL, || NOON);
    history.settled().await;
    // One of tomorrow is a clock's fault, and what it holds is not older than it says.
    assert_eq!(
        names(home.path()),
        [
            "2026-11-1.jsonl",
            "2026-11-14.jsonl",
            "2026-11-23.jsonl",
            "notes.txt"
        ]
    );
}

#[tokio::test]
async fn the_bound_over_all_days_takes_the_oldest() {
    let home = TempDir::new().unwrap();
    let half = vec![b'\n'; 5 << 10];
    for day in 17..21 {
        fs::write(home.path().join(format!("2026-11-{day}.jsonl")), &half).unwrap();
    }
    let history = History::open_at(home.path(), SMALL, || NOON);
    history.settled().await;
    // 12 KiB are for the days before today.
    assert_eq!(names(home.path()), ["2026-11-19.jsonl", "2026-11-20.jsonl"]);
}

#[tokio::test]
async fn several_processes_share_a_file() {
    let home = TempDir::new().unwrap();
    let histories: Vec<_> = (0..4)
        .map(|_| History::open_at(home.path(), Bounds::default(), || NOON))
        .collect();
    for n in 0..100 {
        for (who, history) in histories.iter().enumerate() {
            history.record(&TunnelName::new(None, format!("t{who}")), &up(NOON + n));
        }
    }
    for history in &histories {
        history.settled().await;
    }
    let reading = all(home.path());
    assert_eq!(reading.unreadable, 0);
    let mut counts = BTreeMap::new();
    for entry in &reading.entries {
        *counts.entry(entry.tunnel.name.as_str()).or_insert(0) += 1;
    }
    assert_eq!(
        counts,
        BTreeMap::from([("t0", 100), ("t1", 100), ("t2", 100), ("t3", 100)])
    );
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_to_disturbs_nobody_and_is_counted_later() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("history");
    fs::write(&folder, "a file where the folder should be").unwrap();
    let history = History::open_at(&folder, SMALL, || NOON);
    let tunnel = TunnelName::new(None, "db");
    history.record(&tunnel, &up(NOON));
    history.record(&tunnel, &up(NOON + 1));
    history.settled().await;
    fs::remove_file(&folder).unwrap();
    history.record(&tunnel, &up(NOON + 2));
    history.settled().await;
    let reading = all(&folder);
    assert_eq!(reading.entries.len(), 1);
    assert_eq!(reading.left_out, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = TempDir::new().unwrap();
    let folder = home.path().join("history");
    let history = History::open_at(&folder, SMALL, || NOON);
    history.record(&TunnelName::new(None, "db"), &up(NOON));
    history.settled().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("2026-11-21.jsonl")), 0o600);
}

#[tokio::test]
async fn nothing_is_made_on_disk_before_there_is_something_to_keep() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("history");
    let history = History::open(&folder);
    history.settled().await;
    assert!(!folder.exists());
    assert_eq!(all(&folder), Reading::default());
}

#[tokio::test]
async fn a_tunnel_is_followed_to_its_last_word_and_what_was_missed_is_counted() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    let (events, heard) = events::channel(4);
    // Nobody has listened so far, so the first two are lost.
    for n in 0..5 {
        events.send(TunnelEvent::Record(Box::new(up(NOON + n))));
    }
    events.send(TunnelEvent::State(State::Off));
    let nothing = Payload::default;
    let following = history.follow(TunnelName::new(None, "db"), heard, nothing);
    drop(events);
    following.finished().await;
    let reading = all(home.path());
    let times: Vec<_> = reading
        .entries
        .iter()
        .map(|entry| entry.record.at)
        .collect();
    assert_eq!(times, [NOON + 2, NOON + 3, NOON + 4]);
    assert_eq!(reading.left_out, 2);
}

#[tokio::test]
async fn what_a_tunnel_carries_is_kept_by_day_and_to_its_last_byte() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    let (events, heard) = events::channel(4);
    let (bytes, now) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(NOON)));
    let (carried, clock) = (Arc::clone(&bytes), Arc::clone(&now));
    let carried = move || Payload {
        up: carried.load(Ordering::SeqCst),
        down: 5,
    };
    let clock = move || clock.load(Ordering::SeqCst);
    let name = TunnelName::new(None, "db");
    let mut recorded = history.recorded();
    let following = history.follow_at(name, heard, carried, clock);
    events.send(TunnelEvent::Record(Box::new(up(NOON))));
    recorded.wait_for(|count| *count == 1).await.unwrap();
    bytes.store(100, Ordering::SeqCst);
    now.store(NOON + 13 * HOUR, Ordering::SeqCst);
    events.send(TunnelEvent::Record(Box::new(renewed(NOON + 13 * HOUR))));
    recorded.wait_for(|count| *count == 3).await.unwrap();
    bytes.store(130, Ordering::SeqCst);
    drop(events);
    following.finished().await;
    let days = Summary::days(&all(home.path()).entries, NOON);
    let told: Vec<_> = days
        .iter()
        .map(|(day, sum)| (day.as_str(), sum.bytes_up, sum.bytes_down))
        .collect();
    assert_eq!(told, [("2026-11-21", 100, 5), ("2026-11-22", 30, 0)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_quiet_tunnel_carries_is_kept_before_its_end() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    let (events, heard) = events::channel(4);
    let carried = || Payload { up: 1, down: 2 };
    let mut recorded = history.recorded();
    let following = history.follow_at(TunnelName::new(None, "db"), heard, carried, || NOON);
    // Nobody says anything: time passes until it does so by itself.
    recorded.wait_for(|count| *count == 1).await.unwrap();
    let summary = Summary::of(&all(home.path()).entries, NOON);
    assert_eq!((summary.bytes_up, summary.bytes_down), (1, 2));
    drop((events, following));
}

#[test]
fn a_day_without_a_record_is_told_by_what_lasts_over_it_and_a_run_that_goes_on_by_what_is_told_now()
{
    let all = entries(vec![
        connecting(NOON),
        up(NOON),
        carried(NOON + 3 * DAY, 0, 0),
    ]);
    let days = Summary::days(&all, NOON);
    let told: Vec<_> = days
        .iter()
        .map(|(day, sum)| (day.as_str(), sum.up_ms / HOUR, sum.wanted_ms / HOUR))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-11-21", 12, 12),
            ("2026-11-22", 24, 24),
            ("2026-11-23", 24, 24),
            ("2026-11-24", 12, 12),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_carried_is_told_at_once_and_kept_each_minute_for_a_run_that_is_killed() {
    let home = TempDir::new().unwrap();
    let history = History::open_at(home.path(), SMALL, || NOON);
    let (events, heard) = events::channel(4);
    let bytes = Arc::new(AtomicU64::new(7));
    let up = Arc::clone(&bytes);
    let carried = move || Payload {
        up: up.load(Ordering::SeqCst),
        down: 0,
    };
    let following = history.follow_at(TunnelName::new(None, "db"), heard, carried, || NOON);
    let sent = |reading: &Reading| Summary::of(&reading.entries, 0).bytes_up;
    // At once by whoever runs it; by nobody else.
    let told = history.pending(NOON);
    assert_eq!(sent(&read(home.path(), 0, told, |_| true).unwrap()), 7);
    assert_eq!(sent(&all(home.path())), 0);
    // After a minute on the disk, though no record tells of it.
    tokio::time::sleep(Duration::from_secs(61)).await;
    settled_in_no_time(&history).await;
    assert_eq!(sent(&all(home.path())), 7);
    let files = || names(home.path());
    let kept = files();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].ends_with(".carried"), "{kept:?}");
    // An idle tunnel leaves the disk alone, one that carries more does not.
    fs::remove_file(home.path().join(&kept[0])).unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    settled_in_no_time(&history).await;
    assert!(files().is_empty());
    bytes.store(9, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(61)).await;
    settled_in_no_time(&history).await;
    assert_eq!(sent(&all(home.path())), 9);
    let told = history.pending(NOON + 1);
    assert_eq!(sent(&read(home.path(), 0, told, |_| true).unwrap()), 9);
    // Its record takes the place of the file, and counts once for whoever asked before.
    let told = history.pending(NOON);
    let mut recorded = history.recorded();
    drop(events);
    recorded.wait_for(|count| *count == 1).await.unwrap();
    assert_eq!(files(), ["2026-11-21.jsonl"]);
    assert_eq!(sent(&all(home.path())), 9);
    assert_eq!(sent(&read(home.path(), 0, told, |_| true).unwrap()), 9);
    drop(following);
}

/// Waits for the disk while the tests' clock stands still, as it does for blocking work.
async fn settled_in_no_time(history: &History) {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let still = tokio::task::spawn_blocking(move || wait.recv());
    history.settled().await;
    drop(done);
    assert!(still.await.unwrap().is_err());
}

fn carried(at: u64, bytes_up: u64, bytes_down: u64) -> Record {
    let what = Happening::Carried {
        bytes_up,
        bytes_down,
    };
    Record { at, what }
}

fn entries(records: Vec<Record>) -> Vec<Entry> {
    let tunnel = TunnelName::new(None, "db");
    let entry = |record| Entry {
        tunnel: tunnel.clone(),
        record,
    };
    records.into_iter().map(entry).collect()
}

#[test]
fn a_summary_counts_drops_by_their_causes_what_they_cost_and_what_was_carried() {
    let replaced = DropEnd::Replaced { problem: problem() };
    let summary = Summary::of(
        &entries(vec![
            lost(NOON - 1, ClosedBy::Gateway, DropEnd::Resumed),
            lost(NOON, ClosedBy::Gateway, DropEnd::Resumed),
            lost(NOON + 1, ClosedBy::Network, DropEnd::Resumed),
            lost(NOON + 2, ClosedBy::Deadline, replaced),
            renewed(NOON + 3),
            carried(NOON - 1, 7, 7),
            carried(NOON + 4, 10, 20),
            carried(NOON + 5, 1, 2),
        ]),
        NOON,
    );
    let expected = Summary {
        drops: 3,
        drops_by_cause: [
            (DropCause::HourlyClose, 1),
            (DropCause::Silence, 1),
            (DropCause::Broken, 1),
        ]
        .into(),
        not_resumed: 1,
        renewals: 1,
        longest_gap_ms: 700,
        connections_lost: 2,
        carried_through: 9,
        turned_away: 0,
        bytes_up: 11,
        bytes_down: 22,
        up_ms: 0,
        degraded_ms: 0,
        was_up: false,
        why_not_up: None,
        wanted_ms: 0,
    };
    assert_eq!(summary, expected);
    assert_eq!(
        summary.causes(),
        "1 hourly close, 1 black hole, 1 broken on the way"
    );
}

#[test]
fn the_share_of_up_counts_what_is_known_and_not_what_is_not() {
    let reconnecting = State::Reconnecting {
        since: NOON,
        attempt: 1,
        next_attempt: None,
        problem: problem(),
        outlook: Outlook::default(),
    };
    let summary = Summary::of(
        &entries(vec![
            connecting(NOON - 10 * HOUR),
            up(NOON - 10 * HOUR),
            // In the window from here: an hour up, an hour down, two hours up, a night off.
            state(NOON + HOUR, reconnecting, Cause::Lost),
            up(NOON + 2 * HOUR),
            off(NOON + 4 * HOUR),
            connecting(NOON + 14 * HOUR),
            // What came after this is not recorded.
            up(NOON + 15 * HOUR),
        ]),
        NOON,
    );
    assert_eq!(summary.up_ms, 3 * HOUR);
    assert_eq!(summary.wanted_ms, 5 * HOUR);
}

#[test]
fn each_day_has_its_share_of_what_lasts_over_midnight() {
    let all = entries(vec![
        connecting(NOON),
        up(NOON),
        lost(NOON + 11 * HOUR, ClosedBy::Gateway, DropEnd::Resumed),
        off(NOON + 15 * HOUR),
    ]);
    let days = Summary::days(&all, NOON);
    let told: Vec<_> = days
        .iter()
        .map(|(day, sum)| {
            (
                day.as_str(),
                sum.drops,
                sum.up_ms / HOUR,
                sum.wanted_ms / HOUR,
            )
        })
        .collect();
    assert_eq!(told, [("2026-11-21", 1, 12, 12), ("2026-11-22", 0, 3, 3)]);
}

#[test]
fn two_runs_at_a_time_are_not_mixed_up() {
    let mut both = entries(vec![up(NOON), off(NOON + 2 * HOUR)]);
    both.extend(entries(vec![up(NOON + HOUR), off(NOON + 3 * HOUR)]));
    both.sort_by_key(|entry| entry.record.at);
    let summary = Summary::of(&both, 0);
    assert_eq!((summary.up_ms, summary.wanted_ms), (4 * HOUR, 4 * HOUR));
}

#[test]
fn a_tunnel_without_a_name_is_called_after_where_it_leads() {
    let called = |destination| TunnelName::of_unsaved(&TunnelConfig::new("i-1", destination)).name;
    assert_eq!(called(Destination::Port(80)), "i-1 → 80");
    let host = "db.internal".to_owned();
    assert_eq!(
        called(Destination::RemoteHost { host, port: 5432 }),
        "i-1 → db.internal:5432"
    );
    let parameters = |pairs: &[(&str, &str)]| {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), vec![(*value).to_owned()]);
        Destination::Document {
            name: "Own-Document".to_owned(),
            parameters: pairs.iter().map(pair).collect(),
        }
    };
    assert_eq!(
        called(parameters(&[("host", "db"), ("portNumber", "1")])),
        "i-1 → db:1"
    );
    assert_eq!(called(parameters(&[("portNumber", "1")])), "i-1 → 1");
    assert_eq!(called(parameters(&[])), "i-1 → Own-Document");
    let named = TunnelConfig {
        name: "db".to_owned(),
        ..TunnelConfig::new("i-1", Destination::Port(80))
    };
    assert_eq!(TunnelName::of_unsaved(&named).name, "db");
}
