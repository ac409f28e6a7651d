//! One call: with credentials that are found for it, within the time that it may take.

use std::sync::PoisonError;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::{Instant, timeout_at};

use super::{Access, Found};
use crate::answer::{Call, at_the_time_of_aws, call_error, unanswered};
use crate::credentials::Origin;
use crate::reading::Reading;
use crate::{AccessError, Callee, Holder};

impl Access {
    /// Finds credentials for several calls, within the time of one.
    pub(crate) async fn find_credentials(&self) -> Result<Credentials, AccessError> {
        self.credentials(self.deadline()).await
    }

    /// Makes a call with credentials of that origin, within the time that one may take.
    pub(crate) async fn timed<T>(
        &self,
        reading: Reading,
        origin: Origin,
        call: impl Future<Output = Result<T, AccessError>>,
    ) -> Result<T, AccessError> {
        let callee = Call::Read(reading).callee();
        let outcome = self.within(self.deadline(), callee, call).await;
        outcome.map_err(|error| origin.judge(error))
    }

    /// Makes one call by a client of the SDK: with credentials that are found for it, within the
    /// time that both may take together.
    pub(super) async fn call<T, E, F>(
        &self,
        call: Call<'_>,
        send: impl Fn(Credentials) -> F,
    ) -> Result<T, AccessError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.call_by(self.deadline(), call, send).await
    }

    /// The same with a deadline that several calls have between them.
    pub(super) async fn call_by<T, E, F>(
        &self,
        deadline: Instant,
        call: Call<'_>,
        send: impl Fn(Credentials) -> F,
    ) -> Result<T, AccessError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let credentials = self.credentials(deadline).await?;
        let origin = Origin::of(&credentials);
        let answer = at_the_time_of_aws(|| async {
            let answer = send(credentials.clone()).await;
            answer.map_err(|error| call_error(call, error))
        });
        let outcome = self.within(deadline, call.callee(), answer).await;
        outcome.map_err(|error| origin.judge(error))
    }

    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.inner.api_timeout
    }

    pub(super) async fn credentials(&self, deadline: Instant) -> Result<Credentials, AccessError> {
        match timeout_at(
            deadline,
            Box::pin(at_the_time_of_aws(|| self.inner.credentials.resolve())),
        )
        .await
        {
            Ok(Ok(credentials)) => {
                let found = Found {
                    until: credentials.expiry(),
                    holder: Holder::of(&credentials),
                };
                let last = self.inner.found.lock();
                *last.unwrap_or_else(PoisonError::into_inner) = Some(found);
                Ok(credentials)
            }
            Ok(Err(error)) => Err(error.with_doubt(self.region_doubt())),
            Err(_) => {
                let overdue = self.inner.credentials.overdue(self.inner.api_timeout);
                Err(Box::pin(overdue).await)
            }
        }
    }

    pub(super) async fn within<T>(
        &self,
        deadline: Instant,
        callee: Callee,
        call: impl Future<Output = Result<T, AccessError>>,
    ) -> Result<T, AccessError> {
        match timeout_at(deadline, Box::pin(call)).await {
            Ok(outcome) => outcome.map_err(|error| error.with_doubt(self.region_doubt())),
            Err(elapsed) => {
                let proxy = self.inner.ways.proxy_to(callee, &self.inner.endpoints);
                Err(unanswered(callee, proxy, elapsed))
            }
        }
    }
}

pub(super) fn kms_identity(credentials: Credentials) -> aws_sdk_kms::config::Builder {
    aws_sdk_kms::Config::builder().credentials_provider(SharedCredentialsProvider::new(credentials))
}

pub(super) fn sts_identity(credentials: Credentials) -> aws_sdk_sts::config::Builder {
    aws_sdk_sts::Config::builder().credentials_provider(SharedCredentialsProvider::new(credentials))
}

pub(crate) fn ssm_identity(credentials: Credentials) -> aws_sdk_ssm::config::Builder {
    aws_sdk_ssm::Config::builder().credentials_provider(SharedCredentialsProvider::new(credentials))
}
