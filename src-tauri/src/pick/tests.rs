use std::sync::{Arc, Condvar, mpsc};

use aws_access::{Secret, StaticCredentials};
use serde_json::Value;
use ssm_sim::{Settings, Simulator, Target as Node};

use super::*;
use crate::fixtures::channel;

/// A service with so many nodes, and an account of it.
async fn world(nodes: usize) -> (Simulator, Picker, AccountView) {
    let settings = Settings::default();
    let credentials = settings.credentials.clone();
    let nodes = (0..nodes).map(|n| Node {
        name: format!("web-{n}"),
        ..Node::online(&format!("i-{n:017x}"))
    });
    let sim = Simulator::start(Settings {
        targets: nodes.collect(),
        ..settings
    })
    .await
    .expect("a simulator");
    let engine = SessionManager::default();
    let keys = StaticCredentials {
        access_key_id: credentials.access_key,
        secret_access_key: Secret::new(credentials.secret_key),
        session_token: credentials.session_token.map(Secret::new),
    };
    engine
        .keyring()
        .keep_keys_for_now("sim", &keys)
        .expect("a name");
    let url = sim.endpoint_url();
    let endpoints = ["ec2", "ecs", "rds", "elasticache", "opensearch"];
    let account = serde_json::json!({
        "profile": null,
        "keys": "sim",
        "region": "eu-central-1",
        "endpointUrl": url,
        "endpoints": endpoints.map(|service| format!("{service}={url}")).join(" "),
    });
    let account = serde_json::from_value(account).expect("an account");
    (sim, Picker::new(engine), account)
}

fn ask(number: u32, account: &AccountView) -> Ask {
    Ask {
        number,
        account: account.clone(),
        anew: false,
    }
}

/// What is told at last.
fn complete(told: &mpsc::Receiver<Value>) -> Value {
    tokio::task::block_in_place(|| {
        loop {
            let next = told.recv_timeout(Duration::from_secs(60)).expect("told");
            if next["progress"]["isComplete"] == true {
                return next;
            }
        }
    })
}

async fn targets(picker: &Picker, account: &AccountView, typed: &str) -> Value {
    let (channel, told) = channel();
    let typed = typed.to_owned();
    let view = move |listing: &Listing<Target>| TargetsView::of(listing, &typed, FOUND_MOST);
    let ask = picker.ask(account.clone(), false);
    let find = picker.find(&picker.targets, Directory::targets, ask, channel, view);
    find.await.expect("an account");
    complete(&told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_found_as_somebody_types_and_what_is_missing_is_told_beside_them() {
    let (_sim, picker, account) = world(40).await;
    let all = targets(&picker, &account, "").await;
    assert_eq!(all["progress"]["of"], 40);
    assert_eq!(all["found"].as_array().map(Vec::len), Some(FOUND_MOST));
    let lacks = all["progress"]["lacks"].as_array().expect("a list");
    let parts: Vec<_> = lacks.iter().map(|lack| &lack["part"]).collect();
    assert_eq!(
        parts,
        ["instances", "containers"],
        "the service has neither"
    );
    assert_ne!(lacks[0]["problem"]["what"], "");

    let found = targets(&picker, &account, "web-17").await;
    assert_eq!(found["progress"]["fit"], 1);
    let node = &found["found"][0];
    assert_eq!(node["value"], "i-00000000000000011");
    assert_eq!(node["ping"], "online");
    assert_eq!(node["name"], "web-17");
    assert_ne!(node["agentVersion"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_had_is_not_asked_for_with_each_letter() {
    let (sim, picker, account) = world(3).await;
    let calls = || (sim.stats().api_calls, sim.stats().api_errors);
    targets(&picker, &account, "w").await;
    let before = calls();
    for typed in ["we", "web", "web-1"] {
        let found = targets(&picker, &account, typed).await;
        assert!(
            !found["progress"]["lacks"]
                .as_array()
                .expect("a list")
                .is_empty()
        );
    }
    assert_eq!(calls(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_later_is_told_and_an_older_request_that_comes_late_changes_nothing() {
    let (_sim, picker, account) = world(1).await;
    let access = picker.access(&account, false).await.expect("an account");
    let told_by = |number| {
        let (channel, told) = channel();
        let view = move |listing: &Listing<Target>| TargetsView::of(listing, "", FOUND_MOST);
        let begin = || picker.directory.targets(&access);
        picker
            .targets
            .replace(ask(number, &account), begin, channel, view);
        told
    };
    let newer = told_by(2);
    let late = told_by(1);
    assert_eq!(complete(&newer)["progress"]["of"], 1);
    assert!(late.recv().is_err(), "it was told of nothing");
    picker.end(1);
    assert!(
        lock(&picker.targets.0).task.is_some(),
        "only the own can be ended"
    );
    picker.end(2);
    assert!(lock(&picker.targets.0).task.is_none());
}

/// Keeps whoever looks through a list until it is opened.
#[derive(Default)]
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    fn pass(&self) {
        let is_open = lock(&self.0);
        let waited = self.1.wait_while(is_open, |is_open| !*is_open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn open(&self) {
        *lock(&self.0) = true;
        self.1.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_letter_waits_for_a_search_and_each_ends_the_one_before_it() {
    const NODES: usize = 5_000;
    let (sim, picker, account) = world(NODES).await;
    let gate = Arc::new(Gate::default());
    let mut letters = Vec::new();
    for typed in ["w", "we", "web-4999"] {
        let (channel, told) = channel();
        let gate = Arc::clone(&gate);
        let view = move |listing: &Listing<Target>| {
            gate.pass();
            TargetsView::of(listing, typed, FOUND_MOST)
        };
        let ask = picker.ask(account.clone(), false);
        let find = picker.find(&picker.targets, Directory::targets, ask, channel, view);
        // It comes back though no search gets anywhere.
        find.await.expect("an account");
        letters.push(told);
    }
    gate.open();
    let last = letters.pop().expect("three");
    let found = complete(&last);
    assert_eq!(found["progress"]["of"], NODES);
    assert_eq!(found["progress"]["fit"], 1);
    assert_eq!(found["found"][0]["name"], "web-4999");
    for former in letters {
        // What it was told before its end, if anything; then nobody tells it any more.
        assert!(former.iter().count() <= 1, "it was told again");
    }
    // The list was loaded once for all of them.
    let pages = NODES.div_ceil(50);
    let calls = sim.stats().api_calls["DescribeInstanceInformation"];
    assert_eq!(usize::try_from(calls).ok(), Some(pages));

    let all = targets(&picker, &account, "web").await;
    assert_eq!(all["progress"]["fit"], NODES);
    assert_eq!(
        all["found"].as_array().map(Vec::len),
        Some(FOUND_MOST),
        "what is sent is bounded, however much fits"
    );
}

#[tokio::test]
async fn an_account_that_can_not_be_is_refused_before_anybody_is_asked() {
    let (_sim, picker, _) = world(0).await;
    let refused = |account: AccountView| {
        let picker = &picker;
        async move {
            let Err(refused) = picker.access(&account, false).await else {
                panic!("not refused");
            };
            serde_json::to_value(refused).expect("JSON")
        }
    };
    let mut value = serde_json::json!({
        "profile": "work",
        "keys": "sim",
        "region": null,
        "endpointUrl": null,
        "endpoints": null,
    });
    let both = serde_json::from_value(value.clone()).expect("an account");
    assert_eq!(refused(both).await["fields"][0]["field"], "keys");
    value["keys"] = Value::Null;
    value["profile"] = "nowhere".into();
    let unknown = serde_json::from_value(value).expect("an account");
    assert_eq!(refused(unknown).await["problem"]["code"], "unknown-profile");
}
