//! The steps to credentials: where they begin, the roles in between, and what the environment
//! may and may not say.

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::server::{Answer, Server};
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{Access, AccessError, AccessSettings, EndpointUrl, Endpoints, Holder, Service};

fn config(text: &str) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build()
}

/// An STS that hands out one key, and SSM beside it.
struct Account {
    sts: Server,
    ssm: Server,
}

impl Account {
    async fn handing_out(key: &str) -> Self {
        let body = |operation: &str| {
            format!(
                "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <{operation}Result><Credentials><AccessKeyId>{key}</AccessKeyId>\
                 <SecretAccessKey>planted-secret</SecretAccessKey>\
                 <SessionToken>planted-token</SessionToken>\
                 <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
                 </{operation}Result></{operation}Response>"
            )
        };
        let operation = if key.contains("WEB") {
            "AssumeRoleWithWebIdentity"
        } else {
            "AssumeRole"
        };
        let sts = Answer {
            status: 200,
            headers: vec![("content-type", "text/xml".to_owned())],
            body: body(operation),
        };
        Self {
            sts: Server::http(sts).await,
            ssm: Server::http(Answer::grant()).await,
        }
    }

    fn endpoints(&self) -> Endpoints {
        let at =
            |server: &Server| EndpointUrl::parse(&format!("http://{}", server.address)).unwrap();
        Endpoints {
            urls: [(Service::Ssm, at(&self.ssm)), (Service::Sts, at(&self.sts))].into(),
            ..Endpoints::default()
        }
    }

    async fn resume(
        &self,
        profile: Option<&str>,
        text: &str,
        variables: Variables,
    ) -> Result<(), AccessError> {
        let access = self.access(profile, text, variables).await?;
        access.resume_session("alice-0123").await.map(|_| ())
    }

    async fn access(
        &self,
        profile: Option<&str>,
        text: &str,
        variables: Variables,
    ) -> Result<Access, AccessError> {
        let settings = AccessSettings {
            profile: profile.map(str::to_owned),
            region: Some("eu-central-1".to_owned()),
            endpoints: self.endpoints(),
            ..AccessSettings::default()
        };
        Access::load_in(settings, config(text), &Proxies::Environment, &variables).await
    }
}

/// The keys that a server was called with, in order.
fn keys(server: &Server) -> Vec<String> {
    let asked = server.asked.lock().unwrap();
    asked
        .iter()
        .map(|asked| {
            let Some(authorization) = asked.headers.get("authorization") else {
                return "none".to_owned();
            };
            let text = authorization.to_str().unwrap();
            let (_, credential) = text.split_once("Credential=").unwrap();
            credential.split('/').next().unwrap().to_owned()
        })
        .collect()
}

const CHAIN: &str = "\
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = planted-secret
[profile hop]
role_arn = arn:aws:iam::111111111111:role/hop
source_profile = base
[profile top]
role_arn = arn:aws:iam::222222222222:role/top
source_profile = hop
[profile wish]
credential_source = Environment
[profile wishing-role]
role_arn = arn:aws:iam::222222222222:role/top
credential_source = Environment
";

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
    ("AWS_SESSION_TOKEN", "planted-token"),
];

#[tokio::test]
async fn roles_are_assumed_with_each_others_credentials_at_the_sts_that_the_settings_name() {
    let account = Account::handing_out("ASIAROLE").await;
    account
        .resume(Some("top"), CHAIN, Variables::none())
        .await
        .unwrap();
    assert_eq!(keys(&account.sts), ["AKIABASE", "ASIAROLE"]);
    assert_eq!(keys(&account.ssm), ["ASIAROLE"]);
}

#[tokio::test]
async fn keys_of_the_environment_never_take_the_place_of_a_named_profiles() {
    let account = Account::handing_out("ASIAROLE").await;
    account
        .resume(Some("base"), CHAIN, KEYS.into())
        .await
        .unwrap();
    account
        .resume(Some("top"), CHAIN, KEYS.into())
        .await
        .unwrap();
    assert_eq!(keys(&account.sts), ["AKIABASE", "ASIAROLE"]);
    assert_eq!(keys(&account.ssm), ["AKIABASE", "ASIAROLE"]);
}

#[tokio::test]
async fn a_profile_that_asks_for_the_environments_keys_gets_them() {
    let account = Account::handing_out("ASIAROLE").await;
    account
        .resume(Some("wish"), CHAIN, KEYS.into())
        .await
        .unwrap();
    assert_eq!(keys(&account.ssm), ["AKIAENVIRONMENT"]);
    account
        .resume(Some("wishing-role"), CHAIN, KEYS.into())
        .await
        .unwrap();
    assert_eq!(keys(&account.sts), ["AKIAENVIRONMENT"]);
    let error = account
        .resume(Some("wish"), CHAIN, Variables::none())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "credentials-failed");
}

#[tokio::test]
async fn expired_keys_of_the_environment_are_said_to_be_that_behind_a_role_too() {
    let account = Account {
        sts: Server::http(Answer {
            status: 403,
            headers: vec![("content-type", "text/xml".to_owned())],
            body: "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>\
                   <Message>Old.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
                .to_owned(),
        })
        .await,
        ssm: Server::http(Answer::grant()).await,
    };
    let error = account
        .resume(Some("wishing-role"), CHAIN, KEYS.into())
        .await
        .unwrap_err();
    assert_eq!(error.code(), AccessError::EXPIRED_ENVIRONMENT);
    assert!(
        error.remedy().contains("start it again"),
        "{}",
        error.remedy()
    );
    assert_eq!(keys(&account.sts), ["AKIAENVIRONMENT"]);
    // The same answer to a profile's own keys, which may be renewed in the file meanwhile.
    let error = account
        .resume(Some("hop"), CHAIN, Variables::none())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "expired-token");
}

#[tokio::test]
async fn without_a_named_profile_the_environment_goes_first() {
    let account = Account::handing_out("ASIAROLE").await;
    let mut all = KEYS.to_vec();
    all.push(("AWS_PROFILE", "base"));
    let all: [_; 4] = all.try_into().unwrap();
    account.resume(None, CHAIN, all.into()).await.unwrap();
    let profile = [("AWS_PROFILE", "base")];
    account.resume(None, CHAIN, profile.into()).await.unwrap();
    assert_eq!(keys(&account.ssm), ["AKIAENVIRONMENT", "AKIABASE"]);
}

#[tokio::test]
async fn a_token_file_of_the_environment_is_exchanged_for_a_role() {
    let account = Account::handing_out("ASIAWEB").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "planted-token\n").unwrap();
    let path = file.path().to_str().unwrap();
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", path),
        ("AWS_ROLE_ARN", "arn:aws:iam::111111111111:role/web"),
    ];
    account.resume(None, "", variables.into()).await.unwrap();
    assert_eq!(keys(&account.sts), ["none"], "the token is what identifies");
    assert_eq!(keys(&account.ssm), ["ASIAWEB"]);
    // A profile that was named has nothing to do with it.
    let account = Account::handing_out("ASIAWEB").await;
    account
        .resume(Some("base"), CHAIN, variables.into())
        .await
        .unwrap();
    assert_eq!(keys(&account.ssm), ["AKIABASE"]);
}

#[tokio::test]
async fn a_profile_that_leads_nowhere_says_where_it_breaks() {
    let account = Account::handing_out("ASIAROLE").await;
    let text = "[profile p]\nrole_arn = arn:aws:iam::111111111111:role/x\nsource_profile = gone\n";
    let error = account
        .resume(Some("p"), text, Variables::none())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "source-profile-missing");
    assert_eq!(error.what(), "The source profile gone does not exist.");
    assert_eq!(keys(&account.sts).len() + keys(&account.ssm).len(), 0);
}

#[tokio::test]
async fn half_a_pair_of_keys_in_the_environment_is_not_passed_over_for_other_keys() {
    let account = Account::handing_out("ASIAROLE").await;
    let default = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = planted\n";
    for (set, missing) in [(0, "AWS_SECRET_ACCESS_KEY"), (1, "AWS_ACCESS_KEY_ID")] {
        let error = account
            .resume(None, default, [KEYS[set]].into())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "half-key-pair");
        assert!(error.what().contains(missing), "{}", error.what());
        assert!(error.remedy().contains(missing), "{}", error.remedy());
    }
    assert_eq!(keys(&account.ssm).len(), 0);
}

#[tokio::test]
async fn whose_credentials_are_is_known_from_the_way_to_them_and_nobody_is_asked() {
    let account = Account::handing_out("ASIAROLE").await;
    let written = "[profile written]\naws_access_key_id = AKIAOWN\n\
                   aws_secret_access_key = planted-secret\naws_account_id = 333333333333\n";
    let own = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
    ];
    let with_account = Variables::from([own[0], own[1], ("AWS_ACCOUNT_ID", "444444444444")]);
    for (profile, text, variables, key, of) in [
        (
            Some("top"),
            CHAIN,
            Variables::none(),
            "ASIAROLE",
            Some("222222222222"),
        ),
        (Some("base"), CHAIN, Variables::none(), "AKIABASE", None),
        (
            Some("written"),
            written,
            Variables::none(),
            "AKIAOWN",
            Some("333333333333"),
        ),
        (None, "", with_account, "AKIAENV", Some("444444444444")),
        (None, "", Variables::from(own), "AKIAENV", None),
    ] {
        let access = account.access(profile, text, variables).await.unwrap();
        assert_eq!(access.holder(), None, "before the first call");
        access.resume_session("alice-0123").await.unwrap();
        let expected = Holder {
            account: of.map(str::to_owned),
            access_key_id: key.to_owned(),
        };
        assert_eq!(access.holder(), Some(expected), "{profile:?}");
    }
    assert_eq!(
        keys(&account.sts),
        ["AKIABASE", "ASIAROLE"],
        "the two roles"
    );
}
