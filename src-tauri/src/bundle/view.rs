//! What the window asks of a bundle, and what it is told.

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::bundle::{Bundle, BundleFile, Stage, Written};
use tunnel_manager::tunnel::Problem;

use crate::speech::Speech;
use crate::view::ProblemView;

/// What is collected.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BundleAskView {
    /// The saved tunnels that it is about, by their ids; none means all, and those that were never saved.
    pub(super) tunnels: Option<Vec<String>>,
    /// Those of them that were never saved, by their names.
    pub(super) unsaved: Vec<String>,
    /// How far back.
    pub(super) hours: u32,
    /// Whether tunnels' names are replaced as well.
    pub(super) hides_names: bool,
    /// Whether the doctor makes its checks.
    pub(super) checks: bool,
}

/// What is told of a collection.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum BundleView {
    /// What is being done.
    Stage { stage: StageView },
    /// It is there, and can be read and saved.
    Collected {
        files: Vec<BundleFileView>,
        /// What could not be had, in a sentence each.
        lacks: Vec<String>,
    },
    /// There is none.
    Failed { problem: Box<ProblemView> },
}

/// What is being done.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StageView {
    Reading,
    Checking,
    Redacting,
    Writing,
}

/// One file of a bundle.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BundleFileView {
    /// Its path in the bundle, with `/` between folders.
    path: String,
    /// How long it is.
    bytes: u64,
    /// What was replaced in it.
    replaced: Vec<ReplacedView>,
}

/// How often something was replaced.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplacedView {
    /// The first part of its pseudonyms, such as `host`.
    label: String,
    count: u32,
}

/// Where it lies.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WrittenView {
    path: String,
    /// In hexadecimal digits.
    sha256: String,
    bytes: u64,
}

impl BundleView {
    pub(super) fn stage(stage: Stage) -> Self {
        Self::Stage {
            stage: match stage {
                Stage::Reading => StageView::Reading,
                Stage::Checking => StageView::Checking,
                Stage::Redacting => StageView::Redacting,
                Stage::Writing => StageView::Writing,
            },
        }
    }

    /// What was collected, and what could not be had in the language that is spoken.
    pub(super) fn collected(bundle: &Bundle, speech: Speech) -> Self {
        Self::Collected {
            files: bundle.files.iter().map(Into::into).collect(),
            lacks: bundle.lacks.iter().map(|lack| speech.lack(lack)).collect(),
        }
    }

    pub(super) fn failed(problem: &Problem) -> Self {
        Self::Failed {
            problem: Box::new(problem.into()),
        }
    }
}

impl From<&BundleFile> for BundleFileView {
    fn from(file: &BundleFile) -> Self {
        Self {
            path: file.path.clone(),
            bytes: u64::try_from(file.text.len()).unwrap_or(u64::MAX),
            replaced: file
                .replaced
                .iter()
                .map(|(kind, count)| ReplacedView {
                    label: kind.label().to_owned(),
                    count: *count,
                })
                .collect(),
        }
    }
}

impl From<Written> for WrittenView {
    fn from(written: Written) -> Self {
        Self {
            path: written.path.display().to_string(),
            sha256: written.sha256,
            bytes: written.bytes,
        }
    }
}
