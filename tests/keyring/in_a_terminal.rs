//! What is asked for in a terminal.

use tokio::io::AsyncReadExt as _;

use super::*;

/// What is typed at a question.
type Answer<'a> = (&'a str, &'a str);

impl Session {
    /// `culvert` in a terminal.
    fn in_a_terminal(&self, arguments: &[&str]) -> Child {
        self.in_a_terminal_with(arguments, &[])
    }

    /// The same with these variables.
    fn in_a_terminal_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Child {
        let line = format!("{} {}", culvert().display(), arguments.join(" "));
        let mut command = self.command("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line]);
        command.arg("/dev/null").stdin(Stdio::piped());
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).spawn().unwrap()
    }
}

/// Answers the questions in their order, until `shown` ends or contains `end`; what it showed.
async fn talk(child: &mut Child, answers: &[Answer<'_>], end: Option<&str>) -> String {
    let mut stdin = child.stdin.take().unwrap();
    let stdout = child.stdout.as_mut().unwrap();
    let (mut shown, mut answers) = (String::new(), answers.iter());
    let (mut next, mut looked) = (answers.next(), 0);
    let mut bytes = [0; 4096];
    loop {
        let count = stdout.read(&mut bytes).await.unwrap();
        shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        if count == 0 || end.is_some_and(|end| shown.contains(end)) {
            break;
        }
        if let Some((question, typed)) = next
            && let Some(at) = shown[looked..].find(question)
        {
            looked += at + question.len();
            next = answers.next();
            let line = format!("{typed}\n");
            stdin.write_all(line.as_bytes()).await.unwrap();
        }
    }
    assert!(next.is_none(), "not asked for {next:?}: {shown}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dbus-daemon: npm test -- --only keyring"]
async fn without_a_keyring_a_tunnel_asks_for_its_keys_and_keeps_them_for_as_long_as_it_runs() {
    let session = Session::start(State::Absent).await;
    let sim = Simulator::start(Settings::default()).await.unwrap();
    let (id, secret, token) = sim.credentials();
    let token = token.unwrap_or_default();
    let url = sim.endpoint_url();
    let arguments = forward(&url, &["--keys", "mine"]);
    let mut child = session.in_a_terminal(&arguments);
    let answers = [
        ("Access key id: ", id.as_str()),
        ("Secret access key: ", secret.as_str()),
        ("Session token", token.as_str()),
    ];
    let shown = soon(talk(&mut child, &answers, Some("listening "))).await;
    child.kill().await.unwrap();
    assert!(shown.contains("This machine has no keyring."), "{shown}");
    assert!(!shown.contains(&secret), "the secret was shown: {shown}");
    assert_eq!(sim.sessions().len(), 1);
    assert_eq!(session.files_with(&secret), Vec::<PathBuf>::new());
    // The next one asks again.
    let mut child = session.in_a_terminal(&arguments);
    let shown = soon(talk(&mut child, &[("Access key id: ", "no")], None)).await;
    assert!(shown.contains("That is no access key id"), "{shown}");
    // Nobody types a secret for nothing.
    assert!(!shown.contains("Secret access key: "), "{shown}");
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(10));
    assert_eq!(sim.sessions().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dbus-daemon: npm test -- --only keyring"]
async fn without_a_keyring_who_looks_into_accounts_is_asked_once_for_keys_however_many_name_them() {
    let session = Session::start(State::Absent).await;
    let settings = Settings {
        targets: vec![ssm_sim::Target::online(TARGET)],
        ..Settings::default()
    };
    let sim = Simulator::start(settings).await.unwrap();
    let (id, secret, token) = sim.credentials();
    let token = token.unwrap_or_default();
    let url = sim.endpoint_url();
    let answers = [
        ("Access key id: ", id.as_str()),
        ("Secret access key: ", secret.as_str()),
        ("Session token", token.as_str()),
    ];
    let asked = async |arguments: &[&str]| {
        let mut child = session.in_a_terminal(arguments);
        let shown = soon(talk(&mut child, &answers, None)).await;
        let code = soon(child.wait()).await.unwrap().code();
        assert_eq!(shown.matches("Access key id: ").count(), 1, "{shown}");
        assert!(!shown.contains(&secret), "the secret was shown: {shown}");
        (shown, code)
    };
    let account = ["--keys", "mine", "--region", "eu-central-1"];
    let account = [&account[..], &["--endpoint-url", &url]].concat();
    let (shown, code) = asked(&[&["targets"], &account[..]].concat()).await;
    assert!(shown.contains(TARGET), "{shown}");
    assert_eq!(code, Some(0), "{shown}");
    // The simulator has no databases, and takes the keys.
    let (shown, _) = asked(&[&["hosts"], &account[..]].concat()).await;
    assert!(
        shown.contains("Databases of RDS, caches of ElastiCache"),
        "{shown}"
    );
    assert!(!shown.contains("no keyring in which"), "{shown}");

    let mut saved = "version = 2\n".to_owned();
    for (name, region) in [("one", "eu-central-1"), ("two", "eu-west-3")] {
        saved.push_str(&format!(
            "\n[[tunnel]]\nname = \"{name}\"\ntarget = \"{TARGET}\"\nremote_port = 1\n\
             keys = \"mine\"\nregion = \"{region}\"\nendpoint_url = \"{url}\"\n"
        ));
    }
    let folder = session.home.path().join(".config/culvert");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("tunnels.toml"), saved).unwrap();
    let (shown, code) = asked(&["doctor", "--json"]).await;
    assert_eq!(code, Some(0), "{shown}");
    let identities = shown
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|finding| finding["check"] == "identity" && finding["verdict"] == "ok");
    assert_eq!(identities.count(), 2, "{shown}");
    assert_eq!(session.files_with(&secret), Vec::<PathBuf>::new());
}

#[tokio::test]
#[ignore = "needs gnome-keyring: npm test -- --only keyring"]
async fn keys_that_are_added_to_a_locked_keyring_have_it_ask_to_be_unlocked() {
    let mut session = Session::start(State::Unlocked).await;
    session.culvert(&["keys", "add", "mine"], KEYS).await;
    session.log_out().await;
    // A login with another password starts it all the same, and does not unlock it.
    session.log_in("planted-wrong").await;
    let mut monitor = session
        .command("dbus-monitor")
        .args(["--session", "interface='org.freedesktop.Secret.Prompt'"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = lines(&mut monitor);
    // It listens once it tells of its own name.
    soon(heard.next_line()).await.unwrap().unwrap();
    // Nobody answers: this bus has no window for it.
    let added = session.culvert(&["keys", "add", "more"], KEYS);
    let prompted = async {
        while let Some(line) = heard.next_line().await.unwrap() {
            if line.contains("member=Prompt") {
                return;
            }
        }
        panic!("the monitor ended");
    };
    let (added, ()) = soon(async { tokio::join!(added, prompted) }).await;
    assert_eq!(added.status.code(), Some(12), "{added:?}");
    assert!(err(&added).contains("The keyring is locked."), "{added:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs dbus-daemon: npm test -- --only keyring"]
async fn without_a_keyring_the_password_of_a_proxy_is_asked_for_and_kept_for_as_long_as_it_runs() {
    let session = Session::start(State::Absent).await;
    let sim = Simulator::start(Settings::default()).await.unwrap();
    let (id, secret, token) = sim.credentials();
    let token = token.unwrap_or_default();
    let bundle = session.home.path().join("authority.pem");
    let authorization = format!("Basic {}", STANDARD.encode("ann:planted-p@ss:word"));
    let hosts = [SSM, SSM_MESSAGES];
    let proxy = Proxy::start(authorization, &hosts, &bundle, sim.address()).await;
    let address = format!("http://ann@{}", proxy.address);
    let mut variables = vec![
        ("HTTPS_PROXY", address.as_str()),
        ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
        ("AWS_ACCESS_KEY_ID", &id),
        ("AWS_SECRET_ACCESS_KEY", &secret),
    ];
    if !token.is_empty() {
        variables.push(("AWS_SESSION_TOKEN", &token));
    }
    let endpoints = [SSM, SSM_MESSAGES].map(|host| {
        let service = host.split('.').next().unwrap_or_default();
        format!("{service}=https://{host}")
    });
    let tunnel = |verb| {
        let mut arguments = vec![verb, "--target", TARGET, "--remote-port", "1"];
        arguments.extend(["--region", "eu-central-1"]);
        arguments.extend(endpoints.iter().flat_map(|at| ["--endpoint", at]));
        arguments
    };
    let question = format!("Password of ann@{}", proxy.address);
    let answers = [(question.as_str(), "planted-p@ss:word")];

    let mut child = session.in_a_terminal_with(&tunnel("forward"), &variables);
    let shown = soon(talk(&mut child, &answers, Some("listening "))).await;
    child.kill().await.unwrap();
    assert!(shown.contains("This machine has no keyring."), "{shown}");
    assert!(!shown.contains("planted-p@ss"), "it was shown: {shown}");
    let asked = proxy.asked();
    assert!(asked.iter().all(|asked| asked.let_through), "{asked:?}");

    // The next one asks again, and once, whatever it looks at.
    let arguments = [tunnel("doctor"), vec!["--json"]].concat();
    let mut child = session.in_a_terminal_with(&arguments, &variables);
    let shown = soon(talk(&mut child, &answers, None)).await;
    assert_eq!(shown.matches(&question).count(), 1, "{shown}");
    let check = shown
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|line| line["check"] == "proxy");
    assert_eq!(check.expect("a check")["verdict"], "ok", "{shown}");

    // A proxy may want none.
    let mut child = session.in_a_terminal_with(&arguments, &variables);
    let shown = soon(talk(&mut child, &[(&question, "")], None)).await;
    assert!(shown.contains("proxy-authentication"), "{shown}");
    assert!(shown.contains("culvert in a terminal"), "{shown}");

    // What goes past the proxy asks for nothing.
    let url = sim.endpoint_url();
    let mut child = session.in_a_terminal_with(&forward(&url, &[]), &variables);
    let shown = soon(talk(&mut child, &[], Some("listening "))).await;
    child.kill().await.unwrap();
    assert!(!shown.contains("Password"), "{shown}");
    assert_eq!(session.files_with("planted-p@ss"), Vec::<PathBuf>::new());
}
