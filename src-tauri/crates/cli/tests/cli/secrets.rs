//! What must not be seen is not seen, however much is logged.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use ssm_sim::Credentials;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{REGION, Running, TARGET, World, carries, fast, run, soon};

#[tokio::test(flavor = "multi_thread")]
async fn neither_keys_nor_tokens_are_ever_printed() {
    let session_token = "planted-session-token";
    let settings = ssm_sim::Settings {
        credentials: Credentials {
            session_token: Some(session_token.to_owned()),
            ..Credentials::default()
        },
        ..fast()
    };
    let world = World::start_with(settings).await;
    let (endpoint, overheard) = eavesdrop(world.sim.address()).await;

    for format in [&[][..], &["--json"]] {
        let mut command = world.program();
        command
            .args(["forward", "--target", TARGET, "--region", REGION])
            .args(["--remote-port", &world.destination.port().to_string()])
            .args(["--endpoint-url", &format!("http://{endpoint}")])
            .args(format)
            .env("CULVERT_LOG", "trace")
            .env_remove("CULVERT_LOG_FILE");
        let mut culvert = Running::start(command);
        let line = culvert.line_with(|line| line.contains("listening")).await;
        let address = line.split(['"', ' ']).find(|word| word.contains("127."));
        let before = world.sim.stats().channels_opened;
        carries(address.unwrap()).await;
        world.sim.faults().close(1000, "Bye");
        let again = world
            .sim
            .wait_for(|_, stats| stats.channels_opened > before);
        soon(again).await;
        carries(address.unwrap()).await;
        let ended = culvert.stopped_by("TERM").await;
        assert_eq!(ended.code, Some(0));

        let said = format!("{line}\n{}\n{}", ended.out.join("\n"), ended.err);
        assert!(
            said.contains("TRACE") || said.contains("DEBUG"),
            "nothing was logged"
        );
        let (_, secret_key, _) = world.sim.credentials();
        let heard = String::from_utf8_lossy(&overheard.lock().unwrap()).into_owned();
        let tokens: Vec<_> = heard
            .split("\"TokenValue\":\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(
            tokens.len() >= 2,
            "no tokens were heard of: StartSession and ResumeSession give one each"
        );
        for secret in tokens
            .into_iter()
            .chain([secret_key.as_str(), session_token])
        {
            let found = said.lines().find(|line| line.contains(secret));
            assert_eq!(found, None, "a secret was printed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_into_the_file_that_is_named_for_it() {
    let world = World::start().await;
    let log = world.path("a.log");
    let mut command = world.forward(&[]);
    command
        .env("CULVERT_LOG", "debug")
        .env("CULVERT_LOG_FILE", &log);
    let mut culvert = Running::start(command);
    culvert.listening().await;
    let ended = culvert.stopped_by("TERM").await;
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains(" DEBUG "), "{text}");

    // A file that can't be is no reason not to run, and is said.
    let mut command = world.forward(&[]);
    command.env("CULVERT_LOG_FILE", world.path("no/such/folder/a.log"));
    let mut culvert = Running::start(command);
    culvert.listening().await;
    let ended = culvert.stopped_by("TERM").await;
    assert!(ended.err.contains("CULVERT_LOG_FILE"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_asked_for_lies_in_the_log_folder_and_one_that_is_not_lies_nowhere() {
    let world = World::start().await;
    let state = world.path("state");
    let run = async |extra: &[&str]| {
        let mut command = world.forward(extra);
        command.env("CULVERT_STATE_DIR", &state);
        let mut culvert = Running::start(command);
        culvert.listening().await;
        assert_eq!(culvert.stopped_by("TERM").await.code, Some(0));
    };
    run(&[]).await;
    assert!(!state.join("log").exists(), "nobody has asked for it");
    run(&["--log", "debug"]).await;
    let mut files = std::fs::read_dir(state.join("log")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.lines().all(|line| line.starts_with("20")), "{text}");
    assert!(text.contains(" DEBUG tunnel::"), "{text}");
}

/// A way to the service on which all that it answers is kept.
async fn eavesdrop(service: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let overheard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&overheard);
    // It ends with the test's runtime.
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(service).await.unwrap();
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = near.into_split();
                let (mut from_service, mut to_service) = far.into_split();
                let up = tokio::io::copy(&mut from_client, &mut to_service);
                let down = async {
                    let mut buffer = vec![0; 16 * 1024];
                    while let Ok(count @ 1..) = from_service.read(&mut buffer).await {
                        kept.lock().unwrap().extend_from_slice(&buffer[..count]);
                        if to_client.write_all(&buffer[..count]).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::select! {
                    _ = up => {}
                    () = down => {}
                }
            });
        }
    });
    (address, overheard)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_credential_process_complains_of_is_neither_printed_nor_recorded() {
    let world = World::start().await;
    let script = "echo '+ vault read --password planted-1word' >&2\n\
                  echo 'SecretAccessKey=planted-secret: no role for team-a' >&2\nexit 3\n";
    world.keys_by_script("give-no-keys", script);
    let said = run(world.forward(&["--profile", "p"])).await;
    assert_eq!(said.code, Some(12), "{said:?}");
    let mut history = world.program();
    history.args(["history", "--json"]);
    let history = run(history).await;
    let mut doctor = world.program();
    doctor.args(["doctor", "--profile", "p", "--region", REGION]);
    let doctor = run(doctor).await;
    for told in [&said, &history, &doctor] {
        assert!(format!("{told:?}").contains("run it by hand"), "{told:?}");
        assert!(!format!("{told:?}").contains("team-a"), "{told:?}");
        assert!(!format!("{told:?}").contains("planted-"), "{told:?}");
    }
}
