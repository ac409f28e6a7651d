//! What the checks of one account share: who asks, and what was found out already.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::SystemTime;

use aws_access::{Access, Caller, ProfileList, SessionPreferences, Severity, Source, utc};
use diagnostics::judge::{self, AgentWants, Port, PortTaken};
use diagnostics::{Business, Fault, Judgement, Said, Verdict};
use tokio::sync::OnceCell;
use tunnel::{
    AccessSettings, BindAddress, CallBudget, Destination, Listen, ListenError, TunnelConfig,
    can_listen, probe::Probe,
};
use url::Url;

use super::words::{access_fault, fault};

/// What the checks of one account share.
pub(super) struct Facts {
    pub(super) settings: AccessSettings,
    pub(super) calls: CallBudget,
    access: OnceCell<Access>,
    caller: OnceCell<Result<Caller, Fault>>,
    pub(super) answer: OnceCell<Result<judge::Answer, Fault>>,
    pub(super) preferences: OnceLock<Option<SessionPreferences>>,
}

impl Facts {
    pub(super) fn new(settings: AccessSettings, calls: CallBudget) -> Self {
        Self {
            settings,
            calls,
            access: OnceCell::new(),
            caller: OnceCell::new(),
            answer: OnceCell::new(),
            preferences: OnceLock::new(),
        }
    }

    /// Reads the settings, and says where they lead.
    pub(super) async fn load(&self) -> Judgement {
        self.read().await.unwrap_or_else(Judgement::from)
    }

    async fn read(&self) -> Result<Judgement, Fault> {
        let access = self.access().await?;
        let settings = &self.settings;
        let fixed = &settings.static_credentials;
        let (name, of, who) = match (fixed, &settings.keys, &settings.profile) {
            (Some(_), _, _) => ("own-keys", "", "Keys of one's own".to_owned()),
            (None, Some(keys), _) => (
                "keys-of-keyring",
                keys.as_str(),
                format!("Keys {keys} of the keyring"),
            ),
            (None, None, Some(profile)) => {
                ("profile", profile.as_str(), format!("Profile {profile}"))
            }
            (None, None, None) => (
                "default-credentials",
                "",
                "The default credentials".to_owned(),
            ),
        };
        let region = access.region();
        let mut words = format!("{who}, region {region}.");
        let mut said = vec![Said::of(name, [("name", &of), ("region", &region)])];
        if let Some(ssm) = access.endpoints().overridden(aws_access::Service::Ssm) {
            words.push_str(&format!(" Calls go to {ssm}, not to AWS's own address."));
            said.push(Said::of("other-endpoint", [("endpoint", &ssm)]));
        }
        let bundle = access.trust().bundle_roots();
        if bundle > 0 {
            words.push_str(&format!(
                " {bundle} of the trusted roots come from a CA bundle."
            ));
            said.push(Said::of("roots-of-bundle", [("count", &bundle)]));
        }
        Ok(Judgement {
            said,
            ..Judgement::ok(words)
        })
    }

    /// Adds a region that nobody knows, or a config file that can't be read, with which AWS's tools go
    /// on as if there were none.
    pub(super) async fn with_doubts(&self, settings: Judgement) -> Judgement {
        let reads_files =
            self.settings.keys.is_none() && self.settings.static_credentials.is_none();
        if settings.verdict != Verdict::Ok {
            return settings;
        }
        // A slip there is no wrong form, and would show as a name that can't be resolved.
        let doubt = self.access.get().and_then(Access::region_doubt);
        if let Some(doubt) = doubt {
            return doubted(
                settings,
                Judgement::warning(doubt.code(), doubt.what(), doubt.remedy()),
                &doubt.facts(),
            );
        }
        if !reads_files {
            return settings;
        }
        let faults = ProfileList::read().await.faults;
        let broken = faults
            .iter()
            .find(|fault| fault.severity() == Severity::Broken);
        match broken {
            Some(fault) => {
                let what = format!("{}: {}", fault.place(), fault.what());
                let doubt = Judgement::warning(fault.code(), what, fault.remedy());
                doubted(settings, doubt, &fault.facts())
            }
            None => settings,
        }
    }

    /// Who asks.
    pub(super) async fn access(&self) -> Result<&Access, Fault> {
        let load = || async {
            Box::pin(Access::load(self.settings.clone()))
                .await
                .map_err(access_fault)
        };
        self.access.get_or_try_init(load).await
    }

    /// The same when it is this check's turn to call.
    pub(super) async fn caller_of_aws(&self) -> Result<&Access, Fault> {
        let access = self.access().await?;
        self.calls.permit().await;
        Ok(access)
    }

    pub(super) async fn credentials(&self) -> Result<judge::Credentials, Fault> {
        let access = self.access().await?;
        let until = access.credentials_end().await.map_err(access_fault)?;
        Ok(judge::Credentials {
            until: until.map(|until| {
                let left = until.duration_since(SystemTime::now());
                (left.unwrap_or_default(), utc(until))
            }),
        })
    }

    /// Whose the credentials are, asked once for all who want to know.
    pub(super) async fn identity(&self) -> Result<judge::Identity, Fault> {
        let asked = self.caller.get_or_init(|| async {
            let access = self.caller_of_aws().await?;
            access.caller().await.map_err(access_fault)
        });
        let Caller { account, arn } = asked.await.clone()?;
        Ok(judge::Identity { account, arn })
    }

    /// Whose the credentials are, if that was found out.
    pub(super) fn caller(&self) -> Result<&Caller, Fault> {
        let known = self.caller.get().and_then(|asked| asked.as_ref().ok());
        known.ok_or_else(|| Fault {
            business: Business::Service,
            code: "identity-unknown".to_owned(),
            what: "Whose the credentials are was not found out.".to_owned(),
            remedy: "See \"Identity\".".to_owned(),
            details: String::new(),
            facts: Box::default(),
        })
    }

    /// The addresses that a tunnel needs: the service's, the gateway's if it is another, and that
    /// of STS if it is where the credentials come from.
    pub(super) async fn probes(&self) -> Result<Vec<Probe>, Fault> {
        let access = self.access().await?;
        let (ssm, gateway) = endpoints(access)?;
        let mut urls = vec![ssm, gateway];
        if self.asks_sts().await
            && let Some(sts) = access.endpoints().get(aws_access::Service::Sts)
        {
            urls.push(sts.url.url().clone());
        }
        let mut probes = Vec::new();
        let mut seen = HashSet::new();
        for url in urls.iter().filter(|url| seen.insert(*url)) {
            probes.push(Probe::new(access, url).map_err(fault)?);
        }
        Ok(probes)
    }

    /// The way to one service.
    pub(super) async fn probe(&self, service: aws_access::Service) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let place = access.endpoints().get(service).ok_or_else(|| Fault {
            business: Business::Settings,
            code: "invalid-region".to_owned(),
            what: format!("There is no address of {service} in this region."),
            remedy: "Give a region, such as eu-central-1.".to_owned(),
            details: String::new(),
            facts: Box::new([("service", service.to_string())].into()),
        })?;
        Probe::new(access, place.url.url()).map_err(fault)
    }

    /// Whether no credentials come without STS: the profile is a role.
    async fn asks_sts(&self) -> bool {
        let settings = &self.settings;
        let Some(name) = settings.profile.as_ref() else {
            return false;
        };
        if settings.static_credentials.is_some() || settings.keys.is_some() {
            return false;
        }
        let list = ProfileList::read().await;
        let path = list.get(name).and_then(|profile| profile.path.as_ref());
        path.is_some_and(|path| match path.source {
            Source::WebIdentity { .. } => true,
            Source::Keys { .. }
            | Source::SsoSession { .. }
            | Source::SsoPortal { .. }
            | Source::Console { .. }
            | Source::Process { .. }
            | Source::Environment
            | Source::Instance
            | Source::Container => !path.roles.is_empty(),
        })
    }

    pub(super) async fn ssm(&self) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let (ssm, _) = endpoints(access)?;
        Probe::new(access, &ssm).map_err(fault)
    }

    pub(super) async fn gateway(&self) -> Result<Probe, Fault> {
        let access = self.access().await?;
        let (_, gateway) = endpoints(access)?;
        Probe::new(access, &gateway).map_err(fault)
    }
}

/// What is set, and what is wrong about it.
fn doubted(settings: Judgement, doubt: Judgement, facts: &[(&'static str, String)]) -> Judgement {
    let mut said = settings.said;
    let mut own = doubt.said;
    for said in &mut own {
        said.facts.extend(facts.iter().cloned());
    }
    said.append(&mut own);
    Judgement {
        what: format!("{} {}", settings.what, doubt.what),
        said,
        ..doubt
    }
}

/// Where the service and the gateway are asked. The gateway of a service on this machine is
/// there as well.
fn endpoints(access: &Access) -> Result<(Url, Url), Fault> {
    use aws_access::Service::{Ssm, SsmMessages};
    let endpoints = access.endpoints();
    let of = |service| endpoints.get(service).map(|found| found.url.url().clone());
    let none = || Fault {
        business: Business::Settings,
        code: "invalid-region".to_owned(),
        what: format!("Region {} has no address of its own.", endpoints.region()),
        remedy: "Give a region, such as eu-central-1.".to_owned(),
        details: String::new(),
        facts: Box::new([("regionWithout", endpoints.region().to_string())].into()),
    };
    let ssm = of(Ssm).ok_or_else(none)?;
    let is_here = endpoints
        .overridden(Ssm)
        .is_some_and(|ssm| ssm.is_loopback());
    let gateway = match endpoints.overridden(SsmMessages) {
        None if is_here => ssm.clone(),
        Some(_) | None => of(SsmMessages).ok_or_else(none)?,
    };
    Ok((ssm, gateway))
}

pub(super) fn agent_wants(tunnel: &TunnelConfig) -> AgentWants {
    let (remote_host, single_stream) = match &tunnel.destination {
        Destination::Port(_) => (false, false),
        Destination::RemoteHost { .. } => (true, false),
        Destination::Stream { .. } => (false, true),
        Destination::Document { parameters, .. } => (parameters.contains_key("host"), false),
    };
    AgentWants {
        remote_host,
        single_stream,
    }
}

/// Tries whether a tunnel could listen, unless it `runs` here and so does already.
pub(super) async fn port(listen: &Listen, runs: bool) -> Port {
    let place = match &listen.address {
        BindAddress::Localhost => format!("localhost:{}", listen.port),
        BindAddress::Ip(address) => std::net::SocketAddr::from((*address, listen.port)).to_string(),
        BindAddress::Unix(path) => path.display().to_string(),
    };
    let is_any = match &listen.address {
        BindAddress::Localhost | BindAddress::Ip(_) => listen.port == 0,
        BindAddress::Unix(_) => false,
    };
    if runs {
        return Port::Own(place);
    }
    match can_listen(listen).await {
        Ok(()) if is_any => Port::Any,
        Ok(()) => Port::Free(place),
        Err(ListenError::PortInUse {
            holder: Some(holder),
            ..
        }) if holder.is_culvert => Port::Culvert(PortTaken {
            place,
            pid: holder.pid,
        }),
        Err(error) => Port::Unusable(fault(error.problem())),
    }
}
