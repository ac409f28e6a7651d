//! The page that shows how the demo tunnel holds: what is done to its connection, and a visitor that
//! goes through it and counts what comes.

mod count;

use std::future::pending;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::State;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tunnel_manager::demo::{DemoCut, FLOW};
use tunnel_manager::{Manager, Overview};

use crate::view::RefusalView;
use count::{Count, CountView};

/// How long a visitor waits before it comes again.
const PAUSE: Duration = Duration::from_millis(500);

/// Bytes of a line that are read at most; the page's have 2,000.
const LINE_MOST: usize = 16 << 10;

/// What can be done to the demo tunnel's connection.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DemoCutView {
    /// The gateway closes the WebSocket, code 1000.
    Close,
    /// The TCP connection is reset.
    Reset,
    /// Nothing passes for a while.
    BlackHole,
    /// Closed, and the first resumes are refused.
    RefusedResume,
    /// The agent is away for a while.
    AgentGone,
}

/// The visitor of the window that asked for one last.
#[derive(Default)]
pub(crate) struct DemoVisits(Mutex<Option<JoinHandle<()>>>);

impl DemoVisits {
    fn replace(&self, visit: Option<JoinHandle<()>>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut *current, visit) {
            old.abort();
        }
    }
}

/// Goes through the demo tunnel for as long as it runs, and sends what was counted, four times a
/// second at most.
#[tauri::command]
#[specta::specta]
#[expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state by value"
)]
pub(crate) fn visit_demo(
    manager: State<'_, Manager>,
    visits: State<'_, DemoVisits>,
    on_count: Channel<CountView>,
) {
    let visit = tauri::async_runtime::spawn(visit(manager.overview(), on_count));
    visits.replace(Some(visit));
}

/// Goes through the demo tunnel no more.
#[tauri::command]
#[specta::specta]
#[expect(
    clippy::needless_pass_by_value,
    reason = "commands get their state by value"
)]
pub(crate) fn leave_demo(visits: State<'_, DemoVisits>) {
    visits.replace(None);
}

/// Does something to the demo tunnel's connection.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cut_demo(
    manager: State<'_, Manager>,
    cut: DemoCutView,
) -> Result<(), RefusalView> {
    Ok(manager.cut_demo(cut.into()).await?)
}

impl From<DemoCutView> for DemoCut {
    fn from(cut: DemoCutView) -> Self {
        match cut {
            DemoCutView::Close => Self::Close,
            DemoCutView::Reset => Self::Reset,
            DemoCutView::BlackHole => Self::BlackHole,
            DemoCutView::RefusedResume => Self::RefusedResume,
            DemoCutView::AgentGone => Self::AgentGone,
        }
    }
}

async fn visit(mut overview: watch::Receiver<Overview>, channel: Channel<CountView>) {
    let mut count = Count::default();
    loop {
        let Ok(address) = listening(&mut overview).await else {
            return;
        };
        let mut off = overview.clone();
        tokio::select! {
            // Whichever way it ended: if the tunnel still listens, a connection was lost.
            told = go_through(&address, &mut count, &channel) => {
                if let Err(Gone::Window) = told {
                    return;
                }
                if count.lost() && channel.send(count.view()).is_err() {
                    return;
                }
                sleep(PAUSE).await;
            }
            // It was switched off, which is no loss.
            () = closed(&mut off, &address) => count.left(),
        }
    }
}

/// Why a visit is over.
enum Gone {
    /// The connection ended.
    Connection,
    /// Nobody looks any more.
    Window,
}

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self::Connection
    }
}

/// Reads what the page counts over one connection, until that ends.
async fn go_through(
    address: &str,
    count: &mut Count,
    channel: &Channel<CountView>,
) -> Result<(), Gone> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let request = format!("GET {FLOW} HTTP/1.1\r\nhost: demo.internal\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = tokio::io::AsyncReadExt::take(&mut stream, LINE_MOST as u64);
        if bounded.read_until(b'\n', &mut line).await? == 0 {
            return Err(Gone::Connection);
        }
        let counted = count.take(&line);
        if counted && channel.send(count.view()).is_err() {
            return Err(Gone::Window);
        }
    }
}

/// Waits for the demo tunnel, and answers where it listens.
async fn listening(
    overview: &mut watch::Receiver<Overview>,
) -> Result<String, watch::error::RecvError> {
    let overview = overview
        .wait_for(|overview| address_of(overview).is_some())
        .await?;
    Ok(address_of(&overview).unwrap_or_default().to_owned())
}

/// Waits until the demo tunnel listens there no more.
async fn closed(overview: &mut watch::Receiver<Overview>, address: &str) {
    let is_closed = |overview: &Overview| address_of(overview) != Some(address);
    if overview.wait_for(is_closed).await.is_err() {
        pending::<()>().await;
    }
}

/// Where the demo tunnel listens.
fn address_of(overview: &Overview) -> Option<&str> {
    let demo = overview.tunnels.iter().find(|tunnel| tunnel.demo)?;
    demo.snapshot.addresses.first().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tauri::ipc::InvokeResponseBody;
    use tunnel_manager::tunnel::Edits;
    use tunnel_manager::{SessionManager, Store};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_visitor_counts_on_through_a_cut_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::in_folder(folder.path());
        let manager = Manager::start(store, SessionManager::default(), Edits::default());
        let (sender, messages) = mpsc::channel();
        let channel = Channel::new(move |body| {
            if let InvokeResponseBody::Json(text) = body {
                sender.send(serde_json::from_str(&text)?).ok();
            }
            Ok(())
        });
        let task = tokio::spawn(visit(manager.overview(), channel));
        manager.start_demo().await.expect("starts");
        let until = |number: u64| {
            tokio::task::block_in_place(|| {
                loop {
                    let wait = Duration::from_secs(20);
                    let told: serde_json::Value = messages.recv_timeout(wait).expect("told");
                    if told["number"].as_u64() >= Some(number) {
                        return told;
                    }
                }
            })
        };
        until(2);
        manager.cut_demo(DemoCut::Reset).await.expect("cut");
        let told = until(8);
        assert_eq!((&told["missing"], &told["lost"]), (&0.into(), &0.into()));
        assert!(told["bytes"].as_u64() > Some(8 * 950));
        manager.stop_all().await.expect("stops");
        task.abort();
    }
}
