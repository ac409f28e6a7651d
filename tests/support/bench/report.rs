//! What was measured, as a table to read and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::games::quantile;
use super::{Measure, Plan};

/// Everything that was measured.
#[derive(Debug)]
pub struct Report {
    clients: Vec<String>,
    round_trips: Vec<Duration>,
    values: BTreeMap<(Duration, Measure, usize), Vec<f64>>,
}

/// One measure at one round trip.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub measure: Measure,
    /// The median of each program's turns; `None` where nothing was measured.
    pub medians: Vec<Option<f64>>,
}

impl Report {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            clients: plan
                .clients
                .iter()
                .map(|client| client.name.clone())
                .collect(),
            round_trips: plan.round_trips.clone(),
            values: BTreeMap::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        client: usize,
        round_trip: Duration,
        measure: Measure,
        value: f64,
    ) {
        self.values
            .entry((round_trip, measure, client))
            .or_default()
            .push(value);
    }

    /// What was measured at one round trip.
    pub fn rows(&self, round_trip: Duration) -> Vec<Row> {
        let mut measures: Vec<Measure> = self
            .values
            .keys()
            .filter(|(at, _, _)| *at == round_trip)
            .map(|(_, measure, _)| *measure)
            .collect();
        measures.dedup();
        let median = |measure, client| {
            let values = self.values.get(&(round_trip, measure, client))?;
            Some(quantile(values, 0.5))
        };
        measures
            .into_iter()
            .map(|measure| Row {
                measure,
                medians: (0..self.clients.len())
                    .map(|client| median(measure, client))
                    .collect(),
            })
            .collect()
    }

    /// Every value, for programs.
    pub fn json(&self) -> Value {
        let values = self.values.iter().map(|((at, measure, client), values)| {
            json!({
                "roundTripMs": at.as_millis(),
                "measure": measure.name(),
                "client": self.clients.get(*client),
                "values": values,
            })
        });
        json!({ "values": values.collect::<Vec<_>>() })
    }
}

/// A table in Markdown for each round trip, the medians with their ratio to the last program's.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for round_trip in &self.round_trips {
            writeln!(f, "\nround trip {} ms\n", round_trip.as_millis())?;
            writeln!(f, "| | {} |", self.clients.join(" | "))?;
            writeln!(f, "|{}", " --- |".repeat(self.clients.len() + 1))?;
            for row in self.rows(*round_trip) {
                write!(f, "| {} |", row.measure.name())?;
                let reference = row.medians.last().copied().flatten();
                for (client, median) in row.medians.iter().enumerate() {
                    match (median, reference) {
                        (None, _) => write!(f, " |")?,
                        (Some(median), Some(reference))
                            if client + 1 < self.clients.len() && reference > 0.0 =>
                        {
                            write!(f, " {} ({:.2}x) |", figures(*median), median / reference)?;
                        }
                        (Some(median), _) => write!(f, " {} |", figures(*median))?,
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// Three figures that count.
fn figures(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
