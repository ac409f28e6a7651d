//! A proxy that wants a password, and what is behind it: a service with certificates of the
//! proxy's own, so that a host that is not on this machine can be played.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use test_kit::{Authority, listen};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// More than any CONNECT of ours has.
const HEAD_MOST: usize = 16 * 1024;

/// Answers 407 to whoever does not give the right password; leads everybody else to the service,
/// whatever host was asked for.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

/// A CONNECT that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) authority: String,
    pub(crate) let_through: bool,
}

impl Proxy {
    /// Writes the authority that signs its certificates for `hosts` to the file `bundle`.
    pub(crate) async fn start(
        authorization: String,
        hosts: &[&str],
        bundle: &Path,
        service: SocketAddr,
    ) -> Self {
        let authority = Authority::new("Culvert Test Authority", None);
        std::fs::write(bundle, authority.pem()).unwrap();
        let acceptor = authority.acceptor(hosts);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let (address, tasks) = listen(move |tcp| {
            let one = Connection {
                tcp,
                acceptor: acceptor.clone(),
                noted: Arc::clone(&noted),
            };
            let authorization = authorization.clone();
            async move {
                // Whoever goes away early is no fault of the proxy.
                let _ = one.serve(&authorization, service).await;
            }
        })
        .await;
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

struct Connection {
    tcp: TcpStream,
    acceptor: TlsAcceptor,
    noted: Arc<Mutex<Vec<Asked>>>,
}

impl Connection {
    async fn serve(mut self, authorization: &str, service: SocketAddr) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_MOST {
            head.push(self.tcp.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let let_through = head.lines().any(|line| {
            line.split_once(": ").is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("proxy-authorization") && value == authorization
            })
        });
        let authority = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.noted.lock().unwrap().push(Asked {
            authority,
            let_through,
        });
        if !let_through {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                 proxy-authenticate: Basic realm=\"proxy\"\r\ncontent-length: 0\r\n\r\n";
            return self.tcp.write_all(refusal.as_bytes()).await;
        }
        self.tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        let mut inside = self.acceptor.accept(self.tcp).await?;
        let mut service = TcpStream::connect(service).await?;
        tokio::io::copy_bidirectional(&mut inside, &mut service).await?;
        Ok(())
    }
}
