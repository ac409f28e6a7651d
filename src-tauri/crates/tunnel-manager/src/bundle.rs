//! Evidence that can be handed to a stranger: what Culvert and its surroundings are, what happened
//! to tunnels, and what the doctor says, in one file without secrets or names.
//!
//! A [`Collection`] gathers and redacts; what can't be had becomes a line in the bundle. Nothing is
//! written until [`Bundle::write`] is called: until then it can be looked at.

mod about;
mod cause;
mod chosen;
mod collection;
mod course;
mod day_time;
mod deadline;
mod doctor;
mod facts;
mod gather;
mod lack;
mod lines;
mod named;
mod notes;
mod pack;
mod running;
mod summary;
mod troubles;

use std::path::PathBuf;

pub use redact::Kind;
use redact::{RedactError, Redactor};
use serde::Serialize;
use tokio::time::Instant;

use crate::doctor::Examination;
use crate::history::Reading;
use crate::profile::Profile;

pub use cause::DropCause;
pub use chosen::ChosenTunnel;
pub use collection::Collection;
pub(crate) use course::Course;
pub use course::DropCauses;
#[cfg(test)]
pub(crate) use course::tests as tests_of_causes;
pub use deadline::{Cancel, Deadline};
pub use lack::Lack;
pub use pack::Written;

/// How much a bundle holds before it is compressed, bytes.
const SIZE_MOST: usize = 18 << 20;

/// What is collected.
#[derive(Debug)]
pub struct Request {
    /// The tunnels that it is about; `None`: all, and those that were never saved.
    pub tunnels: Option<Vec<ChosenTunnel>>,
    /// From when on, Unix milliseconds.
    pub since: u64,
    /// Now, Unix milliseconds.
    pub now: u64,
    /// Whether tunnels' names are replaced as well.
    pub hides_names: bool,
    /// What the doctor looks at; `None` makes no checks.
    pub examination: Option<Examination>,
    /// Name and version of the program that asks.
    pub program: String,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Files and the history are read.
    Reading,
    /// The doctor makes its checks.
    Checking,
    /// Secrets and names are replaced.
    Redacting,
    /// The file is written.
    Writing,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Nobody wants it any more. Nothing is left of it.
    #[error("the collection was cancelled")]
    Cancelled,
    /// What must not be handed out can't be taken out: a fault of the program.
    #[error(transparent)]
    Redact(#[from] RedactError),
    /// There is a file of that name, which is not overwritten.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// The file can't be written.
    #[error("{path} can't be written")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread ended before its work was done.
    #[error("the collection has failed")]
    Lost(#[from] tokio::task::JoinError),
}

/// One file of a bundle, redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleFile {
    /// Its path in the bundle.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// What was replaced in it, and how often.
    pub replaced: Vec<(Kind, u32)>,
}

/// What can be handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its files; the first is the summary.
    pub files: Vec<BundleFile>,
    /// What could not be had.
    pub lacks: Vec<Lack>,
}

/// One source, not redacted yet. Never leaves this module.
struct Raw {
    path: String,
    text: String,
}

/// What was gathered so far.
#[derive(Default)]
struct Gathered {
    files: Vec<Raw>,
    reading: Reading,
    running: running::Running,
    named: named::Named,
    lacks: Vec<Lack>,
}

/// What a bundle is about.
struct Subject {
    /// The saved ones of the tunnels; `None`: all.
    saved: Option<Vec<Profile>>,
    since: u64,
    hides_names: bool,
}

/// Makes of what was gathered what can be handed out, until a time. Blocks.
fn redact(
    gathered: Gathered,
    subject: &Subject,
    until: Instant,
    cancel: &Cancel,
) -> Result<Bundle, BundleError> {
    let half = until.saturating_duration_since(Instant::now()) / 2;
    let Gathered {
        mut files,
        reading,
        running,
        named,
        mut lacks,
    } = gathered;
    let mut redactor = Redactor::new()?;
    facts::learn_machine(&mut redactor);
    // Logs are of all tunnels: those that it is not about must not be told by them.
    let everyone = facts::saved(&mut lacks);
    let chosen = subject.saved.as_deref().unwrap_or_default();
    let is_gone = |one: &&Profile| !everyone.iter().any(|saved| saved.id == one.id);
    let gone: Vec<Profile> = chosen.iter().filter(is_gone).cloned().collect();
    for tunnels in [&everyone, &gone] {
        named::learn_tunnels(&mut redactor, tunnels, subject.hides_names);
    }
    let saved = subject.saved.clone().unwrap_or(everyone);
    named.learn(&mut redactor, subject.hides_names);
    running.learn(&mut redactor);
    // What finds no time is of the logs, not of what says what happened and how things are.
    files.sort_by_key(|file| file.path.starts_with("logs/"));
    files.insert(
        0,
        Raw {
            path: "summary.md".to_owned(),
            text: summary::markdown(&reading, subject.since, &files),
        },
    );
    // What one file tells is taken out of all.
    let mut learned = Vec::new();
    for file in files {
        cancel.check()?;
        if Instant::now() + half > until {
            lacks.push(Lack::no_room(&file.path));
            continue;
        }
        redactor.learn_from(&file.text);
        learned.push(file);
    }
    let mut bundle = Bundle {
        files: Vec::new(),
        lacks: Vec::new(),
    };
    let mut size = 0;
    for file in learned {
        cancel.check()?;
        if Instant::now() > until || size > SIZE_MOST {
            lacks.push(Lack::no_room(&file.path));
            continue;
        }
        let file = redacted(&mut redactor, &file)?;
        size += file.text.len();
        bundle.files.push(file);
    }
    let tunnels = facts::tunnels(&mut redactor, &saved);
    for (path, text) in [
        ("tunnels.json", tunnels),
        ("settings.json", facts::settings()),
    ] {
        let counted = redactor.take_counts();
        let mut file = redacted(
            &mut redactor,
            &Raw {
                path: path.to_owned(),
                text,
            },
        )?;
        file.replaced = merged(file.replaced, counted);
        bundle.files.push(file);
    }
    bundle.files.extend(running.files());
    bundle.files.push(BundleFile {
        path: "dependencies.txt".to_owned(),
        text: DEPENDENCIES.to_owned(),
        replaced: Vec::new(),
    });
    let mut sentences = Vec::new();
    for lack in &lacks {
        sentences.push(redactor.text(&lack.what)?);
    }
    let collecting = match sentences.as_slice() {
        [] => "Everything could be collected.\n".to_owned(),
        sentences => sentences.join("\n") + "\n",
    };
    bundle.files.push(BundleFile {
        path: "collecting.txt".to_owned(),
        text: collecting,
        replaced: redactor.take_counts().into_iter().collect(),
    });
    for (lack, what) in lacks.into_iter().zip(sentences) {
        bundle.lacks.push(lack.redacted(what, &mut redactor)?);
    }
    Ok(bundle)
}

impl Bundle {
    /// What is handed out when redaction has not come to an end: nothing of what was gathered.
    fn without_time() -> Self {
        let lack = Lack::redaction_late();
        let file = |path: &str, text: String| BundleFile {
            path: path.to_owned(),
            text,
            replaced: Vec::new(),
        };
        Self {
            files: vec![
                file("collecting.txt", format!("{}\n", lack.what)),
                file("dependencies.txt", DEPENDENCIES.to_owned()),
            ],
            lacks: vec![lack],
        }
    }
}

/// Names and versions of what the program is made of. Nothing of anybody is in it.
const DEPENDENCIES: &str = include_str!(concat!(env!("OUT_DIR"), "/dependencies.txt"));

fn redacted(redactor: &mut Redactor, raw: &Raw) -> Result<BundleFile, BundleError> {
    let text = redactor.text(&raw.text)?;
    // A file may be called by what is in it.
    let path = match raw.path.strip_prefix("logs/") {
        Some(name) => format!("logs/{}", redactor.text(name)?),
        None => raw.path.clone(),
    };
    Ok(BundleFile {
        path,
        text,
        replaced: redactor.take_counts().into_iter().collect(),
    })
}

fn merged(replaced: Vec<(Kind, u32)>, more: redact::Counts) -> Vec<(Kind, u32)> {
    let mut counts = more;
    for (kind, count) in replaced {
        *counts.entry(kind).or_default() += count;
    }
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests;
