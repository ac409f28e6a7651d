//! Waiting for something of the kernel's that is neither a TCP nor a Unix socket.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Lets tokio wait until `fd`, which must not block, can be read.
///
/// # Errors
/// What the reactor says.
#[expect(
    deprecated,
    reason = "its successor is unsafe for types that may close or change their descriptor; \
              an OwnedFd does neither, and there is no safe form of it yet"
)]
pub(super) fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}
