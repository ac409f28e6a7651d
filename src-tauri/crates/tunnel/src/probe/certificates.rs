//! Who signed the certificates that a host shows.

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::Problem;

/// Certificates of a chain that are looked at; AWS shows four.
const LOOKED_AT: usize = 8;

/// How much of a name is kept. The longest that may be are 64 characters (RFC 5280, appendix A).
const NAME_CHARS: usize = 128;

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

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateName {
    /// Organisation (`O`).
    pub organisation: Option<String>,
    /// Common name (`CN`).
    pub common_name: Option<String>,
}

impl Certificates {
    pub(super) fn new(
        host: &str,
        shown: &[CertificateDer<'static>],
        problem: Option<Problem>,
    ) -> Self {
        let mut signers = Vec::new();
        for certificate in shown.iter().take(LOOKED_AT) {
            let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
                continue;
            };
            signers.push(CertificateName::of(certificate.issuer()));
        }
        // The root, if it is shown, signed itself.
        signers.dedup();
        Self {
            host: host.to_owned(),
            signers,
            problem,
        }
    }
}

impl CertificateName {
    fn of(name: &X509Name<'_>) -> Self {
        Self {
            organisation: name.iter_organization().next().and_then(text),
            common_name: name.iter_common_name().next().and_then(text),
        }
    }
}

fn text(value: &AttributeTypeAndValue<'_>) -> Option<String> {
    let text = match value.as_str() {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(value.as_slice()).into_owned(),
    };
    let text: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_CHARS)
        .collect();
    Some(text).filter(|text| !text.trim().is_empty())
}
