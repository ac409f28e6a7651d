//! Linux: logind's word before a sleep.

use std::future::ready;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::timeout;
use zbus::{Connection, MatchRule, MessageStream, message};

use super::Notice;

/// A bus on this machine answers in milliseconds; one that does not is as good as none.
const BUS_ANSWERS: Duration = Duration::from_secs(5);

/// logind's word of sleep and wake: nothing where there is no system bus, and nothing more when
/// the bus is gone.
pub(super) async fn announcements() -> impl Stream<Item = Notice> + Unpin {
    let messages = match timeout(BUS_ANSWERS, listen(Connection::system())).await {
        Ok(Ok(messages)) => Some(messages),
        Ok(Err(error)) => {
            tracing::info!(%error, "no system bus: the machine's sleep is seen only after it");
            None
        }
        Err(_) => {
            tracing::info!("the system bus does not answer: sleep is seen only after it");
            None
        }
    };
    notices(messages)
}

/// The signal of org.freedesktop.login1(5): true before a sleep, false after it.
async fn listen(
    bus: impl Future<Output = zbus::Result<Connection>>,
) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(message::Type::Signal)
        .sender("org.freedesktop.login1")?
        .path("/org/freedesktop/login1")?
        .interface("org.freedesktop.login1.Manager")?
        .member("PrepareForSleep")?
        .build();
    MessageStream::for_match_rule(rule, &bus.await?, None).await
}

/// A bus that ends counts as a wake, so that nobody sleeps for ever; after that it is silent, as
/// one is that was never there.
fn notices(messages: Option<MessageStream>) -> impl Stream<Item = Notice> + Unpin {
    let told = stream::iter(messages).flatten().filter_map(|message| {
        let notice = match message.and_then(|message| message.body().deserialize()) {
            Ok(true) => Some(Notice::AboutToSleep),
            Ok(false) => Some(Notice::Woken),
            Err(error) => {
                tracing::debug!(%error, "a message of the system bus can't be read");
                None
            }
        };
        ready(notice)
    });
    Box::pin(
        told.chain(stream::iter([Notice::Woken]))
            .chain(stream::pending()),
    )
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::Command;

    use super::*;

    #[tokio::test]
    async fn without_a_bus_there_is_one_wake_and_then_silence() {
        let mut notices = notices(None);
        assert_eq!(notices.next().await, Some(Notice::Woken));
        let told = timeout(Duration::from_millis(50), notices.next()).await;
        assert!(told.is_err(), "{told:?}");
    }

    /// On a bus of the test's own, with the test in logind's place.
    #[tokio::test]
    async fn logind_announces_sleep_and_wake_over_the_bus() {
        let daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut daemon) = daemon else {
            println!("skipped: there is no dbus-daemon here");
            return;
        };
        let mut lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
        let address = lines.next_line().await.unwrap().unwrap();
        let connect = || {
            let address = address.clone();
            async move {
                zbus::connection::Builder::address(address.as_str())?
                    .build()
                    .await
            }
        };

        let mut told = notices(Some(listen(connect()).await.unwrap()));
        let stranger = connect().await.unwrap();
        let logind = connect().await.unwrap();
        logind.request_name("org.freedesktop.login1").await.unwrap();
        let signal = async |from: &Connection, sleeps: bool| {
            let path = "/org/freedesktop/login1";
            let interface = "org.freedesktop.login1.Manager";
            from.emit_signal(None::<&str>, path, interface, "PrepareForSleep", &sleeps)
                .await
                .unwrap();
        };
        // Anybody may send a signal; only logind's counts.
        signal(&stranger, false).await;
        signal(&logind, true).await;
        assert_eq!(told.next().await, Some(Notice::AboutToSleep));
        signal(&logind, false).await;
        assert_eq!(told.next().await, Some(Notice::Woken));

        signal(&logind, true).await;
        assert_eq!(told.next().await, Some(Notice::AboutToSleep));
        daemon.kill().await.unwrap();
        assert_eq!(told.next().await, Some(Notice::Woken));
    }
}
