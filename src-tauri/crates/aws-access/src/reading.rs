//! Calls that only read, to services of which Culvert needs so little that a client of the SDK
//! would cost more than it gives (docs/decisions.md): made, signed and sent here.

mod answer;
mod ec2;
mod ecs;
mod elasticache;
mod nodes;
mod opensearch;
mod pages;
mod place;
mod rds;
mod xml;

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::answer::{Call, at_the_time_of_aws, connector_error};
use crate::http_client::RoutedConnector;
use crate::{AccessError, ResolvedEndpoints, Service};

pub(crate) use ec2::{FILTER_VALUES, Instance, Instances};
pub use ecs::WaitingTask;
pub(crate) use ecs::{Container, Containers, ExecuteCommand, Task};
pub(crate) use nodes::{Node, NodeFilter, PAGE as NODES_PAGE, PingStatus, page as nodes_page};
pub(crate) use opensearch::DESCRIBED;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Of Systems Manager, by the SDK's client.
    Nodes,
    Instances,
    Clusters,
    Tasks,
    TaskDetails,
    DbInstances,
    DbClusters,
    ReplicationGroups,
    CacheClusters,
    ServerlessCaches,
    DomainNames,
    Domains,
}

impl Reading {
    /// The IAM action (Service Authorization Reference).
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Nodes => "ssm:DescribeInstanceInformation",
            Self::Instances => "ec2:DescribeInstances",
            Self::Clusters => "ecs:ListClusters",
            Self::Tasks => "ecs:ListTasks",
            Self::TaskDetails => "ecs:DescribeTasks",
            Self::DbInstances => "rds:DescribeDBInstances",
            Self::DbClusters => "rds:DescribeDBClusters",
            Self::ReplicationGroups => "elasticache:DescribeReplicationGroups",
            Self::CacheClusters => "elasticache:DescribeCacheClusters",
            Self::ServerlessCaches => "elasticache:DescribeServerlessCaches",
            Self::DomainNames => "es:ListDomainNames",
            Self::Domains => "es:DescribeDomains",
        }
    }

    /// The service that is asked.
    pub(crate) fn of(self) -> Service {
        match self {
            Self::Nodes => Service::Ssm,
            Self::Instances => Service::Ec2,
            Self::Clusters | Self::Tasks | Self::TaskDetails => Service::Ecs,
            Self::DbInstances | Self::DbClusters => Service::Rds,
            Self::ReplicationGroups | Self::CacheClusters | Self::ServerlessCaches => {
                Service::ElastiCache
            }
            Self::DomainNames | Self::Domains => Service::OpenSearch,
        }
    }

    /// The operation's name in the API.
    fn operation(self) -> &'static str {
        self.action().split_once(':').map_or("", |(_, name)| name)
    }

    /// The name in the scope of signatures, which is the one in IAM actions.
    fn signing_name(self) -> &'static str {
        self.action().split_once(':').map_or("", |(name, _)| name)
    }
}

/// Sends signed calls.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) connector: RoutedConnector,
    pub(crate) endpoints: ResolvedEndpoints,
    pub(crate) region: String,
}

/// One call, in the form that its service wants.
#[derive(Debug, Clone)]
struct Request {
    method: &'static str,
    /// Behind the endpoint, with a slash.
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Reader {
    /// Makes one call, without a time limit of its own, and gives its answer's text.
    async fn call(
        &self,
        reading: Reading,
        request: Request,
        credentials: &Credentials,
    ) -> Result<String, AccessError> {
        let url = self.url(reading.of(), request.path)?;
        let call = Call::Read(reading);
        at_the_time_of_aws(|| async {
            let now = self.connector.signing_time(SystemTime::now());
            let http = self.signed(reading, &url, request.clone(), credentials, now)?;
            let response = self.connector.call(http).await;
            let response = response.map_err(|error| connector_error(call, error))?;
            answer::read(call, response).await
        })
        .await
    }

    /// A call of the Query protocol (smithy.io, "AWS Query protocol"): a form that is answered
    /// in XML.
    async fn query(
        &self,
        reading: Reading,
        version: &'static str,
        parameters: &[(String, String)],
        credentials: &Credentials,
    ) -> Result<String, AccessError> {
        let name = reading.operation();
        // The serializer must not live across the call: it can't be sent between threads.
        let body = Serializer::new(String::new())
            .append_pair("Action", name)
            .append_pair("Version", version)
            .extend_pairs(parameters)
            .finish();
        let request = Request {
            method: "POST",
            path: "/",
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )],
            body,
        };
        self.call(reading, request, credentials).await
    }

    fn url(&self, service: Service, path: &str) -> Result<Url, AccessError> {
        let invalid = |reason: String| AccessError::InvalidEndpoint {
            endpoint: service.to_string(),
            reason,
        };
        let endpoint = self.endpoints.get(service);
        let endpoint = endpoint.ok_or_else(|| invalid("it has none in this region".to_owned()))?;
        let url = format!("{}{path}", endpoint.url.as_str());
        Url::parse(&url).map_err(|error| invalid(error.to_string()))
    }

    fn signed(
        &self,
        reading: Reading,
        url: &Url,
        request: Request,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<HttpRequest, AccessError> {
        let identity: Identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(reading.signing_name())
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(unsendable)?
            .into();
        let signable = SignableRequest::new(
            request.method,
            url.as_str(),
            request.headers.iter().copied(),
            SignableBody::Bytes(request.body.as_bytes()),
        )
        .map_err(unsendable)?;
        let (instructions, _signature) = sign(signable, &params).map_err(unsendable)?.into_parts();
        let signature: Vec<_> = instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut http = HttpRequest::new(SdkBody::from(request.body));
        http.set_method(request.method).map_err(unsendable)?;
        http.set_uri(url.as_str()).map_err(unsendable)?;
        for (name, value) in request.headers {
            http.headers_mut().insert(name, value);
        }
        for (name, value) in signature {
            http.headers_mut()
                .try_insert(name, value)
                .map_err(unsendable)?;
        }
        Ok(http)
    }
}

fn unsendable(source: impl Into<crate::error::Source>) -> AccessError {
    AccessError::Unsendable {
        source: source.into(),
    }
}

/// An answer of the service that is not what it should be.
fn malformed(what: impl std::fmt::Display) -> AccessError {
    AccessError::Unparsable {
        status: Some(200),
        excerpt: format!("an answer that is not as documented: {what}"),
    }
}
