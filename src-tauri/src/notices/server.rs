//! The desktop's server of notifications (Desktop Notifications Specification 1.3).

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tauri::async_runtime::{JoinHandle, spawn};
use tokio::sync::{Mutex, mpsc};
use tunnel_manager::ProfileId;
use zbus::proxy::SignalStream;
use zbus::zvariant::Value;
use zbus::{Connection, Proxy};

use super::policy::{Kind, Notice, Offer};
use super::words;
use crate::markup::escaped;
use crate::speech::Speech;
use crate::tray::Act;

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// The action of a click on the notification itself.
const CLICK: &str = "default";
/// The actions of the button beside it.
const SIGN_IN: &str = "sign-in";
const KEEP_OPEN: &str = "keep-open";
/// The server's own time.
const USUAL_TIME: i32 = -1;

/// What is shown: the server's number of each notification, and where it leads.
type Shown = HashMap<Kind, (u32, Option<ProfileId>)>;

/// The way to the server, which is looked for when there is something to tell.
pub(super) struct Desktop {
    acts: mpsc::Sender<Act>,
    server: Option<Server>,
    /// Held while one is being shown: a click may be told before the number of what was clicked.
    shown: Arc<Mutex<Shown>>,
}

struct Server {
    proxy: Proxy<'static>,
    /// It shows tags in texts, so that what looks like one has to be marked.
    knows_tags: bool,
    clicks: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.clicks.abort();
    }
}

impl Desktop {
    pub(super) fn new(acts: mpsc::Sender<Act>) -> Self {
        Self {
            acts,
            server: None,
            shown: Arc::default(),
        }
    }

    /// Shows it in the place of the last of its kind. Where nobody shows notifications, nothing
    /// happens.
    pub(super) async fn show(&mut self, notice: Notice, speech: Speech) {
        if let Err(error) = self.try_to_show(notice, speech).await {
            tracing::debug!(%error, "nobody shows notifications");
            self.server = None;
        }
    }

    /// Takes back the one of this kind, if it is there.
    pub(super) async fn withdraw(&mut self, kind: Kind) {
        let shown = self.shown.lock().await.remove(&kind);
        let (Some((number, _)), Some(server)) = (shown, &self.server) else {
            return;
        };
        let closed = server
            .proxy
            .call_method("CloseNotification", &(number,))
            .await;
        if let Err(error) = closed {
            tracing::debug!(%error, "a notification could not be taken back");
        }
    }

    async fn try_to_show(&mut self, notice: Notice, speech: Speech) -> zbus::Result<()> {
        let server = match self.server.take() {
            Some(server) => server,
            None => Server::find(Arc::clone(&self.shown), self.acts.clone()).await?,
        };
        let server = self.server.insert(server);
        let mut all = self.shown.lock().await;
        let replaced = all.get(&notice.kind).map_or(0, |shown| shown.0);
        let body = if server.knows_tags {
            escaped(&notice.body)
        } else {
            notice.body
        };
        let show = words::show(speech);
        let actions = match notice.offer {
            Some(Offer::SignIn) => vec![CLICK, show, SIGN_IN, words::sign_in(speech)],
            Some(Offer::KeepOpen) => vec![CLICK, show, KEEP_OPEN, words::keep_open(speech)],
            None => vec![CLICK, show],
        };
        let hints = HashMap::from([("desktop-entry", Value::from("Culvert"))]);
        let arguments = (
            "Culvert",
            replaced,
            "culvert-desktop",
            notice.title,
            body,
            actions,
            hints,
            USUAL_TIME,
        );
        let number: u32 = server.proxy.call("Notify", &arguments).await?;
        all.insert(notice.kind, (number, notice.tunnel));
        Ok(())
    }
}

impl Server {
    async fn find(shown: Arc<Mutex<Shown>>, acts: mpsc::Sender<Act>) -> zbus::Result<Self> {
        let bus = Connection::session().await?;
        let proxy = Proxy::new(&bus, SERVER, PATH, SERVER).await?;
        let clicks = proxy.receive_signal("ActionInvoked").await?;
        let knows: Vec<String> = proxy.call("GetCapabilities", &()).await?;
        Ok(Self {
            proxy,
            knows_tags: knows.iter().any(|name| name == "body-markup"),
            clicks: spawn(follow(clicks, shown, acts)),
        })
    }
}

/// Shows the tunnel of which a notification told when that is clicked.
async fn follow(
    mut clicks: SignalStream<'static>,
    shown: Arc<Mutex<Shown>>,
    acts: mpsc::Sender<Act>,
) {
    while let Some(signal) = clicks.next().await {
        let body = signal.body();
        let Ok((number, action)) = body.deserialize::<(u32, &str)>() else {
            continue;
        };
        let all = shown.lock().await;
        let tunnel = all
            .values()
            .find(|shown| shown.0 == number)
            .map(|shown| shown.1);
        drop(all);
        let act = match tunnel {
            // All clients hear of all clicks.
            None => continue,
            Some(Some(tunnel)) if action == SIGN_IN => Act::SignIn(tunnel),
            Some(Some(tunnel)) if action == KEEP_OPEN => Act::KeepOpen(tunnel),
            Some(_) if action != CLICK => continue,
            Some(Some(tunnel)) => Act::Show(tunnel),
            Some(None) => Act::Open,
        };
        if acts.send(act).await.is_err() {
            return;
        }
    }
}
