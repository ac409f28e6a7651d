//! `culvert iam-policy`: the least that an account must allow.

use tunnel_manager::Profile;
use tunnel_manager::doctor::iam_policy;
use tunnel_manager::tunnel::{Environment, Problem, ProblemKind, TunnelConfig};

use crate::args::IamPolicy;
use crate::exit::Exit;
use crate::output::{Output, complain, say};
use crate::saved;

/// Prints the policy on standard output, and what it leaves open on standard error.
pub(crate) async fn run(wanted: IamPolicy) -> Exit {
    let tunnels = match tunnels(wanted) {
        Ok(tunnels) => tunnels,
        Err(problem) => {
            Output::Text.failed(&problem);
            return Exit::from(&problem);
        }
    };
    let environment = Environment::system();
    let (policy, missing) = Box::pin(iam_policy(&tunnels, environment.call_budget())).await;
    for sentence in missing {
        complain(&sentence);
    }
    say(&policy);
    Exit::Success
}

/// The tunnels that are named, the one of the options, or all that are saved.
fn tunnels(mut wanted: IamPolicy) -> Result<Vec<TunnelConfig>, Problem> {
    let names = std::mem::take(&mut wanted.names);
    if !wanted.target.is_empty() {
        return Ok(vec![wanted.into_forward().into_config(None)]);
    }
    let profiles = if names.is_empty() {
        saved::store()?.read().map_err(|error| error.problem())?
    } else {
        let found: Result<Vec<_>, _> = names.iter().map(|name| saved::find(name)).collect();
        found?
    };
    if profiles.is_empty() {
        return Err(Problem::new(
            ProblemKind::Settings,
            "no-tunnel",
            "There is no tunnel to write a policy for.",
            "Save one with culvert import, or give --target and --remote-port.",
        ));
    }
    Ok(profiles.iter().map(Profile::tunnel_config).collect())
}
