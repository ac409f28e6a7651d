//! What the calls without a client of the SDK send, and what they make of answers.

use serde_json::json;

use super::account::{AccountServer, Asked, Reply};
use crate::{Directory, HostRole, Listing, Shortfall, Target, TargetKind, WaitingTask};

/// The code of what went wrong with EC2.
async fn instances_fail(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> &'static str {
    let server = AccountServer::start(move |asked| match asked.action.as_str() {
        "DescribeInstances" => reply(asked),
        "ListClusters" => Reply::json(&json!({})),
        _ => Reply::json(&json!({ "InstanceInformationList": [] })),
    })
    .await;
    let mut search = Directory::new().targets(&server.access().await);
    let listing: std::sync::Arc<Listing<Target>> = search.complete().await;
    match &**listing.shortfalls().first().expect("nothing went wrong") {
        Shortfall::Failed { error, .. } => error.code(),
        Shortfall::Cut { .. } => panic!("it is cut"),
    }
}

#[tokio::test]
async fn a_query_call_is_signed_for_its_service_and_form_encoded() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeInstances" => Reply::xml("<DescribeInstancesResponse/>"),
        _ => Reply::json(&json!({})),
    })
    .await;
    Directory::new()
        .targets(&server.access().await)
        .complete()
        .await;
    let asked = server.asked();
    let ec2 = asked
        .iter()
        .find(|asked| asked.action == "DescribeInstances")
        .unwrap();
    let authorization = ec2.headers["authorization"].to_str().unwrap();
    assert!(
        authorization.contains("/eu-central-1/ec2/aws4_request"),
        "{authorization}"
    );
    assert!(authorization.contains("content-type"), "{authorization}");
    assert_eq!(ec2.headers["x-amz-security-token"], "planted-session-token");
    assert_eq!(ec2.form("Version"), Some("2016-11-15"));
    let ecs = asked
        .iter()
        .find(|asked| asked.action == "ListClusters")
        .unwrap();
    assert_eq!(
        ecs.headers["x-amz-target"],
        "AmazonEC2ContainerServiceV20141113.ListClusters"
    );
    assert_eq!(ecs.json, json!({ "maxResults": 100 }));
}

#[tokio::test]
async fn errors_in_xml_are_told_apart_by_their_codes() {
    for (code, expected) in [
        ("UnauthorizedOperation", "access-denied"),
        ("AuthFailure", "invalid-credentials"),
        ("RequestExpired", "clock-skew"),
        ("ExpiredToken", "expired-token"),
        ("InvalidParameterValue", "service-error"),
    ] {
        let failed = instances_fail(move |_| Reply::ec2_error(403, code, "No.")).await;
        assert_eq!(failed, expected, "{code}");
    }
    let failed = instances_fail(|_| Reply::query_error(403, "AccessDenied", "No.")).await;
    assert_eq!(failed, "access-denied", "the other form of it");
}

#[tokio::test]
async fn what_is_not_the_services_is_not_taken_for_it() {
    for (body, code) in [
        ("", "captive-portal"),
        ("<html><body>Sign in</body></html>", "captive-portal"),
        ("{}", "unparsable-answer"),
        ("<Other/>", "unparsable-answer"),
        ("<Describe", "unparsable-answer"),
    ] {
        let failed = instances_fail(move |_| Reply::xml(body)).await;
        assert_eq!(failed, code, "{body:?}");
    }
}

#[tokio::test]
async fn containers_of_all_clusters_are_listed_page_by_page() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "ListClusters" if asked.number == 0 => {
            Reply::json(&json!({ "clusterArns": ["arn:x:cluster/a"], "nextToken": "t" }))
        }
        "ListClusters" => Reply::json(&json!({ "clusterArns": ["arn:x:cluster/b"] })),
        "ListTasks" if asked.json["cluster"] == "arn:x:cluster/b" => {
            Reply::json(&json!({ "taskArns": [] }))
        }
        "ListTasks" if asked.number == 0 => {
            Reply::json(&json!({ "taskArns": ["arn:x:task/a/1"], "nextToken": "t" }))
        }
        "ListTasks" => Reply::json(&json!({ "taskArns": ["arn:x:task/a/2"] })),
        "DescribeTasks" => {
            let arn = asked.json["tasks"][0].as_str().unwrap().to_owned();
            Reply::json(&json!({ "tasks": [{
                "taskArn": arn,
                "clusterArn": "arn:x:cluster/a",
                "enableExecuteCommand": true,
                "containers": [{ "name": "app", "runtimeId": "r", "lastStatus": "RUNNING",
                    "managedAgents": [{ "name": "ExecuteCommandAgent", "lastStatus": "RUNNING" }] }],
            }] }))
        }
        "DescribeInstances" => Reply::xml("<DescribeInstancesResponse/>"),
        _ => Reply::json(&json!({})),
    })
    .await;
    let search = &mut Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert!(
        listing.shortfalls().is_empty(),
        "{:?}",
        listing.shortfalls()
    );
    let mut ids: Vec<_> = listing
        .entries()
        .iter()
        .map(|target| target.id.clone())
        .collect();
    ids.sort();
    assert_eq!(ids, ["ecs:a_1_r", "ecs:a_2_r"]);
    let TargetKind::Ecs { cluster, .. } = &listing.entries()[0].kind else {
        panic!("no container");
    };
    assert_eq!(cluster, "a");
}

#[tokio::test]
async fn a_task_whose_containers_have_not_started_is_left_out_and_told() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "ListClusters" => Reply::json(&json!({ "clusterArns": ["arn:x:cluster/a"] })),
        "ListTasks" => Reply::json(&json!({ "taskArns": ["arn:x:task/a/1"] })),
        "DescribeTasks" => Reply::json(&json!({ "tasks": [{
            "taskArn": "arn:x:task/a/1",
            "clusterArn": "arn:x:cluster/a",
            "lastStatus": "PENDING",
            "containers": [{ "name": "app", "lastStatus": "PENDING" }],
        }] })),
        "DescribeInstances" => Reply::xml("<DescribeInstancesResponse/>"),
        _ => Reply::json(&json!({})),
    })
    .await;
    let search = &mut Directory::new().targets(&server.access().await);
    let listing = search.complete().await;
    assert!(listing.entries().is_empty(), "{:?}", listing.entries());
    assert!(listing.shortfalls().is_empty(), "nothing failed");
    let waiting = WaitingTask {
        cluster: "a".to_owned(),
        task: "1".to_owned(),
        status: "PENDING".to_owned(),
    };
    assert_eq!(listing.waiting(), [waiting]);
}

#[tokio::test]
async fn hosts_of_four_services_make_one_list_and_a_missing_one_hides_no_other() {
    let server = AccountServer::start(|asked| match asked.action.as_str() {
        "DescribeDBClusters" => Reply::xml(
            "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster>\
             <DBClusterIdentifier>orders</DBClusterIdentifier><Engine>aurora-postgresql</Engine>\
             <EngineVersion>16.3</EngineVersion><Status>available</Status><Port>5432</Port>\
             <Endpoint>orders.cluster-x</Endpoint><ReaderEndpoint>orders.cluster-ro-x</ReaderEndpoint>\
             </DBCluster></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>",
        ),
        "DescribeDBInstances" if asked.form("Marker").is_none() => Reply::xml(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>new</DBInstanceIdentifier><Engine>mysql</Engine>\
             <DBInstanceStatus>creating</DBInstanceStatus></DBInstance></DBInstances>\
             <Marker>m</Marker></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
        ),
        "DescribeDBInstances" => Reply::xml(
            "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
             <DBInstanceIdentifier>shop</DBInstanceIdentifier><Engine>mysql</Engine>\
             <EngineVersion>8.0</EngineVersion><DBInstanceStatus>available</DBInstanceStatus>\
             <Endpoint><Address>shop.x</Address><Port>3306</Port></Endpoint>\
             </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>",
        ),
        "DescribeReplicationGroups" => Reply::xml(
            "<DescribeReplicationGroupsResponse><DescribeReplicationGroupsResult>\
             <ReplicationGroups><ReplicationGroup><ReplicationGroupId>cart</ReplicationGroupId>\
             <Engine>redis</Engine><Status>available</Status><NodeGroups><NodeGroup>\
             <PrimaryEndpoint><Address>cart.x</Address><Port>6379</Port></PrimaryEndpoint>\
             <ReaderEndpoint><Address>cart-ro.x</Address><Port>6379</Port></ReaderEndpoint>\
             </NodeGroup></NodeGroups></ReplicationGroup></ReplicationGroups>\
             </DescribeReplicationGroupsResult></DescribeReplicationGroupsResponse>",
        ),
        "DescribeCacheClusters" => Reply::query_error(403, "AccessDenied", "No."),
        "DescribeServerlessCaches" => Reply::xml(
            "<DescribeServerlessCachesResponse><DescribeServerlessCachesResult/>\
             </DescribeServerlessCachesResponse>",
        ),
        "/2021-01-01/domain" => {
            Reply::json(&json!({ "DomainNames": [{ "DomainName": "logs", "EngineType": "OpenSearch" }] }))
        }
        "/2021-01-01/opensearch/domain-info" => Reply::json(&json!({ "DomainStatusList": [{
            "DomainName": "logs", "Endpoint": "logs.x", "EngineVersion": "OpenSearch_2.11",
        }] })),
        action => panic!("{action} was called"),
    })
    .await;
    let search = &mut Directory::new().hosts(&server.access().await);
    let listing = search.complete().await;
    let mut hosts: Vec<_> = listing
        .entries()
        .iter()
        .map(|host| {
            (
                host.kind.to_string(),
                host.host.clone(),
                host.role,
                host.port,
            )
        })
        .collect();
    hosts.sort_by_key(|(kind, host, ..)| (kind.clone(), host.clone()));
    let expected = [
        ("aurora", "orders.cluster-ro-x", HostRole::Reader, 5432),
        ("aurora", "orders.cluster-x", HostRole::Writer, 5432),
        ("elasticache", "cart-ro.x", HostRole::Reader, 6379),
        ("elasticache", "cart.x", HostRole::Writer, 6379),
        ("opensearch", "logs.x", HostRole::Endpoint, 443),
        ("rds", "shop.x", HostRole::Instance, 3306),
    ];
    let expected =
        expected.map(|(kind, host, role, port)| (kind.to_owned(), host.to_owned(), role, port));
    assert_eq!(hosts, expected);
    let lacks: Vec<_> = listing
        .shortfalls()
        .iter()
        .map(|lack| lack.what())
        .collect();
    assert_eq!(
        lacks,
        [
            "Caches of ElastiCache are missing. The credentials do not allow elasticache:DescribeCacheClusters."
        ]
    );
    assert_eq!(
        search.search("aurora writer", 9).best[0].host,
        "orders.cluster-x"
    );
    assert_eq!(search.search("5432", 9).found, 2);
    assert!(server.actions().contains(&"/2021-01-01/domain".to_owned()));
}
