//! The profiles that are listed, with real files in a home folder of the test's own.

use std::path::Path;

use crate::variables::Variables;
use crate::{ProfileFault, ProfileList, Severity, SignIn, Source};

async fn list(config: &str, credentials: &str) -> ProfileList {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "config", config);
    write(home.path(), "credentials", credentials);
    read(home.path()).await
}

async fn read(home: &Path) -> ProfileList {
    let home = home.to_str().unwrap();
    ProfileList::read_in(&Variables::from([("HOME", home), ("PATH", "/bin")])).await
}

fn write(home: &Path, file: &str, text: &str) {
    let folder = home.join(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(file);
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn codes(list: &ProfileList, profile: &str) -> Vec<&'static str> {
    let profile = list.get(profile).unwrap();
    profile.faults.iter().map(ProfileFault::code).collect()
}

const KINDS: &str = "\
[default]
region = eu-central-1
[profile sso]
region = eu-central-1
sso_session = corp
sso_account_id = 111111111111
sso_role_name = reader
[sso-session corp]
sso_start_url = https://corp.invalid/start
sso_region = eu-west-1
[profile old-sso]
region = eu-central-1
sso_start_url = https://old.invalid/start
sso_region = eu-west-1
sso_account_id = 222222222222
sso_role_name = reader
[profile admin]
region = eu-central-1
role_arn = arn:aws:iam::333333333333:role/admin
source_profile = hop
[profile hop]
region = eu-central-1
role_arn = arn:aws:iam::444444444444:role/hop
source_profile = sso
external_id = x
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile process]
region = eu-central-1
credential_process = /bin/sh -c 'echo planted-argument'
aws_account_id = 555555555555
[profile instance]
region = eu-central-1
role_arn = arn:aws-cn:iam::666666666666:role/x
credential_source = ec2InstanceMetadata
[profile environment]
region = eu-central-1
credential_source = Environment
[profile container]
region = eu-central-1
credential_source = EcsContainer
[profile console]
region = eu-central-1
login_session = arn:aws:sts::777777777777:assumed-role/x/alice
";

const KEYS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = planted-secret
[temporary]
region = eu-north-1
aws_access_key_id = ASIATEMPORARY
aws_secret_access_key = planted-secret
aws_session_token = planted-token
";

#[tokio::test]
async fn each_kind_of_profile_is_listed_with_region_and_account() {
    let list = list(KINDS, KEYS).await;
    assert_eq!(list.faults, []);
    let rows: Vec<_> = list
        .profiles
        .iter()
        .map(|p| (p.name.as_str(), p.kind(), p.account.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            ("default", "keys", None),
            ("admin", "role", Some("333333333333")),
            ("console", "console", Some("777777777777")),
            ("container", "container", None),
            ("environment", "environment", None),
            ("hop", "role", Some("444444444444")),
            ("instance", "role", Some("666666666666")),
            ("old-sso", "sso-legacy", Some("222222222222")),
            ("process", "process", Some("555555555555")),
            ("sso", "sso", Some("111111111111")),
            ("temporary", "keys", None),
        ]
    );
    assert_eq!(
        list.get("temporary").unwrap().region.as_deref(),
        Some("eu-north-1")
    );
    let keys = Source::Keys {
        temporary: true,
        account: None,
    };
    assert_eq!(
        list.get("temporary").unwrap().path.as_ref().unwrap().source,
        keys
    );
    assert!(list.get("sso").unwrap().faults.is_empty());
    assert_eq!(codes(&list, "console"), ["console-sign-in"]);
    let told = format!("{list:?}");
    assert!(!told.contains("planted"), "{told}");
}

#[tokio::test]
async fn a_chain_is_told_from_its_beginning_to_its_end() {
    let list = list(KINDS, KEYS).await;
    let admin = list.get("admin").unwrap();
    let path = admin.path.as_ref().unwrap();
    assert_eq!(path.source_profile, "sso");
    assert_eq!(path.source.kind(), "sso");
    let roles: Vec<_> = path
        .roles
        .iter()
        .map(|r| (r.profile.as_str(), r.arn.as_str()))
        .collect();
    assert_eq!(
        roles,
        [
            ("hop", "arn:aws:iam::444444444444:role/hop"),
            ("admin", "arn:aws:iam::333333333333:role/admin"),
        ]
    );
    assert_eq!(path.roles[0].external_id.as_deref(), Some("x"));
    assert_eq!(admin.sign_in, SignIn::SsoSession("corp".to_owned()));
    // The code is asked for on the way, wherever that is.
    assert_eq!(codes(&list, "admin"), ["mfa-code"]);
    assert_eq!(admin.severity(), Some(Severity::Note));
}

#[tokio::test]
async fn what_is_wrong_with_a_profile_is_said() {
    for (section, expected) in [
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = gone",
            "source-profile-missing",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = loop-a",
            "source-profile-loop",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r",
            "role-without-source",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = keys\ncredential_source = Environment",
            "two-credential-sources",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\ncredential_source = Environ",
            "unknown-credential-source",
        ),
        ("aws_access_key_id = a", "half-key-pair"),
        ("aws_secret_access_key = planted-secret", "half-key-pair"),
        ("aws_session_token = planted-token", "half-key-pair"),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = half",
            "half-key-pair",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = bare",
            "no-credentials",
        ),
        (
            "sso_session = gone\nsso_account_id = 1\nsso_role_name = r",
            "sso-session-missing",
        ),
        ("sso_session = corp\nsso_account_id = 1", "sso-incomplete"),
        (
            "sso_session = empty\nsso_account_id = 1\nsso_role_name = r",
            "sso-incomplete",
        ),
        (
            "sso_start_url = u\nsso_account_id = 1\nsso_role_name = r",
            "sso-incomplete",
        ),
        (
            "sso_session = corp\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r",
            "sso-contradiction",
        ),
        ("web_identity_token_file = /tmp/t", "token-without-role"),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nweb_identity_token_file = /nobody/has/this",
            "token-file-missing",
        ),
        (
            "credential_process = nobody-has-this --secret planted",
            "credential-process-missing",
        ),
        (
            "credential_process = \"/nobody/has this/helper\" x",
            "credential-process-missing",
        ),
        ("output = json", "no-credentials"),
        (
            "credential_source = Environment\nendpoint_url = ftp://x",
            "invalid-endpoint",
        ),
        (
            "credential_source = Environment\nservices = bad",
            "invalid-endpoint",
        ),
        (
            "credential_source = Environment\nservices = gone",
            "services-missing",
        ),
        (
            "role_arn = admin\nsource_profile = keys",
            "invalid-role-arn",
        ),
        (
            "role_arn = \"arn:aws:iam::333333333333:role/r\"\nsource_profile = keys",
            "invalid-role-arn",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:user/r\nsource_profile = keys",
            "invalid-role-arn",
        ),
        (
            "role_arn = arn:aws:iam::333333333333:role/r\nsource_profile = typo",
            "invalid-role-arn",
        ),
        (
            "role_arn = role/r\nweb_identity_token_file = /etc/passwd",
            "invalid-role-arn",
        ),
        (
            "credential_source = Environment\nca_bundle = /nobody/has/this.pem",
            "ca-bundle-missing",
        ),
        (
            "credential_source = Environment\nca_bundle = ~/nobody-has-this.pem",
            "ca-bundle-missing",
        ),
        (
            "sso_session = odd\nsso_account_id = 1\nsso_role_name = r",
            "invalid-region",
        ),
    ] {
        let config = format!(
            "[profile p]\nregion = eu-central-1\n{section}\n\
             [profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n\
             [profile half]\naws_access_key_id = a\n[profile bare]\nregion = eu-west-1\n\
             [profile loop-a]\nrole_arn = arn:aws:iam::333333333333:role/r\nsource_profile = loop-b\n\
             [profile loop-b]\nrole_arn = arn:aws:iam::333333333333:role/r\nsource_profile = loop-a\n\
             [sso-session corp]\nsso_start_url = u\nsso_region = eu-west-1\n\
             [profile typo]\nrole_arn = x\nsource_profile = keys\n\
             [sso-session odd]\nsso_start_url = u\nsso_region = eu west\n\
             [sso-session empty]\nsso_region = eu-west-1\n\
             [services bad]\nsts =\n  endpoint_url = nonsense\n"
        );
        let list = list(&config, "").await;
        assert_eq!(codes(&list, "p"), [expected], "{section}");
        let fault = &list.get("p").unwrap().faults[0];
        assert!(
            fault.what().ends_with('.') && fault.remedy().ends_with('.'),
            "{fault:?}"
        );
        let told = format!("{fault:?}{}{}", fault.what(), fault.remedy());
        assert!(!told.contains("planted"), "{told}");
    }
}

#[tokio::test]
async fn a_profile_without_a_region_can_still_be_used() {
    let list = list(
        "",
        "[p]\naws_access_key_id = a\naws_secret_access_key = b\n",
    )
    .await;
    assert_eq!(codes(&list, "p"), ["no-region"]);
    assert_eq!(list.get("p").unwrap().severity(), Some(Severity::Warning));
}

#[tokio::test]
async fn a_region_that_is_none_is_broken_and_one_that_nobody_knows_is_a_warning() {
    for (region, code, severity) in [
        ("us east", "invalid-region", Severity::Broken),
        ("\"eu-central-1\"", "invalid-region", Severity::Broken),
        ("EU-CENTRAL-1", "invalid-region", Severity::Broken),
        ("us-eats-1", "unknown-region", Severity::Warning),
        ("eu-central", "unknown-region", Severity::Warning),
    ] {
        let config = format!("[profile p]\nregion = {region}\ncredential_source = Environment\n");
        let list = list(&config, "").await;
        assert_eq!(codes(&list, "p"), [code], "{region}");
        let fault = &list.get("p").unwrap().faults[0];
        assert_eq!(fault.severity(), severity, "{region}");
        assert!(!fault.what().contains("\"\""), "{}", fault.what());
    }
    let quoted = ProfileFault::RegionInvalid {
        key: "region",
        region: "\"eu-central-1\"".to_owned(),
    };
    assert_eq!(
        quoted.what(),
        "region = \"eu-central-1\" has quotes around it, which AWS takes for a part of it."
    );
    assert_eq!(quoted.remedy(), "Write region without them: eu-central-1.");
    // Where a service of one's own is asked, its regions are its own business.
    let config = "[profile p]\nregion = mars-1\nendpoint_url = http://127.0.0.1:4566\n\
                  credential_source = Environment\n";
    assert_eq!(codes(&list(config, "").await, "p"), [""; 0]);
}

#[tokio::test]
async fn sections_that_mean_nothing_are_told_and_those_of_the_aws_cli_are_not() {
    let config = "[prof typo]\nregion = eu-west-1\n[profile]\n[sso-session ]\n[]\n\
                  [plugins]\ncli_legacy_plugin_path = x\n[preview]\ncloudfront = true\n";
    let list = list(config, "").await;
    let told: Vec<_> = list.faults.iter().map(|f| (f.line, f.code())).collect();
    assert_eq!(
        told,
        [
            (Some(1), "unknown-section"),
            (Some(3), "section-without-name"),
            (Some(4), "section-without-name"),
            (Some(5), "section-without-name"),
        ]
    );
    assert_eq!(
        list.faults[0].remedy(),
        "Write [profile typo], if it is meant as a profile."
    );
    assert_eq!(list.faults[1].remedy(), "Write [profile NAME].");
    assert!(list.faults.iter().all(|f| f.what().ends_with('.')));
}

#[tokio::test]
async fn the_keys_of_a_source_go_before_the_role_that_it_is_too() {
    let config = "[profile p]\nregion = eu-west-1\nrole_arn = arn:aws:iam::333333333333:role/r1\nsource_profile = base\n\
                  [profile base]\nrole_arn = arn:aws:iam::333333333333:role/r2\nsource_profile = base\n\
                  aws_access_key_id = a\naws_secret_access_key = b\n";
    let list = list(config, "").await;
    let roles = |name| list.get(name).unwrap().path.as_ref().unwrap().roles.len();
    assert_eq!((roles("p"), roles("base")), (1, 1));
    assert_eq!(
        list.get("base")
            .unwrap()
            .path
            .as_ref()
            .unwrap()
            .source
            .kind(),
        "keys"
    );
}

#[tokio::test]
async fn keys_that_both_files_have_are_told_where_they_differ() {
    let config =
        "[profile p]\nregion = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n";
    let credentials =
        "[p]\nregion = eu-west-1\naws_access_key_id = other\naws_secret_access_key = b\n";
    let list = list(config, credentials).await;
    let keys = vec!["aws_access_key_id".to_owned()];
    assert_eq!(
        list.get("p").unwrap().faults,
        [ProfileFault::InBothFiles { keys }]
    );
}

#[tokio::test]
async fn a_bad_line_is_told_and_the_other_profiles_are_listed() {
    let config = "[profile a]\nregion = eu-west-1\ncredential_source = Environment\nnonsense\n[work]\nregion = eu-west-2\n";
    let list = list(config, "[profile b]\n").await;
    let faults: Vec<_> = list
        .faults
        .iter()
        .map(|fault| {
            let file = fault.path.file_name().unwrap().to_str().unwrap();
            (file, fault.line, fault.code())
        })
        .collect();
    assert_eq!(
        faults,
        [
            ("config", Some(4), "bad-line"),
            ("config", Some(5), "profile-prefix-missing"),
            ("credentials", Some(1), "prefix-in-credentials"),
        ]
    );
    assert!(
        list.faults
            .iter()
            .all(|f| f.what().ends_with('.') && f.remedy().ends_with('.'))
    );
    let names: Vec<_> = list.profiles.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a"]);
}

#[tokio::test]
async fn files_that_are_not_there_are_no_fault_and_those_that_cannot_be_read_are() {
    let home = tempfile::tempdir().unwrap();
    let list = read(home.path()).await;
    assert_eq!((list.profiles.len(), list.faults.len()), (0, 0));
    assert_eq!(list.config, home.path().join(".aws/config"));

    std::fs::create_dir_all(home.path().join(".aws/config")).unwrap();
    write(home.path(), "credentials", "");
    std::fs::write(home.path().join(".aws/credentials"), [0xff, 0xfe]).unwrap();
    let list = read(home.path()).await;
    let codes: Vec<_> = list.faults.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes, ["file-unreadable", "file-not-text"]);
}

#[cfg(unix)]
#[tokio::test]
async fn keys_that_others_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    write(home.path(), "config", "[profile p]\nregion = eu-west-1\n");
    write(home.path(), "credentials", KEYS);
    for file in ["config", "credentials"] {
        let path = home.path().join(".aws").join(file);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let list = read(home.path()).await;
    assert_eq!(
        list.faults.len(),
        1,
        "there is no secret in the config file"
    );
    assert_eq!(list.faults[0].code(), "readable-by-others");
    assert!(list.faults[0].remedy().contains(".aws/credentials"));
}

#[tokio::test]
async fn the_files_are_where_the_variables_say_and_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("elsewhere");
    let read = || async {
        let file = path.to_str().unwrap();
        let home = ("HOME", "/nobody/has/this");
        ProfileList::read_in(&Variables::from([home, ("AWS_CONFIG_FILE", file)])).await
    };
    std::fs::write(&path, "[profile one]\n").unwrap();
    assert!(read().await.get("one").is_some());
    std::fs::write(&path, "[profile two]\n").unwrap();
    let list = read().await;
    assert!(list.get("one").is_none() && list.get("two").is_some());
}

#[tokio::test]
async fn a_chain_of_thousands_of_roles_is_a_fault_and_takes_no_time() {
    let mut config =
        String::from("[profile p0]\naws_access_key_id = a\naws_secret_access_key = b\n");
    for n in 1..5_000 {
        let before = n - 1;
        config.push_str(&format!(
            "[profile p{n}]\nregion = eu-west-1\nrole_arn = arn:aws:iam::333333333333:role/r\nsource_profile = p{before}\n"
        ));
    }
    let list = list(&config, "").await;
    assert_eq!(list.profiles.len(), 5_000);
    assert_eq!(codes(&list, "p63"), [""; 0]);
    assert_eq!(codes(&list, "p64"), ["role-chain-too-long"]);
    assert_eq!(codes(&list, "p4999"), ["role-chain-too-long"]);
}

#[tokio::test]
async fn a_read_that_did_not_come_to_its_end_is_told_and_is_no_empty_list() {
    let read = tokio::spawn(std::future::pending::<()>());
    read.abort();
    let error = read.await.unwrap_err();
    let variables = Variables::from([("HOME", "/home/ann")]);
    let list = ProfileList::unread(&variables, &error);
    assert!(list.profiles.is_empty());
    let codes: Vec<_> = list.faults.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes, ["file-unreadable"]);
    assert_eq!(list.config, Path::new("/home/ann/.aws/config"));
    assert_eq!(list.credentials, Path::new("/home/ann/.aws/credentials"));
    assert!(
        list.faults[0].what().contains("cancelled"),
        "{:?}",
        list.faults
    );
}
