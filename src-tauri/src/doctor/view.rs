//! What the window asks the doctor for, and what it is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::doctor::{About, Business, Check, Finding, Said, Skipped, Verdict};

use crate::view::{DraftView, ProblemKindView};

/// What is looked at.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(tag = "what", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum ExaminedView {
    /// A tunnel as it is typed; with its id if it is saved.
    Draft {
        id: Option<String>,
        draft: Box<DraftView>,
    },
    /// A saved tunnel, thoroughly; with a real session that is opened and closed, if that is wanted
    /// and it does not lead to production.
    Tunnel { id: String, session: bool },
    /// All saved tunnels, briefly. Sessions of ours that nobody uses are ended, if that is wanted.
    All { sweep: bool },
}

/// What is told of an examination.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum ExaminationView {
    /// One check was made. They come in the order of a report.
    Found { finding: FindingView },
    /// All are made.
    Over,
}

/// One check, made.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FindingView {
    /// What was looked at.
    check: CheckNameView,
    /// Which of several tunnels or accounts it is about.
    about: Option<AboutView>,
    /// How it came out.
    verdict: VerdictView,
    /// Stable name of what was found; empty for what is as it should be.
    code: String,
    /// What was found and what it means.
    what: String,
    /// What to do; empty when there is nothing to do.
    remedy: String,
    /// Raw texts and figures; empty when there are none.
    details: String,
    /// The sentences of `what` by name; empty where they have none.
    said: Vec<SaidView>,
    /// Milliseconds that it took; 0 if it was skipped.
    took_ms: u32,
}

/// Which of several tunnels or accounts a check is about.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum AboutView {
    /// A tunnel.
    Named { name: String },
    /// The account of a profile; `way` is its region and endpoints, or empty.
    Profile { name: String, way: String },
    /// The account of keys in the keyring.
    Keys { name: String, way: String },
    /// The account of the credentials that are found without a name.
    Default { way: String },
}

/// A sentence by its name, for the catalogue.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SaidView {
    name: String,
    /// What it names.
    facts: BTreeMap<String, String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(crate) enum VerdictView {
    /// As it should be.
    Ok,
    /// Worth knowing, or not found out.
    Warning,
    /// It can't work like this; whose business that is.
    Failed { business: ProblemKindView },
    /// Not looked at: because of another check, or there was nothing to look at.
    Skipped { because: Option<CheckNameView> },
}

/// A check, by its name for programs.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum CheckNameView {
    Settings,
    LocalPort,
    Credentials,
    Dns,
    Tcp,
    Proxy,
    Tls,
    CaptivePortal,
    Clock,
    WebSocket,
    Identity,
    Target,
    Agent,
    StartSession,
    ResumeSession,
    TerminateSession,
    Preferences,
    SessionKey,
    Ghosts,
    Session,
}

impl ExaminationView {
    pub(super) fn found(finding: &Finding) -> Self {
        Self::Found {
            finding: finding.into(),
        }
    }
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        let judgement = &finding.judgement;
        Self {
            check: finding.check.into(),
            about: finding.about.clone().map(AboutView::from),
            verdict: (&judgement.verdict).into(),
            code: judgement.code.clone(),
            what: judgement.what.clone(),
            remedy: judgement.remedy.clone(),
            details: judgement.details.clone(),
            said: judgement.said.iter().map(SaidView::from).collect(),
            took_ms: u32::try_from(finding.took.as_millis()).unwrap_or(u32::MAX),
        }
    }
}

impl From<About> for AboutView {
    fn from(about: About) -> Self {
        match about {
            About::Named(name) => Self::Named { name },
            About::Profile { name, way } => Self::Profile { name, way },
            About::Keys { name, way } => Self::Keys { name, way },
            About::Default { way } => Self::Default { way },
        }
    }
}

impl From<&Said> for SaidView {
    fn from(said: &Said) -> Self {
        let facts = said.facts.iter();
        Self {
            name: said.name.clone(),
            facts: facts
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }
}

impl From<&Verdict> for VerdictView {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Ok => Self::Ok,
            Verdict::Warning => Self::Warning,
            Verdict::Failed(business) => Self::Failed {
                business: match business {
                    Business::Settings => ProblemKindView::Settings,
                    Business::Listen => ProblemKindView::Listen,
                    Business::Credentials => ProblemKindView::Credentials,
                    Business::Permission => ProblemKindView::Permission,
                    Business::Target => ProblemKindView::Target,
                    Business::Network => ProblemKindView::Network,
                    Business::Service => ProblemKindView::Service,
                    Business::Protocol => ProblemKindView::Protocol,
                },
            },
            Verdict::Skipped(Skipped::Because(check)) => Self::Skipped {
                because: Some((*check).into()),
            },
            Verdict::Skipped(Skipped::NothingToCheck) => Self::Skipped { because: None },
        }
    }
}

impl From<Check> for CheckNameView {
    fn from(check: Check) -> Self {
        match check {
            Check::Settings => Self::Settings,
            Check::LocalPort => Self::LocalPort,
            Check::Credentials => Self::Credentials,
            Check::Dns => Self::Dns,
            Check::Tcp => Self::Tcp,
            Check::Proxy => Self::Proxy,
            Check::Tls => Self::Tls,
            Check::CaptivePortal => Self::CaptivePortal,
            Check::Clock => Self::Clock,
            Check::WebSocket => Self::WebSocket,
            Check::Identity => Self::Identity,
            Check::Target => Self::Target,
            Check::Agent => Self::Agent,
            Check::StartSession => Self::StartSession,
            Check::ResumeSession => Self::ResumeSession,
            Check::TerminateSession => Self::TerminateSession,
            Check::Preferences => Self::Preferences,
            Check::SessionKey => Self::SessionKey,
            Check::Ghosts => Self::Ghosts,
            Check::Session => Self::Session,
        }
    }
}
