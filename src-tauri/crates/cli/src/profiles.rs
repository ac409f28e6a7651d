//! `culvert profiles`: the profiles of the AWS config files, and what is wrong with them.

use std::path::Path;

use aws_access::{
    AccessError, CredentialPath, FileFault, ProfileFault, ProfileInfo, ProfileList, Role, Severity,
    SignIn, Source,
};
use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::tunnel::{Problem, ProblemKind};

use crate::exit::Exit;
use crate::output::{Output, say};
use crate::table;

/// What belongs to a profile stands under it.
const INDENT: &str = "    ";

/// A column is no wider, so that one long name does not push the others out of the window.
const COLUMN_MOST: usize = 28;

const HEADINGS: [&str; 4] = ["PROFILE", "KIND", "REGION", "ACCOUNT"];

#[derive(Debug, ClapArgs)]
pub(crate) struct Profiles {
    /// Only these; all if none is named
    names: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Runs `culvert profiles`. Asks nobody: what is listed is what the files say now.
pub(crate) async fn run(wanted: &Profiles) -> Exit {
    let output = Output::new(wanted.json);
    let mut list = ProfileList::read().await;
    if let Some(problem) = unknown(&list, &wanted.names) {
        output.failed(&problem);
        return Exit::from(&problem);
    }
    if !wanted.names.is_empty() {
        list.profiles
            .retain(|profile| wanted.names.contains(&profile.name));
    }
    let lines = match output {
        Output::Text => sentences(&list),
        Output::Json => objects(&list),
    };
    for line in lines {
        say(&line);
    }
    // A file that can't be used as it is may have profiles that are not listed.
    let is_broken = |fault: &FileFault| fault.severity() == Severity::Broken;
    if list.faults.iter().any(is_broken) {
        Exit::Problem(ProblemKind::Settings)
    } else {
        Exit::Success
    }
}

fn unknown(list: &ProfileList, wanted: &[String]) -> Option<Problem> {
    let profile = wanted.iter().find(|name| list.get(name).is_none())?;
    let mut known: Vec<_> = list.profiles.iter().map(|p| p.name.clone()).collect();
    known.sort_unstable();
    let error = AccessError::UnknownProfile {
        profile: profile.clone(),
        known,
        by_environment: false,
        because: FileFault::that_hides(&list.faults, profile)
            .cloned()
            .map(Box::new),
    };
    Some(Problem::new(
        ProblemKind::Settings,
        error.code(),
        error.what(),
        error.remedy(),
    ))
}

fn sentences(list: &ProfileList) -> Vec<String> {
    let mut lines = Vec::new();
    if list.profiles.is_empty() {
        let (config, credentials) = (list.config.display(), list.credentials.display());
        lines.push(format!(
            "There is no profile in {config} and {credentials}. \"aws configure\" makes one; keys \
             can be kept without such files: culvert keys add NAME."
        ));
    } else {
        lines.extend(rows_with_faults(&list.profiles));
    }
    if !list.faults.is_empty() {
        lines.push(String::new());
    }
    lines.extend(list.faults.iter().map(file_fault));
    // Much of it is what the files say, which must not steer a terminal.
    let plain = |line: String| line.replace(char::is_control, " ");
    lines.into_iter().map(plain).collect()
}

fn rows_with_faults(profiles: &[ProfileInfo]) -> Vec<String> {
    let rows: Vec<_> = profiles.iter().map(row).collect();
    let mut table = table::lines_within(HEADINGS, &rows, COLUMN_MOST).into_iter();
    let mut lines: Vec<_> = table.next().into_iter().collect();
    for (profile, row) in profiles.iter().zip(table) {
        lines.push(row);
        let way = profile.path.as_ref().filter(|path| !path.roles.is_empty());
        lines.extend(way.map(|path| format!("{INDENT}{}", told(path))));
        lines.extend(profile.faults.iter().map(fault));
    }
    lines
}

fn row(profile: &ProfileInfo) -> [String; 4] {
    [
        profile.name.clone(),
        profile.kind().to_owned(),
        profile.region.clone().unwrap_or_default(),
        profile.account.clone().unwrap_or_default(),
    ]
}

/// A chain from its beginning to its end: `alice (sso) → hop → admin`.
fn told(path: &CredentialPath) -> String {
    let of = &path.source_profile;
    let beginning = match &path.source {
        Source::Environment => "keys of the environment".to_owned(),
        Source::Instance => "role of this instance".to_owned(),
        Source::Container => "role of this container".to_owned(),
        Source::Keys { .. }
        | Source::SsoSession { .. }
        | Source::SsoPortal { .. }
        | Source::Console { .. }
        | Source::Process { .. }
        | Source::WebIdentity { .. } => format!("{of} ({})", path.source.kind()),
    };
    let roles = path.roles.iter().map(|role| {
        let name = role
            .arn
            .rsplit_once("role/")
            .map_or(&*role.arn, |(_, name)| name);
        match role.mfa_serial {
            Some(_) => format!("role {name} (with an MFA code)"),
            None => format!("role {name}"),
        }
    });
    let steps: Vec<_> = std::iter::once(beginning).chain(roles).collect();
    steps.join(" → ")
}

fn fault(fault: &ProfileFault) -> String {
    let severity = fault.severity().name();
    format!("{INDENT}{severity}: {} {}", fault.what(), fault.remedy())
}

fn file_fault(fault: &FileFault) -> String {
    format!(
        "{}: {}: {} {}",
        fault.place(),
        fault.severity().name(),
        fault.what(),
        fault.remedy()
    )
}

/// A line of JSON.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line<'a> {
    Profile {
        name: &'a str,
        kind: &'static str,
        region: Option<&'a str>,
        account: Option<&'a str>,
        sign_in: JsonSignIn<'a>,
        path: Option<JsonPath<'a>>,
        faults: Vec<JsonFault>,
    },
    FileFault {
        path: &'a Path,
        line: Option<usize>,
        #[serde(flatten)]
        fault: JsonFault,
    },
}

#[derive(Debug, Serialize)]
struct JsonFault {
    code: &'static str,
    severity: &'static str,
    what: String,
    remedy: String,
}

/// What a person signs in to; profiles with the same need one sign-in between them.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", content = "of", rename_all = "kebab-case")]
enum JsonSignIn<'a> {
    Keys(&'a str),
    SsoSession(&'a str),
    SsoPortal(&'a str),
    Console(&'a str),
    Profile(&'a str),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonPath<'a> {
    source_profile: &'a str,
    source: JsonSource<'a>,
    roles: Vec<JsonRole<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
enum JsonSource<'a> {
    Keys {
        temporary: bool,
    },
    Sso {
        session: &'a str,
        start_url: &'a str,
        region: &'a str,
        account: &'a str,
        role: &'a str,
    },
    SsoLegacy {
        start_url: &'a str,
        region: &'a str,
        account: &'a str,
        role: &'a str,
    },
    Console {
        login_session: &'a str,
    },
    Process {
        program: &'a str,
    },
    WebIdentity {
        role_arn: &'a str,
        token_file: &'a Path,
    },
    Environment,
    Instance,
    Container,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRole<'a> {
    profile: &'a str,
    arn: &'a str,
    mfa_serial: Option<&'a str>,
}

fn objects(list: &ProfileList) -> Vec<String> {
    let profiles = list.profiles.iter().map(|profile| Line::Profile {
        name: &profile.name,
        kind: profile.kind(),
        region: profile.region.as_deref(),
        account: profile.account.as_deref(),
        sign_in: json_sign_in(&profile.sign_in),
        path: profile.path.as_ref().map(json_path),
        faults: profile.faults.iter().map(json_fault).collect(),
    });
    let files = list.faults.iter().map(|fault| Line::FileFault {
        path: &fault.path,
        line: fault.line,
        fault: JsonFault {
            code: fault.code(),
            severity: fault.severity().name(),
            what: fault.what(),
            remedy: fault.remedy(),
        },
    });
    profiles
        .chain(files)
        // Nothing in it can fail to be JSON but a path that is no text.
        .filter_map(|line| serde_json::to_string(&line).ok())
        .collect()
}

fn json_sign_in(sign_in: &SignIn) -> JsonSignIn<'_> {
    match sign_in {
        SignIn::SsoSession(session) => JsonSignIn::SsoSession(session),
        SignIn::SsoPortal(start_url) => JsonSignIn::SsoPortal(start_url),
        SignIn::Console(arn) => JsonSignIn::Console(arn),
        SignIn::Profile(name) => JsonSignIn::Profile(name),
        // No profile has its keys in the keyring.
        SignIn::Keys(name) => JsonSignIn::Keys(name),
    }
}

fn json_path(path: &CredentialPath) -> JsonPath<'_> {
    JsonPath {
        source_profile: &path.source_profile,
        source: json_source(&path.source),
        roles: path.roles.iter().map(json_role).collect(),
    }
}

fn json_source(source: &Source) -> JsonSource<'_> {
    match source {
        Source::Keys { temporary, .. } => JsonSource::Keys {
            temporary: *temporary,
        },
        Source::SsoSession {
            session,
            start_url,
            region,
            account,
            role,
        } => JsonSource::Sso {
            session,
            start_url,
            region,
            account,
            role,
        },
        Source::SsoPortal {
            start_url,
            region,
            account,
            role,
        } => JsonSource::SsoLegacy {
            start_url,
            region,
            account,
            role,
        },
        Source::Console { login_session } => JsonSource::Console { login_session },
        Source::Process { program, .. } => JsonSource::Process { program },
        Source::WebIdentity {
            role_arn,
            token_file,
            ..
        } => JsonSource::WebIdentity {
            role_arn,
            token_file,
        },
        Source::Environment => JsonSource::Environment,
        Source::Instance => JsonSource::Instance,
        Source::Container => JsonSource::Container,
    }
}

fn json_role(role: &Role) -> JsonRole<'_> {
    JsonRole {
        profile: &role.profile,
        arn: &role.arn,
        mfa_serial: role.mfa_serial.as_deref(),
    }
}

fn json_fault(fault: &ProfileFault) -> JsonFault {
    JsonFault {
        code: fault.code(),
        severity: fault.severity().name(),
        what: fault.what(),
        remedy: fault.remedy(),
    }
}
