//! Whether the panel that shows the icon is dark, which no protocol says. The desktop's wish for
//! dark or light windows (XDG Desktop Portal, `org.freedesktop.appearance`) is the best hint;
//! GNOME's panel is always dark.

use futures_util::StreamExt as _;
use tokio::sync::watch;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, Proxy};

use super::icons::Panel;

/// What most panels are where nothing else is known.
pub(super) const USUAL: Panel = Panel::Dark;

const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";
/// The value of [`KEY`] that asks for light windows; 1 asks for dark ones, 0 for nothing.
const LIGHT: u32 = 2;

/// Tells what the panel is, now and whenever that changes, for as long as somebody listens.
///
/// # Errors
///
/// There is no portal, or it does not know.
pub(super) async fn follow(panels: watch::Sender<Panel>) -> zbus::Result<()> {
    if is_gnome(std::env::var_os("XDG_CURRENT_DESKTOP").as_deref()) {
        return Ok(());
    }
    let bus = Connection::session().await?;
    let portal = Proxy::new(
        &bus,
        "org.freedesktop.portal.Desktop",
        "/org/freedesktop/portal/desktop",
        "org.freedesktop.portal.Settings",
    )
    .await?;
    // First, so that no change is missed.
    let mut changes = portal.receive_signal("SettingChanged").await?;
    let value: OwnedValue = portal.call("Read", &(NAMESPACE, KEY)).await?;
    if panels.send(panel(&value)).is_err() {
        return Ok(());
    }
    while let Some(signal) = changes.next().await {
        let body = signal.body();
        let (namespace, key, value): (&str, &str, Value<'_>) = body.deserialize()?;
        if (namespace, key) == (NAMESPACE, KEY) && panels.send(panel(&value)).is_err() {
            break;
        }
    }
    Ok(())
}

/// `Read` wraps the value once more than `SettingChanged` does.
fn panel(value: &Value<'_>) -> Panel {
    if let Value::Value(inner) = value {
        panel(inner)
    } else if *value == Value::U32(LIGHT) {
        Panel::Light
    } else {
        USUAL
    }
}

fn is_gnome(desktop: Option<&std::ffi::OsStr>) -> bool {
    let names = desktop.and_then(|names| names.to_str()).unwrap_or_default();
    names
        .split(':')
        .any(|name| name.eq_ignore_ascii_case("gnome"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wish_for_light_makes_a_light_panel() {
        assert_eq!(panel(&Value::U32(2)), Panel::Light);
        assert_eq!(panel(&Value::Value(Box::new(Value::U32(2)))), Panel::Light);
        for other in [
            Value::U32(0),
            Value::U32(1),
            Value::U32(7),
            Value::from("2"),
        ] {
            assert_eq!(panel(&other), Panel::Dark);
        }
    }

    #[test]
    fn the_panel_of_gnome_is_always_dark() {
        let is = |names: &str| is_gnome(Some(names.as_ref()));
        assert!(is("GNOME"));
        assert!(is("ubuntu:GNOME"));
        assert!(!is("KDE"));
        assert!(!is("GNOMEish"));
        assert!(!is_gnome(None));
    }
}
