//! Whether a word looks like one that a machine has drawn.

/// Words from this length on are looked at: what is shorter is a word more often than a secret.
pub(crate) const SHORTEST: usize = 20;

/// From here on, small letters and digits alone will do: session ids, device codes.
const SHORTEST_SMALL: usize = 24;

/// Pieces of a word that the end of a line has cut: shorter ones tell nothing.
const SHORTEST_PART: usize = 8;

/// From here on a run of hexadecimal digits is an id or a digest.
const SHORTEST_HEX: usize = 32;

/// How many in a hundred neighbours are of different kinds, at least. Drawn from 62 letters and
/// digits it is about 60; in words that are put together, under 25.
const CHANGES: usize = 28;

/// Says whether a run of letters, digits and the signs of Base64 was drawn by a machine.
pub(crate) fn looks_drawn(word: &str) -> bool {
    let word = word.trim_matches(['=', '-', '_', '/', '+']);
    if word.len() < SHORTEST {
        return false;
    }
    let has = |of: fn(&u8) -> bool| word.as_bytes().iter().any(of);
    let (small, capital) = (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase));
    if !has(u8::is_ascii_digit) || !(small || capital) {
        return false;
    }
    let both = small && capital;
    (both || word.len() >= SHORTEST_SMALL) && changes_often(word)
}

/// Says whether a piece of a word looks like one of a word that a machine has drawn.
pub(crate) fn is_part(piece: &str) -> bool {
    let has = |of: fn(&u8) -> bool| piece.as_bytes().iter().any(of);
    piece.len() >= SHORTEST_PART
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (changes_often(piece) || piece.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether neighbours are of different kinds as often as chance has it.
fn changes_often(word: &str) -> bool {
    let (mut pairs, mut changes) = (0, 0);
    for pair in word.as_bytes().windows(2) {
        if let [Some(one), Some(next)] = [kind(pair[0]), kind(pair[1])] {
            pairs += 1;
            changes += usize::from(one != next);
        }
    }
    pairs > 0 && changes * 100 >= pairs * CHANGES
}

/// Says whether a run of letters and digits is a long number in hexadecimal digits.
pub(crate) fn is_long_hex(word: &str) -> bool {
    word.len() >= SHORTEST_HEX && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn kind(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_told_from_what_was_named() {
        for drawn in [
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "IQoJb3JpZ2luX2VjEJr3x2T9kPqLmZ0aB1",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "abc0def1ghi2jkl3mno4pqr5st",
        ] {
            assert!(looks_drawn(drawn), "{drawn}");
        }
        for named in [
            "AWS-StartPortForwardingSessionToRemoteHost",
            "x86_64-unknown-linux-gnu",
            "usr/lib/x86_64-linux-gnu/libWebKit2",
            "tunnel_proto_version_2_with_words",
            "SHA256withRSA2048Encryption",
            "0123456789012345678901234567890",
        ] {
            assert!(!looks_drawn(named), "{named}");
        }
    }
}
