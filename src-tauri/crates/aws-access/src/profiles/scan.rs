//! Reads the AWS config files line by line, to say where something is wrong in them.
//!
//! What the files mean is the SDK's business. It stops at the first line that makes no sense,
//! and tells its own log which sections it leaves out; people want to know it all, and where.
//! The rules are those of the AWS SDKs and Tools Reference Guide, "Format of the config file".

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::file_fault::{FileFault, FileFaultKind};

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Config,
    Credentials,
}

/// What was found in a file.
#[derive(Default)]
pub(crate) struct Scan {
    /// The file's text with empty lines in place of those that make no sense: what of it can
    /// be understood.
    pub(crate) readable: String,
    /// What is wrong, in the order of the lines.
    pub(crate) faults: Vec<FileFault>,
    /// The keys of each profile, in small letters, with their values.
    pub(crate) profiles: BTreeMap<String, BTreeMap<String, String>>,
    /// The names of its `services` sections.
    pub(crate) services: BTreeSet<String>,
    /// Whether there are keys or tokens in it.
    pub(crate) holds_keys: bool,
}

/// Leaves out what the file says: there may be keys in it.
impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("faults", &self.faults)
            .field("profiles", &self.profiles.len())
            .field("services", &self.services)
            .field("holds_keys", &self.holds_keys)
            .finish_non_exhaustive()
    }
}

/// Characters of which a comment begins.
const COMMENT: [char; 2] = ['#', ';'];

/// Sections that have a name (SDKs and Tools Reference Guide, "Format of the config file").
const NAMED: [&str; 3] = ["profile", "sso-session", "services"];

/// Sections of the AWS CLI's own, which have none (AWS CLI User Guide, "Plugins", "Preview").
const OF_AWS_CLI: [&str; 2] = ["plugins", "preview"];

/// What counts as space within a line.
const BLANK: [char; 2] = [' ', '\t'];

pub(crate) fn scan(path: &Path, kind: FileKind, text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut state = State::Outside;
    let mut headers = Headers::default();
    let bare = text.strip_prefix('\u{feff}');
    if bare.is_some() {
        scan.faults.push(FileFault {
            path: path.to_owned(),
            line: Some(1),
            kind: FileFaultKind::ByteOrderMark,
        });
    }
    let text = bare.unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let read = read_line(line, &mut state, kind, &mut headers, number);
        let kept = match &read {
            Ok(Line::Lost) | Err(FileFaultKind::BadLine { .. }) => "",
            Ok(Line::Other | Line::Entry(..)) | Err(_) => line,
        };
        scan.readable.push_str(kept);
        scan.readable.push('\n');
        match read {
            Ok(Line::Entry(key, value)) => scan.note(&state, key, value),
            Ok(Line::Other | Line::Lost) => {}
            Err(kind) => scan.faults.push(FileFault {
                path: path.to_owned(),
                line: Some(number),
                kind,
            }),
        }
    }
    if let (Some(line), Some(_)) = (headers.bare, headers.prefixed) {
        scan.faults.push(FileFault {
            path: path.to_owned(),
            line: Some(line),
            kind: FileFaultKind::DefaultTwice,
        });
    }
    scan.services = headers.services;
    scan
}

impl Scan {
    fn note(&mut self, state: &State, key: &str, value: &str) {
        let key = key.to_ascii_lowercase();
        self.holds_keys |= matches!(key.as_str(), "aws_secret_access_key" | "aws_session_token");
        if let State::Section {
            profile: Some(name),
            ..
        } = state
        {
            let keys = self.profiles.entry(name.clone()).or_default();
            keys.insert(key, value.to_owned());
        }
    }
}

/// What the names of sections have told.
#[derive(Default)]
struct Headers {
    /// The lines of the two forms of the default profile.
    bare: Option<usize>,
    prefixed: Option<usize>,
    services: BTreeSet<String>,
}

enum State {
    /// Before the first section.
    Outside,
    /// In one whose name could not be read, or after what was told to be in none.
    Lost,
    /// In one.
    Section {
        /// The profile that it is of, if it counts and is one of a profile.
        profile: Option<String>,
        /// The line before it, if it was a key: what is indented belongs to that.
        last: Last,
    },
}

enum Last {
    Header,
    /// A key with a value, which may go on.
    Value,
    /// A key without one: keys of its own follow, indented.
    Group,
}

/// A line that makes sense.
enum Line<'a> {
    /// A key and its value.
    Entry(&'a str, &'a str),
    /// A section's name, a comment, or what belongs to the key before it.
    Other,
    /// Makes sense by itself, but nobody knows in which section.
    Lost,
}

fn read_line<'a>(
    line: &'a str,
    state: &mut State,
    kind: FileKind,
    headers: &mut Headers,
    number: usize,
) -> Result<Line<'a>, FileFaultKind> {
    let bad = |reason| Err(FileFaultKind::BadLine { reason });
    if line.trim_matches(BLANK).is_empty() || line.starts_with(COMMENT) {
        return Ok(Line::Other);
    }
    if line.starts_with('[') {
        return header(line, state, kind, headers, number).map(|()| Line::Other);
    }
    let last = match state {
        State::Outside => {
            // Told once: what follows is as lost.
            *state = State::Lost;
            return bad("There is something before the first section");
        }
        State::Lost => return Ok(Line::Lost),
        State::Section { last, .. } => last,
    };
    if line.starts_with(BLANK) {
        return match last {
            Last::Header => bad("An indented line has nothing that it belongs to"),
            Last::Value => Ok(Line::Other),
            // Even a comment, if it has the form: the SDK takes it for such a line.
            Last::Group if entry(line.trim_matches(BLANK)).is_some() => Ok(Line::Other),
            Last::Group => bad("An indented line is not of the form \"key = value\""),
        };
    }
    match entry(line) {
        Some((key, value)) => {
            *last = if value.is_empty() {
                Last::Group
            } else {
                Last::Value
            };
            Ok(Line::Entry(key, value))
        }
        None => bad("A line is not of the form \"key = value\""),
    }
}

/// A key and its value; a comment after a blank is none of it.
fn entry(line: &str) -> Option<(&str, &str)> {
    let end = line
        .char_indices()
        .find(|(at, character)| COMMENT.contains(character) && line[..*at].ends_with(BLANK))
        .map_or(line.len(), |(at, _)| at);
    let (key, value) = line[..end].split_once('=')?;
    let key = key.trim_matches(BLANK);
    (!key.is_empty()).then(|| (key, value.trim_matches(BLANK)))
}

fn header(
    line: &str,
    state: &mut State,
    kind: FileKind,
    headers: &mut Headers,
    number: usize,
) -> Result<(), FileFaultKind> {
    let bare = line.split(COMMENT).next().unwrap_or(line);
    let Some(name) = bare
        .trim_matches(BLANK)
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    else {
        *state = State::Lost;
        return Err(FileFaultKind::BadLine {
            reason: "A section's name does not end with ]",
        });
    };
    let name = name.trim_matches(BLANK);
    let (prefix, rest) = match name.split_once(BLANK) {
        Some((prefix, rest)) => (Some(prefix), rest.trim_matches(BLANK)),
        None => (None, name),
    };
    let mut section = |profile: Option<&str>| {
        *state = State::Section {
            profile: profile.map(str::to_owned),
            last: Last::Header,
        };
    };
    let whole = || name.to_owned();
    if name.is_empty() || (prefix.is_none() && NAMED.contains(&name) && kind == FileKind::Config) {
        section(None);
        return Err(FileFaultKind::NameMissing { section: whole() });
    }
    if !is_name(rest) {
        section(None);
        return Err(FileFaultKind::BadName { section: whole() });
    }
    match (kind, prefix) {
        (FileKind::Config, Some("profile")) => {
            if rest == "default" {
                headers.prefixed = Some(number);
            }
            section(Some(rest));
        }
        (FileKind::Config, Some("services")) => {
            headers.services.insert(rest.to_owned());
            section(None);
        }
        (FileKind::Config, Some("sso-session")) => section(None),
        (FileKind::Config, Some(_)) => {
            section(None);
            return Err(FileFaultKind::UnknownSection { section: whole() });
        }
        (FileKind::Config, None) if rest == "default" => {
            headers.bare = Some(number);
            section(Some(rest));
        }
        (FileKind::Config, None) if OF_AWS_CLI.contains(&rest) => section(None),
        (FileKind::Config, None) => {
            section(None);
            return Err(FileFaultKind::PrefixMissing { section: whole() });
        }
        (FileKind::Credentials, None) => section(Some(rest)),
        (FileKind::Credentials, Some(_)) => {
            section(None);
            return Err(FileFaultKind::PrefixInCredentials { section: whole() });
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(kind: FileKind, text: &str) -> Vec<(usize, &'static str)> {
        scan(Path::new("config"), kind, text)
            .faults
            .iter()
            .map(|fault| (fault.line.unwrap(), fault.code()))
            .collect()
    }

    #[test]
    fn a_file_as_the_aws_cli_writes_it_has_no_faults() {
        let text = "\
# comment
[default]
region = eu-central-1
[profile p]
role_arn = arn:aws:iam::123456789012:role/x ; comment
services = s
s3 =
  max_concurrent_requests = 20
[sso-session corp]
sso_registration_scopes = sso:account:access
[services s]
ssm =
  endpoint_url = http://127.0.0.1
";
        assert_eq!(faults(FileKind::Config, text), []);
        let text = "[p]\naws_access_key_id=AKIA\naws_secret_access_key=a#b=\n";
        let read = scan(Path::new("c"), FileKind::Credentials, text);
        assert!(read.faults.is_empty() && read.holds_keys);
        assert_eq!(read.profiles["p"]["aws_secret_access_key"], "a#b=");
        assert!(!format!("{read:?}").contains("a#b="));
    }

    #[test]
    fn each_line_that_makes_no_sense_is_told_with_its_number() {
        let text = "region = x\n[profile a]\n  indented = 1\nno equals sign\n= no key\n[profile b\n\
                    key = 1\n[profile c]\ngroup =\n  nothing\nkey = 1\n";
        let told = faults(FileKind::Config, text);
        let lines: Vec<_> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 10]);
        assert!(told.iter().all(|(_, code)| *code == "bad-line"));
    }

    #[test]
    fn a_byte_order_mark_and_what_is_before_the_first_section_are_told_once() {
        let text = "\u{feff}[default]\nregion = x\n[profile a]\nregion = y\n";
        assert_eq!(faults(FileKind::Config, text), [(1, "byte-order-mark")]);
        let read = scan(Path::new("c"), FileKind::Config, text);
        assert_eq!(read.profiles["a"]["region"], "y");
        let text = "region = x\noutput = json\n[profile a]\nregion = y\n";
        assert_eq!(faults(FileKind::Config, text), [(1, "bad-line")]);
    }

    #[test]
    fn what_is_indented_in_a_group_is_judged_as_the_sdk_does() {
        let text = "[profile a]\ns3 =\n  # max_queue = 1\n  ; b = 2\n  c = 3\n  # words\n";
        assert_eq!(faults(FileKind::Config, text), [(6, "bad-line")]);
    }

    #[test]
    fn what_remains_can_be_read_without_the_bad_lines() {
        let text = "[profile a]\nnonsense\nregion = x\n";
        let read = scan(Path::new("c"), FileKind::Config, text);
        assert_eq!(read.readable, "[profile a]\n\nregion = x\n");
        assert_eq!(read.profiles["a"]["region"], "x");
        // What follows a name that can't be read is not counted to the section before.
        let text = "[profile a]\n[profile b\nregion = x\n";
        let read = scan(Path::new("c"), FileKind::Config, text);
        assert_eq!(read.readable, "[profile a]\n\n\n");
    }

    #[test]
    fn sections_that_do_not_count_are_told() {
        let text = "[work]\nregion = x\n[profile a b]\n[profile default]\n[default]\n";
        assert_eq!(
            faults(FileKind::Config, text),
            [
                (1, "profile-prefix-missing"),
                (3, "bad-section-name"),
                (5, "default-twice"),
            ]
        );
        let text = "[profile work]\n[work]\n";
        assert_eq!(
            faults(FileKind::Credentials, text),
            [(1, "prefix-in-credentials")]
        );
    }

    #[test]
    fn a_fault_never_repeats_a_line_that_may_hold_a_secret() {
        let text = "[p]\naws_secret_access_key planted-secret\n";
        let read = scan(Path::new("c"), FileKind::Credentials, text);
        let fault = &read.faults[0];
        let told = format!("{fault:?} {} {}", fault.what(), fault.remedy());
        assert!(!told.contains("planted"), "{told}");
    }
}
