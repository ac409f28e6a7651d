//! Domains of OpenSearch Service: `ListDomainNames`, `DescribeDomains` (OpenSearch Service API
//! Reference, version 2021-01-01; REST and JSON).

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use serde::Deserialize;
use serde_json::json;

use super::{Reader, Reading, Request, malformed};
use crate::{AccessError, Host, HostKind, HostRole};

/// How many domains are asked for at once.
pub(crate) const DESCRIBED: usize = 5;

/// Domains are reached by HTTPS alone.
const PORT: u16 = 443;

impl Reader {
    /// The names of all domains: there are no pages, and at most 100 domains in a region.
    pub(crate) async fn domain_names(
        &self,
        credentials: &Credentials,
    ) -> Result<Vec<String>, AccessError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            #[serde(default)]
            domain_names: Vec<Name>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Name {
            domain_name: String,
        }
        let request = Request {
            method: "GET",
            path: "/2021-01-01/domain",
            headers: Vec::new(),
            body: String::new(),
        };
        let answer = self
            .call(Reading::DomainNames, request, credentials)
            .await?;
        let output: Output = serde_json::from_str(&answer).map_err(malformed)?;
        let names = output.domain_names.into_iter();
        Ok(names.map(|name| name.domain_name).collect())
    }

    /// The endpoints of some domains, at most [`DESCRIBED`].
    pub(crate) async fn domains(
        &self,
        names: &[String],
        credentials: &Credentials,
    ) -> Result<Vec<Host>, AccessError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            #[serde(default)]
            domain_status_list: Vec<Domain>,
        }
        let request = Request {
            method: "POST",
            path: "/2021-01-01/opensearch/domain-info",
            headers: vec![("content-type", "application/json")],
            body: json!({ "DomainNames": &names[..names.len().min(DESCRIBED)] }).to_string(),
        };
        let answer = self.call(Reading::Domains, request, credentials).await?;
        let output: Output = serde_json::from_str(&answer).map_err(malformed)?;
        let domains = output.domain_status_list.into_iter();
        Ok(domains.flat_map(Domain::into_hosts).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Domain {
    domain_name: String,
    /// Of a domain outside of VPCs.
    endpoint: Option<String>,
    /// Of one in a VPC: the only entry is `vpc`.
    #[serde(default)]
    endpoints: Option<BTreeMap<String, String>>,
    engine_version: Option<String>,
    #[serde(default)]
    deleted: Option<bool>,
}

impl Domain {
    fn into_hosts(self) -> Vec<Host> {
        if self.deleted == Some(true) {
            return Vec::new();
        }
        let inside = self.endpoints.unwrap_or_default().into_values();
        let ends = self.endpoint.into_iter().chain(inside);
        let engine = self.engine_version.map(|version| version.replace('_', " "));
        ends.filter(|host| !host.is_empty())
            .map(|host| Host {
                kind: HostKind::Opensearch,
                name: self.domain_name.clone(),
                role: HostRole::Endpoint,
                host,
                port: PORT,
                engine: engine.clone(),
                status: None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_in_a_vpc_has_its_endpoint_there() {
        let domain: Domain = serde_json::from_value(json!({
            "DomainName": "logs",
            "Endpoints": { "vpc": "vpc-logs-x.eu-west-1.es.amazonaws.com" },
            "EngineVersion": "OpenSearch_2.11",
        }))
        .unwrap();
        let hosts = domain.into_hosts();
        assert_eq!(hosts.len(), 1);
        assert_eq!(hosts[0].host, "vpc-logs-x.eu-west-1.es.amazonaws.com");
        assert_eq!(hosts[0].engine.as_deref(), Some("OpenSearch 2.11"));
    }
}
