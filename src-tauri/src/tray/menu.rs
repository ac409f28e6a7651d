//! From the overview to what the tray shows: icon, tooltip and menu, as a pure function.

use tunnel_manager::{Overview, ProfileId, TunnelStatus};
use tunnel_proto::State;

use super::words::{self, Lines};
use crate::speech::Speech;

/// Tunnels at the menu's top level; the others are one level down. More would not fit on a
/// small display.
const TUNNELS_MOST: usize = 16;

/// Characters of a name that are shown.
const NAME_MOST: usize = 40;

/// Names that the tooltip lists of each kind of trouble.
const NAMED_MOST: usize = 3;

/// What the tray shows at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrayView {
    /// Chooses the icon: the worst state of all tunnels.
    pub(crate) sign: Sign,
    /// How many tunnels are up, and which are in trouble; one line each.
    pub(crate) tooltip: String,
    /// From top to bottom.
    pub(crate) menu: Vec<Item>,
}

/// What the icon says, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sign {
    /// No tunnel runs.
    Off,
    /// Whatever runs carries connections, or waits for the first.
    Up,
    /// One is being started or stopped.
    Connecting,
    /// One lives, but something is wrong with it.
    Degraded,
    /// One is being resumed or replaced.
    Reconnecting,
    /// One can't go on before its user signs in.
    NeedsSignIn,
    /// One was given up.
    Failed,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// Does something.
    Plain {
        label: String,
        enabled: bool,
        act: Act,
    },
    /// Shows whether a tunnel is on, and turns it on or off.
    Switch { label: String, on: bool, act: Act },
    /// Opens further lines.
    More { label: String, items: Vec<Item> },
    /// Parts what does not belong together.
    Line,
}

/// What a line does when it is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Connect(ProfileId),
    Disconnect(ProfileId),
    ConnectAll,
    DisconnectAll,
    /// Puts this text on the clipboard.
    Copy(String),
    /// Shows the window.
    Open,
    /// Shows the window, and this tunnel in it.
    Show(ProfileId),
    /// Shows the window, and signs in there for this tunnel.
    SignIn(ProfileId),
    /// Gives a tunnel that closes by itself all of its time again.
    KeepOpen(ProfileId),
    /// Ends the program.
    Quit,
}

impl TrayView {
    pub(crate) fn of(overview: &Overview, speech: Speech) -> Self {
        let signs = overview.tunnels.iter().map(|tunnel| sign(state(tunnel)));
        Self {
            sign: signs.max().unwrap_or(Sign::Off),
            tooltip: tooltip(overview, speech),
            menu: menu(overview, speech),
        }
    }
}

/// Whether a tunnel runs or is about to: choosing it stops it.
pub(crate) fn is_on(state: &State) -> bool {
    match state {
        State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Degraded { .. }
        | State::Reconnecting { .. }
        | State::NeedsSignIn { .. } => true,
        State::Off | State::Stopping | State::Failed { .. } => false,
    }
}

/// Whether "Connect all" starts a tunnel: the demo is nobody's work, and production is started one by
/// one.
pub(crate) fn starts_with_all(tunnel: &TunnelStatus) -> bool {
    !tunnel.demo && !is_production(tunnel)
}

fn is_production(tunnel: &TunnelStatus) -> bool {
    tunnel.profile.production.is_some()
}

fn menu(overview: &Overview, speech: Speech) -> Vec<Item> {
    let say = words::lines(speech);
    let mut items = switches(&overview.tunnels, speech);
    if !items.is_empty() {
        items.push(Item::Line);
    }
    let addresses: Vec<_> = overview
        .tunnels
        .iter()
        .filter_map(|tunnel| address(tunnel, speech))
        .collect();
    if !addresses.is_empty() {
        items.push(Item::More {
            label: say.copy_address.to_owned(),
            items: addresses,
        });
    }
    let saved = || overview.tunnels.iter().filter(|tunnel| !tunnel.demo);
    if saved().next().is_some() {
        let label = match saved().any(is_production) {
            true => say.connect_all_but_production,
            false => say.connect_all,
        };
        let mut those = saved().filter(|tunnel| starts_with_all(tunnel));
        items.push(Item::Plain {
            label: label.to_owned(),
            enabled: those.any(|tunnel| !is_on(state(tunnel))),
            act: Act::ConnectAll,
        });
    }
    if !overview.tunnels.is_empty() {
        items.push(Item::Plain {
            label: say.disconnect_all.to_owned(),
            enabled: overview.tunnels.iter().any(|tunnel| is_on(state(tunnel))),
            act: Act::DisconnectAll,
        });
        items.push(Item::Line);
    }
    items.push(plain(say.open, Act::Open));
    items.push(plain(say.quit, Act::Quit));
    items
}

/// A line for each tunnel, in the order of the window. Where there are too many, those that run
/// or want something come first, and what is left goes one level down.
fn switches(tunnels: &[TunnelStatus], speech: Speech) -> Vec<Item> {
    let switch = |tunnel| switch(tunnel, speech);
    let mut order: Vec<_> = tunnels.iter().collect();
    if order.len() > TUNNELS_MOST {
        order.sort_by_key(|tunnel| sign(state(tunnel)) == Sign::Off);
    }
    let rest = order.split_off(order.len().min(TUNNELS_MOST));
    let mut items: Vec<_> = order.into_iter().map(switch).collect();
    if !rest.is_empty() {
        items.push(Item::More {
            label: words::more_tunnels(speech, rest.len()),
            items: rest.into_iter().map(switch).collect(),
        });
    }
    items
}

fn switch(tunnel: &TunnelStatus, speech: Speech) -> Item {
    let Lines { production, .. } = words::lines(speech);
    let (name, id) = (name(tunnel, speech), tunnel.profile.id);
    let on = is_on(state(tunnel));
    Item::Switch {
        label: match (is_production(tunnel), words::word(speech, state(tunnel))) {
            (false, None) => name,
            (false, Some(word)) => format!("{name} ({word})"),
            // Choosing one that is off asks first.
            (true, None) if !on => format!("{name} ({production})…"),
            (true, None) => format!("{name} ({production})"),
            (true, Some(word)) => format!("{name} ({production}, {word})"),
        },
        on,
        act: if on {
            Act::Disconnect(id)
        } else {
            Act::Connect(id)
        },
    }
}

/// A line that copies where a tunnel listens; none for one that does not.
fn address(tunnel: &TunnelStatus, speech: Speech) -> Option<Item> {
    let address = tunnel.snapshot.addresses.first()?;
    Some(plain(
        &format!("{}: {address}", name(tunnel, speech)),
        Act::Copy(address.clone()),
    ))
}

fn plain(label: &str, act: Act) -> Item {
    Item::Plain {
        label: label.to_owned(),
        enabled: true,
        act,
    }
}

fn tooltip(overview: &Overview, speech: Speech) -> String {
    let tunnels = &overview.tunnels;
    if tunnels.is_empty() {
        return words::lines(speech).no_tunnels.to_owned();
    }
    let of = |wanted: Sign| {
        tunnels
            .iter()
            .filter(move |tunnel| sign(state(tunnel)) == wanted)
    };
    let up = of(Sign::Up).count() + of(Sign::Degraded).count();
    let mut lines = vec![words::up(speech, up, tunnels.len())];
    let worst_first = [
        Sign::Failed,
        Sign::NeedsSignIn,
        Sign::Reconnecting,
        Sign::Degraded,
        Sign::Connecting,
    ];
    for wanted in worst_first {
        let names: Vec<_> = of(wanted).map(|tunnel| name(tunnel, speech)).collect();
        if let (Some(word), false) = (words::trouble(speech, wanted), names.is_empty()) {
            lines.push(format!(
                "{} {word}: {}",
                names.len(),
                listed(&names, speech)
            ));
        }
    }
    lines.join("\n")
}

/// The first names, and how many others there are.
fn listed(names: &[String], speech: Speech) -> String {
    let mut text = names[..names.len().min(NAMED_MOST)].join(", ");
    if names.len() > NAMED_MOST {
        text.push_str(&words::and_more(speech, names.len() - NAMED_MOST));
    }
    text
}

fn state(tunnel: &TunnelStatus) -> &State {
    &tunnel.snapshot.state
}

fn sign(state: &State) -> Sign {
    match state {
        State::Off => Sign::Off,
        State::Listening | State::Up { .. } => Sign::Up,
        State::Connecting { .. } | State::Stopping => Sign::Connecting,
        State::Degraded { .. } => Sign::Degraded,
        State::Reconnecting { .. } => Sign::Reconnecting,
        State::NeedsSignIn { .. } => Sign::NeedsSignIn,
        State::Failed { .. } => Sign::Failed,
    }
}

/// A tunnel's name on one line of bearable length.
fn name(tunnel: &TunnelStatus, speech: Speech) -> String {
    shortened(speech.name_of(tunnel))
}

/// A name on one line of bearable length.
pub(crate) fn shortened(name: &str) -> String {
    let one_line = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    if name.chars().count() <= NAME_MOST {
        return one_line.collect();
    }
    let mut short: String = one_line.take(NAME_MOST - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests;
