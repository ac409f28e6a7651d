//! Which product issues the certificates of a TLS-inspecting proxy.

/// Products by what their issuers' names contain, in lower case. The names are those of the
/// certificates that each makes by default; an administrator may choose others, and then the
/// name itself is told.
const PRODUCTS: [(&str, &str); 22] = [
    ("zscaler", "Zscaler"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
    ("palo alto", "Palo Alto Networks"),
    ("prisma access", "Palo Alto Networks"),
    ("blue coat", "Blue Coat (Broadcom)"),
    ("bluecoat", "Blue Coat (Broadcom)"),
    ("symantec web security", "Symantec Web Security (Broadcom)"),
    ("fortinet", "Fortinet"),
    ("fortigate", "Fortinet"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("skyhigh", "Skyhigh Security"),
    ("mcafee web gateway", "Skyhigh Security (McAfee)"),
    ("sophos", "Sophos"),
    ("check point", "Check Point"),
    ("sonicwall", "SonicWall"),
    ("gateway ca - cloudflare", "Cloudflare Gateway"),
    ("kaspersky", "Kaspersky"),
    ("eset ssl filter", "ESET"),
    ("mitmproxy", "mitmproxy"),
];

/// Names the product whose proxy issued a certificate, by organisation or name of the issuer.
pub(crate) fn product(issuer: &str) -> Option<&'static str> {
    let issuer = issuer.to_ascii_lowercase();
    PRODUCTS
        .iter()
        .find(|(part, _)| issuer.contains(part))
        .map(|(_, product)| *product)
}

/// Authorities that sign AWS's own certificates: Amazon Trust Services, and those that did
/// before it and do in some partitions.
const AWS_SIGNERS: [&str; 4] = ["amazon", "starfield technologies", "digicert", "globalsign"];

/// Whether an authority of this organisation signs certificates of AWS's own hosts.
pub(crate) fn signs_for_aws(organisation: &str) -> bool {
    let organisation = organisation.to_ascii_lowercase();
    AWS_SIGNERS
        .iter()
        .any(|signer| organisation.starts_with(signer))
}

/// Whether a host is one of AWS's own endpoints, whose certificates are AWS's.
pub(crate) fn is_aws(host: &str) -> bool {
    const SUFFIXES: [&str; 6] = [
        ".amazonaws.com",
        ".api.aws",
        ".amazonaws.com.cn",
        ".api.amazonwebservices.com.cn",
        ".amazonaws.eu",
        ".api.amazonwebservices.eu",
    ];
    SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_by_their_issuers() {
        for (issuer, expected) in [
            ("Zscaler Inc.", "Zscaler"),
            ("ca.acme.goskope.com", "Netskope"),
            ("Palo Alto Networks", "Palo Alto Networks"),
            ("Blue Coat Systems, Inc.", "Blue Coat (Broadcom)"),
            ("FORTINET", "Fortinet"),
            ("Cisco Umbrella Root CA", "Cisco Umbrella"),
        ] {
            assert_eq!(product(issuer), Some(expected), "{issuer}");
        }
        for other in ["Amazon", "Acme Internal CA", ""] {
            assert_eq!(product(other), None, "{other}");
        }
    }

    #[test]
    fn awss_own_hosts_and_signers_are_told_from_others() {
        assert!(is_aws("ssm.eu-central-1.amazonaws.com"));
        assert!(is_aws("ssm.cn-north-1.amazonaws.com.cn"));
        assert!(is_aws("ssm.eu-west-1.api.aws"));
        assert!(is_aws("ssm.eusc-de-east-1.amazonaws.eu"));
        assert!(!is_aws("amazonaws.com.example"));
        assert!(!is_aws("localhost"));
        assert!(signs_for_aws("Amazon"));
        assert!(signs_for_aws("DigiCert Inc"));
        assert!(!signs_for_aws("Zscaler Inc."));
    }
}
