//! Whose account it is, and where AWS is asked.

use aws_access::{AccessSettings, EndpointUrl, Endpoints, Service, WrittenAddress};
use clap::Args as ClapArgs;
use tunnel_manager::tunnel::TunnelConfig;

/// Whose account, where, and why.
#[derive(Debug, ClapArgs)]
pub(crate) struct Aws {
    #[command(flatten)]
    whose: Whose,
    /// Reason for the account's audit trail, 1 to 256 characters
    #[arg(long, value_parser = reason)]
    pub(crate) reason: Option<String>,
}

/// Whose account, and where.
#[derive(Debug, ClapArgs)]
pub(crate) struct Whose {
    /// Profile of the AWS config files
    #[arg(long)]
    profile: Option<String>,
    /// Keys in the system's keyring, by the name that "culvert keys add" gave them
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    keys: Option<String>,
    /// Region
    #[arg(long)]
    region: Option<String>,
    /// URL of Systems Manager instead of AWS's own
    #[arg(long)]
    endpoint_url: Option<WrittenAddress>,
    #[command(flatten)]
    places: Places,
}

/// Where AWS is asked, service by service.
#[derive(Debug, ClapArgs)]
struct Places {
    /// URL of one service instead of AWS's own, such as sts=https://…; may be given for each.
    /// That of ssmmessages is where the data channels go
    #[arg(long = "endpoint", value_name = "SERVICE=URL", value_parser = endpoint)]
    endpoints: Vec<(Service, EndpointUrl)>,
    /// Use AWS's endpoints with validated cryptography (FIPS 140)
    #[arg(long)]
    fips: bool,
    /// Use AWS's endpoints that have IPv6 addresses, too
    #[arg(long)]
    dual_stack: bool,
}

impl Aws {
    pub(super) fn names_account(&self) -> bool {
        self.whose.is_given()
    }

    /// Sets what is given; the rest stays as it is.
    pub(super) fn put_into(self, config: &mut TunnelConfig) {
        self.whose.put_into(&mut config.access);
        if self.reason.is_some() {
            config.reason = self.reason;
        }
    }
}

impl Whose {
    fn is_given(&self) -> bool {
        let Self {
            profile,
            keys,
            region,
            endpoint_url,
            places,
        } = self;
        let given = [profile, keys, region];
        given.into_iter().any(Option::is_some) || endpoint_url.is_some() || places.are_given()
    }

    /// Sets what is given; the rest stays as it is.
    pub(crate) fn put_into(self, access: &mut AccessSettings) {
        // Each takes the place of the other, where a saved tunnel has one.
        if self.keys.is_some() {
            access.profile = None;
        }
        if self.profile.is_some() {
            access.keys = None;
        }
        // A saved place of the same service would win over it.
        if self.endpoint_url.is_some() {
            access.endpoints.urls.remove(&Service::Ssm);
            access.endpoint_url = self.endpoint_url;
        }
        let given = [
            (self.profile, &mut access.profile),
            (self.keys, &mut access.keys),
            (self.region, &mut access.region),
        ];
        for (value, setting) in given {
            if value.is_some() {
                *setting = value;
            }
        }
        self.places.put_into(&mut access.endpoints);
    }
}

impl Places {
    fn are_given(&self) -> bool {
        let Self {
            endpoints,
            fips,
            dual_stack,
        } = self;
        !endpoints.is_empty() || *fips || *dual_stack
    }

    /// Sets what is given; the rest stays as it is.
    fn put_into(self, endpoints: &mut Endpoints) {
        endpoints.urls.extend(self.endpoints);
        if self.fips {
            endpoints.fips = Some(true);
        }
        if self.dual_stack {
            endpoints.dual_stack = Some(true);
        }
    }
}

fn endpoint(value: &str) -> Result<(Service, EndpointUrl), String> {
    let (service, url) = value
        .split_once('=')
        .ok_or_else(|| "give a service and its URL, such as sts=https://sts.example".to_owned())?;
    let service = service
        .parse::<Service>()
        .map_err(|error| error.to_string())?;
    let url = url.parse::<EndpointUrl>().map_err(|error| error.what())?;
    Ok((service, url))
}

/// StartSession takes a reason of 1 to 256 characters (docs/protocol.md, section 1).
fn reason(value: &str) -> Result<String, String> {
    match value.chars().count() {
        1..=256 => Ok(value.to_owned()),
        _ => Err("a reason has 1 to 256 characters".to_owned()),
    }
}
