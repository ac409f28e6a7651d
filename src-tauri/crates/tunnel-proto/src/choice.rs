//! The node that a session was opened to, and why that one.

use serde::{Deserialize, Serialize};

use crate::{Problem, TargetRule};

/// The node that a session was opened to, and why that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// The node's id.
    pub node: String,
    /// What it is called, if that is known.
    pub name: Option<String>,
    /// The candidate that it was found by, as the settings have it.
    pub candidate: String,
    /// How it was found; `None` if the candidate is its id.
    pub found: Option<Found>,
    /// The candidates before it, and why they could not be used.
    pub passed_over: Vec<PassedOver>,
}

/// How a node was found by its name or a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// By which rule it was chosen.
    pub rule: TargetRule,
    /// Of how many that fit and are online.
    pub online: u32,
}

/// A candidate that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// As the settings have it.
    pub candidate: String,
    /// Why.
    pub problem: Problem,
}

impl Choice {
    /// Makes the choice of a candidate that is a node's id.
    pub fn of_id(id: impl Into<String>) -> Self {
        let node = id.into();
        Self {
            candidate: node.clone(),
            node,
            name: None,
            found: None,
            passed_over: Vec::new(),
        }
    }

    /// Which node, and why, in a sentence; and in one more each, which were passed over.
    pub fn what(&self) -> String {
        let node = match &self.name {
            Some(name) => format!("{} ({name})", self.node),
            None => self.node.clone(),
        };
        let candidate = &self.candidate;
        let mut what = match self.found {
            None => format!("The session goes to {node}."),
            Some(Found { online: 1, .. }) => {
                format!("The session goes to {node}, the only node online that is {candidate}.")
            }
            Some(Found { rule, online }) => {
                let which = match rule {
                    TargetRule::FirstOnline => "the first by id",
                    TargetRule::Newest => "the newest",
                };
                format!(
                    "The session goes to {node}, {which} of {online} nodes online that are \
                     {candidate}."
                )
            }
        };
        for PassedOver { candidate, problem } in &self.passed_over {
            what.push_str(&format!(" Not to {candidate}: {}", problem.what));
        }
        what
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProblemKind;

    #[test]
    fn a_choice_says_which_node_and_why() {
        assert_eq!(Choice::of_id("i-1").what(), "The session goes to i-1.");
        let problem = Problem::new(ProblemKind::Target, "x", "i-0 is not connected.", "");
        let choice = Choice {
            node: "i-2".to_owned(),
            name: Some("web".to_owned()),
            candidate: "tag:Role=web@newest".to_owned(),
            found: Some(Found {
                rule: TargetRule::Newest,
                online: 3,
            }),
            passed_over: vec![PassedOver {
                candidate: "i-0".to_owned(),
                problem,
            }],
        };
        assert_eq!(
            choice.what(),
            "The session goes to i-2 (web), the newest of 3 nodes online that are \
             tag:Role=web@newest. Not to i-0: i-0 is not connected."
        );
    }
}
