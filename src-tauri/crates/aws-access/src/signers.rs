//! Who signed certificates, by their own word.

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Certificates of a chain that are looked at; AWS shows four.
const LOOKED_AT: usize = 8;

/// How much of a name is kept. The longest that may be are 64 characters (RFC 5280, appendix A).
const NAME_CHARS: usize = 128;

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateName {
    /// Organisation (`O`).
    pub organisation: Option<String>,
    /// Common name (`CN`).
    pub common_name: Option<String>,
}

impl CertificateName {
    /// Who signed the first of these certificates, who signed the next one, and so on. Those that
    /// can't be read are left out.
    #[must_use]
    pub fn signers(shown: &[CertificateDer<'static>]) -> Vec<Self> {
        let mut signers = Vec::new();
        for certificate in shown.iter().take(LOOKED_AT) {
            if let Ok((_, certificate)) = X509Certificate::from_der(certificate) {
                signers.push(Self::of(certificate.issuer()));
            }
        }
        // The root, if it is shown, signed itself.
        signers.dedup();
        signers
    }

    /// The name for people: the common one, or else the organisation.
    #[must_use]
    pub fn shown(self) -> Option<String> {
        self.common_name.or(self.organisation)
    }

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
