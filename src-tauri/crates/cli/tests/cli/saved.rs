//! Saved tunnels on the command line: `culvert list`, `culvert forward NAME`, `culvert remove`.

use std::fs;

use tokio::process::Command;

use crate::json::object;
use crate::support::{Ended, REGION, Running, TARGET, World, carries, run};

const ORDERS: &str = "5d1c4a37-3c0e-4c43-9b0b-7c5461f28d0e";

fn culvert(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .args(arguments);
    command
}

async fn done(world: &World, arguments: &[&str]) -> Ended {
    run(culvert(world, arguments)).await
}

/// A file as people write it.
async fn world_with_tunnels() -> World {
    let world = World::start().await;
    let (endpoint, port) = (world.sim.endpoint_url(), world.destination.port());
    let text = format!(
        "version = 2\n\n[[tunnel]]\nid = '{ORDERS}'\nname = 'Orders'\ntarget = '{TARGET}'\n\
         remote_port = {port}\nregion = '{REGION}'\nendpoint_url = '{endpoint}'\n\n\
         [[tunnel]]\nname = 'Billing (dev)'\ntarget = 'i-0b'\nremote_host = 'db.internal'\n\
         remote_port = 5432\nbind = '::1'\nlocal_port = 5433\nprofile = 'dev'\nlazy = 10\n\n\
         [[tunnel]]\nname = 'Billing (prod)'\ntarget = 'i-0c'\nremote_port = 3389\n\
         bind = '/run/billing.sock'\nkeys = 'mine'\n"
    );
    fs::create_dir(world.path("config")).unwrap();
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_tunnels_are_listed_with_their_addresses_destinations_and_profiles() {
    let world = world_with_tunnels().await;
    let ended = done(&world, &["list"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out.len(), 4, "{ended:?}");
    for (line, words) in [
        (0, ["NAME", "LISTENS AT", "LEADS TO", "PROFILE"]),
        (1, ["Orders", "localhost, any free port", TARGET, REGION]),
        (
            2,
            ["Billing (dev)", "[::1]:5433", "db.internal:5432", "dev"],
        ),
        (
            3,
            [
                "Billing (prod)",
                "/run/billing.sock",
                "port 3389 of the target",
                "(keys mine)",
            ],
        ),
    ] {
        for word in words {
            assert!(
                ended.out[line].contains(word),
                "{word:?} is not in {:?}",
                ended.out[line]
            );
        }
    }
    let ended = done(&world, &["list", "--json"]).await;
    let objects: Vec<_> = ended.out.iter().map(|line| object(line)).collect();
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[0]["event"], "tunnel");
    assert_eq!(objects[0]["id"], ORDERS);
    assert_eq!(objects[1]["remoteHost"], "db.internal");
    assert_eq!(objects[1]["localPort"], 5433);
    assert_eq!(objects[1]["profile"], "dev");
    assert_eq!(objects[1]["lazy"], "10");
    assert_eq!(objects[2]["keys"], "mine");
    assert!(objects[2].get("remoteHost").is_none(), "{:?}", objects[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_saved_tunnels_the_list_says_how_to_get_one() {
    let world = World::start().await;
    let ended = done(&world, &["list"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.concat().contains("culvert import"), "{ended:?}");
    assert!(done(&world, &["list", "--json"]).await.out.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_tunnel_is_started_by_its_name_and_options_win_for_this_once() {
    let world = world_with_tunnels().await;
    for name in ["Orders", "ord", ORDERS] {
        let mut tunnel = Running::start(culvert(&world, &["forward", name, "--bind", "127.0.0.1"]));
        let address = tunnel.listening().await;
        assert!(address.starts_with("127.0.0.1:"), "{address}");
        carries(&address).await;
        assert_eq!(tunnel.stopped_by("TERM").await.code, Some(0));
    }
    // Nobody listens there, as the session finds out.
    let ended = done(
        &world,
        &["forward", "Orders", "--endpoint-url", "http://127.0.0.1:1"],
    )
    .await;
    assert_eq!(ended.code, Some(15), "{ended:?}");
    let saved = fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    assert!(!saved.contains("127.0.0.1:1'"), "{saved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_means_no_tunnel_or_several_is_refused_with_those_there_are() {
    let world = world_with_tunnels().await;
    let ended = done(&world, &["forward", "bill"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended.err.contains("Billing (dev), Billing (prod)"),
        "{ended:?}"
    );
    let ended = done(&world, &["forward", "demo"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(
        ended
            .err
            .contains("There are: Orders, Billing (dev), Billing (prod)."),
        "{ended:?}"
    );
    let ended = done(&world, &["forward", "Billing (prod)", "--local-port", "1"]).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.err.contains("has no port"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_is_removed_by_its_whole_name_only() {
    let world = world_with_tunnels().await;
    assert_eq!(done(&world, &["remove", "Ord"]).await.code, Some(10));
    assert_eq!(done(&world, &["list"]).await.out.len(), 4);
    let ended = done(&world, &["remove", "Orders"]).await;
    assert_eq!(
        (ended.code, ended.out.as_slice()),
        (Some(0), &["removed Orders".to_owned()][..])
    );
    assert_eq!(done(&world, &["list"]).await.out.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_wrong_is_named_with_its_line() {
    let world = world_with_tunnels().await;
    let path = world.path("config/tunnels.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("remote_port = 5432", "remote_port = 99999"),
    )
    .unwrap();
    for arguments in [
        &["list"][..],
        &["forward", "Orders"],
        &["remove", "Orders"],
        &["import", "ssh -L 1:a:2 i-0123456789abcdef0"],
    ] {
        let ended = done(&world, arguments).await;
        assert_eq!(ended.code, Some(10), "{arguments:?}: {ended:?}");
        for words in ["tunnels.toml", "line 11", "remote_port"] {
            assert!(
                ended.err.contains(words),
                "{words:?} is not said: {ended:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_are_exported_and_imported_with_what_differs_told_and_nothing_overwritten() {
    let world = world_with_tunnels().await;
    let exported = done(&world, &["export", "Orders", "Billing (dev)"]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let text = exported.out.join("\n") + "\n";
    assert!(!text.contains("Billing (prod)"), "{text}");
    let file = world.path("given.toml");
    let path = file.to_str().unwrap();
    fs::write(
        &file,
        text.replace("remote_port = 5432", "remote_port = 5439"),
    )
    .unwrap();
    let saved = || fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    let before = saved();

    let left = done(&world, &["import", path]).await;
    assert_eq!(left.code, Some(0), "{left:?}");
    assert!(left.out[0].contains("Orders is saved as it is"), "{left:?}");
    assert!(left.out[1].contains("--replace"), "{left:?}");
    assert_eq!(left.out[2], "  remote_port: 5432 -> 5439");
    assert_eq!(saved(), before);

    let beside = done(&world, &["import", "--beside", "--json", path]).await;
    let line = object(&beside.out[1]);
    assert_eq!(line["difference"], "changed", "{beside:?}");
    assert_eq!(line["done"], "savedBeside");
    assert!(saved().contains("Billing (dev) (2)"));

    let replaced = done(&world, &["import", "--replace", path]).await;
    assert_eq!(replaced.code, Some(0), "{replaced:?}");
    assert!(!saved().contains("remote_port = 5432"), "{}", saved());

    fs::write(&file, "version = 2\n[[tunnel]]\nname = 3\n").unwrap();
    let before = saved();
    let broken = done(&world, &["import", path]).await;
    assert_ne!(broken.code, Some(0));
    assert!(
        format!("{broken:?}").contains("line 3, column 8"),
        "{broken:?}"
    );
    assert_eq!(saved(), before);
}
