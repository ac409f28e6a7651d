//! Against moto, a mock of AWS that nobody here wrote: what we send is understood by somebody
//! else, and what somebody else answers is understood by us.
//!
//! The tests need moto, which `npm test` installs, and are therefore not among those of a plain
//! `cargo test`: `npm test -- --only moto` runs them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't even be set up fails"
)]

mod directory;
mod machine;
mod newest;
mod profiles;
mod relay;
mod server;
mod sign_in;
mod tasks;

use serde_json::json;
use server::Moto;

#[tokio::test]
#[ignore = "needs moto: npm test -- --only moto"]
async fn the_mock_keeps_what_it_is_told_and_each_test_has_its_own() {
    let (one, other) = tokio::join!(Moto::start(), Moto::start());
    assert_ne!(one.url(), other.url());
    one.json(
        "ecs",
        "AmazonEC2ContainerServiceV20141113.CreateCluster",
        json!({"clusterName": "shop"}),
    )
    .await;
    let clusters = async |moto: &Moto| {
        let listed = "AmazonEC2ContainerServiceV20141113.ListClusters";
        let answer = moto.json("ecs", listed, json!({})).await;
        answer["clusterArns"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((clusters(&one).await, clusters(&other).await), (1, 0));
    let who = one
        .query("sts", "2011-06-15", "GetCallerIdentity", &[])
        .await;
    assert!(who.contains("<Account>"), "{who}");
}
