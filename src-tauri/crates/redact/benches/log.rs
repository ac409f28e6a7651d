//! What the redaction of a log costs, a megabyte of it at a time: a bundle has some of them, and
//! ten seconds. Run by hand:
//!
//! ```text
//! cargo bench -p redact --bench log
//! ```

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use redact::{Kind, Redactor};

const BYTES: usize = 1 << 20;

/// Tunnels with a name, a target and a host each.
const TUNNELS: usize = 40;

fn main() {
    divan::main();
}

/// A log as the program writes one, with what a bundle knows of its tunnels.
#[divan::bench(sample_count = 10)]
fn own_log(bencher: Bencher) {
    let log = log();
    measure(bencher, &log, knowing());
}

/// The same found by patterns alone.
#[divan::bench(sample_count = 10)]
fn strange_log(bencher: Bencher) {
    let log = log();
    measure(bencher, &log, || Redactor::new().ok());
}

/// Nothing is to be found, and all has to be looked at.
#[divan::bench(sample_count = 10)]
fn harmless_log(bencher: Bencher) {
    let line =
        "2026-11-30T12:00:00.000000Z  INFO tunnel::driver: the session is there after 3 tries\n";
    measure(bencher, &line.repeat(BYTES / line.len()), knowing());
}

fn measure(bencher: Bencher, text: &str, redactor: impl Fn() -> Option<Redactor>) {
    bencher
        .counter(BytesCount::new(text.len()))
        .with_inputs(redactor)
        .bench_local_refs(|redactor| {
            redactor
                .as_mut()
                .map(|redactor| redactor.text(text).is_ok())
        });
}

fn knowing() -> impl Fn() -> Option<Redactor> {
    || {
        let mut redactor = Redactor::new().ok()?;
        for tunnel in 0..TUNNELS {
            redactor.learn(Kind::Instance, &instance(tunnel));
            redactor.learn(Kind::Host, &host(tunnel));
        }
        Some(redactor)
    }
}

fn log() -> String {
    let mut log = String::new();
    for line in 0.. {
        if log.len() >= BYTES {
            break;
        }
        let tunnel = line % TUNNELS;
        let (instance, host) = (instance(tunnel), host(tunnel));
        let _ = writeln!(
            log,
            "2026-11-30T12:00:{:02}.000000Z DEBUG tunnel::session_task: tunnel \"orders {tunnel}\" s{line}: \
             {instance} of 123456789012 answers for {host}:5432 after 12 ms",
            line % 60,
        );
    }
    log
}

fn instance(tunnel: usize) -> String {
    format!("i-{tunnel:017x}")
}

fn host(tunnel: usize) -> String {
    format!("orders-{tunnel}.c1x2y3z4a5b6.eu-central-1.rds.amazonaws.com")
}
