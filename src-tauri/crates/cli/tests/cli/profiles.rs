//! `culvert profiles`, with the files of a home folder of the test's own.

use serde_json::{Value, json};

use crate::support::{Ended, World, one_sentence, run};

const CONFIG: &str = "\
[default]
region = eu-central-1
[profile reader]
region = eu-central-1
sso_session = corp
sso_account_id = 111111111111
sso_role_name = reader
[sso-session corp]
sso_start_url = https://corp.invalid/start
sso_region = eu-west-1
[profile production]
region = eu-central-1
role_arn = arn:aws:iam::333333333333:role/ops/admin
source_profile = hop
[profile hop]
region = eu-central-1
role_arn = arn:aws:iam::222222222222:role/hop
source_profile = reader
mfa_serial = arn:aws:iam::111111111111:mfa/alice
[profile stale]
role_arn = arn:aws:iam::222222222222:role/hop
source_profile = gone
[profile helper]
region = eu-central-1
credential_process = /nobody/has/this planted-argument
[forgotten]
region = eu-central-1
";

const CREDENTIALS: &str = "\
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = planted-secret
aws_session_token = planted-token
";

async fn profiles(world: &World, arguments: &[&str]) -> Ended {
    let folder = world.path(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config"), CONFIG).unwrap();
    let credentials = folder.join("credentials");
    std::fs::write(&credentials, CREDENTIALS).unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(credentials, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = world.program();
    command.arg("profiles").args(arguments);
    run(command).await
}

fn objects(ended: &Ended) -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).unwrap();
    ended.out.iter().map(parse).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_are_a_table_that_fits_and_what_is_wrong_stands_under_them() {
    let world = World::start().await;
    let ended = profiles(&world, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = [
        "PROFILE     KIND      REGION        ACCOUNT",
        "default     keys      eu-central-1  -",
        "helper      process   eu-central-1  -",
        "hop         role      eu-central-1  222222222222",
        "    reader (sso) → role hop (with an MFA code)",
        "production  role      eu-central-1  333333333333",
        "    reader (sso) → role hop (with an MFA code) → role ops/admin",
        "reader      sso       eu-central-1  111111111111",
        "stale       unusable  -             -",
        "    broken: The source profile gone does not exist. Add profile gone, or correct source_profile.",
    ];
    for line in expected {
        assert!(
            ended.out.iter().any(|told| told == line),
            "{line}\n{:#?}",
            ended.out
        );
    }
    let file = format!("{}:26: warning: ", world.path(".aws/config").display());
    let last = ended.out.last().unwrap();
    assert!(
        last.starts_with(&file) && last.contains("[profile forgotten]"),
        "{last}"
    );
    let all = format!("{ended:?}");
    assert!(
        !all.contains("planted") && !all.contains("AKIADEFAULT"),
        "{all}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_broken_file_the_profiles_of_the_other_are_listed_and_the_exit_code_says_so() {
    let world = World::start().await;
    let folder = world.path(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("credentials"), CREDENTIALS).unwrap();
    std::fs::write(folder.join("config"), b"\xff\xfe[\0p\0").unwrap();
    for arguments in [&[][..], &["--json"]] {
        let mut command = world.program();
        command.arg("profiles").args(arguments);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(10), "{ended:?}");
        let out = ended.out.join("\n");
        assert!(out.contains("default"), "{ended:?}");
        assert!(out.contains("UTF-8"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_can_be_none_is_told_by_a_tunnel_before_anybody_is_asked_for_it() {
    let world = World::start().await;
    let folder = world.path(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    let config = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key = planted-base\n[profile role]\nsource_profile = base\n\
         role_arn = \"arn:aws:iam::111122223333:role/tunnels\"\n";
    std::fs::write(folder.join("config"), config).unwrap();
    let mut command = world.forward(&["--profile", "role"]);
    command.args(["--endpoint", "sts=http://127.0.0.1:9"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.err.contains("Write role_arn as arn:"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_an_object_for_each_profile_and_each_fault_of_the_files() {
    let world = World::start().await;
    let ended = profiles(&world, &["--json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let objects = objects(&ended);
    let of = |name: &str| {
        let found = objects.iter().find(|object| object["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))
    };
    let production = of("production");
    assert_eq!(production["event"], "profile");
    assert_eq!(production["account"], "333333333333");
    assert_eq!(
        production["signIn"],
        json!({"kind": "sso-session", "of": "corp"})
    );
    assert_eq!(production["path"]["source"]["kind"], "sso");
    assert_eq!(production["path"]["sourceProfile"], "reader");
    let roles = production["path"]["roles"].as_array().unwrap();
    assert_eq!(roles.len(), 2);
    assert_eq!(roles[0]["mfaSerial"], "arn:aws:iam::111111111111:mfa/alice");
    assert_eq!(production["faults"][0]["code"], "mfa-code");
    assert_eq!(
        of("default")["path"]["source"],
        json!({"kind": "keys", "temporary": true})
    );
    assert_eq!(of("stale")["path"], Value::Null);
    assert_eq!(of("stale")["faults"][0]["code"], "source-profile-missing");
    assert_eq!(
        of("helper")["faults"][0]["code"],
        "credential-process-missing"
    );
    let fault = objects.last().unwrap();
    assert_eq!(fault["event"], "fileFault");
    assert_eq!(
        (&fault["code"], &fault["line"]),
        (&json!("profile-prefix-missing"), &json!(26))
    );
    let all = format!("{ended:?}");
    assert!(!all.contains("planted"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_can_be_asked_for_and_one_that_does_not_exist_is_a_matter_of_settings() {
    let world = World::start().await;
    let ended = profiles(&world, &["reader", "--json"]).await;
    let names: Vec<_> = objects(&ended)
        .iter()
        .filter(|object| object["event"] == "profile")
        .map(|object| object["name"].clone())
        .collect();
    assert_eq!(names, ["reader"]);
    let ended = profiles(&world, &["raeder"]).await;
    assert_eq!(ended.code, Some(10));
    assert!(ended.out.is_empty(), "{ended:?}");
    assert!(
        ended.err.contains("no profile named raeder"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("production, reader"), "{}", ended.err);
}

#[tokio::test]
async fn a_tunnel_of_a_profile_that_is_wrong_ends_as_one_with_wrong_settings_does() {
    let world = World::start().await;
    let folder = world.path(".aws");
    std::fs::create_dir_all(&folder).unwrap();
    let half = "[profile half]\nregion = eu-central-1\naws_access_key_id = AKIAHALF\n";
    std::fs::write(folder.join("config"), half).unwrap();
    let mut command = world.program();
    command.args([
        "forward",
        "--profile",
        "half",
        "--target",
        "i-0123456789abcdef0",
    ]);
    command.args(["--remote-port", "5432"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    let said = format!("{ended:?}");
    assert!(said.contains("aws_secret_access_key"), "{said}");
}

/// What a command says that names a profile, with these files.
async fn told(world: &World, files: &[(&str, &[u8])], arguments: &[&str]) -> (Option<i32>, String) {
    let folder = world.path(".aws");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut command = world.program();
    command.args(arguments);
    let ended = run(command).await;
    (ended.code, ended.err)
}

#[tokio::test]
async fn a_profile_that_the_files_hide_is_told_with_the_line_that_hides_it() {
    let world = World::start().await;
    let forward = [
        "forward",
        "--profile",
        "prod",
        "--target",
        "i-1",
        "--remote-port",
        "1",
    ];
    let (config, credentials) = (world.path(".aws/config"), world.path(".aws/credentials"));
    let (config, credentials) = (config.display(), credentials.display());
    let keys = "aws_access_key_id = AKIA\naws_secret_access_key = planted-secret\n";
    for (file, text, place, words) in [
        (
            "config",
            b"[a]\n[prod]\nregion = x\n".to_vec(),
            format!("{config}:2"),
            "[profile prod]",
        ),
        (
            "credentials",
            format!("[profile prod]\n{keys}").into_bytes(),
            format!("{credentials}:1"),
            "name of the profile alone",
        ),
        (
            "config",
            b"\xff\xfe[\0p\0".to_vec(),
            config.to_string(),
            "UTF-8",
        ),
        (
            "config",
            "\u{feff}[profile prod]\nregion = x\n".as_bytes().to_vec(),
            format!("{config}:1"),
            "byte order mark",
        ),
        (
            "config",
            b"[profile prod]\nregion = x\nnonsense\n".to_vec(),
            format!("{config}:3"),
            "Correct the line",
        ),
    ] {
        for arguments in [
            &forward[..],
            &["sign-in", "prod"],
            &["targets", "--profile", "prod"],
        ] {
            let (code, said) = told(&world, &[(file, &text)], arguments).await;
            assert_eq!(code, Some(10), "{arguments:?}: {said}");
            one_sentence(&said, &[&place, words]);
        }
    }
    // That of the shell is told to be that.
    std::fs::remove_dir_all(world.path(".aws")).unwrap();
    let mut command = world.program();
    command.args(["sign-in"]).env("AWS_PROFILE", "prot");
    one_sentence(&run(command).await.err, &["prot", "AWS_PROFILE"]);
}

#[tokio::test]
async fn a_profile_without_any_way_to_credentials_is_no_profile_to_sign_in_with() {
    let world = World::start().await;
    let config = b"[profile empty]\nregion = eu-central-1\n";
    let (code, said) = told(&world, &[("config", config)], &["sign-in", "empty"]).await;
    assert_eq!(code, Some(10), "{said}");
    one_sentence(&said, &["empty has no credentials", "aws configure"]);
}

#[tokio::test]
async fn a_program_that_is_missing_is_told_as_that_and_not_in_its_shells_words() {
    let world = World::start().await;
    let config = b"[profile p]\nregion = eu-central-1\n\
                   credential_process = /nowhere/helper --for p\n";
    let arguments = [
        "forward",
        "--profile",
        "p",
        "--target",
        "i-1",
        "--remote-port",
        "1",
    ];
    let (code, said) = told(&world, &[("config", config)], &arguments).await;
    assert_eq!(code, Some(10), "{said}");
    one_sentence(
        &said,
        &["program /nowhere/helper", "does not exist", "full path"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_besides_a_missing_region_is_told_at_once() {
    let world = World::start().await;
    let config =
        b"[profile p]\nrole_arn = arn:aws:iam::111111111111:role/r\nsource_profile = gone\n";
    let targets = ["targets", "--profile", "p"];
    let (code, said) = told(&world, &[("config", config)], &targets).await;
    assert_eq!(code, Some(10), "{said}");
    one_sentence(
        &said,
        &[
            "No region is set",
            "source profile gone",
            "--region",
            "Add profile gone",
        ],
    );
}
