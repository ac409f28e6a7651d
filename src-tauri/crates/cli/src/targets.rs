//! `culvert targets`: what a session can be opened to.

use std::sync::Arc;

use aws_access::{
    Directory, Entry, Listing, Part, Query, Search, Shortfall, Target, TargetKind, WaitingTask,
};
use clap::Args as ClapArgs;
use serde::Serialize;
use serde_json::json;
use tunnel_manager::tunnel::{Problem, ProblemKind, access_problem};

use crate::account::Account;
use crate::exit::Exit;
use crate::output::{self, complain, problem_sentence, say};
use crate::table;
use crate::words::count;

/// Tasks that are named at most of those that are left out.
const WAITING_SHOWN: usize = 5;

#[derive(Debug, ClapArgs)]
pub(crate) struct Targets {
    /// Words that must all be found in the id, name, address, platform, kind or a tag; also
    /// tag:KEY=VALUE and tag:KEY. Everything if left out. Tasks of ECS that were stopped are no
    /// targets
    query: Vec<String>,
    #[command(flatten)]
    account: Account,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs `culvert targets`.
pub(crate) async fn run(targets: Targets) -> Exit {
    let (json, typed) = (targets.json, targets.query.join(" "));
    let headings = ["ID", "NAME", "PING", "AGENT", "PLATFORM", "ADDRESS", "KIND"];
    let look = async move |access| {
        let search = Directory::new().targets(&access);
        let found = Found::of(search, &typed).await;
        found.print(json, "target", |targets| {
            table::lines(headings, &rows(targets))
        })
    };
    targets.account.look(json, look).await
}

fn rows(targets: &[Arc<Entry<Target>>]) -> Vec<[String; 7]> {
    let row = |target: &Arc<Entry<Target>>| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (name, kind) = match &target.kind {
            TargetKind::Ec2 { state } => match state.as_deref() {
                None | Some("running") => (text(&target.name), "ec2".to_owned()),
                Some(state) => (text(&target.name), format!("ec2, {state}")),
            },
            TargetKind::Managed => (text(&target.name), "managed".to_owned()),
            TargetKind::Ecs {
                cluster,
                task,
                group: _,
                execute_command,
            } => (
                format!("{cluster}/{task}/{}", text(&target.name)),
                format!("ecs, ExecuteCommand {execute_command}"),
            ),
        };
        [
            target.id.clone(),
            name,
            target.ping.to_string(),
            text(&target.agent_version),
            text(&target.platform),
            text(&target.address),
            kind,
        ]
    };
    targets.iter().map(row).collect()
}

/// What was found, and what could not be looked at.
pub(crate) struct Found<T> {
    entries: Vec<Arc<Entry<T>>>,
    listing: Arc<Listing<T>>,
}

impl<T: Serialize> Found<T> {
    /// Waits until everything is there, and searches it.
    pub(crate) async fn of(mut search: Search<T>, typed: &str) -> Self {
        let listing = search.complete().await;
        let entries = listing.search(&Query::new(typed), usize::MAX).best;
        Self { entries, listing }
    }

    /// Prints it. What is missing is told and is no failure, as long as there is something.
    pub(crate) fn print(
        &self,
        json: bool,
        event: &str,
        table: impl Fn(&[Arc<Entry<T>>]) -> Vec<String>,
    ) -> Exit {
        let mut problems: Vec<_> = self
            .listing
            .shortfalls()
            .iter()
            .map(|shortfall| (shortfall.part(), problem(shortfall)))
            .collect();
        problems.sort_by_key(|(part, _)| *part);
        if json {
            for entry in &self.entries {
                output::json(&Line {
                    event,
                    item: &***entry,
                });
            }
        } else if !self.entries.is_empty() {
            for line in table(&self.entries) {
                say(&line);
            }
        }
        for (part, problem) in &problems {
            if json {
                output::json(&json!({
                    "event": "problem",
                    "missing": part.to_string(),
                    "problem": problem,
                }));
            }
        }
        if !json {
            for line in missing(&problems, self.listing.entries().is_empty()) {
                complain(&line);
            }
        }
        let waiting = self.listing.waiting();
        if json && !waiting.is_empty() {
            output::json(&json!({ "event": "left-out", "tasks": waiting }));
        } else if let Some(line) = left_out(waiting) {
            complain(&line);
        }
        let (found, of) = (self.entries.len(), self.listing.entries().len());
        if json {
            output::json(&json!({ "event": "summary", "found": found, "of": of }));
        } else if found == 0 && of > 0 {
            let all = count(of as u64, event, &format!("{event}s"));
            complain(&format!("None of {all} fits."));
        } else if of == 0 && problems.is_empty() {
            complain(&format!("There is no {event} in this account and region."));
        }
        match problems.first() {
            Some((_, problem)) if of == 0 => Exit::from(problem),
            Some(_) | None => Exit::Success,
        }
    }
}

#[derive(Serialize)]
struct Line<'a, T> {
    event: &'a str,
    #[serde(flatten)]
    item: &'a T,
}

fn problem(shortfall: &Shortfall) -> Problem {
    match shortfall {
        Shortfall::Failed { part: _, error } => access_problem(error),
        Shortfall::Cut { part: _ } => Problem::new(
            ProblemKind::Service,
            "too-many",
            shortfall.what(),
            "Search for something, or in another region.",
        ),
    }
}

/// That tasks are left out, of which nothing could be chosen.
fn left_out(tasks: &[WaitingTask]) -> Option<String> {
    let shown: Vec<_> = tasks
        .iter()
        .take(WAITING_SHOWN)
        .map(|task| match task.status.as_str() {
            "" => format!("{}/{}", task.cluster, task.task),
            status => format!("{}/{} ({status})", task.cluster, task.task),
        })
        .collect();
    let (are, whose) = match tasks.len() {
        0 => return None,
        1 => ("is", "its"),
        _ => ("are", "their"),
    };
    let more = if tasks.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    Some(format!(
        "{} of ECS {are} left out, since none of {whose} containers has started: {}{more}. Ask again \
         in a moment.",
        count(tasks.len() as u64, "task", "tasks"),
        shown.join(", "),
    ))
}

/// What can't be looked at, each reason once.
fn missing(problems: &[(Part, Problem)], nothing: bool) -> Vec<String> {
    let mut told: Vec<(Vec<Part>, &Problem)> = Vec::new();
    for (part, problem) in problems {
        // The details differ by the number of the request alone.
        let same = |other: &Problem| {
            (&other.code, &other.what, &other.remedy)
                == (&problem.code, &problem.what, &problem.remedy)
        };
        match told.iter_mut().find(|(_, other)| same(other)) {
            Some((parts, _)) => parts.push(*part),
            None => told.push((vec![*part], problem)),
        }
    }
    if let [(parts, problem)] = &told[..]
        && nothing
        && parts.len() > 1
    {
        return vec![problem_sentence(problem)];
    }
    let line = |(parts, problem): (Vec<Part>, &Problem)| {
        format!(
            "{} are missing: {}",
            list(&parts),
            problem_sentence(problem)
        )
    };
    told.into_iter().map(line).collect()
}

/// Names of parts as one text, such as `Managed nodes, names and tags of EC2 instances`.
fn list(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        let name = part.to_string();
        if text.is_empty() {
            text = name;
            continue;
        }
        let mut letters = name.chars();
        text.push_str(", ");
        text.extend(letters.next().into_iter().flat_map(char::to_lowercase));
        text.push_str(letters.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_that_have_not_started_are_named_with_how_they_stand() {
        let task = |task: u32, status: &str| WaitingTask {
            cluster: "shop".to_owned(),
            task: task.to_string(),
            status: status.to_owned(),
        };
        assert_eq!(left_out(&[]), None);
        assert_eq!(
            left_out(&[task(1, "PENDING")]).unwrap(),
            "1 task of ECS is left out, since none of its containers has started: shop/1 (PENDING). \
             Ask again in a moment."
        );
        let many: Vec<_> = (1..=6).map(|number| task(number, "")).collect();
        let told = left_out(&many).unwrap();
        assert!(
            told.starts_with("6 tasks of ECS are left out, since none of their"),
            "{told}"
        );
        assert!(told.contains("shop/5, …. Ask"), "{told}");
        assert!(!told.contains("shop/6"), "{told}");
    }
}
