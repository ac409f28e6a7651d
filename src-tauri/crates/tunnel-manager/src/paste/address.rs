//! Addresses of databases and other services, such as `postgres://db.internal/orders`. What they
//! say beside host and port is dropped at once: user and password above all.

use url::Host;

use super::source::Source;
use super::ssh::is_this_machine;
use super::{Fault, Found, Notice, PasteError, Place};
use crate::profile::Draft;

/// Schemes and the port that each of them means (IANA's registry of service names, or the
/// service's own documentation).
const PORTS: [(&str, u16); 29] = [
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redshift", 5439),
    ("mysql", 3306),
    ("mysqlx", 33060),
    ("mariadb", 3306),
    ("mongodb", 27017),
    ("redis", 6379),
    ("rediss", 6379),
    ("valkey", 6379),
    ("valkeys", 6379),
    ("sqlserver", 1433),
    ("mssql", 1433),
    ("oracle", 1521),
    ("amqp", 5672),
    ("amqps", 5671),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("nats", 4222),
    ("memcached", 11211),
    ("cassandra", 9042),
    ("clickhouse", 9000),
    ("http", 80),
    ("https", 443),
    ("ldap", 389),
    ("ldaps", 636),
    ("ssh", 22),
    ("rdp", 3389),
    ("vnc", 5900),
];

/// The addresses of a text that is nothing but addresses, one a line; none if it is anything
/// else. They come without the quotes and brackets round them.
pub(super) fn lines(source: &Source) -> Vec<(String, Place)> {
    let mut addresses = Vec::new();
    for line in source.lines() {
        let begin = line.start;
        let text: String = source.chars()[line].iter().collect();
        let trimmed = text.trim();
        if trimmed.is_empty() {
            continue;
        }
        let bare = trimmed
            .trim_start_matches(['"', '\'', '`', '<'])
            .trim_end_matches(['"', '\'', '`', '>']);
        let plain = !bare.contains(char::is_whitespace);
        if !plain || !(is_address(bare) || is_host_and_port(bare)) {
            return Vec::new();
        }
        let blanks = text.chars().take_while(|c| c.is_whitespace()).count();
        addresses.push((bare.to_owned(), source.place(begin + blanks)));
    }
    addresses
}

/// Whether a text begins as an address of a service does.
pub(super) fn is_address(text: &str) -> bool {
    if text
        .get(..5)
        .is_some_and(|jdbc| jdbc.eq_ignore_ascii_case("jdbc:"))
    {
        return true;
    }
    let Some((scheme, _)) = text.split_once("://") else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
    let is_file = scheme.eq_ignore_ascii_case("file") || scheme.eq_ignore_ascii_case("fileb");
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain) && !is_file
}

/// `db.internal:5432`: no scheme, but nothing else either.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = host.contains('.') && host.chars().all(plain);
    let address = host.starts_with('[') && host.ends_with(']');
    (named || address) && !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

/// Makes tunnels of addresses.
///
/// # Errors
/// One of them names no host and port.
pub(super) fn read(addresses: Vec<(String, Place)>) -> Result<Found, PasteError> {
    let mut found = Found::default();
    for (text, place) in addresses {
        let address = Address::read(&text, place)?;
        found.note(place, Notice::NodeToChoose);
        if address.login {
            found.note(place, Notice::LoginLeftOut);
        }
        if address.hosts.len() > 1 {
            found.note(place, Notice::SeveralHosts);
        }
        for (host, port) in address.hosts {
            let port = match port {
                Some(port) => port,
                None => {
                    let (what, port) = address.usual.clone().ok_or_else(|| {
                        let scheme = address.scheme.clone();
                        Fault::UnknownScheme { scheme }.at(place)
                    })?;
                    found.note(place, Notice::UsualPort { what, port });
                    port
                }
            };
            let this_machine = is_this_machine(&host);
            if this_machine {
                found.note(place, Notice::ThisMachine);
            }
            let draft = Draft {
                remote_host: (!this_machine).then_some(host),
                remote_port: port.into(),
                ..Draft::default()
            };
            found.add(place, draft)?;
        }
    }
    Ok(found)
}

/// What is kept of an address. There is no field for a password.
struct Address {
    scheme: String,
    usual: Option<(String, u16)>,
    hosts: Vec<(String, Option<u16>)>,
    login: bool,
}

impl Address {
    fn read(text: &str, place: Place) -> Result<Self, PasteError> {
        let (scheme, in_front, rest) = split_scheme(text).ok_or(Fault::AddressHost.at(place))?;
        if scheme.ends_with("+srv") {
            return Err(Fault::HostByRecord.at(place));
        }
        // `postgresql+psycopg2` names a driver.
        let scheme = scheme.split('+').next().unwrap_or_default();
        let scheme: String = scheme.chars().take(30).collect();
        let end = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((_, hosts)) => (true, hosts),
            // A password with a slash in it that was not encoded: what looks like the host is
            // the user then. An @ in a value behind a question mark is harmless.
            None if has_at_in_path(behind) => return Err(Fault::AmbiguousAddress.at(place)),
            None => (in_front, authority),
        };
        let hosts = hosts.split(',').map(|host| host_and_port(host, place));
        let hosts: Result<Vec<_>, _> = hosts.collect();
        let usual = PORTS.iter().find(|(known, _)| *known == scheme);
        Ok(Self {
            usual: usual.map(|(known, port)| ((*known).to_owned(), *port)),
            scheme,
            hosts: hosts?,
            login,
        })
    }
}

/// Whether there is an `@` in what follows the host, other than in a value of a query.
fn has_at_in_path(behind: &str) -> bool {
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let name = query.split('=').next().unwrap_or_default();
    path.contains('@') || name.contains('@')
}

/// The scheme in small letters, whether a login stands before the host in Oracle's way, and what
/// is behind `//`. Without a scheme it is empty.
fn split_scheme(text: &str) -> Option<(String, bool, &str)> {
    let lower = text.to_ascii_lowercase();
    let Some(jdbc) = lower.strip_prefix("jdbc:") else {
        return Some(match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), false, rest),
            None => (String::new(), false, text),
        });
    };
    let scheme = jdbc.split(':').next()?.to_owned();
    // `jdbc:oracle:thin:user/password@//host:port/service`, or `@host:port:sid`
    if scheme == "oracle" {
        let (login, rest) = text.rsplit_once('@')?;
        // `@tcps://host:port/service` names the protocol as well.
        let protocol = ["tcp://", "tcps://", "//"].into_iter().find(|protocol| {
            rest.get(..protocol.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(protocol))
        });
        let rest = &rest[protocol.map_or(0, str::len)..];
        let end = rest
            .match_indices(':')
            .nth(1)
            .map_or(rest.len(), |(at, _)| at);
        return Some((scheme, login.contains('/'), &rest[..end]));
    }
    let (_, rest) = text.split_once("//")?;
    // `jdbc:sqlserver://host:port;password=…`: properties, which may hold anything.
    let rest = match scheme.as_str() {
        "sqlserver" => rest.split(';').next().unwrap_or(rest),
        _ => rest,
    };
    Some((scheme, false, rest))
}

fn host_and_port(text: &str, place: Place) -> Result<(String, Option<u16>), PasteError> {
    let wrong = || Fault::AddressHost.at(place);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
            // Its zone means nothing on another machine.
            let host = host.split('%').next().unwrap_or(host);
            (format!("[{host}]"), rest.strip_prefix(':'))
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            // Behind it stands a named instance of SQL Server.
            let host = host.split('\\').next().unwrap_or(host);
            (host.to_owned(), port)
        }
    };
    let port = match port.filter(|port| !port.is_empty()) {
        Some(port) => {
            let what = "the address".to_owned();
            let port = port.parse::<u16>().ok().filter(|port| *port > 0);
            Some(port.ok_or_else(|| Fault::Port { what }.at(place))?)
        }
        None => None,
    };
    // Case, punycode and the spellings of IPv4 addresses, as browsers read them.
    let host = match Host::parse(&host).map_err(|_| wrong())? {
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Ok((host, port))
}
