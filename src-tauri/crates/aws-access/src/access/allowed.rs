//! Calls that find out what would be allowed, without doing it.
//!
//! It is asked of things that do not exist, since Session Manager knows no dry run: IAM is asked
//! first, so a denial is a denial, and a complaint about what does not exist says that nobody
//! denied it. What exists in such a question is the tunnel's own, and a complaint about that is the
//! answer.

use std::time::SystemTime;

use super::inquiry::NO_SESSION;
use super::{Access, StartSession, kms_identity};
use crate::AccessError;
use crate::answer::Call;

/// A target that nobody has: ids of instances are random.
const NO_TARGET: &str = "i-00000000000000000";

impl Access {
    /// Finds out whether sessions may be started on a target: by asking for one with a document
    /// that does not exist, so that none can be.
    ///
    /// # Errors
    /// [`AccessError::AccessDenied`], on the target or on the document, as
    /// [`AccessError::denial`] tells; [`AccessError::TargetNotConnected`]; any other
    /// [`AccessError`] of a call.
    pub async fn may_start_on(&self, target: &str) -> Result<(), AccessError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let document = format!("Culvert-Doctor-{:x}", now.unwrap_or_default().as_nanos());
        match self.may_start(target, &document).await {
            // As it should be: it is the document that does not exist.
            Err(AccessError::InvalidDocument { .. }) => Ok(()),
            other => other,
        }
    }

    /// Finds out whether sessions may be started with a document: by asking for one on a target
    /// that does not exist, so that none can be.
    ///
    /// # Errors
    /// [`AccessError::AccessDenied`], as for [`may_start_on`](Self::may_start_on);
    /// [`AccessError::InvalidDocument`]; any other [`AccessError`] of a call.
    pub async fn may_start_with(&self, document: &str) -> Result<(), AccessError> {
        match self.may_start(NO_TARGET, document).await {
            // As it should be: nobody has this target.
            Err(AccessError::TargetNotConnected { .. }) => Ok(()),
            other => other,
        }
    }

    async fn may_start(&self, target: &str, document: &str) -> Result<(), AccessError> {
        let request = StartSession {
            target: target.to_owned(),
            document: document.to_owned(),
            parameters: std::collections::BTreeMap::new(),
            reason: None,
        };
        // It can't be started, but if it were, nobody would use it.
        let granted = self.start_session(&request).await?;
        self.terminate_session(&granted.session_id).await
    }

    /// Finds out whether sessions may be resumed, with one that does not exist
    /// ([`Caller::session_that_is_not`]).
    ///
    /// # Errors
    /// [`AccessError::AccessDenied`]; any other [`AccessError`] of a call.
    pub async fn may_resume(&self, session_id: &str) -> Result<(), AccessError> {
        match self.resume_session(session_id).await {
            Ok(_) | Err(AccessError::SessionOver { .. } | AccessError::InvalidRequest(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Finds out whether sessions may be ended, with one that does not exist.
    ///
    /// # Errors
    /// As for [`may_resume`](Self::may_resume).
    pub async fn may_terminate(&self, session_id: &str) -> Result<(), AccessError> {
        match self.terminate_session(session_id).await {
            Ok(()) | Err(AccessError::InvalidRequest(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Finds out whether the keys of encrypted sessions may be made with this KMS key
    /// (`GenerateDataKey` as a dry run, which makes none).
    ///
    /// # Errors
    /// [`AccessError::AccessDenied`], [`AccessError::KmsKey`]; any other [`AccessError`] of a
    /// call.
    pub async fn may_make_data_key(&self, key_id: &str, target: &str) -> Result<(), AccessError> {
        let call = Call::DataKey { key_id };
        let asked = self
            .call(call, |credentials| {
                self.kms()
                    .generate_data_key()
                    .key_id(key_id)
                    .number_of_bytes(64)
                    // Grants and policies may ask for it.
                    .encryption_context("aws:ssm:SessionId", NO_SESSION)
                    .encryption_context("aws:ssm:TargetId", target)
                    .dry_run(true)
                    .customize()
                    .config_override(kms_identity(credentials))
                    .send()
            })
            .await;
        match asked {
            Err(AccessError::Service(answer))
                if answer.code.as_deref() == Some("DryRunOperationException") =>
            {
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
