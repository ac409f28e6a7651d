//! Unix sockets to listen at.

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::io::{Interest, Ready};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::ListenError;

/// A listener at a path, for its owner alone. Its file goes with it.
#[derive(Debug)]
pub(crate) struct SocketListener {
    listener: UnixListener,
    file: SocketFile,
}

/// Removes the socket's file when the listener is gone.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl SocketListener {
    /// Listens there. A socket that nobody answers at is taken over; any other file stays.
    pub(super) async fn bind(path: &Path) -> Result<Self, ListenError> {
        let other = |source| ListenError::Other {
            place: path.display().to_string(),
            source,
        };
        if is_socket(path) && UnixStream::connect(path).await.is_err() {
            // Left behind by a process that was killed: nobody answers.
            std::fs::remove_file(path).map_err(other)?;
        }
        let listener = UnixListener::bind(path).map_err(|source| {
            if source.kind() == io::ErrorKind::AddrInUse {
                ListenError::PathInUse {
                    path: path.to_owned(),
                }
            } else {
                other(source)
            }
        })?;
        let file = SocketFile(path.to_owned());
        restrict(path).map_err(other)?;
        Ok(Self { listener, file })
    }

    pub(super) async fn accept(&self) -> io::Result<SocketStream> {
        let (stream, _) = self.listener.accept().await?;
        Ok(SocketStream(stream))
    }
}

impl fmt::Display for SocketListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.0.display().fmt(f)
    }
}

/// A connection that came by a Unix socket.
pub(crate) struct SocketStream(UnixStream);

impl SocketStream {
    /// Waits until one of these has come about.
    pub(super) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        self.0.ready(interest).await
    }

    /// Who is at the other end, if the kernel names it.
    pub(crate) fn process(&self) -> Option<u32> {
        let pid = self.0.peer_cred().ok()?.pid()?;
        u32::try_from(pid).ok()
    }

    pub(crate) fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        self.0.into_split()
    }
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

fn restrict(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use super::super::{Listener, bind};
    use super::*;
    use crate::look::{FarEnd, Programs};
    use crate::{BindAddress, Listen};

    fn at(path: &Path) -> Listen {
        Listen {
            address: BindAddress::Unix(path.to_owned()),
            port: 0,
        }
    }

    #[tokio::test]
    async fn a_unix_socket_is_its_owners_alone_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sock");
        let listeners = bind(&at(&path)).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(
            bind(&at(&path)).await,
            Err(ListenError::PathInUse { .. })
        ));
        drop(listeners);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_that_a_dead_process_left_is_taken_over_and_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        assert!(bind(&at(&path)).await.is_ok());

        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "precious").unwrap();
        assert!(matches!(
            bind(&at(&file)).await,
            Err(ListenError::PathInUse { .. })
        ));
        assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
    }

    #[tokio::test]
    async fn the_program_behind_a_unix_socket_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.sock");
        let listeners = bind(&at(&path)).await.unwrap();
        let [listener @ Listener::Unix(_)] = listeners.as_slice() else {
            unreachable!("one socket is one listener")
        };
        let (client, local) = tokio::join!(UnixStream::connect(&path), listener.accept());
        let far_end = FarEnd::of(&local);
        let found = Programs::default().of(&[far_end]).await;
        assert_eq!(found[0].as_ref().unwrap().pid, std::process::id());
        drop(client);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_unix_socket_tells_a_close_from_a_half_close() {
        use tokio::io::AsyncWriteExt as _;

        use super::super::{Local, Presence};

        let hear_the_end = async |stream: &UnixStream| {
            let readable = || stream.ready(Interest::READABLE);
            while !readable().await.unwrap().is_read_closed() {
                tokio::task::yield_now().await;
            }
        };
        let (mut client, ours) = UnixStream::pair().unwrap();
        client.write_all(b"request").await.unwrap();
        client.shutdown().await.unwrap();
        hear_the_end(&ours).await;
        let local = Local::Unix(SocketStream(ours));
        assert_eq!(local.presence(), Presence::SaysNoMore(None));
        let (client, ours) = UnixStream::pair().unwrap();
        drop(client);
        hear_the_end(&ours).await;
        assert_eq!(Local::Unix(SocketStream(ours)).presence(), Presence::Gone);
    }
}
