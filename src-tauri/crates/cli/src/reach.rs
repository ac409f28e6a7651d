//! How AWS is reached, as the settings say that the window has, too.

use tunnel_manager::tunnel::{AccessSettings, Problem, ProblemKind};
use tunnel_manager::{Fault, Key, Settings, SettingsKeeper, SignInBy};

use crate::output::Output;

/// The settings that count for every command: proxy, certification authorities, and how a sign-in
/// goes.
#[derive(Debug, Default)]
pub(crate) struct Reach(Settings);

impl Reach {
    /// Reads the file of the settings. What is wrong in it is told, and counts as usual.
    pub(crate) fn of_user(output: Output) -> Self {
        // Without a home there is no such file.
        let Ok(keeper) = SettingsKeeper::in_config_folder() else {
            return Self::default();
        };
        let state = keeper.state();
        let state = state.borrow();
        if let Some(problem) = &state.problem {
            output.notice(problem);
        }
        let counts = |fault: &&Fault| match fault.key {
            Key::Proxy | Key::CaFile | Key::SignInBy => true,
            Key::StartHidden
            | Key::Language
            | Key::QuitAsks
            | Key::Keepalive
            | Key::NotifyNeedsYou
            | Key::NotifyOutages
            | Key::OutageAfter
            | Key::DropsTold
            | Key::Theme
            | Key::Zoom
            | Key::Density
            | Key::Sessions
            | Key::RenewAfter
            | Key::LogLevel
            | Key::LogDays
            | Key::LogFormat
            | Key::MetricsPort => false,
        };
        let path = keeper.path().display();
        for Fault { key, line, column } in state.faults.iter().filter(counts) {
            let (section, name) = key.place();
            output.notice(&Problem::new(
                ProblemKind::Settings,
                "invalid-setting",
                format!(
                    "In {path}, line {line}, column {column}, {section}.{name} is wrong, and does \
                     not count."
                ),
                key.must(),
            ));
        }
        Self(state.settings.clone())
    }

    /// Settles it for one account.
    pub(crate) fn settle(&self, access: &mut AccessSettings) {
        self.0.reach(access);
    }

    /// How a sign-in goes if nobody says otherwise.
    pub(crate) fn sign_in_by(&self) -> SignInBy {
        self.0.sign_in_by
    }
}
