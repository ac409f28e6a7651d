//! Whose account a command looks into.

use clap::Args as ClapArgs;
use tunnel_manager::tunnel::{Access, AccessSettings, Problem, StartError};

use crate::args::Places;
use crate::exit::Exit;
use crate::output::{self, complain, problem_sentence};

/// Whose account, and where.
#[derive(Debug, ClapArgs)]
pub(crate) struct Account {
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
    endpoint_url: Option<String>,
    #[command(flatten)]
    places: Places,
}

impl Account {
    /// Reads the AWS settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) async fn access(self) -> Result<Access, Problem> {
        let mut settings = AccessSettings {
            profile: self.profile,
            keys: self.keys,
            region: self.region,
            endpoint_url: self.endpoint_url,
            ..AccessSettings::default()
        };
        self.places.put_into(&mut settings.endpoints);
        Access::load(settings)
            .await
            .map_err(|error| StartError::from(error).problem())
    }
}

/// Tells that nothing can be shown, and why.
pub(crate) fn refused(problem: &Problem, json: bool) -> Exit {
    if json {
        output::json(&serde_json::json!({ "event": "failed", "problem": problem }));
    }
    complain(&problem_sentence(problem));
    Exit::from(problem)
}
