//! AES-256-GCM with the session's data key (docs/protocol.md, section 4).

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Key};

use crate::random::Random;

const NONCE: usize = 12;
const KEY: usize = 32;

/// The agent's side: it encrypts with the half by which the client decrypts.
pub(super) struct Cipher {
    encrypt: Aes256Gcm,
    decrypt: Aes256Gcm,
}

impl Cipher {
    /// Takes the 64 bytes that GenerateDataKey made.
    pub(super) fn new(data_key: &[u8]) -> Option<Self> {
        let first: [u8; KEY] = data_key.get(..KEY)?.try_into().ok()?;
        let second: [u8; KEY] = data_key.get(KEY..)?.try_into().ok()?;
        Some(Self {
            encrypt: Aes256Gcm::new(&Key::<Aes256Gcm>::from(first)),
            decrypt: Aes256Gcm::new(&Key::<Aes256Gcm>::from(second)),
        })
    }

    pub(super) fn encrypt(&self, random: &mut Random, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE] = random.bytes(NONCE).try_into().ok()?;
        let sealed = self.encrypt.encrypt(&nonce.into(), plain).ok()?;
        let mut message = nonce.to_vec();
        message.extend(sealed);
        Some(message)
    }

    pub(super) fn decrypt(&self, message: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE] = message.get(..NONCE)?.try_into().ok()?;
        let sealed = message.get(NONCE..)?;
        self.decrypt.decrypt(&nonce.into(), sealed).ok()
    }
}
