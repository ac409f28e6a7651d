//! Memory that several channels share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that the messages which wait in several channels may take together. A clone is the same
/// memory.
///
/// A network that falls silent leaves a gap in every session at once: without it, each of them
/// would take up to its own bound.
#[derive(Debug, Clone)]
pub struct ReorderMemory {
    left: Arc<AtomicUsize>,
}

impl ReorderMemory {
    /// Makes a memory of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// Returns how many bytes nobody has taken.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes that much, if it is there.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// Gives back what was taken.
    pub(super) fn give(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// 256 MiB: two sessions with the largest gap that heals.
impl Default for ReorderMemory {
    fn default() -> Self {
        Self::new(256 * 1024 * 1024)
    }
}
