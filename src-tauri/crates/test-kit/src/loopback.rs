//! Servers on this machine.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::kept;

/// Listens on a free port of loopback and gives each connection to a task, until the set is
/// dropped. What the run keeps has this process' log from then on.
///
/// # Panics
/// The system gives no port.
pub async fn listen<F, Fut>(handle: F) -> (SocketAddr, JoinSet<()>)
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    kept::log();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            connections.spawn(handle(tcp));
        }
    });
    (address, tasks)
}
