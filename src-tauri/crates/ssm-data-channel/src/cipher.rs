//! AES-256-GCM between the agent and us (docs/protocol.md, section 4, KMS).

use std::fmt;

use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _, Nonce, Tag};
use bytes::{Bytes, BytesMut};
use zeroize::Zeroize as _;

use crate::Error;

/// Bytes of the nonce before each ciphertext.
pub(crate) const NONCE_LENGTH: usize = 12;

/// Bytes of the tag behind each ciphertext.
pub(crate) const TAG_LENGTH: usize = 16;

/// Bytes that encryption adds to a payload.
pub(crate) const OVERHEAD: usize = NONCE_LENGTH + TAG_LENGTH;

/// Bytes of a data key: two AES-256 keys.
const KEY_LENGTH: usize = 64;

/// A data key as KMS `GenerateDataKey` answers it.
///
/// The plaintext is wiped when this is dropped and never shown.
pub struct DataKey {
    /// 64 bytes: the first half decrypts, the second half encrypts.
    pub plaintext: Vec<u8>,
    /// The same, encrypted under the KMS key; the agent has it decrypted.
    pub ciphertext: Vec<u8>,
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.plaintext.zeroize();
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("plaintext", &"[redacted]")
            .field("ciphertext", &self.ciphertext.len())
            .finish()
    }
}

/// Both directions of an encrypted session.
pub(crate) struct Cipher {
    decrypt: Aes256Gcm,
    encrypt: Aes256Gcm,
}

impl Cipher {
    pub(crate) fn new(key: &DataKey) -> Result<Self, Error> {
        let wrong_length = || Error::DataKeyLength {
            expected: KEY_LENGTH,
            got: key.plaintext.len(),
        };
        if key.plaintext.len() != KEY_LENGTH {
            return Err(wrong_length());
        }
        let (decrypt, encrypt) = key.plaintext.split_at(KEY_LENGTH / 2);
        Ok(Self {
            decrypt: Aes256Gcm::new_from_slice(decrypt).map_err(|_| wrong_length())?,
            encrypt: Aes256Gcm::new_from_slice(encrypt).map_err(|_| wrong_length())?,
        })
    }

    /// Decrypts nonce, ciphertext and tag: in place if nobody else holds the memory. `None` if
    /// they do not belong together.
    pub(crate) fn decrypt(&self, sealed: Bytes) -> Option<Bytes> {
        if sealed.len() < OVERHEAD {
            return None;
        }
        let mut sealed = sealed
            .try_into_mut()
            .unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        let tag = sealed.split_off(sealed.len() - TAG_LENGTH);
        let nonce = sealed.split_to(NONCE_LENGTH);
        let nonce = <[u8; NONCE_LENGTH]>::try_from(&nonce[..]).ok()?;
        let tag = <[u8; TAG_LENGTH]>::try_from(&tag[..]).ok()?;
        self.decrypt
            .decrypt_inout_detached(
                &Nonce::from(nonce),
                &[],
                (&mut sealed[..]).into(),
                &Tag::from(tag),
            )
            .ok()?;
        Some(sealed.freeze())
    }

    /// Encrypts what stands in `buffer` from `at` on, where the first 12 bytes are room for the
    /// nonce; appends the tag.
    pub(crate) fn encrypt_in_place(
        &self,
        nonce: [u8; NONCE_LENGTH],
        buffer: &mut BytesMut,
        at: usize,
    ) -> Result<(), Error> {
        let sealed = buffer.get_mut(at..).ok_or(Error::Encryption)?;
        let (room, plaintext) = sealed
            .split_at_mut_checked(NONCE_LENGTH)
            .ok_or(Error::Encryption)?;
        room.copy_from_slice(&nonce);
        let tag = self
            .encrypt
            .encrypt_inout_detached(&Nonce::from(nonce), &[], plaintext.into())
            .map_err(|_| Error::Encryption)?;
        buffer.extend_from_slice(&tag);
        Ok(())
    }

    /// Encrypts a short text: nonce, ciphertext, tag.
    pub(crate) fn encrypt(
        &self,
        nonce: [u8; NONCE_LENGTH],
        plaintext: &[u8],
    ) -> Result<Bytes, Error> {
        let mut buffer = BytesMut::with_capacity(plaintext.len() + OVERHEAD);
        buffer.resize(NONCE_LENGTH, 0);
        buffer.extend_from_slice(plaintext);
        self.encrypt_in_place(nonce, &mut buffer, 0)?;
        Ok(buffer.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DataKey {
        DataKey {
            plaintext: (0..64).collect(),
            ciphertext: vec![1],
        }
    }

    /// The agent's view: the halves the other way round.
    fn far() -> Cipher {
        Cipher::new(&DataKey {
            plaintext: (32..64).chain(0..32).collect(),
            ciphertext: Vec::new(),
        })
        .unwrap()
    }

    #[test]
    fn each_half_of_the_key_serves_one_direction() {
        let near = Cipher::new(&key()).unwrap();
        let sealed = near.encrypt([7; 12], b"hello").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(far().decrypt(sealed.clone()).unwrap(), &b"hello"[..]);
        assert!(near.decrypt(sealed).is_none());
    }

    #[test]
    fn what_was_changed_or_cut_is_not_decrypted() {
        let sealed = far().encrypt([7; 12], b"hello").unwrap();
        let near = Cipher::new(&key()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = BytesMut::from(&sealed[..]);
            changed[at] ^= 1;
            assert!(near.decrypt(changed.freeze()).is_none());
            assert!(near.decrypt(sealed.slice(..at)).is_none());
        }
        assert!(near.decrypt(sealed).is_some());
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for length in [0, 32, 63, 65] {
            let key = DataKey {
                plaintext: vec![0; length],
                ciphertext: Vec::new(),
            };
            assert!(matches!(
                Cipher::new(&key),
                Err(Error::DataKeyLength { expected: 64, got }) if got == length
            ));
        }
    }

    #[test]
    fn a_data_key_is_not_shown() {
        let key = DataKey {
            plaintext: vec![250; 64],
            ciphertext: Vec::new(),
        };
        assert!(!format!("{key:?}").contains("250"));
    }
}
