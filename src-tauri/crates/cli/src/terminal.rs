//! The terminal that the program was started from, apart from standard input and output: those
//! may be somebody's data.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tunnel_manager::Secret;
use zeroize::Zeroizing;

/// Longest line that is taken.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// A terminal with somebody at it.
#[derive(Debug)]
pub(crate) struct Terminal {
    file: Arc<File>,
}

impl Terminal {
    /// The one that this program was started from, if it may read from it: a program in the
    /// background that does is stopped by the system.
    pub(crate) fn open() -> Option<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .ok()?;
        let foreground = tcgetpgrp(&file).ok()?;
        (foreground == getpgrp()).then(|| Self {
            file: Arc::new(file),
        })
    }

    /// Asks for a line that nobody may see. Dropped on the way, it leaves the terminal as it was.
    ///
    /// # Errors
    /// What the terminal says. `UnexpectedEof`: there was no line.
    pub(crate) async fn ask_hidden(&self, question: &str) -> io::Result<Secret> {
        // Hidden first: what was typed before that is thrown away, so a quick answer would be lost.
        let hidden = Hidden::new(&self.file)?;
        (&*self.file).write_all(question.as_bytes())?;
        let answer = self.line().await;
        drop(hidden);
        // The line's end was not shown either.
        (&*self.file).write_all(b"\n")?;
        answer
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// As [`ask_hidden`](Self::ask_hidden).
    pub(crate) async fn ask(&self, question: &str) -> io::Result<Secret> {
        (&*self.file).write_all(question.as_bytes())?;
        self.line().await
    }

    async fn line(&self) -> io::Result<Secret> {
        let file = Arc::clone(&self.file);
        // Nobody can wake the thread that reads; it ends with the program.
        let read = tokio::task::spawn_blocking(move || read_line(&*file));
        read.await.map_err(io::Error::other)?
    }
}

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

/// A terminal that does not show what is typed, for as long as this lives.
struct Hidden {
    file: Arc<File>,
    before: Termios,
}

impl Hidden {
    fn new(file: &Arc<File>) -> io::Result<Self> {
        let before = tcgetattr(file.as_fd())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(file.as_fd(), OptionalActions::Flush, &hidden)?;
        Ok(Self {
            file: Arc::clone(file),
            before,
        })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(self.file.as_fd(), OptionalActions::Now, &self.before);
    }
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
