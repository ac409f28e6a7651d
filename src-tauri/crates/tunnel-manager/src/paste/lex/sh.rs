//! The words of sh, bash and zsh (POSIX.1-2024, Shell Command Language, sections 2.2 and 2.3, and
//! bash's `$'…'`).

use super::{Command, Part, Reader};
use crate::paste::source::Source;
use crate::paste::{Fault, PasteError};

pub(super) fn read(source: &Source) -> Result<Vec<Command>, PasteError> {
    let mut reader = Reader::new(source);
    while let Some(c) = reader.next() {
        match c {
            '\n' | ';' | '|' | '(' | ')' => reader.end_command(),
            '&' if reader.peek(0) == Some('>') => reader.redirection(),
            '&' => reader.end_command(),
            '>' => reader.redirection(),
            '<' => reader.less_than(),
            c if c.is_whitespace() => reader.end_word(),
            '#' if reader.word.is_none() => reader.skip_line(),
            '\\' => {
                if !reader.continuation()
                    && let Some(c) = reader.next()
                {
                    reader.push(c);
                }
            }
            '\'' => single_quoted(&mut reader)?,
            '"' => double_quoted(&mut reader)?,
            '`' => backquoted(&mut reader)?,
            '$' => match reader.peek(0) {
                Some('\'') => {
                    reader.at += 1;
                    ansi_c_quoted(&mut reader)?;
                }
                Some('"') => {
                    reader.at += 1;
                    double_quoted(&mut reader)?;
                }
                Some(_) | None => reader.dollar()?,
            },
            c => reader.push(c),
        }
    }
    Ok(reader.finish())
}

fn single_quoted(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    reader.open();
    loop {
        match reader.next() {
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
            Some('"') => return Ok(()),
            Some('$') => reader.dollar()?,
            Some('`') => backquoted(reader)?,
            Some('\\') => match reader.peek(0) {
                Some(c @ ('$' | '`' | '"' | '\\')) => {
                    reader.at += 1;
                    reader.push(c);
                }
                Some('\n') => reader.at += 1,
                Some(_) | None => reader.push('\\'),
            },
            Some(c) => reader.push(c),
            None => return Err(reader.unclosed(from)),
        }
    }
}

fn backquoted(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    reader.push_part(Part::Output);
    loop {
        match reader.next() {
            Some('`') => return Ok(()),
            Some('\\') => reader.at += 1,
            Some(_) => {}
            None => return Err(reader.unclosed(from)),
        }
    }
}

/// `$'…'`, whose escapes are those of C. Numbers may be bytes of UTF-8.
fn ansi_c_quoted(reader: &mut Reader<'_>) -> Result<(), PasteError> {
    let from = reader.at - 1;
    let place = reader.place();
    let mut bytes = Vec::new();
    let char_into = |bytes: &mut Vec<u8>, c: char| {
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    };
    loop {
        match reader.next() {
            Some('\'') => break,
            Some('\\') => match reader.next() {
                Some('n') => bytes.push(b'\n'),
                Some('t') => bytes.push(b'\t'),
                Some('r') => bytes.push(b'\r'),
                Some('x') => bytes.extend(number(reader, 16, 2).and_then(byte)),
                Some('u') => bytes_of(number(reader, 16, 4), &mut bytes, char_into),
                Some('U') => bytes_of(number(reader, 16, 8), &mut bytes, char_into),
                Some('0'..='7') => {
                    reader.at -= 1;
                    bytes.extend(number(reader, 8, 3).and_then(byte));
                }
                Some(c @ ('a' | 'b' | 'e' | 'E' | 'f' | 'v' | 'c')) => {
                    let code = u32::from(c);
                    return Err(Fault::ControlCharacter { code }.at(place));
                }
                Some(c) => char_into(&mut bytes, c),
                None => return Err(reader.unclosed(from)),
            },
            Some(c) => char_into(&mut bytes, c),
            None => return Err(reader.unclosed(from)),
        }
    }
    reader.open();
    for c in String::from_utf8_lossy(&bytes).chars() {
        if c.is_control() && !matches!(c, '\n' | '\t' | '\r') {
            let code = u32::from(c);
            return Err(Fault::ControlCharacter { code }.at(place));
        }
        reader.push(c);
    }
    Ok(())
}

fn byte(number: u32) -> Option<u8> {
    u8::try_from(number & 0xff).ok()
}

fn bytes_of(number: Option<u32>, bytes: &mut Vec<u8>, push: impl Fn(&mut Vec<u8>, char)) {
    if let Some(c) = number.and_then(char::from_u32) {
        push(bytes, c);
    }
}

/// A number of so many digits at most at the next characters, which it takes.
fn number(reader: &mut Reader<'_>, radix: u32, most: usize) -> Option<u32> {
    let mut number = None;
    for _ in 0..most {
        let Some(digit) = reader.peek(0).and_then(|c| c.to_digit(radix)) else {
            break;
        };
        reader.at += 1;
        // Eight digits of 16 fit exactly.
        number = Some(
            number
                .unwrap_or(0_u32)
                .wrapping_mul(radix)
                .wrapping_add(digit),
        );
    }
    number
}
