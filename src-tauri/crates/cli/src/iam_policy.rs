//! `culvert iam-policy`: the least that an account must allow.

use serde_json::json;
use tunnel_manager::Profile;
use tunnel_manager::doctor::{Policy, iam_policy};
use tunnel_manager::tunnel::{Environment, Problem, ProblemKind, TunnelConfig};

use crate::args::IamPolicy;
use crate::exit::Exit;
use crate::output::{Output, complain, say};
use crate::saved;

/// Prints the policy on standard output, and what it leaves open or can't say on standard error;
/// with `--json` both in one object.
pub(crate) async fn run(wanted: IamPolicy) -> Exit {
    let output = Output::new(wanted.json);
    let tunnels = match tunnels(wanted) {
        Ok(tunnels) => tunnels,
        Err(problem) => {
            output.failed(&problem);
            return Exit::from(&problem);
        }
    };
    let environment = Environment::system();
    let policy = Box::pin(iam_policy(&tunnels, environment.call_budget())).await;
    let Policy { document, notes } = policy;
    // IAM takes no policy without a statement.
    if document["Statement"].as_array().is_some_and(Vec::is_empty) {
        let problem = Problem::new(
            ProblemKind::Settings,
            "no-target",
            "There is no target that a policy can name.",
            "Targets are i-…, mi-…, ecs:CLUSTER_TASK_RUNTIMEID, name:NAME and tag:KEY=VALUE.",
        );
        output.failed(&problem);
        return Exit::from(&problem);
    }
    match output {
        Output::Text => {
            for note in notes {
                complain(&note.what);
            }
            // With the `#` of a comment it would be no JSON, which IAM takes and nothing else.
            say(&format!("{document:#}"));
        }
        Output::Json => {
            let event = json!({ "event": "policy", "policy": document, "notes": notes });
            say(&event.to_string());
        }
    }
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
