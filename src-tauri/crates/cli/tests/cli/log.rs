//! The log of `culvert --log LEVEL`: what is written of a tunnel that is lost again and again, and in which
//! words it tells what goes on.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{Ended, Running, World, carries, cut, one_sentence, run, soon};

/// How often the gateway cuts.
const CUTS: usize = 15;

/// What of a minute's alike lines is written.
const WRITTEN: usize = 10;

/// All that lies in the log's folder.
fn log(world: &World) -> String {
    let listed = fs::read_dir(world.path(".local/state/culvert/log")).unwrap();
    let files = listed.flatten().map(|entry| entry.path());
    files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_gateway_that_cuts_again_and_again_the_first_are_written_and_the_rest_is_counted() {
    let world = World::start().await;
    let begun = Instant::now();
    let mut culvert = Running::start(world.forward(&["--name", "Orders", "--log", "info"]));
    let address = culvert.listening().await;
    carries(&address).await;
    for _ in 0..CUTS {
        cut(&world).await;
        carries(&address).await;
    }
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    let is_one_minute = begun.elapsed() < Duration::from_secs(60);
    let text = log(&world);
    let gone = text
        .lines()
        .filter(|line| line.contains(": the WebSocket is gone code=1000"));
    let written = gone.count();
    let counted: usize = text
        .lines()
        .filter_map(|line| {
            let (_, told) = line.split_once("\"Orders\": ")?;
            let kept = " more lines within a minute are not written: \"the WebSocket is gone\"";
            told.strip_suffix(kept)?.parse::<usize>().ok()
        })
        .sum();
    // At its end the last one is let go in order, which may be told in the same words.
    assert!(
        written + counted >= CUTS,
        "{written} and {counted}:\n{text}"
    );
    if is_one_minute {
        assert_eq!(written, WRITTEN, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_hears_and_wants_is_told_in_words() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--log", "debug"]));
    let address = culvert.listening().await;
    carries(&address).await;
    cut(&world).await;
    carries(&address).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    let text = log(&world);
    for words in [
        "the policy hears input=session 0 is granted, ",
        "the policy hears input=session 0 is established",
        "the policy hears input=the WebSocket of session 0 is lost, closed by the gateway, code 1000, \"Bye\"",
        "the policy wants=resume session 0, ",
        "the tunnel's state is another one state=up",
        "the tunnel is over outcome=stopped",
    ] {
        assert!(text.contains(words), "{words:?} is not in it:\n{text}");
    }
    // Nothing is told as the program's own types print themselves.
    for line in text.lines() {
        let values = line.split_once(": ").map_or("", |(_, said)| said);
        for sign in [" { ", "Some(", "None", "SessionKey(", "Ok(", "Err("] {
            assert!(!values.contains(sign), "{sign:?} in {line}");
        }
    }
}

async fn log_level(world: &World, arguments: &[&str]) -> Ended {
    let mut command = world.program();
    command.arg("log-level").args(arguments);
    run(command).await
}

/// The time as a line of the log has it.
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_is_logged_of_a_tunnel_that_runs_is_switched_without_a_restart() {
    let world = World::start().await;
    let mut culvert = Running::start(world.forward(&["--name", "Orders"]));
    let address = culvert.listening().await;
    carries(&address).await;
    let folder = world.path(".local/state/culvert/log");
    assert!(!folder.exists(), "a command leaves no log by itself");

    let switched = log_level(&world, &["ord", "debug"]).await;
    assert_eq!(switched.code, Some(0), "{switched:?}");
    let line = switched.out.concat();
    assert!(
        line.starts_with("Orders: logged at debug until culvert "),
        "{line}"
    );
    assert!(
        line.ends_with(&format!(", in {}.", folder.display())),
        "{line}"
    );
    let debug = |text: &str| {
        let of_it = |line: &&str| line.contains(" DEBUG ") && line.contains("\"Orders\"");
        let times = text.lines().filter(of_it);
        times.map(|line| line[..24].to_owned()).collect::<Vec<_>>()
    };
    cut(&world).await;
    soon(async {
        while debug(&log(&world)).is_empty() {
            carries(&address).await;
        }
    })
    .await;

    let switched = log_level(&world, &["Orders", "default", "--json"]).await;
    assert_eq!(switched.code, Some(0), "{switched:?}");
    let told = crate::json::object(&switched.out[0]);
    assert_eq!(
        (&told["event"], &told["level"]),
        (&"logLevel".into(), &"default".into())
    );
    let since = now();
    cut(&world).await;
    carries(&address).await;
    assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    let late = debug(&log(&world)).into_iter().filter(|at| *at > since);
    assert_eq!(late.collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_log_can_not_be_switched_is_said_in_a_sentence() {
    let world = World::start().await;
    let nobody = log_level(&world, &["Orders", "debug"]).await;
    assert_eq!(nobody.code, Some(10), "{nobody:?}");
    one_sentence(
        &nobody.err,
        &["No tunnel Orders runs now", "culvert status"],
    );
    let loud = log_level(&world, &["Orders", "loud"]).await;
    assert_eq!(loud.code, Some(2), "{loud:?}");
}
