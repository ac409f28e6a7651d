//! Switches how much is logged of a tunnel of this process, for whoever asks from outside of it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_appender::non_blocking::WorkerGuard;

use super::keeper::Keeper;
use super::{LOG_FOLDER, Levels, LogLevel, files};
use crate::traces::Traces;

/// Days of a log that are kept which was begun by being switched.
const DAYS: u16 = 7;

/// Switches how much is logged of a tunnel. A clone switches the same. By default nothing is written,
/// and nothing will be.
#[derive(Debug, Clone, Default)]
pub struct LogSwitch {
    levels: Levels,
    begun: Option<Begun>,
}

/// The files of the log, which may be begun later than the program.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    program: String,
    keeper: Keeper,
    worker: Arc<Mutex<Option<WorkerGuard>>>,
}

/// Why nothing was switched.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// As many tunnels as may have a level of their own already have one.
    #[error("as many tunnels as may have a level of their own have one")]
    NoRoom,
    /// The log can't be written into its folder.
    #[error("the log can't be written: {0}")]
    Unwritable(#[from] io::Error),
}

impl LogSwitch {
    pub(super) fn new(levels: Levels, begun: Begun) -> Self {
        Self {
            levels,
            begun: Some(begun),
        }
    }

    /// Gives a tunnel a level of its own, or takes it back (`None`). It counts at once, and until this
    /// process ends. A process that has written no log so far begins one. Gives the folder. Blocks.
    ///
    /// # Errors
    /// 64 tunnels have one already, or the log can't be written.
    pub fn set(
        &self,
        tunnel: &str,
        level: Option<LogLevel>,
    ) -> Result<Option<PathBuf>, SwitchError> {
        if !self.levels.set_tunnel(tunnel, level) {
            return Err(SwitchError::NoRoom);
        }
        match (&self.begun, level) {
            (Some(begun), Some(_)) => Ok(begun.begin()?),
            (Some(_) | None, _) => Ok(None),
        }
    }
}

impl Begun {
    pub(super) fn new(
        program: &str,
        keeper: Keeper,
        worker: Arc<Mutex<Option<WorkerGuard>>>,
    ) -> Self {
        Self {
            program: program.to_owned(),
            keeper,
            worker,
        }
    }

    /// Begins to write, unless that is done. Gives the folder, if the system has one for it.
    fn begin(&self) -> io::Result<Option<PathBuf>> {
        let Some(folder) = Traces::folder_of_user().map(|state| state.join(LOG_FOLDER)) else {
            return Ok(None);
        };
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.is_none() {
            let (writer, guard) = files::open(&folder, &self.program, DAYS, self.keeper.format())?;
            self.keeper.write_to(writer);
            *worker = Some(guard);
        }
        Ok(Some(folder))
    }
}
