//! What notifications say.

use std::time::Duration;

use tunnel_manager::{Overview, Restless, SignInNeeded, TunnelStatus};
use tunnel_proto::{Problem, State};

use super::policy::{Kind, Notice, Offer};
use crate::speech::Speech;
use crate::tray::shortened;

/// Names that are listed; of more, their number is said.
const NAMED_MOST: usize = 5;

/// Characters of a problem's sentences.
const TEXT_MOST: usize = 300;

/// Of what can't go on without the user; none if there is nothing.
pub(super) fn needs(
    speech: Speech,
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
            match speech {
                Speech::English => format!("{} needs you to sign in", name(speech, one)),
                Speech::German => format!("{} braucht eine Anmeldung", name(speech, one)),
            },
            sign_ins
                .first()
                .map_or_else(String::new, |needed| sentences(speech, &needed.problem)),
        ),
        (many, []) => (
            match speech {
                Speech::English => format!("{} tunnels need you to sign in", many.len()),
                Speech::German => format!("{} Tunnel brauchen eine Anmeldung", many.len()),
            },
            names(speech, many),
        ),
        ([], [one]) => (
            match speech {
                Speech::English => format!("{} has failed", name(speech, one)),
                Speech::German => format!("{} ist fehlgeschlagen", name(speech, one)),
            },
            why(speech, one),
        ),
        ([], many) => (
            match speech {
                Speech::English => format!("{} tunnels have failed", many.len()),
                Speech::German => format!("{} Tunnel sind fehlgeschlagen", many.len()),
            },
            names(speech, many),
        ),
        (waiting, failed) => {
            let count = waiting.len() + failed.len();
            let (waiting, failed) = (names(speech, waiting), names(speech, failed));
            match speech {
                Speech::English => (
                    format!("{count} tunnels need you"),
                    format!("To sign in: {waiting}\nFailed: {failed}"),
                ),
                Speech::German => (
                    format!("{count} Tunnel brauchen dich"),
                    format!("Anmeldung nötig: {waiting}\nFehlgeschlagen: {failed}"),
                ),
            }
        }
    };
    let offer = (!waiting.is_empty()).then_some(Offer::SignIn);
    Some(Notice {
        offer,
        ..notice(Kind::NeedsUser, title, body, first)
    })
}

/// Of tunnels to production that close by themselves soon; none if there are none.
pub(super) fn closing(speech: Speech, tunnels: &[&TunnelStatus]) -> Option<Notice> {
    let first = tunnels.first()?;
    let (title, body, offer) = match (tunnels, speech) {
        ([one], Speech::English) => (
            format!("{} is about to close", name(speech, one)),
            "It leads to production and closes by itself in a few minutes, with its connections."
                .to_owned(),
            Some(Offer::KeepOpen),
        ),
        ([one], Speech::German) => (
            format!("{} schließt sich bald", name(speech, one)),
            "Er führt in die Produktion und schließt sich in wenigen Minuten von selbst, mit \
             seinen Verbindungen."
                .to_owned(),
            Some(Offer::KeepOpen),
        ),
        (many, Speech::English) => (
            format!("{} tunnels are about to close", many.len()),
            format!(
                "{}. They lead to production and close by themselves in a few minutes.",
                names(speech, many)
            ),
            None,
        ),
        (many, Speech::German) => (
            format!("{} Tunnel schließen sich bald", many.len()),
            format!(
                "{}. Sie führen in die Produktion und schließen sich in wenigen Minuten von selbst.",
                names(speech, many)
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
pub(super) fn down(speech: Speech, tunnels: &[&TunnelStatus]) -> Option<Notice> {
    let first = tunnels.first()?;
    let (title, which) = match (tunnels, speech) {
        ([one], Speech::English) => (format!("{} is down", name(speech, one)), why(speech, one)),
        ([one], Speech::German) => (
            format!("{} ist unterbrochen", name(speech, one)),
            why(speech, one),
        ),
        (many, Speech::English) => (
            format!("{} tunnels are down", many.len()),
            format!("{}.", names(speech, many)),
        ),
        (many, Speech::German) => (
            format!("{} Tunnel sind unterbrochen", many.len()),
            format!("{}.", names(speech, many)),
        ),
    };
    let body = match speech {
        Speech::English => format!("{which} Culvert goes on trying."),
        Speech::German => format!("{which} Culvert versucht es weiter."),
    };
    Some(notice(Kind::Outage, title, body, first))
}

/// Of tunnels that carry connections again, the longest after so long; none if there are none.
pub(super) fn back(speech: Speech, tunnels: &[&TunnelStatus], away: Duration) -> Option<Notice> {
    let first = tunnels.first()?;
    let away = span(away);
    let (title, body) = match (tunnels, speech) {
        ([one], Speech::English) => (
            format!("{} is up again", name(speech, one)),
            format!("It was down for {away}."),
        ),
        ([one], Speech::German) => (
            format!("{} ist wieder verbunden", name(speech, one)),
            format!("Er war {away} lang unterbrochen."),
        ),
        (many, Speech::English) => (
            format!("{} tunnels are up again", many.len()),
            format!("{}. They were down for up to {away}.", names(speech, many)),
        ),
        (many, Speech::German) => (
            format!("{} Tunnel sind wieder verbunden", many.len()),
            format!(
                "{}. Sie waren bis zu {away} lang unterbrochen.",
                names(speech, many)
            ),
        ),
    };
    Some(notice(Kind::Outage, title, body, first))
}

/// Of tunnels that are lost more often than they may; none if there are none.
pub(super) fn too_often(speech: Speech, tunnels: &[(&TunnelStatus, &Restless)]) -> Option<Notice> {
    let (first, restless) = tunnels.first()?;
    let why = sentences(speech, &restless.often.problem());
    let (title, body) = match (tunnels, speech) {
        ([(one, _)], Speech::English) => (format!("{} is lost too often", name(speech, one)), why),
        ([(one, _)], Speech::German) => (format!("{} bricht zu oft ab", name(speech, one)), why),
        (many, speech) => {
            let all: Vec<_> = many.iter().map(|(tunnel, _)| *tunnel).collect();
            let title = match speech {
                Speech::English => format!("{} tunnels are lost too often", many.len()),
                Speech::German => format!("{} Tunnel brechen zu oft ab", many.len()),
            };
            (title, format!("{}. {why}", names(speech, &all)))
        }
    };
    Some(notice(Kind::TooOften, title, body, first))
}

/// What a click does.
#[cfg(target_os = "linux")]
pub(super) const fn show(speech: Speech) -> &'static str {
    match speech {
        Speech::English => "Show",
        Speech::German => "Anzeigen",
    }
}

/// The button of [`Offer::SignIn`].
#[cfg(target_os = "linux")]
pub(super) const fn sign_in(speech: Speech) -> &'static str {
    match speech {
        Speech::English => "Sign in",
        Speech::German => "Anmelden",
    }
}

/// The button of [`Offer::KeepOpen`].
#[cfg(target_os = "linux")]
pub(super) const fn keep_open(speech: Speech) -> &'static str {
    match speech {
        Speech::English => "Keep open",
        Speech::German => "Offen lassen",
    }
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

fn name(speech: Speech, tunnel: &TunnelStatus) -> String {
    shortened(speech.name_of(tunnel))
}

fn names(speech: Speech, tunnels: &[&TunnelStatus]) -> String {
    let first = tunnels
        .iter()
        .take(NAMED_MOST)
        .map(|tunnel| name(speech, tunnel));
    let mut text = first.collect::<Vec<_>>().join(", ");
    if tunnels.len() > NAMED_MOST {
        let more = tunnels.len() - NAMED_MOST;
        text.push_str(&match speech {
            Speech::English => format!(" and {more} more"),
            Speech::German => format!(" und {more} weitere"),
        });
    }
    text
}

/// What a tunnel says is wrong with it.
fn why(speech: Speech, tunnel: &TunnelStatus) -> String {
    match &tunnel.snapshot.state {
        State::Reconnecting { problem, .. } => cut(&speech.problem(problem).what),
        State::Degraded { problem, .. }
        | State::NeedsSignIn { problem, .. }
        | State::Failed { problem, .. } => sentences(speech, problem),
        State::Off
        | State::Listening
        | State::Connecting { .. }
        | State::Up { .. }
        | State::Stopping => String::new(),
    }
}

fn sentences(speech: Speech, problem: &Problem) -> String {
    let told = speech.problem(problem);
    cut(format!("{} {}", told.what, told.remedy).trim())
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
        let notice = down(Speech::English, &all).expect("news");
        assert_eq!(notice.title, "8 tunnels are down");
        assert_eq!(
            notice.body,
            "T0, T1, T2, T3, T4 and 3 more. Culvert goes on trying."
        );
        let mut one = tunnel("A", failed());
        if let State::Failed { problem, .. } = &mut one.snapshot.state {
            problem.what = "x".repeat(5000);
        }
        let notice = needs(Speech::English, &Overview::default(), &[], &[&one]).expect("news");
        assert_eq!(notice.body.chars().count(), TEXT_MOST);
    }

    #[test]
    fn whoever_speaks_german_is_told_in_german() {
        let (a, b) = (tunnel("A", reconnecting()), tunnel("B", failed()));
        let one = down(Speech::German, &[&a]).expect("news");
        assert_eq!(one.title, "A ist unterbrochen");
        assert_eq!(
            one.body,
            "Die Verbindung zum Gateway ist unterwegs abgebrochen. Culvert versucht es weiter."
        );
        let both = back(Speech::German, &[&a, &b], Duration::from_secs(95)).expect("news");
        assert_eq!(both.title, "2 Tunnel sind wieder verbunden");
        assert_eq!(both.body, "A, B. Sie waren bis zu 1 min lang unterbrochen.");
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
