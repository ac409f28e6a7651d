//! The tray, with a panel and without one.

use culvert_tests::echo;
use tokio::net::TcpStream;

use crate::desktop::Desktop;
use crate::item::{Item, find, is_on};
use crate::panel::Panel;
use crate::soon;
use crate::x11::Display;

/// The address in the menu under which a tunnel can be copied.
pub(crate) fn address(menu: &[crate::item::Line], tunnel: &str) -> Option<String> {
    let copies = &find(menu, "Copy address")?.lines;
    let begin = format!("{tunnel}: ");
    copies
        .iter()
        .find_map(|line| line.label.strip_prefix(&begin).map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn a_tunnel_is_connected_used_copied_and_disconnected_from_the_tray() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders_db", "Billing"]);
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut culvert = desktop.culvert(&[]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| is_on(menu, "Orders__db") == Some(false))
        .await;
    assert_eq!(item.tooltip().await, "0 of 2 tunnels up");
    let off = item.picture().await;
    assert_eq!(off.0, 22);

    item.choose("Orders__db").await;
    // The mark is there from the start; the word beside the name goes when it is up.
    let menu = item
        .until(|menu| is_on(menu, "Orders__db") == Some(true))
        .await;
    assert_eq!(is_on(&menu, "Billing"), Some(false));
    assert_ne!(item.picture().await, off);
    assert_eq!(item.tooltip().await, "1 of 2 tunnels up");
    assert_eq!(desktop.sim.living_sessions().len(), 1);
    let address = address(&menu, "Orders__db").expect("where it listens");
    let mut tcp = TcpStream::connect(&address).await.unwrap();
    let back = soon(echo(&mut tcp, b"through the tunnel")).await.unwrap();
    assert_eq!(back, b"through the tunnel");

    let display = Display::open(&desktop.display);
    item.choose(&format!("Orders__db: {address}")).await;
    assert_eq!(display.copied().await, address);

    item.choose("Orders__db").await;
    item.until(|menu| is_on(menu, "Orders__db") == Some(false))
        .await;
    assert!(desktop.sim.living_sessions().is_empty());
    assert!(TcpStream::connect(&address).await.is_err());

    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn all_tunnels_are_connected_and_disconnected_at_once_and_quitting_ends_their_sessions() {
    let desktop = Desktop::start().await;
    desktop.save(&["A", "B", "C"]);
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut culvert = desktop.culvert(&[]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| find(menu, "Connect all").is_some()).await;
    let is = |on| {
        move |menu: &[_]| {
            ["A", "B", "C"]
                .iter()
                .all(|name| is_on(menu, name) == Some(on))
        }
    };

    item.choose("Connect all").await;
    let menu = item.until(is(true)).await;
    assert!(!find(&menu, "Connect all").unwrap().enabled);
    assert_eq!(desktop.sim.living_sessions().len(), 3);
    item.choose("Disconnect all").await;
    item.until(is(false)).await;
    assert!(desktop.sim.living_sessions().is_empty());

    item.choose("Connect all").await;
    item.until(is(true)).await;
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    assert!(desktop.sim.living_sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn without_a_panel_everything_works_and_one_that_comes_later_shows_the_icon() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders"]);
    let mut culvert = desktop.culvert(&[]);
    let mut item = Item::of_process(&desktop.bus, culvert.process()).await;
    item.until(|menu| is_on(menu, "Orders") == Some(false))
        .await;
    item.choose("Orders").await;
    item.until(|menu| is_on(menu, "Orders") == Some(true)).await;

    // Panels are started anew now and then.
    for _ in 0..2 {
        let mut panel = Panel::start(&desktop.bus, 0).await;
        let name = panel.item().await;
        let item = Item::of(&desktop.bus, name).await;
        assert_eq!(is_on(&item.menu().await, "Orders"), Some(true));
    }
    item.choose("Quit Culvert").await;
    assert!(culvert.ended().await.success());
    let log = culvert.log();
    assert_eq!(log.matches("shows no tray icons").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn the_icon_is_another_one_on_a_light_desktop_and_for_a_tunnel_that_has_failed() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders"]);
    let mut panel = Panel::start(&desktop.bus, 1).await;
    let _culvert = desktop.culvert(&[]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| is_on(menu, "Orders") == Some(false))
        .await;
    let dark = item.picture().await;
    panel.wish(2).await;
    let light = item.other_picture(&dark).await;
    panel.wish(1).await;
    assert_eq!(item.other_picture(&light).await, dark);

    assert_eq!(item.status().await, "Active");
    desktop.deny_sessions("");
    item.choose("Orders").await;
    item.until(|menu| find(menu, "Orders (failed)").is_some())
        .await;
    assert_eq!(item.status().await, "NeedsAttention");
    assert_ne!(item.picture().await, dark);
    assert_eq!(item.tooltip().await, "0 of 1 tunnel up\n1 failed: Orders");
}
