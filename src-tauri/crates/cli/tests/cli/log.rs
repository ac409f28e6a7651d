//! The log of `culvert --log LEVEL`: what is written of a tunnel that is lost again and again, and in which
//! words it tells what goes on.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{Running, World, carries, cut};

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
