//! Agent versions, as far as they gate features.

use std::fmt;

/// A version of four numbers, ordered number by number.
///
/// Reading one never fails: what is missing or no number counts as 0, so that an odd version
/// gates features off instead of ending the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AgentVersion([u32; 4]);

impl AgentVersion {
    /// Makes a version of its parts, the most significant first.
    pub const fn new(parts: [u32; 4]) -> Self {
        Self(parts)
    }

    /// Reads a dotted version. Of each part only the leading digits count; parts after the
    /// fourth are passed over.
    pub fn parse(text: &str) -> Self {
        let mut parts = [0; 4];
        for (part, text) in parts.iter_mut().zip(text.trim().split('.')) {
            *part = leading_number(text);
        }
        Self(parts)
    }
}

impl fmt::Display for AgentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

fn leading_number(text: &str) -> u32 {
    text.chars()
        .map_while(|digit| digit.to_digit(10))
        .fold(0, |number: u32, digit| {
            number.saturating_mul(10).saturating_add(digit)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_compared_as_numbers() {
        assert!(AgentVersion::parse("3.0.1000.0") > AgentVersion::parse("3.0.196.0"));
        assert!(AgentVersion::parse("3.1") > AgentVersion::parse("3.0.999.9"));
        assert_eq!(AgentVersion::parse("3.1"), AgentVersion::new([3, 1, 0, 0]));
    }

    #[test]
    fn nonsense_is_read_as_low_as_possible() {
        for text in ["", "latest", "...", "-3.1", "\u{663}.1"] {
            assert!(
                AgentVersion::parse(text) < AgentVersion::new([1, 0, 0, 0]),
                "{text}"
            );
        }
        let long = AgentVersion::parse("99999999999999.2-beta.3.4.5");
        assert_eq!(long, AgentVersion::new([u32::MAX, 2, 3, 4]));
        assert_eq!(long.to_string(), "4294967295.2.3.4");
    }
}
