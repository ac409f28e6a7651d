//! The terminal of a Unix process.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use tunnel_manager::Secret;

use super::read_line;

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
