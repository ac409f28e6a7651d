//! Logins of IAM Identity Center: where they are kept, and how they are renewed without anybody
//! being asked.

use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileSet;
use aws_credential_types::Credentials;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_ssooidc::operation::create_token::{CreateTokenError, CreateTokenOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::time::{sleep, timeout};

mod files;

use crate::access::checked_region;
use crate::answer::{Call, call_error};
use crate::issuers::Issuers;
use crate::profiles::Source;
use crate::sign_ins::{Place, SignIns, Turn, name_of};
use crate::{AccessError, Secret};
pub(crate) use files::{Registration, Token};

/// A token is renewed this long before its end, so that a call that has begun with it can end
/// with it. What the AWS SDKs do.
const RENEW_AHEAD: Duration = Duration::from_secs(300);

/// How long the AWS CLI has to write down what it has renewed, after it was answered.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// What a login is for, unless the `sso-session` says otherwise (AWS CLI User Guide,
/// `sso_registration_scopes`). Without a scope the service gives no refresh token.
pub(crate) const DEFAULT_SCOPE: &str = "sso:account:access";

/// One login: that of an `sso-session`, or of a portal that profiles name by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// The name of the `sso-session`; `None` for the older form.
    pub(crate) session: Option<String>,
    pub(crate) start_url: String,
    pub(crate) region: String,
    /// As the `sso-session` names them.
    pub(crate) scopes: Option<Vec<String>>,
}

/// A role of an account that a login may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortalRole {
    pub(crate) login: Login,
    pub(crate) account: String,
    pub(crate) role: String,
}

impl Login {
    /// Where its token is kept.
    pub(crate) fn place(&self) -> Place {
        place_of(self.session.as_deref().unwrap_or(&self.start_url))
    }
}

/// Where the token of a login is kept with which credentials begin, if they begin with one.
pub(crate) fn login_place(source: &Source) -> Option<Place> {
    match source {
        Source::SsoSession { session, .. } => Some(place_of(session)),
        Source::SsoPortal { start_url, .. } => Some(place_of(start_url)),
        Source::Keys { .. }
        | Source::Console { .. }
        | Source::Process { .. }
        | Source::WebIdentity { .. }
        | Source::Environment
        | Source::Instance
        | Source::Container => None,
    }
}

/// As the AWS CLI has it: under the name of the session, or under the portal.
fn place_of(name: &str) -> Place {
    Place::Sso(name_of(name))
}

impl PortalRole {
    /// The role with which a profile's credentials begin, if it is one of a portal.
    ///
    /// # Errors
    /// [`AccessError::InvalidRegion`] for a portal in a region that cannot be one.
    pub(crate) fn of(set: &ProfileSet, source: &Source) -> Result<Option<Self>, AccessError> {
        let (session, start_url, region, account, role) = match source {
            Source::SsoSession {
                session,
                start_url,
                region,
                account,
                role,
            } => (Some(session), start_url, region, account, role),
            Source::SsoPortal {
                start_url,
                region,
                account,
                role,
            } => (None, start_url, region, account, role),
            Source::Keys { .. }
            | Source::Console { .. }
            | Source::Process { .. }
            | Source::WebIdentity { .. }
            | Source::Environment
            | Source::Instance
            | Source::Container => return Ok(None),
        };
        let section = session.and_then(|session| set.sso_session(session));
        let scopes = section.and_then(|section| section.get("sso_registration_scopes"));
        Ok(Some(Self {
            login: Login {
                session: session.cloned(),
                start_url: start_url.clone(),
                region: checked_region(region.clone())?,
                scopes: scopes.map(listed),
            },
            account: account.clone(),
            role: role.clone(),
        }))
    }
}

/// Scopes as the AWS CLI reads them: with commas in between.
fn listed(scopes: &str) -> Vec<String> {
    let scopes = scopes.split(',').map(str::trim);
    let scopes = scopes.filter(|scope| !scope.is_empty());
    scopes.map(str::to_owned).collect()
}

/// Whoever asks for credentials by a login.
#[derive(Debug, Clone)]
pub(crate) struct Portal {
    pub(crate) issuers: Issuers,
    pub(crate) sign_ins: SignIns,
    /// The profile's name for people.
    pub(crate) label: Option<String>,
    /// How long renewing a token may take while the old one still counts.
    pub(crate) patience: Duration,
}

impl Portal {
    /// Credentials of the role, by the login that there is.
    ///
    /// # Errors
    /// [`AccessError::SsoLoginExpired`] when a person must sign in; those of a call.
    pub(crate) async fn credentials(&self, role: &PortalRole) -> Result<Credentials, AccessError> {
        let token = self.token(&role.login).await?;
        match self.credentials_for(role, &token).await {
            Err(expired @ AccessError::SsoLoginExpired { .. }) => {
                match self.another(&role.login, &token).await {
                    Some(another) => self.credentials_for(role, &another).await,
                    None => Err(expired),
                }
            }
            found => found,
        }
    }

    async fn credentials_for(
        &self,
        role: &PortalRole,
        token: &Token,
    ) -> Result<Credentials, AccessError> {
        let answer = self
            .issuers
            .portal(&role.login.region)
            .get_role_credentials()
            .role_name(&role.role)
            .account_id(&role.account)
            .access_token(token.access_token.expose())
            .send()
            .await
            .map_err(|error| self.portal_error(role, error))?;
        let given = answer
            .role_credentials
            .ok_or_else(|| AccessError::Unparsable {
                status: None,
                excerpt: "an answer without credentials".into(),
            })?;
        let expiry = u64::try_from(given.expiration)
            .ok()
            .filter(|expiry| *expiry > 0)
            .map(|expiry| SystemTime::UNIX_EPOCH + Duration::from_millis(expiry));
        Ok(Credentials::new(
            given.access_key_id.unwrap_or_default(),
            given.secret_access_key.unwrap_or_default(),
            given.session_token,
            expiry,
            "sso",
        ))
    }

    /// A token that counts; renewed, if its end is near and a refresh token is there.
    ///
    /// # Errors
    /// [`AccessError::SsoLoginExpired`] when a person must sign in; those of a call.
    pub(crate) async fn token(&self, login: &Login) -> Result<Token, AccessError> {
        let Some(token) = self.kept(login).await else {
            return Err(self.never_signed_in());
        };
        let now = SystemTime::now();
        if !token.is_due(now) {
            return Ok(token);
        }
        let counts = token.expires_at > now;
        if !token.can_be_renewed(now) {
            return if counts {
                Ok(token)
            } else {
                Err(self.expired(Some("it is over, and can't be renewed by itself".into())))
            };
        }
        // A renewal that was begun goes on, whoever gives up waiting for it: the old refresh
        // token may count no more, and only the answer has the new one.
        let (portal, of_login) = (self.clone(), login.clone());
        let renewal = tokio::spawn(async move { portal.renew(&of_login).await });
        let renewed = if counts {
            timeout(self.patience, renewal).await.ok()
        } else {
            Some(renewal.await)
        };
        match renewed {
            Some(Ok(Ok(renewed))) => Ok(renewed),
            Some(Ok(Err(error))) if counts => {
                tracing::debug!(%error, "a login could not be renewed before its end");
                Ok(token)
            }
            Some(Ok(Err(error))) => Err(error),
            Some(Err(_)) | None if counts => Ok(token),
            Some(Err(_)) | None => Err(self.expired(None)),
        }
    }

    /// Renews the token, unless somebody else has meanwhile. Takes no longer than two calls: one
    /// is waited for that another makes, and one is made.
    async fn renew(&self, login: &Login) -> Result<Token, AccessError> {
        let after = self.issuers.api_timeout();
        let turn = self.sign_ins.turn(after).await;
        let Some(token) = self.kept(login).await else {
            return Err(self.expired(None));
        };
        let now = SystemTime::now();
        let (Some(registration), Some(refresh_token)) = (&token.registration, &token.refresh_token)
        else {
            return Err(self.expired(None));
        };
        if !token.is_due(now) {
            return Ok(token);
        }
        match turn {
            Turn::Ours { .. } | Turn::Unknown => {}
            Turn::Busy => {
                return Err(AccessError::CredentialsTimeout {
                    profile: self.label.clone(),
                    program: None,
                    after,
                });
            }
        }
        let request = self
            .issuers
            .oidc(&login.region)
            .create_token()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose())
            .grant_type("refresh_token")
            .refresh_token(refresh_token.expose());
        let asking = async { request.send().await.map_err(|e| self.renewal_error(e)) };
        let answer = match self.issuers.timed(Call::Login, asking).await {
            Ok(answer) => answer,
            Err(expired @ AccessError::SsoLoginExpired { .. }) => {
                return self.another(login, &token).await.ok_or(expired);
            }
            Err(error) => return Err(error),
        };
        let mut renewed = token_of(login, registration, answer)?;
        if renewed.refresh_token.is_none() {
            renewed.refresh_token = token.refresh_token;
        }
        keep_token(&self.sign_ins, login, &renewed).await;
        // Not before it is kept.
        drop(turn);
        tracing::debug!("a login was renewed");
        Ok(renewed)
    }

    /// The token that somebody else has put in the place of one that is refused: the AWS CLI takes
    /// no turn, and what it renews counts no more in our hands. Its own is written a moment after
    /// ours is refused.
    async fn another(&self, login: &Login, refused: &Token) -> Option<Token> {
        for pause in [Duration::ZERO, WRITTEN_WITHIN] {
            sleep(pause).await;
            let kept = self.kept(login).await.filter(|kept| {
                kept.access_token.expose() != refused.access_token.expose()
                    && kept.expires_at > SystemTime::now()
            });
            if kept.is_some() {
                return kept;
            }
        }
        None
    }

    async fn kept(&self, login: &Login) -> Option<Token> {
        let (sign_ins, place) = (self.sign_ins.clone(), login.place());
        tokio::task::spawn_blocking(move || sign_ins.read(&place))
            .await
            .ok()
            .flatten()
    }

    fn never_signed_in(&self) -> AccessError {
        AccessError::SsoLoginExpired {
            profile: self.label.clone(),
            never: true,
            source: "the AWS CLI's cache holds none".into(),
        }
    }

    fn expired(&self, source: Option<crate::error::Source>) -> AccessError {
        AccessError::SsoLoginExpired {
            profile: self.label.clone(),
            never: false,
            source: source.unwrap_or_else(|| "the AWS CLI's cache holds none any more".into()),
        }
    }

    fn portal_error(
        &self,
        role: &PortalRole,
        error: SdkError<GetRoleCredentialsError, HttpResponse>,
    ) -> AccessError {
        let PortalRole { account, role, .. } = role;
        match error.as_service_error() {
            Some(refusal) if refusal.is_unauthorized_exception() => {
                self.expired(Some(error.into()))
            }
            Some(_) | None => call_error(Call::PortalRole { account, role }, error),
        }
    }

    /// A refusal means that a person must sign in; anything else may pass.
    fn renewal_error(&self, error: SdkError<CreateTokenError, HttpResponse>) -> AccessError {
        let refused = error.as_service_error().is_some_and(|refusal| {
            refusal.is_invalid_grant_exception()
                || refusal.is_expired_token_exception()
                || refusal.is_invalid_client_exception()
                || refusal.is_unauthorized_client_exception()
                || refusal.is_access_denied_exception()
                || refusal.is_invalid_request_exception()
                || refusal.is_invalid_scope_exception()
                || refusal.is_unsupported_grant_type_exception()
        });
        if refused {
            self.expired(Some(error.into()))
        } else {
            call_error(Call::Login, error)
        }
    }
}

/// The token that the service has given.
pub(crate) fn token_of(
    login: &Login,
    registration: &Registration,
    answer: CreateTokenOutput,
) -> Result<Token, AccessError> {
    let access_token = answer.access_token.filter(|token| !token.is_empty());
    let lasts = u64::try_from(answer.expires_in).unwrap_or_default();
    let access_token = access_token.ok_or_else(|| AccessError::Unparsable {
        status: None,
        excerpt: "an answer without a token".into(),
    })?;
    Ok(Token {
        access_token: Secret::new(access_token),
        expires_at: SystemTime::now() + Duration::from_secs(lasts),
        refresh_token: answer.refresh_token.map(Secret::new),
        region: login.region.clone(),
        start_url: login.start_url.clone(),
        registration: Some(registration.clone()),
    })
}

/// Keeps a token. One that could not be written down still counts in this process.
pub(crate) async fn keep_token(
    sign_ins: &SignIns,
    login: &Login,
    token: &Token,
) -> Option<AccessError> {
    let (sign_ins, place, token) = (sign_ins.clone(), login.place(), token.clone());
    let kept = tokio::task::spawn_blocking(move || sign_ins.keep(&place, &token)).await;
    let error = kept.ok()?.err()?;
    tracing::warn!(%error, details = error.details(), "a login");
    Some(error)
}
