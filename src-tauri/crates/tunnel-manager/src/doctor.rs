//! The doctor: gathers the facts, and has them judged.
//!
//! What is asked of AWS and of the machine is asked here, with the settings, proxies, roots and
//! calls of the tunnels themselves; what the answers mean is decided in the crate `diagnostics`.

mod account;
mod accounts;
mod facts;
mod iam;
mod network;
mod opening;
mod reached;
mod words;

use std::sync::Arc;
use std::time::Duration;

use aws_access::Service;
pub use diagnostics::{About, Business, Check, Finding, Judgement, Said, Skipped, Verdict, report};
use diagnostics::{JobId, Plan, judge};
use tunnel::{AccessSettings, CallBudget, Destination, Ledger, TunnelConfig};

pub use iam::{Note, NoteCode, Policy, iam_policy};

use accounts::Account;
use facts::Facts;
use reached::Reached;

/// How long a check may take: an API call and finding credentials for it take 10 s each at most,
/// and so does a step of the way, which is made to all hosts at once.
const LIMIT: Duration = Duration::from_secs(25);

/// The same for those that wait for more: a sweep, a real session, a call after which the way is
/// looked at.
const LONG_LIMIT: Duration = Duration::from_secs(45);

/// What is examined.
#[derive(Debug, Clone)]
pub struct Examination {
    /// Whose account and which way, besides those of [`Tunnels::All`]; `None`: only theirs, or the
    /// default where there are none.
    pub access: Option<AccessSettings>,
    /// What is looked at besides.
    pub tunnels: Tunnels,
    /// Names of those among them that run in this program, as they are looked at: whoever listens
    /// there is the tunnel itself.
    pub running: Vec<String>,
    /// Whether sessions of ours that nobody uses are ended.
    pub sweep: bool,
    /// Whether a real session is opened and closed, where there is one tunnel.
    pub session: bool,
    /// The sessions that this machine knows of.
    pub ledger: Ledger,
    /// How many calls are made at once.
    pub calls: CallBudget,
}

/// The tunnels that are looked at.
#[derive(Debug, Clone)]
pub enum Tunnels {
    /// This one, thoroughly.
    One(Box<TunnelConfig>),
    /// All of these, briefly: port, target and agent of each, and once for all that share their
    /// settings the way and the account.
    All(Vec<TunnelConfig>),
}

/// Makes all checks, those that can at once. `told` hears each finding as soon as those before
/// it are there.
pub async fn examine(examination: Examination, told: impl FnMut(&Finding)) -> Vec<Finding> {
    let Examination {
        access,
        tunnels,
        running,
        sweep,
        session,
        ledger,
        calls,
    } = examination;
    let mut plan = Plan::default();
    match tunnels {
        Tunnels::One(tunnel) => {
            let facts = Arc::new(Facts::new(tunnel.access.clone(), calls.clone()));
            let tunnel = Arc::new(*tunnel);
            let way = before(&mut plan, &facts, None, Some((&tunnel, &running)));
            one(&mut plan, &facts, &tunnel, way);
            let needs = [way.identity];
            ghosts(
                &mut plan,
                vec![facts],
                &needs,
                (ledger.clone(), calls),
                sweep,
            );
            if session {
                let needs = [way.identity, way.websocket];
                plan.add(Check::Session, None, &needs, LONG_LIMIT, async move {
                    judge::real_session(opening::open(&tunnel, ledger, opening::OPENING).await)
                });
            }
        }
        Tunnels::All(tunnels) => {
            let accounts = Account::of(access, tunnels);
            let are_several = accounts.len() > 1;
            let (mut all, mut needs) = (Vec::new(), Vec::new());
            for of_account in accounts {
                let about = are_several.then(|| of_account.about());
                let about = about.as_ref();
                let facts = Arc::new(Facts::new(of_account.settings, calls.clone()));
                let way = before(&mut plan, &facts, about, None);
                account(&mut plan, &facts, about, way);
                for tunnel in &of_account.tunnels {
                    let named = About::Named(tunnel.name.clone());
                    local_port(&mut plan, Some(&named), (tunnel, &running));
                    briefly(&mut plan, tunnel, &facts, way);
                }
                // One account that can't be asked keeps nobody from asking the others.
                if !are_several {
                    needs.push(way.identity);
                }
                all.push(facts);
            }
            let unasked = async { judge::start_session_unasked() };
            plan.add(Check::StartSession, None, &[], LIMIT, unasked);
            ghosts(&mut plan, all, &needs, (ledger, calls), sweep);
        }
    }
    Box::pin(plan.run(told)).await
}

/// The checks that others need.
#[derive(Clone, Copy)]
struct Way {
    credentials: JobId,
    portal: JobId,
    websocket: JobId,
    identity: JobId,
}

/// This machine, the way to AWS, and who one is there.
fn before(
    plan: &mut Plan<'_>,
    facts: &Arc<Facts>,
    about: Option<&About>,
    tunnel: Option<(&TunnelConfig, &[String])>,
) -> Way {
    let with = || Arc::clone(facts);
    let f = with();
    let settings = plan.add(Check::Settings, about, &[], LIMIT, async move {
        f.with_doubts(f.load().await).await
    });
    if let Some(tunnel) = tunnel {
        local_port(plan, about, tunnel);
    }
    let f = with();
    let credentials = plan.add(Check::Credentials, about, &[settings], LIMIT, async move {
        judge::credentials(f.credentials().await)
    });
    let f = with();
    let dns = plan.add(Check::Dns, about, &[settings], LIMIT, async move {
        judge::dns(network::names(&f).await)
    });
    let f = with();
    let tcp = plan.add(Check::Tcp, about, &[dns], LIMIT, async move {
        judge::tcp(network::connections(&f).await)
    });
    let f = with();
    let proxy = plan.add(Check::Proxy, about, &[tcp], LIMIT, async move {
        judge::proxy(network::proxies(&f).await)
    });
    let f = with();
    let tls = plan.add(Check::Tls, about, &[proxy], LIMIT, async move {
        match network::certificates(&f).await {
            Ok(shown) => judge::tls(&shown),
            Err(fault) => fault.into(),
        }
    });
    let f = with();
    let portal = plan.add(Check::CaptivePortal, about, &[tls], LIMIT, async move {
        judge::captive_portal(network::answer(&f).await)
    });
    let f = with();
    let clock = plan.add(Check::Clock, about, &[portal], LIMIT, async move {
        judge::clock(network::answer(&f).await)
    });
    let f = with();
    let websocket = plan.add(Check::WebSocket, about, &[tls], LIMIT, async move {
        judge::websocket(network::upgrade(&f).await)
    });
    let f = with();
    let needs = [credentials, clock];
    let identity = plan.add(Check::Identity, about, &needs, LONG_LIMIT, async move {
        let asked = match f.identity().await {
            Ok(identity) => Ok(identity),
            Err(fault) => Err(network::where_it_ends(&f, Service::Sts, fault).await),
        };
        judge::identity(asked)
    });
    Way {
        credentials,
        portal,
        websocket,
        identity,
    }
}

/// The target, what is allowed, and what the account has set, for one tunnel.
fn one(plan: &mut Plan<'_>, facts: &Arc<Facts>, tunnel: &Arc<TunnelConfig>, way: Way) {
    let needs = [way.identity];
    let reached = Arc::new(Reached::new(Arc::clone(facts), tunnel));
    target_and_agent(plan, None, &reached, tunnel, &needs);
    let f = Arc::clone(facts);
    let (r, document) = (Arc::clone(&reached), document(tunnel));
    plan.add(Check::StartSession, None, &needs, LIMIT, async move {
        account::may_start(&f, &r, document).await
    });
    account(plan, facts, None, way);
    let f = Arc::clone(facts);
    let wants = account::wants(tunnel);
    let preferences = plan.add(Check::Preferences, None, &needs, LIMIT, async move {
        account::preferences(&f, wants).await
    });
    let f = Arc::clone(facts);
    let needs = [way.identity, preferences];
    plan.add(Check::SessionKey, None, &needs, LONG_LIMIT, async move {
        account::session_key(&f, &reached).await
    });
}

/// What is allowed on sessions of one's own.
fn account(plan: &mut Plan<'_>, facts: &Arc<Facts>, about: Option<&About>, way: Way) {
    let needs = [way.identity];
    let f = Arc::clone(facts);
    plan.add(Check::ResumeSession, about, &needs, LIMIT, async move {
        account::may_resume(&f).await
    });
    let f = Arc::clone(facts);
    plan.add(Check::TerminateSession, about, &needs, LIMIT, async move {
        account::may_terminate(&f).await
    });
}

fn ghosts(
    plan: &mut Plan<'_>,
    accounts: Vec<Arc<Facts>>,
    needs: &[JobId],
    (ledger, calls): (Ledger, CallBudget),
    sweep: bool,
) {
    plan.add(Check::Ghosts, None, needs, LONG_LIMIT, async move {
        account::ghosts(&accounts, &calls, &ledger, sweep).await
    });
}

/// Whether a tunnel can listen, or is among those that are running and does.
fn local_port(
    plan: &mut Plan<'_>,
    about: Option<&About>,
    (tunnel, running): (&TunnelConfig, &[String]),
) {
    let listen = tunnel.listen.clone();
    let runs = running.contains(&tunnel.name);
    plan.add(Check::LocalPort, about, &[], LIMIT, async move {
        judge::local_port(facts::port(&listen, runs).await)
    });
}

fn target_and_agent(
    plan: &mut Plan<'_>,
    about: Option<&About>,
    reached: &Arc<Reached>,
    tunnel: &TunnelConfig,
    needs: &[JobId],
) {
    let r = Arc::clone(reached);
    let target = plan.add(Check::Target, about, needs, LIMIT, async move {
        r.judge_target().await
    });
    let (r, wants) = (Arc::clone(reached), facts::agent_wants(tunnel));
    plan.add(Check::Agent, about, &[target], LIMIT, async move {
        r.judge_agent(wants).await
    });
}

/// One of many: what is its own. What it shares with others is looked at once, for all.
fn briefly(plan: &mut Plan<'_>, tunnel: &TunnelConfig, facts: &Arc<Facts>, way: Way) {
    let about = About::Named(tunnel.name.clone());
    let reached = Arc::new(Reached::new(Arc::clone(facts), tunnel));
    let needs = [way.portal, way.credentials];
    target_and_agent(plan, Some(&about), &reached, tunnel, &needs);
}

/// The document that a tunnel's sessions are started with.
fn document(tunnel: &TunnelConfig) -> String {
    match &tunnel.destination {
        Destination::Port(_) => "AWS-StartPortForwardingSession",
        Destination::RemoteHost { .. } => "AWS-StartPortForwardingSessionToRemoteHost",
        Destination::Stream { .. } => "AWS-StartSSHSession",
        Destination::Document { name, .. } => name,
    }
    .to_owned()
}
