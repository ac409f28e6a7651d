//! Databases of RDS and Aurora: `DescribeDBInstances`, `DescribeDBClusters` (RDS API Reference,
//! version 2014-10-31).

use aws_credential_types::Credentials;

use super::pages::Pages;
use super::place::{Place, engine, port};
use super::{Reader, Reading, xml};
use crate::{AccessError, Host, HostKind, HostRole};

const VERSION: &str = "2014-10-31";

/// How many databases a page has: the most.
const PAGE: (&str, &str) = ("MaxRecords", "100");

const INSTANCES: Pages = Pages {
    reading: Reading::DbInstances,
    version: VERSION,
    most: PAGE,
    list: "DBInstances",
    next: "Marker",
};

const CLUSTERS: Pages = Pages {
    reading: Reading::DbClusters,
    list: "DBClusters",
    ..INSTANCES
};

impl Reader {
    /// One page of databases, and the marker of the next one.
    pub(crate) async fn db_instances(
        &self,
        marker: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        self.page(INSTANCES, marker, &[], credentials, instance)
            .await
    }

    /// One page of the endpoints of clusters, and the marker of the next one.
    pub(crate) async fn db_clusters(
        &self,
        marker: Option<&str>,
        credentials: &Credentials,
    ) -> Result<(Vec<Host>, Option<String>), AccessError> {
        self.page(CLUSTERS, marker, &[], credentials, cluster).await
    }
}

fn kind(engine: Option<&str>) -> HostKind {
    if engine.is_some_and(|engine| engine.starts_with("aurora")) {
        HostKind::Aurora
    } else {
        HostKind::Rds
    }
}

fn instance(item: &mut xml::Element<'_, '_>) -> Result<Option<Host>, AccessError> {
    let (mut name, mut place) = (None, Place::default());
    let (mut engine_name, mut version, mut status) = (None, None, None);
    xml::children(item, |tag, child| {
        match tag {
            "DBInstanceIdentifier" => name = xml::text(child)?,
            "Endpoint" => place = Place::read(child)?,
            "Engine" => engine_name = xml::text(child)?,
            "EngineVersion" => version = xml::text(child)?,
            "DBInstanceStatus" => status = xml::text(child)?,
            _ => {}
        }
        Ok(())
    })?;
    let Some((host, port)) = place.whole() else {
        return Ok(None);
    };
    Ok(Some(Host {
        kind: kind(engine_name.as_deref()),
        name: name.unwrap_or_else(|| host.clone()),
        role: HostRole::Instance,
        host,
        port,
        engine: engine(engine_name, version),
        status,
    }))
}

fn cluster(item: &mut xml::Element<'_, '_>) -> Result<Vec<Host>, AccessError> {
    let (mut name, mut number) = (None, None);
    let (mut engine_name, mut version, mut status) = (None, None, None);
    let mut ends = Vec::new();
    xml::children(item, |tag, child| {
        match tag {
            "DBClusterIdentifier" => name = xml::text(child)?,
            "Endpoint" => ends.push((HostRole::Writer, xml::text(child)?)),
            "ReaderEndpoint" => ends.push((HostRole::Reader, xml::text(child)?)),
            "CustomEndpoints" => xml::children(child, |_, member| {
                ends.push((HostRole::Custom, xml::text(member)?));
                Ok(())
            })?,
            "Port" => number = port(child)?,
            "Engine" => engine_name = xml::text(child)?,
            "EngineVersion" => version = xml::text(child)?,
            "Status" => status = xml::text(child)?,
            _ => {}
        }
        Ok(())
    })?;
    let Some(port) = number else {
        return Ok(Vec::new());
    };
    let kind = kind(engine_name.as_deref());
    let engine = engine(engine_name, version);
    let host = |(role, host): (HostRole, Option<String>)| {
        let host = host?;
        Some(Host {
            kind,
            name: name.clone().unwrap_or_else(|| host.clone()),
            role,
            host,
            port,
            engine: engine.clone(),
            status: status.clone(),
        })
    };
    Ok(ends.into_iter().filter_map(host).collect())
}
