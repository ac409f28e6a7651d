//! Caches of ElastiCache: `DescribeReplicationGroups`, `DescribeCacheClusters`,
//! `DescribeServerlessCaches` (ElastiCache API Reference, version 2015-02-02).

use aws_credential_types::Credentials;

use super::pages::Pages;
use super::place::{Place, engine};
use super::{Reader, Reading, xml};
use crate::{AccessError, Host, HostKind, HostRole};

const VERSION: &str = "2015-02-02";

/// How many groups or clusters a page has: the most.
const PAGE: (&str, &str) = ("MaxRecords", "100");

const GROUPS: Pages = Pages {
    reading: Reading::ReplicationGroups,
    version: VERSION,
    most: PAGE,
    list: "ReplicationGroups",
    next: "Marker",
};

const CLUSTERS: Pages = Pages {
    reading: Reading::CacheClusters,
    list: "CacheClusters",
    ..GROUPS
};

const SERVERLESS: Pages = Pages {
    reading: Reading::ServerlessCaches,
    version: VERSION,
    most: ("MaxResults", "50"),
    list: "ServerlessCaches",
    next: "NextToken",
};

impl Reader {
    /// One page of the endpoints of replication groups, and the marker of the next one.
    pub(crate) async fn replication_groups(
        &self,
        marker: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        self.page(GROUPS, marker, &[], credentials, replication_group)
            .await
    }

    /// One page of the endpoints of clusters, and the marker of the next one. Nodes of a
    /// replication group are among them.
    pub(crate) async fn cache_clusters(
        &self,
        marker: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        let with_nodes = [("ShowCacheNodeInfo", "true")];
        self.page(CLUSTERS, marker, &with_nodes, credentials, cache_cluster)
            .await
    }

    /// One page of the endpoints of serverless caches, and the token of the next one.
    pub(crate) async fn serverless_caches(
        &self,
        token: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        self.page(SERVERLESS, token, &[], credentials, serverless_cache)
            .await
    }
}

/// What has been read of a cache.
#[derive(Debug, Default)]
struct Cache {
    name: Option<String>,
    engine: Option<String>,
    version: Option<String>,
    status: Option<String>,
    ends: Vec<(HostRole, Option<String>, Place)>,
}

impl Cache {
    fn hosts(self) -> Vec<Host> {
        let engine = engine(self.engine, self.version);
        let host = |(role, node, place): (HostRole, Option<String>, Place)| {
            let (host, port) = place.whole()?;
            let name = self.name.as_deref().unwrap_or(&host);
            Some(Host {
                kind: HostKind::Elasticache,
                name: match node {
                    Some(node) => format!("{name}/{node}"),
                    None => name.to_owned(),
                },
                role,
                host,
                port,
                engine: engine.clone(),
                status: self.status.clone(),
            })
        };
        self.ends.into_iter().filter_map(host).collect()
    }
}

fn replication_group(item: &mut xml::Element<'_, '_>) -> Result<Vec<Host>, AccessError> {
    let mut cache = Cache::default();
    xml::children(item, |name, child| {
        match name {
            "ReplicationGroupId" => cache.name = xml::text(child)?,
            "Engine" => cache.engine = xml::text(child)?,
            "Status" => cache.status = xml::text(child)?,
            "ConfigurationEndpoint" => {
                let place = Place::read(child)?;
                cache.ends.push((HostRole::Configuration, None, place));
            }
            "NodeGroups" => xml::children(child, |_, group| {
                xml::children(group, |name, child| {
                    let role = match name {
                        "PrimaryEndpoint" => HostRole::Writer,
                        "ReaderEndpoint" => HostRole::Reader,
                        _ => return Ok(()),
                    };
                    cache.ends.push((role, None, Place::read(child)?));
                    Ok(())
                })
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(cache.hosts())
}

fn cache_cluster(item: &mut xml::Element<'_, '_>) -> Result<Vec<Host>, AccessError> {
    let mut cache = Cache::default();
    xml::children(item, |name, child| {
        match name {
            "CacheClusterId" => cache.name = xml::text(child)?,
            "Engine" => cache.engine = xml::text(child)?,
            "EngineVersion" => cache.version = xml::text(child)?,
            "CacheClusterStatus" => cache.status = xml::text(child)?,
            "ConfigurationEndpoint" => {
                let place = Place::read(child)?;
                cache.ends.push((HostRole::Configuration, None, place));
            }
            "CacheNodes" => xml::children(child, |_, node| {
                let (mut id, mut place) = (None, Place::default());
                xml::children(node, |name, child| {
                    match name {
                        "CacheNodeId" => id = xml::text(child)?,
                        "Endpoint" => place = Place::read(child)?,
                        _ => {}
                    }
                    Ok(())
                })?;
                cache.ends.push((HostRole::Instance, id, place));
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(cache.hosts())
}

fn serverless_cache(item: &mut xml::Element<'_, '_>) -> Result<Vec<Host>, AccessError> {
    let mut cache = Cache::default();
    xml::children(item, |name, child| {
        match name {
            "ServerlessCacheName" => cache.name = xml::text(child)?,
            "Engine" => cache.engine = xml::text(child)?,
            "FullEngineVersion" => cache.version = xml::text(child)?,
            "Status" => cache.status = xml::text(child)?,
            "Endpoint" => {
                let place = Place::read(child)?;
                cache.ends.push((HostRole::Endpoint, None, place));
            }
            "ReaderEndpoint" => {
                let place = Place::read(child)?;
                cache.ends.push((HostRole::Reader, None, place));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(cache.hosts())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serverless_cache_has_an_endpoint_and_a_reader() {
        let answer = "<DescribeServerlessCachesResponse><DescribeServerlessCachesResult>\
            <ServerlessCaches><member><ServerlessCacheName>orders</ServerlessCacheName>\
            <Engine>valkey</Engine><FullEngineVersion>7.2</FullEngineVersion>\
            <Status>available</Status>\
            <Endpoint><Address>orders.serverless.x</Address><Port>6379</Port></Endpoint>\
            <ReaderEndpoint><Address>orders.serverless.x</Address><Port>6380</Port></ReaderEndpoint>\
            </member><member><ServerlessCacheName>new</ServerlessCacheName></member>\
            </ServerlessCaches><NextToken>t</NextToken>\
            </DescribeServerlessCachesResult></DescribeServerlessCachesResponse>";
        let (hosts, next) = SERVERLESS.read(answer, serverless_cache).unwrap();
        assert_eq!(next.as_deref(), Some("t"));
        let ends: Vec<_> = hosts.iter().map(|host| (host.role, host.port)).collect();
        assert_eq!(ends, [(HostRole::Endpoint, 6379), (HostRole::Reader, 6380)]);
        assert_eq!(hosts[0].engine.as_deref(), Some("valkey 7.2"));
    }

    #[test]
    fn a_memcached_cluster_has_its_configuration_and_its_nodes() {
        let answer = "<CacheClusters><CacheCluster><CacheClusterId>mem</CacheClusterId>\
            <Engine>memcached</Engine><ConfigurationEndpoint><Address>mem.cfg</Address>\
            <Port>11211</Port></ConfigurationEndpoint><CacheNodes><CacheNode>\
            <CacheNodeId>0001</CacheNodeId><Endpoint><Address>mem.0001</Address>\
            <Port>11211</Port></Endpoint></CacheNode></CacheNodes></CacheCluster>\
            </CacheClusters>";
        let answer = format!(
            "<DescribeCacheClustersResponse><DescribeCacheClustersResult>{answer}\
             </DescribeCacheClustersResult></DescribeCacheClustersResponse>"
        );
        let (hosts, _) = CLUSTERS.read(&answer, cache_cluster).unwrap();
        let names: Vec<_> = hosts
            .iter()
            .map(|host| (host.name.as_str(), host.role))
            .collect();
        assert_eq!(
            names,
            [
                ("mem", HostRole::Configuration),
                ("mem/0001", HostRole::Instance)
            ]
        );
    }
}
