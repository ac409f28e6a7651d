//! Notifications, with a server of the test's.

use std::collections::HashMap;
use std::time::Duration;

use culvert_tests::Bus;
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, connection, interface};

use crate::desktop::Desktop;
use crate::item::{Item, find, is_on};
use crate::soon;
use crate::x11::Display;

const PATH: &str = "/org/freedesktop/Notifications";

/// Something that the server was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Show {
        replaced: u32,
        title: String,
        body: String,
        actions: Vec<String>,
    },
    Close(u32),
}

struct Server {
    bus: Connection,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Server {
    async fn start(bus: &Bus) -> Self {
        let (sender, asked) = mpsc::unbounded_channel();
        let bus = connection::Builder::address(bus.address())
            .unwrap()
            .serve_at(PATH, Notifications { asked: sender })
            .unwrap()
            .name("org.freedesktop.Notifications")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { bus, asked }
    }

    async fn next(&mut self) -> Asked {
        soon(self.asked.recv()).await.expect("the server")
    }

    async fn click(&self, number: u32) {
        self.choose(number, "default").await;
    }

    /// Presses the button of this action.
    async fn choose(&self, number: u32, action: &str) {
        let server = self
            .bus
            .object_server()
            .interface::<_, Notifications>(PATH)
            .await
            .unwrap();
        let emitter = server.signal_emitter();
        Notifications::action_invoked(emitter, number, action)
            .await
            .unwrap();
    }
}

struct Notifications {
    asked: mpsc::UnboundedSender<Asked>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"]
            .map(str::to_owned)
            .to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "the protocol's")]
    fn notify(
        &self,
        _app: String,
        replaced: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _time: i32,
    ) -> u32 {
        let asked = Asked::Show {
            replaced,
            title,
            body,
            actions,
        };
        self.asked.send(asked).ok();
        7
    }

    fn close_notification(&self, number: u32) {
        self.asked.send(Asked::Close(number)).ok();
    }

    #[zbus(signal)]
    async fn action_invoked(
        emitter: &SignalEmitter<'_>,
        number: u32,
        action: &str,
    ) -> zbus::Result<()>;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn a_failure_is_told_leads_to_the_window_and_is_taken_back_when_it_is_mended() {
    let desktop = Desktop::start().await;
    desktop.save(&["A & B"]);
    let mut server = Server::start(&desktop.bus).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.until(|menu| is_on(menu, "A & B") == Some(false)).await;
    desktop.deny_sessions("not <you>");
    item.choose("A & B").await;
    item.until(|menu| find(menu, "A & B (failed)").is_some())
        .await;
    let Asked::Show {
        replaced,
        title,
        body,
        actions,
    } = server.next().await
    else {
        panic!("a notification");
    };
    assert_eq!((replaced, title.as_str()), (0, "A & B has failed"));
    assert!(!body.is_empty() && !body.contains('<'), "{body}");
    assert_eq!(actions, ["default", "Show"]);

    let display = Display::open(&desktop.display);
    assert!(display.windows().is_empty());
    // Of somebody else's notification.
    server.click(8).await;
    server.click(7).await;
    display.window().await;

    desktop.sim.faults().clear();
    item.choose("A & B (failed)").await;
    item.until(|menu| is_on(menu, "A & B") == Some(true)).await;
    assert_eq!(server.next().await, Asked::Close(7));
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    assert!(
        server.asked.try_recv().is_err(),
        "nothing else was worth it"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn an_outage_of_more_than_half_a_minute_is_told_once_and_taken_back_when_the_user_ends_it() {
    let desktop = Desktop::start().await;
    desktop.save(&["A", "B"]);
    let mut server = Server::start(&desktop.bus).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.until(|menu| is_on(menu, "A") == Some(false)).await;
    item.choose("Connect all").await;
    let both = |menu: &[_]| is_on(menu, "A").is_some() && is_on(menu, "B") == Some(true);
    item.until(both).await;

    desktop
        .sim
        .faults()
        .refuse_upgrades(ssm_sim::Refusal::status(503), None);
    desktop.sim.faults().close(1000, "Bye");
    item.until(|menu| find(menu, "A (reconnecting)").is_some())
        .await;
    let title = |asked| match asked {
        Asked::Show {
            title, replaced, ..
        } => (replaced, title),
        Asked::Close(number) => panic!("{number} is closed"),
    };
    let told = title(server.next().await);
    assert_eq!(told, (0, "2 tunnels are down".to_owned()));
    desktop.sim.faults().clear();
    item.choose("Disconnect all").await;
    item.until(|menu| is_on(menu, "A") == Some(false)).await;
    assert_eq!(server.next().await, Asked::Close(7));
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn a_tunnel_that_is_lost_too_often_is_told_once_with_its_cause_and_what_helps() {
    let desktop = Desktop::start().await;
    desktop.save(&["A"]);
    desktop.set("[notifications]\ndrops_told = 2");
    let mut server = Server::start(&desktop.bus).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.until(|menu| is_on(menu, "A") == Some(false)).await;
    item.choose("A").await;
    item.until(|menu| is_on(menu, "A") == Some(true)).await;

    // One that has not come back yet can't be cut again: it is cut until that was often enough.
    let cut = || desktop.sim.faults().close(1000, "Bye");
    let asked = soon(async {
        loop {
            cut();
            let told = timeout(Duration::from_secs(1), server.asked.recv()).await;
            if let Ok(asked) = told {
                break asked.expect("the server");
            }
        }
    })
    .await;
    let Asked::Show {
        replaced,
        title,
        body,
        actions,
    } = asked
    else {
        panic!("a notification");
    };
    assert_eq!((replaced, title.as_str()), (0, "A is lost too often"));
    let why = "The tunnel was lost 3 times within an hour; 3 of these: a close by the gateway.";
    assert!(body.starts_with(why), "{body}");
    assert!(body.contains("Ask whoever keeps the account"), "{body}");
    assert_eq!(actions, ["default", "Show"]);

    // Once more is no news, and whoever disconnects it has understood.
    let resumed = || {
        let calls = desktop.sim.stats().api_calls;
        calls.get("ResumeSession").copied().unwrap_or_default()
    };
    let before = resumed();
    soon(async {
        while resumed() == before {
            cut();
            tokio::task::yield_now().await;
        }
    })
    .await;
    item.until(|menu| is_on(menu, "A") == Some(true)).await;
    item.choose("A").await;
    item.until(|menu| is_on(menu, "A") == Some(false)).await;
    assert_eq!(server.next().await, Asked::Close(7));
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    assert!(
        server.asked.try_recv().is_err(),
        "nothing else was worth it"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn a_tunnel_to_production_tells_that_it_is_about_to_close_and_is_kept_open_by_its_button() {
    let desktop = Desktop::start().await;
    desktop.save_production("Orders");
    let mut server = Server::start(&desktop.bus).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    let off = "Orders (production)…";
    item.until(|menu| find(menu, off).is_some()).await;

    // It asks why in the window, with the saved reason filled in.
    item.choose(off).await;
    let display = Display::open(&desktop.display);
    let window = display.window().await;
    loop {
        display.focus(Some(window));
        display.press_return();
        let on = item.until(|menu| is_on(menu, "Orders (production)") == Some(true));
        // The question may not have been there yet.
        if timeout(Duration::from_secs(10), on).await.is_ok() {
            break;
        }
    }
    // Whoever looks at the window needs no notification.
    display.focus(None);
    let Asked::Show {
        replaced,
        title,
        body,
        actions,
    } = server.next().await
    else {
        panic!("a notification");
    };
    assert_eq!((replaced, title.as_str()), (0, "Orders is about to close"));
    assert!(body.contains("production"), "{body}");
    assert_eq!(actions, ["default", "Show", "keep-open", "Keep open"]);
    // It has all of its time again, so that nothing is told any more.
    server.choose(7, "keep-open").await;
    assert_eq!(server.next().await, Asked::Close(7));
    assert_eq!(desktop.sim.living_sessions().len(), 1);
    item.choose("Orders (production)").await;
    item.until(|menu| find(menu, off).is_some()).await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn notifications_and_the_tray_speak_the_language_that_is_chosen() {
    let desktop = Desktop::start().await;
    desktop.save(&["A"]);
    desktop.speak("de");
    let mut server = Server::start(&desktop.bus).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.until(|menu| find(menu, "Alle verbinden").is_some())
        .await;
    desktop.deny_sessions("no");
    item.choose("A").await;
    item.until(|menu| find(menu, "A (fehlgeschlagen)").is_some())
        .await;
    let Asked::Show {
        title,
        body,
        actions,
        ..
    } = server.next().await
    else {
        panic!("a notification");
    };
    assert_eq!(title, "A ist fehlgeschlagen");
    assert!(
        body.starts_with("Die Anmeldedaten erlauben ssm:StartSession"),
        "{body}"
    );
    assert_eq!(actions, ["default", "Anzeigen"]);
    assert!(item.tooltip().await.contains("1 fehlgeschlagen: A"));

    desktop.speak("en");
    item.until(|menu| find(menu, "A (failed)").is_some()).await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}
