//! `culvert sign-in`: through the browser or by a code, kept where the AWS CLI looks, and good
//! for every tunnel that waits.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use culvert_tests::identity_center::{IdentityCenter, Manner, Says, visit};
use serde_json::Value;
use tokio::process::Command;

use crate::json::{object, until};
use crate::support::{Ended, REGION, Running, TARGET, World, carries, one_sentence, run, soon};

/// A world with IAM Identity Center, whose role gets the simulated service's credentials.
struct Portal {
    world: World,
    center: IdentityCenter,
}

impl Portal {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Manner)) -> Self {
        let world = World::start().await;
        let mut manner = Manner {
            credentials: world.sim.credentials(),
            ..Manner::default()
        };
        change(&mut manner);
        let center = IdentityCenter::start(manner).await.unwrap();
        std::fs::create_dir(world.path(".aws")).unwrap();
        std::fs::write(world.path(".aws/config"), center.config()).unwrap();
        Self { world, center }
    }

    /// The program without any credentials in its environment, and without a screen.
    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.program();
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ] {
            command.env_remove(name);
        }
        command.args(arguments);
        command
    }

    /// The program with a screen, and with a launcher of browsers that does this.
    fn with_launcher(&self, script: &str, arguments: &[&str]) -> Command {
        let bin = self.world.path("bin");
        std::fs::create_dir_all(&bin).unwrap();
        for name in ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"] {
            let launcher = bin.join(name);
            std::fs::write(&launcher, format!("#!/bin/sh\n{script}\n")).unwrap();
            let all = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&launcher, all).unwrap();
        }
        self.with_a_screen(self.program(arguments))
    }

    /// The program with a screen, and with the launcher that was made last.
    fn with_a_screen(&self, mut command: Command) -> Command {
        let bin = self.world.path("bin");
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("DISPLAY", ":0");
        command
    }

    /// Signs in with a browser that goes where it is sent.
    async fn sign_in(&self, profile: &str) -> Ended {
        let command = self.with_launcher("exit 0", &["sign-in", profile, "--json"]);
        let mut culvert = Running::start(command);
        let page = until(&mut culvert, |line| line["event"] == "visit").await;
        soon(visit(page["url"].as_str().unwrap())).await.unwrap();
        culvert.ended().await
    }

    fn forward(&self, profile: &str) -> Command {
        let port = self.world.destination.port().to_string();
        let endpoint = self.world.sim.endpoint_url();
        self.program(&[
            "forward",
            "--json",
            "--profile",
            profile,
            "--region",
            REGION,
            "--target",
            TARGET,
            "--remote-port",
            &port,
            "--endpoint-url",
            &endpoint,
        ])
    }

    /// Where the token of `company` is kept.
    fn token_file(&self) -> PathBuf {
        // printf company | sha1sum
        let name = "71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json";
        self.world.path(".aws/sso/cache").join(name)
    }

    fn token(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.token_file()).unwrap()).unwrap()
    }

    /// Lets the access token be over, as the file has it.
    fn expire(&self) {
        let mut token = self.token();
        token["expiresAt"] = "2026-01-01T00:00:00Z".into();
        std::fs::write(self.token_file(), token.to_string()).unwrap();
    }
}

fn event(ended: &Ended, name: &str) -> Value {
    let mut all = ended.out.iter().map(|line| object(line));
    all.find(|line| line["event"] == name)
        .unwrap_or_else(|| panic!("no {name}: {ended:?}"))
}

/// What was printed holds none of the planted secrets, and no token.
fn says_no_secret(ended: &Ended) {
    let all = format!("{:?}", ended);
    assert!(!all.contains("planted-"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_comes_back_and_the_token_lies_where_the_aws_cli_looks() {
    let portal = Portal::start().await;
    let ended = portal.sign_in("orders").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(event(&ended, "signedIn")["renews"], true);
    let asked = portal.center.asked();
    assert_eq!((asked.by_code, asked.by_device), (1, 0));
    says_no_secret(&ended);

    let token = portal.token();
    assert_eq!(token["startUrl"], portal.center.start_url());
    assert_eq!(token["region"], "eu-central-1");
    for field in ["accessToken", "clientId", "clientSecret", "refreshToken"] {
        let text = token[field].as_str();
        assert!(text.is_some_and(|text| !text.is_empty()), "{field}");
    }
    for field in ["expiresAt", "registrationExpiresAt"] {
        let time = token[field].as_str().unwrap();
        assert!(time.len() == 20 && time.ends_with('Z'), "{field}: {time}");
    }
    let about = std::fs::metadata(portal.token_file()).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);

    let again = portal.sign_in("ledger").await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(portal.center.asked().registrations, 1, "it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sign_in_serves_all_profiles_of_its_session_and_wakes_the_tunnels_that_wait() {
    let portal = Portal::start().await;
    assert_eq!(portal.sign_in("orders").await.code, Some(0));
    let mut tunnels = Vec::new();
    for profile in ["orders", "ledger"] {
        let mut culvert = Running::start(portal.forward(profile));
        let listening = until(&mut culvert, |line| line["event"] == "listening").await;
        let address = listening["address"].as_str().unwrap().to_owned();
        carries(&address).await;
        tunnels.push((culvert, address));
    }
    portal.center.behave(|manner| manner.refuses_refresh = true);
    portal.expire();
    portal.world.sim.faults().close(1000, "Bye");
    for (culvert, _) in &mut tunnels {
        let line = until(culvert, |line| line["state"]["kind"] == "needsSignIn").await;
        let problem = &line["state"]["problem"];
        assert_eq!(problem["code"], "sso-login-expired");
        let remedy = problem["remedy"].as_str().unwrap();
        assert!(remedy.starts_with("Run \"culvert sign-in "), "{remedy}");
    }
    let ended = portal.sign_in("ledger").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (culvert, address) in &mut tunnels {
        until(culvert, |line| line["state"]["kind"] == "up").await;
        carries(address).await;
    }
    for (culvert, _) in tunnels {
        let ended = culvert.stopped_by("INT").await;
        assert_eq!(ended.code, Some(0));
        says_no_secret(&ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_waits_for_a_sign_in_opens_no_browser() {
    let portal = Portal::start().await;
    let opened = portal.world.path("opened");
    let note = format!("echo \"$*\" >> '{}'", opened.display());
    let opened = || std::fs::read_to_string(&opened).unwrap_or_default();
    // That the launcher is one that a sign-in finds.
    let mut culvert = Running::start(portal.with_launcher(&note, &["sign-in", "orders", "--json"]));
    let page = until(&mut culvert, |line| line["event"] == "visit").await;
    soon(visit(page["url"].as_str().unwrap())).await.unwrap();
    assert_eq!(culvert.ended().await.code, Some(0));
    soon(async {
        while opened().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let by_sign_in = opened();
    assert_eq!(by_sign_in.lines().count(), 1, "{by_sign_in}");

    let mut waiting = Running::start(portal.with_a_screen(portal.forward("orders")));
    until(&mut waiting, |line| line["event"] == "listening").await;
    portal.center.behave(|manner| manner.refuses_refresh = true);
    portal.expire();
    portal.world.sim.faults().close(1000, "Bye");
    until(&mut waiting, |line| line["state"]["kind"] == "needsSignIn").await;
    assert_eq!(waiting.stopped_by("INT").await.code, Some(0));
    // One that never was up ends, and opens none either.
    let never = run(portal.with_a_screen(portal.forward("orders"))).await;
    assert_eq!(never.code, Some(12), "{never:?}");
    assert_eq!(opened(), by_sign_in, "a tunnel has opened a page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_over_is_renewed_without_anybody_by_one_of_many() {
    let portal = Portal::start().await;
    assert_eq!(portal.sign_in("orders").await.code, Some(0));
    let first = portal.token();
    portal.expire();
    let mut tunnels: Vec<_> = ["orders", "ledger", "orders", "ledger"]
        .into_iter()
        .map(|profile| Running::start(portal.forward(profile)))
        .collect();
    for culvert in &mut tunnels {
        until(culvert, |line| line["event"] == "listening").await;
    }
    let asked = portal.center.asked();
    assert_eq!(
        (asked.by_refresh, asked.refused_refresh),
        (1, 0),
        "{asked:?}"
    );
    let renewed = portal.token();
    assert_ne!(renewed["accessToken"], first["accessToken"]);
    assert_ne!(renewed["refreshToken"], first["refreshToken"]);
    for field in [
        "clientId",
        "clientSecret",
        "registrationExpiresAt",
        "startUrl",
    ] {
        assert_eq!(renewed[field], first[field], "{field}");
    }
    let about = std::fs::metadata(portal.token_file()).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    for culvert in tunnels {
        assert_eq!(culvert.stopped_by("INT").await.code, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_cannot_be_renewed_says_which_command_helps() {
    let portal = Portal::start_with(|manner| manner.refuses_refresh = true).await;
    let never = run(portal.forward("orders")).await;
    assert_eq!(never.code, Some(12), "{never:?}");
    assert_eq!(portal.sign_in("orders").await.code, Some(0));
    portal.expire();
    let over = run(portal.forward("orders")).await;
    assert_eq!(over.code, Some(12), "{over:?}");
    for ended in [never, over] {
        let problem = event(&ended, "failed")["problem"].clone();
        assert_eq!(problem["code"], "sso-login-expired");
        assert_eq!(problem["remedy"], "Run \"culvert sign-in orders\".");
        says_no_secret(&ended);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_screen_a_page_and_a_code_are_printed() {
    let portal = Portal::start_with(|manner| {
        manner.device_errors = ["AuthorizationPendingException"].into();
    })
    .await;
    for arguments in [
        &["sign-in", "orders"][..],
        &["sign-in", "orders", "--no-browser"],
        // The older form of login knows no other way.
        &["sign-in", "old"],
    ] {
        let ended = run(portal.program(arguments)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let page = format!("{}/device", portal.center.url());
        one_sentence(&ended.err, &[page.as_str(), "ABCD-EFGH"]);
        says_no_secret(&ended);
    }
    let asked = portal.center.asked();
    assert_eq!((asked.by_code, asked.by_device), (0, 3));
    assert_eq!(
        asked.registrations, 2,
        "one a session, one for the older form"
    );
    let culvert = run(portal.program(&["sign-in", "old"])).await;
    assert!(
        culvert.out[0].starts_with("Signed in until "),
        "{culvert:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_open_leaves_the_code() {
    let portal = Portal::start().await;
    let command = portal.with_launcher("exit 3", &["sign-in", "orders", "--json"]);
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let page = event(&ended, "visit");
    assert_eq!(page["code"], "ABCD-EFGH");
    assert_eq!(page["opened"], false);
    assert_eq!(portal.center.asked().by_device, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_code_can_be_asked_for_although_there_is_a_browser() {
    let portal = Portal::start().await;
    let arguments = ["sign-in", "orders", "--json", "--device-code"];
    let ended = run(portal.with_launcher("exit 0", &arguments)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(event(&ended, "visit")["opened"], true);
    assert_eq!(portal.center.asked().by_device, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_denied_is_said_to_be_and_keeps_nothing() {
    let portal = Portal::start_with(|manner| manner.person = Says::No).await;
    let by_browser = portal.sign_in("orders").await;
    let by_device = run(portal.program(&["sign-in", "orders", "--json"])).await;
    for ended in [by_browser, by_device] {
        assert_eq!(ended.code, Some(12), "{ended:?}");
        assert_eq!(event(&ended, "failed")["problem"]["code"], "sign-in-denied");
    }
    assert!(!portal.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_runs_out_is_said_to_have() {
    for (errors, lasts) in [(vec!["ExpiredTokenException"], 600), (vec![], 1)] {
        let portal = Portal::start_with(|manner| {
            manner.person = Says::Nothing;
            manner.device_errors = errors.into();
            manner.device_lasts = lasts;
        })
        .await;
        let ended = run(portal.program(&["sign-in", "orders", "--json"])).await;
        assert_eq!(ended.code, Some(12), "{ended:?}");
        let problem = event(&ended, "failed")["problem"].clone();
        assert_eq!(problem["code"], "sign-in-timed-out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_with_another_state_changes_nothing() {
    let portal = Portal::start().await;
    let command = portal.with_launcher("exit 0", &["sign-in", "orders", "--json"]);
    let mut culvert = Running::start(command);
    let page = until(&mut culvert, |line| line["event"] == "visit").await;
    let page = page["url"].as_str().unwrap();
    let parameter = |name: &str| {
        let (_, rest) = page.split_once(&format!("{name}=")).unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let redirect = parameter("redirect_uri")
        .replace("%3A", ":")
        .replace("%2F", "/");
    for query in [
        "",
        "?code=planted-foreign-code",
        "?code=planted-foreign-code&state=guessed",
        "?error=access_denied",
        "?error=access_denied&state=guessed",
    ] {
        let status = soon(visit(&format!("{redirect}{query}"))).await.unwrap();
        assert_eq!(status, 400, "{query}");
    }
    let elsewhere = redirect.replace("/oauth/callback", "/elsewhere");
    let state = parameter("state");
    let foreign = format!("{elsewhere}?code=planted-foreign-code&state={state}");
    assert_eq!(soon(visit(&foreign)).await.unwrap(), 404);
    soon(visit(page)).await.unwrap();
    let ended = culvert.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_interrupted_ends_at_once_and_keeps_nothing() {
    let portal = Portal::start_with(|manner| manner.person = Says::Nothing).await;
    for arguments in [&["--json"][..], &["--json", "--device-code"]] {
        let all = [&["sign-in", "orders"], arguments].concat();
        let mut culvert = Running::start(portal.with_launcher("exit 0", &all));
        until(&mut culvert, |line| line["event"] == "visit").await;
        let ended = culvert.stopped_by("INT").await;
        assert_eq!(ended.code, Some(12), "{ended:?}");
        let problem = event(&ended, "failed")["problem"].clone();
        assert_eq!(problem["code"], "sign-in-broken-off");
        assert!(problem["remedy"].as_str().unwrap().contains("again"));
    }
    assert!(!portal.token_file().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_incomplete_say_what_is_missing() {
    let portal = Portal::start().await;
    let config = portal.world.path(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let start = format!("sso_start_url = {}\n", portal.center.start_url());
    std::fs::write(&config, text.replacen(&start, "", 1)).unwrap();
    let ended = run(portal.program(&["sign-in", "orders"])).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    one_sentence(&ended.err, &["[sso-session company]", "sso_start_url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_nobody_signs_in_with_says_so() {
    let portal = Portal::start().await;
    let keys = "[keys]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = planted-key\n";
    std::fs::write(portal.world.path(".aws/credentials"), keys).unwrap();
    let ended = run(portal.program(&["sign-in", "keys"])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, ["This profile needs no sign-in."]);

    // One that can't be used needs another thing.
    let config = portal.world.path(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    let broken = "[profile broken]\nregion = eu-central-1\ncredential_process = /nobody/has/this\n";
    std::fs::write(&config, format!("{text}{broken}")).unwrap();
    let ended = run(portal.program(&["sign-in", "broken"])).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    one_sentence(&ended.err, &["/nobody/has/this", "Install it"]);

    let unknown = run(portal.program(&["sign-in", "nobody"])).await;
    assert_eq!(unknown.code, Some(10), "{unknown:?}");
    one_sentence(
        &unknown.err,
        &["nobody", "broken, keys, ledger, old, orders"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_name_there_must_be_a_default_profile_that_works() {
    let portal = Portal::start().await;
    let mut bare = portal.program(&["sign-in"]);
    bare.env_remove("AWS_PROFILE");
    let ended = run(bare).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    one_sentence(&ended.err, &["No profile is named", "culvert profiles"]);

    let config = portal.world.path(".aws/config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[default]\nregion = eu-central-1\n")).unwrap();
    let mut broken = portal.program(&["sign-in"]);
    broken.env_remove("AWS_PROFILE");
    let ended = run(broken).await;
    assert_eq!(ended.code, Some(10), "{ended:?}");
    one_sentence(&ended.err, &["Profile default has no credentials"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_cannot_be_written_down_has_failed() {
    let portal = Portal::start().await;
    std::fs::write(portal.world.path(".aws/sso"), "in the way").unwrap();
    let ended = run(portal.program(&["sign-in", "orders", "--json"])).await;
    assert_eq!(ended.code, Some(12), "{ended:?}");
    let problem = event(&ended, "failed")["problem"].clone();
    assert_eq!(problem["code"], "sign-in-not-kept");
    assert!(problem["what"].as_str().unwrap().contains("sso/cache"));
    assert!(!ended.out.concat().contains("signedIn"), "{ended:?}");

    let ended = run(portal.program(&["sign-in", "orders"])).await;
    assert_eq!(ended.code, Some(12), "{ended:?}");
    assert!(ended.err.contains("could not be written"), "{ended:?}");
    assert!(!ended.out.concat().contains("Signed in"), "{ended:?}");
}
