//! The way to AWS, step by step, for each host that a tunnel needs.

use std::fmt;
use std::time::Duration;

use super::words;
use crate::{Business, Fault, Judgement, inspector};

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

/// The certificate that a host showed, and what the TLS library makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The host.
    pub host: String,
    /// Who signed it, the signer of that, and so on, as far as was shown. Empty when none was.
    pub signers: Vec<Name>,
    /// Why it is not trusted.
    pub fault: Option<Fault>,
}

/// A name in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// Organisation (`O`).
    pub organisation: Option<String>,
    /// Common name (`CN`).
    pub common_name: Option<String>,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.common_name, &self.organisation) {
            (Some(name), Some(organisation)) => write!(f, "\"{name}\" of {organisation}"),
            (Some(name), None) => write!(f, "\"{name}\""),
            (None, Some(organisation)) => f.write_str(organisation),
            (None, None) => f.write_str("an authority without a name"),
        }
    }
}

/// What answered an unsigned request to the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whom it was sent to.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// Whether it has what every answer of the service has: a request id, or an error in JSON.
    pub is_services: bool,
    /// Where it leads to, if it is a redirect.
    pub location: Option<String>,
    /// The first characters of the body.
    pub excerpt: String,
    /// How far this machine's clock is ahead of the answer's date (behind, if negative), in
    /// seconds; `None` when it has none that can be read.
    pub clock_ahead: Option<i64>,
    /// How long the answer took.
    pub took: Duration,
}

/// What answered a WebSocket upgrade for a channel that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// Whom it was sent to.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// Whether it is a page, which the gateway never sends.
    pub is_page: bool,
    /// The first characters of the body.
    pub excerpt: String,
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
    let mut told: Vec<String> = Vec::new();
    for resolved in &names {
        let shown: Vec<_> = resolved
            .addresses
            .iter()
            .take(ADDRESSES_TOLD)
            .cloned()
            .collect();
        let more = resolved.addresses.len().saturating_sub(ADDRESSES_TOLD);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let who = match &resolved.proxy_of {
            Some(_) => format!("the proxy {}", resolved.name),
            None => resolved.name.clone(),
        };
        // An address is its own.
        let sentence = if resolved.addresses == [resolved.name.as_str()] {
            format!("{who} is an address already.")
        } else {
            format!("{who} is {}{more}.", shown.join(", "))
        };
        // Both services may lie behind one proxy or one endpoint.
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    Judgement::ok(capitalised(&told.join(" ")))
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
            Judgement::ok(format!("Connected to {}.", words::list(&told)))
        }
        Err(fault) => fault.into(),
    }
}

/// Nothing is sent to a proxy of a kind that is not spoken, nor past it.
fn nobody_is_spoken_to() -> Judgement {
    Judgement::nothing_to_check(
        "The proxy that is set is of a kind that Culvert does not speak to.",
    )
}

/// Judges what the proxy did. The first host that it did not connect to decides.
#[must_use]
pub fn proxy(asked: Vec<(String, Proxied)>) -> Judgement {
    let mut through: Vec<String> = Vec::new();
    for (host, proxied) in asked {
        match proxied {
            Proxied::Direct => {}
            Proxied::Connected { proxy } => through.push(format!("{host} through {proxy}")),
            Proxied::Failed { fault } => return fault.into(),
        }
    }
    if through.is_empty() {
        return Judgement::nothing_to_check("No proxy is set for AWS's hosts.");
    }
    Judgement::ok(format!("It connects: {}.", words::list(&through)))
}

/// Judges certificates. One that is not trusted decides; then one that a proxy made which looks
/// into the traffic.
#[must_use]
pub fn tls(shown: &[Certificate]) -> Judgement {
    if shown.is_empty() {
        return Judgement::nothing_to_check(
            "The endpoint is spoken to in the clear; there are no certificates.",
        );
    }
    if let Some((certificate, fault)) = shown
        .iter()
        .find_map(|certificate| Some((certificate, certificate.fault.as_ref()?)))
    {
        return untrusted(certificate, fault);
    }
    if let Some(judgement) = shown.iter().find_map(inspected) {
        return judgement;
    }
    let signed: Vec<_> = shown
        .iter()
        .map(|certificate| match certificate.signers.first() {
            Some(signer) => format!("{} is signed by {signer}", certificate.host),
            None => format!("{} showed no signer", certificate.host),
        })
        .collect();
    Judgement::ok(format!("Trusted: {}.", words::list(&signed)))
}

fn untrusted(certificate: &Certificate, fault: &Fault) -> Judgement {
    let details = details(certificate, &fault.details);
    let Some(signer) = certificate.signers.first() else {
        return Judgement::from(fault.clone());
    };
    let by_name = fault.code == "tls-untrusted-issuer";
    match product(certificate) {
        Some(product) if by_name => Judgement::failed(
            fault.business,
            fault.code.clone(),
            format!(
                "A proxy that looks into encrypted traffic ({product}) answers in place of {}, \
                 and its certificate is not trusted.",
                certificate.host
            ),
            format!(
                "Get the root certificate of {product} from whoever runs it, and set \
                 AWS_CA_BUNDLE to a PEM file with it; or have AWS's hosts excepted."
            ),
        ),
        Some(_) | None => Judgement::failed(
            fault.business,
            fault.code.clone(),
            format!("{} It is signed by {signer}.", fault.what),
            fault.remedy.clone(),
        ),
    }
    .with_details(details)
}

/// A trusted certificate of a host of AWS that AWS did not have signed, or of any host that a
/// known product signed.
fn inspected(certificate: &Certificate) -> Option<Judgement> {
    let signer = certificate.signers.first()?;
    let organisation = signer.organisation.as_deref().unwrap_or_default();
    let product = product(certificate);
    let foreign = inspector::is_aws(&certificate.host) && !inspector::signs_for_aws(organisation);
    if product.is_none() && !foreign {
        return None;
    }
    let who = product.map_or_else(|| signer.to_string(), str::to_owned);
    Some(
        Judgement::warning(
            "tls-inspected",
            format!(
                "The connection to {} is trusted, but a proxy looks into it: its certificate is \
                 made by {who}. Such a proxy may end WebSockets, or hold them up.",
                certificate.host
            ),
            "If tunnels break often, ask for AWS's ssm and ssmmessages hosts to be excepted.",
        )
        .with_details(details(certificate, "")),
    )
}

fn product(certificate: &Certificate) -> Option<&'static str> {
    certificate.signers.iter().find_map(|signer| {
        let name = |name: &Option<String>| inspector::product(name.as_deref()?);
        name(&signer.organisation).or_else(|| name(&signer.common_name))
    })
}

fn details(certificate: &Certificate, more: &str) -> String {
    let chain: Vec<_> = certificate
        .signers
        .iter()
        .map(ToString::to_string)
        .collect();
    let chain = format!("signed by {}", chain.join(", which is signed by "));
    if more.is_empty() {
        chain
    } else {
        format!("{more}; {chain}")
    }
}

/// An answer as details show it.
fn http(status: u16, excerpt: &str) -> String {
    match excerpt {
        "" => format!("HTTP {status}, with nothing in it"),
        excerpt => format!("HTTP {status}: {excerpt}"),
    }
}

/// Judges who answered the API request.
#[must_use]
pub fn captive_portal(asked: Result<&Answer, Fault>) -> Judgement {
    let answer = match asked {
        Ok(answer) => answer,
        Err(fault) => return fault.into(),
    };
    let Answer { host, status, .. } = answer;
    let details = http(*status, &answer.excerpt);
    if let Some(location) = &answer.location {
        return Judgement::failed(
            Business::Network,
            "captive-portal",
            format!(
                "Something else answers in place of {host}, and sends the reader to {location}."
            ),
            "Open that page in a browser and sign in to the network; or check the proxy.",
        )
        .with_details(details);
    }
    if answer.is_services {
        return Judgement::ok(format!("{host} answers as AWS does."));
    }
    if *status >= 500 {
        return Judgement::failed(
            Business::Service,
            "service-error",
            format!("{host}, or something in front of it, answers with HTTP status {status}."),
            "This is likely to pass; if it does not, the AWS Health Dashboard may say why.",
        )
        .with_details(details);
    }
    Judgement::failed(
        Business::Network,
        "captive-portal",
        format!("Something else answers in place of {host}: what came is not AWS's."),
        "Sign in to the network in a browser, or check the endpoint and the proxy.",
    )
    .with_details(details)
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
        );
    };
    let apart = ahead.unsigned_abs();
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
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
        );
    }
    if apart > SKEW_NOTABLE {
        return Judgement::warning(
            "clock-drifts",
            format!(
                "This computer's clock is {span} {direction} AWS's. From 5 min on AWS refuses \
                 what other programs sign with it."
            ),
            "Let the system set the time by itself (NTP).",
        );
    }
    Judgement::ok(match apart {
        // The date is in whole seconds, and older than the moment it is read.
        0..=2 => "This computer's clock agrees with AWS's.".to_owned(),
        _ => format!("This computer's clock is {span} {direction} AWS's, which does no harm."),
    })
}

/// Judges the answer to a WebSocket upgrade that asked for nothing that exists.
#[must_use]
pub fn websocket(asked: Result<Upgrade, Fault>) -> Judgement {
    let answer = match asked {
        Ok(answer) => answer,
        Err(fault) => return fault.into(),
    };
    let Upgrade { host, status, .. } = &answer;
    let details = http(*status, &answer.excerpt);
    if *status == 101 {
        return Judgement::ok(format!("{host} upgrades connections to WebSockets."));
    }
    let blocked = |what: String| {
        Judgement::failed(
            Business::Network,
            "websocket-blocked",
            what,
            "Ask for WebSockets to the ssmmessages host to be let through: proxies often have a \
             setting of their own for them.",
        )
        .with_details(details.clone())
    };
    if answer.is_page || (300..400).contains(status) {
        return blocked(format!(
            "Something between here and {host} answers a WebSocket upgrade itself, with HTTP \
             status {status}."
        ));
    }
    match status {
        400 | 426 => blocked(format!(
            "{host} saw no WebSocket upgrade in a request for one: something in between takes \
             it out."
        )),
        401 | 403 | 404 | 410 => Judgement::ok(format!(
            "{host} hears upgrades to WebSockets, and refused this one, which asked for a \
             channel that does not exist (HTTP status {status})."
        )),
        500.. => Judgement::failed(
            Business::Service,
            "gateway-error",
            format!("{host}, or something in front of it, answers with HTTP status {status}."),
            "This is likely to pass; if it does not, the AWS Health Dashboard may say why.",
        )
        .with_details(details),
        _ => blocked(format!(
            "{host} does not answer a WebSocket upgrade as the gateway does: with HTTP status \
             {status}."
        )),
    }
}

fn capitalised(text: &str) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
