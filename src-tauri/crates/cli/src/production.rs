//! Tunnels to production on the command line: a person says that they may start, and they close by
//! themselves.

use tokio::time::sleep;
use tunnel_manager::tunnel::{Problem, ProblemKind, unix_ms_now};
use tunnel_manager::{Asks, Closing, Consent, Invalid, Production, Profile};

use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::saved::{leads_to, listens_at};
use crate::stop::StopSignals;
use crate::terminal::Terminal;
use crate::words::{millis, one_line};

/// What the command line says of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// `--yes`
    pub(crate) yes: bool,
    /// `--reason`
    pub(crate) reason: Option<&'a str>,
}

/// Asks a person before a saved tunnel to production starts, for what the command line does not say.
/// Answers the reason that is recorded; `None` for a tunnel that leads elsewhere.
///
/// # Errors
/// How the program ends when nobody says that it may start.
pub(crate) async fn agreed(
    profile: &Profile,
    given: Given<'_>,
    output: Output,
    signals: &mut StopSignals,
) -> Result<Option<String>, Exit> {
    let Some(production) = &profile.production else {
        return Ok(None);
    };
    let consent = match missing(production, given) {
        Missing::Nothing => Ok(Consent {
            reason: given.reason.map(str::to_owned),
        }),
        asked @ (Missing::Reason | Missing::Word) => tokio::select! {
            answer = ask(profile, given, asked) => answer,
            () = signals.recv() => Err(declined(profile)),
        },
    };
    let saved = profile.reason.as_deref();
    let agreed = consent.and_then(|consent| {
        let reason = production.reason(&consent, saved);
        reason.map_err(|invalid| refused(profile, &invalid))
    });
    agreed.map_err(|problem| {
        output.failed(&problem);
        Exit::NotAgreed
    })
}

/// What a person still has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    /// Why; whoever says why says that it may start.
    Reason,
    /// That it may start.
    Word,
}

fn missing(production: &Production, given: Given<'_>) -> Missing {
    let has_reason = given.reason.is_some_and(|reason| !reason.trim().is_empty());
    match (production.asks, given.yes) {
        (Asks::Reason, _) if !has_reason => Missing::Reason,
        (Asks::Reason | Asks::Consent, true) => Missing::Nothing,
        (Asks::Reason | Asks::Consent, false) => Missing::Word,
    }
}

async fn ask(profile: &Profile, given: Given<'_>, asked: Missing) -> Result<Consent, Problem> {
    let Some(terminal) = Terminal::open() else {
        return Err(nobody(profile, asked));
    };
    complain(&format!(
        "{} leads to production: {} to {} by {}.",
        one_line(&profile.name),
        listens_at(profile),
        leads_to(&profile.destination),
        one_line(&profile.target.to_string()),
    ));
    let question = match asked {
        Missing::Reason => "Why do you connect? AWS records it with each session: ",
        Missing::Nothing | Missing::Word => "Start it? [y/N] ",
    };
    let answer = terminal.ask(question).await;
    let answer = answer.map_err(|_| declined(profile))?;
    let answer = answer.expose().trim();
    let says_so = match asked {
        Missing::Reason => !answer.is_empty(),
        Missing::Nothing | Missing::Word => ["y", "yes"]
            .iter()
            .any(|yes| answer.eq_ignore_ascii_case(yes)),
    };
    if !says_so {
        return Err(declined(profile));
    }
    let reason = match asked {
        Missing::Reason => Some(answer),
        Missing::Nothing | Missing::Word => given.reason,
    };
    Ok(Consent {
        reason: reason.map(str::to_owned),
    })
}

fn nobody(profile: &Profile, asked: Missing) -> Problem {
    let remedy = match asked {
        Missing::Reason => "Say so with --yes and --reason TEXT.",
        Missing::Nothing | Missing::Word => "Say so with --yes.",
    };
    let what = format!(
        "{} leads to production, and nobody is at a terminal to say that it may start.",
        one_line(&profile.name)
    );
    Problem::new(
        ProblemKind::Settings,
        "production-nobody-asked",
        what,
        remedy,
    )
}

fn declined(profile: &Profile) -> Problem {
    let what = format!(
        "{} leads to production, and was not started.",
        one_line(&profile.name)
    );
    Problem::new(ProblemKind::Settings, "production-not-agreed", what, "")
}

fn refused(profile: &Profile, invalid: &Invalid) -> Problem {
    let mut problem = declined(profile);
    problem.remedy = invalid.rule.to_string();
    problem
}

/// The time that a tunnel to production has in this process.
#[derive(Debug)]
pub(crate) struct Time {
    closing: Option<Closing>,
    is_warned: bool,
}

/// What the time brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// It closes in so many milliseconds.
    Soon(u64),
    /// It closes, after so many milliseconds.
    Now(u64),
}

impl Time {
    /// One that begins now, if the tunnel leads to production and closes by itself.
    pub(crate) fn of(profile: Option<&Profile>) -> Self {
        let production = profile.and_then(|profile| profile.production);
        let after = production.and_then(|production| production.closes_after);
        Self {
            closing: after.map(|after| Closing::new(after, unix_ms_now())),
            is_warned: false,
        }
    }

    /// Waits until something is due; for ever where nothing will be. Dropped on the way, it has
    /// missed nothing.
    pub(crate) async fn due(&mut self) -> Due {
        let Some(closing) = self.closing else {
            return std::future::pending().await;
        };
        loop {
            let now = unix_ms_now();
            if closing.is_due(now) {
                return Due::Now(millis(closing.after()));
            }
            let told = closing.told(now);
            if told.is_soon && !self.is_warned {
                self.is_warned = true;
                // In whole seconds, as people count them.
                let left = told.at.saturating_sub(now).div_ceil(1000);
                return Due::Soon(left.saturating_mul(1000));
            }
            sleep(closing.rests(now)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(yes: bool, reason: Option<&str>) -> Given<'_> {
        Given { yes, reason }
    }

    #[test]
    fn what_the_command_line_does_not_say_a_person_is_asked() {
        let reason = Production::default();
        let consent = Production {
            asks: Asks::Consent,
            ..reason
        };
        for (production, given, wanted) in [
            (reason, given(false, None), Missing::Reason),
            (reason, given(true, None), Missing::Reason),
            (reason, given(true, Some(" ")), Missing::Reason),
            (reason, given(false, Some("ticket")), Missing::Word),
            (reason, given(true, Some("ticket")), Missing::Nothing),
            (consent, given(false, None), Missing::Word),
            (consent, given(true, None), Missing::Nothing),
        ] {
            assert_eq!(
                missing(&production, given),
                wanted,
                "{production:?} {given:?}"
            );
        }
    }
}
