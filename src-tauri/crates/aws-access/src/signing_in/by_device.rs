//! A login by a device code (RFC 8628): the person visits a page on whatever machine, and the
//! service is asked at intervals whether that has happened.

use std::time::Duration;

use aws_sdk_ssooidc::operation::create_token::CreateTokenError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use tokio::time::{Instant, sleep_until, timeout_at};
use url::Url;

use super::registering::{oidc_error, registration};
use super::{ANSWERS_WITHIN, Browser, Person, Visit};
use crate::answer::Call;
use crate::sso::{Login, Portal, Token, token_of};
use crate::{AccessError, Next, SignInFault};

/// RFC 8628, section 3.2: the interval, if the service names none.
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// RFC 8628, section 3.5: what is added when the service is asked too often.
const SLOWER: Duration = Duration::from_secs(5);
/// The service is never asked more often.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn log_in(
    portal: &Portal,
    login: &Login,
    browser: &Browser,
    person: &impl Person,
) -> Result<Token, AccessError> {
    let client = portal.issuers.oidc(&login.region);
    let registration = registration(portal, login, false).await?;
    let request = client
        .start_device_authorization()
        .client_id(&registration.client_id)
        .client_secret(registration.client_secret.expose())
        .start_url(&login.start_url);
    let asking = async { request.send().await.map_err(oidc_error) };
    let asked = portal.issuers.timed(Call::Login, asking).await?;
    let good_for = u64::try_from(asked.expires_in)
        .ok()
        .filter(|seconds| *seconds > 0);
    let good_for = good_for.map_or(ANSWERS_WITHIN, Duration::from_secs);
    let end = Instant::now() + good_for.min(ANSWERS_WITHIN);
    let mut pace = Pace::of(asked.interval);

    let code = asked.user_code.unwrap_or_default();
    let page = asked.verification_uri.unwrap_or_default();
    let filled_in = asked.verification_uri_complete.unwrap_or_default();
    let url = page_url(&page)?;
    // With the code filled in, the person has it to compare.
    let opened = match page_url(&filled_in) {
        Ok(filled_in) => browser.open(&filled_in).await,
        Err(_) => browser.open(&url).await,
    };
    person.visit(Visit {
        url,
        code: Some(code),
        opened,
    });

    loop {
        let next = Instant::now() + pace.interval;
        if next >= end {
            sleep_until(end).await;
            return Err(AccessError::SignIn(SignInFault::TimedOut));
        }
        sleep_until(next).await;
        let request = client
            .create_token()
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose())
            .grant_type("urn:ietf:params:oauth:grant-type:device_code")
            .set_device_code(asked.device_code.clone());
        let asking = async {
            match request.send().await {
                Ok(answer) => token_of(login, &registration, answer).map(Poll::Through),
                Err(error) => Ok(Poll::of(error)),
            }
        };
        let asking = portal.issuers.timed(Call::Login, asking);
        let Ok(answer) = timeout_at(end, asking).await else {
            return Err(AccessError::SignIn(SignInFault::TimedOut));
        };
        let poll = match answer {
            Ok(poll) => poll,
            Err(error) => Poll::Else(error),
        };
        match poll {
            Poll::Through(token) => return Ok(token),
            Poll::Pending => {}
            Poll::Slower => pace.slow_down(),
            Poll::Over(fault) => return Err(AccessError::SignIn(fault)),
            Poll::Else(error) => {
                match error.next() {
                    // RFC 8628, section 3.5: what may pass is tried again, less often.
                    Next::Retry | Next::AwaitNetwork => {
                        tracing::debug!(%error, "asking whether somebody has signed in");
                        pace.slow_down();
                    }
                    Next::NewSession
                    | Next::AwaitTarget
                    | Next::NewCredentials
                    | Next::SignIn
                    | Next::Restart
                    | Next::AwaitSettings
                    | Next::Stop => return Err(error),
                }
            }
        }
    }
}

/// How often the service is asked.
#[derive(Debug, PartialEq, Eq)]
struct Pace {
    interval: Duration,
}

impl Pace {
    fn of(seconds: i32) -> Self {
        let named = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
        Self {
            interval: named
                .map_or(USUAL_INTERVAL, Duration::from_secs)
                .max(LEAST_INTERVAL),
        }
    }

    fn slow_down(&mut self) {
        self.interval += SLOWER;
    }
}

/// What asking whether somebody has signed in has come to.
enum Poll {
    Through(Token),
    Pending,
    Slower,
    Over(SignInFault),
    Else(AccessError),
}

impl Poll {
    /// What an answer that is no token means.
    fn of(error: SdkError<CreateTokenError, HttpResponse>) -> Self {
        match error.as_service_error() {
            Some(answer) if answer.is_authorization_pending_exception() => Self::Pending,
            Some(answer) if answer.is_slow_down_exception() => Self::Slower,
            Some(answer) if answer.is_expired_token_exception() => {
                Self::Over(SignInFault::TimedOut)
            }
            Some(answer) if answer.is_access_denied_exception() => Self::Over(SignInFault::Denied),
            Some(_) | None => Self::Else(oidc_error(error)),
        }
    }
}

/// A page of the service, which a browser is sent to: nothing but a web page.
fn page_url(text: &str) -> Result<Url, AccessError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| AccessError::Unparsable {
            status: None,
            excerpt: "an answer without a page to visit".into(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_asked_as_often_as_it_says_and_less_often_when_it_says_so() {
        let seconds = |pace: &Pace| pace.interval.as_secs();
        assert_eq!(seconds(&Pace::of(0)), 5);
        assert_eq!(seconds(&Pace::of(-3)), 5);
        let mut pace = Pace::of(1);
        assert_eq!(seconds(&pace), 1);
        pace.slow_down();
        pace.slow_down();
        assert_eq!(seconds(&pace), 11);
    }

    #[test]
    fn a_page_that_is_no_web_page_is_not_opened() {
        for page in ["", "device", "file:///etc/passwd", "javascript:alert(1)"] {
            assert_eq!(
                page_url(page).unwrap_err().code(),
                "unparsable-answer",
                "{page}"
            );
        }
        assert!(page_url("https://device.sso.eu-central-1.amazonaws.com/").is_ok());
    }
}
