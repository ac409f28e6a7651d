mod allowed;
mod calling;
mod inquiry;
mod region;
mod sessions;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::SharedTimeSource;

use crate::credentials::CredentialSource;
use crate::http_client::{TimeOfAws, Ways, connector, http_client};
use crate::issuers::Issuers;
use crate::profiles::{self, Profiles};
use crate::proxies::Proxies;
use crate::proxy_setting::ProxyRoutes;
use crate::reading::Reader;
use crate::sso::Portal;
use crate::variables::Variables;
use crate::{
    AccessError, AccessSettings, EndpointUrl, Holder, ProfileFault, ProxyAccount,
    ResolvedEndpoints, Service, Trust,
};

pub(crate) use calling::ssm_identity;
use calling::{kms_identity, sts_identity};
pub use inquiry::{Caller, ManagedNode, NodePing, OpenSession, SessionPreferences, utc};
pub(crate) use region::checked_region;
use region::region;
pub use sessions::{DataKey, SessionGrant, StartSession};

/// How much of a call's limit connecting may take. The rest is so that a service that cannot be
/// reached is told from one that does not answer: of the usual 10 s these are 8, within which
/// TCP asks four times (RFC 6298: after 1, 3 and 7 s).
const CONNECT_SHARE: f32 = 0.8;

/// The calls to AWS, on behalf of one profile in one region.
///
/// A clone is cheap and shares everything.
#[derive(Clone)]
pub struct Access {
    inner: Arc<Inner>,
}

struct Inner {
    region: String,
    endpoints: ResolvedEndpoints,
    api_timeout: Duration,
    trust: Trust,
    ways: Arc<Ways>,
    credentials: CredentialSource,
    /// The credentials that were found last, without what is secret of them.
    found: Mutex<Option<Found>>,
    ssm: aws_sdk_ssm::Client,
    /// What clients are made of.
    shared: SdkConfig,
    /// Makes the calls for which there is no client of the SDK.
    reader: Reader,
    account: Account,
}

/// What is remembered of credentials.
#[derive(Debug, Clone)]
struct Found {
    /// Until when they are good, as their source said.
    until: Option<SystemTime>,
    holder: Holder,
}

/// What tells one account's lists from another's: where they come from, without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    profile: Option<String>,
    access_key: Option<String>,
    /// The name of keys in the keyring.
    keys: Option<String>,
    region: String,
    endpoint: Option<EndpointUrl>,
}

impl Access {
    /// Reads the config files and the trusted roots. Makes no network call, so that wrong
    /// credentials show at the first call only.
    ///
    /// # Errors
    /// [`AccessError::UnknownProfile`], [`AccessError::ConfigFiles`],
    /// [`AccessError::RegionMissing`], [`AccessError::InvalidRegion`],
    /// [`AccessError::InvalidEndpoint`] or [`AccessError::CaBundle`].
    pub async fn load(settings: AccessSettings) -> Result<Self, AccessError> {
        let proxies = Proxies::from(&settings.proxy);
        match Self::load_from(settings, EnvConfigFiles::default(), &proxies).await {
            Ok(access) => Ok(access),
            Err(error) => Err(error.with_file_fault().await),
        }
    }

    pub(crate) async fn load_from(
        settings: AccessSettings,
        files: EnvConfigFiles,
        proxies: &Proxies,
    ) -> Result<Self, AccessError> {
        Box::pin(Self::load_in(settings, files, proxies, &Variables::Process)).await
    }

    pub(crate) async fn load_in(
        settings: AccessSettings,
        files: EnvConfigFiles,
        proxies: &Proxies,
        environment: &Variables,
    ) -> Result<Self, AccessError> {
        let nothing = Variables::none();
        let heard = if settings.is_pinned() {
            &nothing
        } else {
            environment
        };
        // Fixed credentials stand alone: a demo must run on a machine whose AWS files are
        // missing or broken.
        let has_keys = settings.static_credentials.is_some() || settings.keys.is_some();
        let profiles = if has_keys && settings.profile.is_none() {
            Profiles::default()
        } else {
            profiles::read(&files, settings.profile.as_deref(), heard).await?
        };
        let region = region(&settings, &profiles, environment)?;
        let endpoints = ResolvedEndpoints::of(&region, &settings, &profiles, heard).await?;
        let bundle = settings
            .ca_bundle
            .clone()
            .or_else(|| environment.get("AWS_CA_BUNDLE").map(PathBuf::from))
            .or_else(|| profiles.ca_bundle.clone().map(PathBuf::from));
        let trust = Trust::load(bundle.as_deref())?;
        let connect_timeout = settings.api_timeout.mul_f32(CONNECT_SHARE);
        let keyring = &settings.keyring;
        let ways = Ways::find(proxies, environment, keyring, &trust, connect_timeout).await?;
        let http = http_client(&ways);

        let timeouts = TimeoutConfig::builder()
            .connect_timeout(connect_timeout)
            .build();
        let shared = SdkConfig::builder()
            .http_client(http.clone())
            .region(Region::new(region.clone()))
            .retry_config(RetryConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts.clone())
            // One time for all clients, which all of them learn from: each has a correction of its
            // own, which knows of its own calls alone.
            .time_source(SharedTimeSource::new(TimeOfAws(Arc::clone(&ways))))
            .disable_clock_skew_correction(true)
            .behavior_version(BehaviorVersion::latest())
            .build();
        let reader = Reader {
            connector: connector(&ways),
            endpoints: endpoints.clone(),
            region: region.clone(),
        };
        let account = Account {
            profile: profiles.name.clone(),
            access_key: settings
                .static_credentials
                .as_ref()
                .map(|credentials| credentials.access_key_id.clone()),
            keys: settings.keys.clone(),
            region: region.clone(),
            endpoint: endpoints.overridden(Service::Ssm).cloned(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                reader,
                account,
                ssm: aws_sdk_ssm::Client::new(&at(&shared, &endpoints, Service::Ssm)),
                shared: shared.clone(),
                credentials: CredentialSource {
                    fixed: settings.static_credentials,
                    keys: settings.keys,
                    keyring: settings.keyring,
                    profile: settings.profile,
                    portal: Portal {
                        issuers: Issuers::new(
                            shared.clone(),
                            endpoints.clone(),
                            settings.api_timeout,
                            Arc::clone(&ways),
                        ),
                        sign_ins: settings.sign_ins,
                        label: profiles.name.clone(),
                        patience: settings.api_timeout / 2,
                    },
                    label: profiles.name,
                    region: Region::new(region.clone()),
                    variables: environment.clone(),
                    shared,
                    endpoints: endpoints.clone(),
                    files,
                    http,
                    timeouts,
                },
                found: Mutex::new(None),
                endpoints,
                region,
                api_timeout: settings.api_timeout,
                ways,
                trust,
            }),
        })
    }

    /// The region of every call.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// What may be wrong with the region: that nobody knows it, where AWS itself is asked.
    #[must_use]
    pub fn region_doubt(&self) -> Option<ProfileFault> {
        let is_own = self.inner.endpoints.overridden(Service::Ssm).is_some();
        profiles::region_doubt(&self.inner.region, is_own)
    }

    /// Where each service is asked.
    #[must_use]
    pub fn endpoints(&self) -> &ResolvedEndpoints {
        &self.inner.endpoints
    }

    /// Which hosts are reached through which proxy, for the WebSocket too: what the settings or
    /// the environment say, with the passwords that they leave out and the keyring held when it
    /// was asked last.
    #[must_use]
    pub fn proxies(&self) -> ProxyRoutes {
        self.inner.ways.now().proxies()
    }

    /// The same; the keyring is asked again for a password that it has not given.
    pub async fn proxies_now(&self) -> ProxyRoutes {
        self.inner.ways.looked_at_again().await.proxies()
    }

    /// The account at a proxy on the way to Systems Manager whose password nobody has, where there
    /// is no keyring that could hold it: whoever has a person at hand can ask for it
    /// ([`Keyring::keep_proxy_password_for_now`](crate::Keyring::keep_proxy_password_for_now)).
    #[must_use]
    pub fn proxy_account_to_ask(&self) -> Option<ProxyAccount> {
        let (proxies, endpoints) = (self.proxies(), self.endpoints());
        let ssm = &endpoints.get(Service::Ssm)?.url;
        // A service on this machine has its gateway there, too.
        let gateway = if ssm.is_loopback() {
            endpoints.overridden(Service::SsmMessages)
        } else {
            endpoints
                .get(Service::SsmMessages)
                .map(|gateway| &gateway.url)
        };
        [Some(ssm), gateway].into_iter().flatten().find_map(|url| {
            let hop = proxies.to(&url.as_str().parse().ok()?).ok()??;
            hop.setting.lack?.without_keyring().cloned()
        })
    }

    /// Whom to trust in TLS, for the WebSocket too.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.inner.trust
    }

    /// Until when the credentials can sign calls that were found last, as their source said.
    ///
    /// `None` before the first call, and for credentials that do not expire or whose source
    /// does not say (keys in a file or in the environment). Asks nobody: for a role or a login
    /// that renews itself it is the end of what is there now, which the next call may move on.
    /// A search that fails changes nothing, so a time that is past says since when no call can
    /// succeed. Cheap enough for every snapshot.
    #[must_use]
    pub fn credentials_until(&self) -> Option<SystemTime> {
        self.found()?.until
    }

    /// Whose credentials those were that were found last; `None` before the first call. Asks
    /// nobody.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        Some(self.found()?.holder)
    }

    /// Whose credentials a call would be made with now, as far as that is known without asking
    /// AWS whose they are.
    ///
    /// # Errors
    /// Any [`AccessError`] of finding credentials.
    pub async fn holder_now(&self) -> Result<Holder, AccessError> {
        let credentials = self.credentials(self.deadline()).await?;
        Ok(Holder::of(&credentials))
    }

    fn found(&self) -> Option<Found> {
        let found = self.inner.found.lock();
        found.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells this account's lists from another's.
    pub(crate) fn account(&self) -> &Account {
        &self.inner.account
    }

    pub(crate) fn credential_source(&self) -> &CredentialSource {
        &self.inner.credentials
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.inner.reader
    }

    pub(crate) fn ssm(&self) -> &aws_sdk_ssm::Client {
        &self.inner.ssm
    }

    /// Made for each call: few tunnels ever make one, and a client takes 14 KB.
    fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config_of(Service::Kms))
    }

    /// As [`kms`](Self::kms).
    fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config_of(Service::Sts))
    }

    fn config_of(&self, service: Service) -> SdkConfig {
        at(&self.inner.shared, &self.inner.endpoints, service)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("region", &self.inner.region)
            .finish_non_exhaustive()
    }
}

/// The configuration of a service's client. None of it comes from the environment: the SDK
/// would heed that even where a profile is named.
pub(crate) fn at(shared: &SdkConfig, endpoints: &ResolvedEndpoints, service: Service) -> SdkConfig {
    let mut config = shared.to_builder();
    match endpoints.overridden(service) {
        // The SDK refuses the other two beside an address.
        Some(url) => config.set_endpoint_url(Some(url.as_str().to_owned())),
        None => config
            .set_use_fips(Some(endpoints.fips()))
            .set_use_dual_stack(Some(endpoints.dual_stack())),
    };
    config.build()
}

fn foreign(excerpt: &str) -> AccessError {
    AccessError::Unparsable {
        status: None,
        excerpt: excerpt.to_owned(),
    }
}
