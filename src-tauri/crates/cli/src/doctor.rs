//! `culvert doctor`: what is wrong, and what to do about it.

use std::time::Duration;

use tunnel_manager::Traces;
use tunnel_manager::doctor::{
    self, About, Business, Check, Examination, Finding, Judgement, Tunnels, report,
};
use tunnel_manager::tunnel::{AccessSettings, Environment, Problem, ProblemKind, TunnelConfig};

use crate::args::Doctor;
use crate::exit::Exit;
use crate::keys_for_now;
use crate::output::{Output, say};
use crate::reach::Reach;
use crate::saved;
use crate::stop::until_stopped;

/// Runs the checks and prints each as soon as those before it are done.
pub(crate) async fn run(wanted: Doctor) -> Exit {
    let json = wanted.json;
    let (sweep, session) = (wanted.sweep, wanted.session);
    let (mut access, mut tunnels, unread) = match patients(wanted) {
        Ok(found) => found,
        Err(problem) => {
            Output::new(json).failed(&problem);
            return Exit::from(&problem);
        }
    };
    // Without a tunnel it is the account that is there by default.
    if let Tunnels::All(tunnels) = &tunnels
        && tunnels.is_empty()
    {
        access.get_or_insert_default();
    }
    let of_tunnels = match &mut tunnels {
        Tunnels::One(tunnel) => std::slice::from_mut(&mut **tunnel),
        Tunnels::All(tunnels) => tunnels,
    };
    let of_tunnels = of_tunnels.iter_mut().map(|tunnel| &mut tunnel.access);
    let mut accounts: Vec<_> = access.iter_mut().chain(of_tunnels).collect();
    let reach = Reach::of_user(Output::new(json));
    for account in &mut accounts {
        reach.settle(account);
    }
    let signals = match keys_for_now::before_a_look(accounts, Output::new(json)).await {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    let environment = Environment::system();
    let examination = Examination {
        access,
        tunnels,
        running: Vec::new(),
        sweep,
        session,
        ledger: Traces::of_user().ledger,
        calls: environment.call_budget().clone(),
    };
    until_stopped(signals, Box::pin(examine(examination, unread, json))).await
}

async fn examine(examination: Examination, unread: Option<Finding>, json: bool) -> Exit {
    let told = |finding: &Finding| {
        say(&if json {
            report::json(finding)
        } else {
            report::text(finding)
        });
    };
    let mut findings: Vec<_> = unread.into_iter().inspect(told).collect();
    findings.extend(Box::pin(doctor::examine(examination, told)).await);
    if json {
        say(&report::summary_json(&findings));
    } else {
        say("");
        say(&report::summary_text(&findings));
    }
    match report::worst(&findings) {
        None => Exit::Success,
        Some(business) => Exit::Problem(kind(business)),
    }
}

/// The account that options name, besides the tunnel that is meant or all that are saved; and why
/// these can't be read, where that is so.
type Patients = (Option<AccessSettings>, Tunnels, Option<Finding>);

fn patients(wanted: Doctor) -> Result<Patients, Problem> {
    let saved = wanted.name.as_deref().map(saved::find).transpose()?;
    let is_one = saved.is_some() || !wanted.target.is_empty();
    let session = wanted.session;
    let names_account = wanted.names_account();
    let config = wanted.into_forward().into_config(saved.as_ref());
    if is_one {
        return Ok((None, Tunnels::One(Box::new(config)), None));
    }
    if session {
        return Err(Problem::new(
            ProblemKind::Settings,
            "no-tunnel",
            "A real session needs a tunnel.",
            "Name a saved one, or give --target and --remote-port.",
        ));
    }
    // That the saved ones can't be read keeps nobody from looking at the rest.
    let read = saved::store().and_then(|store| store.read().map_err(|e| e.problem()));
    let (all, unread) = match read {
        Ok(profiles) => {
            let all = profiles.iter().map(tunnel_manager::Profile::tunnel_config);
            (all.collect(), None)
        }
        Err(problem) => (Vec::<TunnelConfig>::new(), Some(unreadable(problem))),
    };
    let access = names_account.then_some(config.access);
    Ok((access, Tunnels::All(all), unread))
}

fn unreadable(problem: Problem) -> Finding {
    let (what, remedy) = (problem.what, problem.remedy);
    let judgement = Judgement::failed(Business::Settings, problem.code, what, remedy);
    Finding {
        check: Check::Settings,
        about: Some(About::Named("tunnels.toml".to_owned())),
        took: Duration::ZERO,
        judgement: Judgement {
            details: problem.details,
            ..judgement
        },
    }
}

fn kind(business: Business) -> ProblemKind {
    match business {
        Business::Settings => ProblemKind::Settings,
        Business::Listen => ProblemKind::Listen,
        Business::Credentials => ProblemKind::Credentials,
        Business::Permission => ProblemKind::Permission,
        Business::Target => ProblemKind::Target,
        Business::Network => ProblemKind::Network,
        Business::Service => ProblemKind::Service,
        Business::Protocol => ProblemKind::Protocol,
    }
}
