//! The one way to write a value that can be written in several: what is equal has one pseudonym.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use crate::Kind;

/// Digits of an account.
const ACCOUNT_DIGITS: usize = 12;

/// How a label of a host begins whose letters beyond ASCII are written in ASCII.
const PUNYCODE: &str = "xn--";

/// Hexadecimal digits of the address of a network card.
const MAC_DIGITS: usize = 12;

/// A value as it is written once and for all.
pub(crate) fn plain(kind: Kind, value: &str) -> Cow<'_, str> {
    match kind {
        Kind::Ip => match address(value).or_else(|| number(value)) {
            Some(address) => address.to_string().into(),
            None => value.to_ascii_lowercase().into(),
        },
        Kind::Host => match address(value) {
            Some(address) => address.to_string().into(),
            None => name_of_host(value.trim_end_matches('.')).into(),
        },
        Kind::Account => digits(value).unwrap_or_else(|| value.to_owned()).into(),
        Kind::Mac => hex(value)
            .unwrap_or_else(|| value.to_ascii_lowercase())
            .into(),
        Kind::Email => match value.trim_end_matches('.').rsplit_once('@') {
            Some((user, host)) => format!("{}@{}", user.to_lowercase(), name_of_host(host)).into(),
            None => value.trim_end_matches('.').to_lowercase().into(),
        },
        Kind::Phone => phone(value).into(),
        Kind::Portal => value.trim_end_matches('.').to_lowercase().into(),
        Kind::Instance | Kind::ManagedNode | Kind::Resource | Kind::Id => {
            value.to_ascii_lowercase().into()
        }
        Kind::Task
        | Kind::User
        | Kind::Name
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Tag
        | Kind::Tunnel
        | Kind::Text => value.into(),
    }
}

/// The other ways to write a value that is looked for by its text.
pub(crate) fn others(kind: Kind, value: &str) -> Vec<String> {
    let cut = |digits: &str, lengths: usize, between: &str| {
        let parts: Vec<String> = digits
            .as_bytes()
            .chunks(lengths)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        parts.join(between)
    };
    match kind {
        Kind::Account => digits(value).map_or_else(Vec::new, |digits| {
            let (dashed, spaced) = (cut(&digits, 4, "-"), cut(&digits, 4, " "));
            vec![digits, dashed, spaced]
        }),
        Kind::Mac => hex(value).map_or_else(Vec::new, |digits| {
            let apart = [(2, ":"), (2, "-"), (4, ".")];
            let apart = apart.map(|(lengths, between)| cut(&digits, lengths, between));
            apart.into_iter().chain([digits]).collect()
        }),
        Kind::Ip => match address(value) {
            Some(IpAddr::V4(address)) => in_hex(address),
            Some(IpAddr::V6(_)) | None => Vec::new(),
        },
        // Letters beyond ASCII, or how they are written in ASCII.
        Kind::Host if !value.is_ascii() || value.contains(PUNYCODE) => {
            let (unicode, _) = idna::domain_to_unicode(value);
            let capitals = unicode.to_uppercase();
            vec![name_of_host(value), unicode, capitals]
        }
        Kind::Instance
        | Kind::ManagedNode
        | Kind::Resource
        | Kind::Task
        | Kind::Host
        | Kind::User
        | Kind::Email
        | Kind::Phone
        | Kind::Name
        | Kind::Key
        | Kind::Token
        | Kind::Secret
        | Kind::Session
        | Kind::Tag
        | Kind::Portal
        | Kind::Tunnel
        | Kind::Id
        | Kind::Text => Vec::new(),
    }
}

/// The name of a host in small letters; one with letters beyond ASCII as resolvers ask for it.
fn name_of_host(name: &str) -> String {
    let small = name.to_lowercase();
    match small.is_ascii() {
        true => small,
        false => idna::domain_to_ascii(&small).unwrap_or(small),
    }
}

/// An IP address, however it is written: in brackets, with a zone, in dashes as EC2 has it in
/// names of hosts, with leading zeros, or an IPv4 address within IPv6.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_start_matches('[');
    let end = text.find([']', '%']).unwrap_or(text.len());
    let text = &text[..end];
    if text.contains(':') {
        return text
            .parse()
            .ok()
            .map(|address: IpAddr| address.to_canonical());
    }
    let mut parts = text.split(['.', '-']).map(|part| {
        let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<u8>().ok()).flatten()
    });
    let mut octets = [0; 4];
    for octet in &mut octets {
        *octet = parts.next()??;
    }
    parts
        .next()
        .is_none()
        .then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

/// An IPv4 address that is written as one number, in decimal or hexadecimal digits.
pub(crate) fn number(text: &str) -> Option<IpAddr> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = match hex {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    Some(IpAddr::V4(Ipv4Addr::from_bits(number.ok()?)))
}

/// An IPv4 address in hexadecimal digits, and as Linux has it under `/proc/net`.
fn in_hex(address: Ipv4Addr) -> Vec<String> {
    let (number, turned) = (address.to_bits(), address.to_bits().swap_bytes());
    vec![
        address.to_string(),
        format!("0x{number:08x}"),
        format!("0x{number:08X}"),
        format!("{turned:08X}"),
        format!("{turned:08x}"),
    ]
}

/// The digits of a telephone number with its country's code, if it is there: `+49 (0)30 1` is `+49301`.
fn phone(value: &str) -> String {
    let value = value.replace("(0)", "");
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_international = value.trim_start().starts_with('+');
    match (is_international, digits.strip_prefix("00")) {
        (true, _) => format!("+{digits}"),
        (false, Some(rest)) => format!("+{rest}"),
        (false, None) => digits,
    }
}

fn digits(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_all = value
        .chars()
        .all(|c| c.is_ascii_digit() || c == '-' || c == ' ');
    (is_all && digits.len() == ACCOUNT_DIGITS).then_some(digits)
}

fn hex(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect();
    let is_all = value
        .chars()
        .all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '-' | '.'));
    (is_all && digits.len() == MAC_DIGITS).then(|| digits.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for (one, other) in [
            ("10.1.2.3", "::ffff:10.1.2.3"),
            ("10.1.2.3", "010.001.002.003"),
            ("10.1.2.3", "10-1-2-3"),
            ("10.1.2.3", "167838211"),
            ("10.1.2.3", "0x0A010203"),
            ("10.1.2.3", "::ffff:a01:203"),
            ("2001:db8::1", "[2001:0DB8:0:0:0:0:0:1]"),
            ("fe80::1%eth0", "fe80:0::1"),
        ] {
            assert_eq!(plain(Kind::Ip, one), plain(Kind::Ip, other), "{other}");
        }
        assert_eq!(plain(Kind::Host, "10.1.2.3"), plain(Kind::Ip, "10.1.2.3"));
        for none in ["1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "1..2.3", ""] {
            assert_eq!(address(none), None, "{none}");
        }
    }

    #[test]
    fn a_host_is_the_same_with_its_own_letters_and_in_ascii() {
        for (one, other) in [
            ("bücher.firma.example", "xn--bcher-kva.firma.example"),
            ("BÜCHER.Firma.example", "bücher.firma.example."),
            ("bu\u{308}cher.firma.example", "bücher.firma.example"),
            ("straße.example", "xn--strae-oqa.example"),
        ] {
            assert_eq!(plain(Kind::Host, one), plain(Kind::Host, other), "{one}");
            let (one, other) = (format!("nina@{one}"), format!("nina@{other}"));
            assert_eq!(plain(Kind::Email, &one), plain(Kind::Email, &other));
        }
        for written in ["bücher.firma.example", "xn--bcher-kva.firma.example"] {
            let all = others(Kind::Host, written);
            for form in ["bücher.firma.example", "xn--bcher-kva.firma.example"] {
                assert!(all.iter().any(|other| other == form), "{all:?}");
            }
        }
    }

    #[test]
    fn an_account_and_a_card_have_one_form_and_all_others_are_looked_for() {
        for written in ["1234-5678-9012", "1234 5678 9012", "123456789012"] {
            assert_eq!(plain(Kind::Account, written), "123456789012");
            assert_eq!(others(Kind::Account, written).len(), 3);
        }
        for written in ["AA-BB-CC-17-42-FF", "aabb.cc17.42ff", "aabbcc1742ff"] {
            assert_eq!(
                plain(Kind::Mac, written),
                plain(Kind::Mac, "aa:bb:cc:17:42:ff")
            );
        }
    }
}
