//! Addresses in hexadecimal digits: as debuggers and programs print them, and as Linux lists sockets and
//! routes under `/proc/net`, where the bytes of an address stand the other way round.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Match, Rule, Split, Taken};
use crate::{Kind, host};

/// Words before a number that is an address for sure.
const SAID: &[&str] = &[
    "addr", "address", "client", "daddr", "dst", "from", "gateway", "gw", "host", "inet", "ip",
    "local", "nexthop", "peer", "remote", "route", "saddr", "server", "src", "to", "via",
];

/// Words before one that is none, whatever it looks like.
const OTHERS: &[&str] = &[
    "checksum", "code", "crc", "error", "flags", "handle", "hash", "hresult", "id", "magic",
    "mask", "netmask", "pointer", "status", "value", "version",
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::new(r"\b0[xX]([0-9A-Fa-f]{8})\b", |found, taken| {
            let Some(address) = big_endian(found.of(1)) else {
                return;
            };
            let word = word_before(found);
            let is_told = SAID.contains(&word.as_str());
            let is_other = OTHERS.contains(&word.as_str());
            if is_told || (address.is_private() && !is_other) {
                add(IpAddr::V4(address), found, 0, taken);
            }
        })
        .split(Split::Early(|_, _| true)),
        // `/proc/net/tcp`, `/proc/net/tcp6`.
        Rule::new(
            r"\b([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}):[0-9A-Fa-f]{4}\b",
            |found, taken| {
                let is_part = found.before().ends_with([':', '.', '-', '/'])
                    || found.after().starts_with([':', '-']);
                let digits = found.of(1);
                let is_number = found
                    .of(0)
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b':');
                let address = little_endian(digits);
                let is_private =
                    matches!(address, Some(IpAddr::V4(address)) if address.is_private());
                if let Some(address) = address.filter(|_| !is_part)
                    && (!is_number || is_private || is_row(found))
                {
                    add(address, found, 1, taken);
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        // `/proc/net/route`: where to, and through what.
        Rule::new(
            r"\b([0-9A-F]{8})[ \t]+([0-9A-F]{8})[ \t]+[0-9A-F]{4}[ \t]",
            |found, taken| {
                let both = [1, 2].map(|group| little_endian(found.of(group)));
                let is_plain = |ip: &Option<IpAddr>| match ip {
                    Some(IpAddr::V4(address)) => address.is_private() || address.is_unspecified(),
                    Some(IpAddr::V6(_)) | None => false,
                };
                for (group, address) in [1, 2].into_iter().zip(both) {
                    if let Some(address) = address.filter(|_| both.iter().any(is_plain)) {
                        add(address, found, group, taken);
                    }
                }
            },
        )
        .split(Split::Early(|_, _| true)),
        Rule::new(
            r#"(?i)\b(?:ip|ipv4|addr|address|[sd]addr|s_addr|gateway)\b\\*["']?[ \t]*[=:][ \t]*\\*["']?([0-9a-f]{8})\b"#,
            |found, taken| {
                let digits = found.of(1);
                let either = [big_endian(digits).map(IpAddr::V4), little_endian(digits)];
                let is_private =
                    |ip: &IpAddr| matches!(ip, IpAddr::V4(address) if address.is_private());
                if let Some(address) = either.into_iter().flatten().find(is_private) {
                    add(address, found, 1, taken);
                }
            },
        )
        .split(Split::Early(|_, _| true)),
    ]
}

/// The address is what is meant: it has one pseudonym with all other ways to write it.
fn add(address: IpAddr, found: &Match<'_>, group: usize, taken: &mut Taken<'_>) {
    if !host::is_harmless_address(address) {
        taken.add_as(Kind::Ip, found.at(group), address.to_string());
    }
}

/// Whether it stands in a row of a table of sockets: behind its number, or beside another one.
fn is_row(found: &Match<'_>) -> bool {
    let line = found.line_before().trim();
    let number = line.split(':').next().unwrap_or_default();
    let is_first = line.ends_with(':') && number.bytes().all(|byte| byte.is_ascii_digit());
    let next = found.after().trim_start_matches([' ', '\t']);
    let pair = next.split([' ', '\t']).next().unwrap_or_default();
    let is_pair = |text: &str| {
        text.len() == 13
            && text.as_bytes().get(8) == Some(&b':')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
    };
    is_first || is_pair(pair) || line.rsplit([' ', '\t']).next().is_some_and(is_pair)
}

fn word_before(found: &Match<'_>) -> String {
    let said = found
        .before()
        .trim_end_matches([' ', '\t', '=', ':', '"', '\'', '(', '\\', '[']);
    let word = said.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
    word.unwrap_or_default().to_ascii_lowercase()
}

fn big_endian(digits: &str) -> Option<Ipv4Addr> {
    u32::from_str_radix(digits, 16)
        .ok()
        .map(Ipv4Addr::from_bits)
}

/// Each group of eight digits is a number as the processor has it in memory.
fn little_endian(digits: &str) -> Option<IpAddr> {
    let numbers: Vec<[u8; 4]> = (0..digits.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(digits.get(at..at + 8)?, 16).ok())
        .map(|number| number.map(u32::to_le_bytes))
        .collect::<Option<_>>()?;
    match numbers.as_slice() {
        [one] => Some(IpAddr::V4(Ipv4Addr::from(*one))),
        [..] => {
            let bytes: [u8; 16] = numbers.concat().try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_table_of_sockets_is_read_the_other_way_round() {
        for (digits, address) in [
            ("0302010A", "10.1.2.3"),
            ("0100007F", "127.0.0.1"),
            ("0000000000000000FFFF00000302010A", "10.1.2.3"),
            ("B80D0120000000000000000001000000", "2001:db8::1"),
        ] {
            let read = little_endian(digits).map(|address| address.to_string());
            assert_eq!(read.as_deref(), Some(address));
        }
        assert_eq!(little_endian("0302010X"), None);
    }
}
