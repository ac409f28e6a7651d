//! Whose account a command looks into.

use clap::Args as ClapArgs;
use tunnel_manager::tunnel::{Access, AccessSettings, StartError};

use crate::args::Whose;
use crate::exit::Exit;
use crate::keys_for_now;
use crate::output::Output;
use crate::reach::Reach;
use crate::stop::until_stopped;

/// Whose account is looked into.
#[derive(Debug, ClapArgs)]
pub(crate) struct Account {
    #[command(flatten)]
    whose: Whose,
}

impl Account {
    /// Runs a command that looks into the account, or tells what is wrong with the AWS settings.
    pub(crate) async fn look(self, json: bool, command: impl AsyncFnOnce(Access) -> Exit) -> Exit {
        let output = Output::new(json);
        let mut settings = AccessSettings::default();
        self.whose.put_into(&mut settings);
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
