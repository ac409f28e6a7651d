//! Programs and services that do not answer are waited for within one deadline, and Ctrl-C ends each
//! wait.

use std::fs;

use tokio::net::TcpListener;

use super::{company, culvert, now, text_of, unpacked};
use crate::json::object;
use crate::support::{REGION, Running, TARGET, World, carries, run};

/// A service that takes connections and says nothing; the tunnels are told to ask it.
async fn silent(world: &World) -> TcpListener {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let text = fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    let text = text.replace(&world.sim.endpoint_url(), &endpoint);
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    silent
}

/// A program that runs a tunnel which was never saved, and stands still.
async fn frozen(world: &World) -> Running {
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .args(["forward", "--name", "Aside", "--region", REGION])
        .args(["--target", TARGET])
        .args(["--remote-port", &world.destination.port().to_string()])
        .args(["--endpoint-url", &world.sim.endpoint_url()]);
    let mut running = Running::start(command);
    carries(&running.listening().await).await;
    running.signal("STOP").await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_stands_still_and_a_service_that_is_silent_are_lines_in_the_bundle() {
    let world = company().await;
    let _frozen = frozen(&world).await;
    let _silent = silent(&world).await;
    fs::write(world.path("a.log"), format!("{}  INFO tunnel: up\n", now())).unwrap();
    let arguments = ["diagnose", "Orders", "--output", "bundle.zip"];
    let ended = run(culvert(&world, &arguments)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let files = unpacked(&world.path("bundle.zip"));
    let collecting = text_of(&files, "collecting.txt");
    for lack in [
        " runs and does not answer: ",
        "The doctor was not done after ",
    ] {
        assert!(collecting.contains(lack), "{collecting}");
    }
    // The rest is there all the same.
    for file in [
        "summary.md",
        "logs/developer.log",
        "doctor.jsonl",
        "tunnels.json",
    ] {
        text_of(&files, file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_interrupts_the_first_wait_of_all_gets_nothing() {
    let world = company().await;
    let _frozen = frozen(&world).await;
    // It would have to be known which tunnels run to say that there is none of this name.
    let arguments = ["diagnose", "nobody", "--json", "--output", "bundle.zip"];
    let mut asking = Running::start(culvert(&world, &arguments));
    asking
        .line_with(|line| object(line)["stage"] == "reading")
        .await;
    let ended = asking.stopped_by("INT").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("Nothing was written"), "{ended:?}");
    assert!(!world.path("bundle.zip").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_in_a_bundle_knows_that_a_port_is_the_tunnels_own() {
    let world = company().await;
    let mut orders = Running::start(culvert(&world, &["forward", "Orders"]));
    let address = orders.listening().await;
    // From now on the settings name the port that it has.
    let port = address.rsplit(':').next().unwrap();
    let text = fs::read_to_string(world.path("config/tunnels.toml")).unwrap();
    let text = text.replacen("[[tunnel]]", &format!("[[tunnel]]\nlocal_port = {port}"), 1);
    fs::write(world.path("config/tunnels.toml"), text).unwrap();
    for names in [&["Orders"][..], &[]] {
        let arguments = [&["diagnose", "--output", "bundle.zip"], names].concat();
        let ended = run(culvert(&world, &arguments)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let files = unpacked(&world.path("bundle.zip"));
        let doctor = text_of(&files, "doctor.jsonl");
        let own = format!(":{port} itself.");
        assert!(doctor.contains(&own), "{doctor}");
        assert!(!doctor.contains("port-in-use-by-culvert"), "{doctor}");
        fs::remove_file(world.path("bundle.zip")).unwrap();
    }
    assert_eq!(orders.stopped_by("TERM").await.code, Some(0));
}
