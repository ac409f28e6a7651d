//! Systems whose Unix sockets tokio does not know, as Windows: nobody can listen at a path there.

use std::fmt;
use std::io;
use std::path::Path;

use tokio::io::{Empty, Interest, Ready, Sink};

use super::ListenError;

/// There is none.
#[derive(Debug)]
pub(crate) enum SocketListener {}

impl SocketListener {
    /// Says that it can't.
    #[expect(clippy::unused_async, reason = "where there are sockets, it is")]
    pub(super) async fn bind(path: &Path) -> Result<Self, ListenError> {
        Err(ListenError::Other {
            place: path.display().to_string(),
            source: io::ErrorKind::Unsupported.into(),
        })
    }

    #[expect(clippy::unused_async, reason = "where there are sockets, it is")]
    pub(super) async fn accept(&self) -> io::Result<SocketStream> {
        match *self {}
    }
}

impl fmt::Display for SocketListener {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// There is none.
pub(crate) enum SocketStream {}

impl SocketStream {
    #[expect(clippy::unused_async, reason = "where there are sockets, it is")]
    pub(super) async fn ready(&self, _: Interest) -> io::Result<Ready> {
        match *self {}
    }

    pub(crate) fn process(&self) -> Option<u32> {
        match *self {}
    }

    pub(crate) fn into_split(self) -> (Empty, Sink) {
        match self {}
    }
}
