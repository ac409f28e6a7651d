//! The certificates that hosts show: whether they are trusted, and who made them.

use std::fmt;

use super::words;
use crate::{Fault, Judgement, inspector};

/// The certificate that a host showed, and what the TLS library makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The host.
    pub host: String,
    /// Who signed it, the signer of that, and so on, as far as was shown. Empty when none was.
    pub signers: Vec<Name>,
    /// Why it is not trusted.
    pub fault: Option<Fault>,
}

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Organisation (`O`).
    pub organisation: Option<String>,
    /// Common name (`CN`).
    pub common_name: Option<String>,
}

impl Name {
    /// Without a word of ours.
    fn in_any_language(&self) -> String {
        match (&self.common_name, &self.organisation) {
            (Some(name), Some(organisation)) => format!("\"{name}\" ({organisation})"),
            (Some(name), None) => format!("\"{name}\""),
            (None, Some(organisation)) => organisation.clone(),
            (None, None) => "?".to_owned(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.common_name, &self.organisation) {
            (Some(name), Some(organisation)) => write!(f, "\"{name}\" of {organisation}"),
            (Some(name), None) => write!(f, "\"{name}\""),
            (None, Some(organisation)) => f.write_str(organisation),
            (None, None) => f.write_str("an authority without a name"),
        }
    }
}

/// Judges certificates. One that is not trusted decides; then one that a proxy made which looks
/// into the traffic.
#[must_use]
pub fn tls(shown: &[Certificate]) -> Judgement {
    if shown.is_empty() {
        return Judgement::nothing_to_check(
            "The endpoint is spoken to in the clear; there are no certificates.",
        )
        .saying("in-the-clear", []);
    }
    if let Some((certificate, fault)) = shown
        .iter()
        .find_map(|certificate| Some((certificate, certificate.fault.as_ref()?)))
    {
        return untrusted(certificate, fault);
    }
    if let Some(judgement) = shown.iter().find_map(inspected) {
        return judgement;
    }
    let signed: Vec<_> = shown
        .iter()
        .map(|certificate| match certificate.signers.first() {
            Some(signer) => format!("{} is signed by {signer}", certificate.host),
            None => format!("{} showed no signer", certificate.host),
        })
        .collect();
    let judgement = Judgement::ok(words::sentence(&format!(
        "Trusted: {}",
        words::list(&signed)
    )));
    shown.iter().fold(judgement, |judgement, certificate| {
        let host = &certificate.host;
        match certificate.signers.first() {
            Some(signer) => {
                let signer = signer.in_any_language();
                judgement.saying("tls-signed", [("host", host), ("signer", &signer)])
            }
            None => judgement.saying("tls-no-signer", [("host", host)]),
        }
    })
}

fn untrusted(certificate: &Certificate, fault: &Fault) -> Judgement {
    let details = details(certificate, &fault.details);
    let Some(signer) = certificate.signers.first() else {
        return Judgement::from(fault.clone());
    };
    let by_name = fault.code == "tls-untrusted-issuer";
    match product(certificate) {
        Some(product) if by_name => Judgement::failed(
            fault.business,
            fault.code.clone(),
            format!(
                "A proxy that looks into encrypted traffic ({product}) answers in place of {}, \
                 and its certificate is not trusted.",
                certificate.host
            ),
            format!(
                "Get the root certificate of {product} from whoever runs it, and set \
                 AWS_CA_BUNDLE to a PEM file with it; or have AWS's hosts excepted."
            ),
        )
        .with_fact("product", &product)
        .with_fact("host", &certificate.host),
        Some(_) | None => Judgement {
            what: words::sentence(&format!("{} It is signed by {signer}", fault.what)),
            ..Judgement::from(fault.clone())
        }
        .saying("tls-signer", [("signer", &signer.in_any_language())]),
    }
    .with_details(details)
}

/// A trusted certificate of a host of AWS that AWS did not have signed, or of any host that a
/// known product signed.
fn inspected(certificate: &Certificate) -> Option<Judgement> {
    let signer = certificate.signers.first()?;
    let organisation = signer.organisation.as_deref().unwrap_or_default();
    let product = product(certificate);
    let foreign = inspector::is_aws(&certificate.host) && !inspector::signs_for_aws(organisation);
    if product.is_none() && !foreign {
        return None;
    }
    let who = product.map_or_else(|| signer.to_string(), str::to_owned);
    let maker = product.map_or_else(|| signer.in_any_language(), str::to_owned);
    Some(
        Judgement::warning(
            "tls-inspected",
            format!(
                "{} Such a proxy may end WebSockets, or hold them up.",
                words::sentence(&format!(
                    "The connection to {} is trusted, but a proxy looks into it: its certificate \
                     is made by {who}",
                    certificate.host
                ))
            ),
            "If tunnels break often, ask for AWS's ssm and ssmmessages hosts to be excepted.",
        )
        .with_fact("host", &certificate.host)
        .with_fact("maker", &maker)
        .with_details(details(certificate, "")),
    )
}

fn product(certificate: &Certificate) -> Option<&'static str> {
    certificate.signers.iter().find_map(|signer| {
        let name = |name: &Option<String>| inspector::product(name.as_deref()?);
        name(&signer.organisation).or_else(|| name(&signer.common_name))
    })
}

fn details(certificate: &Certificate, more: &str) -> String {
    let chain: Vec<_> = certificate
        .signers
        .iter()
        .map(ToString::to_string)
        .collect();
    let chain = format!("signed by {}", chain.join(", which is signed by "));
    if more.is_empty() {
        chain
    } else {
        format!("{more}; {chain}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Business, Verdict};

    const SSM: &str = "ssm.eu-central-1.amazonaws.com";

    fn fault(code: &str) -> Fault {
        Fault {
            business: Business::Network,
            code: code.to_owned(),
            what: "It went wrong.".to_owned(),
            remedy: "Mend it.".to_owned(),
            details: "raw".to_owned(),
            facts: Box::default(),
        }
    }

    fn name(organisation: &str, common_name: &str) -> Name {
        Name {
            organisation: Some(organisation.to_owned()),
            common_name: Some(common_name.to_owned()),
        }
    }

    fn shown(host: &str, signer: Name) -> Certificate {
        Certificate {
            host: host.to_owned(),
            signers: vec![signer],
            fault: None,
        }
    }

    #[test]
    fn the_signer_of_a_trusted_certificate_is_named() {
        let found = tls(&[shown(SSM, name("Amazon", "Amazon RSA 2048 M02"))]);
        assert_eq!(found.verdict, Verdict::Ok);
        assert!(
            found.what.contains("\"Amazon RSA 2048 M02\" of Amazon"),
            "{}",
            found.what
        );
        // Somebody's own host may be signed by somebody's own authority.
        let own = tls(&[shown("ssm.acme.internal", name("Acme", "Acme CA"))]);
        assert_eq!(own.verdict, Verdict::Ok);
        assert_eq!(
            tls(&[]).verdict,
            Verdict::Skipped(crate::Skipped::NothingToCheck)
        );
    }

    #[test]
    fn a_signer_whose_name_ends_with_a_full_stop_ends_the_sentence() {
        let signer = || Name {
            common_name: None,
            ..name("Acme Inc.", "")
        };
        let trusted = tls(&[shown("ssm.acme.internal", signer())]);
        assert_eq!(
            trusted.what,
            "Trusted: ssm.acme.internal is signed by Acme Inc."
        );
        let untrusted = tls(&[Certificate {
            fault: Some(fault("tls-untrusted-issuer")),
            ..shown(SSM, signer())
        }]);
        assert_eq!(untrusted.what, "It went wrong. It is signed by Acme Inc.");
        let inspected = tls(&[shown(SSM, signer())]);
        assert!(
            inspected.what.contains("made by Acme Inc. Such"),
            "{}",
            inspected.what
        );
        let zscaler = Name {
            organisation: Some("Zscaler Inc.".to_owned()),
            common_name: None,
        };
        let expired = tls(&[Certificate {
            fault: Some(fault("tls-certificate-expired")),
            ..shown(SSM, zscaler)
        }]);
        assert_eq!(expired.what, "It went wrong. It is signed by Zscaler Inc.");
    }

    #[test]
    fn a_proxy_that_looks_into_trusted_traffic_is_a_warning_with_its_name() {
        for (signer, who) in [
            (
                name("Zscaler Inc.", "Zscaler Intermediate Root CA"),
                "Zscaler",
            ),
            (
                name("Acme", "Acme Web Filter"),
                "\"Acme Web Filter\" of Acme",
            ),
            (Name::default(), "an authority without a name"),
        ] {
            let found = tls(&[shown(SSM, signer)]);
            assert_eq!(found.verdict, Verdict::Warning);
            assert_eq!(found.code, "tls-inspected");
            assert!(found.what.contains(who), "{}", found.what);
        }
        // The product may show only further up.
        let mut certificate = shown("localhost", name("Acme", "issuing"));
        certificate.signers.push(name("Fortinet", "FortiGate CA"));
        assert_eq!(tls(&[certificate]).code, "tls-inspected");
    }

    #[test]
    fn an_untrusted_proxy_is_named_with_where_to_get_its_certificate() {
        let untrusted = |signer| Certificate {
            fault: Some(fault("tls-untrusted-issuer")),
            ..shown(SSM, signer)
        };
        let found = tls(&[untrusted(name("Netskope Inc", "ca.acme.goskope.com"))]);
        assert_eq!(found.verdict, Verdict::Failed(Business::Network));
        assert_eq!(found.code, "tls-untrusted-issuer");
        assert!(found.what.contains("Netskope"), "{}", found.what);
        assert!(found.remedy.contains("AWS_CA_BUNDLE"), "{}", found.remedy);
        let found = tls(&[untrusted(name("Acme", "Acme CA"))]);
        assert!(found.what.contains("\"Acme CA\" of Acme"), "{}", found.what);
        assert_eq!(found.remedy, "Mend it.");
        // An expired certificate is no matter of trust, whoever signed it.
        let found = tls(&[Certificate {
            fault: Some(fault("tls-certificate-expired")),
            ..shown(SSM, name("Zscaler Inc.", "x"))
        }]);
        assert_eq!(found.code, "tls-certificate-expired");
        assert_eq!(found.remedy, "Mend it.");
    }
}
