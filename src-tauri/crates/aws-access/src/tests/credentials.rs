//! Where credentials come from.

use std::future::pending;
#[cfg(unix)]
use std::time::SystemTime;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
#[cfg(unix)]
use aws_smithy_types::{DateTime, date_time::Format};

use super::calls::request;
use super::server::{Answer, Server};
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{Access, AccessError, AccessSettings, Next};
use test_kit::listen;

async fn with_profile(
    files: EnvConfigFiles,
    profile: &str,
    endpoint: String,
) -> Result<Access, AccessError> {
    let settings = AccessSettings {
        profile: Some(profile.to_owned()),
        endpoint_url: Some(endpoint.into()),
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
        let text = format!("[p]\naws_access_key_id = {key}\naws_secret_access_key = planted-s\n");
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
async fn a_file_that_is_half_saved_is_told_from_credentials_that_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let whole = "[profile p]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    std::fs::write(&path, whole).unwrap();
    let files = EnvConfigFiles::builder()
        .with_file(EnvConfigFileKind::Config, &path)
        .build();
    let server = Server::http(Answer::grant()).await;
    let access = with_profile(files, "p", format!("http://{}", server.address))
        .await
        .unwrap();
    std::fs::write(&path, "[profile p").unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "invalid-config-files", "{error:?}");
    assert_eq!(error.next(), Next::AwaitSettings);
    std::fs::write(&path, whole).unwrap();
    access.resume_session("alice-0123").await.unwrap();
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
    assert_eq!(
        error.remedy(),
        "Run \"aws configure --profile empty\" or \"aws configure sso --profile empty\"."
    );
    assert_eq!(access.credentials_until(), None);
}

#[tokio::test]
async fn a_profile_that_is_gone_from_the_file_is_unknown_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let keys = "aws_access_key_id = AKIA\naws_secret_access_key = planted-s\n";
    std::fs::write(&path, format!("[profile old]\n{keys}")).unwrap();
    let files = EnvConfigFiles::builder()
        .with_file(EnvConfigFileKind::Config, &path)
        .build();
    let access = with_profile(files, "old", nowhere()).await.unwrap();
    std::fs::write(&path, format!("[profile new]\n{keys}[profile b]\n{keys}")).unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "unknown-profile", "{error:?}");
    assert_eq!(error.remedy(), "Choose one of these: b, new.");
    assert_eq!(error.next(), Next::AwaitSettings);
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
        assert_eq!(error.remedy(), "Run \"culvert sign-in p\".");
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
#[tokio::test(start_paused = true)]
async fn a_credential_process_that_does_not_answer_is_told_with_its_name_and_its_profile() {
    // Killed with the call that it keeps waiting.
    let form = "[profile p]\ncredential_process = /usr/bin/tail -f /dev/null\n";
    let access = with_profile(config(form), "p", nowhere()).await.unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "credentials-timeout", "{error:?}");
    let what = error.to_string();
    assert!(what.contains("for profile p"), "{what}");
    assert!(what.contains("is /usr/bin/tail"), "{what}");
    assert!(error.remedy().contains("by hand"), "{}", error.remedy());
}

#[cfg(unix)]
#[tokio::test]
async fn a_credential_process_is_asked_at_each_call() {
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
}

#[cfg(unix)]
#[tokio::test]
async fn the_horizon_is_what_the_last_credentials_said_and_asks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let answers = directory.path().join("answer.json");
    let asked = directory.path().join("asked");
    let script = directory.path().join("source.sh");
    let text = format!(
        "echo asked >> {}\ncat {}\n",
        asked.display(),
        answers.display()
    );
    std::fs::write(&script, text).unwrap();
    let text = config(&format!(
        "[profile p]\ncredential_process = /bin/sh {}\n",
        script.display()
    ));
    let server = Server::http(Answer::grant()).await;
    let access = with_profile(text, "p", format!("http://{}", server.address))
        .await
        .unwrap();
    let give = |expiration: Option<&str>| {
        let mut answer = serde_json::json!({
            "Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t",
        });
        if let Some(expiration) = expiration {
            answer["Expiration"] = expiration.into();
        }
        std::fs::write(&answers, answer.to_string()).unwrap();
    };
    let until = |date: &str| {
        let at = DateTime::from_str(date, Format::DateTime).unwrap();
        Some(SystemTime::try_from(at).unwrap())
    };
    let times_asked = || std::fs::read_to_string(&asked).unwrap().lines().count();

    assert_eq!(access.credentials_until(), None);
    assert!(!asked.exists(), "nothing was asked yet");
    for (call, date) in ["2999-01-01T00:00:00Z", "2999-01-01T01:00:00Z"]
        .iter()
        .enumerate()
    {
        give(Some(date));
        access.resume_session("alice-0123").await.unwrap();
        assert_eq!(access.credentials_until(), until(date));
        assert_eq!(times_asked(), call + 1);
    }
    std::fs::write(&answers, "no credentials").unwrap();
    access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(access.credentials_until(), until("2999-01-01T01:00:00Z"));
    give(None);
    access.resume_session("alice-0123").await.unwrap();
    assert_eq!(access.credentials_until(), None);
    assert_eq!(times_asked(), 4);
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
        endpoint_url: Some(nowhere().into()),
        region: Some("eu-central-1".to_owned()),
        ..AccessSettings::default()
    };
    let (files, nothing) = (config(&text), Variables::none());
    let access = Access::load_in(settings, files, &Proxies::Environment, &nothing)
        .await
        .unwrap();
    let error = access.resume_session("alice-0123").await.unwrap_err();
    assert_eq!(error.code(), "no-credentials", "{}", error.details());
    assert!(!metadata.asked.lock().unwrap().is_empty());
}

/// A profile whose role is assumed at this STS.
fn role_at(sts: &str) -> EnvConfigFiles {
    config(&format!(
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = planted-s\n\
         [profile p]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\n\
         services = here\n[services here]\nsts =\n  endpoint_url = {sts}\n"
    ))
}

async fn role_fails(sts: &str) -> AccessError {
    let access = with_profile(role_at(sts), "p", nowhere()).await.unwrap();
    access.resume_session("alice-0123").await.unwrap_err()
}

#[tokio::test]
async fn a_source_of_credentials_that_is_not_reached_asks_nobody_to_sign_in() {
    // Nothing listens at the discard port.
    let error = role_fails("http://127.0.0.1:9").await;
    assert_eq!(error.code(), "network-refused", "{}", error.details());
    assert_eq!(error.next(), Next::AwaitNetwork);
    assert!(error.what().contains("AWS STS"), "{}", error.what());
}

#[tokio::test(start_paused = true)]
async fn a_source_of_credentials_that_cannot_be_connected_to_asks_nobody_to_sign_in() {
    let (address, _tasks) = listen(|tcp| async move {
        let _tcp = tcp;
        pending::<()>().await;
    })
    .await;
    let error = role_fails(&format!("https://{address}")).await;
    assert_eq!(
        error.code(),
        "network-connect-timeout",
        "{}",
        error.details()
    );
    assert_eq!(error.next(), Next::AwaitNetwork);
}

#[tokio::test]
async fn a_source_of_credentials_with_troubles_of_its_own_is_tried_again() {
    let xml = |status, code: &str| Answer {
        status,
        headers: vec![("content-type", "text/xml".to_owned())],
        body: format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message>\
             </Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    };
    for (answer, code, next) in [
        (xml(503, "ServiceUnavailable"), "service-error", Next::Retry),
        (xml(400, "Throttling"), "throttled", Next::Retry),
        (
            xml(403, "AccessDenied"),
            "access-denied",
            Next::NewCredentials,
        ),
    ] {
        let sts = Server::http(answer).await;
        let error = role_fails(&format!("http://{}", sts.address)).await;
        assert_eq!(error.code(), code, "{}", error.details());
        assert_eq!(error.next(), next, "{code}");
        assert_eq!(sts.asked.lock().unwrap().len(), 1, "{code}: asked once");
    }
}
