//! The least policy for tunnels, with what can be found out about their account.

use std::collections::HashSet;
use std::sync::Arc;

use diagnostics::iam::{self, Place, Target, Tunnel};
use diagnostics::judge::PORTS_IN_THE_CLEAR;
use serde::Serialize;
use serde_json::Value;
use tunnel::{CallBudget, TunnelConfig};
use tunnel_proto::Candidate;

use super::accounts::Key;
use super::facts::Facts;
use super::{account, accounts, document};

/// The least IAM policy that tunnels need.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The policy, as IAM takes it.
    pub document: Value,
    /// What it leaves open, and what it can't say.
    pub notes: Vec<Note>,
}

/// Something that is to be known of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Stable name for programs.
    pub code: NoteCode,
    /// The target that it is about, as the tunnel names it; `None` where it is about the account.
    pub target: Option<String>,
    /// What it is, in a sentence or two, with what can be done.
    pub what: String,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// The region is not known, and is `*`.
    RegionOpen,
    /// The account is not known, and is `*`.
    AccountOpen,
    /// The account has a key for shell sessions, which tunnels do not need.
    SessionKeyLeftOut,
    /// A target that no ARN can be made of.
    TargetUnnameable,
    /// Nodes outside of EC2 are found by a name for which IAM has no condition.
    RegisteredName,
}

/// Writes the least IAM policy that these tunnels need.
///
/// The account's number and the key of its sessions are asked of AWS; where it does not tell,
/// the account is `*`, and a note says so.
pub async fn iam_policy(tunnels: &[TunnelConfig], calls: &CallBudget) -> Policy {
    let mut needs = Vec::new();
    let mut notes = Vec::new();
    let mut places: Vec<(Key<'_>, Place)> = Vec::new();
    for tunnel in tunnels {
        // Tunnels of one account and region are asked for once.
        let whose = accounts::key(&tunnel.access);
        let known = places.iter().find(|(other, _)| *other == whose);
        let place = match known {
            Some((_, known)) => known.clone(),
            None => {
                let facts = Arc::new(Facts::new(tunnel.access.clone(), calls.clone()));
                let found = look_round(&facts, &mut notes).await;
                places.push((whose, found.clone()));
                found
            }
        };
        for candidate in tunnel.target.candidates() {
            let Some(target) = target(candidate) else {
                notes.push(Note {
                    code: NoteCode::TargetUnnameable,
                    target: Some(candidate.to_string()),
                    what: format!("{candidate} is no target that a policy can name."),
                });
                continue;
            };
            notes.extend(by_registered_name(candidate));
            needs.push(Tunnel {
                place: place.clone(),
                target,
                document: document(tunnel),
            });
        }
    }
    let mut told = HashSet::new();
    notes.retain(|note| told.insert(note.what.clone()));
    Policy {
        document: iam::policy(&needs),
        notes,
    }
}

/// What a policy by tag leaves out of what a name finds.
fn by_registered_name(candidate: &Candidate) -> Option<Note> {
    let Candidate::Name(name, _) = candidate else {
        return None;
    };
    Some(Note {
        code: NoteCode::RegisteredName,
        target: Some(candidate.to_string()),
        what: format!(
            "{candidate} also finds nodes outside of EC2 that were registered as {name}: IAM has \
             no condition for that name, so the policy does not allow those without the tag \
             Name={name}. Tag them, or name them by their ids (mi-…)."
        ),
    })
}

async fn look_round(facts: &Facts, notes: &mut Vec<Note>) -> Place {
    let mut open = |code, what| {
        notes.push(Note {
            code,
            target: None,
            what,
        });
    };
    let region = match facts.access().await {
        Ok(access) => Some(access.region().to_owned()),
        Err(fault) => {
            open(
                NoteCode::RegionOpen,
                format!("{} The region is left open.", fault.what),
            );
            None
        }
    };
    let account = match facts.identity().await {
        Ok(identity) => Some(identity.account),
        Err(fault) => {
            open(
                NoteCode::AccountOpen,
                format!("{} The account is left open.", fault.what),
            );
            None
        }
    };
    if let Ok(Some(read)) = account::read_preferences(facts).await
        && let Some(key) = read.kms_key
    {
        open(
            NoteCode::SessionKeyLeftOut,
            format!(
                "kms:GenerateDataKey on the account's key {key} is left out: that key is for \
                 shell sessions, and agents up to {PORTS_IN_THE_CLEAR} do not ask for it in port \
                 sessions."
            ),
        );
    }
    Place { account, region }
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
