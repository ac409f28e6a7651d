//! What the page of sign-ins is told, and what it asks for.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use specta::Type;
use tunnel_manager::{MfaDevice, Outcome, PersonalSignIn, PersonalSignInKind, Standing, Visit};

use crate::view::ProblemView;

/// All sign-ins, and the one that is under way.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInsView {
    /// Those that profiles need, each once.
    pub(super) sign_ins: Vec<SignInView>,
    /// The one that is under way, or was last; none if none was begun.
    pub(super) current: Option<CurrentView>,
}

/// A sign-in that profiles need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInView {
    what: SignInKindView,
    /// The profiles that it serves; at least one.
    profiles: Vec<String>,
    /// The ids of the saved tunnels that it serves.
    tunnels: Vec<String>,
    /// How it stands; null where only the AWS CLI knows, which makes it.
    standing: Option<StandingView>,
}

/// What is signed in to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum SignInKindView {
    /// IAM Identity Center, by an `sso-session`.
    Session { name: String, start_url: String },
    /// IAM Identity Center, by a portal that profiles name by themselves.
    Portal { start_url: String },
    /// The console, by `aws login`.
    Console { arn: String },
    /// A role, with the code of an MFA device.
    Code { role: String, device: String },
}

/// How a sign-in stands. Times are Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum StandingView {
    /// Nobody has signed in.
    Never,
    /// It is good until then, and renewed by itself after that if it `renews`.
    Good { until: u64, renews: bool },
    /// It was good until then.
    Over { since: u64 },
}

/// For whom somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(tag = "for", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum SignInForView {
    /// A profile of the AWS config files.
    Profile { profile: String },
    /// A saved tunnel.
    Tunnel { id: String },
}

/// The sign-in that is under way, or was last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CurrentView {
    /// Tells it from those before it.
    pub(super) number: u32,
    /// The profile that it is for.
    pub(super) profile: String,
    /// The tunnel that it was begun for, if it was one.
    pub(super) tunnel: Option<String>,
    /// How far it is.
    pub(super) step: StepView,
}

/// How far a sign-in is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum StepView {
    /// AWS is asked.
    Asking,
    /// A page waits in the browser.
    Visit {
        url: String,
        /// The code that the page asks for, or shows to be compared.
        code: Option<String>,
        /// Whether a browser was opened with it.
        opened: bool,
    },
    /// The code of an MFA device is wanted.
    Code { device: String, role: String },
    /// It is done.
    Done {
        /// Unix milliseconds; none if nothing has to be signed in to.
        until: Option<u64>,
        renews: bool,
        /// Why it is good in this process alone, if so.
        not_kept: Option<Box<ProblemView>>,
    },
    /// It is not.
    Failed { problem: Box<ProblemView> },
    /// It was broken off.
    Cancelled,
}

impl StepView {
    /// Whether nothing more comes.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Asking | Self::Visit { .. } | Self::Code { .. } => false,
            Self::Done { .. } | Self::Failed { .. } | Self::Cancelled => true,
        }
    }

    pub(super) fn visit(visit: &Visit) -> Self {
        Self::Visit {
            url: visit.url.to_string(),
            code: visit.code.clone(),
            opened: visit.opened,
        }
    }

    pub(super) fn code(device: &MfaDevice) -> Self {
        Self::Code {
            device: device.serial.clone(),
            role: device.role.clone(),
        }
    }

    pub(super) fn done(outcome: &Outcome) -> Self {
        let not_kept = outcome.not_kept.as_ref();
        Self::Done {
            until: outcome.until,
            renews: outcome.renews,
            not_kept: not_kept.map(|problem| Box::new(problem.into())),
        }
    }
}

impl SignInView {
    pub(super) fn new(sign_in: PersonalSignIn, tunnels: Vec<String>) -> Self {
        Self {
            what: sign_in.what.into(),
            profiles: sign_in.profiles,
            tunnels,
            standing: sign_in.standing.map(Into::into),
        }
    }
}

impl From<PersonalSignInKind> for SignInKindView {
    fn from(kind: PersonalSignInKind) -> Self {
        match kind {
            PersonalSignInKind::Session { name, start_url } => Self::Session { name, start_url },
            PersonalSignInKind::Portal { start_url } => Self::Portal { start_url },
            PersonalSignInKind::Console { arn } => Self::Console { arn },
            PersonalSignInKind::Code { role, device } => Self::Code { role, device },
        }
    }
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Never => Self::Never,
            Standing::Good { until, renews } => Self::Good {
                until: unix_ms(until),
                renews,
            },
            Standing::Over { since } => Self::Over {
                since: unix_ms(since),
            },
        }
    }
}

fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
