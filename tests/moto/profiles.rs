//! Kinds of profiles, from their files to a tunnel: the real program with a home of its own,
//! credentials handed out by a mock of IAM and STS that nobody here wrote, and a simulated service that checks each signature.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use culvert_tests::kept::{Home, Overheard};
use culvert_tests::{Destination, TARGET, echo};
use ssm_sim::{Credentials, Settings, Simulator};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::relay::{Asked, Relay, element};
use crate::server::{Moto, REGION};

const IAM: &str = "2010-05-08";

/// Only what hangs is ever waited for as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An account, a service in it, and somebody's home.
pub(crate) struct World {
    pub(crate) moto: Moto,
    /// STS, which knows what it has handed out.
    pub(crate) sts: Relay,
    pub(crate) sim: std::sync::Arc<Simulator>,
    destination: Destination,
    home: Home,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_targets(Moto::start().await, Vec::new()).await
    }

    /// With these targets besides all nodes.
    pub(crate) async fn with_targets(moto: Moto, targets: Vec<ssm_sim::Target>) -> Self {
        let settings = Settings {
            targets,
            ..Settings::default()
        };
        let sim = Simulator::start(settings).await.unwrap();
        let sim = std::sync::Arc::new(sim);
        let accepting = std::sync::Arc::clone(&sim);
        let sts = Relay::to(&moto.url(), move |handed_out| accepting.accept(handed_out)).await;
        Self {
            moto,
            sts,
            sim,
            destination: Destination::start().await.unwrap(),
            home: Home::new().unwrap(),
        }
    }

    /// A user of the account, whose keys the service takes.
    pub(crate) async fn user(&self, name: &str) -> Credentials {
        let user = [("UserName", name)];
        self.moto.query("iam", IAM, "CreateUser", &user).await;
        let made = self.moto.query("iam", IAM, "CreateAccessKey", &user).await;
        let keys = Credentials {
            access_key: element(&made, "AccessKeyId").unwrap(),
            secret_key: element(&made, "SecretAccessKey").unwrap(),
            session_token: None,
        };
        self.sim.accept(keys.clone());
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes both files. Where the services are, the profiles say themselves (`services`); those
    /// that only lists ask are all at `lists`.
    pub(crate) fn files_with_lists(&self, config: &str, credentials: &str, lists: &str) {
        let at = ["ec2", "ecs"].map(|name| format!("{name} =\n  endpoint_url = {lists}\n"));
        self.write(config, credentials, &at.concat());
    }

    /// Writes both files. Where the services are, the profiles say themselves (`services`).
    pub(crate) fn files(&self, config: &str, credentials: &str) {
        self.write(config, credentials, "");
    }

    fn write(&self, config: &str, credentials: &str, more_services: &str) {
        std::fs::create_dir_all(self.path(".aws")).unwrap();
        let services = format!(
            "[services here]\nssm =\n  endpoint_url = {}\nsts =\n  endpoint_url = {}\n",
            self.sim.endpoint_url(),
            self.sts.url(),
        );
        let config = format!("{config}{services}{more_services}");
        std::fs::write(self.path(".aws/config"), config).unwrap();
        std::fs::write(self.path(".aws/credentials"), credentials).unwrap();
    }

    /// Runs `culvert` to its end; gives what it printed and what it complained of.
    pub(crate) async fn said(&self, arguments: &[&str]) -> (String, String) {
        let mut command = self.program();
        let ended = timeout(PATIENCE, command.args(arguments).output()).await;
        let ended = ended.unwrap().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(ended.stdout), text(ended.stderr))
    }

    fn program(&self) -> Command {
        let mut culvert = Command::new(beside_this_one());
        culvert
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .envs(self.home.log_variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        culvert
    }

    /// Runs `culvert forward` until bytes have gone through it and back. Returns the access key
    /// that the session was started with.
    pub(crate) async fn carries(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        self.carries_to(TARGET, arguments, variables).await
    }

    /// The same to this target.
    pub(crate) async fn carries_to(
        &self,
        target: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> String {
        let before = self.sim.callers().len();
        let mut culvert = self
            .program()
            .args(["forward", "--target", target, "--sessions", "1"])
            .args(["--remote-port", &self.destination.port().to_string()])
            .args(arguments)
            .envs(variables.iter().copied())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", beside_this_one().display()));
        let out = Overheard::new(culvert.stdout.take().unwrap(), "out").unwrap();
        let mut out = BufReader::new(out).lines();
        let mut stderr = Overheard::new(culvert.stderr.take().unwrap(), "err").unwrap();
        let first = timeout(PATIENCE, out.next_line()).await.unwrap().unwrap();
        let Some(address) = first
            .as_deref()
            .and_then(|line| line.strip_prefix("listening "))
        else {
            let mut err = String::new();
            stderr.read_to_string(&mut err).await.unwrap();
            panic!("it does not listen: {err}");
        };
        let mut stream = TcpStream::connect(address).await.unwrap();
        timeout(PATIENCE, echo(&mut stream, b"through the tunnel"))
            .await
            .unwrap()
            .unwrap();
        drop(stream);
        // Ended in order, so that the next one has no sessions to clean up.
        let id = culvert.id().unwrap().to_string();
        let kill = ["-c", "kill -s TERM \"$1\"", "sh", &id];
        assert!(
            Command::new("sh")
                .args(kill)
                .status()
                .await
                .unwrap()
                .success()
        );
        let mut said = String::new();
        timeout(PATIENCE, stderr.read_to_string(&mut said))
            .await
            .unwrap()
            .unwrap();
        let status = timeout(PATIENCE, culvert.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status}: {said}");
        let callers = self.sim.callers().split_off(before);
        let key = callers[0].access_key.clone();
        assert!(
            callers.iter().all(|caller| caller.region == REGION),
            "{callers:?}"
        );
        key
    }

    /// Who asked STS for what, as `KEY ROLE`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let told = |asked: Asked| {
            let role = asked.role.rsplit('/').next().unwrap_or_default().to_owned();
            format!(
                "{} {role}",
                asked.access_key.unwrap_or_else(|| "nobody".to_owned())
            )
        };
        self.sts.asked().into_iter().map(told).collect()
    }

    pub(crate) fn handed_out(&self) -> Vec<String> {
        self.sts.handed_out()
    }
}

/// Cargo puts all programs into one directory, and the tests into one below it.
fn beside_this_one() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.parent().and_then(Path::parent).unwrap();
    folder.join(format!("culvert{}", std::env::consts::EXE_SUFFIX))
}

pub(crate) fn profile(name: &str, text: &str) -> String {
    format!("[profile {name}]\nregion = {REGION}\nservices = here\n{text}\n")
}

pub(crate) fn role(name: &str) -> String {
    format!("role_arn = arn:aws:iam::123456789012:role/{name}")
}

pub(crate) fn keys(name: &str, keys: &Credentials) -> String {
    let Credentials {
        access_key,
        secret_key,
        ..
    } = keys;
    format!("[{name}]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_profile_with_keys_opens_a_tunnel_with_them() {
    let world = World::start().await;
    let alice = world.user("alice").await;
    world.files(&profile("alice", ""), &keys("alice", &alice));
    let used = world.carries(&["--profile", "alice"], &[]).await;
    assert_eq!(used, alice.access_key);
    assert!(world.asked().is_empty(), "STS has nothing to do with keys");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn chains_of_one_two_and_three_roles_are_gone_from_their_beginning() {
    let world = World::start().await;
    let alice = world.user("alice").await;
    let config = [
        profile("one", &format!("{}\nsource_profile = alice", role("one"))),
        profile("two", &format!("{}\nsource_profile = one", role("two"))),
        profile(
            "three",
            &format!("{}\nsource_profile = two\nexternal_id = x", role("three")),
        ),
    ];
    world.files(&config.concat(), &keys("alice", &alice));
    let mut expected = Vec::new();
    for (profile, roles) in [("one", 1), ("two", 2), ("three", 3)] {
        let before = world.asked().len();
        let used = world.carries(&["--profile", profile], &[]).await;
        // Credentials are found anew for each call: StartSession, then the upgrade.
        let asked = world.asked().split_off(before);
        let handed_out = world.handed_out().split_off(before);
        assert!(asked.len() >= 2 * roles, "{asked:?}");
        let mut with = alice.access_key.clone();
        expected.clear();
        for (role, given) in ["one", "two", "three"].iter().zip(&handed_out).take(roles) {
            expected.push(format!("{with} {role}"));
            with.clone_from(given);
        }
        assert_eq!(asked[..roles], expected, "{profile}");
        assert_eq!(used, with, "{profile}: the last role's");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn each_call_assumes_a_role_under_one_name() {
    let world = World::start().await;
    let alice = world.user("alice").await;
    let config = profile("one", &format!("{}\nsource_profile = alice", role("one")));
    world.files(&config, &keys("alice", &alice));
    world
        .carries(&["--profile", "one"], &[("USER", "ann")])
        .await;
    let asked = world.sts.asked();
    let names: Vec<_> = asked.iter().map(|asked| asked.session.as_str()).collect();
    assert!(names.len() > 1, "{asked:?}");
    assert!(names.iter().all(|name| *name == "culvert-ann"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn stray_variables_change_nothing_about_a_chain() {
    let world = World::start().await;
    let (alice, stray) = (world.user("alice").await, world.user("stray").await);
    let config = profile("prod", &format!("{}\nsource_profile = alice", role("prod")));
    world.files(&config, &keys("alice", &alice));
    // A mock that would hand out credentials just as well.
    let elsewhere = Relay::to(&world.moto.url(), |_| {}).await;
    let url = elsewhere.url();
    let variables = [
        ("AWS_ACCESS_KEY_ID", stray.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", stray.secret_key.as_str()),
        ("AWS_REGION", "us-west-2"),
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
        ("AWS_ENDPOINT_URL_SSM", url.as_str()),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
    ];
    let used = world.carries(&["--profile", "prod"], &variables).await;
    assert_eq!(world.asked()[0], format!("{} prod", alice.access_key));
    assert!(world.handed_out().contains(&used));
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_role_is_assumed_where_the_command_says() {
    let world = World::start().await;
    let alice = world.user("alice").await;
    let config = profile("prod", &format!("{}\nsource_profile = alice", role("prod")));
    world.files(&config, &keys("alice", &alice));
    let other = Relay::to(&world.moto.url(), {
        let sim = std::sync::Arc::clone(&world.sim);
        move |handed_out| sim.accept(handed_out)
    })
    .await;
    let sts = format!("sts={}", other.url());
    let used = world
        .carries(&["--profile", "prod", "--endpoint", &sts], &[])
        .await;
    assert!(other.handed_out().contains(&used));
    assert!(world.asked().is_empty(), "the profile's STS was asked");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_credential_process_is_a_real_program_and_a_role_may_be_behind_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::start().await;
    let alice = world.user("alice").await;
    let answer = serde_json::json!({
        "Version": 1,
        "AccessKeyId": alice.access_key,
        "SecretAccessKey": alice.secret_key,
    });
    let script = world.path("give-keys");
    std::fs::write(
        &script,
        format!("#!/bin/sh\n[ \"$1\" = --for ] && echo '{answer}'\n"),
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let command = format!("credential_process = \"{}\" --for alice", script.display());
    let behind = format!("{}\nsource_profile = process", role("behind"));
    world.files(
        &(profile("process", &command) + &profile("behind", &behind)),
        "",
    );
    let used = world.carries(&["--profile", "process"], &[]).await;
    assert_eq!(used, alice.access_key);
    let used = world.carries(&["--profile", "behind"], &[]).await;
    assert_eq!(world.asked()[0], format!("{} behind", alice.access_key));
    assert!(world.handed_out().contains(&used));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_token_of_another_identity_provider_is_exchanged_for_a_role() {
    let world = World::start().await;
    let token = world.path("token");
    std::fs::write(&token, "planted-identity-token").unwrap();
    let text = format!(
        "{}\nweb_identity_token_file = {}",
        role("web"),
        token.display()
    );
    let behind = format!("{}\nsource_profile = web", role("behind"));
    world.files(&(profile("web", &text) + &profile("behind", &behind)), "");
    let used = world.carries(&["--profile", "web"], &[]).await;
    assert_eq!(
        world.asked()[0],
        "nobody web",
        "the token is what identifies"
    );
    assert!(world.handed_out().contains(&used));
    let before = world.asked().len();
    world.carries(&["--profile", "behind"], &[]).await;
    let asked = world.asked().split_off(before);
    let first = world.handed_out()[before].clone();
    assert_eq!(
        asked[..2],
        ["nobody web".to_owned(), format!("{first} behind")]
    );
    // The same without a profile, as in a container that has it all in its environment.
    let sts = format!("sts={}", world.sts.url());
    let ssm = format!("ssm={}", world.sim.endpoint_url());
    let arn = "arn:aws:iam::123456789012:role/of-environment";
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", arn),
        ("AWS_REGION", REGION),
    ];
    world
        .carries(&["--endpoint", &sts, "--endpoint", &ssm], &variables)
        .await;
    assert!(world.asked().contains(&"nobody of-environment".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_role_behind_the_environment_is_assumed_with_its_keys() {
    let world = World::start().await;
    let alice = world.user("alice").await;
    let text = format!("{}\ncredential_source = Environment", role("ci"));
    world.files(&profile("ci", &text), "");
    let variables = [
        ("AWS_ACCESS_KEY_ID", alice.access_key.as_str()),
        ("AWS_SECRET_ACCESS_KEY", alice.secret_key.as_str()),
    ];
    let used = world.carries(&["--profile", "ci"], &variables).await;
    assert_eq!(world.asked()[0], format!("{} ci", alice.access_key));
    assert!(world.handed_out().contains(&used));
}
