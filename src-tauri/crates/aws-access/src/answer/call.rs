//! The calls that are made, as far as their errors' meaning depends on them.

use super::ServiceAnswer;
use crate::reading::Reading;
use crate::{AccessError, Callee, Service};

/// The call that was made, as far as its errors' meaning depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    Start {
        target: &'a str,
        document: &'a str,
    },
    Resume {
        session_id: &'a str,
    },
    Terminate {
        session_id: &'a str,
    },
    DataKey {
        key_id: &'a str,
    },
    Read(Reading),
    /// A role that is assumed with other credentials.
    AssumeRole {
        role: &'a str,
    },
    /// A role that is got for the token of another identity provider.
    WebIdentity {
        role: &'a str,
    },
    /// A role of the portal of IAM Identity Center.
    PortalRole {
        account: &'a str,
        role: &'a str,
    },
    /// A login of IAM Identity Center.
    Login,
    Inquire(Inquiry),
}

/// A call that only asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inquiry {
    Caller,
    Node,
    Connection,
    Preferences,
    Sessions,
}

impl Call<'_> {
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Start { .. } => "ssm:StartSession",
            Self::Resume { .. } => "ssm:ResumeSession",
            Self::Terminate { .. } => "ssm:TerminateSession",
            Self::DataKey { .. } => "kms:GenerateDataKey",
            Self::Read(reading) => reading.action(),
            Self::AssumeRole { .. } => "sts:AssumeRole",
            Self::WebIdentity { .. } => "sts:AssumeRoleWithWebIdentity",
            Self::PortalRole { .. } => "sso:GetRoleCredentials",
            Self::Login => "sso-oauth:CreateToken",
            Self::Inquire(inquiry) => match inquiry {
                Inquiry::Caller => "sts:GetCallerIdentity",
                Inquiry::Node => "ssm:DescribeInstanceInformation",
                Inquiry::Connection => "ssm:GetConnectionStatus",
                Inquiry::Preferences => "ssm:GetDocument",
                Inquiry::Sessions => "ssm:DescribeSessions",
            },
        }
    }

    /// Who is called.
    pub(crate) fn callee(self) -> Callee {
        let service = match self {
            Self::Start { .. } | Self::Resume { .. } | Self::Terminate { .. } => Service::Ssm,
            Self::DataKey { .. } => Service::Kms,
            Self::Read(reading) => reading.of(),
            Self::AssumeRole { .. } | Self::WebIdentity { .. } => Service::Sts,
            Self::PortalRole { .. } => Service::Sso,
            Self::Login => Service::SsoOidc,
            Self::Inquire(inquiry) => match inquiry {
                Inquiry::Caller => Service::Sts,
                Inquiry::Node | Inquiry::Connection | Inquiry::Preferences | Inquiry::Sessions => {
                    Service::Ssm
                }
            },
        };
        Callee::Service(service)
    }

    /// What it means that the call is denied.
    pub(super) fn denied(self, answer: ServiceAnswer) -> AccessError {
        match self {
            Self::AssumeRole { role } | Self::WebIdentity { role } => AccessError::RoleDenied {
                action: self.action(),
                role: role.to_owned(),
                answer,
            },
            Self::PortalRole { account, role } => AccessError::PortalRole {
                role: format!("{role} of the account {account}"),
                answer,
            },
            Self::Start { .. }
            | Self::Resume { .. }
            | Self::Terminate { .. }
            | Self::DataKey { .. }
            | Self::Read(_)
            | Self::Login
            | Self::Inquire(_) => AccessError::AccessDenied {
                action: self.action(),
                answer,
            },
        }
    }
}
