//! What stands between the program and the service: a server with a certificate of somebody's
//! own, one that says always the same.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

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
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = format!("{organisation} Root");
        params.distinguished_name.push(DnType::CommonName, name);
        let organisation = organisation.to_owned();
        let kind = DnType::OrganizationName;
        params.distinguished_name.push(kind, organisation);
        let authority = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, authority).unwrap();
        let bundle = world.path("authority.pem");
        std::fs::write(&bundle, issuer.pem()).unwrap();

        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
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

async fn listen<F, Fut>(handle: F) -> (SocketAddr, JoinSet<()>)
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            connections.spawn(handle(tcp));
        }
    });
    (address, tasks)
}
