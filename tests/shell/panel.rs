//! A panel with a tray, as small as the protocols allow: a StatusNotifierWatcher that says who
//! has registered, and a portal that says whether the desktop is dark.

use culvert_tests::Bus;
use tokio::sync::mpsc;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, connection, fdo, interface};

use crate::soon;

const WATCHER: &str = "/StatusNotifierWatcher";
const PORTAL: &str = "/org/freedesktop/portal/desktop";

/// The panel while it is there.
pub(crate) struct Panel {
    bus: Connection,
    registered: mpsc::UnboundedReceiver<String>,
}

impl Panel {
    /// Appears on the bus; `scheme` is the portal's `color-scheme`.
    pub(crate) async fn start(bus: &Bus, scheme: u32) -> Self {
        let (sender, registered) = mpsc::unbounded_channel();
        let bus = connection::Builder::address(bus.address())
            .unwrap()
            .serve_at(WATCHER, Watcher { registered: sender })
            .unwrap()
            .serve_at(PORTAL, Portal { scheme })
            .unwrap()
            .name("org.kde.StatusNotifierWatcher")
            .unwrap()
            .name("org.freedesktop.portal.Desktop")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { bus, registered }
    }

    /// Waits for somebody to register, and returns their name on the bus.
    pub(crate) async fn item(&mut self) -> String {
        soon(self.registered.recv()).await.expect("the watcher")
    }

    /// Wishes for dark windows (1), or for light ones (2).
    pub(crate) async fn wish(&self, scheme: u32) {
        let portal = self
            .bus
            .object_server()
            .interface::<_, Portal>(PORTAL)
            .await
            .unwrap();
        portal.get_mut().await.scheme = scheme;
        Portal::setting_changed(
            portal.signal_emitter(),
            "org.freedesktop.appearance",
            "color-scheme",
            Value::U32(scheme),
        )
        .await
        .unwrap();
    }
}

struct Watcher {
    registered: mpsc::UnboundedSender<String>,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.registered.send(service).ok();
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

struct Portal {
    scheme: u32,
}

#[interface(name = "org.freedesktop.portal.Settings")]
impl Portal {
    fn read(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
        if (namespace, key) != ("org.freedesktop.appearance", "color-scheme") {
            return Err(fdo::Error::Failed("no such setting".to_owned()));
        }
        // As portals do: a variant in a variant.
        let value = Value::Value(Box::new(Value::U32(self.scheme)));
        OwnedValue::try_from(value).map_err(|error| fdo::Error::Failed(error.to_string()))
    }

    #[zbus(signal)]
    async fn setting_changed(
        emitter: &SignalEmitter<'_>,
        namespace: &str,
        key: &str,
        value: Value<'_>,
    ) -> zbus::Result<()>;
}
