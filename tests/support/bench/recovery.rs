//! How long a download takes to come back to its rate after the service closes its WebSocket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ssm_sim::Faults;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// How long a download goes on before the close: its first second finds its rate, the rest says
/// which one that is.
const BEFORE: Duration = Duration::from_secs(3);

/// How long a rate must hold to count as one.
const WINDOW: Duration = Duration::from_millis(500);

/// The share of the rate before that counts as full.
const FULL: f64 = 0.9;

/// Who has not come back by then hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than is ever read.
const ENDLESS: u64 = 1 << 40;

/// Bytes that came, and when, counted from the first one.
type Arrivals = Vec<(Duration, u64)>;

/// From the close of all WebSockets in mid download until the full rate holds again; `None` if
/// the connection ends or hangs.
pub(super) async fn after_a_close(
    address: SocketAddr,
    faults: &Faults,
) -> io::Result<Option<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u8(b'D').await?;
    stream.write_u64(ENDLESS).await?;
    let began = Instant::now();
    let mut arrivals = Arrivals::new();
    if !watch(&mut stream, began, began + BEFORE, &mut arrivals).await {
        return Ok(None);
    }
    let closed = began.elapsed();
    faults.close(1000, "Bye");
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let goes_on = watch(&mut stream, began, Instant::now() + WINDOW, &mut arrivals).await;
        let gap = full_rate_again(&arrivals, closed);
        if gap.is_some() || !goes_on {
            return Ok(gap);
        }
    }
    Ok(None)
}

/// Notes what comes until then; `false` if the connection ends.
async fn watch(
    stream: &mut TcpStream,
    began: Instant,
    until: Instant,
    arrivals: &mut Arrivals,
) -> bool {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match timeout_at(until, stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return false,
            Ok(Ok(count)) => arrivals.push((began.elapsed(), count as u64)),
            Err(_) => return true,
        }
    }
}

/// From the close to the begin of the first window in which the full rate holds.
fn full_rate_again(arrivals: &[(Duration, u64)], closed: Duration) -> Option<Duration> {
    let rate_from = closed.saturating_sub(BEFORE * 2 / 3);
    let before: u64 = between(arrivals, rate_from, closed)
        .map(|(_, bytes)| bytes)
        .sum();
    let rate = before as f64 / (closed - rate_from).as_secs_f64();
    let wanted = rate * FULL * WINDOW.as_secs_f64();
    let last = arrivals.last()?.0;
    between(arrivals, closed, last.saturating_sub(WINDOW))
        .map(|(at, _)| at)
        .find(|&at| {
            let came: u64 = between(arrivals, at, at + WINDOW)
                .map(|(_, bytes)| bytes)
                .sum();
            came as f64 >= wanted
        })
        .map(|at| at - closed)
}

fn between(
    arrivals: &[(Duration, u64)],
    from: Duration,
    to: Duration,
) -> impl Iterator<Item = (Duration, u64)> {
    arrivals
        .iter()
        .copied()
        .filter(move |(at, _)| (from..to).contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes each 10 ms, in each of these spans of ms.
    fn arrivals(spans: &[(u64, u64, u64)]) -> Arrivals {
        spans
            .iter()
            .flat_map(|&(from, to, bytes)| {
                (from..to)
                    .step_by(10)
                    .map(move |at| (Duration::from_millis(at), bytes))
            })
            .collect()
    }

    #[test]
    fn the_gap_ends_where_the_full_rate_begins_to_hold() {
        let seen = arrivals(&[(0, 3_000, 1_000), (3_400, 4_400, 1_000)]);
        let gap = full_rate_again(&seen, Duration::from_secs(3));
        assert_eq!(gap, Some(Duration::from_millis(400)));
    }

    #[test]
    fn a_trickle_or_a_burst_is_no_full_rate() {
        let closed = Duration::from_secs(3);
        let trickle = arrivals(&[(0, 3_000, 1_000), (3_100, 6_000, 500)]);
        assert_eq!(full_rate_again(&trickle, closed), None);
        let burst = arrivals(&[(0, 3_000, 1_000), (3_100, 3_300, 1_500), (5_000, 5_100, 10)]);
        assert_eq!(full_rate_again(&burst, closed), None);
    }

    #[test]
    fn silence_never_comes_back() {
        let seen = arrivals(&[(0, 3_000, 1_000)]);
        assert_eq!(full_rate_again(&seen, Duration::from_secs(3)), None);
    }
}
