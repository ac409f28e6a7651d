//! From a target as the settings have it to the node that it means now.

use aws_access::{Access, AccessError, CallPace, NodePick, NodeQuery};
use tunnel_proto::{Candidate, Choice, Found, TargetRule};

use crate::call_budget::CallBudget;

impl CallPace for CallBudget {
    async fn permit(&self) {
        Self::permit(self).await;
    }
}

/// Finds the node of a candidate: of an id without a call, of a name or a tag with one or more,
/// each of which counts against the budget.
pub(crate) async fn resolve(
    access: &Access,
    candidate: &Candidate,
    calls: &CallBudget,
) -> Result<Choice, AccessError> {
    let (query, rule) = match candidate {
        Candidate::Id(id) => {
            return Ok(Choice {
                candidate: candidate.to_string(),
                ..Choice::of_id(id)
            });
        }
        Candidate::Name(name, rule) => (NodeQuery::Name(name.clone()), *rule),
        Candidate::Tag { key, value, rule } => {
            let (key, value) = (key.clone(), value.clone());
            (NodeQuery::Tag { key, value }, *rule)
        }
    };
    let pick = match rule {
        TargetRule::FirstOnline => NodePick::First,
        TargetRule::Newest => NodePick::Newest,
    };
    let found = access.find_node(&query, pick, calls).await?;
    Ok(Choice {
        node: found.id,
        name: found.name,
        candidate: candidate.to_string(),
        found: Some(Found {
            rule,
            online: u32::try_from(found.online).unwrap_or(u32::MAX),
        }),
        passed_over: Vec::new(),
    })
}
