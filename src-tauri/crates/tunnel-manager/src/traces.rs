//! What this process' tunnels leave on disk, and where.

mod unkept;

use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;
use tunnel::{Ledger, Tunnel};
use tunnel_proto::Problem;

use crate::control::Listening;
use crate::history::{self, Entry, Following, History, Payload, Reading, TunnelName};
use crate::log::LogSwitch;
use crate::recordings::KeptRecordings;
use crate::roll::Roll;

/// Environment variable that names the folder for what the program keeps, instead of the OS's
/// own (`$XDG_STATE_HOME/culvert`, which is `~/.local/state/culvert` by default).
pub const STATE_DIR_VARIABLE: &str = "CULVERT_STATE_DIR";

const HISTORY: &str = "history";
const SESSIONS: &str = "sessions";

/// Where what flight recorders held lies.
pub(crate) const RECORDINGS: &str = "recordings";

/// What a process' tunnels leave on disk: what happened to them, and which of their sessions
/// live; and which of them run, for those who ask. A clone is the same. By default nothing.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// What happened.
    pub history: History,
    /// The sessions that live.
    pub ledger: Ledger,
    /// The tunnels that run.
    pub roll: Roll,
    /// Switches how much is logged of one of them, for those who ask to.
    pub log: LogSwitch,
    recordings: KeptRecordings,
}

impl Traces {
    /// Leaves nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Leaves them where the user's other programs do, or nowhere where the system names no
    /// home folder. Once a process.
    pub fn of_user() -> Self {
        match Self::folder_of_user() {
            Some(folder) => Self::in_folder(&folder),
            None => {
                tracing::warn!("the system names no home folder: what happens is not kept");
                Self::none()
            }
        }
    }

    /// Leaves them in this folder, which is made when there is something to keep.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            history: History::open(&folder.join(HISTORY)),
            ledger: Ledger::open(&folder.join(SESSIONS)),
            roll: Roll::default(),
            log: LogSwitch::default(),
            recordings: KeptRecordings::in_folder(&folder.join(RECORDINGS)),
        }
    }

    /// Keeps what happens to a tunnel that has just been started, and enters it into the roll, until
    /// it is gone.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn follow(&self, name: TunnelName, tunnel: &Tunnel) -> Following {
        self.roll.enter(name.clone(), tunnel);
        let recorder = self.recordings.follow(name.clone(), tunnel);
        let observer = tunnel.observer();
        let carried = move || {
            let snapshot = observer.snapshot();
            Payload {
                up: snapshot.bytes_up,
                down: snapshot.bytes_down,
            }
        };
        self.history
            .follow(name, tunnel.events_from_start(), carried)
            .with_recorder(recorder)
    }

    /// Lets the user's other programs ask how the tunnels are, and switch how much is logged of one, in
    /// the name of this one, until it is dropped. `None` where the system has nothing for it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen(&self, program: &str) -> Option<Listening> {
        Listening::begin(
            self.roll.clone(),
            self.history.clone(),
            self.log.clone(),
            program,
        )
    }

    /// Reads what happened to the tunnels that are wanted, in this process and all others of
    /// the user, since a time (Unix milliseconds). `told` is what programs that run have answered
    /// is not there yet ([`Answer::pending`](crate::control::Answer::pending)). Blocks.
    ///
    /// # Errors
    ///
    /// The path, and why it can't be read. Where nothing was kept, nothing is read.
    pub fn read_history(
        since: u64,
        told: Vec<Entry>,
        wanted: impl Fn(&TunnelName) -> bool,
    ) -> Result<Reading, (PathBuf, io::Error)> {
        let Some(folder) = Self::folder_of_user().map(|folder| folder.join(HISTORY)) else {
            return Ok(Reading::default());
        };
        history::read(&folder, since, told, wanted).map_err(|error| (folder, error))
    }

    /// Why what happens can't be kept in the folder of this user, or not all of it; `None` where it
    /// can. Makes the folder. Tunnels work in either case. Blocks.
    pub fn unkept() -> Option<Problem> {
        unkept::problem(Self::folder_of_user().as_deref())
    }

    /// The folder for what the program keeps, which may not be there yet; none where the system
    /// names no home folder.
    pub fn folder_of_user() -> Option<PathBuf> {
        if let Some(folder) = std::env::var_os(STATE_DIR_VARIABLE).filter(|name| !name.is_empty()) {
            return Some(folder.into());
        }
        let folders = ProjectDirs::from("", "", "culvert")?;
        // Only Linux has a folder of its own for it.
        let folder = folders
            .state_dir()
            .unwrap_or_else(|| folders.data_local_dir());
        Some(folder.to_owned())
    }
}
