//! Sizes of tests that can be made larger.

use std::env;

/// How often a test does what it does: `least`, or what the environment variable says if that is
/// more.
pub fn times(variable: &str, least: u32) -> u32 {
    env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .map_or(least, |more: u32| more.max(least))
}
