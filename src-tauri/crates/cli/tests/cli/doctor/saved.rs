//! All saved tunnels at once, of whatever accounts they are.

use super::*;

/// A home with profiles of these names, of which each saved tunnel of `tunnels` has one, and
/// nothing that would be the default.
fn settle(world: &World, profiles: &[&str], tunnels: &[(&str, &str)]) {
    let (id, secret, token) = world.sim.credentials();
    let mut config = String::new();
    for profile in profiles {
        config.push_str(&format!(
            "[profile {profile}]\nregion = {REGION}\naws_access_key_id = {id}\n\
             aws_secret_access_key = {secret}\n"
        ));
        if let Some(token) = &token {
            config.push_str(&format!("aws_session_token = {token}\n"));
        }
    }
    std::fs::create_dir_all(world.path(".aws")).unwrap();
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let mut file = "version = 2\n".to_owned();
    for (name, profile) in tunnels {
        file.push_str(&format!(
            "\n[[tunnel]]\nname = \"{name}\"\ntarget = \"{TARGET}\"\nremote_port = 5432\n\
             profile = \"{profile}\"\nendpoint_url = \"{}\"\n",
            world.sim.endpoint_url()
        ));
    }
    std::fs::create_dir_all(world.path(".config/culvert")).unwrap();
    std::fs::write(world.path(".config/culvert/tunnels.toml"), file).unwrap();
}

async fn all(world: &World, further: &[&str]) -> Report {
    let mut command = world.program();
    command
        .arg("doctor")
        .args(further)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("AWS_SESSION_TOKEN");
    reported(command).await
}

fn abouts<'a>(report: &'a Report, check: &str) -> Vec<&'a str> {
    let of_check = report.lines.iter().filter(|line| line["check"] == check);
    of_check
        .map(|line| line["about"].as_str().unwrap_or_default())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_named_profiles_alone_hears_of_their_tunnels_and_of_no_default() {
    let world = World::start().await;
    settle(&world, &["orders"], &[("one", "orders"), ("two", "orders")]);
    let report = all(&world, &[]).await;
    assert_eq!(report.code, Some(0), "{report:#?}");
    report.all_else_is_fine(&[]);
    report.says("settings", "ok", &["Profile orders", REGION]);
    // What they share is looked at once.
    for check in ["settings", "credentials", "dns", "identity"] {
        assert_eq!(abouts(&report, check), [""], "{check}");
    }
    for check in ["local-port", "target", "agent"] {
        assert_eq!(abouts(&report, check), ["one", "two"], "{check}");
    }

    // The default is looked at where options ask for it.
    let url = world.sim.endpoint_url();
    let report = all(&world, &["--region", REGION, "--endpoint-url", &url]).await;
    assert_eq!(report.code, Some(12), "{report:#?}");
    let found = abouts(&report, "settings");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("default credentials"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_work_keeps_nobody_from_looking_at_the_others() {
    let world = World::start().await;
    settle(&world, &["good"], &[("one", "gone"), ("two", "good")]);
    let report = all(&world, &[]).await;
    assert_eq!(report.code, Some(10), "{report:#?}");
    let of = |check: &str, about: &str| {
        let found = report.lines.iter().find(|line| {
            let named = line["about"].as_str().unwrap_or_default();
            line["check"] == check && named.starts_with(about)
        });
        found.unwrap_or_else(|| panic!("no {check} of {about}: {report:#?}"))
    };
    assert_eq!(of("settings", "profile gone")["code"], "unknown-profile");
    assert_eq!(of("identity", "profile gone")["because"], "settings");
    assert_eq!(of("target", "one")["because"], "settings");
    assert_eq!(of("identity", "profile good")["verdict"], "ok");
    assert_eq!(of("target", "two")["verdict"], "ok");
    report.advises("ghosts", "warning", "unknown-profile", &["gone"], &["good"]);
}
