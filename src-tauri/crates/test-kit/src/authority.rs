//! Certificates that nobody but a test trusts.

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A certification authority of the test's own. Its key is in memory alone.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// One of this name, and of this organisation if one is given.
    ///
    /// # Panics
    /// The system gives no random numbers; so do the others here.
    pub fn new(name: &str, organisation: Option<&str>) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(organisation) = organisation {
            let kind = DnType::OrganizationName;
            params.distinguished_name.push(kind, organisation);
        }
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its own certificate, as a CA bundle has it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Takes TLS connections with a certificate for these hosts.
    pub fn acceptor(&self, hosts: &[&str]) -> TlsAcceptor {
        self.acceptor_with(&params(hosts))
    }

    /// The same with a certificate that was good in the year 2020 alone.
    pub fn acceptor_of_the_past(&self, hosts: &[&str]) -> TlsAcceptor {
        let mut params = params(hosts);
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        self.acceptor_with(&params)
    }

    /// The same with a certificate that is one for an authority, as some tools make by default.
    pub fn acceptor_as_authority(&self, hosts: &[&str]) -> TlsAcceptor {
        let mut params = params(hosts);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        self.acceptor_with(&params)
    }

    fn acceptor_with(&self, params: &CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    CertificateParams::new(hosts).unwrap()
}
