//! The saved tunnels' file in the worst of cases: the program is killed while it writes, the disk
//! takes no more.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::support::{Running, TARGET, World, carries, run, soon};

/// Large enough that it takes more than one write.
const SAVED: usize = 400;

fn tunnels(names: impl IntoIterator<Item = String>) -> String {
    let entries = names.into_iter().map(|name| {
        format!("\n[[tunnel]]\nname = '{name}'\ntarget = '{TARGET}'\nremote_port = 22\n")
    });
    format!("version = 2\n{}", entries.collect::<String>())
}

fn saved() -> String {
    tunnels((0..SAVED).map(|number| format!("Tunnel {number}")))
}

fn folder_with(world: &World, text: &str) -> PathBuf {
    let folder = world.path("config");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("tunnels.toml"), text).unwrap();
    folder
}

fn culvert(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.program();
    command
        .env("CULVERT_CONFIG_DIR", world.path("config"))
        .args(arguments);
    command
}

/// The program where no file can have a byte: a full disk, for whoever is not root.
fn on_a_full_disk(world: &World, program: &Command) -> Command {
    let program = program.as_std();
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        // What is kept of a run is a file, too.
        .env_remove("CULVERT_LOG_FILE")
        .env_remove("CULVERT_LOG")
        .env("CULVERT_STATE_DIR", world.path("state"));
    command
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_kills_it_while_it_writes_leaves_the_old_tunnels_or_the_new_ones() {
    let world = World::start().await;
    let (old, folder) = (saved(), folder_with(&world, &saved()));
    let path = folder.join("tunnels.toml");
    let mut changed = None;
    for _ in 0..20 {
        fs::write(&path, &old).unwrap();
        let before = names(&folder);
        let mut child = culvert(&world, &["remove", "Tunnel 7"])
            .kill_on_drop(true)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // As soon as it has begun to write, whatever it has written by then.
        soon(async {
            while names(&folder) == before && child.try_wait().unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        child.kill().await.unwrap();
        let text = fs::read_to_string(&path).unwrap();
        if text != old {
            let new = changed.get_or_insert_with(|| text.clone());
            assert_eq!(&text, new, "a change is there as a whole");
            assert_eq!(text.matches("[[tunnel]]").count(), SAVED - 1);
        }
    }
    // Nothing that the dead have left is in the way of the next one.
    let ended = run(culvert(&world, &["remove", "Tunnel 8"])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!fs::read_to_string(&path).unwrap().contains("'Tunnel 8'"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_more_leaves_the_tunnels_as_they_were_and_says_what_helps() {
    let world = World::start().await;
    let folder = folder_with(&world, &saved());
    let before = names(&folder);
    let remove = culvert(&world, &["remove", "Tunnel 7"]);
    let ended = run(on_a_full_disk(&world, &remove)).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    assert!(ended.err.contains("The file is as it was."), "{ended:?}");
    let text = fs::read_to_string(folder.join("tunnels.toml")).unwrap();
    assert_eq!(text, saved());
    let left: Vec<_> = names(&folder).difference(&before).cloned().collect();
    assert!(left.iter().all(|name| name.contains("lock")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_carries_and_ends_cleanly_where_nothing_can_be_kept_of_it() {
    let world = World::start().await;
    let forward = world.forward(&["--name", "Orders"]);
    let mut running = Running::start(on_a_full_disk(&world, &forward));
    let address = running.listening().await;
    carries(&address).await;
    running.signal("TERM").await;
    let ended = running.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("can't be kept"), "{ended:?}");
    world.all_ended().await;
}
