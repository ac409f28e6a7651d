//! The words of cmd.exe, and of the C library of Windows, which splits what is left of a line
//! (Microsoft: "Parsing C command-line arguments").

use super::{Command, Part, Reader};
use crate::paste::PasteError;
use crate::paste::source::Source;

pub(super) fn read(source: &Source) -> Result<Vec<Command>, PasteError> {
    let mut reader = Reader::new(source);
    while let Some(c) = reader.next() {
        match c {
            '\n' | '&' | '|' => reader.end_command(),
            '(' | ')' if reader.word.is_none() => reader.end_command(),
            '>' => reader.redirection(),
            '<' => reader.less_than(),
            '^' => {
                if !reader.continuation()
                    && let Some(c) = reader.next()
                {
                    reader.push(c);
                }
            }
            c => argument(&mut reader, c, false)?,
        }
    }
    Ok(reader.finish())
}

/// Takes the rest of a line as the C library splits it: nothing in it is special to a shell.
pub(super) fn verbatim(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    while let Some(c) = reader.next() {
        match c {
            '\n' => {
                reader.end_command();
                return Ok(());
            }
            c => argument(reader, c, false)?,
        }
    }
    Ok(())
}

/// Takes one character of an argument, or all of a quoted part of it.
fn argument(reader: &mut Reader<'_>, c: char, quoted: bool) -> Result<(), PasteError> {
    match c {
        c if c.is_whitespace() && !quoted => reader.end_word(),
        '"' if !quoted => quoted_part(reader)?,
        '\\' => {
            let mut count = 1;
            while reader.peek(0) == Some('\\') {
                reader.at += 1;
                count += 1;
            }
            let before_quote = reader.peek(0) == Some('"');
            let pairs = if before_quote { count / 2 } else { count };
            for _ in 0..pairs {
                reader.push('\\');
            }
            if before_quote && count % 2 == 1 {
                reader.at += 1;
                reader.push('"');
            }
        }
        '%' => percent(reader),
        c => reader.push(c),
    }
    Ok(())
}

fn quoted_part(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    reader.open();
    loop {
        match reader.next() {
            Some('"') if reader.peek(0) == Some('"') => {
                reader.at += 1;
                reader.push('"');
            }
            Some('"') => return Ok(()),
            // A line ends whether or not the quote does.
            Some('\n') | None => return Err(reader.unclosed(from)),
            Some(c) => argument(reader, c, true)?,
        }
    }
}

/// `%NAME%` is a variable; any other `%` is a character.
fn percent(reader: &mut Reader<'_>) {
    let rest = reader.source.chars().get(reader.at..).unwrap_or_default();
    let name: String = rest
        .iter()
        .take(60)
        .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
        .collect();
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && rest.get(name.len()) == Some(&'%') {
        reader.at += name.len() + 1;
        reader.push_part(Part::Variable(name));
    } else {
        reader.push('%');
    }
}
