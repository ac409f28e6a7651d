use std::net::SocketAddr;

/// Says why the simulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not loopback; this service must not be reachable from elsewhere.
    #[error("{0} is not a loopback address; the simulator listens on nothing else")]
    NotLoopback(SocketAddr),
    /// The address can't be listened on.
    #[error("can't listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}
