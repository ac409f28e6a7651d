//! `culvert sign-in`: whatever a profile needs of a person is asked for, once.

use aws_access::{AccessError, FileFault, ProfileFault, ProfileList, Severity};
use clap::Args as ClapArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind};
use tunnel_manager::{
    CodeAsked, MfaDevice, Outcome, SignInBy, SignInEvent, SignInRequest, SigningIn, Visit,
    code_needed,
};

use crate::exit::Exit;
use crate::forward::no_signals;
use crate::output::{Output, complain, json, problem_sentence, say};
use crate::reach::Reach;
use crate::stop::StopSignals;
use crate::terminal::Terminal;
use crate::words::one_line;

#[derive(Debug, ClapArgs)]
pub(crate) struct SignIn {
    /// Profile of the AWS config files; without it, AWS_PROFILE or default
    profile: Option<String>,
    /// Open no browser: print a page and a code, which may be used on any machine
    #[arg(long)]
    no_browser: bool,
    /// Sign in by a code that the browser shows, even where the browser could come back by itself
    #[arg(long)]
    device_code: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// One line of JSON.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Visit {
        url: &'a str,
        code: Option<&'a str>,
        opened: bool,
    },
    SignedIn {
        until: Option<u64>,
        renews: bool,
    },
}

/// Runs `culvert sign-in`.
pub(crate) async fn run(sign_in: SignIn) -> Exit {
    let output = Output::new(sign_in.json);
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let reach = Reach::of_user(output);
    let by = match (sign_in.no_browser, sign_in.device_code) {
        (true, _) => SignInBy::DeviceCodeElsewhere,
        (false, true) => SignInBy::DeviceCode,
        (false, false) => reach.sign_in_by(),
    };
    if let Some(problem) = no_profile(sign_in.profile.as_deref()).await {
        return failed(&problem, output);
    }
    let profile = sign_in.profile;
    let mut settings = AccessSettings {
        profile: profile.clone(),
        ..AccessSettings::default()
    };
    reach.settle(&mut settings);
    let request = SignInRequest {
        settings,
        by,
        only_if_needed: false,
    };
    match go_through(request, output, &mut signals).await {
        // It ends with this process, so nobody has been signed in.
        Ok(Outcome {
            not_kept: Some(problem),
            ..
        }) => failed(&problem, output),
        Ok(outcome) => match broken(&outcome, profile.as_deref()).await {
            Some(problem) => failed(&problem, output),
            None => {
                tell_outcome(&outcome, output);
                Exit::Success
            }
        },
        Err(exit) => exit,
    }
}

/// Why a profile can't be used that nobody signs in with: "it needs no sign-in" would sound as if it
/// could.
async fn broken(outcome: &Outcome, named: Option<&str>) -> Option<Problem> {
    if outcome.until.is_some() {
        return None;
    }
    let list = ProfileList::read().await;
    let of_shell = std::env::var("AWS_PROFILE").ok();
    let profile = list.get(named.or(of_shell.as_deref()).unwrap_or("default"))?;
    let is_broken = |fault: &&ProfileFault| fault.severity() == Severity::Broken;
    let fault = profile.faults.iter().find(is_broken)?;
    Some(settings_problem(&profile.name, fault))
}

fn settings_problem(profile: &str, fault: &ProfileFault) -> Problem {
    let error = AccessError::Profile {
        profile: Some(profile.to_owned()),
        fault: fault.clone(),
    };
    Problem::new(
        ProblemKind::Settings,
        error.code(),
        error.what(),
        error.remedy(),
    )
}

/// Why there is no profile to sign in with. Where none is named, calls would do with what the
/// environment has, but a sign-in without a profile is a slip.
async fn no_profile(named: Option<&str>) -> Option<Problem> {
    let of_shell = std::env::var_os("AWS_PROFILE").is_some_and(|name| !name.is_empty());
    if named.is_none() && of_shell {
        return None;
    }
    let list = ProfileList::read().await;
    let Some(profile) = list.get(named.unwrap_or("default")) else {
        // What keeps one from being found that is named, the sign-in says itself.
        return named.is_none().then(|| {
            Problem::new(
                ProblemKind::Settings,
                "no-default-profile",
                "No profile is named, and the AWS config files have none with the name default.",
                "Name one, as in \"culvert sign-in PROFILE\"; \"culvert profiles\" lists them.",
            )
        });
    };
    // Of files that are refused as a whole, the sign-in says why.
    let broken = |fault: &FileFault| fault.severity() == Severity::Broken;
    if list.faults.iter().any(broken) {
        return None;
    }
    let fault = profile.faults.first().filter(|_| profile.path.is_none())?;
    Some(settings_problem(&profile.name, fault))
}

/// Asks for an MFA code before a tunnel is started, if it needs one and somebody is at the
/// terminal. Whoever is not asked learns from the tunnel's own failure what is needed.
pub(crate) async fn before(
    settings: &AccessSettings,
    output: Output,
    signals: &mut StopSignals,
) -> Result<(), Exit> {
    // What is wrong with the settings, the tunnel will say.
    let Ok(Some(_)) = code_needed(settings.clone()).await else {
        return Ok(());
    };
    if Terminal::open().is_none() {
        return Ok(());
    }
    let request = SignInRequest {
        settings: settings.clone(),
        by: SignInBy::Browser,
        only_if_needed: true,
    };
    go_through(request, output, signals).await.map(|outcome| {
        if let Some(problem) = &outcome.not_kept {
            output.told(Some(&problem_sentence(problem)));
        }
    })
}

async fn go_through(
    request: SignInRequest,
    output: Output,
    signals: &mut StopSignals,
) -> Result<Outcome, Exit> {
    let mut signing_in = SigningIn::start(request);
    loop {
        let event = tokio::select! {
            event = signing_in.next() => event,
            () = signals.recv() => return Err(broken_off(output)),
        };
        match event {
            Some(SignInEvent::Visit(visit)) => tell_visit(&visit, output),
            Some(SignInEvent::Code(asked)) => {
                tokio::select! {
                    given = give_code(asked) => given.map_err(|problem| failed(&problem, output))?,
                    () = signals.recv() => return Err(broken_off(output)),
                }
            }
            Some(SignInEvent::Done(outcome)) => return Ok(outcome),
            Some(SignInEvent::Failed(problem)) => return Err(failed(&problem, output)),
            None => return Err(Exit::Failure),
        }
    }
}

async fn give_code(asked: CodeAsked) -> Result<(), Problem> {
    let Some(terminal) = Terminal::open() else {
        return Err(Problem::new(
            ProblemKind::Credentials,
            "no-terminal",
            format!(
                "The code of the MFA device {} is needed, and there is no terminal to ask for it.",
                one_line(&asked.device.serial)
            ),
            "Run this in a terminal.",
        ));
    };
    let mut question = format!(
        "Code of the MFA device {}: ",
        one_line(&asked.device.serial)
    );
    // No line is no code, and that is told by whoever wanted it; so is one with nothing in it.
    while let Ok(typed) = terminal.ask_hidden(&question).await {
        if typed.is_empty() {
            asked.give(typed);
            break;
        }
        if let Some(code) = MfaDevice::code_in(&typed) {
            asked.give(code);
            break;
        }
        "A code has six digits. Once more: ".clone_into(&mut question);
    }
    Ok(())
}

fn tell_visit(visit: &Visit, output: Output) {
    let url = visit.url.as_str();
    match output {
        Output::Json => json(&Line::Visit {
            url,
            code: visit.code.as_deref(),
            opened: visit.opened,
        }),
        Output::Text => {
            match (&visit.code, visit.opened) {
                (None, _) => complain(&format!(
                    "Sign in in the browser. If none has opened: {url}"
                )),
                (Some(code), true) => {
                    let code = one_line(code);
                    complain(&format!(
                        "Sign in in the browser with the code {code}: {url}"
                    ));
                }
                (Some(code), false) => {
                    let code = one_line(code);
                    complain(&format!(
                        "Visit {url} on any machine and enter the code {code}"
                    ));
                }
            };
        }
    }
}

fn tell_outcome(outcome: &Outcome, output: Output) {
    let Outcome {
        until,
        renews,
        not_kept: _,
    } = outcome;
    match output {
        Output::Json => json(&Line::SignedIn {
            until: *until,
            renews: *renews,
        }),
        Output::Text => {
            say(&match (until, renews) {
                (None, _) => "This profile needs no sign-in.".to_owned(),
                (Some(_), true) => "Signed in. It is renewed by itself.".to_owned(),
                (Some(until), false) => format!("Signed in until {}.", local(*until)),
            });
        }
    }
}

/// A time of day here, with its date.
fn local(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn failed(problem: &Problem, output: Output) -> Exit {
    output.failed(problem);
    Exit::from(problem)
}

fn broken_off(output: Output) -> Exit {
    let problem = Problem::new(
        ProblemKind::Credentials,
        "sign-in-broken-off",
        "The sign-in was broken off.",
        "Nobody has been signed in: run the command again to sign in.",
    );
    failed(&problem, output)
}
