//! Tunnels with the same settings share what their calls go through; changed settings never do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use test_kit::Authority;

use super::calls::request;
use super::network::through;
use super::server::{Answer, Proxy, Server, settings};
use crate::http_client::Ways;
use crate::keyring::{Keyring, ProxyAccount};
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{Access, AccessSettings, Secret, Trust};

const PATIENCE: Duration = Duration::from_secs(8);

/// The ways by these settings.
async fn ways(proxies: &Proxies, keyring: &Keyring, trust: &Trust) -> Arc<Ways> {
    let variables = Variables::none();
    Ways::find(proxies, &variables, keyring, trust, PATIENCE)
        .await
        .unwrap()
}

fn same(one: &Ways, other: &Ways) -> bool {
    Arc::ptr_eq(&one.now(), &other.now())
}

fn fixed(proxy: &str) -> Proxies {
    Proxies::Fixed(proxy.to_owned())
}

#[tokio::test]
async fn two_with_the_same_settings_share_roots_and_clients() {
    let (one, other) = (Trust::load(None).unwrap(), Trust::load(None).unwrap());
    assert!(one.is(&other));
    let keyring = Keyring::default();
    let proxy = fixed("http://proxy.example:8080");
    let first = ways(&proxy, &keyring, &one).await;
    let second = ways(&proxy, &keyring, &other).await;
    assert!(same(&first, &second));
    let direct = ways(&Proxies::Direct, &keyring, &one).await;
    assert!(!same(&first, &direct));
    let another = ways(&fixed("http://other.example:8080"), &keyring, &one).await;
    assert!(!same(&first, &another));
}

#[tokio::test]
async fn another_patience_has_other_clients() {
    let trust = Trust::load(None).unwrap();
    let keyring = Keyring::default();
    let first = ways(&Proxies::Direct, &keyring, &trust).await;
    let variables = Variables::none();
    let second = Ways::find(&Proxies::Direct, &variables, &keyring, &trust, PATIENCE / 2);
    assert!(!same(&first, &second.await.unwrap()));
}

#[tokio::test]
async fn a_password_of_one_keyring_is_not_used_by_those_who_have_another() {
    let trust = Trust::load(None).unwrap();
    let url = "http://ann@proxy.example:8080";
    let (account, _) = ProxyAccount::parse(url).unwrap();
    let with = |password: &str| {
        let keyring = Keyring::default();
        keyring.keep_proxy_password_for_now(&account, Secret::new(password));
        keyring
    };
    let chosen = Proxies::Chosen(url.parse().unwrap());
    let first = ways(&chosen, &with("planted-a"), &trust).await;
    let second = ways(&chosen, &with("planted-b"), &trust).await;
    assert!(!same(&first, &second));
    let third = ways(&chosen, &with("planted-a"), &trust).await;
    assert!(same(&first, &third));
}

/// An access that trusts what stands in the file now.
async fn trusting(bundle: &Path, endpoint: &str) -> Access {
    let settings = AccessSettings {
        ca_bundle: Some(bundle.to_owned()),
        ..settings(endpoint.to_owned())
    };
    Access::load(settings).await.unwrap()
}

#[tokio::test]
async fn a_changed_file_of_authorities_counts_for_who_loads_it_afterwards_and_for_nobody_else() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    let old = Authority::new("Culvert Test Authority", None);
    let new = Authority::new("Culvert Test Authority", None);
    let by_old = Server::https(Answer::grant(), &old, "localhost").await;
    let by_new = Server::https(Answer::grant(), &new, "localhost").await;
    let at = |server: &Server| format!("https://localhost:{}", server.address.port());

    std::fs::write(&bundle, old.pem()).unwrap();
    let before = trusting(&bundle, &at(&by_old)).await;
    std::fs::write(&bundle, new.pem()).unwrap();
    let after = trusting(&bundle, &at(&by_new)).await;
    assert!(!before.trust().is(after.trust()));
    before.start_session(&request()).await.unwrap();
    after.start_session(&request()).await.unwrap();

    // What they share with others of their own kind is not what they share with each other.
    let error = trusting(&bundle, &at(&by_old)).await;
    let error = error.start_session(&request()).await.unwrap_err();
    assert_eq!(error.code(), "tls-untrusted-issuer", "{}", error.details());
}

#[tokio::test]
async fn who_has_another_proxy_goes_through_that_one() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    let authority = Authority::new("Culvert Test Authority", None);
    std::fs::write(&bundle, authority.pem()).unwrap();
    let server = Server::https(Answer::grant(), &authority, "ssm.example").await;
    let mut all = Vec::new();
    for _ in 0..2 {
        let proxy = Proxy::to(server.address, StatusCode::OK).await;
        let settings = AccessSettings {
            ca_bundle: Some(bundle.clone()),
            ..settings("https://ssm.example".to_owned())
        };
        let access = through(format!("http://{}", proxy.address), settings).await;
        access.start_session(&request()).await.unwrap();
        all.push((access, proxy));
    }
    for (_, proxy) in &all {
        assert_eq!(proxy.asked.lock().unwrap().len(), 1);
    }
}
