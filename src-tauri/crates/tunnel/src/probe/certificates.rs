//! Who signed the certificates that a host shows.

pub use aws_access::CertificateName;
use rustls_pki_types::CertificateDer;

use crate::Problem;

/// The certificates that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The host.
    pub host: String,
    /// Who signed the host's own certificate, who signed the next one, and so on. Those that
    /// can't be read are left out.
    pub signers: Vec<CertificateName>,
    /// Why they are not trusted; `None` if they are.
    pub problem: Option<Problem>,
}

impl Certificates {
    pub(super) fn new(
        host: &str,
        shown: &[CertificateDer<'static>],
        problem: Option<Problem>,
    ) -> Self {
        Self {
            host: host.to_owned(),
            signers: CertificateName::signers(shown),
            problem,
        }
    }
}
