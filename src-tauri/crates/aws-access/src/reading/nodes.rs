//! Managed nodes: `DescribeInstanceInformation` of Systems Manager, by the SDK's client, which is
//! there anyway.

use aws_credential_types::Credentials;
use aws_sdk_ssm::types::InstanceInformation;
use aws_sdk_ssm::types::InstanceInformationStringFilter;

use super::Reading;
use crate::AccessError;
use crate::access::ssm_identity;
use crate::answer::{Call, at_the_time_of_aws, call_error};

/// How many nodes a page has, and a filter by ids takes: the most (SSM API Reference).
pub(crate) const PAGE: usize = 50;

/// Whether a node's agent was heard of lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PingStatus {
    Online,
    ConnectionLost,
    Inactive,
}

/// A managed node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) ping: Option<PingStatus>,
    pub(crate) agent_version: Option<String>,
    /// Name and version of the system, such as `Amazon Linux 2023`.
    pub(crate) platform: Option<String>,
    pub(crate) address: Option<String>,
    /// What a node outside of EC2 was called when it was registered.
    pub(crate) name: Option<String>,
    pub(crate) computer_name: Option<String>,
    /// Of a node outside of EC2, Unix milliseconds.
    pub(crate) registered: Option<u64>,
}

/// Which nodes are wanted; several filters must all fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeFilter {
    /// These, at most 50.
    Ids(Vec<String>),
    /// Those with this tag.
    Tag(String, String),
    /// Those outside of EC2.
    OutsideOfEc2,
    /// Those that are online.
    Online,
}

impl NodeFilter {
    fn filter(&self) -> Result<InstanceInformationStringFilter, AccessError> {
        let (key, values) = match self {
            Self::Ids(ids) => ("InstanceIds".to_owned(), ids.clone()),
            Self::Tag(key, value) => (format!("tag:{key}"), vec![value.clone()]),
            Self::OutsideOfEc2 => (
                "ResourceType".to_owned(),
                vec!["ManagedInstance".to_owned()],
            ),
            Self::Online => ("PingStatus".to_owned(), vec!["Online".to_owned()]),
        };
        InstanceInformationStringFilter::builder()
            .key(key)
            .set_values(Some(values))
            .build()
            .map_err(super::unsendable)
    }
}

/// One page of nodes, and the token of the next one.
pub(crate) async fn page(
    client: &aws_sdk_ssm::Client,
    filters: &[NodeFilter],
    token: Option<String>,
    credentials: Credentials,
) -> Result<(Vec<Node>, Option<String>), AccessError> {
    let filters: Vec<_> = filters
        .iter()
        .map(NodeFilter::filter)
        .collect::<Result<_, _>>()?;
    let filters = (!filters.is_empty()).then_some(filters);
    let answer = at_the_time_of_aws(|| async {
        client
            .describe_instance_information()
            .set_max_results(i32::try_from(PAGE).ok())
            .set_filters(filters.clone())
            .set_next_token(token.clone())
            .customize()
            .config_override(ssm_identity(credentials.clone()))
            .send()
            .await
            .map_err(|error| call_error(Call::Read(Reading::Nodes), error))
    })
    .await?;
    let next = answer.next_token.filter(|token| !token.is_empty());
    let nodes = answer.instance_information_list.unwrap_or_default();
    Ok((nodes.into_iter().filter_map(node).collect(), next))
}

/// What is said of a node; one without an id is nothing that can be used.
fn node(info: InstanceInformation) -> Option<Node> {
    use aws_sdk_ssm::types::PingStatus as Theirs;
    // The service may know more than this program: what is none of these is not known.
    let known = [
        (Theirs::Online, PingStatus::Online),
        (Theirs::ConnectionLost, PingStatus::ConnectionLost),
        (Theirs::Inactive, PingStatus::Inactive),
    ];
    let ping = info.ping_status.and_then(|ping| {
        let mut known = known.into_iter();
        known.find_map(|(theirs, ours)| (theirs == ping).then_some(ours))
    });
    let platform = match (info.platform_name, info.platform_version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => info.platform_type.map(|kind| kind.as_str().to_owned()),
    };
    Some(Node {
        id: info.instance_id.filter(|id| !id.is_empty())?,
        ping,
        agent_version: info.agent_version,
        platform,
        address: info.ip_address,
        name: info.name.filter(|name| !name.is_empty()),
        computer_name: info.computer_name.filter(|name| !name.is_empty()),
        registered: info
            .registration_date
            .and_then(|date| date.to_millis().ok())
            .and_then(|ms| ms.try_into().ok()),
    })
}
