//! Name resolution and TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

/// How long one address of several may take. A host with a dead IPv6 route costs this much
/// once; a live one answers in well under a second.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(2);

/// Looks a host's addresses up. There is at least one.
pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
    if addresses.is_empty() {
        let nothing = "the name has no address";
        return Err(io::Error::new(io::ErrorKind::NotFound, nothing));
    }
    Ok(addresses)
}

/// Tries a host's addresses one after another, the last for as long as the caller waits.
pub(super) async fn connect(host: &str, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for (tried, address) in addresses.iter().enumerate() {
        let attempt = TcpStream::connect(address);
        let outcome = if tried + 1 == addresses.len() {
            attempt.await
        } else {
            match tokio::time::timeout(ADDRESS_TIMEOUT, attempt).await {
                Ok(outcome) => outcome,
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        };
        match outcome {
            Ok(stream) => {
                // Acknowledgements are small and must not wait for more to send.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => {
                tracing::debug!(%host, %address, %error, "an address did not answer");
                failure = error;
            }
        }
    }
    Err(failure)
}
