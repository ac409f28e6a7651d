//! What errors say, where it needs no service.

use std::io;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::account::{AccountServer, Reply};
use crate::profiles::Profiles;
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{
    Access, AccessError, AccessSettings, Callee, KeyringFault, MfaDevice, NetworkFault,
    ProfileFault, Secret, Service, Trust,
};

#[test]
fn a_ca_bundle_that_is_not_there_is_said_not_to_be_there_once() {
    let error = Trust::load(Some("/nobody/has/this.pem".as_ref())).unwrap_err();
    assert_eq!(
        error.what(),
        "The CA bundle /nobody/has/this.pem does not exist."
    );
    assert_eq!(error.details(), "");
    let other = AccessError::CaBundle {
        path: "/etc/ca.pem".into(),
        source: io::Error::from(io::ErrorKind::PermissionDenied).into(),
    };
    assert!(other.what().contains("permission denied"), "{other}");
    assert_eq!(other.details(), "");
}

#[test]
fn a_name_without_an_address_in_a_region_that_nobody_knows_is_told_with_the_region() {
    let failed = |fault| AccessError::Network {
        fault,
        callee: Callee::Service(Service::Ssm),
        at: None,
        proxy: None,
        doubt: None,
        source: "no".into(),
    };
    let doubt = || {
        let region = "eu-cental-1".to_owned();
        Some(ProfileFault::RegionUnknown { region })
    };
    let dns = failed(NetworkFault::Dns).with_doubt(doubt());
    assert_eq!(dns.code(), "network-dns");
    assert!(dns.what().contains("could not be resolved"), "{dns}");
    assert!(dns.what().contains("eu-cental-1"), "{dns}");
    assert!(dns.remedy().contains("if eu-central-1 is meant"), "{dns:?}");
    assert!(dns.facts().contains(&("region", "eu-cental-1".to_owned())));
    // Whoever was found is asked about nothing of it.
    let refused = failed(NetworkFault::Refused).with_doubt(doubt());
    assert!(!refused.what().contains("eu-cental-1"), "{refused}");
    let known = failed(NetworkFault::Dns).with_doubt(None);
    assert!(known.remedy().contains("region or endpoint"), "{known:?}");
}

#[test]
fn a_code_is_six_digits_whatever_spaces_are_between_them() {
    let code_in = |typed: &str| {
        let code = MfaDevice::code_in(&Secret::new(typed.to_owned()));
        code.map(|code| code.expose().to_owned())
    };
    for typed in ["123456", " 123 456 ", "12\t34 56"] {
        assert_eq!(code_in(typed).as_deref(), Some("123456"), "{typed}");
    }
    for none in ["", "12345", "1234567", "12345a", "१२३४५६"] {
        assert_eq!(code_in(none), None, "{none}");
    }
}

#[test]
fn what_to_do_is_never_to_read_the_details_alone() {
    let source = || "no".into();
    let failed = |profile: Option<&str>| AccessError::CredentialsFailed {
        profile: profile.map(str::to_owned),
        source: source(),
    };
    let keyring = AccessError::Keyring(KeyringFault::Failed {
        reason: "no".to_owned(),
    });
    for error in [failed(None), failed(Some("my prod")), keyring] {
        let remedy = error.remedy();
        assert!(
            remedy.len() > 40 && !remedy.starts_with("The details say"),
            "{remedy}"
        );
    }
    let remedy = failed(Some("my prod")).remedy();
    assert!(remedy.contains("--profile 'my prod'"), "{remedy}");
}

#[test]
fn what_is_wrong_besides_a_missing_region_is_said_with_it() {
    let error = AccessError::RegionMissing {
        profile: Some("p".to_owned()),
        besides: Some(Box::new(ProfileFault::SourceMissing {
            source: "gone".to_owned(),
        })),
    };
    assert_eq!(
        error.what(),
        "No region is set, and profile p names none. Besides: The source profile gone does not exist."
    );
    assert!(
        error.remedy().contains("--region") && error.remedy().contains("Add profile gone"),
        "{}",
        error.remedy()
    );
}

#[test]
fn a_region_in_quotes_is_told_to_be_that() {
    let error = AccessError::InvalidRegion {
        region: "\"eu-central-1\"".to_owned(),
    };
    assert!(error.what().contains("quotes") && !error.what().contains("\"\""));
    assert_eq!(error.remedy(), "Write it without them: eu-central-1.");
}

#[test]
fn addresses_that_a_profile_gives_are_left_out_of_debug_output() {
    let profiles = Profiles {
        name: Some("p".to_owned()),
        endpoint_url: Some("https://ann:planted-password@ssm.example".to_owned()),
        ..Profiles::default()
    };
    let shown = format!("{profiles:?}");
    assert!(
        shown.contains("\"p\"") && !shown.contains("planted-"),
        "{shown}"
    );
}

#[tokio::test]
async fn credentials_that_are_refused_are_told_with_the_profile_that_they_came_from() {
    for (code, ours, what) in [
        (
            "ExpiredTokenException",
            "expired-token",
            "The AWS credentials of profile p have expired.",
        ),
        (
            "UnrecognizedClientException",
            "invalid-credentials",
            "AWS does not accept the credentials of profile p.",
        ),
    ] {
        let server = AccountServer::start(move |_| Reply::error(400, code, "No.")).await;
        let settings = AccessSettings {
            profile: Some("p".to_owned()),
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(format!("http://{}", server.address).into()),
            ..AccessSettings::default()
        };
        let text = "[profile p]\naws_access_key_id = AKIA\naws_secret_access_key = planted-s\n";
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, text)
            .build();
        let access = Access::load_in(settings, files, &Proxies::Environment, &Variables::none())
            .await
            .unwrap();
        let error = access.terminate_session("ann-0123").await.unwrap_err();
        assert_eq!((error.code(), error.what().as_str()), (ours, what));
    }
}

#[tokio::test]
async fn a_region_that_nobody_knows_is_in_doubt_where_aws_itself_is_asked() {
    let doubt = async |region: &str, endpoint_url: Option<&str>| {
        let settings = AccessSettings {
            region: Some(region.to_owned()),
            endpoint_url: endpoint_url.map(Into::into),
            ..AccessSettings::default()
        };
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, "")
            .build();
        Access::load_in(settings, files, &Proxies::Environment, &Variables::none())
            .await
            .unwrap()
            .region_doubt()
    };
    let found = doubt("us-eats-1", None).await.unwrap();
    assert_eq!(found.code(), "unknown-region");
    assert!(found.remedy().contains("us-east-1"), "{}", found.remedy());
    assert_eq!(doubt("us-east-1", None).await, None);
    assert_eq!(doubt("mars-1", Some("http://127.0.0.1:9")).await, None);
}
