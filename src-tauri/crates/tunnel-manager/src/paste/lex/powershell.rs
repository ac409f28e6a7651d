//! The words of PowerShell (about_Parsing, about_Quoting_Rules).

use super::{Command, Part, Reader, cmd};
use crate::paste::source::Source;
use crate::paste::{Fault, PasteError};

pub(super) fn read(source: &Source) -> Result<Vec<Command>, PasteError> {
    let mut reader = Reader::new(source);
    while let Some(c) = reader.next() {
        match c {
            '\n' | ';' | '|' | '(' | ')' | '&' => reader.end_command(),
            '>' => reader.redirection(),
            '<' => reader.less_than(),
            c if c.is_whitespace() => reader.end_word(),
            '#' if reader.word.is_none() => reader.skip_line(),
            '`' => {
                if !reader.continuation() {
                    escaped(&mut reader)?;
                }
            }
            '\'' => single_quoted(&mut reader)?,
            '"' => double_quoted(&mut reader)?,
            '$' => dollar(&mut reader)?,
            '-' if reader.word.is_none() && stops_parsing(&reader) => {
                reader.at += 2;
                cmd::verbatim(&mut reader)?;
            }
            c => reader.push(c),
        }
    }
    Ok(reader.finish())
}

/// `--%`: what follows is for the program as it stands.
fn stops_parsing(reader: &Reader<'_>) -> bool {
    let blank = reader.peek(2).is_none_or(char::is_whitespace);
    reader.peek(0) == Some('-') && reader.peek(1) == Some('%') && blank
}

fn single_quoted(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    reader.open();
    loop {
        match reader.next() {
            Some('\'') if reader.peek(0) == Some('\'') => {
                reader.at += 1;
                reader.push('\'');
            }
            Some('\'') => return Ok(()),
            Some(c) => reader.push(c),
            None => return Err(reader.unclosed(from)),
        }
    }
}

fn double_quoted(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    reader.open();
    loop {
        match reader.next() {
            Some('"') if reader.peek(0) == Some('"') => {
                reader.at += 1;
                reader.push('"');
            }
            Some('"') => return Ok(()),
            // No PowerShell reads it so, but programs behind it do: people escape quotes for
            // both. At the end of a word it is a backslash.
            Some('\\') if reader.peek(0) == Some('"') && reader.peek(1) != Some('"') => {
                if reader.peek(1).is_none_or(char::is_whitespace) {
                    reader.push('\\');
                } else {
                    reader.at += 1;
                    reader.push('"');
                }
            }
            Some('`') => escaped(reader)?,
            Some('$') => dollar(reader)?,
            Some(c) => reader.push(c),
            None => return Err(reader.unclosed(from)),
        }
    }
}

/// A character behind a backtick.
fn escaped(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    match reader.next() {
        Some('n') => reader.push('\n'),
        Some('t') => reader.push('\t'),
        Some('r') => reader.push('\r'),
        Some(c @ ('0' | 'a' | 'b' | 'e' | 'f' | 'v')) => {
            let code = u32::from(c);
            return Err(Fault::ControlCharacter { code }.at(reader.place()));
        }
        Some(c) => reader.push(c),
        None => {}
    }
    Ok(())
}

/// `$name`, `$scope:name`, `${…}` or `$(…)`, whose `$` was taken.
fn dollar(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let begins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !begins(reader.peek(0)) {
        return reader.dollar();
    }
    reader.open();
    let mut name = reader.name();
    if reader.peek(0) == Some(':') && begins(reader.peek(1)) {
        reader.at += 1;
        name = reader.name();
    }
    reader.push_part(Part::Variable(name));
    Ok(())
}
