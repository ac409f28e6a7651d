//! What stands between the program and the service: a server with a certificate of somebody's
//! own, one that says always the same.

use std::net::SocketAddr;
use std::path::PathBuf;

use test_kit::{Authority, listen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::World;

/// Looks into encrypted traffic: shows a certificate for `localhost` that an authority of this
/// organisation signed, and passes on what is inside.
pub(super) struct Inspector {
    pub(super) url: String,
    /// The authority's certificate.
    pub(super) bundle: PathBuf,
    _tasks: JoinSet<()>,
}

impl Inspector {
    pub(super) async fn start(organisation: &str, world: &World) -> Self {
        let name = format!("{organisation} Root");
        let authority = Authority::new(&name, Some(organisation));
        let bundle = world.path("authority.pem");
        std::fs::write(&bundle, authority.pem()).unwrap();
        let acceptor = authority.acceptor(&["localhost"]);
        let behind = world.sim.address();
        let (address, tasks) = listen(move |tcp| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut inside) = acceptor.accept(tcp).await else {
                    return;
                };
                let mut service = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut service).await;
            }
        })
        .await;
        Self {
            url: format!("https://localhost:{}", address.port()),
            bundle,
            _tasks: tasks,
        }
    }
}

/// Answers everything with the same text, as HTTP.
pub(super) struct Parrot {
    pub(super) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Parrot {
    pub(super) async fn start(
        status: &'static str,
        kind: &'static str,
        body: &'static str,
    ) -> Self {
        let (address, tasks) = listen(move |mut tcp| async move {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n{body}"
            );
            let _ = tcp.read(&mut [0; 4096]).await;
            let _ = tcp.write_all(answer.as_bytes()).await;
            let _ = tcp.shutdown().await;
            // Reads on, so that unread data does not turn the close into a reset.
            let _ = tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await;
        })
        .await;
        Self {
            address,
            _tasks: tasks,
        }
    }
}
