//! The history for programs.

use serde::Serialize;
use tunnel_manager::{Reading, Summary};

use super::History;
use super::sums::by_tunnel;

/// A line of JSON beside those of the history itself.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Summary {
        name: &'a str,
        since: u64,
        #[serde(flatten)]
        summary: Summary,
    },
    /// What one day of it comes to.
    Day {
        name: &'a str,
        day: String,
        #[serde(flatten)]
        summary: Summary,
    },
    Gaps {
        left_out: u64,
        unreadable: u64,
    },
    /// A program that runs and does not answer.
    Unanswered {
        pid: u32,
    },
}

/// Says that what a program has carried lately may be missing.
pub(super) fn unanswered(pid: u32) {
    crate::output::json(&Line::Unanswered { pid });
}

impl History {
    pub(super) fn objects(&self, reading: &Reading, since: u64) -> Vec<String> {
        let entries = reading.entries.iter();
        let entries = entries.filter(|entry| self.shows(entry, since));
        let mut lines: Vec<_> = entries.filter_map(|entry| json(&entry)).collect();
        lines.extend(
            self.days_of(reading, since)
                .into_iter()
                .filter_map(|(name, day, summary)| json(&Line::Day { name, day, summary })),
        );
        let summaries = by_tunnel(&reading.entries, since);
        lines.extend(summaries.into_iter().filter_map(|(name, summary)| {
            json(&Line::Summary {
                name,
                since,
                summary,
            })
        }));
        let (left_out, unreadable) = (reading.left_out, reading.unreadable);
        if left_out + unreadable > 0 {
            lines.extend(json(&Line::Gaps {
                left_out,
                unreadable,
            }));
        }
        lines
    }
}

fn json(line: &impl Serialize) -> Option<String> {
    serde_json::to_string(line).ok()
}
