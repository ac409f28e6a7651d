//! Ends the sessions that dead processes have left behind.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_access::{
    Access, AccessError, AccessSettings, EndpointUrl, Endpoints, Service, WrittenAddress,
};
use futures_util::StreamExt as _;
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};
use tunnel_proto::{Problem, ProblemKind};
use url::{Host, Url};

use super::book::{self, Claim};
use super::{Ledger, Started, of_environment};
use crate::{CallBudget, access};

/// How long a sweep may take. What is not ended by then, the next start looks at again.
const SWEEP_LIMIT: Duration = Duration::from_secs(10);

/// Sessions that are being ended at a time: nobody waits for them, and a tunnel that starts
/// meanwhile shall hardly have to wait for a call of its own.
const AT_A_TIME: usize = 4;

/// How long loopback may take to say that nobody listens.
const LOOPBACK_LIMIT: Duration = Duration::from_secs(1);

/// A session that an earlier process has left behind, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ghost {
    /// The session.
    pub session_id: String,
    /// What became of it.
    pub end: GhostEnd,
}

/// What became of a session that an earlier process has left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GhostEnd {
    /// It was ended, or had ended by itself; the service says the same to both.
    Ended,
    /// Its service was one on this machine, and is gone.
    Forgotten,
    /// It could not be ended. The next start tries again, until it is a day old.
    Left(Problem),
}

impl Ledger {
    /// Ends the sessions that dead processes have noted here and not ended, with the
    /// credentials that their profiles give now, if those are of the account in which the session
    /// was started: by what is known of both, or because STS says so. Takes 10 s at most; to be run beside the
    /// first tunnel, not before it. Each call waits for its turn in `calls`, behind those of tunnels.
    /// Of `reaching` are the keyring, the sign-ins, the proxy and, for sessions that note none,
    /// the certification authorities. Sessions that were started with what the
    /// environment had are left while it has other credentials.
    ///
    /// Sessions of processes that live are left alone, also where the process is frozen.
    /// What fails is told in what is returned and tried again at the next start.
    pub async fn sweep(&self, calls: &CallBudget, reaching: &AccessSettings) -> Vec<Ghost> {
        let Some(inner) = &self.inner else {
            return Vec::new();
        };
        let deadline = Instant::now() + SWEEP_LIMIT;
        let (folder, own) = (inner.folder.clone(), inner.own.clone());
        let now = crate::unix_ms_now();
        let claimed = spawn_blocking(move || book::claim(&folder, &own, now)).await;
        let claims = claimed.unwrap_or_default();
        let mut ghosts: Vec<_> = claims
            .iter()
            .flat_map(|claim| claim.ghosts.iter().cloned())
            .collect();
        // Those that were started last are the likeliest to live.
        ghosts.sort_by_key(|ghost| std::cmp::Reverse(ghost.at));
        // A process that died while it wrote its file anew has left two.
        let mut seen = HashSet::new();
        ghosts.retain(|ghost| seen.insert(ghost.session_id.clone()));
        let accesses = Accesses::new(reaching);
        let swept = Box::pin(end_all(ghosts, &accesses, calls, deadline)).await;
        settle(claims, &swept).await;
        swept
    }
}

async fn end_all(
    ghosts: Vec<Started>,
    accesses: &Accesses,
    calls: &CallBudget,
    deadline: Instant,
) -> Vec<Ghost> {
    let mut left: HashSet<_> = ghosts
        .iter()
        .map(|ghost| ghost.session_id.clone())
        .collect();
    let mut swept = Vec::new();
    let ending = futures_util::stream::iter(ghosts).map(|ghost| end(ghost, accesses, calls));
    let mut ending = std::pin::pin!(ending.buffer_unordered(AT_A_TIME));
    while let Ok(Some(ghost)) = timeout_at(deadline, ending.next()).await {
        left.remove(&ghost.session_id);
        swept.push(ghost);
    }
    swept.extend(left.into_iter().map(|session_id| Ghost {
        session_id,
        end: GhostEnd::Left(no_time()),
    }));
    for ghost in &swept {
        let session = &ghost.session_id;
        match &ghost.end {
            GhostEnd::Ended => tracing::info!(%session, "a session that was left behind is ended"),
            GhostEnd::Forgotten => {
                tracing::info!(%session, "the service of a session that was left behind is gone");
            }
            GhostEnd::Left(problem) => {
                tracing::info!(%session, problem = %problem.what, "a session that was left behind can't be ended");
            }
        }
    }
    swept
}

/// Notes what is over in the files of the dead, and lets them go.
async fn settle(claims: Vec<Claim>, swept: &[Ghost]) {
    let over = |ghost: &&Ghost| match ghost.end {
        GhostEnd::Ended | GhostEnd::Forgotten => true,
        GhostEnd::Left(_) => false,
    };
    let over: HashSet<_> = swept
        .iter()
        .filter(over)
        .map(|ghost| ghost.session_id.clone())
        .collect();
    let settled = spawn_blocking(move || {
        for claim in claims {
            claim.settle(&over);
        }
    });
    // Only the runtime's end can cancel it.
    let _ = settled.await;
}

async fn end(ghost: Started, accesses: &Accesses, calls: &CallBudget) -> Ghost {
    let end = match Box::pin(try_end(&ghost, accesses, calls)).await {
        Ok(end) => end,
        Err(problem) => GhostEnd::Left(problem),
    };
    Ghost {
        session_id: ghost.session_id,
        end,
    }
}

async fn try_end(
    ghost: &Started,
    accesses: &Accesses,
    calls: &CallBudget,
) -> Result<GhostEnd, Problem> {
    if is_gone(ghost.endpoint_url.as_deref()).await {
        return Ok(GhostEnd::Forgotten);
    }
    if ghost.in_memory {
        return Err(no_keys());
    }
    if !ghost.has_its_credentials(of_environment) {
        return Err(other_credentials());
    }
    let access = accesses
        .of(ghost)
        .await
        .map_err(|error| access::problem(&error))?;
    is_its_account(ghost, &access, calls).await?;
    calls.spare_permit().await;
    match access.terminate_session(&ghost.session_id).await {
        Ok(()) | Err(AccessError::SessionOver { .. }) => Ok(GhostEnd::Ended),
        Err(error) => Err(access::problem(&error)),
    }
}

/// Whether the credentials that there are now are of the account that the session is in: of a
/// session that it does not know, any other account says what it says of one that has ended.
async fn is_its_account(
    ghost: &Started,
    access: &Access,
    calls: &CallBudget,
) -> Result<(), Problem> {
    let then = ghost.holder().ok_or_else(other_account)?;
    let failed = |error| access::problem(&error);
    let mut now = access.holder_now().await.map_err(failed)?;
    if then.account.is_some() && then.shares_account_with(&now).is_none() {
        calls.spare_permit().await;
        now.account = Some(access.caller().await.map_err(failed)?.account);
    }
    match then.shares_account_with(&now) {
        Some(true) => Ok(()),
        Some(false) | None => Err(other_account()),
    }
}

/// Who may end what: the config files are read once for each, not once a session.
struct Accesses {
    /// How AWS is reached.
    reaching: AccessSettings,
    known: Mutex<HashMap<Whose, Access>>,
}

/// What makes two sessions be ended in the same name.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Whose {
    region: String,
    endpoint_url: Option<String>,
    endpoints: Endpoints,
    profile: Option<String>,
    keys: Option<String>,
    ca_bundle: Option<PathBuf>,
}

impl Whose {
    fn of(ghost: &Started) -> Self {
        Self {
            region: ghost.region.clone(),
            endpoint_url: ghost.endpoint_url.clone(),
            endpoints: endpoints(ghost),
            profile: ghost.profile.clone(),
            keys: ghost.keys.clone(),
            ca_bundle: ghost.ca_bundle.clone(),
        }
    }
}

impl Accesses {
    fn new(reaching: &AccessSettings) -> Self {
        Self {
            reaching: reaching.clone(),
            known: Mutex::default(),
        }
    }

    async fn of(&self, ghost: &Started) -> Result<Access, AccessError> {
        let whose = Whose::of(ghost);
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&whose).cloned()
        };
        if let Some(access) = known {
            return Ok(access);
        }
        let settings = AccessSettings {
            profile: whose.profile.clone(),
            keys: whose.keys.clone(),
            region: Some(whose.region.clone()),
            endpoint_url: whose.endpoint_url.clone().map(WrittenAddress::from),
            endpoints: whose.endpoints.clone(),
            ca_bundle: whose
                .ca_bundle
                .clone()
                .or_else(|| self.reaching.ca_bundle.clone()),
            proxy: self.reaching.proxy.clone(),
            keyring: self.reaching.keyring.clone(),
            sign_ins: self.reaching.sign_ins.clone(),
            ..AccessSettings::default()
        };
        let access = Box::pin(Access::load(settings)).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(whose, access.clone());
        Ok(access)
    }
}

/// The endpoints that were noted. What can't be read was written by another version, or by
/// somebody else, and is left out.
pub(super) fn endpoints(ghost: &Started) -> Endpoints {
    let urls = ghost.endpoints.iter().filter_map(|(service, url)| {
        let service = service.parse::<Service>().ok()?;
        Some((service, EndpointUrl::parse(url).ok()?))
    });
    Endpoints {
        urls: urls.collect(),
        fips: ghost.fips,
        dual_stack: ghost.dual_stack,
    }
}

/// Where an endpoint is on this machine: that of a demo, or of a test.
fn loopback(endpoint: Option<&str>) -> Option<(IpAddr, u16)> {
    let url = Url::parse(endpoint?).ok()?;
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain("localhost") => IpAddr::from([127, 0, 0, 1]),
        Host::Domain(_) => return None,
    };
    address
        .is_loopback()
        .then_some((address, url.port_or_known_default()?))
}

/// Whether a service was one of this machine, and nobody listens there any more.
pub(crate) async fn is_gone(endpoint: Option<&str>) -> bool {
    match loopback(endpoint) {
        Some(address) => nobody_listens(address).await,
        None => false,
    }
}

async fn nobody_listens(address: (IpAddr, u16)) -> bool {
    match timeout(LOOPBACK_LIMIT, TcpStream::connect(address)).await {
        Ok(Err(error)) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        Ok(Ok(_)) | Err(_) => false,
    }
}

fn no_keys() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "ghost-keys-gone",
        "The credentials of the session went with the program that had started it.",
        "There is nothing to do: the service ends it by itself.",
    )
}

fn other_credentials() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "ghost-other-credentials",
        "The session was started with credentials of the environment, and it has others now.",
        "Try again where the environment has them, or wait: the service ends it by itself.",
    )
}

fn other_account() -> Problem {
    Problem::new(
        ProblemKind::Credentials,
        "ghost-other-account",
        "The session was started with other credentials than its profile gives now, perhaps of another account.",
        "There is nothing to do: the service ends it by itself. While the profile leads to the account again, it is ended at a start.",
    )
}

fn no_time() -> Problem {
    Problem::new(
        ProblemKind::Network,
        "ghost-no-time",
        "The service did not answer in time.",
        "There is nothing to do: it is tried again at the next start.",
    )
}

#[cfg(test)]
mod tests {
    use aws_access::{Secret, StaticCredentials};
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sweep_lets_a_tunnel_that_asks_later_go_first() {
        let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", service.local_addr().unwrap());
        let settings = AccessSettings {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(url.into()),
            static_credentials: Some(StaticCredentials {
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: Secret::new("secret".to_owned()),
                session_token: None,
            }),
            ..AccessSettings::default()
        };
        let ghost = Started {
            in_memory: false,
            access_key_id: Some("AKIDEXAMPLE".to_owned()),
            ..Started::new("s", "eu-central-1", &settings, 0)
        };
        let access = Box::pin(Access::load(settings)).await.unwrap();
        let accesses = Accesses::new(&AccessSettings::default());
        let whose = Whose::of(&ghost);
        accesses.known.lock().unwrap().insert(whose, access);
        let calls = CallBudget::new(1, 1);
        calls.permit().await;
        let start = Instant::now();
        let tunnel = async {
            sleep(Duration::from_millis(500)).await;
            calls.permit().await;
            start.elapsed()
        };
        tokio::select! {
            swept = try_end(&ghost, &accesses, &calls) => panic!("{swept:?}"),
            took = tunnel => assert!(took < Duration::from_millis(1_100), "{took:?}"),
        }
    }

    #[test]
    fn only_an_address_of_this_machine_is_one_of_a_service_that_can_be_forgotten() {
        let v4 = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(loopback(Some("http://127.0.0.1:81")), Some((v4, 81)));
        assert_eq!(loopback(Some("http://localhost:81/x")), Some((v4, 81)));
        let v6: IpAddr = "::1".parse().unwrap();
        assert_eq!(loopback(Some("https://[::1]")), Some((v6, 443)));
        for elsewhere in [
            None,
            Some("https://ssm.eu-central-1.amazonaws.com"),
            Some("http://10.0.0.1:81"),
            Some("nonsense"),
        ] {
            assert_eq!(loopback(elsewhere), None, "{elsewhere:?}");
        }
    }
}
