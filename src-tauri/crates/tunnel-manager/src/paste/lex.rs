//! From a text to commands of words, as the shells do it: bash and its kin, PowerShell, cmd.exe.

mod cmd;
mod powershell;
mod sh;

use super::dialect::Dialect;
use super::source::Source;
use super::{Fault, PasteError, Place};

/// One command: its words, at least one.
pub(super) type Command = Vec<Word>;

/// A word of a command. It has no `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) place: Place,
    pub(super) parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone)]
pub(super) enum Part {
    Text(String),
    /// The value of a variable.
    Variable(String),
    /// What another command prints.
    Output,
}

impl Word {
    /// Splits `name=value` at its first `=`. `None` if there is none in its first text.
    pub(super) fn split_at_equals(&self) -> Option<(String, Self)> {
        let Some((Part::Text(first), rest)) = self.parts.split_first() else {
            return None;
        };
        let (name, value) = first.split_once('=')?;
        let mut parts = Vec::with_capacity(self.parts.len());
        if !value.is_empty() {
            parts.push(Part::Text(value.to_owned()));
        }
        parts.extend_from_slice(rest);
        let place = self.place;
        Some((name.to_owned(), Self { place, parts }))
    }

    /// The text of a word that is nothing but text.
    pub(super) fn text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

/// Reads a text in a shell's way.
///
/// # Errors
/// Quotes that are not closed.
pub(super) fn read(source: &Source, dialect: Dialect) -> Result<Vec<Command>, PasteError> {
    match dialect {
        Dialect::Sh => sh::read(source),
        Dialect::PowerShell => powershell::read(source),
        Dialect::Cmd => cmd::read(source),
    }
}

/// Goes over the characters and gathers words and commands.
struct Reader<'a> {
    source: &'a Source,
    at: usize,
    word: Option<Word>,
    command: Command,
    commands: Vec<Command>,
    /// The next word belongs to a redirection.
    drop_word: bool,
}

impl<'a> Reader<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            at: 0,
            word: None,
            command: Vec::new(),
            commands: Vec::new(),
            drop_word: false,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.chars().get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        Some(c)
    }

    /// The place of the character that was taken last.
    fn place(&self) -> Place {
        self.source.place(self.at.saturating_sub(1))
    }

    fn unclosed(&self, from: usize) -> PasteError {
        Fault::UnclosedQuote.at(self.source.place(from))
    }

    /// The word that is being read; begins one if there is none.
    fn open(&mut self) -> &mut Word {
        let place = self.source.place(self.at.saturating_sub(1));
        self.word.get_or_insert_with(|| Word {
            place,
            parts: Vec::new(),
        })
    }

    fn push(&mut self, c: char) {
        let word = self.open();
        if let Some(Part::Text(text)) = word.parts.last_mut() {
            text.push(c);
        } else {
            word.parts.push(Part::Text(c.into()));
        }
    }

    fn push_part(&mut self, part: Part) {
        self.open().parts.push(part);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.drop_word)
        {
            self.command.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.drop_word = false;
        if !self.command.is_empty() {
            self.commands.push(std::mem::take(&mut self.command));
        }
    }

    /// Takes a redirection whose first character was taken: the file's name is no word of the
    /// command, nor is the number in front.
    fn redirection(&mut self) {
        let number = |word: &Word| {
            word.text()
                .is_some_and(|text| text.chars().all(|c| c.is_ascii_digit()))
        };
        if self.word.as_ref().is_some_and(number) {
            self.word = None;
        }
        self.end_word();
        while matches!(self.peek(0), Some('>' | '<' | '&' | '|')) {
            self.at += 1;
        }
        self.drop_word = true;
    }

    /// The end of a name in angle brackets that begins at the character taken last: a
    /// placeholder such as `<instance-id>`, not a redirection.
    fn placeholder(&self) -> Option<usize> {
        let rest = self.source.chars().get(self.at..)?;
        let begins = rest.first().is_some_and(char::is_ascii_alphabetic);
        let name = |c: &&char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
        let length = rest.iter().take(60).take_while(name).count();
        (begins && rest.get(length) == Some(&'>')).then_some(self.at + length + 1)
    }

    /// Takes `<` as a placeholder, which stays a text, or as a redirection.
    fn less_than(&mut self) {
        match self.placeholder() {
            Some(end) => {
                self.push('<');
                while self.at < end {
                    match self.next() {
                        Some(c) => self.push(c),
                        None => break,
                    }
                }
            }
            None => self.redirection(),
        }
    }

    /// The name of a variable at the next characters, which it takes.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek(0) {
            if !(c.is_ascii_alphanumeric() || c == '_') {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        name
    }

    /// Takes everything to the parenthesis that closes the one that was taken last.
    fn skip_parentheses(&mut self) -> Result<(), PasteError> {
        let from = self.at;
        let mut depth = 1_usize;
        let mut quote = None;
        while let Some(c) = self.next() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                (None, _) => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(self.unclosed(from))
    }

    /// Takes `$…`, whose `$` was taken. A `$` that begins no name is a character.
    fn dollar(&mut self) -> Result<(), PasteError> {
        self.open();
        match self.peek(0) {
            Some('(') => {
                self.at += 1;
                self.push_part(Part::Output);
                self.skip_parentheses()?;
            }
            Some('{') => {
                let from = self.at;
                self.at += 1;
                let mut name = String::new();
                loop {
                    match self.next() {
                        Some('}') => break,
                        Some(c) => name.push(c),
                        None => return Err(self.unclosed(from)),
                    }
                }
                self.push_part(variable(&name));
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                self.push_part(variable(&name));
            }
            Some(c @ ('0'..='9' | '@' | '*' | '?' | '!')) => {
                self.at += 1;
                self.push_part(variable(&c.to_string()));
            }
            Some(_) | None => self.push('$'),
        }
        Ok(())
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// Takes the end of a line after a continuation character, and the blanks that wikis put
    /// before it, and the prompt that terminals put behind it. Says whether there was one.
    fn continuation(&mut self) -> bool {
        let mut at = self.at;
        let chars = self.source.chars();
        while chars.get(at).is_some_and(|c| matches!(c, ' ' | '\t')) {
            at += 1;
        }
        match chars.get(at) {
            Some('\n') => at += 1,
            None => {}
            Some(_) => return false,
        }
        self.at = at;
        self.skip_continuation_prompt();
        true
    }

    fn skip_continuation_prompt(&mut self) {
        let chars = self.source.chars();
        let rest = chars.get(self.at..).unwrap_or_default();
        for prompt in [">> ", "> ", "More? "] {
            if rest.iter().take(prompt.len()).copied().eq(prompt.chars()) {
                self.at += prompt.len();
                return;
            }
        }
    }

    fn finish(mut self) -> Vec<Command> {
        self.end_command();
        self.commands
    }
}

/// A variable by its name; what stands behind the name in braces is no part of it.
fn variable(name: &str) -> Part {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
    let name = &name[..end];
    let bare = name.split_once(':').map_or(name, |(scope, bare)| {
        // `${NAME:-default}` of sh against `$env:NAME` of PowerShell.
        if bare.is_empty() { scope } else { bare }
    });
    Part::Variable(bare.chars().take(60).collect())
}
