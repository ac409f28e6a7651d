//! The directory against a service on loopback that is larger than most accounts.

use std::time::Duration;

use allocation_counter::measure;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::*;
use crate::AccessSettings;
use crate::proxies::Proxies;
use crate::targets::{Ping, TargetKind};
use crate::tests::account::{AccountServer, Asked, Reply};
use crate::variables::Variables;

const NODES: usize = 5_000;

/// Enough for three pages of managed nodes.
const FEW: usize = 120;

/// An account with 5,000 nodes.
fn large(asked: &Asked) -> Reply {
    account(NODES, asked)
}

/// One with a few.
fn small(asked: &Asked) -> Reply {
    account(FEW, asked)
}

/// Of each ten nodes, eight are online, one has lost its connection, and one is an instance that
/// is no managed node.
fn account(nodes: usize, asked: &Asked) -> Reply {
    match asked.action.as_str() {
        "DescribeInstanceInformation" => {
            let from = asked.json["NextToken"].as_str().map_or(0, number);
            let managed = |n: &usize| n % 10 != 9;
            let all: Vec<_> = (0..nodes).filter(managed).collect();
            let page: Vec<_> = all.iter().skip(from).take(50).map(|n| node(*n)).collect();
            let next = (from + 50 < all.len()).then(|| (from + 50).to_string());
            Reply::json(&json!({ "InstanceInformationList": page, "NextToken": next }))
        }
        "DescribeInstances" => {
            let from = asked.form("NextToken").map_or(0, number);
            let items: String = (from..nodes.min(from + 500)).map(instance).collect();
            let next = match from + 500 {
                next if next < nodes => format!("<nextToken>{next}</nextToken>"),
                _ => String::new(),
            };
            Reply::xml(&format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet>{items}\
                 </instancesSet></item></reservationSet>{next}</DescribeInstancesResponse>"
            ))
        }
        "ListClusters" => Reply::json(&json!({ "clusterArns": [] })),
        action => panic!("{action} was called"),
    }
}

fn number(token: &str) -> usize {
    token.parse().unwrap()
}

fn id(n: usize) -> String {
    format!("i-{n:017x}")
}

fn node(n: usize) -> Value {
    json!({
        "InstanceId": id(n),
        "PingStatus": if n % 10 == 8 { "ConnectionLost" } else { "Online" },
        "AgentVersion": "3.3.0.0",
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "IPAddress": format!("10.0.{}.{}", n / 250, n % 250),
        "ComputerName": format!("host-{n}"),
    })
}

fn instance(n: usize) -> String {
    let role = if n.is_multiple_of(100) {
        "bastion"
    } else {
        "web"
    };
    format!(
        "<item><instanceId>{}</instanceId><instanceState><name>running</name></instanceState>\
         <launchTime>2026-11-24T12:00:00Z</launchTime><tagSet>\
         <item><key>Name</key><value>{role}-{n}</value></item>\
         <item><key>env</key><value>{}</value></item></tagSet></item>",
        id(n),
        if n.is_multiple_of(2) { "prod" } else { "test" },
    )
}

#[tokio::test]
async fn five_thousand_nodes_are_found_by_what_two_services_know_of_them() {
    let server = AccountServer::start(large).await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert!(
        listing.shortfalls().is_empty(),
        "{:?}",
        listing.shortfalls()
    );
    assert_eq!(listing.entries().len(), NODES);

    let bastions = search.search("bastion", 10);
    assert_eq!((bastions.found, bastions.best.len()), (50, 10));
    assert!(bastions.best.iter().all(|node| node.ping == Ping::Online));
    let first = &bastions.best[0];
    assert_eq!(first.name.as_deref(), Some("bastion-0"));
    assert_eq!(first.platform.as_deref(), Some("Amazon Linux 2023"));
    assert_eq!(
        first.kind,
        TargetKind::Ec2 {
            state: Some("running".to_owned())
        }
    );

    assert_eq!(search.search("tag:env=prod", 10).found, NODES / 2);
    assert_eq!(search.search("bastion tag:env=test", 10).found, 0);
    assert_eq!(search.search("10.0.3.17", 10).best[0].id, id(767));
    assert_eq!(search.search("web-4321", 10).best[0].id, id(4321));
    let pings = search.search("web", NODES).best;
    let order: Vec<_> = pings.iter().map(|node| node.ping).collect();
    assert!(order.is_sorted(), "online before the others");
    assert_eq!(order.last(), Some(&Ping::NotRegistered));
}

#[tokio::test]
async fn whatever_is_typed_each_entry_is_looked_at_once() {
    let server = AccountServer::start(large).await;
    let mut search = Directory::new().targets(&server.access().await);
    search.complete().await;
    for typed in [
        "",
        "w",
        "we",
        "web",
        "web 10.0 linux prod tag:env=prod tag:name=web",
        "zzz",
    ] {
        for most in [0, 1, 100, usize::MAX] {
            let matches = search.search(typed, most);
            assert_eq!(matches.looked_at, NODES, "{typed:?}");
            assert_eq!(matches.best.len(), matches.found.min(most), "{typed:?}");
        }
    }
}

/// What a letter may ask of the allocator: the words, the list of what fits as it doubles up to 5,000,
/// and the list that is given back.
const OF_A_LETTER: u64 = 32;

#[tokio::test]
async fn a_letter_copies_no_entry_and_its_work_in_memory_does_not_grow_with_the_list() {
    let server = AccountServer::start(large).await;
    let mut search = Directory::new().targets(&server.access().await);
    search.complete().await;
    for typed in ["", "w", "web", "web 10.0 linux", "tag:env=prod", "zzz"] {
        for most in [1, 100, usize::MAX] {
            let work = measure(|| {
                let matches = search.search(typed, most);
                assert_eq!(matches.looked_at, NODES);
            });
            assert!(work.count_total <= OF_A_LETTER, "{typed:?}: {work:?}");
            // A place and a number for each that fits, twice while the list grows.
            let each = 2 * 2 * size_of::<(u32, usize)>() + size_of::<usize>();
            let most = u64::try_from(NODES.next_power_of_two() * each).unwrap();
            assert!(work.bytes_max <= most, "{typed:?}: {work:?}");
        }
    }
}

/// Three clusters, whose tasks nobody tells.
fn clusters(asked: &Asked, tasks: fn() -> Reply) -> Reply {
    match asked.action.as_str() {
        "ListClusters" => Reply::json(&json!({ "clusterArns": ["a", "b", "c"] })),
        "ListTasks" => tasks(),
        _ => small(asked),
    }
}

fn calls_for_tasks(server: &AccountServer) -> usize {
    let actions = server.actions();
    actions
        .iter()
        .filter(|action| *action == "ListTasks")
        .count()
}

#[tokio::test]
async fn a_denial_is_told_once_however_many_clusters_there_are_and_each_is_asked_for() {
    let denied = || Reply::error(400, "AccessDeniedException", "No.");
    let server = AccountServer::start(move |asked| clusters(asked, denied)).await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert_eq!(listing.shortfalls().len(), 1, "{:?}", listing.shortfalls());
    assert_eq!(calls_for_tasks(&server), 3);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_waited_for_once_and_not_for_each_cluster() {
    let server = AccountServer::start(|asked| clusters(asked, || Reply::Hang)).await;
    let access = server.access_within(Duration::from_millis(200)).await;
    let listing = Directory::new().targets(&access).complete().await;
    assert_eq!(listing.shortfalls().len(), 1, "{:?}", listing.shortfalls());
    assert_eq!(calls_for_tasks(&server), 1);
}

#[tokio::test]
async fn what_is_there_can_be_searched_while_the_rest_is_on_its_way() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstanceInformation" if asked.json["NextToken"].is_string() => Reply::Hang,
        "DescribeInstances" | "ListClusters" => Reply::Hang,
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    while search.listing().entries().is_empty() {
        assert!(search.changed().await);
    }
    let listing = search.listing();
    assert!(!listing.is_complete());
    assert_eq!(listing.pending().len(), 3);
    assert_eq!(
        search.search("host-7", 10).best[0].name.as_deref(),
        Some("host-7")
    );
    assert_eq!(search.search("host-7", 10).best[0].ping, Ping::Online);
}

#[tokio::test]
async fn typing_asks_nobody_and_waits_for_no_page() {
    let server = AccountServer::start(|_| Reply::Hang).await;
    let search = Directory::new().targets(&server.access().await);
    server.hanging(3).await;
    // No page will ever come. Each keystroke is answered at once, from what is there: nothing.
    for typed in ["", "b", "ba", "bas"] {
        let matches = search.search(typed, 10);
        assert_eq!((matches.found, matches.looked_at), (0, 0), "{typed:?}");
    }
    assert_eq!(
        server.asked().len(),
        3,
        "one call for each part of the list"
    );
}

#[tokio::test]
async fn the_first_page_gives_results_and_each_keystroke_searches_what_is_there_by_then() {
    let (let_go, held) = watch::channel(0_usize);
    // A page of managed nodes is answered when it is let go; nothing else ever is.
    let server = AccountServer::start(move |asked| match asked.action.as_str() {
        "DescribeInstanceInformation" => large(asked).held(&held, asked.number + 1),
        _ => Reply::Hang,
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let mut older = search.search("host", 10);
    for pages in 1..=4 {
        let_go.send_replace(pages);
        while search.listing().entries().len() < pages * 50 {
            assert!(search.changed().await);
        }
        let newer = search.search("host-", 10);
        assert_eq!(newer.found, pages * 50, "what came is found at once");
        assert!(older.found < newer.found, "an older result stays as it was");
        older = newer;
    }
    assert!(!search.listing().is_complete());
}

#[tokio::test]
async fn dropping_the_last_search_ends_the_calls() {
    let server = AccountServer::start(|_| Reply::Hang).await;
    let directory = Directory::new();
    let access = server.access().await;
    let first = directory.targets(&access);
    let second = directory.targets(&access);
    server.hanging(3).await;
    drop(first);
    assert_eq!(server.asked().len(), 3, "both wait for the same calls");
    drop(second);
    server.hanging(0).await;
}

#[tokio::test]
async fn a_complete_list_is_kept_until_it_is_refreshed_or_old() {
    let server = AccountServer::start(small).await;
    let directory = Directory::new();
    let access = server.access().await;
    directory.targets(&access).complete().await;
    let calls = server.asked().len();
    let mut again = directory.targets(&access);
    assert_eq!(again.complete().await.entries().len(), FEW);
    assert_eq!(server.asked().len(), calls, "no call was made");
    assert!(!again.changed().await, "nothing more will come");

    directory.refresh(&access);
    directory.targets(&access).complete().await;
    assert_eq!(server.asked().len(), 2 * calls);

    tokio::time::pause();
    tokio::time::advance(KEEP).await;
    tokio::time::resume();
    directory.targets(&access).complete().await;
    assert_eq!(server.asked().len(), 3 * calls);
}

#[tokio::test]
async fn a_missing_permission_hides_only_what_it_is_for() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::ec2_error(403, "UnauthorizedOperation", "No."),
        "ListClusters" => Reply::error(400, "AccessDeniedException", "No."),
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert_eq!(listing.entries().len(), FEW / 10 * 9);
    let mut lacks: Vec<_> = listing
        .shortfalls()
        .iter()
        .map(|shortfall| match &**shortfall {
            Shortfall::Failed { part, error } => (*part, error.code(), error.what()),
            Shortfall::Cut { part } => panic!("{part} are cut"),
        })
        .collect();
    lacks.sort_by_key(|(_, _, what)| what.clone());
    assert_eq!(
        lacks,
        [
            (
                Part::Instances,
                "access-denied",
                "The credentials do not allow ec2:DescribeInstances.".to_owned()
            ),
            (
                Part::Containers,
                "access-denied",
                "The credentials do not allow ecs:ListClusters.".to_owned()
            ),
        ]
    );
}

#[tokio::test]
async fn an_instance_counts_as_unknown_while_nobody_may_tell_whether_it_is_managed() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstanceInformation" => Reply::error(400, "AccessDeniedException", "No."),
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert_eq!(listing.entries().len(), FEW);
    assert!(
        listing
            .entries()
            .iter()
            .all(|node| node.ping == Ping::Unknown)
    );
}

#[tokio::test]
async fn a_list_that_lacks_something_is_not_kept() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "ListClusters" => Reply::error(400, "AccessDeniedException", "No."),
        _ => small(asked),
    })
    .await;
    let directory = Directory::new();
    let access = server.access().await;
    directory.targets(&access).complete().await;
    let calls = server.asked().len();
    directory.targets(&access).complete().await;
    assert_eq!(server.asked().len(), 2 * calls);
}

/// Access by a role of that account.
async fn by_role(server: &AccountServer) -> Access {
    let config = "[profile base]\naws_access_key_id = AKIABASE\n\
                  aws_secret_access_key = planted-secret\n[profile role]\n\
                  role_arn = arn:aws:iam::111111111111:role/r\nsource_profile = base\n";
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .build();
    let settings = AccessSettings {
        profile: Some("role".to_owned()),
        static_credentials: None,
        ..server.settings()
    };
    Access::load_in(settings, files, &Proxies::Environment, &Variables::none())
        .await
        .unwrap()
}

fn assumed(server: &AccountServer) -> usize {
    let actions = server.actions();
    actions
        .iter()
        .filter(|action| *action == "AssumeRole")
        .count()
}

#[tokio::test]
async fn credentials_that_fail_are_asked_for_once_for_all_parts_and_each_part_says_so() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "AssumeRole" => Reply::query_error(403, "AccessDenied", "No."),
        action => panic!("{action} was called"),
    })
    .await;
    let access = by_role(&server).await;
    let listing = Directory::new().targets(&access).complete().await;
    assert_eq!(assumed(&server), 1);
    let mut parts: Vec<_> = listing
        .shortfalls()
        .iter()
        .map(|lack| lack.part())
        .collect();
    parts.sort_unstable();
    assert_eq!(parts, [Part::Nodes, Part::Instances, Part::Containers]);
    for lack in listing.shortfalls() {
        assert!(lack.what().contains("sts:AssumeRole"), "{}", lack.what());
    }
    // Whoever asks again may have more luck.
    Directory::new().targets(&access).complete().await;
    assert_eq!(assumed(&server), 2);
}

#[tokio::test]
async fn credentials_that_expire_meanwhile_are_asked_for_again_once_for_all_parts() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "AssumeRole" => Reply::xml(&format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleResult><Credentials><AccessKeyId>ASIA{}</AccessKeyId>\
             <SecretAccessKey>planted-secret</SecretAccessKey>\
             <SessionToken>planted-token</SessionToken>\
             <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleResult></AssumeRoleResponse>",
            asked.number
        )),
        action => {
            let signed = asked.headers["authorization"].to_str().unwrap();
            match signed.contains("Credential=ASIA0/") {
                true if action == "DescribeInstances" => {
                    Reply::ec2_error(400, "ExpiredToken", "Old.")
                }
                true => Reply::error(400, "ExpiredTokenException", "Old."),
                false => small(asked),
            }
        }
    })
    .await;
    let access = by_role(&server).await;
    let listing = Directory::new().targets(&access).complete().await;
    assert!(
        listing.shortfalls().is_empty(),
        "{:?}",
        listing.shortfalls()
    );
    assert_eq!(assumed(&server), 2);
}

#[tokio::test]
async fn a_page_that_is_refused_for_too_many_calls_is_asked_for_again() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" if asked.number == 0 => {
            Reply::ec2_error(503, "RequestLimitExceeded", "Slow down.")
        }
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert!(
        listing.shortfalls().is_empty(),
        "{:?}",
        listing.shortfalls()
    );
    assert_eq!(listing.entries().len(), FEW);
}

#[tokio::test]
async fn answers_without_end_are_not_read_to_their_end() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::xml(&format!("<a>{}", "x".repeat(17 * 1024 * 1024))),
        "DescribeInstanceInformation" => Reply::json(&json!({
            "InstanceInformationList": [{ "InstanceId": "i-1", "PingStatus": "Online" }],
        })),
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    let lacks: Vec<_> = listing
        .shortfalls()
        .iter()
        .map(|lack| lack.what())
        .collect();
    assert_eq!(lacks.len(), 1, "{lacks:?}");
    assert_eq!(listing.shortfalls()[0].part(), Part::Instances);
    assert_eq!(listing.entries().len(), 1);
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::xml("<!DOCTYPE html><html><body>Sign in</body></html>"),
        _ => small(asked),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    let Shortfall::Failed { error, .. } = &*listing.shortfalls()[0] else {
        panic!("it is cut");
    };
    assert_eq!(error.code(), "captive-portal");
}

#[tokio::test]
async fn a_call_without_an_answer_ends_by_its_limit() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "ListClusters" => Reply::Hang,
        _ => small(asked),
    })
    .await;
    let access = server.access_within(Duration::from_millis(200)).await;
    let mut search = Directory::new().targets(&access);
    let listing = timeout(Duration::from_secs(60), search.complete())
        .await
        .unwrap();
    let codes: Vec<_> = listing
        .shortfalls()
        .iter()
        .filter_map(|lack| match &**lack {
            Shortfall::Failed {
                part: Part::Containers,
                error,
            } => Some(error.code()),
            Shortfall::Failed { .. } | Shortfall::Cut { .. } => None,
        })
        .collect();
    assert_eq!(codes, ["network-timeout"]);
}

/// For docs/performance.md:
/// `cargo test --workspace --lib how_long -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and asserts nothing"]
async fn how_long_a_search_of_five_thousand_nodes_takes() {
    use std::time::Instant;

    // When the last page of each kind was ready to be sent.
    let (sent, last_sent) = watch::channel(Instant::now());
    let server = AccountServer::start(move |asked| {
        let reply = large(asked);
        sent.send_replace(Instant::now());
        reply
    })
    .await;
    let began = Instant::now();
    let mut search = Directory::new().targets(&server.access().await);
    // Somebody types all the while.
    let typist = search.clone();
    let typing = tokio::task::spawn_blocking(move || {
        let mut longest = Duration::ZERO;
        let mut keystrokes = 0_u32;
        while !typist.listing().is_complete() {
            for typed in ["b", "ba", "bastion", "bastion tag:env=prod"] {
                let began = Instant::now();
                typist.search(typed, 50);
                longest = longest.max(began.elapsed());
                keystrokes += 1;
            }
        }
        (keystrokes, longest)
    });
    while search.listing().entries().is_empty() {
        assert!(search.changed().await);
    }
    search.search("host", 50);
    println!("first page there, and results of it: {:?}", began.elapsed());
    search.complete().await;
    let first = search.search("bastion", 50);
    assert_eq!((first.looked_at, first.found), (NODES, NODES / 100));
    println!(
        "results of all, after the last page was sent: {:?} (after the begin: {:?})",
        last_sent.borrow().elapsed(),
        began.elapsed()
    );
    let (keystrokes, longest) = typing.await.unwrap();
    println!("{keystrokes} keystrokes while pages came: longest {longest:?}");
    for typed in [
        "",
        "w",
        "web",
        "bastion tag:env=prod",
        "10.0.3.17",
        "no such node",
    ] {
        let mut times: Vec<_> = (0..101)
            .map(|_| {
                let began = Instant::now();
                let matches = search.search(typed, 50);
                assert_eq!(matches.looked_at, NODES);
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!(
            "{typed:?}: median {:?}, longest {:?}",
            times[50], times[100]
        );
    }
}
