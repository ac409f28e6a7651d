//! Those who hand out credentials: the sign-in and the portal of IAM Identity Center, and STS.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssooidc::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::time::timeout;
use url::Url;

use crate::access::at;
use crate::answer::{Call, unanswered};
use crate::http_client::Ways;
use crate::{AccessError, ResolvedEndpoints, Service};

/// The clients that ask them. None has credentials of its own: each call brings what it needs.
#[derive(Debug, Clone)]
pub(crate) struct Issuers {
    shared: SdkConfig,
    endpoints: ResolvedEndpoints,
    api_timeout: Duration,
    ways: Arc<Ways>,
}

impl Issuers {
    pub(crate) const fn new(
        shared: SdkConfig,
        endpoints: ResolvedEndpoints,
        api_timeout: Duration,
        ways: Arc<Ways>,
    ) -> Self {
        Self {
            shared,
            endpoints,
            api_timeout,
            ways,
        }
    }

    /// How long one call may take.
    pub(crate) const fn api_timeout(&self) -> Duration {
        self.api_timeout
    }

    /// Gives one call the time that it may take: the SDK limits nothing but connecting.
    ///
    /// # Errors
    /// [`AccessError::Network`] when that was not enough.
    pub(crate) async fn timed<T>(
        &self,
        call: Call<'_>,
        asking: impl Future<Output = Result<T, AccessError>>,
    ) -> Result<T, AccessError> {
        match timeout(self.api_timeout, Box::pin(asking)).await {
            Ok(outcome) => outcome,
            Err(elapsed) => {
                let proxy = self.ways.proxy_to(call.callee(), &self.endpoints);
                Err(unanswered(call.callee(), proxy, elapsed))
            }
        }
    }

    pub(crate) fn oidc(&self, region: &str) -> aws_sdk_ssooidc::Client {
        aws_sdk_ssooidc::Client::new(&self.at(Service::SsoOidc, region))
    }

    pub(crate) fn portal(&self, region: &str) -> aws_sdk_sso::Client {
        aws_sdk_sso::Client::new(&self.at(Service::Sso, region))
    }

    pub(crate) fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.at(Service::Sts, region))
    }

    /// The page on which a browser is asked for an authorization code. The SDK does not know
    /// of it: it lies beside the calls of the OIDC API.
    pub(crate) async fn authorize_page(&self, region: &str) -> Result<Url, AccessError> {
        let unsendable = |source| AccessError::Unsendable { source };
        let config = self.at(Service::SsoOidc, region);
        let params = Params::builder()
            .region(region)
            .use_fips(config.use_fips().unwrap_or_default())
            .use_dual_stack(config.use_dual_stack().unwrap_or_default())
            .set_endpoint(config.endpoint_url().map(str::to_owned))
            .build()
            .map_err(|error| unsendable(error.into()))?;
        let endpoint = DefaultResolver::new()
            .resolve_endpoint(&params)
            .await
            .map_err(unsendable)?;
        let page = format!("{}/authorize", endpoint.url().trim_end_matches('/'));
        Url::parse(&page).map_err(|error| unsendable(error.into()))
    }

    fn at(&self, service: Service, region: &str) -> SdkConfig {
        at(&self.shared, &self.endpoints, service)
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build()
    }
}
