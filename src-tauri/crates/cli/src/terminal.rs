//! The terminal that the program was started from, apart from standard input and output: those
//! may be somebody's data. Only Unix has one: elsewhere nobody is asked there.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::io;

use tunnel_manager::Secret;
use zeroize::Zeroizing;

#[cfg(not(unix))]
pub(crate) use self::elsewhere::Terminal;
#[cfg(unix)]
pub(crate) use self::unix::Terminal;

/// Longest line that is taken.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// Reads a line without its end.
///
/// # Errors
/// What the reader says; `UnexpectedEof` without a line; `InvalidData` for one that is too long
/// or no text.
pub(crate) fn read_line(mut from: impl io::Read) -> io::Result<Secret> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE_BYTES));
    let mut byte = [0];
    loop {
        if from.read(&mut byte)? == 0 {
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            break;
        }
        if byte == *b"\n" {
            break;
        }
        if line.len() == MAX_LINE_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.extend_from_slice(&byte);
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Secret::new(text.trim_matches(['\r', ' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_without_its_end_and_no_further() {
        let mut input: &[u8] = b" 123456 \r\nrest\n";
        assert_eq!(read_line(&mut input).unwrap().expose(), "123456");
        assert_eq!(input, b"rest\n");
        assert_eq!(read_line(&b"no end"[..]).unwrap().expose(), "no end");
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let error = |input: &[u8]| read_line(input).unwrap_err().kind();
        assert_eq!(error(b""), io::ErrorKind::UnexpectedEof);
        assert_eq!(error(b"\xff\n"), io::ErrorKind::InvalidData);
        assert_eq!(
            error(&[b'x'; MAX_LINE_BYTES + 1]),
            io::ErrorKind::InvalidData
        );
    }
}
