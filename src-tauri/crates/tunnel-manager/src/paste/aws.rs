//! `aws ssm start-session`.

use serde_json::{Map, Value};

use super::lex::Word;
use super::parameters::{self, Parameters};
use super::scope::Scope;
use super::{Fault, Found, Notice, PasteError, Place};
use crate::profile::Draft;

/// Options of the AWS CLI that have no value.
const SWITCHES: [&str; 8] = [
    "--debug",
    "--no-verify-ssl",
    "--no-paginate",
    "--no-sign-request",
    "--no-cli-pager",
    "--cli-auto-prompt",
    "--no-cli-auto-prompt",
    "--generate-cli-skeleton",
];

/// Options that nobody misses: they are about what the AWS CLI prints.
const SILENT: [&str; 7] = [
    "--output",
    "--color",
    "--query",
    "--no-cli-pager",
    "--no-paginate",
    "--debug",
    "--no-cli-auto-prompt",
];

/// Port of `AWS-StartPortForwardingSession` when none is given (the document itself).
const DOCUMENT_PORT: u16 = 80;
/// Port of `AWS-StartSSHSession` when none is given (the document itself).
const SSH_PORT: u16 = 22;

#[derive(Default)]
struct Options {
    profile: Option<String>,
    region: Option<String>,
    endpoint_url: Option<(String, Place)>,
    target: Option<String>,
    document: Option<String>,
    reason: Option<String>,
    parameters: Option<Parameters>,
}

/// Reads the words behind `aws`. `place` is that of `aws` itself.
///
/// # Errors
/// It starts no session, or one that forwards nothing, or a value can't be known.
pub(super) fn read(
    place: Place,
    words: &[Word],
    scope: &Scope,
    found: &mut Found,
) -> Result<(), PasteError> {
    let mut options = Options::default();
    let mut operation = Vec::new();
    // Notes of a command that turns out to be none of ours are of no interest.
    let mut own = Found::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        let text = scope.resolve(word);
        if !text.as_ref().is_ok_and(|text| text.starts_with('-'))
            && word
                .split_at_equals()
                .is_none_or(|(name, _)| !name.starts_with("--"))
        {
            if operation.len() < 2 {
                operation.push(text?);
            }
            continue;
        }
        let (name, value) = match word.split_at_equals() {
            Some((name, value)) => (name, Some(value)),
            None => (text?, None),
        };
        if operation.first().is_some_and(|service| service != "ssm") {
            continue;
        }
        if SWITCHES.contains(&name.as_str()) {
            left_out(&name, word.place, &mut own);
            continue;
        }
        // Parameters that are not quoted are several words.
        let most = match (name.as_str(), &value) {
            ("--parameters", _) if operation.len() == 2 => usize::MAX,
            (_, Some(_)) => 0,
            (_, None) => 1,
        };
        let is_value = |word: &&Word| !word.text().is_some_and(|text| text.starts_with("--"));
        let rest = words[at..].iter().take(most).take_while(is_value);
        let mut values: Vec<_> = value.into_iter().collect();
        let given = values.len();
        values.extend(rest.cloned());
        at += values.len() - given;
        let Some(first) = values.first() else {
            let option = shown(&name);
            return Err(Fault::MissingValue { option }.at(word.place));
        };
        match name.as_str() {
            "--profile" => options.profile = Some(scope.value(first)?),
            "--region" => options.region = Some(scope.value(first)?),
            "--endpoint-url" => options.endpoint_url = Some((scope.value(first)?, first.place)),
            "--target" => options.target = Some(scope.value(first)?),
            "--document-name" => options.document = Some(scope.value(first)?),
            "--reason" => options.reason = Some(scope.value(first)?),
            "--parameters" => {
                let texts: Result<Vec<_>, _> =
                    values.iter().map(|word| scope.resolve(word)).collect();
                let texts = texts?;
                let json = texts.first().is_some_and(|text| text.starts_with('{'));
                let text = if json {
                    texts.join(" ")
                } else {
                    let parts = texts.iter().map(|text| text.trim_matches(','));
                    parts
                        .filter(|text| !text.is_empty())
                        .collect::<Vec<_>>()
                        .join(",")
                };
                options.parameters = Some(parameters::read(&text, first.place, &mut own)?);
            }
            "--cli-input-json" => {
                let text = scope.resolve(first)?;
                from_json(&text, first.place, &mut options, &mut own)?;
            }
            "--cli-input-yaml" => {
                let option = name;
                return Err(Fault::InFile { option }.at(word.place));
            }
            _ => left_out(&name, word.place, &mut own),
        }
    }
    if operation != ["ssm", "start-session"] {
        return Err(Fault::OtherAwsCommand.at(place));
    }
    let draft = draft(
        options,
        place,
        words.last().unwrap_or(&blank(place)),
        scope,
        &mut own,
    )?;
    found.notes.append(&mut own.notes);
    found.add(place, draft)
}

fn blank(place: Place) -> Word {
    Word {
        place,
        parts: Vec::new(),
    }
}

/// The input of the operation as one JSON object.
fn from_json(
    text: &str,
    place: Place,
    options: &mut Options,
    found: &mut Found,
) -> Result<(), PasteError> {
    let option = || "--cli-input-json".to_owned();
    if text.starts_with("file:") || text.starts_with("fileb:") {
        return Err(Fault::InFile { option: option() }.at(place));
    }
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| Fault::Parameters.at(place))?;
    for (name, value) in &object {
        // Options win over it, wherever they stand.
        match (name.as_str(), value) {
            ("Target", Value::String(text)) => {
                options.target.get_or_insert(text.clone());
            }
            ("DocumentName", Value::String(text)) => {
                options.document.get_or_insert(text.clone());
            }
            ("Reason", Value::String(text)) => {
                options.reason.get_or_insert(text.clone());
            }
            ("Parameters", Value::Object(object)) if options.parameters.is_none() => {
                options.parameters = Some(parameters::of_object(object, place, found)?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn draft(
    options: Options,
    place: Place,
    last: &Word,
    scope: &Scope,
    found: &mut Found,
) -> Result<Draft, PasteError> {
    let document = options.document.as_deref().map(document_name);
    let parameters = options.parameters.unwrap_or_default();
    let mut host = parameters.host;
    let usual = |port: u16, found: &mut Found| {
        let what = "that document".to_owned();
        found.note(place, Notice::UsualPort { what, port });
        u32::from(port)
    };
    let given = parameters.port.map(|text| port(&text, "portNumber", place));
    let given = given.transpose()?;
    let remote_port = match document {
        Some("AWS-StartPortForwardingSession") => {
            if host.take().is_some() {
                let name = "host".to_owned();
                found.note(place, Notice::ParameterLeftOut { name });
            }
            given.unwrap_or_else(|| usual(DOCUMENT_PORT, found))
        }
        Some("AWS-StartPortForwardingSessionToRemoteHost") => {
            given.unwrap_or_else(|| usual(DOCUMENT_PORT, found))
        }
        Some("AWS-StartSSHSession") => {
            found.note(place, Notice::SshDocument);
            host = None;
            given.unwrap_or_else(|| usual(SSH_PORT, found))
        }
        None
        | Some(
            "SSM-SessionManagerRunShell"
            | "AWS-StartInteractiveCommand"
            | "AWS-StartNonInteractiveCommand",
        ) => return Err(Fault::ShellSession.at(place)),
        Some(name) => {
            let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let name = name.chars().filter(plain).take(128).collect();
            found.note(place, Notice::OwnDocument { name });
            given.unwrap_or_default()
        }
    };
    let local_port = match parameters.local_port.as_deref() {
        None | Some("0") => 0,
        Some(text) => port(text, "localPortNumber", place)?,
    };
    let from_environment = |names: [&str; 2]| {
        let [first, second] = names;
        match scope.get(first, last)? {
            Some(value) => Ok(Some(value)),
            None => scope.get(second, last),
        }
    };
    let or = |given: Option<String>, names| match given {
        Some(given) => Ok(Some(given)),
        None => from_environment(names),
    };
    let endpoint_url = match options.endpoint_url {
        Some(given) => Some(given),
        None => from_environment(["AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"])?
            .map(|text| (text, place)),
    };
    Ok(Draft {
        target: options.target.unwrap_or_default(),
        remote_host: host,
        remote_port,
        local_port,
        profile: or(options.profile, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])?,
        region: or(options.region, ["AWS_REGION", "AWS_DEFAULT_REGION"])?,
        endpoint_url: endpoint_url.map(|(text, place)| without_login(text, place, found).into()),
        reason: options.reason,
        ..Draft::default()
    })
}

/// The name of a document that may be given as an ARN.
fn document_name(text: &str) -> &str {
    if !text.starts_with("arn:") {
        return text;
    }
    text.rsplit('/').next().unwrap_or(text)
}

pub(super) fn port(text: &str, what: &str, place: Place) -> Result<u32, PasteError> {
    let port = text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    port.map(u32::from).ok_or_else(|| {
        let what = what.to_owned();
        Fault::Port { what }.at(place)
    })
}

/// The address without a user and a password.
fn without_login(text: String, place: Place, found: &mut Found) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text;
    };
    match rest.rsplit_once('@') {
        Some((_, rest)) => {
            found.note(place, Notice::LoginLeftOut);
            format!("{scheme}://{rest}")
        }
        None => text,
    }
}

fn left_out(name: &str, place: Place, found: &mut Found) {
    if !SILENT.contains(&name) {
        let name = shown(name);
        found.note(place, Notice::OptionLeftOut { name });
    }
}

/// An option as it may be shown.
pub(super) fn shown(name: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    name.chars().take_while(plain).take(60).collect()
}
