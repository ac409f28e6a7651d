//! The newest of several nodes: Systems Manager is the simulator, EC2 the mock.

use std::collections::BTreeMap;

use aws_access::{EndpointUrl, Endpoints, Service};
use culvert_tests::Rig;
use ssm_sim::{Settings, Target};
use tunnel::TargetRule;

use crate::server::Moto;

/// Launches one instance and gives its id.
async fn launch(moto: &Moto) -> String {
    let answer = moto
        .query(
            "ec2",
            "2016-11-15",
            "RunInstances",
            &[
                ("ImageId", "ami-12c6146b"),
                ("InstanceType", "t3.micro"),
                ("MinCount", "1"),
                ("MaxCount", "1"),
                ("TagSpecification.1.ResourceType", "instance"),
                ("TagSpecification.1.Tag.1.Key", "Name"),
                ("TagSpecification.1.Tag.1.Value", "bastion"),
            ],
        )
        .await;
    let (_, rest) = answer.split_once("<instanceId>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: npm test -- --only moto"]
async fn the_newest_of_two_bastions_is_the_one_that_was_launched_last() {
    let moto = Moto::start().await;
    let mut ids = vec![launch(&moto).await];
    // Times of launches are whole seconds: the second is in another one.
    let began = launched(&moto, &ids[0]).await;
    loop {
        let id = launch(&moto).await;
        let at = launched(&moto, &id).await;
        ids.push(id);
        if at > began {
            break;
        }
    }
    let newest = ids.last().cloned().unwrap();
    let nodes: Vec<_> = ids
        .iter()
        .map(|id| Target::online(id).with_tag("Name", "bastion"))
        .collect();
    let count = nodes.len();
    let settings = Settings {
        targets: nodes,
        unlisted_targets: None,
        ..Settings::default()
    };
    let ec2 = EndpointUrl::parse(&moto.url()).unwrap();
    let rig = Rig::start_with(settings, |config| {
        config.target = "name:bastion@newest".parse().unwrap();
        config.access.endpoints = Endpoints {
            urls: BTreeMap::from([(Service::Ec2, ec2)]),
            ..Endpoints::default()
        };
    })
    .await
    .unwrap();
    let choice = rig.snapshot().target.unwrap();
    assert_eq!(choice.node, newest);
    assert_eq!(choice.name.as_deref(), Some("bastion"));
    let found = choice.found.unwrap();
    assert_eq!(found.rule, TargetRule::Newest);
    assert_eq!(usize::try_from(found.online), Ok(count));
    assert_eq!(rig.sim.sessions()[0].target, newest);
    rig.stop().await;
}

async fn launched(moto: &Moto, id: &str) -> String {
    let wanted = [("InstanceId.1", id)];
    let answer = moto
        .query("ec2", "2016-11-15", "DescribeInstances", &wanted)
        .await;
    let (_, rest) = answer.split_once("<launchTime>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}
