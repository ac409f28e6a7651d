//! What the flight recorder costs: the engine in memory, on one core, with it and without, in turn, and
//! the figures read once for each 16 MiB, as for a Prometheus server that asks each second. Run by
//! hand:
//!
//! ```text
//! cargo bench -p tunnel-proto --bench recorder
//! ```

#[path = "../engine/far_end.rs"]
mod far_end;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;

use far_end::{PAYLOAD, Pair};

/// Messages in one run.
const MESSAGES: usize = 1024;

/// What a driver reads of a local socket at once.
const PIECE: usize = 32 * 1024;

/// Runs of each kind. Whatever else the machine does meets both alike.
const PAIRS: usize = 200;

fn main() {
    for (name, run) in [
        ("upload", upload as fn(bool) -> Duration),
        ("download", download),
    ] {
        let mut ratios = Vec::with_capacity(PAIRS);
        let mut best = [Duration::MAX; 2];
        for pair in 0..PAIRS {
            // Neither is always the first.
            let with_first = pair % 2 == 0;
            let first = run(with_first);
            let second = run(!with_first);
            let (with, without) = match with_first {
                true => (first, second),
                false => (second, first),
            };
            best = [best[0].min(with), best[1].min(without)];
            ratios.push(with.as_secs_f64() / without.as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        let at = |share: usize| ratios.get(PAIRS * share / 100).copied().unwrap_or(1.0);
        say(&format!(
            "{name}: {:+.2} % (median of {PAIRS} pairs; half of them between {:+.2} % and {:+.2} %); \
             best {:.0} MB/s with, {:.0} MB/s without",
            percent(at(50)),
            percent(at(25)),
            percent(at(75)),
            speed(best[0]),
            speed(best[1])
        ));
    }
}

#[expect(clippy::print_stdout, reason = "it is what the bench is for")]
fn say(line: &str) {
    println!("{line}");
}

fn speed(took: Duration) -> f64 {
    let bytes = u32::try_from(MESSAGES * PAYLOAD).unwrap_or(u32::MAX);
    f64::from(bytes) / took.as_secs_f64() / 1e6
}

fn upload(recorded: bool) -> Duration {
    let data = Bytes::from(vec![0xA5; PIECE]);
    let mut pair = Pair::with(recorded);
    let mut sent = Vec::with_capacity(2 * MESSAGES);
    let begun = Instant::now();
    for _ in 0..MESSAGES * PAYLOAD / PIECE {
        pair.send(data.clone(), &mut sent);
        while !sent.is_empty() {
            let acknowledgements = pair.acknowledgements(&sent);
            sent.clear();
            for acknowledgement in acknowledgements {
                pair.settle(acknowledgement, &mut sent);
            }
        }
    }
    read_figures(&pair, recorded);
    begun.elapsed()
}

fn download(recorded: bool) -> Duration {
    let mut pair = Pair::with(recorded);
    let messages = pair.messages(MESSAGES);
    let begun = Instant::now();
    for message in messages {
        black_box(pair.download(message));
    }
    read_figures(&pair, recorded);
    begun.elapsed()
}

fn read_figures(pair: &Pair, are_read: bool) {
    if are_read {
        black_box(pair.vitals());
    }
}
