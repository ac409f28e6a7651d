//! The Secret Service (freedesktop.org, "Secret Service API"), over the session bus.

use std::collections::HashMap;

use secret_service::{EncryptionType, Error, SecretService};
use zbus::Error as BusError;
use zeroize::Zeroizing;

use super::{Item, KeyringFault, Kind};
use crate::Secret;

/// How Culvert's items are told from others.
const APPLICATION: &str = "culvert";

pub(super) async fn get(item: Item) -> Result<Secret, KeyringFault> {
    let service = connect().await?;
    let found = service
        .search_items(attributes(&item))
        .await
        .map_err(fault)?;
    let Some(kept) = found.unlocked.first() else {
        return Err(if found.locked.is_empty() {
            item.not_found()
        } else {
            KeyringFault::Locked
        });
    };
    let secret = Zeroizing::new(kept.get_secret().await.map_err(fault)?);
    match std::str::from_utf8(&secret) {
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(KeyringFault::Foreign { name: item.name }),
    }
}

pub(super) async fn put(item: Item, secret: Secret) -> Result<(), KeyringFault> {
    let service = connect().await?;
    let collection = match service.get_default_collection().await {
        Ok(collection) => collection,
        // A user who has never kept anything. The service asks for a password.
        Err(Error::NoResult) => service
            .create_collection("Default", "default")
            .await
            .map_err(fault)?,
        Err(error) => return Err(fault(error)),
    };
    if collection.is_locked().await.map_err(fault)? {
        collection.unlock().await.map_err(fault)?;
    }
    collection
        .create_item(
            &item.label(),
            attributes(&item),
            secret.expose().as_bytes(),
            true,
            "text/plain",
        )
        .await
        .map_err(fault)?;
    Ok(())
}

pub(super) async fn remove(item: Item) -> Result<(), KeyringFault> {
    let service = connect().await?;
    let found = service
        .search_items(attributes(&item))
        .await
        .map_err(fault)?;
    if found.unlocked.is_empty() && found.locked.is_empty() {
        return Err(item.not_found());
    }
    for kept in &found.locked {
        kept.unlock().await.map_err(fault)?;
    }
    for kept in found.unlocked.iter().chain(&found.locked) {
        kept.delete().await.map_err(fault)?;
    }
    Ok(())
}

pub(super) async fn names(kind: Kind) -> Result<Vec<String>, KeyringFault> {
    let service = connect().await?;
    let ours = HashMap::from([("application", APPLICATION), ("kind", kind.name())]);
    let found = service.search_items(ours).await.map_err(fault)?;
    let mut names = Vec::new();
    for kept in &found.unlocked {
        let mut attributes = kept.get_attributes().await.map_err(fault)?;
        names.extend(attributes.remove("name"));
    }
    // Of what is locked not even the name can be read everywhere: a list without it would lie.
    if !found.locked.is_empty() {
        return Err(KeyringFault::Locked);
    }
    Ok(names)
}

/// A connection for one call: an idle one would cost memory, and be dead after a new login.
async fn connect() -> Result<SecretService<'static>, KeyringFault> {
    SecretService::connect(EncryptionType::Dh)
        .await
        .map_err(fault)
}

fn attributes(item: &Item) -> HashMap<&str, &str> {
    HashMap::from([
        ("application", APPLICATION),
        ("kind", item.kind.name()),
        ("name", &item.name),
    ])
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an enum of somebody else's, which grows"
)]
fn fault(error: Error) -> KeyringFault {
    match error {
        Error::Unavailable | Error::NoResult => KeyringFault::Absent,
        Error::Locked | Error::Prompt | Error::PromptDisconnected => KeyringFault::Locked,
        Error::Zbus(error) if is_absence(&error) => KeyringFault::Absent,
        Error::ZbusFdo(
            zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_),
        ) => KeyringFault::Absent,
        Error::Zbus(BusError::MethodError(name, ..)) if name.as_str() == IS_LOCKED => {
            KeyringFault::Locked
        }
        error => KeyringFault::Failed {
            reason: error.to_string(),
        },
    }
}

/// Section "Errors" of the specification.
const IS_LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";

/// Whether nobody is there: no bus, or nobody on it who keeps secrets.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an enum of somebody else's, which grows"
)]
fn is_absence(error: &BusError) -> bool {
    match error {
        // A bus whose address is known and that does not answer.
        BusError::Connection(..)
        | BusError::InputOutput(_)
        | BusError::Address(_)
        | BusError::InterfaceNotFound => true,
        BusError::FDO(error) => matches!(
            **error,
            zbus::fdo::Error::ServiceUnknown(_)
                | zbus::fdo::Error::NameHasNoOwner(_)
                | zbus::fdo::Error::SpawnServiceNotFound(_)
        ),
        BusError::MethodError(name, ..) => matches!(
            name.as_str(),
            "org.freedesktop.DBus.Error.ServiceUnknown"
                | "org.freedesktop.DBus.Error.NameHasNoOwner"
                | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound"
                | "org.freedesktop.DBus.Error.Spawn.ExecFailed"
                | "org.freedesktop.DBus.Error.Spawn.ChildExited"
                | "org.freedesktop.DBus.Error.Spawn.Failed"
        ),
        _ => false,
    }
}
