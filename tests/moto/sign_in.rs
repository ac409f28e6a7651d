//! Sign-ins that Culvert and the AWS CLI share: what one has written, the other uses.
//!
//! The AWS CLI is the real one (`CULVERT_AWS_CLI` names it; `npm test` sets it), STS is moto, and
//! IAM Identity Center, which moto does not have, is that of `culvert_tests`.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use culvert_tests::identity_center::{IdentityCenter, Manner};
use culvert_tests::kept::{self, Overheard};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::server::{Moto, PATIENCE, REGION};

const PORTAL_KEY: &str = "ASIAPORTALEXAMPLE";

/// A home directory that both programs have.
struct Home(kept::Home);

impl Home {
    fn with(config: &str) -> Self {
        let home = kept::Home::new().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/config"), config).unwrap();
        Self(home)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Everything that was written, with its place.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.0.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.push((entry.path(), std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        files
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.0.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.0.log_variables())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// The access key with which the AWS CLI calls AWS; `code` is what it is given if it asks.
    async fn key_of_aws_cli(&self, profile: &str, code: Option<&str>) -> String {
        let service = Service::start().await;
        // Without a terminal it reads codes from its standard input.
        let mut command = self.command("setsid");
        command.arg("--wait").arg(aws_cli());
        command.args(["ssm", "list-documents", "--profile", profile]);
        command.args(["--region", REGION, "--endpoint-url", &service.url]);
        service.key_of(command, code).await
    }

    /// `culvert sign-in` in a terminal, where the code is typed when it is asked for.
    async fn culvert(&self, profile: &str, code: Option<&str>) -> String {
        let line = format!("{} sign-in {profile}", culvert().display());
        let mut child = self.in_a_terminal(&line).spawn().unwrap();
        let shown = soon(talk(&mut child, code)).await;
        let status = soon(child.wait()).await.unwrap();
        assert!(status.success(), "{shown}");
        shown
    }

    fn in_a_terminal(&self, line: &str) -> Command {
        let mut command = self.command("script");
        command.args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            line,
            "/dev/null",
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// The arguments of a tunnel that calls AWS at `url`.
    fn tunnel(profile: &str, url: &str) -> Vec<String> {
        let line = format!(
            "forward --profile {profile} --region {REGION} --target i-0123456789abcdef0 \
             --remote-port 1 --endpoint-url {url}"
        );
        line.split(' ').map(str::to_owned).collect()
    }

    /// The access key with which a tunnel of this profile calls AWS. Nobody is at a terminal.
    async fn key_of_culvert(&self, profile: &str) -> String {
        let service = Service::start().await;
        let mut command = self.command("setsid");
        command.arg("--wait").arg(culvert());
        command.args(Self::tunnel(profile, &service.url));
        service.key_of(command, None).await
    }

    /// Runs a script with the AWS CLI's own library.
    async fn python(&self, script: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(aws_cli().with_file_name("python3"));
        command.arg("-c").arg(script).args(arguments);
        soon(command.output()).await.unwrap()
    }
}

/// Where AWS is called, to see who calls.
struct Service {
    listener: TcpListener,
    url: String,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// The access key of whoever calls first.
    async fn called(&self) -> String {
        let (mut tcp, _) = self.listener.accept().await.unwrap();
        let mut head = String::new();
        let mut lines = BufReader::new(&mut tcp).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let (_, rest) = head.split_once("Credential=").expect("signed");
        rest.split('/').next().unwrap().to_owned()
    }

    /// The access key with which this program calls. It is ended then.
    async fn key_of(&self, mut command: Command, code: Option<&str>) -> String {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        if let Some(code) = code {
            let mut stdin = child.stdin.take().unwrap();
            stdin
                .write_all(format!("{code}\n").as_bytes())
                .await
                .unwrap();
        }
        let mut stdout = Overheard::new(child.stdout.take().unwrap(), "out").unwrap();
        let mut stderr = Overheard::new(child.stderr.take().unwrap(), "err").unwrap();
        let ended = async {
            // Read while it runs, so that what it says is kept whether or not it ends by itself.
            let (mut said, mut told) = (String::new(), String::new());
            let (out, err) = tokio::join!(
                stdout.read_to_string(&mut said),
                stderr.read_to_string(&mut told)
            );
            out.unwrap();
            err.unwrap();
            said.push_str(&told);
            let status = child.wait().await.unwrap();
            format!("{status}: {said}")
        };
        let key = tokio::select! {
            key = soon(self.called()) => key,
            ended = ended => panic!("it called nobody: {ended}"),
        };
        // What it has started ends as well: its terminal's end is nobody's.
        child.kill().await.unwrap();
        key
    }
}

/// The prompt of Culvert.
const PROMPT: &str = "Code of the MFA device";

/// Reads what a program shows to its end, and answers its question for a code.
async fn talk(child: &mut Child, mut code: Option<&str>) -> String {
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = Overheard::new(child.stdout.take().unwrap(), "out").unwrap();
    let mut shown = String::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stdout.read(&mut bytes).await.unwrap();
        if count == 0 {
            return shown;
        }
        shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let asked = shown.contains(PROMPT) && shown.trim_end().ends_with(':');
        if let Some(given) = code.take_if(|_| asked) {
            stdin
                .write_all(format!("{given}\n").as_bytes())
                .await
                .unwrap();
        }
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it hangs")
}

fn aws_cli() -> PathBuf {
    let program = std::env::var_os("CULVERT_AWS_CLI");
    PathBuf::from(program.expect("CULVERT_AWS_CLI names the program aws; npm test sets it"))
}

/// The program as `cargo build` leaves it, beside the tests.
fn culvert() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().with_file_name("culvert");
    assert!(
        program.exists(),
        "build it first: cargo build -p culvert-cli"
    );
    program
}

/// A login with a device code by the AWS CLI's own library, kept by its own cache. Version 1 of
/// the AWS CLI uses and renews such logins, and has no command that makes them.
const LOGIN: &str = "
import awscli.clidriver, botocore.session, botocore.tokens, botocore.utils, os
from datetime import datetime, timedelta, timezone
session = botocore.session.Session(profile='orders')
config = session.full_config['sso_sessions']['company']
client = session.create_client('sso-oidc', region_name=config['sso_region'])
registered = client.register_client(
    clientName='test', clientType='public', scopes=[config['sso_registration_scopes']])
of_client = {name: registered[name] for name in ('clientId', 'clientSecret')}
asked = client.start_device_authorization(startUrl=config['sso_start_url'], **of_client)
given = client.create_token(
    grantType='urn:ietf:params:oauth:grant-type:device_code',
    deviceCode=asked['deviceCode'], **of_client)
token = {
    'startUrl': config['sso_start_url'], 'region': config['sso_region'],
    'accessToken': given['accessToken'], 'refreshToken': given['refreshToken'],
    'expiresAt': datetime.now(timezone.utc) + timedelta(seconds=given['expiresIn']),
    'registrationExpiresAt':
        datetime.fromtimestamp(registered['clientSecretExpiresAt'], timezone.utc),
    **of_client,
}
cache = botocore.utils.JSONFileCache(
    os.path.expanduser('~/.aws/sso/cache'), dumps_func=botocore.tokens._sso_json_dumps)
loader = botocore.utils.SSOTokenLoader(cache=cache)
loader.save_token(config['sso_start_url'], token, session_name='company')
";

#[tokio::test]
#[ignore = "needs the AWS CLI: npm test -- --only moto"]
async fn the_aws_cli_uses_and_renews_the_login_of_culvert_and_culvert_goes_on_with_that() {
    let center = IdentityCenter::start(Manner::default()).await.unwrap();
    let home = Home::with(&center.config());
    let signed_in = home.culvert("orders", None).await;
    assert!(signed_in.contains("Signed in."), "{signed_in}");
    for profile in ["orders", "ledger"] {
        assert_eq!(home.key_of_aws_cli(profile, None).await, PORTAL_KEY);
    }
    assert_eq!(center.asked().by_refresh, 0);

    // Its end is near: the AWS CLI renews it, with the client that Culvert has registered.
    home.let_the_token_end();
    assert_eq!(home.key_of_aws_cli("orders", None).await, PORTAL_KEY);
    assert_eq!(center.asked().by_refresh, 1);
    // What the AWS CLI has written, Culvert reads and renews in turn.
    home.let_the_token_end();
    assert_eq!(home.key_of_culvert("ledger").await, PORTAL_KEY);
    assert_eq!(center.asked().by_refresh, 2);
    assert_eq!(home.key_of_aws_cli("ledger", None).await, PORTAL_KEY);
    assert_eq!(center.asked().refused_refresh, 0);
    assert_eq!(center.asked().by_device, 1, "nobody was asked again");
}

#[tokio::test]
#[ignore = "needs the AWS CLI: npm test -- --only moto"]
async fn culvert_uses_and_renews_the_login_that_the_aws_clis_library_has_kept() {
    let center = IdentityCenter::start(Manner::default()).await.unwrap();
    let home = Home::with(&center.config());
    let logged_in = home.python(LOGIN, &[]).await;
    assert!(logged_in.status.success(), "{logged_in:?}");
    for profile in ["orders", "ledger"] {
        assert_eq!(home.key_of_culvert(profile).await, PORTAL_KEY);
    }
    home.let_the_token_end();
    assert_eq!(home.key_of_culvert("orders").await, PORTAL_KEY);
    assert_eq!(center.asked().by_refresh, 1);
    home.culvert("orders", None).await;
    assert_eq!(center.asked().by_device, 2);
}

/// Profiles with a role that wants a code, in all forms that the key of the cache depends on.
fn with_mfa(moto: &Moto) -> String {
    let role = "role_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = keys\n\
                mfa_serial = arn:aws:iam::123456789012:mfa/al\u{ef}ce\nregion = eu-central-1\n\
                services = here\n";
    format!(
        "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key = planted-key\n\
         [profile plain]\n{role}\
         [profile full]\n{role}external_id = ext/1\nrole_session_name = alice\n\
         duration_seconds = 1800\n\
         [profile behind]\nrole_arn = arn:aws:iam::123456789012:role/next\n\
         source_profile = plain\nregion = eu-central-1\nservices = here\n\
         [services here]\nsts =\n  endpoint_url = {}\n",
        moto.url()
    )
}

#[tokio::test]
#[ignore = "needs moto and the AWS CLI: npm test -- --only moto"]
async fn a_code_that_was_given_to_culvert_serves_the_aws_cli() {
    let moto = Moto::start().await;
    let home = Home::with(&with_mfa(&moto));
    for profile in ["plain", "full"] {
        let shown = home.culvert(profile, Some("987650")).await;
        assert!(shown.contains("Signed in until "), "{shown}");
        assert!(!shown.contains("987650"), "the code was shown: {shown}");
        let key = home.key_of_culvert(profile).await;
        assert!(key.starts_with("ASIA"), "{key}");
        assert_eq!(home.key_of_aws_cli(profile, None).await, key, "{profile}");
    }
    let files = home.files();
    assert!(files.len() > 1, "the credentials were kept");
    for (file, bytes) in files {
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains("987650"),
            "the code was kept: {}",
            file.display()
        );
    }
    // The role behind it needs no code of its own.
    let behind = home.key_of_culvert("behind").await;
    assert_ne!(behind, home.key_of_culvert("plain").await);
}

#[tokio::test]
#[ignore = "needs moto and the AWS CLI: npm test -- --only moto"]
async fn a_code_that_was_given_to_the_aws_cli_serves_culvert() {
    let moto = Moto::start().await;
    let home = Home::with(&with_mfa(&moto));
    for profile in ["plain", "full"] {
        let key = home.key_of_aws_cli(profile, Some("654321")).await;
        assert_eq!(home.key_of_culvert(profile).await, key, "{profile}");
    }
}

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn a_tunnel_asks_for_the_code_once_and_where_nobody_can_be_asked_it_says_what_helps() {
    let moto = Moto::start().await;
    let home = Home::with(&with_mfa(&moto));
    let service = Service::start().await;
    let tunnel = Home::tunnel("plain", &service.url);
    // No terminal: standard input is somebody's data.
    let mut command = home.command("setsid");
    command.arg("--wait").arg(culvert()).args(&tunnel);
    let alone = soon(command.output()).await.unwrap();
    assert_eq!(alone.status.code(), Some(12), "{alone:?}");
    let said = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(said.contains("Run \"culvert sign-in plain\"."), "{said}");

    let line = format!("{} {}", culvert().display(), tunnel.join(" "));
    let mut asked = Vec::new();
    // The second time it would wait for ever, were it to ask.
    for code in [Some("987650"), None] {
        let mut child = home.in_a_terminal(&line).spawn().unwrap();
        let mut shown = String::new();
        tokio::select! {
            _ = soon(service.called()) => {}
            said = talk(&mut child, code) => shown = said,
        }
        child.kill().await.unwrap();
        asked.push(shown);
    }
    assert_eq!(asked, ["", ""], "it ended before it called anybody");
}

impl Home {
    /// Lets the token of `company` be over.
    fn let_the_token_end(&self) {
        // printf company | sha1sum
        let name = ".aws/sso/cache/71b21161ffa1e6516bcc072aaf5ef38cbe85b511.json";
        let text = std::fs::read(self.path(name)).unwrap();
        let mut token: Value = serde_json::from_slice(&text).unwrap();
        token["expiresAt"] = "2026-01-01T00:00:00Z".into();
        std::fs::write(self.path(name), token.to_string()).unwrap();
    }
}
