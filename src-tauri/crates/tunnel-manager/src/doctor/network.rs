//! The way to AWS, looked at with the eyes of a tunnel: each step to all hosts at once, so that it
//! takes no longer than the slowest of them.

use aws_access::Service;
use diagnostics::judge::{Answer, Certificate, Name, Proxied, Resolved, Upgrade};
use diagnostics::{Business, Fault};
use futures_util::future::join_all;
use tunnel::probe::{Certificates, Probe, ThroughProxy};

use super::facts::Facts;
use super::words::fault;

pub(super) async fn names(facts: &Facts) -> Vec<Result<Resolved, Fault>> {
    let probes = match facts.probes().await {
        Ok(probes) => probes,
        Err(fault) => return vec![Err(fault)],
    };
    let looking = spoken_to(probes.iter()).map(|probe| async {
        let found = probe.look_up().await.map_err(fault)?;
        Ok(Resolved {
            proxy_of: probe.is_proxied().then(|| probe.host().to_owned()),
            name: found.name,
            addresses: found.addresses,
        })
    });
    join_all(looking).await
}

pub(super) async fn connections(facts: &Facts) -> Vec<Result<(String, String), Fault>> {
    let probes = match facts.probes().await {
        Ok(probes) => probes,
        Err(fault) => return vec![Err(fault)],
    };
    let connecting = spoken_to(probes.iter()).map(|probe| async {
        let (name, address) = probe.connect().await.map_err(fault)?;
        Ok((name, address.to_string()))
    });
    join_all(connecting).await
}

/// Those that are spoken to at all: of a proxy that can't be used the check of proxies tells.
fn spoken_to<'a>(probes: impl Iterator<Item = &'a Probe>) -> impl Iterator<Item = &'a Probe> {
    probes.filter(|probe| !probe.has_unusable_proxy())
}

pub(super) async fn proxies(facts: &Facts) -> Vec<(String, Proxied)> {
    // Whoever needs this check has seen that they can be made.
    let probes = facts.probes().await.unwrap_or_default();
    let asking = probes.iter().map(|probe| async {
        let proxied = match probe.through_proxy().await {
            ThroughProxy::Direct => Proxied::Direct,
            ThroughProxy::Connected { proxy } => Proxied::Connected { proxy },
            ThroughProxy::Refused { problem } => Proxied::Failed {
                fault: fault(problem),
            },
        };
        (probe.host().to_owned(), proxied)
    });
    join_all(asking).await
}

pub(super) async fn certificates(facts: &Facts) -> Result<Vec<Certificate>, Fault> {
    let probes = facts.probes().await?;
    let secure = probes.iter().filter(|probe| probe.is_secure());
    let looking = secure.map(|probe| async {
        let Certificates {
            host,
            signers,
            problem,
        } = probe.certificates().await.map_err(fault)?;
        let name = |name: tunnel::probe::CertificateName| Name {
            organisation: name.organisation,
            common_name: name.common_name,
        };
        Ok(Certificate {
            host,
            signers: signers.into_iter().map(name).collect(),
            fault: problem.map(fault),
        })
    });
    join_all(looking).await.into_iter().collect()
}

/// Who answers a call, asked once for all who want to know.
pub(super) async fn answer(facts: &Facts) -> Result<&Answer, Fault> {
    let asked = facts.answer.get_or_init(|| async {
        let probe = facts.ssm().await?;
        let answer = probe.ask().await.map_err(fault)?;
        Ok(Answer {
            host: probe.host().to_owned(),
            clock_ahead: answer.clock_ahead,
        })
    });
    asked.await.as_ref().map_err(Clone::clone)
}

pub(super) async fn upgrade(facts: &Facts) -> Result<Upgrade, Fault> {
    let probe: Probe = facts.gateway().await?;
    let answer = probe.upgrade().await.map_err(fault)?;
    Ok(Upgrade {
        host: probe.host().to_owned(),
        status: answer.status,
    })
}

/// Why a call did not come through to a service that is not among those whose way is looked at:
/// the first step of the way that fails says it better than the call does.
pub(super) async fn where_it_ends(facts: &Facts, service: Service, of_call: Fault) -> Fault {
    match of_call.business {
        Business::Network => {}
        Business::Settings
        | Business::Listen
        | Business::Credentials
        | Business::Permission
        | Business::Target
        | Business::Service
        | Business::Protocol => return of_call,
    }
    let way = async {
        let probe = facts.probe(service).await?;
        probe.look_up().await.map_err(fault)?;
        probe.connect().await.map_err(fault)?;
        match probe.through_proxy().await {
            ThroughProxy::Direct | ThroughProxy::Connected { .. } => {}
            ThroughProxy::Refused { problem } => return Err(fault(problem)),
        }
        if probe.is_secure()
            && let Some(problem) = probe.certificates().await.map_err(fault)?.problem
        {
            return Err(fault(problem));
        }
        Ok(())
    };
    match way.await {
        // The way is open now: the call's own word stands.
        Ok(()) => of_call,
        Err(fault) => Fault {
            what: format!("{service} can't be reached. {}", fault.what),
            ..fault
        },
    }
}
