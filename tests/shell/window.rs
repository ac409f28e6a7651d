//! The window as its user sees it: how it is opened, closed and remembered.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::desktop::Desktop;
use crate::item::{Item, find, is_on};
use crate::panel::Panel;
use crate::soon;
use crate::x11::Display;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn closing_is_explained_once_and_then_leaves_the_tunnels_and_the_way_back() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders"]);
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut culvert = desktop.culvert(&[]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    let display = Display::open(&desktop.display);
    let window = display.window().await;
    // The tunnels are read while the icon is there already.
    item.until(|menu| is_on(menu, "Orders").is_some()).await;
    item.choose("Orders").await;
    item.until(|menu| is_on(menu, "Orders") == Some(true)).await;

    // The first time it asks; whoever closes it all the same has it closed.
    display.close(window).await;
    display.close(window).await;
    display.no_window().await;
    assert_eq!(is_on(&item.menu().await, "Orders"), Some(true));
    assert_eq!(desktop.sim.living_sessions().len(), 1);

    item.activate().await;
    let window = display.window().await;
    display.close(window).await;
    display.no_window().await;
    item.choose("Open Culvert").await;
    display.window().await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    assert!(desktop.sim.living_sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn without_a_tray_a_second_start_brings_the_window_back_where_it_was() {
    let desktop = Desktop::start().await;
    let mut culvert = desktop.culvert(&[]);
    let display = Display::open(&desktop.display);
    let window = display.window().await;
    display.place(window, (140, 90), (800, 500)).await;
    display.close(window).await;
    display.close(window).await;
    display.no_window().await;

    let mut second = desktop.culvert(&[]);
    assert!(second.ended().await.success());
    let window = display.window().await;
    assert_eq!(display.frame(window), ((140, 90), (800, 500)));

    // And so does the next one of all.
    let item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    display.no_window().await;
    let _third = desktop.culvert(&[]);
    let window = display.window().await;
    assert_eq!(display.frame(window), ((140, 90), (800, 500)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn started_hidden_it_shows_no_window_before_it_is_asked_to() {
    let desktop = Desktop::start().await;
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| find(menu, "Open Culvert").is_some())
        .await;
    // One more that starts with the desktop changes nothing.
    assert!(desktop.culvert(&["--hidden"]).ended().await.success());
    let display = Display::open(&desktop.display);
    assert!(display.windows().is_empty());
    item.choose("Open Culvert").await;
    display.window().await;
    assert!(!desktop.culvert(&["--verbose"]).ended().await.success());
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn without_a_bus_nothing_could_bring_the_window_back_and_closing_it_quits() {
    let desktop = Desktop::start().await;
    let mut culvert = desktop.culvert_without_bus();
    let display = Display::open(&desktop.display);
    let window = display.window().await;
    culvert.logged("there is no tray icon").await;
    display.close(window).await;
    assert!(culvert.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn quitting_waits_for_an_answer_while_connections_would_break() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders"]);
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut culvert = desktop.culvert(&["--hidden"]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| is_on(menu, "Orders") == Some(false))
        .await;
    item.choose("Orders").await;
    let menu = item.until(|menu| is_on(menu, "Orders") == Some(true)).await;
    let address = crate::tray::address(&menu, "Orders").expect("where it listens");
    let mut tcp = TcpStream::connect(address).await.unwrap();
    // Of more bytes than come: so it stays open.
    tcp.write_all(b"E\0\0\0\0\0\0\0\x09open").await.unwrap();
    let mut back = [0; 4];
    soon(tcp.read_exact(&mut back)).await.unwrap();

    // The question is asked in the window, which comes for that.
    let display = Display::open(&desktop.display);
    item.choose("Quit Culvert").await;
    let window = display.window().await;
    assert_eq!(desktop.sim.living_sessions().len(), 1);
    // No answer, and no window: everything goes on.
    display.close(window).await;
    display.no_window().await;
    tcp.write_all(b"till!").await.unwrap();
    soon(tcp.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"till");
    drop(tcp);
    item.choose("Disconnect all").await;
    item.until(|menu| is_on(menu, "Orders") == Some(false))
        .await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}
