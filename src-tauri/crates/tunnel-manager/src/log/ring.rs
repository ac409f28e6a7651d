//! The last records, in memory, for whoever looks at them now.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::LogRecord;

/// Records that are kept.
pub const RECORDS_MOST: usize = 4_000;

/// Bytes of their texts that are kept.
const BYTES_MOST: usize = 2 * 1024 * 1024;

/// The last records of this process. A clone is the same.
#[derive(Debug, Clone)]
pub struct LogRing {
    kept: Arc<Mutex<Kept>>,
    /// The number of the last record.
    last: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<Arc<LogRecord>>,
    bytes: usize,
}

impl Default for LogRing {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            last: Arc::new(watch::Sender::new(0)),
        }
    }
}

impl LogRing {
    /// The number of the last record, now and whenever there is another; 0 before the first.
    pub fn last(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The records behind this number that are still there, the oldest first.
    pub fn after(&self, number: u64) -> Vec<Arc<LogRecord>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = kept
            .records
            .partition_point(|record| record.number <= number);
        kept.records.range(begin..).cloned().collect()
    }

    /// Keeps a record, and forgets what there is no room for. It is given its number.
    pub(super) fn push(&self, mut record: LogRecord) -> Arc<LogRecord> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        record.number = *self.last.borrow() + 1;
        let record = Arc::new(record);
        kept.bytes += size(&record);
        kept.records.push_back(Arc::clone(&record));
        while kept.records.len() > RECORDS_MOST || kept.bytes > BYTES_MOST {
            let Some(oldest) = kept.records.pop_front() else {
                break;
            };
            kept.bytes -= size(&oldest);
        }
        self.last.send_replace(record.number);
        record
    }
}

fn size(record: &LogRecord) -> usize {
    let texts = [record.tunnel.as_ref(), record.session.as_ref()];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    size_of::<LogRecord>() + record.text.len() + texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogLevel;

    fn record(text: &str) -> LogRecord {
        LogRecord {
            number: 0,
            at: 0,
            level: LogLevel::Info,
            part: "tunnel",
            tunnel: None,
            session: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_last_records_are_there_and_those_behind_a_number_alone_are_asked_for() {
        let ring = LogRing::default();
        for number in 0..RECORDS_MOST + 5 {
            ring.push(record(&number.to_string()));
        }
        let all = ring.after(0);
        assert_eq!(all.len(), RECORDS_MOST);
        assert_eq!(all[0].number, 6);
        let last = *ring.last().borrow();
        assert_eq!(last, u64::try_from(RECORDS_MOST + 5).expect("small"));
        let new = ring.after(last - 2);
        assert_eq!(new.len(), 2);
        assert!(ring.after(last).is_empty());
    }

    #[test]
    fn long_texts_are_bounded_by_their_bytes() {
        let ring = LogRing::default();
        let long = "x".repeat(4096);
        for _ in 0..RECORDS_MOST {
            ring.push(record(&long));
        }
        let bytes: usize = ring.after(0).iter().map(|record| size(record)).sum();
        assert!(bytes <= BYTES_MOST, "{bytes}");
        assert!(bytes > BYTES_MOST / 2, "{bytes}");
    }
}
