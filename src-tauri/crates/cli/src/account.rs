//! Whose account a command looks into.

use clap::Args as ClapArgs;
use tunnel_manager::tunnel::{Access, AccessSettings, StartError};

use crate::args::Places;
use crate::exit::Exit;
use crate::keys_for_now;
use crate::output::Output;
use crate::reach::Reach;
use crate::stop::until_stopped;

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
    /// Runs a command that looks into the account, or tells what is wrong with the AWS settings.
    pub(crate) async fn look(self, json: bool, command: impl AsyncFnOnce(Access) -> Exit) -> Exit {
        let output = Output::new(json);
        let mut settings = AccessSettings {
            profile: self.profile,
            keys: self.keys,
            region: self.region,
            endpoint_url: self.endpoint_url,
            ..AccessSettings::default()
        };
        self.places.put_into(&mut settings.endpoints);
        Reach::of_user(output).settle(&mut settings);
        let signals = match keys_for_now::before_a_look([&mut settings], output).await {
            Ok(signals) => signals,
            Err(exit) => return exit,
        };
        let looking = async {
            match Box::pin(Access::load(settings)).await {
                Ok(access) => command(access).await,
                Err(error) => {
                    let problem = StartError::from(error).problem();
                    output.failed(&problem);
                    Exit::from(&problem)
                }
            }
        };
        until_stopped(signals, Box::pin(looking)).await
    }
}
