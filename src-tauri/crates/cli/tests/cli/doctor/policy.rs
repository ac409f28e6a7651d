//! The least policy of saved tunnels.

use serde_json::{Value, json};
use ssm_sim::{Deny, Settings};

use crate::support::{REGION, TARGET, World, fast, run};

/// Saves a tunnel to a port of a target, at the world's service.
pub(super) fn save(world: &World, name: &str, target: &str) {
    use std::io::Write as _;
    let folder = world.path(".config/culvert");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("tunnels.toml");
    let is_new = !path.exists();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    if is_new {
        writeln!(file, "version = 2").unwrap();
    }
    write!(
        file,
        "\n[[tunnel]]\nname = \"{name}\"\ntarget = \"{target}\"\nremote_port = 5432\n\
         region = \"{REGION}\"\nendpoint_url = \"{}\"\n",
        world.sim.endpoint_url()
    )
    .unwrap();
}

fn policy(out: &[String]) -> Value {
    serde_json::from_str(&out.join("\n")).unwrap_or_else(|error| panic!("{error}: {out:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_names_the_account_and_the_targets_and_leaves_out_the_key_for_shells() {
    let settings = Settings {
        kms_key_id: Some("0123-4567".to_owned()),
        ..fast()
    };
    let world = World::start_with(settings).await;
    save(&world, "one", TARGET);
    save(&world, "two", "i-0bbbbbbbbbbbbbbbb");
    let mut command = world.program();
    command.arg("iam-policy");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err.matches("0123-4567").count(), 1, "{ended:?}");
    assert!(
        ended.err.contains("that key is for shell sessions"),
        "{ended:?}"
    );
    let policy = policy(&ended.out);
    let start = &policy["Statement"][0];
    assert_eq!(start["Action"], "ssm:StartSession");
    assert_eq!(
        start["Resource"],
        json!([
            format!("arn:aws:ec2:{REGION}:123456789012:instance/{TARGET}"),
            format!("arn:aws:ec2:{REGION}:123456789012:instance/i-0bbbbbbbbbbbbbbbb"),
            format!("arn:aws:ssm:{REGION}::document/AWS-StartPortForwardingSession"),
        ])
    );
    let text = policy.to_string();
    assert!(!text.contains("kms"), "{text}");

    let mut command = world.program();
    command.args(["iam-policy", "two"]);
    let text = run(command).await.out.join("\n");
    assert!(
        !text.contains(TARGET) && text.contains("i-0bbbbbbbbbbbbbbbb"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_is_left_open_and_said() {
    let world = World::start().await;
    world.sim.faults().deny(Deny::action("ssm:GetDocument"));
    let mut command = world.program();
    command
        .args(["iam-policy", "--target", TARGET, "--region", "cn-north-1"])
        .args(["--endpoint-url", &world.sim.endpoint_url()])
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("The account is left open"), "{ended:?}");
    let text = policy(&ended.out).to_string();
    let arn = format!("arn:aws-cn:ec2:cn-north-1:*:instance/{TARGET}");
    assert!(text.contains(&arn), "{text}");

    let mut command = world.program();
    command.arg("iam-policy");
    let ended = run(command).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.err.contains("culvert import"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_only_a_registered_name_finds_is_said_to_be_left_out() {
    let world = World::start().await;
    let policy_of = |target: &str, further: &[&str]| {
        let mut command = world.program();
        command
            .args(["iam-policy", "--target", target, "--region", REGION])
            .args(["--endpoint-url", &world.sim.endpoint_url()])
            .args(further);
        run(command)
    };
    let named = policy_of("name:bastion", &[]).await;
    for word in ["registered as bastion", "Name=bastion", "mi-"] {
        assert!(named.err.contains(word), "{word}: {named:?}");
    }
    let text = policy(&named.out).to_string();
    assert!(text.contains("ssm:resourceTag/Name"), "still IAM's: {text}");
    for target in ["tag:Role=bastion", TARGET, "mi-0123456789abcdef0"] {
        let other = policy_of(target, &[]).await;
        assert!(other.err.is_empty(), "{other:?}");
    }

    let json = policy_of("name:bastion@newest", &["--json"]).await;
    assert!(json.err.is_empty() && json.out.len() == 1, "{json:?}");
    let object = crate::json::object(&json.out[0]);
    assert_eq!(object["event"], "policy");
    assert_eq!(object["policy"]["Version"], "2012-10-17");
    let notes = object["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["code"], "registered-name");
    assert_eq!(notes[0]["target"], "name:bastion@newest");
    assert!(
        notes[0]["what"].as_str().unwrap().contains("mi-"),
        "{notes:?}"
    );
}
