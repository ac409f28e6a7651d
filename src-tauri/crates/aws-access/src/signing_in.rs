//! Signing in: what a person is asked for, so that a profile can call AWS.
//!
//! A login of IAM Identity Center goes through the browser: by an authorization code (RFC 6749
//! with PKCE, RFC 7636, and the loopback redirect of RFC 8252) where one can be opened, by a
//! device code (RFC 8628) otherwise. A role with an MFA device takes a code. Both leave what the
//! AWS CLI leaves, where it leaves it ([`SignIns`](crate::SignIns)).

mod browser;
mod by_code;
mod by_device;
mod callback;
mod registering;

use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileSet;
use url::Url;

use crate::credentials::CredentialSource;
use crate::profiles::{CredentialPath, ProfileFault, Role, Source};
use crate::roles::{self, RoleSession};
use crate::sso::{Login, Portal, PortalRole, Token, keep_token};
use crate::{Access, AccessError, AccessSettings, Secret, SignInFault};
pub(crate) use browser::Browser;
use by_code::Gone;

/// How long a person has to answer in the browser. A device code is good for as long, and the AWS
/// CLI waits for as long.
const ANSWERS_WITHIN: Duration = Duration::from_secs(600);

/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// The region of a role's STS where neither the profile nor anything else names one: that in
/// which all accounts have it.
const USUAL_REGION: &str = "us-east-1";

/// How a login goes through the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignInBy {
    /// By an authorization code if a browser can be opened on this machine, and the profile has
    /// an `sso-session`; by a device code otherwise.
    #[default]
    Browser,
    /// By a device code; the browser is opened if it can be.
    DeviceCode,
    /// By a device code, and no browser is opened: the page may be visited on any machine.
    DeviceCodeElsewhere,
}

/// A page that a person has to visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The page.
    pub url: Url,
    /// The code that it asks for, or shows to be compared; there is none where the browser
    /// comes back by itself.
    pub code: Option<String>,
    /// Whether a browser was opened with it.
    pub opened: bool,
}

/// An MFA device whose code is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaDevice {
    /// Serial number or ARN.
    pub serial: String,
    /// The role that it is needed for.
    pub role: String,
    /// The profile in which both are.
    pub profile: String,
}

/// Whoever sits at the machine.
pub trait Person: Send + Sync {
    /// Is shown a page. Comes again if one way failed and another is tried.
    fn visit(&self, visit: Visit);

    /// Is asked for the code of a device. `None`: there is none.
    fn mfa_code(&self, device: MfaDevice) -> impl Future<Output = Option<Secret>> + Send;
}

/// What signing in has come to.
#[derive(Debug)]
pub struct SignedIn {
    /// Until when this is good; `None` if the profile needs no sign-in.
    pub until: Option<SystemTime>,
    /// Whether it is renewed after that without a person, for as long as the account allows.
    pub renews: bool,
    /// Why it is good in this process alone, if so.
    pub not_kept: Option<AccessError>,
}

/// What is to be signed in to, and how.
#[derive(Debug, Clone)]
pub struct SignInRequest {
    /// Whose sign-in it is: its profile, and where sign-ins are kept.
    pub settings: AccessSettings,
    /// How a login goes through the browser.
    pub by: SignInBy,
    /// Whether what is still good is left as it is. Otherwise it is asked for anew, but for a
    /// login that only leads to a role with a code.
    pub only_if_needed: bool,
}

/// Signs in: whatever the profile needs of a person, through the browser or by a code, is asked
/// for and kept. Dropped on the way, it goes no further.
///
/// # Errors
/// Those of [`Access::load`] but for a missing region, of a call, and [`AccessError::SignIn`].
pub async fn sign_in_now(
    request: SignInRequest,
    person: &impl Person,
) -> Result<SignedIn, AccessError> {
    let SignInRequest {
        settings,
        by,
        only_if_needed,
    } = request;
    let access = access(settings).await?;
    let source = access.credential_source();
    Box::pin(sign_in_from(
        source,
        by,
        only_if_needed,
        &Browser::of_system(),
        person,
    ))
    .await
}

/// The device whose code a call of this profile would want now; `None` where it wants none, or
/// where something else keeps it from going so far. Asks nobody.
///
/// # Errors
/// Those of [`Access::load`] but for a missing region.
pub async fn code_needed(settings: AccessSettings) -> Result<Option<MfaDevice>, AccessError> {
    let access = access(settings).await?;
    let source = access.credential_source();
    let Some((_, path)) = source.way().await? else {
        return Ok(None);
    };
    let wanted = path
        .roles
        .iter()
        .rev()
        .find(|role| role.mfa_serial.is_some());
    let Some(role) = wanted else {
        return Ok(None);
    };
    let kept = RoleSession::kept(&source.portal.sign_ins, role).await;
    Ok(kept.is_none().then(|| MfaDevice::of(role)))
}

/// A login has a region of its own, and so may a role, so that the profile need not name one.
async fn access(mut settings: AccessSettings) -> Result<Access, AccessError> {
    match Access::load(settings.clone()).await {
        Err(AccessError::RegionMissing { .. }) => {
            settings.region = Some(USUAL_REGION.to_owned());
            Access::load(settings).await
        }
        loaded => loaded,
    }
}

pub(crate) async fn sign_in_from(
    source: &CredentialSource,
    by: SignInBy,
    only_if_needed: bool,
    browser: &Browser,
    person: &impl Person,
) -> Result<SignedIn, AccessError> {
    let mut done = SignedIn {
        until: None,
        renews: false,
        not_kept: None,
    };
    let Some((set, path)) = source.way().await? else {
        return Ok(done);
    };
    if let Source::Console { .. } = path.source {
        let fault = ProfileFault::ConsoleSignIn {
            profile: path.source_profile,
        };
        let profile = source.label.clone();
        return Err(AccessError::Profile { profile, fault });
    }
    if let Some(fault) = path.faults_of_roles().into_iter().next() {
        let profile = source.label.clone();
        return Err(AccessError::Profile { profile, fault });
    }
    if let Some(role) = PortalRole::of(&set, &path.source)? {
        let portal = &source.portal;
        let wants_code = path.roles.iter().any(|role| role.mfa_serial.is_some());
        let kept = match only_if_needed || wants_code {
            true => match source.timed(portal.token(&role.login)).await? {
                Ok(token) => Some(token),
                Err(AccessError::SsoLoginExpired { .. }) => None,
                Err(error) => return Err(error),
            },
            false => None,
        };
        let token = match kept {
            Some(token) => token,
            None => {
                let token = log_in(portal, &role.login, by, browser, person).await?;
                done.not_kept = keep_token(&portal.sign_ins, &role.login, &token).await;
                token
            }
        };
        done.renews = token.can_be_renewed(SystemTime::now());
        done.until = Some(token.expires_at);
    }
    give_codes(source, &set, &path, only_if_needed, person, &mut done).await?;
    Ok(done)
}

/// Assumes the roles of a chain, up to the last that wants a code.
async fn give_codes(
    source: &CredentialSource,
    set: &ProfileSet,
    path: &CredentialPath,
    only_if_needed: bool,
    person: &impl Person,
    done: &mut SignedIn,
) -> Result<(), AccessError> {
    let wants_code = |role: &Role| role.mfa_serial.is_some();
    let last = path.roles.iter().rposition(wants_code);
    let Some(last) = last else {
        return Ok(());
    };
    let sign_ins = &source.portal.sign_ins;
    let mut credentials = source.beginning(set, path).await?;
    for role in &path.roles[..=last] {
        if !wants_code(role) {
            credentials = source.assume(role, credentials).await?;
            continue;
        }
        let kept = match only_if_needed {
            true => RoleSession::kept(sign_ins, role).await,
            false => None,
        };
        let session = match kept {
            Some(session) => session,
            None => {
                let code = person.mfa_code(MfaDevice::of(role)).await;
                let code = code
                    .filter(|code| !code.is_empty())
                    .ok_or(AccessError::SignIn(SignInFault::NoCode))?;
                let region = source.region.as_ref();
                let issuers = &source.portal.issuers;
                let session =
                    roles::assume_with_code(issuers, role, region, credentials, &code).await?;
                if let Err(error) = session.keep(sign_ins, role).await {
                    done.not_kept = Some(error);
                }
                session
            }
        };
        credentials = session.credentials();
        done.renews = false;
        done.until = match done.until {
            Some(until) => Some(until.min(session.until)),
            None => Some(session.until),
        };
    }
    Ok(())
}

async fn log_in(
    portal: &Portal,
    login: &Login,
    by: SignInBy,
    browser: &Browser,
    person: &impl Person,
) -> Result<Token, AccessError> {
    match by {
        // The older form of login knows no codes, and no refresh tokens.
        SignInBy::Browser if login.session.is_some() && browser.is_there() => {
            match by_code::log_in(portal, login, browser, person).await? {
                Gone::Through(token) => Ok(*token),
                Gone::Nowhere => by_device::log_in(portal, login, &Browser::Absent, person).await,
            }
        }
        SignInBy::Browser | SignInBy::DeviceCode => {
            by_device::log_in(portal, login, browser, person).await
        }
        SignInBy::DeviceCodeElsewhere => {
            by_device::log_in(portal, login, &Browser::Absent, person).await
        }
    }
}

impl MfaDevice {
    /// The code in what somebody has typed, spaces aside, in which devices show theirs in groups;
    /// `None` if it can be none (STS API Reference, `AssumeRole`, `TokenCode`).
    #[must_use]
    pub fn code_in(typed: &Secret) -> Option<Secret> {
        let code: String = typed.expose().split_ascii_whitespace().collect();
        let code = Secret::new(code);
        let digits = code.expose().as_bytes();
        let is_code = digits.len() == CODE_DIGITS && digits.iter().all(u8::is_ascii_digit);
        is_code.then_some(code)
    }

    fn of(role: &Role) -> Self {
        Self {
            serial: role.mfa_serial.clone().unwrap_or_default(),
            role: role.arn.clone(),
            profile: role.profile.clone(),
        }
    }
}
