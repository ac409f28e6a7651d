//! The only source of randomness: a stream cipher over the seed.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use uuid::{Builder, Uuid};

use crate::cipher::NONCE_LENGTH;

/// Makes ids and nonces. Two with the same seed make the same ones, so the seed must be new
/// and secret for each channel.
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    pub(crate) fn nonce(&mut self) -> [u8; NONCE_LENGTH] {
        let mut nonce = [0; NONCE_LENGTH];
        self.0.fill_bytes(&mut nonce);
        nonce
    }
}
