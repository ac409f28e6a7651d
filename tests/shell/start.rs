//! How Culvert is started.

use crate::desktop::Desktop;
use crate::item::{Item, find};
use crate::panel::Panel;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a display and a message bus; npm test -- --only shell"]
async fn a_second_start_leaves_the_tunnels_to_the_first_and_ends() {
    let desktop = Desktop::start().await;
    desktop.save(&["Orders"]);
    let mut panel = Panel::start(&desktop.bus, 0).await;
    let mut first = desktop.culvert(&[]);
    let mut item = Item::of(&desktop.bus, panel.item().await).await;
    item.until(|menu| find(menu, "Orders").is_some()).await;

    let mut second = desktop.culvert(&[]);
    assert!(second.ended().await.success());
    item.activate().await;
    item.choose("Orders").await;
    item.until(|menu| find(menu, "Orders").is_some_and(|line| line.on == Some(true)))
        .await;
    assert_eq!(desktop.sim.living_sessions().len(), 1);
    item.choose("Quit Culvert").await;
    assert!(first.ended().await.success());
}
