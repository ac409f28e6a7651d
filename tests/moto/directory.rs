//! What there is in an account, as a mock of EC2, ECS, RDS, ElastiCache and OpenSearch that
//! nobody here wrote tells it.

use aws_access::{
    Access, AccessSettings, Directory, ExecuteCommand, HostKind, HostRole, Listing, Part, Ping,
    Secret, Shortfall, StaticCredentials, TargetKind,
};
use serde_json::json;

use crate::relay::{Asked, Relay};
use crate::server::{Moto, PATIENCE, REGION};

const EC2: &str = "2016-11-15";
const RDS: &str = "2014-10-31";
const CACHE: &str = "2015-02-02";

pub(crate) async fn access(moto: &Moto) -> Access {
    access_at(moto.url()).await
}

async fn access_at(url: String) -> Access {
    Access::load(AccessSettings {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(url.into()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        }),
        // A mock on a busy machine takes its time for a page of 500.
        api_timeout: PATIENCE,
        ..AccessSettings::default()
    })
    .await
    .unwrap()
}

/// Launches instances with a tag besides their name.
async fn launch(moto: &Moto, count: usize, name: &str, env: &str) {
    let count = count.to_string();
    moto.query(
        "ec2",
        EC2,
        "RunInstances",
        &[
            ("ImageId", "ami-12c6146b"),
            ("InstanceType", "t3.micro"),
            ("MinCount", &count),
            ("MaxCount", &count),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", name),
            ("TagSpecification.1.Tag.2.Key", "env"),
            ("TagSpecification.1.Tag.2.Value", env),
        ],
    )
    .await;
}

/// The parts that a list lacks, with the codes of why.
fn lacks<T>(listing: &Listing<T>) -> Vec<(Part, &'static str)> {
    let mut lacks: Vec<_> = listing
        .shortfalls()
        .iter()
        .map(|shortfall| match &**shortfall {
            Shortfall::Failed { part, error } => (*part, error.code()),
            Shortfall::Cut { part } => panic!("{part} are cut"),
        })
        .collect();
    lacks.sort_unstable();
    lacks
}

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn instances_are_found_by_name_tag_and_id() {
    let moto = Moto::start().await;
    launch(&moto, 1, "bastion & co", "prod").await;
    launch(&moto, 2, "web", "test").await;
    let mut search = Directory::new().targets(&access(&moto).await);
    let listing = search.complete().await;
    // This mock knows no managed nodes: that is told, and hides nothing.
    assert_eq!(lacks(&listing), [(Part::Nodes, "service-error")]);
    assert_eq!(listing.entries().len(), 3);
    let bastion = search.search("bastion", 9);
    assert_eq!(bastion.found, 1);
    let bastion = &bastion.best[0];
    assert_eq!(bastion.name.as_deref(), Some("bastion & co"));
    assert_eq!(bastion.ping, Ping::Unknown);
    assert!(bastion.address.is_some() && bastion.since.is_some());
    assert_eq!(search.search("tag:env=test", 9).found, 2);
    assert_eq!(search.search(&bastion.id, 9).found, 1);
    assert_eq!(search.search("bastion tag:env=test", 9).found, 0);
}

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn instances_of_several_pages_make_one_list_that_can_be_searched_from_its_first_page_on() {
    let moto = Moto::start().await;
    // A page has 500.
    launch(&moto, 300, "web", "prod").await;
    launch(&moto, 300, "web", "test").await;
    let mut search = Directory::new().targets(&access(&moto).await);
    while search.listing().entries().is_empty() {
        assert!(search.changed().await);
    }
    assert!(search.search("web", 9).found > 0);
    search.complete().await;
    let matches = search.search("web tag:env=prod", 20);
    assert_eq!((matches.found, matches.best.len()), (300, 20));
    assert_eq!(matches.looked_at, 600);
}

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn clusters_and_tasks_are_asked_for_as_ecs_takes_it_and_told_as_it_tells_them() {
    let moto = Moto::start().await;
    moto.keep_states_of("ecs::task").await;
    let task = run_task(&moto).await;
    let mut search = Directory::new().targets(&access(&moto).await);
    let listing = search.complete().await;
    assert_eq!(lacks(&listing), [(Part::Nodes, "service-error")]);
    // This mock starts no containers, so none has a runtime id, and none can be a target.
    assert!(listing.entries().is_empty(), "{:?}", listing.entries());
    let waiting = listing.waiting();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!((&*waiting[0].cluster, &*waiting[0].task), ("shop", &*task));

    let relay = Relay::amending(&moto.url(), |_| {}, with_runtime_id).await;
    let mut search = Directory::new().targets(&access_at(relay.url()).await);
    let listing = search.complete().await;
    assert_eq!(lacks(&listing), [(Part::Nodes, "service-error")]);
    let targets: Vec<_> = listing.entries().iter().collect();
    let [target] = targets[..] else {
        panic!("{targets:?}");
    };
    assert_eq!(target.id, format!("ecs:shop_{task}_{RUNTIME_ID}"));
    assert_eq!(target.name.as_deref(), Some("app"));
    let tags = [("env".to_owned(), "prod".to_owned())];
    assert_eq!(target.tags, tags);
    let kind = TargetKind::Ecs {
        cluster: "shop".to_owned(),
        task: task.clone(),
        group: Some("family:web".to_owned()),
        // The mock forgets that it was asked for.
        execute_command: ExecuteCommand::Off,
    };
    assert_eq!(target.kind, kind);
    let found = search.search("shop tag:env=prod", 9);
    assert_eq!(
        (found.found, found.best[0].id.as_str()),
        (1, target.id.as_str())
    );
}

/// That of a container that has been started.
pub(crate) const RUNTIME_ID: &str = "0a1b2c3d-4e5f";

/// Adds to the mock's description of a task what it does not have: that its container was started.
fn with_runtime_id(_: &Asked, answer: Vec<u8>) -> Vec<u8> {
    described_with(answer, |task| {
        task["containers"][0]["runtimeId"] = RUNTIME_ID.into();
    })
}

/// The same, and that it was started with ExecuteCommand, as was asked for.
pub(crate) fn as_started(_: &Asked, answer: Vec<u8>) -> Vec<u8> {
    described_with(answer, |task| {
        task["enableExecuteCommand"] = true.into();
        task["lastStatus"] = "RUNNING".into();
        let container = &mut task["containers"][0];
        container["runtimeId"] = RUNTIME_ID.into();
        container["lastStatus"] = "RUNNING".into();
        container["managedAgents"] =
            json!([{ "name": "ExecuteCommandAgent", "lastStatus": "RUNNING" }]);
    })
}

fn described_with(answer: Vec<u8>, amend: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let text = String::from_utf8(answer).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return text.into_bytes();
    };
    let Ok(mut described) = serde_json::from_str::<serde_json::Value>(body) else {
        return text.into_bytes();
    };
    match described.pointer_mut("/tasks/0") {
        Some(task) if task.is_object() => amend(task),
        Some(_) | None => return text.into_bytes(),
    }
    let body = described.to_string();
    let is_length = |line: &&str| line.to_ascii_lowercase().starts_with("content-length:");
    let head: Vec<_> = head.lines().filter(|line| !is_length(line)).collect();
    let (head, length) = (head.join("\r\n"), body.len());
    format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// Calls an action of ECS.
pub(crate) async fn ecs(moto: &Moto, action: &str, body: serde_json::Value) -> serde_json::Value {
    let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
    moto.json("ecs", &target, body).await
}

/// Runs a task in the cluster `shop`, and gives its id.
pub(crate) async fn run_task(moto: &Moto) -> String {
    ecs(moto, "CreateCluster", json!({ "clusterName": "shop" })).await;
    let network = json!({ "awsvpcConfiguration": {
        "subnets": [subnet(moto).await],
        "securityGroups": [],
    } });
    ecs(
        moto,
        "RegisterTaskDefinition",
        json!({
            "family": "web",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{ "name": "app", "image": "app", "memory": 100 }],
        }),
    )
    .await;
    let run = ecs(
        moto,
        "RunTask",
        json!({
            "cluster": "shop",
            "taskDefinition": "web",
            "launchType": "FARGATE",
            "networkConfiguration": network,
            "enableExecuteCommand": true,
            "tags": [{ "key": "env", "value": "prod" }],
        }),
    )
    .await;
    let arn = run["tasks"][0]["taskArn"].as_str().unwrap();
    arn.rsplit('/').next().unwrap().to_owned()
}

async fn subnet(moto: &Moto) -> String {
    let answer = moto.query("ec2", EC2, "DescribeSubnets", &[]).await;
    let (_, rest) = answer.split_once("<subnetId>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn databases_caches_and_domains_are_found_with_their_roles() {
    let moto = Moto::start().await;
    moto.query(
        "rds",
        RDS,
        "CreateDBCluster",
        &[
            ("DBClusterIdentifier", "orders"),
            ("Engine", "aurora-postgresql"),
            ("MasterUsername", "admin"),
            ("MasterUserPassword", "planted-database-password"),
        ],
    )
    .await;
    moto.query(
        "rds",
        RDS,
        "CreateDBInstance",
        &[
            ("DBInstanceIdentifier", "shop"),
            ("DBInstanceClass", "db.t3.micro"),
            ("Engine", "mysql"),
            ("AllocatedStorage", "20"),
            ("MasterUsername", "admin"),
            ("MasterUserPassword", "planted-database-password"),
        ],
    )
    .await;
    moto.query(
        "elasticache",
        CACHE,
        "CreateReplicationGroup",
        &[
            ("ReplicationGroupId", "cart"),
            ("ReplicationGroupDescription", "cart"),
            ("Engine", "redis"),
            ("CacheNodeType", "cache.t3.micro"),
            ("NumNodeGroups", "1"),
            ("ReplicasPerNodeGroup", "1"),
            ("AutomaticFailoverEnabled", "true"),
        ],
    )
    .await;
    let mut search = Directory::new().hosts(&access(&moto).await);
    let listing = search.complete().await;
    // Of serverless caches this mock knows nothing.
    assert_eq!(lacks(&listing), [(Part::ServerlessCaches, "service-error")]);
    let roles = |typed: &str, kind: HostKind| -> Vec<HostRole> {
        let best = search.search(typed, 9).best;
        assert!(best.iter().all(|host| host.kind == kind), "{best:?}");
        let mut roles: Vec<_> = best.iter().map(|host| host.role).collect();
        roles.sort_by_key(ToString::to_string);
        roles
    };
    assert_eq!(
        roles("orders", HostKind::Aurora),
        [HostRole::Reader, HostRole::Writer]
    );
    assert_eq!(search.search("orders writer", 9).best[0].port, 5432);
    assert_eq!(roles("shop", HostKind::Rds), [HostRole::Instance]);
    assert_eq!(search.search("shop", 9).best[0].port, 3306);
    let cart = roles("cart", HostKind::Elasticache);
    assert!(cart.contains(&HostRole::Writer), "{cart:?}");
}
