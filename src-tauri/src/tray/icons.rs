//! The icons, as `icons/tray.mjs` makes them: for each state, for dark panels and for light ones.

use tauri::image::Image;
use tauri::include_image;

use super::menu::Sign;

/// What the icon is seen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    Dark,
    Light,
}

/// The icon for a display of the usual density, and for one of twice that.
pub(super) fn icon(sign: Sign, panel: Panel) -> [Image<'static>; 2] {
    match (sign, panel) {
        (Sign::Off, Panel::Dark) => [
            include_image!("../icons/tray/off-on-dark-22.png"),
            include_image!("../icons/tray/off-on-dark-44.png"),
        ],
        (Sign::Off, Panel::Light) => [
            include_image!("../icons/tray/off-on-light-22.png"),
            include_image!("../icons/tray/off-on-light-44.png"),
        ],
        (Sign::Up, Panel::Dark) => [
            include_image!("../icons/tray/up-on-dark-22.png"),
            include_image!("../icons/tray/up-on-dark-44.png"),
        ],
        (Sign::Up, Panel::Light) => [
            include_image!("../icons/tray/up-on-light-22.png"),
            include_image!("../icons/tray/up-on-light-44.png"),
        ],
        (Sign::Connecting, Panel::Dark) => [
            include_image!("../icons/tray/connecting-on-dark-22.png"),
            include_image!("../icons/tray/connecting-on-dark-44.png"),
        ],
        (Sign::Connecting, Panel::Light) => [
            include_image!("../icons/tray/connecting-on-light-22.png"),
            include_image!("../icons/tray/connecting-on-light-44.png"),
        ],
        (Sign::Degraded, Panel::Dark) => [
            include_image!("../icons/tray/degraded-on-dark-22.png"),
            include_image!("../icons/tray/degraded-on-dark-44.png"),
        ],
        (Sign::Degraded, Panel::Light) => [
            include_image!("../icons/tray/degraded-on-light-22.png"),
            include_image!("../icons/tray/degraded-on-light-44.png"),
        ],
        (Sign::Reconnecting, Panel::Dark) => [
            include_image!("../icons/tray/reconnecting-on-dark-22.png"),
            include_image!("../icons/tray/reconnecting-on-dark-44.png"),
        ],
        (Sign::Reconnecting, Panel::Light) => [
            include_image!("../icons/tray/reconnecting-on-light-22.png"),
            include_image!("../icons/tray/reconnecting-on-light-44.png"),
        ],
        (Sign::NeedsSignIn, Panel::Dark) => [
            include_image!("../icons/tray/needs-sign-in-on-dark-22.png"),
            include_image!("../icons/tray/needs-sign-in-on-dark-44.png"),
        ],
        (Sign::NeedsSignIn, Panel::Light) => [
            include_image!("../icons/tray/needs-sign-in-on-light-22.png"),
            include_image!("../icons/tray/needs-sign-in-on-light-44.png"),
        ],
        (Sign::Failed, Panel::Dark) => [
            include_image!("../icons/tray/failed-on-dark-22.png"),
            include_image!("../icons/tray/failed-on-dark-44.png"),
        ],
        (Sign::Failed, Panel::Light) => [
            include_image!("../icons/tray/failed-on-light-22.png"),
            include_image!("../icons/tray/failed-on-light-44.png"),
        ],
    }
}
