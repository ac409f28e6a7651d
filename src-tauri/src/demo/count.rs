//! What a visitor of the demo tunnel counts: pure, so that it can be tried without one.

use serde::Serialize;
use specta::Type;

/// What came through the demo tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountView {
    /// The number that came last; the far end counts from 1 for each connection.
    number: u64,
    /// Numbers that never came.
    missing: u64,
    /// Connections that ended although the tunnel was on.
    lost: u32,
    /// Bytes that came, over all connections.
    bytes: u64,
}

/// Counts what comes.
#[derive(Debug, Default)]
pub(super) struct Count {
    number: u64,
    missing: u64,
    lost: u32,
    bytes: u64,
}

impl Count {
    /// Takes in a line, and says whether it was a number.
    pub(super) fn take(&mut self, line: &[u8]) -> bool {
        self.bytes += line.len() as u64;
        let text = std::str::from_utf8(line).unwrap_or_default();
        let number = text.strip_prefix("data: ").map(str::trim_end);
        let Some(number) = number.and_then(|number| number.parse::<u64>().ok()) else {
            return false;
        };
        self.missing += number.saturating_sub(self.number.saturating_add(1));
        self.number = number;
        true
    }

    /// The connection has ended by itself; says whether it had carried anything.
    pub(super) fn lost(&mut self) -> bool {
        let carried = self.number > 0;
        self.number = 0;
        self.lost += u32::from(carried);
        carried
    }

    /// The connection has ended with the tunnel.
    pub(super) fn left(&mut self) {
        self.number = 0;
    }

    pub(super) fn view(&self) -> CountView {
        let Self {
            number,
            missing,
            lost,
            bytes,
        } = *self;
        CountView {
            number,
            missing,
            lost,
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(lines: &[&str]) -> Count {
        let mut count = Count::default();
        for line in lines {
            count.take(line.as_bytes());
        }
        count
    }

    #[test]
    fn numbers_in_order_miss_nothing_and_a_gap_is_counted() {
        let view = counted(&[
            "HTTP/1.1 200 OK\r\n",
            ":--\n",
            "data: 1\n",
            "\n",
            "data: 2\n",
        ])
        .view();
        assert_eq!((view.number, view.missing, view.bytes), (2, 0, 38));
        assert_eq!(counted(&["data: 1\n", "data: 5\n"]).view().missing, 3);
    }

    #[test]
    fn what_is_no_number_counts_as_bytes_alone() {
        let view = counted(&["data: x\n", "data: 99999999999999999999999\n"]).view();
        assert_eq!((view.number, view.missing), (0, 0));
        assert_eq!(view.bytes, 38);
    }

    #[test]
    fn a_connection_is_lost_once_and_the_next_begins_anew() {
        let mut count = counted(&["data: 1\n", "data: 2\n"]);
        assert!(count.lost());
        assert!(!count.lost(), "the next had carried nothing");
        count.take(b"data: 1\n");
        count.left();
        let view = count.view();
        assert_eq!((view.number, view.missing, view.lost), (0, 0, 1));
    }
}
