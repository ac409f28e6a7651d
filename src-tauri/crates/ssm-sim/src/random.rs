//! Numbers that look random and are the same for the same seed.

use ssm_message::Uuid;

/// A splitmix64 generator. Not for secrets: everything this crate "encrypts" or "signs" stays
/// on loopback and is thrown away with the process.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Says yes in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: f64) -> bool {
        if percent <= 0.0 {
            return false;
        }
        // 32 bits of precision are plenty for a percentage.
        let draw = f64::from((self.next() >> 32) as u32) / f64::from(u32::MAX) * 100.0;
        draw < percent
    }

    /// A number in `0.0..=1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from((self.next() >> 32) as u32) / f64::from(u32::MAX)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_be_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let most = (self.next() & !0xF000) | 0x4000;
        let least = (self.next() & !(0b11 << 62)) | (0b10 << 62);
        Uuid::from_u64_pair(most, least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        assert_eq!(one.bytes(33), two.bytes(33));
        assert_eq!(one.uuid(), two.uuid());
        assert_ne!(Random::new(8).next(), Random::new(7).next());
    }

    #[test]
    fn a_chance_of_a_hundred_percent_is_certain_and_one_of_zero_never_comes() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| !random.chance(0.0)));
        assert!((0..1000).filter(|_| random.chance(100.0)).count() >= 999);
        let third = (0..10_000).filter(|_| random.chance(30.0)).count();
        assert!((2_700..3_300).contains(&third), "{third}");
    }
}
