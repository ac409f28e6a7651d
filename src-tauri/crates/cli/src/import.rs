//! `culvert import`: saves tunnels from a command or an address that the user has.

use std::io::{self, IsTerminal as _, Read as _};

use clap::Args as ClapArgs;
use serde::Serialize;
use tunnel_manager::paste::{self, Note, Notice, Paste, TEXT_MOST};
use tunnel_manager::tunnel::{Problem, ProblemKind};
use tunnel_manager::{Draft, Field, Invalid, Profile, ProfileId, WrittenAddress};

use crate::exchange::{self, Existing};
use crate::exit::Exit;
use crate::list::failed;
use crate::output::{Output, complain, json, say};
use crate::saved::{self, Object, leads_to, listens_at};
use crate::words::one_line;

#[derive(Debug, ClapArgs)]
#[command(override_usage = "culvert import [OPTIONS] [TEXT]...")]
pub(crate) struct Import {
    /// What the tunnel is called; its destination if left out
    #[arg(long)]
    name: Option<String>,
    /// Managed node, if the text does not say it
    #[arg(long)]
    target: Option<String>,
    /// Host that the target connects to, instead of the text's
    #[arg(long)]
    remote_host: Option<String>,
    /// Port on the target or on the remote host, instead of the text's
    #[arg(long)]
    remote_port: Option<u16>,
    /// Local port, instead of the text's
    #[arg(long)]
    local_port: Option<u16>,
    /// Where to listen, instead of the text's: localhost, an address, or the path of a socket
    #[arg(long, value_name = "ADDR")]
    bind: Option<String>,
    /// Profile of the AWS config files, instead of the text's
    #[arg(long)]
    profile: Option<String>,
    /// Keys in the system's keyring, by the name that "culvert keys add" gave them
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    keys: Option<String>,
    /// Region, instead of the text's
    #[arg(long)]
    region: Option<String>,
    /// Of a file of tunnels: those that are saved with other settings take the file's
    #[arg(long, conflicts_with = "beside")]
    replace: bool,
    /// Of a file of tunnels: those that are saved with other settings stay, and the file's are saved
    /// beside them
    #[arg(long)]
    beside: bool,
    /// Only show what would be saved
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// The command or the address, quoted as one word or as it is, behind all options of
    /// Culvert's own; from standard input if it is - or left out. Or a file of tunnels, FILE.toml, as
    /// culvert export writes it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    text: Vec<String>,
}

/// A line for programs.
#[derive(Debug, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Line {
    Tunnel {
        #[serde(flatten)]
        tunnel: Box<Object>,
        missing: Vec<Missing>,
        saved: Saved,
    },
    Note {
        code: &'static str,
        what: String,
        line: u32,
        column: u32,
    },
}

/// A setting that is missing or wrong, and how to give it.
#[derive(Debug, Serialize)]
struct Missing {
    field: &'static str,
    option: Option<&'static str>,
    rule: String,
}

/// What became of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Saved {
    /// It is in the file now.
    New,
    /// One that is the same was in the file before.
    Before,
    /// It is not in the file.
    No,
}

/// Runs `culvert import`.
pub(crate) fn run(import: &Import) -> Exit {
    let output = Output::new(import.json);
    if let Some(path) = exchange::file(&import.text) {
        return exchange::import(output, path, import.existing(), import.dry_run);
    }
    let paste = match import.read() {
        Ok(paste) => paste,
        Err(Unread::Paste(problem)) => return failed(output, &problem),
        Err(Unread::NoText) => {
            complain(
                "There is no text to import. Give a command or an address, or pipe it in; see \
                 culvert import --help.",
            );
            return Exit::Usage;
        }
    };
    if import.name.is_some() && paste.tunnels.len() > 1 {
        let count = paste.tunnels.len();
        complain(&format!(
            "The text makes {count} tunnels, which can't all be called as --name says. Leave it \
             out: each is called by its destination."
        ));
        return Exit::Usage;
    }
    let Paste { tunnels, mut notes } = paste;
    if import.target.is_some() {
        // It is chosen.
        let chosen =
            |notice: &Notice| matches!(notice, Notice::NodeToChoose | Notice::TargetToChoose);
        notes.retain(|note| !chosen(&note.notice));
    }
    let drafts: Vec<_> = tunnels
        .into_iter()
        .map(|draft| import.applied(draft))
        .collect();
    let checked: Vec<_> = drafts
        .iter()
        .map(|draft| draft.check(ProfileId::random()))
        .collect();
    if checked.iter().any(Result::is_err) {
        return import.incomplete(output, drafts, &checked, &notes);
    }
    let profiles: Vec<_> = checked.into_iter().flatten().collect();
    let outcome = if import.dry_run {
        Ok(profiles
            .into_iter()
            .map(|profile| (profile, Saved::No))
            .collect())
    } else {
        import.save(profiles)
    };
    let outcome: Vec<(Profile, Saved)> = match outcome {
        Ok(outcome) => outcome,
        Err(problem) => return failed(output, &problem),
    };
    for (profile, saved) in &outcome {
        match output {
            Output::Text => {
                say_all(&profile.name, &settings(profile));
                say(&match saved {
                    Saved::New => format!(
                        "  saved; start it with: culvert forward {}",
                        quoted(&profile.name)
                    ),
                    Saved::Before => "  was saved before; nothing was changed".to_owned(),
                    Saved::No => "  not saved (--dry-run)".to_owned(),
                });
            }
            Output::Json => {
                let id = (*saved != Saved::No).then_some(profile.id);
                json(&Line::Tunnel {
                    tunnel: Box::new(Object::new(id, Draft::from(profile))),
                    missing: Vec::new(),
                    saved: *saved,
                });
            }
        }
    }
    tell_notes(output, &notes);
    Exit::Success
}

/// Why there is nothing to make tunnels of.
enum Unread {
    Paste(Problem),
    NoText,
}

impl Import {
    fn existing(&self) -> Existing {
        match (self.replace, self.beside) {
            (true, _) => Existing::Replace,
            (false, true) => Existing::Beside,
            (false, false) => Existing::Leave,
        }
    }

    fn read(&self) -> Result<Paste, Unread> {
        let standard_input = matches!(self.text.as_slice(), [dash] if dash == "-");
        let read = if !self.text.is_empty() && !standard_input {
            paste::parse_words(&self.text)
        } else {
            let input = io::stdin();
            if !standard_input && input.is_terminal() {
                return Err(Unread::NoText);
            }
            // One byte more than may be there, so that it is seen to be too long.
            let mut bytes = Vec::new();
            input
                .lock()
                .take(TEXT_MOST as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| Unread::Paste(unreadable(&error)))?;
            paste::parse(&String::from_utf8_lossy(&bytes))
        };
        read.map_err(|error| Unread::Paste(error.problem()))
    }

    /// The tunnel with what the options say instead.
    fn applied(&self, mut draft: Draft) -> Draft {
        if let Some(name) = &self.name {
            draft.name.clone_from(name);
        }
        if let Some(target) = &self.target {
            draft.target.clone_from(target);
        }
        if let Some(bind) = &self.bind {
            let path = bind.strip_prefix("unix:").unwrap_or(bind);
            path.clone_into(&mut draft.bind);
        }
        if self.keys.is_some() {
            // They take the place of the text's profile.
            draft.profile = None;
        }
        for (given, setting) in [
            (&self.keys, &mut draft.keys),
            (&self.remote_host, &mut draft.remote_host),
            (&self.profile, &mut draft.profile),
            (&self.region, &mut draft.region),
        ] {
            if given.is_some() {
                setting.clone_from(given);
            }
        }
        if let Some(port) = self.remote_port {
            draft.remote_port = port.into();
        }
        if let Some(port) = self.local_port {
            draft.local_port = port.into();
        }
        draft
    }

    /// Shows what there is, and says which options give the rest.
    fn incomplete(
        &self,
        output: Output,
        drafts: Vec<Draft>,
        checked: &[Result<Profile, Vec<Invalid>>],
        notes: &[Note],
    ) -> Exit {
        let missing = |result: &Result<Profile, Vec<Invalid>>| match result {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong.iter().map(Missing::from).collect::<Vec<_>>(),
        };
        let all: Vec<_> = checked.iter().map(missing).collect();
        let mut sentences: Vec<String> = Vec::new();
        for (draft, missing) in drafts.into_iter().zip(all) {
            for one in &missing {
                let sentence = one.sentence();
                if !sentences.contains(&sentence) {
                    sentences.push(sentence);
                }
            }
            match output {
                Output::Text => say_all(&draft.name, &draft_settings(&draft)),
                Output::Json => json(&Line::Tunnel {
                    tunnel: Box::new(Object::new(None, draft)),
                    missing,
                    saved: Saved::No,
                }),
            }
        }
        tell_notes(output, notes);
        for sentence in sentences {
            complain(&sentence);
        }
        if !self.dry_run {
            complain("Nothing was saved.");
        }
        Exit::Usage
    }

    /// Saves those that are not there yet, all or none.
    fn save(&self, profiles: Vec<Profile>) -> Result<Vec<(Profile, Saved)>, Problem> {
        let mut outcome = Vec::new();
        let mut taken = None;
        let updated = saved::store()?.update(|there| {
            let before = there.clone();
            for mut profile in profiles {
                // Whoever names it anew wants another one.
                let same = before.iter().chain(&*there).find(|old| {
                    let alike = Profile {
                        id: old.id,
                        ..profile.clone()
                    };
                    old.same_tunnel(&alike) && (self.name.is_none() || old.name == profile.name)
                });
                if let Some(old) = same {
                    outcome.push((old.clone(), Saved::Before));
                    continue;
                }
                if there.iter().any(|old| old.name == profile.name) {
                    if self.name.is_some() {
                        taken = Some(profile.name);
                        return;
                    }
                    profile.name = free_name(&profile.name, there);
                }
                there.push(profile.clone());
                outcome.push((profile, Saved::New));
            }
        });
        updated.map_err(|error| error.problem())?;
        match taken {
            Some(name) => Err(Problem::new(
                ProblemKind::Settings,
                "name-taken",
                format!("Another saved tunnel is called {name}."),
                "Choose another --name, or forget that one with culvert remove.",
            )),
            None => Ok(outcome),
        }
    }
}

/// The name with the first number behind it that no other tunnel has.
fn free_name(name: &str, there: &[Profile]) -> String {
    let numbered = (2..).map(|number: u32| format!("{name} ({number})"));
    let free = |name: &String| !there.iter().any(|old| old.name == *name);
    // There are more numbers than tunnels.
    numbered
        .into_iter()
        .find(free)
        .unwrap_or_else(|| name.to_owned())
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "input-unreadable",
        "Standard input can't be read.",
        "Give the text as an argument.",
    )
    .with_details(error.to_string())
}

impl From<&Invalid> for Missing {
    fn from(invalid: &Invalid) -> Self {
        Self {
            field: invalid.field.key(),
            option: option(invalid.field),
            rule: invalid.rule.to_string(),
        }
    }
}

impl Missing {
    fn sentence(&self) -> String {
        match self.option {
            Some(option) => format!("{} Give it with {option}.", self.rule),
            None => format!("{} The text has another {}.", self.rule, self.field),
        }
    }
}

/// The option of `culvert import` that gives a setting.
fn option(field: Field) -> Option<&'static str> {
    match field {
        Field::Name => Some("--name"),
        Field::Target => Some("--target"),
        Field::RemoteHost => Some("--remote-host"),
        Field::RemotePort => Some("--remote-port"),
        Field::Bind => Some("--bind"),
        Field::LocalPort => Some("--local-port"),
        Field::Profile => Some("--profile"),
        Field::Keys => Some("--keys"),
        Field::Region => Some("--region"),
        Field::Group
        | Field::Tags
        | Field::EndpointUrl
        | Field::Endpoints
        | Field::Reason
        | Field::Sessions
        | Field::Keepalive
        | Field::RenewAfter
        | Field::Lazy
        | Field::Wait
        | Field::RetryFor
        | Field::KeepSessionAlive
        | Field::ProductionReason
        | Field::ClosesAfter => None,
    }
}

fn settings(profile: &Profile) -> Vec<(&'static str, String)> {
    let draft = Draft::from(profile);
    let optional = [
        ("profile", draft.profile),
        ("keys", draft.keys),
        ("region", draft.region),
        (
            "endpoint",
            draft.endpoint_url.as_ref().map(WrittenAddress::shown),
        ),
        (
            "endpoints",
            draft.endpoints.as_ref().map(WrittenAddress::shown),
        ),
        ("reason", draft.reason),
    ];
    let mut settings = vec![
        ("listens at", listens_at(profile)),
        ("leads to", leads_to(&profile.destination)),
        ("through", profile.target.to_string()),
    ];
    let given = optional.into_iter();
    settings.extend(given.filter_map(|(label, value)| Some((label, value?))));
    settings
}

/// What there is of a tunnel that is not complete.
fn draft_settings(draft: &Draft) -> Vec<(&'static str, String)> {
    let number = |port: u32| (port != 0).then(|| port.to_string());
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let all = [
        ("bind", text(&draft.bind)),
        ("local port", number(draft.local_port)),
        ("remote host", draft.remote_host.clone()),
        ("remote port", number(draft.remote_port)),
        ("target", text(&draft.target)),
        ("profile", draft.profile.clone()),
        ("keys", draft.keys.clone()),
        ("region", draft.region.clone()),
        (
            "endpoint",
            draft.endpoint_url.as_ref().map(WrittenAddress::shown),
        ),
        (
            "endpoints",
            draft.endpoints.as_ref().map(WrittenAddress::shown),
        ),
        ("reason", draft.reason.clone()),
    ];
    all.into_iter()
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
}

fn say_all(name: &str, settings: &[(&str, String)]) {
    say(&one_line(name));
    for (label, value) in settings {
        say(&format!("  {label:<12}{}", one_line(value)));
    }
}

fn tell_notes(output: Output, notes: &[Note]) {
    for Note { notice, place } in notes {
        let (line, column) = (place.line, place.column);
        match output {
            Output::Text => complain(&format!("note: {notice} (line {line}, column {column})")),
            Output::Json => json(&Line::Note {
                code: notice.code(),
                what: notice.to_string(),
                line,
                column,
            }),
        }
    }
}

/// A name as a shell takes it as one word.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/');
    let name = one_line(name);
    if name.chars().all(plain) {
        name
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}
