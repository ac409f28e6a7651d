//! From where to where a tunnel's connections go, in words.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

use crate::{Destination, Problem, ProblemKind, TunnelConfig};

/// What a tunnel's connections pass behind the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    target: String,
    end: End,
}

/// Where they come out.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// A port of the target itself.
    Port(String),
    /// A port that the target reaches, with its host.
    Remote(String),
    /// What a document of the account's own says.
    Document(String),
}

impl Route {
    pub(crate) fn of(config: &TunnelConfig) -> Self {
        let end = match &config.destination {
            Destination::Port(port) | Destination::Stream { port } => End::Port(port.to_string()),
            Destination::RemoteHost { host, port } => remote(host, port),
            Destination::Document { name, parameters } => {
                let first = |name: &str| parameters.get(name).and_then(|values| values.first());
                match (first("host"), first("portNumber")) {
                    (Some(host), Some(port)) => remote(host, port),
                    (None, Some(port)) => End::Port(port.clone()),
                    (Some(_) | None, None) => End::Document(name.clone()),
                }
            }
        };
        Self {
            target: config.target.to_string(),
            end,
        }
    }

    /// The target could not connect to the destination, for a local connection `from` there.
    pub(crate) fn refused(&self, from: Option<SocketAddr>) -> Problem {
        let target = &self.target;
        let (what, remedy) = match &self.end {
            End::Port(port) => (
                format!("{target} can't connect to its own port {port}."),
                "Check that something listens on that port of the target, on its loopback \
                 address.",
            ),
            End::Remote(place) => (
                format!("{target} can't reach {place}."),
                "Check that something listens there, that the target can resolve its name, and \
                 that security groups and firewalls let it through.",
            ),
            End::Document(name) => (
                format!("{target} can't connect to where the document {name} leads."),
                "Check that the destination listens, and that the target may reach it.",
            ),
        };
        let details = from.map(|from| format!("for the local connection from {from}"));
        let problem = Problem::new(ProblemKind::Target, "destination-refused", what, remedy)
            .with_details(details.unwrap_or_default())
            .with_fact("target", &target);
        match &self.end {
            End::Port(port) => problem.with_fact("port", &port),
            End::Remote(place) => problem.with_fact("place", &place),
            End::Document(name) => problem.with_fact("document", &name),
        }
    }

    /// A connection was given up because its program did not read.
    pub(crate) fn slow_reader(&self) -> Problem {
        Problem::new(
            ProblemKind::Target,
            "slow-reader",
            format!("A connection to {self} was reset: its program did not read, and others wait."),
            "Let the program read, or give it a tunnel of its own.",
        )
        .with_fact("place", &self)
    }
}

fn remote(host: &str, port: &impl fmt::Display) -> End {
    End::Remote(match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]:{port}"),
        Err(_) => format!("{host}:{port}"),
    })
}

/// The end of the route.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = &self.target;
        match &self.end {
            End::Port(port) => write!(f, "port {port} of {target}"),
            End::Remote(place) => f.write_str(place),
            End::Document(name) => write!(f, "where the document {name} leads from {target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn route(destination: Destination) -> Route {
        Route::of(&TunnelConfig::new("i-0abc", destination))
    }

    fn document(parameters: &[(&str, &str)]) -> Route {
        let one = |(name, value): &(&str, &str)| ((*name).to_owned(), vec![(*value).to_owned()]);
        route(Destination::Document {
            name: "Our-Document".to_owned(),
            parameters: parameters.iter().map(one).collect::<BTreeMap<_, _>>(),
        })
    }

    #[test]
    fn a_refusal_names_who_could_not_reach_what() {
        let remote = |host: &str| {
            let host = host.to_owned();
            route(Destination::RemoteHost { host, port: 5432 })
        };
        for (route, what) in [
            (
                remote("db.internal"),
                "i-0abc can't reach db.internal:5432.",
            ),
            (remote("fd00::5"), "i-0abc can't reach [fd00::5]:5432."),
            (
                route(Destination::Port(80)),
                "i-0abc can't connect to its own port 80.",
            ),
            (
                route(Destination::Stream { port: 22 }),
                "i-0abc can't connect to its own port 22.",
            ),
            (
                document(&[("host", "db"), ("portNumber", "1")]),
                "i-0abc can't reach db:1.",
            ),
            (
                document(&[("portNumber", "1")]),
                "i-0abc can't connect to its own port 1.",
            ),
            (
                document(&[]),
                "i-0abc can't connect to where the document Our-Document leads.",
            ),
        ] {
            let problem = route.refused(None);
            assert_eq!(problem.details, "");
            assert_eq!(problem.what, what);
            assert_eq!(problem.code, "destination-refused");
        }
    }

    #[test]
    fn a_refusal_names_the_local_connection() {
        let from = Some(SocketAddr::from(([127, 0, 0, 1], 53_422)));
        let problem = route(Destination::Port(80)).refused(from);
        assert_eq!(
            problem.details,
            "for the local connection from 127.0.0.1:53422"
        );
    }

    #[test]
    fn a_reset_for_slow_reading_names_the_destination() {
        let what = route(Destination::Port(80)).slow_reader().what;
        assert!(what.contains("port 80 of i-0abc"), "{what}");
    }
}
