//! Keys of the keyring for the form: their names, adding and removing them. A secret comes in here and
//! goes to the keyring; none ever goes to the window.

use aws_access::{KeyringFault, Secret};
use serde::Serialize;
use specta::Type;
use tauri::State;
use tunnel_manager::{Keyring, keyring_problem, typed_keys};

use crate::view::{ProblemView, RefusalView};

/// The keyring that the tunnels use.
pub(crate) struct Keys(pub(crate) Keyring);

/// The names of the keys that there are, or why they are not known.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum KeysView {
    /// These are there.
    Known { names: Vec<String> },
    /// This machine has no keyring: keys can be kept until the program ends, as these are.
    Absent {
        names: Vec<String>,
        problem: ProblemView,
    },
    /// It has to be unlocked first, which adding keys asks for.
    Locked { problem: ProblemView },
    /// It fails.
    Failed { problem: ProblemView },
}

/// Says which keys there are.
#[tauri::command]
#[specta::specta]
pub(crate) async fn list_keys(keys: State<'_, Keys>) -> Result<KeysView, RefusalView> {
    Ok(keys.list().await)
}

/// Keeps keys under a name: in the keyring, or `for_now` until the program ends. The person may be
/// asked to unlock it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn keep_keys(
    keys: State<'_, Keys>,
    name: String,
    id: String,
    secret: String,
    token: String,
    for_now: bool,
) -> Result<(), RefusalView> {
    let given = [id, secret, token].map(|text| Secret::new(text.trim()));
    keys.keep(&name, given, for_now).await
}

/// Forgets keys. The person may be asked to unlock the keyring.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_keys(keys: State<'_, Keys>, name: String) -> Result<(), RefusalView> {
    keys.0.remove_keys(&name).await.map_err(told)
}

impl Keys {
    async fn list(&self) -> KeysView {
        let fault = match self.0.names_of_keys().await {
            Ok(names) => return KeysView::Known { names },
            Err(fault) => fault,
        };
        let problem = (&keyring_problem(fault.clone().into())).into();
        match fault {
            KeyringFault::Absent => KeysView::Absent {
                names: self.0.names_for_now(),
                problem,
            },
            KeyringFault::Locked => KeysView::Locked { problem },
            KeyringFault::NotFound { .. }
            | KeyringFault::Failed { .. }
            | KeyringFault::Foreign { .. }
            | KeyringFault::BadName => KeysView::Failed { problem },
        }
    }

    async fn keep(
        &self,
        name: &str,
        [id, secret, token]: [Secret; 3],
        for_now: bool,
    ) -> Result<(), RefusalView> {
        if !Keyring::takes_name(name) {
            return Err(told(KeyringFault::BadName));
        }
        let given = typed_keys(&id, secret, token);
        let given = given.map_err(|problem| RefusalView::told(&problem))?;
        if for_now {
            self.0.keep_keys_for_now(name, &given).map_err(told)
        } else {
            self.0.keep_keys(name, &given).await.map_err(told)
        }
    }
}

fn told(fault: KeyringFault) -> RefusalView {
    RefusalView::told(&keyring_problem(fault.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> [Secret; 3] {
        ["AKIAIOSFODNN7EXAMPLE", "planted-secret", ""].map(Secret::new)
    }

    fn code(refused: Result<(), RefusalView>) -> serde_json::Value {
        let refused = serde_json::to_value(refused.expect_err("refused")).expect("JSON");
        assert!(!refused.to_string().contains("planted"), "{refused}");
        refused["problem"]["code"].clone()
    }

    #[tokio::test]
    async fn keys_for_now_can_be_used_and_no_answer_holds_a_secret() {
        let keys = Keys(Keyring::default());
        keys.keep("mine", given(), true).await.expect("kept");
        assert_eq!(keys.0.names_for_now(), ["mine"]);
        let found = keys.0.keys("mine").await.expect("there");
        assert_eq!(found.secret_access_key.expose(), "planted-secret");
        let [id, _, token] = given();
        let refused = keys
            .keep("mine", [id, Secret::default(), token], true)
            .await;
        assert_eq!(code(refused), "secret-missing");
        let refused = keys.keep("a b", given(), true).await;
        assert_eq!(code(refused), "invalid-keys-name");
    }
}
