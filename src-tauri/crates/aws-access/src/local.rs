//! Which hosts are this machine, or can be reached from it only.

use std::net::IpAddr;

/// The first half of `fd00:ec2::/32`: what an instance alone reaches over IPv6, the metadata
/// service and the agent of EKS Pod Identity among it (EC2 User Guide, "Access instance metadata";
/// EKS User Guide, "EKS Pod Identity"). Both hand out credentials.
const LOCAL_SERVICES: [u16; 2] = [0xfd00, 0x0ec2];

/// Whether a host is this machine, or can be reached from this machine only: no proxy leads there.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || address.is_unicast_link_local()
                || address.segments()[..2] == LOCAL_SERVICES
        }
        Err(_) => {
            host.eq_ignore_ascii_case("localhost")
                || host.to_ascii_lowercase().ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_hosts_are_local() {
        for host in [
            "127.0.0.1",
            "127.9.8.7",
            "localhost",
            "ssm.localhost",
            "[::1]",
            "169.254.169.254",
            "[fe80::1]",
            // The metadata service, and the agent of EKS Pod Identity.
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
            "[::ffff:169.254.169.254]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "ssm.eu-central-1.amazonaws.com",
            "localhost.example",
            "[fd00::1]",
            "[fd00:ec3::254]",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
