//! Times as a bundle writes them: UTC, so that whoever reads it elsewhere reads the same.

use crate::history::day_text;

/// `2026-11-30 07:37:19 UTC`.
pub(super) fn utc(unix_ms: u64) -> String {
    let seconds = unix_ms / 1000 % 86_400;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{} {hours:02}:{minutes:02}:{:02} UTC",
        day_text(unix_ms),
        seconds % 60
    )
}

/// `40 ms`, `1.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..10 => format!("{seconds}.{} s", ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc() {
        assert_eq!(utc(1_795_262_400_000), "2026-11-21 12:00:00 UTC");
        assert_eq!(
            (span(400), span(200_000), span(7_500_000)),
            ("400 ms".into(), "3 min 20 s".into(), "2 h 5 min".into())
        );
    }
}
