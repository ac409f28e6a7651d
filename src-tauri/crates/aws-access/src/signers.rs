//! Who signed certificates, by their own word.

use std::fmt;

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

    /// Without a word of ours.
    pub(crate) fn in_any_language(&self) -> String {
        match (&self.common_name, &self.organisation) {
            (Some(name), Some(organisation)) => format!("\"{name}\" ({organisation})"),
            (Some(name), None) => format!("\"{name}\""),
            (None, Some(organisation)) => organisation.clone(),
            (None, None) => "?".to_owned(),
        }
    }

    /// That it has signed, as one sentence.
    pub(crate) fn signed(&self) -> String {
        // "Zscaler Inc." has its full stop.
        let name = self.to_string();
        format!("It is signed by {}.", name.trim_end_matches('.'))
    }

    fn of(name: &X509Name<'_>) -> Self {
        Self {
            organisation: name.iter_organization().next().and_then(text),
            common_name: name.iter_common_name().next().and_then(text),
        }
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.common_name, &self.organisation) {
            (Some(name), Some(organisation)) => write!(f, "\"{name}\" of {organisation}"),
            (Some(name), None) => write!(f, "\"{name}\""),
            (None, Some(organisation)) => f.write_str(organisation),
            (None, None) => f.write_str("an authority without a name"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_has_one_full_stop_whatever_a_name_ends_with() {
        for (organisation, told) in [
            ("Zscaler Inc.", "It is signed by Zscaler Inc."),
            ("Acme", "It is signed by Acme."),
        ] {
            let name = CertificateName {
                organisation: Some(organisation.to_owned()),
                common_name: None,
            };
            assert_eq!(name.signed(), told);
        }
    }
}
