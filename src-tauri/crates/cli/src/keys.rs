//! `culvert keys`: AWS keys and passwords of proxies in the operating system's keyring.

use std::io::{self, IsTerminal as _, Read as _};

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;
use tunnel_manager::tunnel::{Problem, ProblemKind, StaticCredentials};
use tunnel_manager::{
    Keyring, KeyringFault, ProxyAccount, Secret, keyring_problem, typed_key_id, typed_keys,
};

use crate::exit::Exit;
use crate::output::{Output, complain, json, say};
use crate::stop::StopSignals;
use crate::terminal::{Terminal, read_line};

/// Most that is read from standard input.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

#[derive(Debug, ClapArgs)]
pub(crate) struct Keys {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Keep keys under a name, or the password of a proxy. They are asked for in the terminal;
    /// or read from standard input, a line each: id, secret, session token if there is one
    Add(Which),
    /// List the names of the keys
    List(List),
    /// Forget keys, or the password of a proxy
    Remove(Which),
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = false)]
struct Which {
    /// Name of the keys: letters, digits, and - _ . @
    name: Option<String>,
    /// Address of a proxy, as in HTTPS_PROXY: http://USER@HOST:PORT
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

#[derive(Debug, ClapArgs)]
struct List {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What is kept.
enum Kept {
    Keys(String),
    Proxy(ProxyAccount),
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Line<'a> {
    Keys { name: &'a str },
}

/// Runs `culvert keys`.
pub(crate) async fn run(keys: Keys) -> Exit {
    let output = match &keys.act {
        Act::List(list) => Output::new(list.json),
        Act::Add(_) | Act::Remove(_) => Output::Text,
    };
    let Ok(mut signals) = StopSignals::new() else {
        return crate::forward::no_signals(output);
    };
    let done = tokio::select! {
        done = act(keys.act) => done,
        // What the terminal did not show, it shows again.
        () = signals.recv() => return Exit::Failure,
    };
    match done {
        Ok(()) => Exit::Success,
        Err(problem) => {
            output.failed(&problem);
            Exit::from(&problem)
        }
    }
}

async fn act(act: Act) -> Result<(), Problem> {
    let keyring = Keyring::default();
    match act {
        Act::Add(which) => match which.read()? {
            Kept::Keys(name) => {
                // Before somebody types secrets for nothing: one that is missing is told first.
                let known = match keyring.names_of_keys().await {
                    Ok(known) => known,
                    // Keeping them asks for it to be unlocked.
                    Err(KeyringFault::Locked) => Vec::new(),
                    Err(
                        fault @ (KeyringFault::NotFound { .. }
                        | KeyringFault::Absent
                        | KeyringFault::Failed { .. }
                        | KeyringFault::Foreign { .. }
                        | KeyringFault::BadName),
                    ) => return Err(told(fault)),
                };
                let keys = read_keys().await?;
                keyring.keep_keys(&name, &keys).await.map_err(told)?;
                let again = if known.contains(&name) { " anew" } else { "" };
                say(&format!(
                    "Kept the keys {name}{again}. Use them with --keys {name}."
                ));
            }
            Kept::Proxy(account) => {
                let question = format!("Password of {account}: ");
                let password = one_secret(&question).await?;
                keyring
                    .keep_proxy_password(&account, password)
                    .await
                    .map_err(told)?;
                say(&format!("Kept the password of {account}."));
            }
        },
        Act::List(list) => {
            let names = keyring.names_of_keys().await.map_err(told)?;
            if names.is_empty() && !list.json {
                complain("The keyring holds no keys. Add some with \"culvert keys add NAME\".");
            }
            for name in names {
                if list.json {
                    json(&Line::Keys { name: &name });
                } else {
                    say(&name);
                }
            }
        }
        Act::Remove(which) => match which.read()? {
            Kept::Keys(name) => {
                keyring.remove_keys(&name).await.map_err(not_removed)?;
                say(&format!("Removed the keys {name}."));
            }
            Kept::Proxy(account) => {
                keyring
                    .remove_proxy_password(&account)
                    .await
                    .map_err(told)?;
                say(&format!("Removed the password of {account}."));
            }
        },
    }
    Ok(())
}

impl Which {
    fn read(self) -> Result<Kept, Problem> {
        let Some(proxy) = self.proxy else {
            let name = self.name.unwrap_or_default();
            // Before somebody types secrets for nothing.
            return match Keyring::takes_name(&name) {
                true => Ok(Kept::Keys(name)),
                false => Err(told(KeyringFault::BadName)),
            };
        };
        match ProxyAccount::parse(&proxy).map_err(keyring_problem)? {
            (account, None) => Ok(Kept::Proxy(account)),
            (_, Some(_)) => Err(wrong(
                "password-in-address",
                "A password on the command line stays in the shell's history.",
                "Leave it out of the address: it is asked for.",
            )),
        }
    }
}

async fn read_keys() -> Result<StaticCredentials, Problem> {
    match terminal() {
        Some(terminal) => ask_for_keys(&terminal).await,
        None => checked(lines().await?),
    }
}

/// Asks for keys in the terminal; what is secret of them is not shown.
///
/// # Errors
/// What is wrong with what was given.
pub(crate) async fn ask_for_keys(terminal: &Terminal) -> Result<StaticCredentials, Problem> {
    let id = terminal.ask("Access key id: ").await;
    let id = id.map_err(|error| no_line(&error))?;
    typed_key_id(&id)?;
    checked([
        id,
        terminal
            .ask_hidden("Secret access key: ")
            .await
            .map_err(|error| no_line(&error))?,
        terminal
            .ask_hidden("Session token (none for keys that last): ")
            .await
            .map_err(|error| no_line(&error))?,
    ])
}

/// Asks for a password in the terminal, which does not show it. It may be empty.
///
/// # Errors
/// That nothing was given.
pub(crate) async fn ask_for_password(
    terminal: &Terminal,
    question: &str,
) -> Result<Secret, Problem> {
    let asked = terminal.ask_hidden(question).await;
    asked.map_err(|error| no_line(&error))
}

fn checked([id, secret, token]: [Secret; 3]) -> Result<StaticCredentials, Problem> {
    typed_keys(&id, secret, token)
}

async fn one_secret(question: &str) -> Result<Secret, Problem> {
    let secret = match terminal() {
        Some(terminal) => ask_for_password(&terminal, question).await?,
        None => {
            let [password, ..] = lines().await?;
            password
        }
    };
    if secret.is_empty() {
        return Err(wrong(
            "secret-missing",
            "There is no password.",
            "Give one.",
        ));
    }
    Ok(secret)
}

/// The terminal, unless standard input was given something else to read.
fn terminal() -> Option<Terminal> {
    io::stdin().is_terminal().then(Terminal::open).flatten()
}

/// The first three lines of standard input; those that are missing are empty.
async fn lines() -> Result<[Secret; 3], Problem> {
    let read = tokio::task::spawn_blocking(|| {
        let mut input = io::stdin().lock().take(MAX_INPUT_BYTES);
        let mut line = || match read_line(&mut input) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Secret::default()),
            line => line,
        };
        Ok([line()?, line()?, line()?])
    });
    read.await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| no_line(&error))
}

fn no_line(error: &io::Error) -> Problem {
    wrong(
        "nothing-given",
        "What was asked for was not given.",
        "Type it in the terminal, or give it in lines on standard input.",
    )
    .with_details(error.to_string())
}

fn wrong(code: &str, what: &str, remedy: &str) -> Problem {
    Problem::new(ProblemKind::Settings, code, what, remedy)
}

/// Who wants to be rid of keys does not want to hear how they are added.
fn not_removed(fault: KeyringFault) -> Problem {
    let is_absent = matches!(fault, KeyringFault::NotFound { .. });
    let mut problem = told(fault);
    if is_absent {
        problem.remedy = "\"culvert keys list\" shows which there are.".to_owned();
    }
    problem
}

fn told(fault: KeyringFault) -> Problem {
    keyring_problem(fault.into())
}
