//! Keychain and Credential Manager, which are calls of the system that block.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use super::{Item, KeyringFault, Kind};
use crate::Secret;

/// Under which Culvert's entries lie.
const SERVICE: &str = "culvert";

/// Neither can be asked for all entries of a program, so the names of those are one more.
const NAMES: &str = "names";

pub(super) async fn get(item: Item) -> Result<Secret, KeyringFault> {
    off_the_runtime(move || read(&user(&item))?.ok_or_else(|| item.not_found())).await
}

pub(super) async fn put(item: Item, secret: Secret) -> Result<(), KeyringFault> {
    off_the_runtime(move || {
        write(&user(&item), secret.expose())?;
        let mut names = read_names(item.kind)?;
        if !names.contains(&item.name) {
            names.push(item.name);
            write_names(item.kind, &names)?;
        }
        Ok(())
    })
    .await
}

pub(super) async fn remove(item: Item) -> Result<(), KeyringFault> {
    off_the_runtime(move || {
        match entry(&user(&item))?.delete_credential() {
            Ok(()) => {}
            Err(Error::NoEntry) => return Err(item.not_found()),
            Err(error) => return Err(fault(&error)),
        }
        let mut names = read_names(item.kind)?;
        names.retain(|name| *name != item.name);
        write_names(item.kind, &names)
    })
    .await
}

pub(super) async fn names(kind: Kind) -> Result<Vec<String>, KeyringFault> {
    off_the_runtime(move || read_names(kind)).await
}

async fn off_the_runtime<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, KeyringFault> + Send + 'static,
) -> Result<T, KeyringFault> {
    let called = tokio::task::spawn_blocking(call).await;
    called.unwrap_or_else(|error| {
        Err(KeyringFault::Failed {
            reason: error.to_string(),
        })
    })
}

fn store() -> Result<Arc<CredentialStore>, KeyringFault> {
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(target_os = "windows")]
    let store = windows_native_keyring_store::Store::new();
    #[cfg(not(any(target_os = "macos", target_os = "windows")))]
    let store: Result<Arc<CredentialStore>, Error> = Err(Error::NoDefaultStore);
    let store: Arc<CredentialStore> = store.map_err(|error| fault(&error))?;
    Ok(store)
}

fn entry(user: &str) -> Result<Entry, KeyringFault> {
    Entry::new_in_store(&store()?, SERVICE, user).map_err(|error| fault(&error))
}

fn user(item: &Item) -> String {
    format!("{} {}", item.kind.name(), item.name)
}

fn read(user: &str) -> Result<Option<Secret>, KeyringFault> {
    match entry(user)?.get_password() {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(fault(&error)),
    }
}

fn write(user: &str, text: &str) -> Result<(), KeyringFault> {
    entry(user)?
        .set_password(text)
        .map_err(|error| fault(&error))
}

fn read_names(kind: Kind) -> Result<Vec<String>, KeyringFault> {
    let text = read(&format!("{NAMES} {}", kind.name()))?;
    // No name has a line's end in it.
    let lines = text.as_ref().map_or("", Secret::expose).lines();
    Ok(lines.map(str::to_owned).collect())
}

fn write_names(kind: Kind, names: &[String]) -> Result<(), KeyringFault> {
    write(&format!("{NAMES} {}", kind.name()), &names.join("\n"))
}

fn fault(error: &Error) -> KeyringFault {
    match error {
        Error::NoDefaultStore => KeyringFault::Absent,
        Error::NoStorageAccess(_) => KeyringFault::Locked,
        // Others may hold the secret in their data, though not in their text.
        _ => KeyringFault::Failed {
            reason: error.to_string(),
        },
    }
}
