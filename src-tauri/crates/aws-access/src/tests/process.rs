//! The program of a `credential_process`: what it may say, what it gets, and its end.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::proxies::Proxies;
use crate::sign_ins::written_time;
use crate::{Access, AccessError, AccessSettings, Holder, Next};

/// Access by a program that the shell runs from this script.
async fn by_script(folder: &TempDir, script: &str) -> Access {
    let path = folder.path().join("source.sh");
    std::fs::write(&path, script).unwrap();
    let text = format!(
        "[profile p]\ncredential_process = /bin/sh {}\n",
        path.display()
    );
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, text)
        .build();
    let settings = AccessSettings {
        profile: Some("p".to_owned()),
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some("http://127.0.0.1:9".into()),
        ..AccessSettings::default()
    };
    Access::load_from(settings, files, &Proxies::Environment)
        .await
        .unwrap()
}

async fn answered(script: &str) -> Result<Credentials, AccessError> {
    let folder = TempDir::new().unwrap();
    let access = by_script(&folder, script).await;
    access.credential_source().resolve().await
}

async fn fails(script: &str) -> AccessError {
    let error = answered(script).await.unwrap_err();
    let all = format!("{error:?} {error} {} {}", error.remedy(), error.details());
    assert!(!all.contains("planted-"), "{all}");
    assert_eq!(error.code(), "credentials-failed", "{all}");
    error
}

#[tokio::test]
async fn the_answer_is_read_as_the_aws_cli_reads_it() {
    let keys = "\"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"planted-secret\"";
    let credentials = answered(&format!("echo '{{\"Version\": 1, {keys}}}'")).await;
    let credentials = credentials.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIA");
    assert_eq!(credentials.secret_access_key(), "planted-secret");
    assert_eq!(
        (credentials.session_token(), credentials.expiry()),
        (None, None)
    );
    for time in ["2999-01-01T00:00:00Z", "2999-01-01T01:00:00+01:00"] {
        let more = format!("\"SessionToken\": \"planted-token\", \"Expiration\": \"{time}\"");
        let script =
            format!("echo '{{\"Version\": 1, {keys}, {more}, \"AccountId\": \"1\"}}' ; echo");
        let credentials = answered(&script).await.unwrap();
        assert_eq!(credentials.session_token(), Some("planted-token"));
        assert_eq!(Holder::of(&credentials).account.as_deref(), Some("1"));
        let until = credentials.expiry().unwrap();
        let since = until.duration_since(SystemTime::UNIX_EPOCH);
        assert_eq!(
            since.unwrap(),
            Duration::from_secs(32_472_144_000),
            "{time}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_without_what_it_says() {
    for answer in [
        "",
        "planted-secret",
        "[]",
        "{\"AccessKeyId\": \"planted-id\", \"SecretAccessKey\": \"planted-secret\"}",
        "{\"Version\": 2, \"AccessKeyId\": \"planted-id\", \"SecretAccessKey\": \"planted-s\"}",
        "{\"Version\": \"planted-1\", \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"s\"}",
        "{\"Version\": 1, \"AccessKeyId\": \"planted-id\"}",
        "{\"Version\": 1, \"AccessKeyId\": \"\", \"SecretAccessKey\": \"planted-s\"}",
        "{\"Version\": 1, \"AccessKeyId\": \"a\", \"SecretAccessKey\": \"planted-s\", \"Expiration\": \"planted-x\"}",
        "{\"planted-secret",
    ] {
        let error = fails(&format!("echo '{answer}'")).await;
        // It is what it says that is at fault, and not that it would have reported anything.
        let what = error.what();
        assert!(what.starts_with("The answer of the credential"), "{what}");
        assert!(error.remedy().contains("\"Version\": 1"), "{error:?}");
    }
    fails("printf '\\377\\376planted-secret'").await;
}

#[tokio::test]
async fn credentials_that_ended_long_ago_are_told_with_the_program_and_when() {
    let answer = "{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"planted-s\", \
                  \"Expiration\": \"2020-01-01T00:00:00Z\"}";
    let error = answered(&format!("echo '{answer}'")).await.unwrap_err();
    assert_eq!(error.code(), "expired-token", "{error:?}");
    let what = error.what();
    assert!(what.starts_with("/bin/sh gave credentials"), "{what}");
    assert!(what.contains("2020-01-01T00:00:00Z"), "{what}");
    assert!(error.remedy().contains("renew"), "{}", error.remedy());
    // It may give others the next time.
    assert_eq!(error.next(), Next::NewCredentials);
    let facts = error.facts();
    for fact in [("program", "/bin/sh"), ("ended", "2020-01-01T00:00:00Z")] {
        let fact = (fact.0, fact.1.to_owned());
        assert!(facts.contains(&fact), "{facts:?}");
    }
    let all = format!("{error:?} {}", error.details());
    assert!(!all.contains("planted-"), "{all}");
}

#[tokio::test]
async fn credentials_that_ended_within_a_day_are_awss_to_judge_for_the_clock_may_be_off() {
    let ended = written_time(SystemTime::now() - Duration::from_secs(3600));
    let answer = format!(
        "{{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"s\", \"Expiration\": \"{ended}\"}}"
    );
    let given = answered(&format!("echo '{answer}'")).await.unwrap();
    assert!(given.expiry().is_some());
}

#[tokio::test]
async fn a_program_that_fails_is_told_by_its_exit_code_and_none_of_its_words_which_may_be_secrets()
{
    for complaint in [
        "--password planted-a",
        "pass=planted-b",
        "otp: 918273",
        "the password is planted-c",
        "Enter password for ann: planted-d",
        "-u ann:planted-e",
    ] {
        let said = format!("echo '{complaint}'; echo '{complaint}' >&2; exit 3");
        let details = fails(&said).await.details();
        for secret in ["planted", "918273"] {
            assert!(!details.contains(secret), "{details:?}");
        }
        assert!(details.contains("exit status: 3"), "{details:?}");
        assert!(details.contains("run it by hand"), "{details:?}");
    }
}

#[tokio::test]
async fn a_program_may_complain_as_long_as_it_likes() {
    let error = fails("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 4").await;
    assert!(error.details().contains("exit status: 4"), "{error:?}");
}

#[tokio::test]
async fn a_program_that_never_stops_talking_is_not_listened_to_for_ever() {
    let error = fails("exec yes planted-secret").await;
    assert!(error.details().contains("more than"), "{}", error.details());
}

/// The group of a process, as its `stat` file has it (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn group(stat: &str) -> &str {
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name.split_whitespace().nth(2).unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_is_in_the_foreground_of_no_terminal_and_so_takes_no_keystrokes() {
    let folder = TempDir::new().unwrap();
    let stat = folder.path().join("stat");
    let script = format!("cat /proc/$$/stat > {}; exit 1", stat.display());
    let access = by_script(&folder, &script).await;
    access.credential_source().resolve().await.unwrap_err();
    let stat = std::fs::read_to_string(stat).unwrap();
    let own = std::fs::read_to_string("/proc/self/stat").unwrap();
    assert_ne!(group(&stat), group(&own), "{stat}");
}

/// Hears the first line that is written to a pipe, and then when nobody can write to it any more.
fn overhear(pipe: &Path) -> (oneshot::Receiver<String>, tokio::task::JoinHandle<()>) {
    let (tell, told) = oneshot::channel();
    let pipe = pipe.to_owned();
    let end = spawn_blocking(move || {
        let mut heard = BufReader::new(std::fs::File::open(pipe).unwrap());
        let mut line = String::new();
        heard.read_line(&mut line).unwrap();
        tell.send(line).unwrap();
        heard.read_to_string(&mut String::new()).unwrap();
    });
    (told, end)
}

#[tokio::test]
async fn a_program_that_nobody_waits_for_any_more_ends_with_all_that_it_has_started() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    // Whoever lives has the pipe open.
    let script = format!(
        "exec 3> {}\nsleep 3600 &\necho begun >&3\nwait\n",
        pipe.display()
    );
    let access = by_script(&folder, &script).await;
    let (begun, end) = overhear(&pipe);
    tokio::select! {
        found = access.credential_source().resolve() => panic!("{found:?}"),
        begun = begun => assert_eq!(begun.unwrap(), "begun\n"),
    }
    let patience = Duration::from_secs(120);
    let ended = tokio::time::timeout(patience, end).await;
    ended.expect("it lives on").unwrap();
}
