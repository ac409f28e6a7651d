//! What the account does not allow.

use hyper::http::request::Parts;

use super::ApiError;
use crate::faults::Deny;
use crate::service::Service;

/// The account of everything simulated.
pub(crate) const ACCOUNT: &str = "123456789012";

/// Whoever calls: the session of a role.
pub(crate) const CALLER: &str = "arn:aws:sts::123456789012:assumed-role/Simulated/person";

/// One request, for the question whether it is allowed.
pub(super) struct Asked<'a> {
    service: &'a Service,
    region: String,
}

impl<'a> Asked<'a> {
    pub(super) fn new(service: &'a Service, request: &Parts) -> Self {
        Self {
            service,
            region: region(request).unwrap_or_else(|| "eu-central-1".to_owned()),
        }
    }

    /// An ARN in the request's region. `account` is empty for what is AWS's own.
    pub(super) fn arn(&self, service: &str, account: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{account}:{resource}", self.region)
    }

    /// A session document's ARN.
    pub(super) fn document(&self, name: &str) -> String {
        let account = if name.starts_with("AWS-") {
            ""
        } else {
            ACCOUNT
        };
        self.arn("ssm", account, &format!("document/{name}"))
    }

    /// A node's ARN.
    pub(super) fn node(&self, id: &str) -> String {
        if id.starts_with("mi-") {
            self.arn("ssm", ACCOUNT, &format!("managed-instance/{id}"))
        } else {
            self.arn("ec2", ACCOUNT, &format!("instance/{id}"))
        }
    }

    /// A session's ARN.
    pub(super) fn session(&self, id: &str) -> String {
        self.arn("ssm", ACCOUNT, &format!("session/{id}"))
    }

    /// Refuses, in the words of IAM, what is denied on one of these resources: the first.
    pub(super) fn allow(&self, action: &str, resources: &[String]) -> Result<(), ApiError> {
        let denied = |resource: &String| {
            self.service.with_faults_quietly(|faults| {
                faults.denial(action, resource).map(Deny::is_explicit)
            })
        };
        for resource in resources {
            let Some(explicit) = denied(resource) else {
                continue;
            };
            let why = if explicit {
                "with an explicit deny in an identity-based policy".to_owned()
            } else {
                format!("because no identity-based policy allows the {action} action")
            };
            return Err(ApiError::new(
                "AccessDeniedException",
                format!(
                    "User: {CALLER} is not authorized to perform: {action} on resource: \
                     {resource} {why}"
                ),
            ));
        }
        Ok(())
    }
}

/// The region that a request is signed for.
fn region(request: &Parts) -> Option<String> {
    let authorization = request.headers.get("authorization")?.to_str().ok()?;
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split('/').nth(2).map(str::to_owned)
}
