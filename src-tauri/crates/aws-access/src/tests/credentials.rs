//! Where credentials come from.

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::calls::request;
use super::server::{Answer, Server};
use crate::http_client::Proxies;
use crate::{Access, AccessError, AccessSettings, Next};

async fn with_profile(
    files: EnvConfigFiles,
    profile: &str,
    endpoint: String,
) -> Result<Access, AccessError> {
    let settings = AccessSettings {
        profile: Some(profile.to_owned()),
        endpoint_url: Some(endpoint),
        region: Some("eu-central-1".to_owned()),
        ..AccessSettings::default()
    };
    Access::load_from(settings, files, &Proxies::Environment).await
}

fn config(text: &str) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build()
}

fn nowhere() -> String {
    "http://127.0.0.1:9".to_owned()
}

#[tokio::test]
async fn credentials_that_were_rewritten_are_used_by_the_next_call() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("credentials");
    let write = |key: &str| {
        let text = format!("[p]\naws_access_key_id = {key}\naws_secret_access_key = s\n");
        std::fs::write(&path, text).unwrap();
    };
    write("AKIAFIRST");
    let files = EnvConfigFiles::builder()
        .with_file(EnvConfigFileKind::Credentials, &path)
        .build();
    let server = Server::http(Answer::grant()).await;
    let access = with_profile(files, "p", format!("http://{}", server.address))
        .await
        .unwrap();
    for key in ["AKIAFIRST", "AKIASECOND"] {
        write(key);
        access.resume_session("alice-0123").await.unwrap();
        let authorization = server.last().headers["authorization"].clone();
        let authorization = authorization.to_str().unwrap();
        assert!(authorization.contains(key), "{key}: {authorization}");
    }
}

#[tokio::test]
async fn an_unknown_profile_lists_those_there_are() {
    let files = config("[profile prod]\nregion = x\n[profile dev]\nregion = y\n");
    let error = with_profile(files, "pord", nowhere()).await.unwrap_err();
    assert_eq!(error.code(), "unknown-profile");
    assert_eq!(error.remedy(), "Choose one of these: dev, prod.");
}

#[tokio::test]
async fn a_profile_without_credentials_is_told_from_one_that_fails() {
    let files = config("[profile empty]\nregion = eu-central-1\n");
    let access = with_profile(files, "empty", nowhere()).await.unwrap();
    let error = access.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "no-credentials");
    assert_eq!(error.next(), Next::SignIn);
    assert_eq!(error.what(), "Profile empty holds no AWS credentials.");
    assert_eq!(access.credentials_expire_at().await, None);
}

#[tokio::test]
async fn a_missing_login_asks_for_signing_in() {
    let forms = [
        "[profile p]\nsso_session = nobody-has-this\nsso_account_id = 123456789012\nsso_role_name = r\n\
         [sso-session nobody-has-this]\nsso_region = eu-central-1\nsso_start_url = https://nobody-has-this.invalid/start\n",
        "[profile p]\nsso_start_url = https://nobody-has-this.invalid/start\nsso_region = eu-central-1\n\
         sso_account_id = 123456789012\nsso_role_name = r\n",
        "[profile base]\nsso_start_url = https://nobody-has-this.invalid/start\nsso_region = eu-central-1\n\
         sso_account_id = 123456789012\nsso_role_name = r\n\
         [profile p]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n",
    ];
    for form in forms {
        let access = with_profile(config(form), "p", nowhere()).await.unwrap();
        let error = access.resume_session("alice-0123").await.unwrap_err();
        assert_eq!(error.code(), "sso-login-expired", "{form}\n{error:?}");
        assert_eq!(error.next(), Next::SignIn);
        assert_eq!(error.remedy(), "Run \"aws sso login --profile p\".");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_process_that_fails_is_said_to_have_failed() {
    let access = with_profile(
        config("[profile p]\ncredential_process = /bin/false\n"),
        "p",
        nowhere(),
    )
    .await
    .unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "credentials-failed");
    assert_eq!(error.next(), Next::NewCredentials);
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_process_is_asked_at_each_call_and_tells_the_expiry() {
    let directory = tempfile::tempdir().unwrap();
    let answers = directory.path().join("answer.json");
    let text = config(&format!(
        "[profile p]\ncredential_process = /bin/cat {}\n",
        answers.display()
    ));
    let server = Server::http(Answer::grant()).await;
    let access = with_profile(text, "p", format!("http://{}", server.address))
        .await
        .unwrap();
    for key in ["AKIAONE", "AKIATWO"] {
        let answer = serde_json::json!({
            "Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t",
            "Expiration": "2999-01-01T00:00:00Z",
        });
        std::fs::write(&answers, answer.to_string()).unwrap();
        access.resume_session("alice-0123").await.unwrap();
        let authorization = server.last().headers["authorization"].clone();
        assert!(authorization.to_str().unwrap().contains(key));
    }
    assert!(access.credentials_expire_at().await.is_some());
}

#[tokio::test]
async fn fixed_credentials_need_no_config_files() {
    let server = Server::http(Answer::grant()).await;
    let settings = super::server::settings(format!("http://{}", server.address));
    let broken = config("[profile p\nthis is no config file");
    let access = Access::load_from(settings, broken, &Proxies::Environment)
        .await
        .unwrap();
    access.start_session(&request()).await.unwrap();
}

#[tokio::test]
async fn a_metadata_service_that_says_no_means_that_there_are_no_credentials() {
    let elsewhere = [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ];
    if elsewhere
        .iter()
        .any(|name| std::env::var_os(name).is_some())
    {
        // The environment would be asked first.
        return;
    }
    let metadata = Server::http(Answer {
        status: 403,
        ..Answer::default()
    })
    .await;
    let text = format!(
        "[default]\nec2_metadata_service_endpoint = http://{}\n",
        metadata.address
    );
    let settings = AccessSettings {
        endpoint_url: Some(nowhere()),
        region: Some("eu-central-1".to_owned()),
        ..AccessSettings::default()
    };
    let access = Access::load_from(settings, config(&text), &Proxies::Environment)
        .await
        .unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "no-credentials", "{}", error.details());
    assert!(!metadata.asked.lock().unwrap().is_empty());
}
