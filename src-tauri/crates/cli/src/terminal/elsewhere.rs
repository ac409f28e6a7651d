//! A program without a terminal of its own beside standard input and output.

use std::io;

use tunnel_manager::Secret;

/// There is none.
#[derive(Debug)]
pub(crate) enum Terminal {}

#[expect(clippy::unused_async, reason = "where there is a terminal, it is")]
impl Terminal {
    pub(crate) fn open() -> Option<Self> {
        None
    }

    pub(crate) async fn ask_hidden(&self, _: &str) -> io::Result<Secret> {
        match *self {}
    }

    pub(crate) async fn ask(&self, _: &str) -> io::Result<Secret> {
        match *self {}
    }
}
