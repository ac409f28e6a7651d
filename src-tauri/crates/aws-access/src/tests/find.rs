//! Which node a name or a tag means, and how many calls that takes.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use serde_json::{Value, json};

use super::account::{AccountServer, Asked, Reply};
use crate::proxies::Proxies;
use crate::variables::Variables;
use crate::{Access, AccessError, AccessSettings, CallPace, FoundNode, NodePick, NodeQuery};

/// Counts the calls that were paced.
#[derive(Default)]
struct Counted(AtomicUsize);

impl CallPace for Counted {
    async fn permit(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn bastion() -> NodeQuery {
    NodeQuery::Tag {
        key: "Role".to_owned(),
        value: "bastion".to_owned(),
    }
}

fn name(name: &str) -> NodeQuery {
    NodeQuery::Name(name.to_owned())
}

fn node(id: &str, ping: &str) -> Value {
    json!({ "InstanceId": id, "PingStatus": ping, "ComputerName": format!("{id}.internal") })
}

fn nodes(nodes: &[Value]) -> Reply {
    Reply::json(&json!({ "InstanceInformationList": nodes }))
}

fn instances(items: &[(&str, &str, &str)]) -> Reply {
    instances_page(items, None)
}

fn instances_page(items: &[(&str, &str, &str)], next: Option<&str>) -> Reply {
    let next = next.map_or_else(String::new, |t| format!("<nextToken>{t}</nextToken>"));
    let items: String = items
        .iter()
        .map(|(id, launched, name)| {
            format!(
                "<item><instanceId>{id}</instanceId><launchTime>{launched}</launchTime><tagSet>\
                 <item><key>Name</key><value>{name}</value></item></tagSet></item>"
            )
        })
        .collect();
    Reply::xml(&format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet>{items}</instancesSet>\
         </item></reservationSet>{next}</DescribeInstancesResponse>"
    ))
}

/// So many instances, numbered from `from`, each launched a second before the one in front of it.
fn many(from: u32, count: u32) -> Vec<(String, String)> {
    (from..from + count)
        .map(|n| {
            let (minutes, seconds) = ((3599 - n) / 60, (3599 - n) % 60);
            (
                format!("i-{n:04}"),
                format!("2026-11-24T12:{minutes:02}:{seconds:02}Z"),
            )
        })
        .collect()
}

fn named<'a>(instances: &'a [(String, String)], name: &'a str) -> Vec<(&'a str, &'a str, &'a str)> {
    instances
        .iter()
        .map(|(id, launched)| (id.as_str(), launched.as_str(), name))
        .collect()
}

/// The ids that a call to Systems Manager asks for.
fn wanted(asked: &Asked) -> Vec<String> {
    let values = asked.json["Filters"][0]["Values"].as_array().cloned();
    let values = values.unwrap_or_default();
    values
        .iter()
        .filter_map(|id| Some(id.as_str()?.to_owned()))
        .collect()
}

/// The filters of a call to Systems Manager, by their keys.
fn filters(asked: &Asked) -> Vec<String> {
    let filters = asked.json["Filters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let key = |filter: &Value| filter["Key"].as_str().unwrap_or_default().to_owned();
    filters.iter().map(key).collect()
}

async fn find(
    server: &AccountServer,
    query: &NodeQuery,
    pick: NodePick,
) -> (Result<FoundNode, AccessError>, usize) {
    let pace = Counted::default();
    let found = server.access().await.find_node(query, pick, &pace).await;
    let paced = pace.0.load(Ordering::Relaxed);
    assert_eq!(paced, server.asked().len(), "each call waits for its turn");
    (found, paced)
}

#[tokio::test]
async fn one_call_finds_the_first_by_its_id_of_those_that_are_online() {
    let server = AccountServer::start(|_| {
        nodes(&[
            node("i-2", "Online"),
            node("i-0", "ConnectionLost"),
            node("i-1", "Online"),
        ])
    })
    .await;
    let (found, calls) = find(&server, &bastion(), NodePick::First).await;
    let found = found.unwrap();
    assert_eq!((found.id.as_str(), found.online, calls), ("i-1", 2, 1));
    assert_eq!(found.name.as_deref(), Some("i-1.internal"));
    let asked = &server.asked()[0];
    assert_eq!(
        asked.json["Filters"],
        json!([
            { "Key": "tag:Role", "Values": ["bastion"] },
            { "Key": "PingStatus", "Values": ["Online"] },
        ])
    );
}

#[tokio::test]
async fn the_newest_of_several_costs_one_more_call_and_of_one_none() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => instances(&[
            ("i-1", "2026-11-24T12:00:00Z", "b"),
            ("i-2", "2026-11-24T13:00:00Z", "b"),
            ("i-3", "2026-11-24T11:00:00Z", "b"),
        ]),
        _ => nodes(&[
            node("i-1", "Online"),
            node("i-2", "Online"),
            node("i-3", "Online"),
        ]),
    })
    .await;
    let (found, calls) = find(&server, &bastion(), NodePick::Newest).await;
    assert_eq!((found.unwrap().id.as_str(), calls), ("i-2", 2));
    assert_eq!(server.asked()[1].form("Filter.2.Value.3"), Some("i-3"));

    let server = AccountServer::start(|_| nodes(&[node("i-1", "Online")])).await;
    let (found, calls) = find(&server, &bastion(), NodePick::Newest).await;
    assert_eq!((found.unwrap().id.as_str(), calls), ("i-1", 1));
}

#[tokio::test]
async fn a_name_that_only_ec2_knows_is_asked_for_there_and_taken_literally() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => instances(&[
            ("i-1", "2026-11-24T12:00:00Z", "web*"),
            ("i-2", "2026-11-24T12:00:00Z", "webx"),
        ]),
        _ if filters(asked) == ["InstanceIds"] => nodes(&[node("i-1", "Online")]),
        _ => nodes(&[]),
    })
    .await;
    let (found, calls) = find(&server, &name("web*"), NodePick::First).await;
    assert_eq!((found.unwrap().id.as_str(), calls), ("i-1", 3));
    let asked = server.asked();
    assert_eq!(asked[1].form("Filter.2.Name"), Some("tag:Name"));
    assert_eq!(asked[1].form("Filter.2.Value.1"), Some("web\\*"));
    assert_eq!(
        asked[2].json["Filters"],
        json!([{ "Key": "InstanceIds", "Values": ["i-1"] }])
    );
}

#[tokio::test]
async fn a_node_outside_of_ec2_is_found_by_what_it_was_registered_as() {
    let registered = json!({ "InstanceId": "mi-1", "PingStatus": "Online", "Name": "plant" });
    let server = AccountServer::start(move |asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::ec2_error(403, "UnauthorizedOperation", "No."),
        _ if filters(asked) == ["ResourceType", "PingStatus"] => {
            nodes(&[node("mi-0", "Online"), registered.clone()])
        }
        _ => nodes(&[]),
    })
    .await;
    let (found, _) = find(&server, &name("plant"), NodePick::First).await;
    assert_eq!(found.unwrap().id, "mi-1", "although EC2 may not be asked");
}

#[tokio::test]
async fn none_online_and_none_at_all_are_told_apart() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => instances(&[("i-1", "2026-11-24T12:00:00Z", "b")]),
        _ => nodes(&[]),
    })
    .await;
    let (found, _) = find(&server, &name("b"), NodePick::First).await;
    let error = found.unwrap_err();
    assert_eq!(error.code(), "target-offline");
    assert_eq!(
        error.what(),
        "One node has the name b, and it is not connected to Session Manager."
    );

    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::ec2_error(403, "UnauthorizedOperation", "No."),
        _ => nodes(&[]),
    })
    .await;
    let (found, _) = find(&server, &bastion(), NodePick::Newest).await;
    let error = found.unwrap_err();
    assert_eq!(error.code(), "target-not-found");
    assert_eq!(
        error.what(),
        "No node that is online has the tag Role=bastion."
    );
    assert!(
        error.details().contains("ec2:DescribeInstances"),
        "{error:?}"
    );
}

/// A service where only EC2 knows the tag, on pages of 120 instances each, of which these are online.
async fn known_to_ec2_alone(pages: u32, online: &'static [&'static str]) -> AccountServer {
    AccountServer::start(move |asked| match asked.action.as_str() {
        "DescribeInstances" if asked.form("Filter.2.Name") == Some("instance-id") => {
            let ids = online.iter().map(|id| {
                let number = id.trim_start_matches("i-").parse().unwrap();
                many(number, 1).remove(0)
            });
            instances(&named(&ids.collect::<Vec<_>>(), "b"))
        }
        "DescribeInstances" => {
            let page = asked
                .form("NextToken")
                .map_or(0, |page| page.parse().unwrap());
            let next = (page + 1 < pages).then(|| (page + 1).to_string());
            instances_page(&named(&many(page * 120, 120), "b"), next.as_deref())
        }
        _ if filters(asked) == ["InstanceIds"] => {
            let wanted = wanted(asked);
            assert!(wanted.len() <= 50, "{}", wanted.len());
            let found = wanted.iter().filter(|id| online.contains(&id.as_str()));
            nodes(&found.map(|id| node(id, "Online")).collect::<Vec<_>>())
        }
        _ => nodes(&[]),
    })
    .await
}

#[tokio::test]
async fn what_only_ec2_knows_is_looked_for_on_all_of_its_pages() {
    let server = known_to_ec2_alone(3, &["i-0130", "i-0350"]).await;
    let (found, _) = find(&server, &name("b"), NodePick::First).await;
    assert_eq!(found.unwrap().id, "i-0130");
    let server = known_to_ec2_alone(3, &["i-0130", "i-0350"]).await;
    let (found, _) = find(&server, &name("b"), NodePick::Newest).await;
    assert_eq!(found.unwrap().id, "i-0130", "it was launched last");
    let server = known_to_ec2_alone(3, &[]).await;
    let (found, _) = find(&server, &name("b"), NodePick::First).await;
    assert_eq!(
        found.unwrap_err().what(),
        "360 nodes have the name b, and none is connected to Session Manager."
    );
}

#[tokio::test]
async fn of_more_than_a_thousand_that_only_ec2_knows_it_is_said_how_many_were_looked_at() {
    let server = known_to_ec2_alone(9, &["i-1070"]).await;
    let (found, _) = find(&server, &name("b"), NodePick::First).await;
    assert_eq!(
        found.unwrap_err().what(),
        "1080 nodes have the name b; the first 1000 were looked at, and none of them is connected \
         to Session Manager."
    );
    // Pages have an end, even where the service knows none.
    let server = known_to_ec2_alone(u32::MAX, &["i-0001"]).await;
    let (found, calls) = find(&server, &name("b"), NodePick::First).await;
    assert_eq!((found.unwrap().id.as_str(), calls), ("i-0001", 22));
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let server = AccountServer::start(|_| Reply::error(400, "AccessDeniedException", "No.")).await;
    let (found, calls) = find(&server, &bastion(), NodePick::First).await;
    let error = found.unwrap_err();
    assert_eq!(
        error.what(),
        "The credentials do not allow ssm:DescribeInstanceInformation."
    );
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn keys_of_the_environment_that_have_expired_are_told_as_such_by_each_call_of_a_search() {
    let expired = || Reply::error(400, "ExpiredTokenException", "Expired.");
    let at_nodes = AccountServer::start(move |_| expired()).await;
    let at_instances = AccountServer::start(move |asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::ec2_error(400, "ExpiredToken", "Expired."),
        _ => nodes(&[node("i-1", "Online"), node("i-2", "Online")]),
    });
    let at_instances = at_instances.await;
    for server in [&at_nodes, &at_instances] {
        let settings = AccessSettings {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(format!("http://{}", server.address).into()),
            ..AccessSettings::default()
        };
        let variables = Variables::from([
            ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
            ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
        ]);
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, "")
            .build();
        let access = Access::load_in(settings, files, &Proxies::Environment, &variables)
            .await
            .unwrap();
        let pace = Counted::default();
        let found = access.find_node(&bastion(), NodePick::Newest, &pace).await;
        let error = found.unwrap_err();
        assert_eq!(error.code(), AccessError::EXPIRED_ENVIRONMENT, "{error:?}");
    }
}
