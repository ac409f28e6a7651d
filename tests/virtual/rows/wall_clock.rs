//! The wall clock may show what it likes.
//!
//! The engine is given monotonic time only; the wall clock is read once, when a tunnel is made
//! ([`tunnel_proto::Clock`]), and only names moments to readers. So there is no input by which a
//! clock that is set back could reach the engine; what is left to hold is that it stays so.

use std::fs;
use std::path::Path;

use tunnel_proto::TunnelPolicy;

use super::{BOTH_WAYS, HOUR, MINUTE, SECOND, assert_whole};
use crate::service::Conditions;
use crate::world::{Mood, World};

const NOON: u64 = 1_800_000_000_000;

/// Does the same things under another wall clock; returns when calls were made, as
/// milliseconds of the world's life.
fn calls(unix_ms: u64) -> Vec<u128> {
    let conditions = Conditions {
        close_period: Some(HOUR),
        loss: 20,
        ..Conditions::default()
    };
    let mut world = World::at(unix_ms, 1, conditions, TunnelPolicy::default());
    world.run_to(SECOND * 10, World::is_up);
    for _ in 0..10 {
        world.connect(BOTH_WAYS);
        world.mood = Mood::FailResumes("service-error", 3);
        world.run_for(MINUTE * 20);
        world.reset();
    }
    world.run_out(HOUR);
    assert_whole(&world);
    let since = |at: &std::time::Instant| (*at - world.start).as_millis();
    world.called_at.iter().map(since).collect()
}

#[test]
fn a_wall_clock_that_shows_another_hour_changes_nothing_that_is_done() {
    let usual = calls(NOON);
    assert!(usual.len() > 10);
    assert_eq!(usual, calls(NOON - 3_600_000));
    assert_eq!(usual, calls(0));
}

#[test]
fn no_engine_reads_a_clock() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/crates");
    let mut files = 0;
    for engine in ["ssm-message", "ssm-data-channel", "smux", "tunnel-proto"] {
        look(&crates.join(engine).join("src"), &mut files);
    }
    assert!(files > 50, "{files} files");
}

/// Finds no clock in what is no test.
fn look(directory: &Path, files: &mut usize) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            look(&path, files);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            *files += 1;
            let text = fs::read_to_string(&path).unwrap();
            let engine = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for (number, line) in (1..).zip(engine.lines()) {
                let code = line.trim_start();
                let clock = code.contains("SystemTime") || code.contains("Instant::now");
                let comment = code.starts_with("//");
                assert!(comment || !clock, "{}:{number}: {line}", path.display());
            }
        }
    }
}
