//! What notifications say.

use std::time::Duration;

use tunnel_manager::{Overview, SignInNeeded, TunnelStatus};
use tunnel_proto::{Problem, State};

use super::policy::{Kind, Notice, Offer};
use crate::tray::shortened;

/// Names that are listed; of more, their number is said.
const NAMED_MOST: usize = 5;

/// Characters of a problem's sentences.
const TEXT_MOST: usize = 300;

/// Of what can't go on without the user; none if there is nothing.
pub(super) fn needs(
    overview: &Overview,
    sign_ins: &[&SignInNeeded],
    failed: &[&TunnelStatus],
) -> Option<Notice> {
    let waits = |tunnel: &&TunnelStatus| {
        let id = tunnel.profile.id;
        sign_ins.iter().any(|needed| needed.tunnels.contains(&id))
    };
    let waiting: Vec<_> = overview.tunnels.iter().filter(waits).collect();
    let first = waiting.first().or(failed.first())?;
    let (title, body) = match (waiting.as_slice(), failed) {
        ([one], []) => (
            format!("{} needs you to sign in", name(one)),
            sign_ins
                .first()
                .map_or_else(String::new, |needed| sentences(&needed.problem)),
        ),
        (many, []) => (
            format!("{} tunnels need you to sign in", many.len()),
            names(many),
        ),
        ([], [one]) => (format!("{} has failed", name(one)), why(one)),
        ([], many) => (format!("{} tunnels have failed", many.len()), names(many)),
        (waiting, failed) => (
            format!("{} tunnels need you", waiting.len() + failed.len()),
            format!("To sign in: {}\nFailed: {}", names(waiting), names(failed)),
        ),
    };
    let offer = (!waiting.is_empty()).then_some(Offer::SignIn);
    Some(Notice {
        offer,
        ..notice(Kind::NeedsUser, title, body, first)
    })
}

/// Of tunnels to production that close by themselves soon; none if there are none.
pub(super) fn closing(tunnels: &[&TunnelStatus]) -> Option<Notice> {
    let first = tunnels.first()?;
    let (title, body, offer) = match tunnels {
        [one] => (
            format!("{} is about to close", name(one)),
            "It leads to production and closes by itself in a few minutes, with its connections."
                .to_owned(),
            Some(Offer::KeepOpen),
        ),
        many => (
            format!("{} tunnels are about to close", many.len()),
            format!(
                "{}. They lead to production and close by themselves in a few minutes.",
                names(many)
            ),
            None,
        ),
    };
    Some(Notice {
        offer,
        ..notice(Kind::Closing, title, body, first)
    })
}

/// Of tunnels that can't carry connections for some time; none if there are none.
pub(super) fn down(tunnels: &[&TunnelStatus]) -> Option<Notice> {
    let first = tunnels.first()?;
    let (title, body) = match tunnels {
        [one] => (
            format!("{} is down", name(one)),
            format!("{} Culvert goes on trying.", why(one)),
        ),
        many => (
            format!("{} tunnels are down", many.len()),
            format!("{}. Culvert goes on trying.", names(many)),
        ),
    };
    Some(notice(Kind::Outage, title, body, first))
}

/// Of tunnels that carry connections again, the longest after so long; none if there are none.
pub(super) fn back(tunnels: &[&TunnelStatus], away: Duration) -> Option<Notice> {
    let first = tunnels.first()?;
    let (title, body) = match tunnels {
        [one] => (
            format!("{} is up again", name(one)),
            format!("It was down for {}.", span(away)),
        ),
        many => (
            format!("{} tunnels are up again", many.len()),
            format!("{}. They were down for up to {}.", names(many), span(away)),
        ),
    };
    Some(notice(Kind::Outage, title, body, first))
}

fn notice(kind: Kind, title: String, body: String, first: &TunnelStatus) -> Notice {
    Notice {
        kind,
        title,
        body,
        tunnel: Some(first.profile.id),
        offer: None,
    }
}

fn name(tunnel: &TunnelStatus) -> String {
    shortened(&tunnel.profile.name)
}

fn names(tunnels: &[&TunnelStatus]) -> String {
    let first = tunnels.iter().take(NAMED_MOST).map(|tunnel| name(tunnel));
    let mut text = first.collect::<Vec<_>>().join(", ");
    if tunnels.len() > NAMED_MOST {
        text.push_str(&format!(" and {} more", tunnels.len() - NAMED_MOST));
    }
    text
}

/// What a tunnel says is wrong with it.
fn why(tunnel: &TunnelStatus) -> String {
    match &tunnel.snapshot.state {
        State::Reconnecting { problem, .. } => cut(&problem.what),
        State::Degraded { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => sentences(problem),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping => String::new(),
    }
}

fn sentences(problem: &Problem) -> String {
    cut(format!("{} {}", problem.what, problem.remedy).trim())
}

fn cut(text: &str) -> String {
    if text.chars().count() <= TEXT_MOST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(TEXT_MOST - 1).collect();
    short.push('…');
    short
}

fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{failed, reconnecting, tunnel};

    #[test]
    fn many_names_are_counted_and_long_texts_cut() {
        let tunnels: Vec<_> = (0..8)
            .map(|number| tunnel(&format!("T{number}"), reconnecting()))
            .collect();
        let all: Vec<_> = tunnels.iter().collect();
        let notice = down(&all).expect("news");
        assert_eq!(notice.title, "8 tunnels are down");
        assert_eq!(
            notice.body,
            "T0, T1, T2, T3, T4 and 3 more. Culvert goes on trying."
        );
        let mut one = tunnel("A", failed());
        if let State::Failed { problem, .. } = &mut one.snapshot.state {
            problem.what = "x".repeat(5000);
        }
        let notice = needs(&Overview::default(), &[], &[&one]).expect("news");
        assert_eq!(notice.body.chars().count(), TEXT_MOST);
    }

    #[test]
    fn spans_are_told_in_the_units_that_matter() {
        let told = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(told(45), "45 s");
        assert_eq!(told(61), "1 min");
        assert_eq!(told(3599), "59 min");
        assert_eq!(told(7260), "2 h 1 min");
    }
}
