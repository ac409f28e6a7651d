//! Logins that are there already, and their renewal without anybody.

use std::time::{Duration, SystemTime};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use serde_json::json;
use tempfile::TempDir;

use super::account::{AccountServer, Reply};
use super::server::{Answer, Server, in_time, silent};
use crate::proxies::Proxies;
use crate::sign_ins::{name_of, written_time};
use crate::{Access, AccessError, AccessSettings, Next, SignIns};

/// Access by a login whose token lasts so many more seconds, at this OIDC and this portal.
async fn with_login(folder: &TempDir, left: i64, oidc: &str, portal: &str) -> Access {
    let cache = folder.path().join("sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let now = SystemTime::now();
    let away = Duration::from_secs(left.unsigned_abs());
    let until = if left < 0 { now - away } else { now + away };
    let token = json!({
        "startUrl": "https://company.invalid/start",
        "region": "eu-central-1",
        "accessToken": "planted-access-token",
        "expiresAt": written_time(until),
        "clientId": "client",
        "clientSecret": "planted-client-secret",
        "registrationExpiresAt": written_time(now + Duration::from_secs(86_400)),
        "refreshToken": "planted-refresh-token",
    });
    let path = cache.join(format!("{}.json", name_of("company")));
    std::fs::write(path, token.to_string()).unwrap();
    let text = format!(
        "[sso-session company]\nsso_region = eu-central-1\n\
         sso_start_url = https://company.invalid/start\n\
         [profile p]\nsso_session = company\nsso_account_id = 111111111111\n\
         sso_role_name = reader\nservices = here\n\
         [services here]\nsso =\n  endpoint_url = {portal}\nsso_oidc =\n  endpoint_url = {oidc}\n"
    );
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build();
    let settings = AccessSettings {
        profile: Some("p".to_owned()),
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(nobody().into()),
        sign_ins: SignIns::in_folder(folder.path()),
        ..AccessSettings::default()
    };
    Access::load_from(settings, files, &Proxies::Environment)
        .await
        .unwrap()
}

/// Nothing listens at the discard port.
const fn nobody() -> &'static str {
    "http://127.0.0.1:9"
}

async fn fails(access: &Access) -> AccessError {
    let error = access.credential_source().resolve().await.unwrap_err();
    let all = format!("{error:?} {error} {} {}", error.remedy(), error.details());
    assert!(!all.contains("planted-"), "{all}");
    error
}

fn oidc_error(status: u16, kind: &str) -> Answer {
    let mut answer = Answer::json(status, &json!({ "error": "as_told" }));
    answer.headers.push(("x-amzn-errortype", kind.to_owned()));
    answer
}

fn role_credentials() -> Answer {
    Answer::json(
        200,
        &json!({ "roleCredentials": {
            "accessKeyId": "ASIAROLE",
            "secretAccessKey": "planted-role-secret",
            "sessionToken": "planted-role-token",
            "expiration": 4_102_444_800_000_i64,
        }}),
    )
}

#[tokio::test]
async fn a_login_that_could_not_be_renewed_for_want_of_an_answer_has_not_expired() {
    let folder = TempDir::new().unwrap();
    let access = with_login(&folder, -60, nobody(), nobody()).await;
    let error = fails(&access).await;
    assert_eq!(error.code(), "network-refused", "{}", error.details());
    assert_eq!(error.next(), Next::AwaitNetwork);

    for (status, kind, code, next) in [
        (503, "InternalServerException", "service-error", Next::Retry),
        (400, "SlowDownException", "throttled", Next::Retry),
        (
            400,
            "InvalidGrantException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "ExpiredTokenException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "AccessDeniedException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "InvalidRequestException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "InvalidScopeException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "UnauthorizedClientException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            400,
            "UnsupportedGrantTypeException",
            "sso-login-expired",
            Next::SignIn,
        ),
        (
            401,
            "InvalidClientException",
            "sso-login-expired",
            Next::SignIn,
        ),
    ] {
        let oidc = Server::http(oidc_error(status, kind)).await;
        let url = format!("http://{}", oidc.address);
        let access = with_login(&folder, -60, &url, nobody()).await;
        let error = fails(&access).await;
        assert_eq!(error.code(), code, "{kind}: {}", error.details());
        assert_eq!(error.next(), next, "{kind}");
        assert_eq!(oidc.asked.lock().unwrap().len(), 1, "{kind}: asked once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_gets_no_answer_ends_and_leaves_the_turn_to_others() {
    let folder = TempDir::new().unwrap();
    let (oidc, _tasks) = silent().await;
    for _ in 0..2 {
        // Each as if in a process of its own.
        let access = with_login(&folder, -60, &oidc, nobody()).await;
        let error = in_time(fails(&access)).await;
        assert_eq!(error.code(), "network-timeout", "{}", error.details());
        assert_eq!(error.next(), Next::Retry);
    }
    let renewed = json!({ "accessToken": "planted-new-token", "expiresIn": 3600 });
    let oidc = Server::http(Answer::json(200, &renewed)).await;
    let portal = Server::http(role_credentials()).await;
    let [oidc, portal] = [&oidc, &portal].map(|server| format!("http://{}", server.address));
    let access = with_login(&folder, -60, &oidc, &portal).await;
    let credentials = in_time(access.credential_source().resolve()).await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_holds_the_turn_for_ever_keeps_nobody_waiting_for_ever() {
    let folder = TempDir::new().unwrap();
    let access = with_login(&folder, -60, nobody(), nobody()).await;
    let held = std::fs::File::create(folder.path().join("sso/cache/culvert.lock")).unwrap();
    held.lock().unwrap();
    let error = in_time(fails(&access)).await;
    assert_eq!(error.code(), "credentials-timeout", "{}", error.details());
    assert_eq!(error.next(), Next::Retry);
}

#[tokio::test]
async fn a_login_that_still_counts_is_used_although_it_cannot_be_renewed_yet() {
    let folder = TempDir::new().unwrap();
    let portal = Server::http(role_credentials()).await;
    let url = format!("http://{}", portal.address);
    let access = with_login(&folder, 120, nobody(), &url).await;
    let credentials = access.credential_source().resolve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE");
    let header = &portal.last().headers["x-amz-sso_bearer_token"];
    assert_eq!(header, "planted-access-token");
}

/// What the AWS CLI leaves in the cache when it has renewed the login itself.
fn renewed_by_the_aws_cli(folder: &TempDir) -> impl Fn() + Send + Sync + 'static {
    let path = folder.path().join("sso/cache");
    let path = path.join(format!("{}.json", name_of("company")));
    move || {
        let token = json!({
            "startUrl": "https://company.invalid/start",
            "region": "eu-central-1",
            "accessToken": "planted-token-of-the-aws-cli",
            "expiresAt": written_time(SystemTime::now() + Duration::from_secs(7200)),
        });
        std::fs::write(&path, token.to_string()).unwrap();
    }
}

#[tokio::test]
async fn a_login_that_the_aws_cli_renews_at_the_same_moment_has_not_expired() {
    let folder = TempDir::new().unwrap();
    let portal = Server::http(role_credentials()).await;
    let portal_url = format!("http://{}", portal.address);
    // It was first: our refresh token counts no more, and its answer is written down.
    let write = renewed_by_the_aws_cli(&folder);
    let oidc = AccountServer::start(move |_| {
        write();
        Reply::error(400, "InvalidGrantException", "No.")
    })
    .await;
    let access = with_login(
        &folder,
        -60,
        &format!("http://{}", oidc.address),
        &portal_url,
    )
    .await;
    let credentials = access.credential_source().resolve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE");
    let header = &portal.last().headers["x-amz-sso_bearer_token"];
    assert_eq!(header, "planted-token-of-the-aws-cli");
}

#[tokio::test]
async fn a_token_that_is_refused_because_there_is_another_by_now_is_no_login_that_has_expired() {
    let folder = TempDir::new().unwrap();
    let write = renewed_by_the_aws_cli(&folder);
    let portal = AccountServer::start(move |asked| {
        if asked.headers["x-amz-sso_bearer_token"] == "planted-access-token" {
            write();
            return Reply::error(401, "UnauthorizedException", "No.");
        }
        Reply::json(&serde_json::from_str(&role_credentials().body).unwrap())
    })
    .await;
    let url = format!("http://{}", portal.address);
    let access = with_login(&folder, 7200, nobody(), &url).await;
    let credentials = access.credential_source().resolve().await.unwrap();
    assert_eq!(credentials.access_key_id(), "ASIAROLE");
    assert_eq!(portal.asked().len(), 2);
}

#[tokio::test]
async fn a_portal_that_does_not_know_the_token_asks_for_signing_in_and_one_that_knows_no_such_role_does_not()
 {
    let folder = TempDir::new().unwrap();
    for (status, kind, code) in [
        (401, "UnauthorizedException", "sso-login-expired"),
        (403, "ForbiddenException", "sso-role-unavailable"),
        (404, "ResourceNotFoundException", "sso-role-unavailable"),
        (400, "InvalidRequestException", "sso-role-unavailable"),
        (500, "InternalServerException", "service-error"),
        (429, "TooManyRequestsException", "throttled"),
    ] {
        let portal = Server::http(oidc_error(status, kind)).await;
        let url = format!("http://{}", portal.address);
        let access = with_login(&folder, 7200, nobody(), &url).await;
        assert_eq!(fails(&access).await.code(), code, "{kind}");
    }
}
