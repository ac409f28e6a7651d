//! A login by an authorization code (RFC 6749, section 4.1) with PKCE (RFC 7636): the browser
//! comes back to this machine by itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

use super::callback::Callback;
use super::registering::{oidc_error, registration};
use super::{ANSWERS_WITHIN, Browser, Person, Visit};
use crate::answer::Call;
use crate::sso::{DEFAULT_SCOPE, Login, Portal, Token, token_of};
use crate::{AccessError, Secret, SignInFault};

/// Whether this way could be gone at all.
pub(super) enum Gone {
    Through(Box<Token>),
    /// No browser, or no port: another way is needed.
    Nowhere,
}

pub(super) async fn log_in(
    portal: &Portal,
    login: &Login,
    browser: &Browser,
    person: &impl Person,
) -> Result<Gone, AccessError> {
    let callback = match Callback::listen().await {
        Ok(callback) => callback,
        Err(error) => {
            tracing::info!(%error, "the browser cannot come back: no port on loopback");
            return Ok(Gone::Nowhere);
        }
    };
    let registration = registration(portal, login, true).await?;
    let redirect_uri = callback.redirect_uri();
    let (verifier, state) = (random()?, random()?);
    let page = page(
        portal.issuers.authorize_page(&login.region).await?,
        &[
            ("response_type", "code"),
            ("client_id", &registration.client_id),
            ("redirect_uri", &redirect_uri),
            ("state", state.expose()),
            ("code_challenge_method", "S256"),
            ("scopes", &scopes(login)),
            ("code_challenge", &challenge(&verifier)),
        ],
    );
    if !browser.open(&page).await {
        return Ok(Gone::Nowhere);
    }
    person.visit(Visit {
        url: page,
        code: None,
        opened: true,
    });
    let code = timeout(ANSWERS_WITHIN, callback.code(state.expose()))
        .await
        .map_err(|_| AccessError::SignIn(SignInFault::TimedOut))??;
    let request = portal
        .issuers
        .oidc(&login.region)
        .create_token()
        .client_id(&registration.client_id)
        .client_secret(registration.client_secret.expose())
        .grant_type("authorization_code")
        .redirect_uri(redirect_uri)
        .code(code.expose())
        .code_verifier(verifier.expose());
    let asking = async { request.send().await.map_err(oidc_error) };
    let answer = portal.issuers.timed(Call::Login, asking).await?;
    token_of(login, &registration, answer).map(|token| Gone::Through(Box::new(token)))
}

fn scopes(login: &Login) -> String {
    let named = login.scopes.as_ref().filter(|scopes| !scopes.is_empty());
    named.map_or(DEFAULT_SCOPE.to_owned(), |scopes| scopes.join(" "))
}

/// 256 bits that nobody can guess, in the letters that RFC 7636, section 4.1, allows.
fn random() -> Result<Secret, AccessError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| AccessError::Unsendable {
        source: error.to_string().into(),
    })?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}

fn page(mut page: Url, parameters: &[(&str, &str)]) -> Url {
    page.query_pairs_mut().extend_pairs(parameters);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_made_as_the_standard_says() {
        // RFC 7636, appendix B.
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_verifiers_are_the_same_and_each_is_long_enough() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one.expose(), other.expose());
        // RFC 7636, section 4.1: 43 to 128 characters.
        assert_eq!(one.expose().len(), 43);
    }
}
