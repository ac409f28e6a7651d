//! What the tray says, in each language.

use tunnel_proto::State;

use super::menu::Sign;
use crate::speech::Speech;

/// The lines of the menu that are always the same.
pub(super) struct Lines {
    pub(super) copy_address: &'static str,
    pub(super) connect_all: &'static str,
    pub(super) connect_all_but_production: &'static str,
    pub(super) disconnect_all: &'static str,
    pub(super) open: &'static str,
    pub(super) quit: &'static str,
    /// Instead of a count.
    pub(super) no_tunnels: &'static str,
    /// Beside a name.
    pub(super) production: &'static str,
}

pub(super) const fn lines(speech: Speech) -> Lines {
    match speech {
        Speech::English => Lines {
            copy_address: "Copy address",
            connect_all: "Connect all",
            connect_all_but_production: "Connect all but production",
            disconnect_all: "Disconnect all",
            open: "Open Culvert",
            quit: "Quit Culvert",
            no_tunnels: "No tunnels yet",
            production: "production",
        },
        Speech::German => Lines {
            copy_address: "Adresse kopieren",
            connect_all: "Alle verbinden",
            connect_all_but_production: "Alle außer Produktion verbinden",
            disconnect_all: "Alle trennen",
            open: "Culvert öffnen",
            quit: "Culvert beenden",
            no_tunnels: "Noch keine Tunnel",
            production: "Produktion",
        },
    }
}

pub(super) fn more_tunnels(speech: Speech, count: usize) -> String {
    match speech {
        Speech::English => format!("More tunnels ({count})"),
        Speech::German => format!("Weitere Tunnel ({count})"),
    }
}

pub(super) fn up(speech: Speech, up: usize, all: usize) -> String {
    match (speech, all) {
        (Speech::English, 1) => format!("{up} of 1 tunnel up"),
        (Speech::English, all) => format!("{up} of {all} tunnels up"),
        (Speech::German, all) => format!("{up} von {all} Tunneln verbunden"),
    }
}

pub(super) fn and_more(speech: Speech, count: usize) -> String {
    match speech {
        Speech::English => format!(" and {count} more"),
        Speech::German => format!(" und {count} weitere"),
    }
}

/// What is said of those that are in trouble; none of a sign that is no trouble.
pub(super) const fn trouble(speech: Speech, sign: Sign) -> Option<&'static str> {
    Some(match (speech, sign) {
        (_, Sign::Off | Sign::Up) => return None,
        (Speech::English, Sign::Failed) => "failed",
        (Speech::English, Sign::NeedsSignIn) => "needs sign-in",
        (Speech::English, Sign::Reconnecting) => "reconnecting",
        (Speech::English, Sign::Degraded) => "degraded",
        (Speech::English, Sign::Connecting) => "connecting or stopping",
        (Speech::German, Sign::Failed) => "fehlgeschlagen",
        (Speech::German, Sign::NeedsSignIn) => "Anmeldung nötig",
        (Speech::German, Sign::Reconnecting) => "verbindet neu",
        (Speech::German, Sign::Degraded) => "gestört",
        (Speech::German, Sign::Connecting) => "wird verbunden oder getrennt",
    })
}

/// What is said beside a name; nothing where the mark beside it says all.
pub(super) const fn word(speech: Speech, state: &State) -> Option<&'static str> {
    Some(match (speech, state) {
        (_, State::Off | State::Up { .. }) => return None,
        (Speech::English, State::Listening) => "listening",
        (Speech::English, State::Connecting { .. }) => "connecting",
        (Speech::English, State::Degraded { .. }) => "degraded",
        (Speech::English, State::Reconnecting { .. }) => "reconnecting",
        (Speech::English, State::NeedsSignIn { .. }) => "needs sign-in",
        (Speech::English, State::Stopping) => "stopping",
        (Speech::English, State::Failed { .. }) => "failed",
        (Speech::German, State::Listening) => "bereit",
        (Speech::German, State::Connecting { .. }) => "verbindet",
        (Speech::German, State::Degraded { .. }) => "gestört",
        (Speech::German, State::Reconnecting { .. }) => "verbindet neu",
        (Speech::German, State::NeedsSignIn { .. }) => "Anmeldung nötig",
        (Speech::German, State::Stopping) => "wird beendet",
        (Speech::German, State::Failed { .. }) => "fehlgeschlagen",
    })
}
