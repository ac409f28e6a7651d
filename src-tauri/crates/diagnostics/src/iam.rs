//! The least IAM policy that tunnels need.
//!
//! The key that an account has set for its sessions is not among it: agents do not ask for it in
//! the sessions of tunnels (docs/protocol.md, section 4).
//!
//! Actions and resources are those of the Service Authorization Reference ("Actions, resources,
//! and condition keys for AWS Systems Manager" and "… for Amazon Message Gateway Service"), the
//! patterns those of the Systems Manager User Guide ("Sample IAM policies for Session Manager",
//! "Additional sample IAM policies for Session Manager", "Enforce a session document permission
//! check").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What one tunnel asks of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// The account and region; what is not known of them becomes `*`.
    pub place: Place,
    /// Which nodes it may lead to.
    pub target: Target,
    /// The session document.
    pub document: String,
}

/// Where in AWS something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The account's number.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// What the names of regions begin with outside of the partition `aws`, and the partitions that
/// they are of (AWS SDKs, `partitions.json`).
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
];

/// Which nodes a tunnel may lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An EC2 instance (`i-…`).
    Instance(String),
    /// A node outside of EC2 (`mi-…`).
    ManagedInstance(String),
    /// A task of ECS.
    EcsTask {
        /// The cluster's name.
        cluster: String,
        /// The task's id.
        task: String,
    },
    /// Any EC2 instance, and any managed node outside of EC2, with this tag; `Name` is one. A node
    /// outside of EC2 that has a name and no such tag is found by it, too, and needs a statement
    /// with its id: IAM knows no condition for those names.
    Tag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Any task of an ECS service or cluster.
    EcsTasks {
        /// The cluster's name.
        cluster: String,
    },
}

impl Target {
    /// Reads a target as StartSession takes it; `None` for what it would not.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        if id.starts_with("i-") {
            return Some(Self::Instance(id.to_owned()));
        }
        if id.starts_with("mi-") {
            return Some(Self::ManagedInstance(id.to_owned()));
        }
        // `ecs:CLUSTER_TASK_RUNTIME`: a cluster's name may hold underscores, the others do not.
        let mut parts = id.strip_prefix("ecs:")?.rsplitn(3, '_');
        let (_runtime, task, cluster) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self::EcsTask {
            cluster: cluster.to_owned(),
            task: task.to_owned(),
        })
    }

    /// Whether the target is looked up by something other than its id.
    fn is_searched(&self) -> bool {
        match self {
            Self::Tag { .. } | Self::EcsTasks { .. } => true,
            Self::Instance(_) | Self::ManagedInstance(_) | Self::EcsTask { .. } => false,
        }
    }
}

impl Place {
    /// The partition that the region is of.
    fn partition(&self) -> &'static str {
        let region = self.region.as_deref().unwrap_or_default();
        PARTITIONS
            .iter()
            .find_map(|(begin, partition)| region.starts_with(begin).then_some(*partition))
            .unwrap_or("aws")
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        self.arn_of(service, self.account.as_deref().unwrap_or("*"), resource)
    }

    fn arn_of(&self, service: &str, account: &str, resource: &str) -> String {
        let region = self.region.as_deref().unwrap_or("*");
        format!(
            "arn:{}:{service}:{region}:{account}:{resource}",
            self.partition()
        )
    }
}

/// Writes the policy. The same tunnels in another order give the same text.
#[must_use]
pub fn policy(tunnels: &[Tunnel]) -> Value {
    let mut needs = Needs::default();
    for tunnel in tunnels {
        needs.add(tunnel);
    }
    json!({ "Version": "2012-10-17", "Statement": needs.statements() })
}

#[derive(Default)]
struct Needs {
    /// Nodes by their ids, and documents.
    named: BTreeSet<String>,
    /// Nodes by their tags: patterns of ARNs.
    tagged: BTreeMap<(String, String), BTreeSet<String>>,
    /// Sessions by the names that the service gives them.
    sessions: BTreeSet<String>,
    /// All sessions, among which tags tell whose they are.
    all_sessions: BTreeSet<String>,
    /// Actions that take no resource.
    reading: BTreeSet<&'static str>,
}

impl Needs {
    fn add(&mut self, tunnel: &Tunnel) {
        let place = &tunnel.place;
        match &tunnel.target {
            Target::Instance(id) => self.name(place.arn("ec2", &format!("instance/{id}"))),
            Target::ManagedInstance(id) => {
                self.name(place.arn("ssm", &format!("managed-instance/{id}")));
            }
            Target::EcsTask { cluster, task } => {
                self.name(place.arn("ecs", &format!("task/{cluster}/{task}")));
            }
            Target::EcsTasks { cluster } => {
                self.name(place.arn("ecs", &format!("task/{cluster}/*")));
                self.reading.extend(["ecs:DescribeTasks", "ecs:ListTasks"]);
            }
            Target::Tag { key, value } => {
                self.tagged
                    .entry((key.clone(), value.clone()))
                    .or_default()
                    .extend([
                        place.arn("ec2", "instance/*"),
                        place.arn("ssm", "managed-instance/*"),
                    ]);
                self.reading.insert("ec2:DescribeInstances");
            }
        }
        if tunnel.target.is_searched() {
            self.reading.insert("ssm:DescribeInstanceInformation");
        }
        // AWS's own documents belong to no account.
        let document = format!("document/{}", tunnel.document);
        self.name(if tunnel.document.starts_with("AWS-") {
            place.arn_of("ssm", "", &document)
        } else {
            place.arn("ssm", &document)
        });
        // A session is named after the user, or the session of the role.
        for variable in ["${aws:username}", "${aws:userid}"] {
            self.sessions
                .insert(place.arn("ssm", &format!("session/{variable}-*")));
        }
        self.all_sessions.insert(place.arn("ssm", "session/*"));
    }

    fn name(&mut self, arn: String) {
        self.named.insert(arn);
    }

    fn statements(&self) -> Vec<Value> {
        // With it a document has to be allowed by name, whether or not a call names one.
        let checked = json!({ "ssm:SessionDocumentAccessCheck": "true" });
        let mut statements = Vec::new();
        if !self.named.is_empty() {
            statements.push(json!({
                "Sid": "StartSessions",
                "Effect": "Allow",
                "Action": "ssm:StartSession",
                "Resource": self.named,
                "Condition": { "BoolIfExists": checked },
            }));
        }
        // Apart: documents have no such tags, and would be refused with them.
        for (number, ((key, value), nodes)) in self.tagged.iter().enumerate() {
            statements.push(json!({
                "Sid": format!("StartSessionsByTag{}", number + 1),
                "Effect": "Allow",
                "Action": "ssm:StartSession",
                "Resource": nodes,
                "Condition": {
                    "BoolIfExists": checked,
                    "StringEquals": { format!("ssm:resourceTag/{key}"): value },
                },
            }));
        }
        if !self.sessions.is_empty() {
            statements.push(json!({
                "Sid": "OwnSessions",
                "Effect": "Allow",
                "Action": [
                    "ssm:ResumeSession",
                    "ssm:TerminateSession",
                    "ssmmessages:OpenDataChannel",
                ],
                "Resource": self.sessions,
            }));
            // Federated users' sessions are named by neither variable; the service tags each
            // session with the id of whoever has started it.
            statements.push(json!({
                "Sid": "OwnSessionsByTag",
                "Effect": "Allow",
                "Action": [
                    "ssm:ResumeSession",
                    "ssm:TerminateSession",
                    "ssmmessages:OpenDataChannel",
                ],
                "Resource": self.all_sessions,
                "Condition": {
                    "StringLike": {
                        "ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}",
                    },
                },
            }));
        }
        if !self.reading.is_empty() {
            statements.push(json!({
                "Sid": "FindTargets",
                "Effect": "Allow",
                "Action": self.reading,
                "Resource": "*",
            }));
        }
        statements
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(target: Target) -> Tunnel {
        Tunnel {
            place: Place {
                account: Some("123456789012".to_owned()),
                region: Some("eu-central-1".to_owned()),
            },
            target,
            document: "AWS-StartPortForwardingSession".to_owned(),
        }
    }

    fn id(text: &str) -> Target {
        Target::from_id(text).unwrap()
    }

    fn statement<'a>(policy: &'a Value, sid: &str) -> Option<&'a Value> {
        let statements = policy["Statement"].as_array().unwrap();
        statements.iter().find(|statement| statement["Sid"] == sid)
    }

    #[test]
    fn a_tunnel_to_an_instance_may_start_there_and_end_its_own_and_nothing_else() {
        let policy = policy(&[tunnel(id("i-0abc"))]);
        let start = statement(&policy, "StartSessions").unwrap();
        assert_eq!(
            start["Resource"],
            json!([
                "arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc",
                "arn:aws:ssm:eu-central-1::document/AWS-StartPortForwardingSession",
            ])
        );
        assert_eq!(
            start["Condition"]["BoolIfExists"]["ssm:SessionDocumentAccessCheck"],
            "true"
        );
        let own = statement(&policy, "OwnSessions").unwrap();
        assert_eq!(
            own["Resource"],
            json!([
                "arn:aws:ssm:eu-central-1:123456789012:session/${aws:userid}-*",
                "arn:aws:ssm:eu-central-1:123456789012:session/${aws:username}-*",
            ])
        );
        assert!(statement(&policy, "FindTargets").is_none());
        assert!(statement(&policy, "SessionKeys").is_none());
        assert_eq!(policy["Statement"].as_array().unwrap().len(), 3);
        assert!(!policy.to_string().contains("\"*\""), "{policy}");
    }

    #[test]
    fn every_kind_of_target_has_its_arn() {
        let resource = |text| {
            let policy = policy(&[tunnel(id(text))]);
            let start = statement(&policy, "StartSessions").unwrap().clone();
            start["Resource"][0].as_str().unwrap().to_owned()
        };
        assert_eq!(
            resource("mi-0abc"),
            "arn:aws:ssm:eu-central-1:123456789012:managed-instance/mi-0abc"
        );
        assert_eq!(
            resource("ecs:my_cluster_0123abcd_0123abcd-45"),
            "arn:aws:ecs:eu-central-1:123456789012:task/my_cluster/0123abcd"
        );
        for odd in ["web-1", "ecs:cluster_task", ""] {
            assert_eq!(Target::from_id(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_target_by_tag_is_a_condition_of_its_own_and_needs_to_be_looked_up() {
        let policy = policy(&[tunnel(Target::Tag {
            key: "Role".to_owned(),
            value: "bastion".to_owned(),
        })]);
        let tagged = statement(&policy, "StartSessionsByTag1").unwrap();
        assert_eq!(
            tagged["Condition"]["StringEquals"]["ssm:resourceTag/Role"],
            "bastion"
        );
        // The search finds nodes outside of EC2 by their tags as well.
        let resources = tagged["Resource"].as_array().unwrap();
        let ends = |end: &str| {
            let arns = resources.iter().filter_map(Value::as_str);
            arns.filter(|arn| arn.ends_with(end)).count()
        };
        assert_eq!(
            (
                ends(":instance/*"),
                ends(":managed-instance/*"),
                resources.len()
            ),
            (1, 1, 2)
        );
        let documents = statement(&policy, "StartSessions").unwrap();
        assert_eq!(
            documents["Resource"],
            json!(["arn:aws:ssm:eu-central-1::document/AWS-StartPortForwardingSession"]),
            "without the tag, which documents do not have"
        );
        assert!(documents["Condition"].get("StringEquals").is_none());
        assert_eq!(
            statement(&policy, "FindTargets").unwrap()["Action"],
            json!(["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"])
        );
    }

    #[test]
    fn partitions_have_arns_of_their_own_and_what_is_not_known_is_a_star() {
        for (region, partition) in [
            (Some("cn-north-1"), "arn:aws-cn:ec2:cn-north-1:*:"),
            (Some("us-gov-west-1"), "arn:aws-us-gov:ec2:us-gov-west-1:*:"),
            (Some("eusc-de-east-1"), "arn:aws-eusc:ec2:eusc-de-east-1:*:"),
            (Some("us-iso-east-1"), "arn:aws-iso:ec2:us-iso-east-1:*:"),
            (
                Some("us-isob-east-1"),
                "arn:aws-iso-b:ec2:us-isob-east-1:*:",
            ),
            (
                Some("eu-isoe-west-1"),
                "arn:aws-iso-e:ec2:eu-isoe-west-1:*:",
            ),
            (
                Some("us-isof-south-1"),
                "arn:aws-iso-f:ec2:us-isof-south-1:*:",
            ),
            (Some("us-east-1"), "arn:aws:ec2:us-east-1:*:"),
            (Some("eu-south-2"), "arn:aws:ec2:eu-south-2:*:"),
            (None, "arn:aws:ec2:*:*:"),
        ] {
            let place = Place {
                account: None,
                region: region.map(str::to_owned),
            };
            let text = policy(&[Tunnel {
                place,
                ..tunnel(id("i-0abc"))
            }])
            .to_string();
            assert!(text.contains(partition), "{text}");
        }
    }

    #[test]
    fn tunnels_that_share_something_name_it_once_in_whatever_order() {
        let (a, b) = (tunnel(id("i-0a")), tunnel(id("i-0b")));
        let one = policy(&[a.clone(), b.clone(), a.clone()]);
        assert_eq!(one, policy(&[b, a]));
        let start = statement(&one, "StartSessions").unwrap();
        assert_eq!(start["Resource"].as_array().unwrap().len(), 3);
    }
}
