//! Changes a file that people edit: what a change does not touch stays to the letter, comments,
//! order and spacing included.

use std::collections::HashMap;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

use super::{Entry, VERSION, VERSION_1};
use crate::profile::{Profile, ProfileId};

/// What stands between a tunnel that is new in the file and the one before it.
const GAP: &str = "\n";

/// Writes `after` into the text that `before` was read from, in its order. `None` if that can't
/// be done.
pub(super) fn edited(text: &str, before: &[Profile], after: &[Profile]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let was_1 = raise_version(&mut document)?;
    let tables = take_tables(&mut document)?;
    if tables.len() != before.len() {
        return None;
    }
    // Tables are printed in the order of their places, whatever list they are in.
    let mut places: Vec<_> = tables.iter().filter_map(Table::position).collect();
    places.sort_unstable();
    let mut places = places.into_iter();
    let mut stay = remove_others(&mut document, tables, before, after);
    let mut list = ArrayOfTables::new();
    for profile in after {
        let table = match stay.remove(&profile.id) {
            Some((was, mut table)) => {
                change(&mut table, was, profile)?;
                if was_1 {
                    drop_unchosen(&mut table, profile)?;
                }
                table.set_position(places.next());
                table
            }
            None => {
                let mut table = entry(profile)?;
                table.decor_mut().set_prefix(GAP);
                table
            }
        };
        list.push(table);
    }
    document.insert("tunnel", Item::ArrayOfTables(list));
    Some(document.to_string())
}

/// Says whether the file was of the format before.
fn raise_version(document: &mut DocumentMut) -> Option<bool> {
    let version = document.get_mut("version")?.as_value_mut()?;
    let was_1 = version.as_integer() == Some(VERSION_1);
    if was_1 {
        set(version, VERSION.into());
    }
    Some(was_1)
}

/// Takes the tunnels out, in the file's order.
fn take_tables(document: &mut DocumentMut) -> Option<Vec<Table>> {
    let Some(item) = document.remove("tunnel") else {
        return Some(Vec::new());
    };
    let is_inline = !item.is_array_of_tables();
    let tables = item.into_array_of_tables().ok()?.into_iter();
    // What was written on one line gets the form that all others have.
    let formed = tables.map(|mut table| {
        if is_inline {
            table.fmt();
            table.decor_mut().set_prefix(GAP);
        }
        table
    });
    Some(formed.collect())
}

/// Leaves out the tunnels that are no more. A comment right above one goes with it; what an empty
/// line separates from it is about more than that one, and stays.
fn remove_others<'a>(
    document: &mut DocumentMut,
    tables: Vec<Table>,
    before: &'a [Profile],
    after: &[Profile],
) -> HashMap<ProfileId, (&'a Profile, Table)> {
    let mut stay = HashMap::new();
    let mut carried = String::new();
    for (mut table, profile) in tables.into_iter().zip(before) {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
        let prefix = prefix.unwrap_or_default().to_owned();
        if after.iter().any(|stays| stays.id == profile.id) {
            if !carried.is_empty() {
                let prefix = std::mem::take(&mut carried) + &prefix;
                table.decor_mut().set_prefix(prefix);
            }
            stay.insert(profile.id, (profile, table));
        } else if let Some((above, _)) = prefix.rsplit_once("\n\n")
            && above.contains('#')
        {
            carried.push_str(above);
            carried.push('\n');
        }
    }
    if !carried.is_empty() {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(carried + &trailing);
    }
    stay
}

/// Alters the keys whose values are others than before, and no more.
fn change(table: &mut Table, was: &Profile, is: &Profile) -> Option<()> {
    let (before, after) = (entry(was)?, entry(is)?);
    for (key, item) in &after {
        let new = item.as_value()?;
        let is_same = before.get(key).is_some_and(|old| same(old, new));
        // A tunnel that was found by its name keeps its id from now on, whatever it is called.
        if is_same && (key != "id" || table.contains_key(key)) {
            continue;
        }
        match table.get_mut(key).and_then(Item::as_value_mut) {
            Some(value) => set(value, new.clone()),
            None => {
                table.insert(key, Item::Value(new.clone()));
            }
        }
    }
    for (key, _) in &before {
        if !after.contains_key(key) {
            table.remove(key);
        }
    }
    Some(())
}

/// The number of sessions that version 1 wrote without anybody's choice.
fn drop_unchosen(table: &mut Table, profile: &Profile) -> Option<()> {
    if !entry(profile)?.contains_key("sessions") {
        table.remove("sessions");
    }
    Some(())
}

/// A tunnel as a new one is written.
fn entry(profile: &Profile) -> Option<Table> {
    let text = toml::to_string(&Entry::from(profile)).ok()?;
    let document: DocumentMut = text.parse().ok()?;
    let mut table = document.as_table().clone();
    table.set_position(None);
    // A table of settings stands on one line beside the other keys.
    let inner = table.iter().filter(|(_, item)| item.is_table());
    let inner: Vec<_> = inner.map(|(key, _)| key.to_owned()).collect();
    for key in inner {
        let value = table.remove(&key)?.into_value().ok()?;
        table.insert(&key, Item::Value(value));
    }
    Some(table)
}

fn same(old: &Item, new: &Value) -> bool {
    let text = |value: &Value| value.to_string().trim().to_owned();
    old.as_value().is_some_and(|old| text(old) == text(new))
}

/// Puts a value in another's place, with the spaces and the comment that stand beside it.
fn set(place: &mut Value, value: Value) {
    let decor = place.decor().clone();
    *place = value;
    *place.decor_mut() = decor;
}
