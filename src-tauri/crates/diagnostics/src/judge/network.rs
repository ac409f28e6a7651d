//! The way to AWS, step by step, for each host that a tunnel needs.

use std::time::Duration;

use super::words;
use crate::finding::Sentences;
use crate::{Fault, Judgement};

/// Signatures are refused when clocks are further apart than five minutes (SigV4); a minute is
/// left for what comes on the way.
const SKEW_MOST: u64 = 240;

/// A difference that is told though it does no harm yet.
const SKEW_NOTABLE: u64 = 60;

/// Addresses of one host that are told.
const ADDRESSES_TOLD: usize = 4;

/// A name that was looked up: the host's own, or the proxy's in front of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The name.
    pub name: String,
    /// The host that it is looked up for, if it is another: this is a proxy's name.
    pub proxy_of: Option<String>,
    /// What came.
    pub addresses: Vec<String>,
}

/// What became of a proxy between this machine and a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxied {
    /// There is none.
    Direct,
    /// It made a connection.
    Connected {
        /// Its address.
        proxy: String,
    },
    /// It did not.
    Failed {
        /// Why; it names the proxy and what that was asked for.
        fault: Fault,
    },
}

/// AWS's answer to an unsigned request to the API. What anybody else answers is a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whom it was sent to.
    pub host: String,
    /// How far this machine's clock is ahead of the answer's date (behind, if negative), in
    /// seconds; `None` when it has none that can be read.
    pub clock_ahead: Option<i64>,
}

/// How the gateway answered a WebSocket upgrade for a channel that does not exist: it switched
/// protocols, or refused. What something in between answers is a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Whom it was sent to.
    pub host: String,
    /// HTTP status.
    pub status: u16,
}

/// Judges names. The first that has no address decides.
#[must_use]
pub fn dns(looked_up: Vec<Result<Resolved, Fault>>) -> Judgement {
    let names = match looked_up.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(names) => names,
        Err(fault) => return fault.into(),
    };
    if names.is_empty() {
        return nobody_is_spoken_to();
    }
    let mut told = Sentences::default();
    let mut seen: Vec<&Resolved> = Vec::new();
    for resolved in &names {
        // Both services may lie behind one proxy or one endpoint.
        let is_same = |other: &&Resolved| {
            other.name == resolved.name
                && other.addresses == resolved.addresses
                && other.proxy_of.is_some() == resolved.proxy_of.is_some()
        };
        if seen.iter().any(is_same) {
            continue;
        }
        seen.push(resolved);
        add_resolved(&mut told, resolved);
    }
    told.ok()
}

fn add_resolved(told: &mut Sentences, resolved: &Resolved) {
    let Resolved {
        name,
        proxy_of,
        addresses,
    } = resolved;
    let shown: Vec<_> = addresses.iter().take(ADDRESSES_TOLD).cloned().collect();
    let shown = shown.join(", ");
    let more = addresses.len().saturating_sub(ADDRESSES_TOLD);
    let who = match proxy_of {
        Some(_) => format!("The proxy {name}"),
        None => name.clone(),
    };
    // An address is its own.
    if *addresses == [name.as_str()] {
        let said = match proxy_of {
            Some(_) => "dns-proxy-is-address",
            None => "dns-is-address",
        };
        told.add(
            said,
            [("name", name)],
            format!("{who} is an address already."),
        );
        return;
    }
    let said = match (proxy_of, more) {
        (Some(_), 0) => "dns-proxy",
        (Some(_), _) => "dns-proxy-and-more",
        (None, 0) => "dns",
        (None, _) => "dns-and-more",
    };
    let text = match more {
        0 => format!("{who} is {shown}."),
        more => format!("{who} is {shown} and {more} more."),
    };
    told.add(
        said,
        [("name", name), ("addresses", &shown), ("more", &more)],
        text,
    );
}

/// Judges connections. The first that was not made decides. What came is an address each.
#[must_use]
pub fn tcp(connected: Vec<Result<(String, String), Fault>>) -> Judgement {
    match connected.into_iter().collect::<Result<Vec<_>, _>>() {
        Ok(places) if places.is_empty() => nobody_is_spoken_to(),
        Ok(places) => {
            let mut told: Vec<String> = Vec::new();
            for (host, address) in &places {
                let place = format!("{host} ({address})");
                if !told.contains(&place) {
                    told.push(place);
                }
            }
            let judgement = Judgement::ok(format!("Connected to {}.", words::list(&told)));
            told.iter().fold(judgement, |judgement, place| {
                judgement.saying("tcp", [("place", place)])
            })
        }
        Err(fault) => fault.into(),
    }
}

/// Nothing is sent to a proxy that can't be used as it is set, nor past it.
fn nobody_is_spoken_to() -> Judgement {
    Judgement::nothing_to_check("The proxy that is set can't be used.")
        .saying("proxy-not-spoken", [])
}

/// Judges what the proxy did. The first host that it did not connect to decides.
#[must_use]
pub fn proxy(asked: Vec<(String, Proxied)>) -> Judgement {
    let mut through: Vec<(String, String)> = Vec::new();
    for (host, proxied) in asked {
        match proxied {
            Proxied::Direct => {}
            Proxied::Connected { proxy } => through.push((host, proxy)),
            Proxied::Failed { fault } => return fault.into(),
        }
    }
    if through.is_empty() {
        return Judgement::nothing_to_check("No proxy is set for AWS's hosts.")
            .saying("no-proxy", []);
    }
    let ways: Vec<_> = through
        .iter()
        .map(|(host, proxy)| format!("{host} through {proxy}"))
        .collect();
    let judgement = Judgement::ok(format!("It connects: {}.", words::list(&ways)));
    through.iter().fold(judgement, |judgement, (host, proxy)| {
        judgement.saying("proxy-connects", [("host", host), ("proxy", proxy)])
    })
}

/// Judges who answered the API request.
#[must_use]
pub fn captive_portal(asked: Result<&Answer, Fault>) -> Judgement {
    match asked {
        Ok(Answer { host, .. }) => Judgement::ok(format!("{host} answers as AWS does."))
            .saying("answers-as-aws", [("host", host)]),
        Err(fault) => fault.into(),
    }
}

/// Judges this machine's clock by the date of AWS's answer.
#[must_use]
pub fn clock(asked: Result<&Answer, Fault>) -> Judgement {
    let answer = match asked {
        Ok(answer) => answer,
        Err(fault) => return fault.into(),
    };
    let Some(ahead) = answer.clock_ahead else {
        return Judgement::warning(
            "clock-unknown",
            format!("The answer of {} has no date to compare with.", answer.host),
            "Compare this computer's time with another clock if signatures are refused.",
        )
        .with_fact("host", &answer.host);
    };
    let apart = ahead.unsigned_abs();
    let (direction, side) = if ahead < 0 {
        ("behind", "spanBehind")
    } else {
        ("ahead of", "spanAhead")
    };
    let span = words::span(Duration::from_secs(apart));
    if apart > SKEW_MOST {
        return Judgement::warning(
            "clock-skew",
            format!(
                "This computer's clock is {span} {direction} AWS's. Culvert corrects that and signs \
                 with AWS's time; other programs fail, for AWS refuses signatures that are more \
                 than 5 min off, and says that the credentials are wrong."
            ),
            "Set the date and time, or let the system set them by itself (NTP).",
        )
        .with_fact(side, &span);
    }
    if apart > SKEW_NOTABLE {
        return Judgement::warning(
            "clock-drifts",
            format!(
                "This computer's clock is {span} {direction} AWS's. From 5 min on AWS refuses \
                 what other programs sign with it."
            ),
            "Let the system set the time by itself (NTP).",
        )
        .with_fact(side, &span);
    }
    match apart {
        // The date is in whole seconds, and older than the moment it is read.
        0..=2 => {
            Judgement::ok("This computer's clock agrees with AWS's.").saying("clock-agrees", [])
        }
        _ => Judgement::ok(format!(
            "This computer's clock is {span} {direction} AWS's, which does no harm."
        ))
        .saying(
            if ahead < 0 {
                "clock-behind"
            } else {
                "clock-ahead"
            },
            [("span", &span)],
        ),
    }
}

/// Judges the answer to a WebSocket upgrade that asked for nothing that exists.
#[must_use]
pub fn websocket(asked: Result<Upgrade, Fault>) -> Judgement {
    let answer = match asked {
        Ok(answer) => answer,
        Err(fault) => return fault.into(),
    };
    let Upgrade { host, status } = &answer;
    if *status == 101 {
        return Judgement::ok(format!("{host} upgrades connections to WebSockets."))
            .saying("upgrades", [("host", host)]);
    }
    Judgement::ok(format!(
        "{host} hears upgrades to WebSockets, and refused this one, which asked for a channel that \
         does not exist (HTTP status {status})."
    ))
    .saying("hears-upgrades", [("host", host), ("status", status)])
}

#[cfg(test)]
mod tests;
