//! Connections to destinations: loopback only, whatever the session asks for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpStream;

use crate::settings::Settings;

/// Where a session's connections go.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// Tried in order.
    addresses: Vec<SocketAddr>,
    name: String,
}

/// Hosts that agents refuse to forward to: the instance metadata service and its kin.
const DENIED: [&str; 4] = [
    "169.254.169.254",
    "fd00:ec2::254",
    "169.254.169.253",
    "fd00:ec2::253",
];

impl Destination {
    /// Finds the addresses of a host and port, without DNS. The error is the text by which an
    /// agent ends a session that asks for a forbidden host.
    pub(super) fn find(
        settings: &Settings,
        host: Option<&str>,
        port: &str,
    ) -> Result<Self, String> {
        let host = host.filter(|host| !host.is_empty()).unwrap_or("localhost");
        if DENIED.contains(&host) {
            return Err(format!("Forwarding to IP address {host} is forbidden."));
        }
        let name = format!("{host}:{port}");
        let port: u16 = port.parse().unwrap_or(0);
        let addresses = if let Some(address) = settings.destinations.get(&name) {
            vec![*address]
        } else if host.eq_ignore_ascii_case("localhost") {
            vec![
                SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
            ]
        } else {
            host.trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .map(|address| vec![SocketAddr::new(address, port)])
                .unwrap_or_default()
        };
        // What is not loopback is as good as not there.
        let addresses = addresses
            .into_iter()
            .filter(|address| address.ip().is_loopback())
            .collect();
        Ok(Self { addresses, name })
    }

    pub(super) async fn dial(&self) -> io::Result<TcpStream> {
        let mut first = None;
        for address in &self.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // It only gets slower without it.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("dial tcp: lookup {}: no such host", self.name),
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_loopback_is_ever_dialled() {
        let mut settings = Settings::default();
        let elsewhere: SocketAddr = "192.0.2.1:80".parse().unwrap();
        settings
            .destinations
            .insert("out.test:80".to_owned(), elsewhere);
        for host in ["192.0.2.7", "example.com", "out.test", "::", "0.0.0.0"] {
            let found = Destination::find(&settings, Some(host), "80").unwrap();
            assert!(found.addresses.is_empty(), "{host}");
        }
    }

    #[test]
    fn a_mapped_name_goes_to_its_local_address() {
        let mut settings = Settings::default();
        let local: SocketAddr = "127.0.0.1:9999".parse().unwrap();
        settings
            .destinations
            .insert("db.internal:5432".to_owned(), local);
        let found = Destination::find(&settings, Some("db.internal"), "5432").unwrap();
        assert_eq!(found.addresses, [local]);
    }

    #[test]
    fn without_a_host_it_is_the_nodes_own_loopback() {
        let found = Destination::find(&Settings::default(), None, "80").unwrap();
        assert_eq!(found.addresses[0], "127.0.0.1:80".parse().unwrap());
    }

    #[test]
    fn the_metadata_service_is_forbidden() {
        let refused = Destination::find(&Settings::default(), Some("169.254.169.254"), "80");
        assert!(refused.unwrap_err().contains("forbidden"));
    }
}
