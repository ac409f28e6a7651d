//! The tunnels' figures for a Prometheus server, at the port that the settings name, while they name one.

use std::num::NonZeroU16;

use tokio::sync::watch;
use tunnel_manager::metrics::MetricsServer;
use tunnel_manager::{Roll, SettingsState};

/// Answers at the port of the settings, for as long as the program runs.
pub(crate) async fn follow_settings(roll: Roll, mut settings: watch::Receiver<SettingsState>) {
    let mut port = None;
    let mut server = None;
    loop {
        let wanted = settings.borrow_and_update().settings.metrics_port;
        // One that could not be had is tried again whenever something else is set.
        if wanted != port || server.is_none() {
            port = wanted;
            // The old port is let go before.
            drop(server.take());
            server = begin(&roll, wanted).await;
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

async fn begin(roll: &Roll, port: Option<NonZeroU16>) -> Option<MetricsServer> {
    match MetricsServer::begin(roll.clone(), port?.get()).await {
        Ok(server) => {
            tracing::info!(address = %server.address(), "figures are told to whoever asks");
            Some(server)
        }
        Err(error) => {
            tracing::error!(source = %error.source, "{error}: another port can be set as metrics.port");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A port that nobody has for now.
    async fn free_port() -> NonZeroU16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        NonZeroU16::new(listener.local_addr().expect("bound").port()).expect("not 0")
    }

    async fn asked(port: NonZeroU16) -> Option<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.get()));
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request =
            format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }

    /// Asks until it is answered, or not, as is wanted.
    async fn until(port: NonZeroU16, answered: bool) -> Option<String> {
        loop {
            let answer = asked(port).await;
            if answer.is_some() == answered {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_asks_is_answered_at_the_port_of_the_settings_and_nowhere_without_one() {
        let (settings, state) = watch::channel(SettingsState::default());
        let following = tokio::spawn(follow_settings(Roll::default(), state));
        let port = free_port().await;
        settings.send_modify(|state| state.settings.metrics_port = Some(port));
        let answer = until(port, true).await.expect("answered");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("culvert_build_info"), "{answer}");
        settings.send_modify(|state| state.settings.metrics_port = None);
        until(port, false).await;
        drop(settings);
        following.await.expect("it ends");
    }
}
