//! What settings are refused, and which one wins.

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::server::{Answer, Server, settings};
use crate::http_client::Proxies;
use crate::{Access, AccessSettings, Next};

async fn code(settings: AccessSettings) -> &'static str {
    let error = Access::load(settings).await.unwrap_err();
    assert_eq!(error.next(), Next::Stop);
    assert!(
        error.what().ends_with('.') && error.remedy().ends_with('.'),
        "{error}"
    );
    error.code()
}

#[tokio::test]
async fn a_region_that_cannot_be_one_is_refused() {
    for region in [
        "",
        "eu central 1",
        "eu-central-1.evil.example/",
        "EU",
        "-a",
        "a-",
    ] {
        let region = Some(region.to_owned());
        let settings = AccessSettings {
            region,
            ..settings("http://127.0.0.1:9".to_owned())
        };
        assert_eq!(code(settings).await, "invalid-region");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_web_address_is_refused() {
    for endpoint in ["", "ssm.example", "ftp://h/", "http://", "wss://h/"] {
        assert_eq!(
            code(settings(endpoint.to_owned())).await,
            "invalid-endpoint",
            "{endpoint}"
        );
    }
}

#[tokio::test]
async fn a_bundle_that_is_missing_or_holds_no_certificate_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bundle.pem");
    let with_bundle = || AccessSettings {
        ca_bundle: Some(path.clone()),
        ..settings("http://127.0.0.1:9".to_owned())
    };
    assert_eq!(code(with_bundle()).await, "invalid-ca-bundle");
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(code(with_bundle()).await, "invalid-ca-bundle", "{text}");
    }
}

#[tokio::test]
async fn config_files_that_cannot_be_parsed_are_named() {
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, "[profile p\nno = 1")
        .build();
    let settings = AccessSettings {
        profile: Some("p".to_owned()),
        ..AccessSettings::default()
    };
    let error = Access::load_from(settings, files, &Proxies::Environment)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "invalid-config-files");
}

#[tokio::test]
async fn the_profile_names_the_region_unless_the_settings_do() {
    let files = EnvConfigFiles::builder()
        .with_contents(
            EnvConfigFileKind::Config,
            "[profile p]\nregion = sa-east-1\n",
        )
        .build();
    let load = |region: Option<&str>| {
        let settings = AccessSettings {
            profile: Some("p".to_owned()),
            region: region.map(str::to_owned),
            ..AccessSettings::default()
        };
        Access::load_from(settings, files.clone(), &Proxies::Environment)
    };
    assert_eq!(load(Some("eu-west-1")).await.unwrap().region(), "eu-west-1");
    // The environment stands between the two.
    if std::env::var_os("AWS_REGION")
        .or(std::env::var_os("AWS_DEFAULT_REGION"))
        .is_none()
    {
        assert_eq!(load(None).await.unwrap().region(), "sa-east-1");
    }
}

#[tokio::test]
async fn the_profiles_endpoint_is_used_unless_the_settings_name_one() {
    let theirs = Server::http(Answer::grant()).await;
    let ours = Server::http(Answer::grant()).await;
    let text = format!(
        "[profile p]\naws_access_key_id = a\naws_secret_access_key = b\nendpoint_url = http://{}\n",
        theirs.address
    );
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build();
    for (endpoint_url, server) in [
        (None, &theirs),
        (Some(format!("http://{}", ours.address)), &ours),
    ] {
        let settings = AccessSettings {
            profile: Some("p".to_owned()),
            region: Some("eu-west-1".to_owned()),
            endpoint_url,
            ..AccessSettings::default()
        };
        let access = Access::load_from(settings, files.clone(), &Proxies::Environment)
            .await
            .unwrap();
        access.resume_session("alice-0123").await.unwrap();
        assert_eq!(server.asked.lock().unwrap().len(), 1);
    }
}
