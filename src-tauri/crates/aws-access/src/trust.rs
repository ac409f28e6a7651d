use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::AccessError;
use crate::shared::Shared;

/// Whose roots are the same share them. They are read each time, so that a changed file counts.
static ALL: Shared<Inner> = Shared::new();

/// Largest bundle that is read. All roots that Mozilla trusts make a quarter of a megabyte.
const MAX_BUNDLE_BYTES: u64 = 8 * 1024 * 1024;

/// Whom TLS connections trust: the system's roots, and those of the custom bundle.
///
/// Made once for the same roots, shared by HTTP and WebSocket; a clone is cheap.
#[derive(Clone)]
pub struct Trust {
    inner: Arc<Inner>,
}

struct Inner {
    roots: Vec<CertificateDer<'static>>,
    from_bundle: usize,
    store: Arc<RootCertStore>,
    config: Arc<ClientConfig>,
}

/// The certificates that a server has shown, its own first.
#[derive(Debug, Clone, Default)]
pub struct ShownCertificates(Arc<Mutex<Vec<CertificateDer<'static>>>>);

impl ShownCertificates {
    /// Takes what was shown so far.
    #[must_use]
    pub fn take(&self) -> Vec<CertificateDer<'static>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Trust {
    /// Reads the system's roots and the bundle.
    ///
    /// A system without roots is no error here: connections then fail with an untrusted issuer.
    ///
    /// # Errors
    /// [`AccessError::CaBundle`] when the bundle cannot be read or holds no certificate.
    pub fn load(bundle: Option<&Path>) -> Result<Self, AccessError> {
        let native = rustls_native_certs::load_native_certs();
        for error in &native.errors {
            tracing::debug!(%error, "a system root certificate was skipped");
        }
        let mut store = RootCertStore::empty();
        let mut roots = Vec::with_capacity(native.certs.len());
        keep_usable(&mut store, &mut roots, native.certs);
        let from_system = roots.len();
        if let Some(path) = bundle {
            let certificates = read_bundle(path)?;
            if keep_usable(&mut store, &mut roots, certificates) == 0 {
                return Err(bundle_error(path, "it holds no usable certificate".into()));
            }
        }
        let from_bundle = roots.len() - from_system;
        tracing::debug!(from_system, from_bundle, "trusted roots");
        let same = |other: &Inner| other.from_bundle == from_bundle && other.roots == roots;
        let inner = ALL.get(same, || Inner::of(store, roots.clone(), from_bundle))?;
        Ok(Self { inner })
    }

    /// Whether these are those, and not merely equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The TLS settings for a WebSocket: these roots, aws-lc-rs, TLS 1.2 and 1.3, HTTP/1.1.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.inner.config)
    }

    /// The same settings, which also remember what the server shows: whom they do not trust
    /// they refuse all the same. For one connection.
    #[must_use]
    pub fn watching_config(&self) -> (Arc<ClientConfig>, ShownCertificates) {
        let shown = ShownCertificates::default();
        let mut config = ClientConfig::clone(&self.inner.config);
        let provider = Arc::clone(config.crypto_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.inner.store), provider)
                .build();
        // It can't be made without roots, nor can anybody be trusted then.
        if let Ok(verifier) = verifier {
            config
                .dangerous()
                .set_certificate_verifier(Arc::new(Watching {
                    verifier,
                    shown: shown.clone(),
                }));
        }
        (Arc::new(config), shown)
    }

    /// Every trusted root, the system's first.
    #[must_use]
    pub fn roots(&self) -> &[CertificateDer<'static>] {
        &self.inner.roots
    }

    /// How many of the roots came from the custom bundle.
    #[must_use]
    pub fn bundle_roots(&self) -> usize {
        self.inner.from_bundle
    }

    /// All roots as one PEM text, for clients that take no other form.
    pub(crate) fn pem(&self) -> String {
        let mut pem = String::new();
        for root in &self.inner.roots {
            pem.push_str("-----BEGIN CERTIFICATE-----\n");
            pem.push_str(&STANDARD.encode(root));
            pem.push_str("\n-----END CERTIFICATE-----\n");
        }
        pem
    }
}

impl Inner {
    fn of(
        store: RootCertStore,
        roots: Vec<CertificateDer<'static>>,
        from_bundle: usize,
    ) -> Result<Self, AccessError> {
        let store = Arc::new(store);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| AccessError::TlsSetup {
                source: source.into(),
            })?
            .with_root_certificates(Arc::clone(&store))
            .with_no_client_auth();
        // A WebSocket upgrade needs HTTP/1.1; a middlebox must not choose HTTP/2 for it.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            roots,
            from_bundle,
            store,
            config: Arc::new(config),
        })
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("roots", &self.inner.roots.len())
            .field("from_bundle", &self.inner.from_bundle)
            .finish()
    }
}

/// Verifies as ever, and remembers what was shown.
#[derive(Debug)]
struct Watching {
    verifier: Arc<WebPkiServerVerifier>,
    shown: ShownCertificates,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        *self.shown.0.lock().unwrap_or_else(PoisonError::into_inner) =
            all.map(|shown| shown.clone().into_owned()).collect();
        self.verifier
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Adds what the TLS library can use, and says how many those are; others, such as a root with
/// a negative serial number, are of no use to anyone and must not keep the rest from working.
/// What is there already is not kept twice: the system's file and folder often hold the same.
fn keep_usable(
    store: &mut RootCertStore,
    roots: &mut Vec<CertificateDer<'static>>,
    certificates: Vec<CertificateDer<'static>>,
) -> usize {
    let mut usable = 0;
    for certificate in certificates {
        if roots.contains(&certificate) {
            usable += 1;
            continue;
        }
        match store.add(certificate.clone()) {
            Ok(()) => {
                usable += 1;
                roots.push(certificate);
            }
            Err(error) => tracing::debug!(%error, "a root certificate was skipped"),
        }
    }
    usable
}

fn read_bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>, AccessError> {
    let length = std::fs::metadata(path)
        .map_err(|e| bundle_error(path, e.into()))?
        .len();
    if length > MAX_BUNDLE_BYTES {
        return Err(bundle_error(
            path,
            format!("it has {length} bytes, too many").into(),
        ));
    }
    let pem = std::fs::read(path).map_err(|e| bundle_error(path, e.into()))?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| bundle_error(path, e.to_string().into()))
}

fn bundle_error(path: &Path, source: crate::error::Source) -> AccessError {
    AccessError::CaBundle {
        path: PathBuf::from(path),
        source,
    }
}
