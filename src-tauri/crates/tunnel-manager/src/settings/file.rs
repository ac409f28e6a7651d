//! The format of the settings' file, version 1.

use std::path::Path;

use toml_edit::{Document, DocumentMut, Item, Table, Value};

use super::{Fault, Key, Settings};
use crate::store::{StoreError, place};

/// The format that this program writes.
const VERSION: i64 = 1;

const HEADER: &str = "\
# The settings of Culvert. You may edit this file: what you write counts at once. What is not here
# is as usual; what the program does not know, it leaves alone.

version = 1
";

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) settings: Settings,
    /// In the settings' order.
    pub(super) faults: Vec<Fault>,
}

/// Reads the text of a file. A wrong value is a fault, and the setting as usual.
///
/// # Errors
/// What makes nothing of it count: [`StoreError::Broken`], [`StoreError::Newer`].
pub(super) fn read(path: &Path, text: &str) -> Result<Read, StoreError> {
    let document = parse(path, text)?;
    let mut read = Read::default();
    for key in Key::ALL {
        let (section, name) = key.place();
        let Some(section) = document.get(section) else {
            continue;
        };
        let Some(item) = section.get(name) else {
            if !section.is_table_like() {
                let (line, column) = at(text, section);
                read.faults.push(Fault { key, line, column });
            }
            continue;
        };
        if !typed(item).is_some_and(|typed| read.settings.take(key, &typed)) {
            let (line, column) = at(text, item);
            read.faults.push(Fault { key, line, column });
        }
    }
    Ok(read)
}

/// Puts a setting into the text of a file, and leaves everything else to the letter. Nothing
/// changes where it is absent and as usual.
///
/// # Errors
/// As [`read`]; nothing may be written then.
pub(super) fn change(
    path: &Path,
    text: Option<&str>,
    key: Key,
    settings: &Settings,
) -> Result<String, StoreError> {
    let text = text.unwrap_or(HEADER);
    parse(path, text)?;
    let mut document: DocumentMut = text.parse().map_err(|error| broken(path, text, &error))?;
    let (section, name) = key.place();
    let typed = settings.text(key);
    let is_there = |item: &Item| item.get(section).is_some_and(|at| at.get(name).is_some());
    if !is_there(document.as_item()) && typed == Settings::default().text(key) {
        return Ok(text.to_owned());
    }
    if !document.contains_key("version") {
        document.insert("version", Item::Value(VERSION.into()));
    }
    if !document.get(section).is_some_and(Item::is_table_like) {
        document.insert(section, Item::Table(Table::new()));
    }
    if let Some(table) = document.get_mut(section).and_then(Item::as_table_like_mut) {
        let mut value = value(key, typed);
        if let Some(old) = table.get(name).and_then(Item::as_value) {
            *value.decor_mut() = old.decor().clone();
        }
        table.insert(name, Item::Value(value));
    }
    Ok(document.to_string())
}

fn parse<'a>(path: &Path, text: &'a str) -> Result<Document<&'a str>, StoreError> {
    let document = Document::parse(text).map_err(|error| broken(path, text, &error))?;
    let Some(version) = document.get("version") else {
        return Ok(document);
    };
    match version.as_integer() {
        Some(VERSION) => Ok(document),
        Some(version) if version > VERSION => Err(StoreError::Newer {
            path: path.to_owned(),
            version,
        }),
        Some(_) | None => {
            let (line, column) = at(text, version);
            Err(StoreError::Broken {
                path: path.to_owned(),
                line,
                column,
                message: "there is no such format".to_owned(),
            })
        }
    }
}

/// A value as it would be typed.
fn typed(item: &Item) -> Option<String> {
    match item.as_value()? {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Boolean(on) => Some(if *on.value() { "on" } else { "off" }.to_owned()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::InlineTable(_) => None,
    }
}

fn value(key: Key, typed: String) -> Value {
    if key.is_switch() {
        return (typed == "on").into();
    }
    match typed.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => typed.into(),
    }
}

fn at(text: &str, item: &Item) -> (usize, usize) {
    place(text, item.span().map_or(0, |span| span.start))
}

fn broken(path: &Path, text: &str, error: &toml_edit::TomlError) -> StoreError {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    StoreError::Broken {
        path: path.to_owned(),
        line,
        column,
        message: error.message().lines().collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> &'static Path {
        Path::new("settings.toml")
    }

    fn changed(text: Option<&str>, key: Key, typed: &str) -> String {
        let mut settings = text.map_or_else(Settings::default, |text| {
            read(path(), text).expect("readable").settings
        });
        assert!(settings.take(key, typed));
        change(path(), text, key, &settings).expect("readable")
    }

    #[test]
    fn a_wrong_value_is_named_by_its_place_and_the_setting_is_as_usual() {
        let text = "version = 1\n[appearance]\ntheme = \"blue\"\nzoom = 150\n\n[network]\n  keepalive = 4\n";
        let read = read(path(), text).expect("readable");
        assert_eq!(read.settings.zoom, 150);
        assert_eq!(read.settings.text(Key::Theme), "auto");
        let fault = |key, line, column| Fault { key, line, column };
        assert_eq!(
            read.faults,
            [fault(Key::Keepalive, 7, 15), fault(Key::Theme, 3, 9)]
        );
    }

    #[test]
    fn a_change_keeps_comments_order_and_what_is_not_known() {
        let text = "# mine\n[future]\nkey = 1 # why\n\n[appearance]\nzoom = 110   # big\n";
        let wanted =
            "# mine\nversion = 1\n[future]\nkey = 1 # why\n\n[appearance]\nzoom = 125   # big\n";
        let out = changed(Some(text), Key::Zoom, "125");
        assert!(out.contains("[future]\nkey = 1 # why"), "{out}");
        assert!(out.contains("zoom = 125   # big\n"), "{out}");
        assert_eq!(out.lines().count(), wanted.lines().count(), "{out}");
        let out = changed(Some(&out), Key::QuitAsks, "off");
        assert!(out.ends_with("[general]\nquit_asks = false\n"), "{out}");
    }

    #[test]
    fn what_is_as_usual_is_not_written_and_what_was_written_is_changed_back() {
        assert_eq!(changed(None, Key::Theme, "auto"), HEADER);
        let dark = changed(None, Key::Theme, "dark");
        assert!(dark.contains("[appearance]\ntheme = \"dark\"\n"), "{dark}");
        let auto = changed(Some(&dark), Key::Theme, "auto");
        assert!(auto.contains("theme = \"auto\"\n"), "{auto}");
    }

    #[test]
    fn every_setting_that_is_written_is_read_again() {
        let mut text: Option<String> = None;
        for (key, typed) in [
            (Key::StartHidden, "off"),
            (Key::Proxy, "http://proxy.example:8080/"),
            (Key::Sessions, "2-3"),
            (Key::RenewAfter, "off"),
            (Key::Keepalive, "15"),
        ] {
            text = Some(changed(text.as_deref(), key, typed));
            let read = read(path(), text.as_deref().unwrap_or_default()).expect("readable");
            assert_eq!(read.settings.text(key), typed);
            assert_eq!(read.faults, []);
        }
    }

    #[test]
    fn what_is_no_toml_or_of_another_version_counts_for_nothing_and_is_not_written() {
        let settings = Settings::default();
        for (text, newer) in [
            ("version = 2\n", true),
            ("version = \"1\"\n", false),
            ("x =\n", false),
        ] {
            let error = read(path(), text).expect_err("refused");
            assert_eq!(matches!(error, StoreError::Newer { .. }), newer, "{error}");
            change(path(), Some(text), Key::Zoom, &settings).expect_err("refused");
        }
        let whole = read(path(), "network = 3\n").expect("readable");
        assert_eq!(whole.faults.len(), 3, "each setting that would stand there");
    }
}
