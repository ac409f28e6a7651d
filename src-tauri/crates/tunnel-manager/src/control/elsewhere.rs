//! Where there are no Unix sockets.

use std::time::Duration;

use super::{Asked, Question};
use crate::history::History;
use crate::log::LogSwitch;
use crate::roll::Roll;

/// Nobody can ask here.
#[derive(Debug)]
pub struct Listening(());

impl Listening {
    /// Answers nobody.
    pub fn begin(_: Roll, _: History, _: LogSwitch, _: &str) -> Option<Self> {
        None
    }
}

/// Nobody answers here.
pub async fn ask(_: Question) -> Asked {
    Asked::default()
}

/// Nobody answers here.
pub async fn ask_within(_: Question, _: Duration) -> Asked {
    Asked::default()
}
