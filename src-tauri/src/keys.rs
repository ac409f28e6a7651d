//! Keys of the keyring for the form: their names, adding and removing them. A secret comes in here and
//! goes to the keyring; none ever goes to the window.

use aws_access::{KeyringFault, ProxyAccount, Secret};
use serde::Serialize;
use specta::Type;
use tauri::State;
use tunnel_manager::tunnel::{Problem, ProblemKind};
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

/// Whether the password of the account at a proxy is kept.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum ProxyPasswordView {
    /// The address names no user: nobody asks for a password.
    NoUser,
    /// It is.
    Kept { account: String },
    /// It is not. Without a keyring it can be kept until the program ends.
    Missing { account: String, for_now: bool },
    /// The keyring has to be unlocked first, which keeping one asks for, or it fails.
    Unknown {
        account: String,
        problem: ProblemView,
    },
}

/// Says whether the password of the account in a proxy's address is kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn proxy_password(
    keys: State<'_, Keys>,
    proxy: String,
) -> Result<ProxyPasswordView, RefusalView> {
    Ok(keys.proxy_password(&proxy).await)
}

/// Keeps the password of the account in a proxy's address: in the keyring, or `for_now` until the
/// program ends. The person may be asked to unlock it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn keep_proxy_password(
    keys: State<'_, Keys>,
    proxy: String,
    password: String,
    for_now: bool,
) -> Result<(), RefusalView> {
    keys.keep_proxy_password(&proxy, Secret::new(password), for_now)
        .await
}

/// Forgets the password of the account in a proxy's address.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_proxy_password(
    keys: State<'_, Keys>,
    proxy: String,
) -> Result<(), RefusalView> {
    let account = account(&proxy)?;
    keys.0.remove_proxy_password(&account).await.map_err(told)
}

impl Keys {
    async fn proxy_password(&self, proxy: &str) -> ProxyPasswordView {
        let Ok((asked, _)) = ProxyAccount::parse(proxy) else {
            return ProxyPasswordView::NoUser;
        };
        let account = asked.to_string();
        match self.0.proxy_password(&asked).await {
            Ok(_) => ProxyPasswordView::Kept { account },
            Err(KeyringFault::NotFound { .. }) => ProxyPasswordView::Missing {
                account,
                for_now: false,
            },
            Err(KeyringFault::Absent) => ProxyPasswordView::Missing {
                account,
                for_now: true,
            },
            Err(
                fault @ (KeyringFault::Locked
                | KeyringFault::Failed { .. }
                | KeyringFault::Foreign { .. }
                | KeyringFault::BadName),
            ) => ProxyPasswordView::Unknown {
                account,
                problem: (&keyring_problem(fault.into())).into(),
            },
        }
    }

    async fn keep_proxy_password(
        &self,
        proxy: &str,
        password: Secret,
        for_now: bool,
    ) -> Result<(), RefusalView> {
        let account = account(proxy)?;
        if password.expose().is_empty() {
            return Err(RefusalView::told(&Problem::new(
                ProblemKind::Settings,
                "password-missing",
                "There is no password.",
                "Type the one that the proxy wants.",
            )));
        }
        if for_now {
            self.0.keep_proxy_password_for_now(&account, password);
            return Ok(());
        }
        self.0
            .keep_proxy_password(&account, password)
            .await
            .map_err(told)
    }

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

fn account(proxy: &str) -> Result<ProxyAccount, RefusalView> {
    let (account, _) =
        ProxyAccount::parse(proxy).map_err(|error| RefusalView::told(&keyring_problem(error)))?;
    Ok(account)
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
    async fn a_proxys_password_for_now_is_there_and_never_told() {
        let keys = Keys(Keyring::default());
        let proxy = "http://ann@proxy.example:8080";
        let password = || Secret::new("planted-password");
        keys.keep_proxy_password(proxy, password(), true)
            .await
            .expect("kept");
        let told = keys.proxy_password(proxy).await;
        let told = serde_json::to_value(told).expect("JSON");
        let kept = serde_json::json!({ "kind": "kept", "account": "ann@proxy.example:8080" });
        assert_eq!(told, kept);
        let refused = keys.keep_proxy_password(proxy, Secret::default(), true);
        assert_eq!(code(refused.await), "password-missing");

        let nobody = "http://proxy.example:8080";
        let told = keys.proxy_password(nobody).await;
        assert!(matches!(told, ProxyPasswordView::NoUser), "{told:?}");
        assert!(
            keys.keep_proxy_password(nobody, password(), true)
                .await
                .is_err()
        );
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
