//! From commands to the one that makes a tunnel: assignments, what stands in front, commands
//! within commands.

use super::dialect::Dialect;
use super::error::Next;
use super::lex::{self, Command, Part, Word};
use super::scope::{Scope, Work};
use super::source::Source;
use super::{Fault, Found, Notice, PasteError, Place, TEXT_MOST, address, aws, ssh};

/// How deep commands may be within commands, such as that of `sh -c`, or behind `sudo`.
pub(super) const DEPTH_MOST: usize = 16;

/// Reads a text as commands of the shell that it was most likely written for.
///
/// # Errors
/// There is no tunnel in it. If another shell's quoting makes sense of it, it is no error.
pub(super) fn read(source: &Source) -> Result<Found, PasteError> {
    let [first, second, third] = Dialect::candidates(source);
    read_as(source, first).or_else(|error| match error.fault.next() {
        Next::OtherQuoting => read_as(source, second)
            .or_else(|_| read_as(source, third))
            .map_err(|_| error),
        Next::OtherCommand | Next::Stop => Err(error),
    })
}

/// Reads the words of one command, which a shell has taken apart already.
///
/// # Errors
/// It makes no tunnel.
pub(super) fn read_words(words: &[Word]) -> Result<Found, PasteError> {
    let mut text = Text::new(Dialect::Sh);
    text.command(words)?;
    text.end(Place { line: 1, column: 1 })
}

fn read_as(source: &Source, dialect: Dialect) -> Result<Found, PasteError> {
    let mut text = Text::new(dialect);
    text.read(&source.without_prompts())?;
    text.end(source.place(0))
}

/// A text that is being read.
pub(super) struct Text {
    scope: Scope,
    found: Found,
    /// Addresses among the words of other commands: only of interest if there is nothing else.
    addresses: Vec<(String, Place)>,
    /// Why a command that is nearly one makes no tunnel.
    almost: Option<PasteError>,
    depth: usize,
}

impl Text {
    fn new(dialect: Dialect) -> Self {
        Self {
            scope: Scope::new(dialect, Work::default()),
            found: Found::default(),
            addresses: Vec::new(),
            almost: None,
            depth: 0,
        }
    }

    fn read(&mut self, source: &Source) -> Result<(), PasteError> {
        for command in lex::read(source, self.scope.dialect())? {
            self.command(&command)?;
        }
        Ok(())
    }

    fn end(self, begin: Place) -> Result<Found, PasteError> {
        if !self.found.tunnels.is_empty() {
            return Ok(self.found);
        }
        if let Some(error) = self.almost {
            return Err(error);
        }
        if self.addresses.is_empty() {
            return Err(Fault::NothingFound.at(begin));
        }
        let mut found = address::read(self.addresses)?;
        let notes = self.found.notes.into_iter();
        found
            .notes
            .extend(notes.filter(|note| note.notice != Notice::CommandLeftOut));
        Ok(found)
    }

    fn command(&mut self, words: &[Word]) -> Result<(), PasteError> {
        if let Some(first) = words.first()
            && self.depth == DEPTH_MOST
        {
            return Err(Fault::TooDeep.at(first.place));
        }
        self.depth += 1;
        let done = self.simple_command(words);
        self.depth -= 1;
        // Whatever could not be written out for that reason was taken for unknown.
        if let Some(first) = words.first()
            && self.scope.work().is_too_much()
        {
            return Err(Fault::TooMuch.at(first.place));
        }
        done
    }

    fn simple_command(&mut self, words: &[Word]) -> Result<(), PasteError> {
        if self.assignment_of_powershell(words) {
            return Ok(());
        }
        let keyword = |word: &&Word| {
            matches!(
                word.text(),
                Some("do" | "then" | "else" | "while" | "until" | "if" | "{" | "}" | "!")
            )
        };
        let words = &words[words.iter().take_while(keyword).count()..];
        let assigned = words.iter().take_while(|word| assignment(word).is_some());
        let count = assigned.count();
        let (assigned, words) = words.split_at(count);
        let names = assigned.iter().filter_map(assignment).map(|(name, _)| name);
        let outer = self.scope.kept(names);
        for word in assigned {
            self.assign(word);
        }
        if words.is_empty() {
            return Ok(());
        }
        let done = self.program(words);
        // An assignment in front of a command is for that command alone.
        self.scope.restore(outer);
        done
    }

    /// A command without assignments in front.
    fn program(&mut self, words: &[Word]) -> Result<(), PasteError> {
        let Some((first, rest)) = words.split_first() else {
            return Ok(());
        };
        let name = self.scope.resolve(first).unwrap_or_default();
        match program_name(&name).as_str() {
            "aws" | "aws2" => self.aws(first.place, rest),
            "ssh" => ssh::read(first, rest, &self.scope, &mut self.found).or_else(|e| self.not(e)),
            "autossh" => {
                // `-M` is autossh's own and has a value; for ssh it has none.
                let monitor = rest.iter().position(|word| word.text() == Some("-M"));
                let mut rest = rest.to_vec();
                if let Some(at) = monitor {
                    rest.drain(at..rest.len().min(at + 2));
                }
                ssh::read(first, &rest, &self.scope, &mut self.found).or_else(|e| self.not(e))
            }
            "export" | "declare" | "typeset" | "readonly" | "local" => {
                for word in rest.iter().filter(|word| assignment(word).is_some()) {
                    self.assign(word);
                }
                Ok(())
            }
            "set" | "setenv" => {
                self.set(rest);
                Ok(())
            }
            "sudo" | "doas" => self.command(&behind(
                rest,
                &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U"],
            )),
            "env" => self.command(&behind(rest, &["-u", "-C", "-S"])),
            "nohup" | "exec" | "command" | "builtin" | "time" | "winpty" | "caffeinate" => {
                self.command(&behind(rest, &[]))
            }
            "aws-vault" | "aws-okta" => self.vault(first, rest),
            "sh" | "bash" | "zsh" | "dash" | "ksh" => self.nested(rest, Dialect::Sh),
            "powershell" | "pwsh" => self.nested(rest, Dialect::PowerShell),
            "cmd" => self.nested(rest, Dialect::Cmd),
            _ => self.other(words),
        }
    }

    fn aws(&mut self, place: Place, rest: &[Word]) -> Result<(), PasteError> {
        aws::read(place, rest, &self.scope, &mut self.found).or_else(|error| self.not(error))
    }

    /// A command of the right program that makes no tunnel: others may.
    fn not(&mut self, error: PasteError) -> Result<(), PasteError> {
        match error.fault.next() {
            Next::OtherCommand => {
                self.found.note(error.place, Notice::CommandLeftOut);
                self.almost.get_or_insert(error);
                Ok(())
            }
            Next::OtherQuoting | Next::Stop => Err(error),
        }
    }

    /// `aws-vault exec PROFILE -- COMMAND`.
    fn vault(&mut self, first: &Word, rest: &[Word]) -> Result<(), PasteError> {
        let exec = rest.iter().position(|word| word.text() == Some("exec"));
        let Some(exec) = exec else {
            return self.other_left_out(first.place);
        };
        let with_value = [
            "-d",
            "--duration",
            "-t",
            "--mfa-token",
            "--region",
            "--backend",
            "--prompt",
            "--keychain",
        ];
        let rest = behind(&rest[exec + 1..], &with_value);
        let Some((profile, rest)) = rest.split_first() else {
            return self.other_left_out(first.place);
        };
        let outer = self.scope.kept(["AWS_PROFILE".to_owned()]);
        self.scope.set("AWS_PROFILE", profile);
        let done = self.command(&behind(rest, &[]));
        self.scope.restore(outer);
        done
    }

    /// `sh -c TEXT`, `powershell -Command TEXT…`, `cmd /c TEXT…`.
    fn nested(&mut self, rest: &[Word], dialect: Dialect) -> Result<(), PasteError> {
        let is_switch = |word: &Word| {
            let text = word.text().unwrap_or_default().to_ascii_lowercase();
            match dialect {
                Dialect::Sh => text.starts_with('-') && text.ends_with('c'),
                Dialect::PowerShell => matches!(text.as_str(), "-c" | "-command"),
                Dialect::Cmd => matches!(text.as_str(), "/c" | "/k"),
            }
        };
        let Some(at) = rest.iter().position(is_switch) else {
            return match rest.first() {
                Some(word) => self.other_left_out(word.place),
                None => Ok(()),
            };
        };
        let rest = &rest[at + 1..];
        let Some(first) = rest.first() else {
            return Ok(());
        };
        match dialect {
            // Further words are arguments of the text.
            Dialect::Sh => {}
            Dialect::PowerShell | Dialect::Cmd if rest.len() > 1 => return self.command(rest),
            Dialect::PowerShell | Dialect::Cmd => {}
        }
        let text = self.scope.resolve(first)?;
        if text.len() > TEXT_MOST {
            return Err(Fault::TooLong { most: TEXT_MOST }.at(first.place));
        }
        if !self.scope.work().take(text.len()) {
            return Err(Fault::TooMuch.at(first.place));
        }
        let source = Source::of_word(&text, first.place);
        let inner = Scope::new(dialect, self.scope.work().clone());
        let outer = std::mem::replace(&mut self.scope, inner);
        let done = self.read(&source);
        self.scope = outer;
        done
    }

    /// A program that is none of ours: it may stand before one that is, or name an address.
    fn other(&mut self, words: &[Word]) -> Result<(), PasteError> {
        let texts: Vec<_> = words
            .iter()
            .map(|word| self.scope.resolve(word).unwrap_or_default())
            .collect();
        let find = |wanted: &[&str]| {
            let is = |text: &String| wanted.contains(&program_name(text).as_str());
            texts.iter().skip(1).position(is).map(|at| at + 1)
        };
        let last = |wanted: &str| texts.iter().rposition(|text| text == wanted);
        if let Some(at) = find(&["aws", "aws2", "aws-cli"])
            && last("ssm").is_some_and(|ssm| ssm > at)
            && last("start-session").is_some_and(|start| start > at)
        {
            self.found.note(words[0].place, Notice::WrapperLeftOut);
            return self.aws(words[at].place, &words[at + 1..]);
        }
        if let Some(at) = find(&["ssh", "autossh"])
            && texts[at..].iter().any(|text| text.starts_with('-'))
        {
            self.found.note(words[0].place, Notice::WrapperLeftOut);
            return self.program(&words[at..]);
        }
        for (text, word) in texts.iter().zip(words) {
            self.remember_address(text, word.place);
        }
        self.other_left_out(words[0].place)
    }

    fn other_left_out(&mut self, place: Place) -> Result<(), PasteError> {
        self.found.note(place, Notice::CommandLeftOut);
        Ok(())
    }

    fn remember_address(&mut self, text: &str, place: Place) {
        if address::is_address(text) {
            self.addresses.push((text.to_owned(), place));
        }
    }

    fn assign(&mut self, word: &Word) {
        if let Some((name, value)) = assignment(word) {
            self.set_variable(&name, &value);
        }
    }

    fn set_variable(&mut self, name: &str, value: &Word) {
        let upper = name.to_ascii_uppercase();
        let secret = ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "ACCESS_KEY"];
        if secret.iter().any(|secret| upper.contains(secret)) {
            self.found.note(value.place, Notice::KeysLeftOut);
            return;
        }
        if let Ok(text) = self.scope.resolve(value) {
            self.remember_address(&text, value.place);
        }
        self.scope.set(name, value);
    }

    /// `set NAME=value` of cmd.exe, `set -x NAME value` of fish, `setenv NAME value` of csh.
    fn set(&mut self, rest: &[Word]) {
        let option = |word: &&Word| word.text().is_some_and(|text| text.starts_with('-'));
        let rest = &rest[rest.iter().take_while(option).count()..];
        match rest {
            [word, ..] if assignment(word).is_some() => self.assign(word),
            [name, value] => {
                if let Some(name) = name.text().filter(|name| is_name(name)) {
                    self.set_variable(name, value);
                }
            }
            _ => {}
        }
    }

    /// `$env:NAME = value` or `$name = value`. Says whether it was one.
    fn assignment_of_powershell(&mut self, words: &[Word]) -> bool {
        if self.scope.dialect() != Dialect::PowerShell {
            return false;
        }
        let Some((first, rest)) = words.split_first() else {
            return false;
        };
        let Some((Part::Variable(name), parts)) = first.parts.split_first() else {
            return false;
        };
        let name = name.clone();
        let value = match (parts, rest) {
            ([], [equals, value, ..]) if equals.text() == Some("=") => value.clone(),
            ([Part::Text(text), more @ ..], rest) => {
                let Some(text) = text.strip_prefix('=') else {
                    return false;
                };
                match (text, more, rest) {
                    ("", [], [value, ..]) => value.clone(),
                    (text, more, _) => {
                        let mut parts = vec![Part::Text(text.to_owned())];
                        parts.extend_from_slice(more);
                        let place = first.place;
                        Word { place, parts }
                    }
                }
            }
            _ => return false,
        };
        self.set_variable(&name, &value);
        true
    }
}

/// The words behind a program's own options; those of `with_value` have one more word.
fn behind(words: &[Word], with_value: &[&str]) -> Command {
    let mut at = 0;
    while let Some(text) = words.get(at).and_then(Word::text) {
        match text {
            "--" => {
                at += 1;
                break;
            }
            text if with_value.contains(&text) => at += 2,
            text if text.starts_with('-') => at += 1,
            _ => break,
        }
    }
    words.get(at..).unwrap_or_default().to_vec()
}

/// `NAME=value`.
fn assignment(word: &Word) -> Option<(String, Word)> {
    word.split_at_equals().filter(|(name, _)| is_name(name))
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(plain)
}

/// The name of a program without its folder and without `.exe`.
fn program_name(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    lower.strip_suffix(".exe").unwrap_or(&lower).to_owned()
}
