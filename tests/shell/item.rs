//! Somebody's StatusNotifierItem with its menu, as a panel uses it.

use std::collections::HashMap;

use culvert_tests::Bus;
use futures_util::StreamExt as _;
use zbus::fdo::DBusProxy;
use zbus::proxy::SignalStream;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{Connection, Proxy, connection};

use crate::soon;

/// An icon in the tray.
pub(crate) struct Item {
    icon: Proxy<'static>,
    menu: Proxy<'static>,
    menu_changes: SignalStream<'static>,
    icon_changes: SignalStream<'static>,
}

/// A line of the menu.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    id: i32,
    pub(crate) label: String,
    pub(crate) enabled: bool,
    /// None if it can't be on.
    pub(crate) on: Option<bool>,
    /// All lines below it.
    pub(crate) lines: Vec<Line>,
}

impl Item {
    /// Looks at the item that this name on the bus has.
    pub(crate) async fn of(bus: &Bus, name: String) -> Self {
        let bus = connect(bus).await;
        let proxy = async |path, interface| {
            zbus::proxy::Builder::<Proxy<'static>>::new(&bus)
                .destination(name.clone())
                .and_then(|builder| builder.path(path))
                .and_then(|builder| builder.interface(interface))
                .unwrap()
                .cache_properties(zbus::proxy::CacheProperties::No)
                .build()
                .await
                .unwrap()
        };
        let icon: Proxy<'static> = proxy("/StatusNotifierItem", "org.kde.StatusNotifierItem").await;
        let menu: Proxy<'static> = proxy("/MenuBar", "com.canonical.dbusmenu").await;
        Self {
            icon_changes: icon.receive_all_signals().await.unwrap(),
            menu_changes: menu.receive_all_signals().await.unwrap(),
            icon,
            menu,
        }
    }

    /// Waits until a process has an item on the bus, whether or not anybody shows it.
    pub(crate) async fn of_process(bus: &Bus, process: u32) -> Self {
        let name = format!("org.kde.StatusNotifierItem-{process}-1");
        let connection = connect(bus).await;
        let names = DBusProxy::new(&connection).await.unwrap();
        let wanted = [(0, name.as_str())];
        let mut changes = names
            .receive_name_owner_changed_with_args(&wanted)
            .await
            .unwrap();
        if !names
            .name_has_owner(name.as_str().try_into().unwrap())
            .await
            .unwrap()
        {
            soon(changes.next()).await.expect("the bus");
        }
        Self::of(bus, name).await
    }

    /// The menu as it is now.
    pub(crate) async fn menu(&self) -> Vec<Line> {
        let nothing: &[&str] = &[];
        let answer = self
            .menu
            .call_method("GetLayout", &(0, -1, nothing))
            .await
            .unwrap();
        let body = answer.body();
        let (_, root): (u32, Root) = body.deserialize().unwrap();
        root.2.iter().map(|value| line(value)).collect()
    }

    /// Waits until the menu is as wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&[Line]) -> bool) -> Vec<Line> {
        let mut last = Vec::new();
        let come = async {
            loop {
                last = self.menu().await;
                if wanted(&last) {
                    break;
                }
                self.menu_changes.next().await.expect("the bus");
            }
        };
        let come = tokio::time::timeout(crate::PATIENCE, come).await.is_ok();
        assert!(come, "it never came to that: {last:#?}");
        last
    }

    /// Chooses a line by its text.
    pub(crate) async fn choose(&self, label: &str) {
        let menu = self.menu().await;
        let line = find(&menu, label).unwrap_or_else(|| panic!("{label} in {menu:#?}"));
        let event = (line.id, "clicked", Value::I32(0), 0u32);
        self.menu.call_method("Event", &event).await.unwrap();
    }

    /// Clicks the icon itself.
    pub(crate) async fn activate(&self) {
        self.icon.call_method("Activate", &(0, 0)).await.unwrap();
    }

    /// The icon's smallest picture: its width, and its pixels.
    pub(crate) async fn picture(&self) -> (i32, Vec<u8>) {
        let all: Vec<(i32, i32, Vec<u8>)> = self
            .icon
            .get_property::<OwnedValue>("IconPixmap")
            .await
            .unwrap()
            .try_into()
            .unwrap();
        let (width, _, pixels) = all.into_iter().next().expect("a picture");
        (width, pixels)
    }

    /// Waits until the icon's picture is another one than this.
    pub(crate) async fn other_picture(&mut self, old: &(i32, Vec<u8>)) -> (i32, Vec<u8>) {
        soon(async {
            loop {
                let picture = self.picture().await;
                if picture != *old {
                    break picture;
                }
                self.icon_changes.next().await.expect("the bus");
            }
        })
        .await
    }

    /// What is said when the mouse rests on the icon.
    pub(crate) async fn tooltip(&self) -> String {
        let tooltip: OwnedValue = self.icon.get_property("ToolTip").await.unwrap();
        let tooltip: Structure<'_> = tooltip.try_into().unwrap();
        let [_, _, _, Value::Str(text)] = tooltip.fields() else {
            panic!("{tooltip:?}");
        };
        text.to_string()
    }

    /// The item's `Status`.
    pub(crate) async fn status(&self) -> String {
        self.icon.get_property("Status").await.unwrap()
    }
}

/// What all lines are below: its id, its properties, the lines.
type Root = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// The line with this text.
pub(crate) fn find<'a>(menu: &'a [Line], label: &str) -> Option<&'a Line> {
    menu.iter().find_map(|line| {
        if line.label == label {
            Some(line)
        } else {
            find(&line.lines, label)
        }
    })
}

/// Whether a tunnel that is up is on in the menu.
pub(crate) fn is_on(menu: &[Line], label: &str) -> Option<bool> {
    find(menu, label).and_then(|line| line.on)
}

async fn connect(bus: &Bus) -> Connection {
    let builder = connection::Builder::address(bus.address()).unwrap();
    builder.build().await.unwrap()
}

fn line(value: &Value<'_>) -> Line {
    if let Value::Value(inner) = value {
        return line(inner);
    }
    let Value::Structure(fields) = value else {
        panic!("a line: {value:?}");
    };
    let [Value::I32(id), Value::Dict(properties), Value::Array(lines)] = fields.fields() else {
        panic!("a line: {fields:?}");
    };
    let properties: HashMap<String, OwnedValue> =
        properties.try_clone().unwrap().try_into().unwrap();
    let text = |name: &str| {
        let value = properties.get(name)?;
        Some(value.downcast_ref::<&str>().expect(name).to_owned())
    };
    let switch = text("toggle-type").is_some_and(|kind| kind == "checkmark");
    let state = properties.get("toggle-state");
    Line {
        id: *id,
        label: text("label").unwrap_or_default(),
        enabled: properties
            .get("enabled")
            .is_none_or(|value| value.downcast_ref::<bool>().expect("enabled")),
        on: switch.then(|| state.is_some_and(|state| state.downcast_ref::<i32>() == Ok(1))),
        lines: lines.iter().map(line).collect(),
    }
}
