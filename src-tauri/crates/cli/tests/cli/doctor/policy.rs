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
async fn the_policy_names_the_account_the_targets_and_the_key() {
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
    assert!(ended.err.is_empty(), "{ended:?}");
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
    let key = format!("arn:aws:kms:{REGION}:123456789012:key/0123-4567");
    assert!(text.contains(&key), "{text}");

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
