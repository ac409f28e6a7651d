//! The client that the sign-in of IAM Identity Center knows us as.

use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::callback::Callback;
use crate::answer::{Call, call_error, refusal};
use crate::issuers::Issuers;
use crate::sso::{DEFAULT_SCOPE, Login, Portal, Registration};
use crate::{AccessError, Secret, SignInFault};

/// The grants that a client for authorization codes asks for.
const CODE_GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

/// The registration that is kept, if it serves; a new one otherwise. Kept ones are good for
/// three months.
pub(super) async fn registration(
    portal: &Portal,
    login: &Login,
    by_code: bool,
) -> Result<Registration, AccessError> {
    let sign_ins = &portal.sign_ins;
    let place = Registration::place(login);
    let (kept_in, at) = (sign_ins.clone(), place.clone());
    let kept = tokio::task::spawn_blocking(move || kept_in.read::<Registration>(&at)).await;
    if let Ok(Some(kept)) = kept
        && kept.serves(by_code, SystemTime::now())
    {
        return Ok(kept);
    }
    let registration = register(&portal.issuers, login, by_code).await?;
    let (keep_in, new) = (sign_ins.clone(), registration.clone());
    let kept = tokio::task::spawn_blocking(move || keep_in.keep(&place, &new)).await;
    if let Ok(Err(error)) = kept {
        // It costs another registration the next time.
        tracing::debug!(%error, "a registration");
    }
    Ok(registration)
}

async fn register(
    issuers: &Issuers,
    login: &Login,
    by_code: bool,
) -> Result<Registration, AccessError> {
    let scopes = login
        .scopes
        .clone()
        // The older form knows no scopes, and no refresh tokens.
        .or_else(|| login.session.as_ref().map(|_| vec![DEFAULT_SCOPE.to_owned()]))
        .filter(|scopes| !scopes.is_empty());
    let mut request = issuers
        .oidc(&login.region)
        .register_client()
        .client_name(format!(
            "culvert-{}",
            login.session.as_deref().unwrap_or("portal")
        ))
        .client_type("public")
        .set_scopes(scopes.clone());
    if by_code {
        request = request
            .set_grant_types(Some(CODE_GRANTS.map(str::to_owned).to_vec()))
            .redirect_uris(Callback::registered_uri())
            .issuer_url(&login.start_url);
    }
    let asking = async { request.send().await.map_err(oidc_error) };
    let answer = issuers.timed(Call::Login, asking).await?;
    let (Some(client_id), Some(client_secret)) = (answer.client_id, answer.client_secret) else {
        return Err(AccessError::Unparsable {
            status: None,
            excerpt: "an answer without a client".into(),
        });
    };
    let until = u64::try_from(answer.client_secret_expires_at).unwrap_or_default();
    Ok(Registration {
        client_id,
        client_secret: Secret::new(client_secret),
        expires_at: SystemTime::UNIX_EPOCH + Duration::from_secs(until),
        scopes: scopes.unwrap_or_default(),
        grant_types: if by_code {
            CODE_GRANTS.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
    })
}

/// What an error of the OIDC API means for a sign-in: what the service refuses stays refused.
pub(super) fn oidc_error<E>(error: SdkError<E, HttpResponse>) -> AccessError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match refusal(&error) {
        Some(answer) => AccessError::SignIn(SignInFault::Refused(answer)),
        None => call_error(Call::Login, error),
    }
}
