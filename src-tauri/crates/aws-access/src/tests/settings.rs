//! What settings are refused, and which one wins.

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::server::{Answer, Server, settings};
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{Access, AccessSettings, EndpointOrigin, EndpointUrl, Endpoints, Next, Service};

/// The environment of a shell in which somebody works on something else.
const STRAY: [(&str, &str); 7] = [
    ("AWS_PROFILE", "other"),
    ("AWS_REGION", "us-west-2"),
    ("AWS_DEFAULT_REGION", "us-west-1"),
    ("AWS_ENDPOINT_URL", "http://stray.example"),
    ("AWS_ENDPOINT_URL_STS", "http://stray-sts.example"),
    ("AWS_USE_FIPS_ENDPOINT", "true"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
];

fn config(text: impl Into<String>) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text.into())
        .build()
}

async fn load(settings: AccessSettings, text: &str, heard: Variables) -> Access {
    Access::load_in(settings, config(text), &Proxies::Environment, &heard)
        .await
        .unwrap()
}

fn of_profile(name: &str) -> AccessSettings {
    AccessSettings {
        profile: Some(name.to_owned()),
        ..AccessSettings::default()
    }
}

fn url_of(access: &Access, service: Service) -> (&str, &EndpointOrigin) {
    let endpoint = access.endpoints().get(service).unwrap();
    (endpoint.url.as_str(), &endpoint.origin)
}

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
    let text = "[profile p]\nregion = sa-east-1\n";
    let load = async |region: Option<&str>| {
        let region = region.map(str::to_owned);
        let settings = AccessSettings {
            region,
            ..of_profile("p")
        };
        load(settings, text, Variables::none()).await
    };
    assert_eq!(load(Some("eu-west-1")).await.region(), "eu-west-1");
    assert_eq!(load(None).await.region(), "sa-east-1");
}

#[tokio::test]
async fn the_region_of_a_named_profile_is_not_overruled_by_a_stray_variable() {
    let text = "[profile p]\nregion = sa-east-1\n[profile bare]\noutput = json\n\
                [profile other]\nregion = us-east-2\n";
    let of = async |settings, heard| load(settings, text, heard).await.region().to_owned();
    assert_eq!(of(of_profile("p"), STRAY.into()).await, "sa-east-1");
    // Without the variable there would be none at all.
    assert_eq!(of(of_profile("bare"), STRAY.into()).await, "us-west-2");
    let second = Variables::from([("AWS_DEFAULT_REGION", "us-west-1")]);
    assert_eq!(of(of_profile("bare"), second).await, "us-west-1");
    // Where no profile is named, the environment chooses, as for the AWS CLI.
    assert_eq!(
        of(AccessSettings::default(), STRAY.into()).await,
        "us-west-2"
    );
    let profile = Variables::from([("AWS_PROFILE", "other")]);
    assert_eq!(of(AccessSettings::default(), profile).await, "us-east-2");
}

#[tokio::test]
async fn the_endpoints_of_a_named_profile_are_not_redirected_by_stray_variables() {
    let text = "[profile p]\nregion = eu-central-1\n";
    let access = load(of_profile("p"), text, STRAY.into()).await;
    for service in Service::ALL {
        let (url, origin) = url_of(&access, service);
        assert_eq!(origin, &EndpointOrigin::Aws, "{service}: {url}");
        assert!(
            url.ends_with(".eu-central-1.amazonaws.com"),
            "{service}: {url}"
        );
        assert!(!url.contains("fips"), "{service}: {url}");
    }
    let fixed = AccessSettings {
        endpoint_url: None,
        ..settings(String::new())
    };
    let access = load(fixed, text, STRAY.into()).await;
    assert_eq!(url_of(&access, Service::Ssm).1, &EndpointOrigin::Aws);
}

#[tokio::test]
async fn without_a_profile_the_environments_endpoints_are_used() {
    let variables = Variables::from([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "http://all.example"),
        ("AWS_ENDPOINT_URL_STS", "http://sts.example"),
    ]);
    let access = load(AccessSettings::default(), "", variables).await;
    let all = EndpointOrigin::Variable("AWS_ENDPOINT_URL".to_owned());
    assert_eq!(url_of(&access, Service::Ssm), ("http://all.example", &all));
    let sts = EndpointOrigin::Variable("AWS_ENDPOINT_URL_STS".to_owned());
    assert_eq!(url_of(&access, Service::Sts), ("http://sts.example", &sts));
    // The service says where its gateway is.
    assert_eq!(
        url_of(&access, Service::SsmMessages).1,
        &EndpointOrigin::Aws
    );

    let ignored = Variables::from([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "http://all.example"),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
    ]);
    let access = load(AccessSettings::default(), "", ignored).await;
    assert_eq!(url_of(&access, Service::Ssm).1, &EndpointOrigin::Aws);
}

#[tokio::test]
async fn each_service_has_the_address_that_the_profile_gives_it() {
    let text = "\
[profile p]
region = eu-central-1
endpoint_url = http://all.example
services = here
[services here]
sts =
  endpoint_url = http://sts.example/
ssmmessages =
  endpoint_url = https://vpce.example
[profile q]
region = eu-central-1
services = here
use_fips_endpoint = true
use_dualstack_endpoint = TRUE
[profile ignoring]
region = eu-central-1
endpoint_url = http://all.example
services = here
ignore_configured_endpoint_urls = true
";
    let of = EndpointOrigin::Profile;
    let access = load(of_profile("p"), text, STRAY.into()).await;
    assert_eq!(url_of(&access, Service::Sts), ("http://sts.example", &of));
    assert_eq!(
        url_of(&access, Service::SsmMessages),
        ("https://vpce.example", &of)
    );
    assert_eq!(url_of(&access, Service::Ec2), ("http://all.example", &of));

    let access = load(of_profile("q"), text, Variables::none()).await;
    assert!(access.endpoints().fips() && access.endpoints().dual_stack());
    assert_eq!(url_of(&access, Service::Sts), ("http://sts.example", &of));
    let own = (
        "https://ssm-fips.eu-central-1.api.aws",
        &EndpointOrigin::Aws,
    );
    assert_eq!(url_of(&access, Service::Ssm), own);

    let access = load(of_profile("ignoring"), text, Variables::none()).await;
    assert_eq!(url_of(&access, Service::Sts).1, &EndpointOrigin::Aws);
}

#[tokio::test]
async fn what_the_settings_say_of_endpoints_wins() {
    let text = "[profile p]\nregion = eu-central-1\nuse_fips_endpoint = true\n\
                endpoint_url = http://profile.example\n";
    let url = |text| EndpointUrl::parse(text).unwrap();
    let endpoints = Endpoints {
        urls: [
            (Service::Sts, url("http://sts.example")),
            (Service::Ssm, url("http://ssm.example")),
        ]
        .into(),
        fips: Some(false),
        dual_stack: Some(true),
    };
    let settings = AccessSettings {
        endpoint_url: Some("http://one.example".into()),
        endpoints,
        ..of_profile("p")
    };
    let access = load(settings, text, STRAY.into()).await;
    let by = EndpointOrigin::Settings;
    assert_eq!(url_of(&access, Service::Sts), ("http://sts.example", &by));
    assert_eq!(url_of(&access, Service::Ssm), ("http://ssm.example", &by));
    // An address of Systems Manager elsewhere is no address of the account's keys.
    let theirs = ("http://profile.example", &EndpointOrigin::Profile);
    assert_eq!(url_of(&access, Service::Kms), theirs);
    assert_eq!(url_of(&access, Service::Ec2), theirs);
    assert!(!access.endpoints().fips() && access.endpoints().dual_stack());
}

#[tokio::test]
async fn an_endpoint_beside_fips_is_used_as_it_is() {
    let server = Server::http(Answer::grant()).await;
    let endpoints = Endpoints {
        fips: Some(true),
        dual_stack: Some(true),
        ..Endpoints::default()
    };
    let settings = AccessSettings {
        endpoints,
        ..settings(format!("http://{}", server.address))
    };
    let access = Access::load(settings).await.unwrap();
    access.resume_session("alice-0123").await.unwrap();
    assert_eq!(server.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_profiles_endpoint_is_used_unless_the_settings_name_one() {
    let theirs = Server::http(Answer::grant()).await;
    let ours = Server::http(Answer::grant()).await;
    let text = format!(
        "[profile p]\naws_access_key_id = a\naws_secret_access_key = planted-b\nendpoint_url = http://{}\n",
        theirs.address
    );
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build();
    for (endpoint_url, server) in [
        (None, &theirs),
        (Some(format!("http://{}", ours.address).into()), &ours),
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

#[tokio::test]
async fn lists_of_keys_with_different_names_are_told_apart() {
    let account = async |keys: &str| {
        let settings = AccessSettings {
            keys: Some(keys.to_owned()),
            region: Some("eu-central-1".to_owned()),
            ..AccessSettings::default()
        };
        Access::load(settings).await.unwrap().account().clone()
    };
    let (mine, theirs) = (account("mine").await, account("theirs").await);
    assert_ne!(mine, theirs);
    assert_eq!(mine, account("mine").await);
}
