//! The least policy for tunnels, with what can be found out about their account.

use std::collections::HashMap;
use std::sync::Arc;

use diagnostics::iam::{self, Place, Target, Tunnel};
use tunnel::{CallBudget, TunnelConfig};
use tunnel_proto::Candidate;

use super::facts::Facts;
use super::{account, document};

/// Writes the least IAM policy that these tunnels need, as JSON on several lines.
///
/// The account's number and the key of its sessions are asked of AWS; where it does not tell,
/// the account is `*`, and the second value says in sentences what is missing.
pub async fn iam_policy(tunnels: &[TunnelConfig], calls: &CallBudget) -> (String, Vec<String>) {
    let mut needs = Vec::new();
    let mut missing = Vec::new();
    let mut places: HashMap<_, (Place, Option<String>)> = HashMap::new();
    for tunnel in tunnels {
        // Tunnels of one account and region are asked for once.
        let whose = format!("{:?}", tunnel.access);
        let (place, kms_key) = match places.get(&whose) {
            Some(known) => known.clone(),
            None => {
                let facts = Arc::new(Facts::new(tunnel.access.clone(), calls.clone()));
                let found = look_round(&facts, &mut missing).await;
                places.insert(whose, found.clone());
                found
            }
        };
        for candidate in tunnel.target.candidates() {
            let Some(target) = target(candidate) else {
                missing.push(format!(
                    "{} is no target that a policy can name.",
                    tunnel.target
                ));
                continue;
            };
            needs.push(Tunnel {
                place: place.clone(),
                target,
                document: document(tunnel),
                kms_key: kms_key.clone(),
            });
        }
    }
    missing.dedup();
    let policy = serde_json::to_string_pretty(&iam::policy(&needs)).unwrap_or_default();
    (policy, missing)
}

async fn look_round(facts: &Facts, missing: &mut Vec<String>) -> (Place, Option<String>) {
    let region = match facts.access().await {
        Ok(access) => Some(access.region().to_owned()),
        Err(fault) => {
            missing.push(format!("{} The region is left open.", fault.what));
            None
        }
    };
    let account = match facts.identity().await {
        Ok(identity) => Some(identity.account),
        Err(fault) => {
            missing.push(format!("{} The account is left open.", fault.what));
            None
        }
    };
    let kms_key = match account::read_preferences(facts).await {
        Ok(read) => read.and_then(|read| read.kms_key),
        Err(fault) => {
            missing.push(format!(
                "{} Whether sessions need a KMS key is not known.",
                fault.what
            ));
            None
        }
    };
    (Place { account, region }, kms_key)
}

fn target(candidate: &Candidate) -> Option<Target> {
    match candidate {
        Candidate::Id(id) => Target::from_id(id),
        Candidate::Name(name, _) => Some(Target::Tag {
            key: "Name".to_owned(),
            value: name.clone(),
        }),
        Candidate::Tag { key, value, .. } => Some(Target::Tag {
            key: key.clone(),
            value: value.clone(),
        }),
    }
}
