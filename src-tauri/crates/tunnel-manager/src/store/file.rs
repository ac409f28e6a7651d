//! The format of the profile file, version 2, and how version 1 is read.

mod edit;
mod mark;
mod scalar;
mod targets;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use aws_access::WrittenAddress;
use mark::Mark;
use scalar::Scalar;
use serde::{Deserialize, Serialize};
use targets::Targets;
use toml::Spanned;

use super::StoreError;
use crate::profile::{Draft, Profile, ProfileId};

/// The format that this program writes. It reads the one before as well.
const VERSION: i64 = 2;

/// The format in which a tunnel had no settings but its number of sessions, and that was
/// written for each tunnel whether or not anybody had chosen it.
const VERSION_1: i64 = 1;

const HEADER: &str = "\
# The saved tunnels of Culvert. You may edit this file; the program changes in it what you
# change in the program, and leaves your comments and order alone.

";

/// What stood there while it was true.
const FORMER_HEADER: &str = "\
# The saved tunnels of Culvert. You may edit this file; the program keeps its values and its
# order, not its comments.
";

/// The only thing that every version of the format has.
#[derive(Deserialize)]
struct Header {
    version: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadFile {
    #[expect(
        dead_code,
        reason = "read as a header before, named here because it may be there"
    )]
    version: i64,
    #[serde(default)]
    tunnel: Vec<Spanned<Entry>>,
}

#[derive(Serialize)]
struct WrittenFile {
    version: i64,
    tunnel: Vec<Entry>,
}

/// A tunnel with the keys of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// People who write the file by hand need not make one up.
    #[serde(default)]
    id: Option<ProfileId>,
    name: String,
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    favourite: bool,
    target: Targets,
    remote_host: Option<String>,
    remote_port: u32,
    #[serde(default)]
    bind: String,
    #[serde(default)]
    local_port: u32,
    profile: Option<String>,
    keys: Option<String>,
    region: Option<String>,
    endpoint_url: Option<String>,
    endpoints: Option<String>,
    reason: Option<String>,
    sessions: Option<Scalar>,
    keepalive: Option<Scalar>,
    renew_after: Option<Scalar>,
    lazy: Option<Scalar>,
    wait: Option<Scalar>,
    retry_for: Option<Scalar>,
    keep_session_alive: Option<Scalar>,
    production: Option<Mark>,
}

impl Entry {
    fn split(self, version: i64) -> (Option<ProfileId>, Draft) {
        // Nobody chose the one session that version 1 wrote everywhere; the tunnel gets what
        // a new one gets. Any other number was somebody's choice, and stays exactly that many.
        let chosen = version != VERSION_1 || self.sessions != Some(Scalar::Number(1));
        let text = Scalar::into_text;
        let draft = Draft {
            name: self.name,
            group: self.group,
            tags: self.tags,
            favourite: self.favourite,
            target: self.target.into_text(),
            remote_host: self.remote_host,
            remote_port: self.remote_port,
            bind: self.bind,
            local_port: self.local_port,
            profile: self.profile,
            keys: self.keys,
            region: self.region,
            endpoint_url: self.endpoint_url.map(WrittenAddress::from),
            endpoints: self.endpoints.map(WrittenAddress::from),
            reason: self.reason,
            sessions: self.sessions.filter(|_| chosen).map(text),
            keepalive: self.keepalive.map(text),
            renew_after: self.renew_after.map(text),
            lazy: self.lazy.map(text),
            wait: self.wait.map(text),
            retry_for: self.retry_for.map(text),
            keep_session_alive: self.keep_session_alive.map(text),
            production: self.production.and_then(Mark::into_draft),
        };
        (self.id, draft)
    }
}

impl From<&Profile> for Entry {
    fn from(profile: &Profile) -> Self {
        let draft = Draft::from(profile);
        Self {
            id: Some(profile.id),
            name: draft.name,
            group: draft.group,
            tags: draft.tags,
            favourite: draft.favourite,
            target: match profile.target.candidates() {
                [_] => Targets::Text(draft.target),
                several => Targets::List(several.iter().map(ToString::to_string).collect()),
            },
            remote_host: draft.remote_host,
            remote_port: draft.remote_port,
            bind: draft.bind,
            local_port: draft.local_port,
            profile: draft.profile,
            keys: draft.keys,
            region: draft.region,
            endpoint_url: draft.endpoint_url.map(WrittenAddress::into_text),
            endpoints: draft.endpoints.map(WrittenAddress::into_text),
            reason: draft.reason,
            sessions: draft.sessions.map(Scalar::from),
            keepalive: draft.keepalive.map(Scalar::from),
            renew_after: draft.renew_after.map(Scalar::from),
            lazy: draft.lazy.map(Scalar::from),
            wait: draft.wait.map(Scalar::from),
            retry_for: draft.retry_for.map(Scalar::from),
            keep_session_alive: draft.keep_session_alive.map(Scalar::from),
            production: draft.production.map(Mark::from),
        }
    }
}

/// What is not so is not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<Vec<Profile>, StoreError> {
    let header: Header = toml::from_str(text).map_err(|error| broken(path, text, &error))?;
    let version = *header.version.get_ref();
    if version > VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            version,
        });
    }
    if version != VERSION && version != VERSION_1 {
        let (line, column) = place(text, header.version.span().start);
        let message = format!("there is no format {version}");
        return Err(StoreError::Broken {
            path: path.to_owned(),
            line,
            column,
            message,
        });
    }
    let file: ReadFile = toml::from_str(text).map_err(|error| broken(path, text, &error))?;
    let mut seen = HashSet::new();
    let mut unnamed = HashMap::new();
    file.tunnel
        .into_iter()
        .map(|entry| {
            let (line, column) = place(text, entry.span().start);
            let (id, draft) = entry.into_inner().split(version);
            let id = id.unwrap_or_else(|| {
                let ordinal = unnamed.entry(draft.name.clone()).or_insert(0);
                *ordinal += 1;
                ProfileId::of_unnamed(&draft.name, *ordinal)
            });
            if !seen.insert(id) {
                let message = format!("two tunnels have the id {id}");
                return Err(StoreError::Broken {
                    path: path.to_owned(),
                    line,
                    column,
                    message,
                });
            }
            draft.check(id).map_err(|wrong| match wrong.first() {
                Some(invalid) => StoreError::Invalid {
                    path: path.to_owned(),
                    line,
                    column,
                    invalid: *invalid,
                },
                None => StoreError::Broken {
                    path: path.to_owned(),
                    line,
                    column,
                    message: "a tunnel is invalid".to_owned(),
                },
            })
        })
        .collect()
}

/// Writes what a change made of a file's tunnels into its text.
pub(super) fn change(text: &str, before: &[Profile], after: &[Profile]) -> String {
    let text = match text.strip_prefix(FORMER_HEADER) {
        Some(rest) => &format!("{}{rest}", HEADER.trim_end_matches('\n').to_owned() + "\n"),
        None => text,
    };
    match edit::edited(text, before, after) {
        // Whatever became of the comments: no tunnel may be another than was asked for.
        Some(edited) if parse(Path::new(""), &edited).is_ok_and(|read| read == after) => edited,
        Some(_) | None => render(after),
    }
}

/// A file of these tunnels, where there is none.
pub(crate) fn render(profiles: &[Profile]) -> String {
    if let Some(text) = edit::edited(&format!("{HEADER}version = {VERSION}\n"), &[], profiles) {
        return text;
    }
    let tunnel = profiles.iter().map(Entry::from).collect();
    // Nothing in it can fail to be TOML: texts, numbers and tables with fixed keys.
    let body = toml::to_string(&WrittenFile {
        version: VERSION,
        tunnel,
    })
    .unwrap_or_default();
    format!("{HEADER}{body}")
}

/// Line and column, both from 1, of a byte of the text.
pub(crate) fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

fn broken(path: &Path, text: &str, error: &toml::de::Error) -> StoreError {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    StoreError::Broken {
        path: path.to_owned(),
        line,
        column,
        message,
    }
}
