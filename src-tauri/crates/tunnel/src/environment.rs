//! What the machine goes through: its network, its sleep, the files of its AWS credentials.
//!
//! One [`Environment`] serves all tunnels of a process. Its parts watch and count; what follows
//! from it for a tunnel is the policy's matter.

mod conditions;
mod credentials;
mod files;
mod network;
mod power;
#[cfg(target_os = "linux")]
mod readable;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tunnel_proto::ReorderMemory;

use self::conditions::Board;
pub use self::conditions::{Conditions, Network, Power};
use self::credentials::of_this_user;
pub use self::files::{Edits, EditsControl};
use self::network::NetworkWatch;
use crate::call_budget::CallBudget;
use crate::changes::Changes;
use crate::leftovers::{Left, Leftovers};

/// What the machine goes through, and what its tunnels share. One for the process; a clone is
/// the same one.
///
/// Default: [`still`](Self::still).
#[derive(Debug, Clone)]
pub struct Environment {
    board: Arc<Board>,
    call_budget: CallBudget,
    leftovers: Leftovers,
    reorder_memory: ReorderMemory,
    /// What watches the machine; ends with the last clone.
    _watches: Arc<JoinSet<()>>,
}

impl Environment {
    /// The machine itself. One for each process: each call starts watches of its own. They end
    /// when all clones are dropped.
    ///
    /// What can't be watched is told once in the log, and counts as a network that is up, a
    /// machine that never sleeps, files that do not change. Nothing is sent anywhere to find
    /// out: rules are in the parts.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn system() -> Self {
        let board = Arc::new(Board::new());
        let mut watches = JoinSet::new();
        match NetworkWatch::start(Arc::clone(&board)) {
            Some(network) => {
                watches.spawn(network.run());
            }
            None => tracing::info!("the network can't be watched: it counts as up"),
        }
        watches.spawn(power::watch(Arc::clone(&board)));
        watches.spawn(credentials::watch(Arc::clone(&board), of_this_user()));
        Self {
            board,
            call_budget: CallBudget::default(),
            leftovers: Leftovers::default(),
            reorder_memory: ReorderMemory::default(),
            _watches: Arc::new(watches),
        }
    }

    /// One in which nothing happens: the network is up and the machine awake. For tests, and for
    /// whoever does not care.
    pub fn still() -> Self {
        Self {
            board: Arc::new(Board::new()),
            call_budget: CallBudget::default(),
            leftovers: Leftovers::default(),
            reorder_memory: ReorderMemory::default(),
            _watches: Arc::default(),
        }
    }

    /// One that is driven by hand, for tests and simulations. At first nothing has happened.
    pub fn by_hand() -> (Self, EnvironmentControl) {
        let environment = Self::still();
        let board = Arc::clone(&environment.board);
        (environment, EnvironmentControl { board })
    }

    /// What the machine goes through now, and each change of it. Changes that follow each other
    /// closely may be seen as one: the numbers in it say how many there were.
    pub fn conditions(&self) -> watch::Receiver<Conditions> {
        self.board.watch()
    }

    /// The budget of API calls of all tunnels in this environment.
    pub fn call_budget(&self) -> &CallBudget {
        &self.call_budget
    }

    /// The memory for messages that wait behind a gap, of all sessions in this environment.
    pub(crate) fn reorder_memory(&self) -> ReorderMemory {
        self.reorder_memory.clone()
    }

    /// Tries for as long as the environment is there to end a session that could not be ended.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn leave(&self, left: Left) {
        let changes = || Changes::of(self, false);
        self.leftovers.adopt(left, changes, &self.call_budget);
    }

    /// Tries once more to end sessions that were left, and waits for the answers.
    pub(crate) async fn last_chance(&self, session_ids: Vec<String>) {
        self.leftovers.last_chance(session_ids).await;
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::still()
    }
}

/// The hand that drives an [`Environment::by_hand`].
#[derive(Debug, Clone)]
pub struct EnvironmentControl {
    board: Arc<Board>,
}

impl EnvironmentControl {
    /// Takes the network away. Nothing, if it is down.
    pub fn network_down(&self) {
        self.board.network_down();
    }

    /// Brings the network back, as another one than it was. Nothing, if it is up.
    pub fn network_up(&self) {
        self.board.network_up();
    }

    /// Changes the network's addresses or routes. While it is down, nothing is seen of it.
    pub fn network_changed(&self) {
        self.board.network_changed();
    }

    /// Puts the machine to sleep.
    pub fn sleep(&self) {
        self.board.sleep();
    }

    /// Wakes the machine after `slept`, even if nothing told that it went to sleep.
    pub fn wake(&self, slept: Duration) {
        self.board.wake(slept);
    }

    /// Changes a file with AWS credentials or settings.
    pub fn credentials_changed(&self) {
        self.board.credentials_changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hand_is_seen_by_all_who_watch() {
        let (environment, control) = Environment::by_hand();
        let mut first = environment.conditions();
        let mut second = environment.clone().conditions();
        control.network_down();
        for watcher in [&mut first, &mut second] {
            watcher.changed().await.unwrap();
            assert_eq!(watcher.borrow_and_update().network, Network::Down);
        }
    }

    #[test]
    fn a_watcher_outlives_the_hand_but_not_the_environment() {
        let (environment, control) = Environment::by_hand();
        let watcher = environment.conditions();
        drop(control);
        assert!(watcher.has_changed().is_ok());
        drop(environment);
        assert!(watcher.has_changed().is_err());
    }

    #[tokio::test]
    async fn the_machine_is_watched_for_as_long_as_a_clone_is_held() {
        let environment = Environment::system();
        let watcher = environment.conditions();
        let clone = environment.clone();
        drop(environment);
        assert!(watcher.has_changed().is_ok());
        drop(clone);
        let ended = async {
            let mut watcher = watcher;
            while watcher.changed().await.is_ok() {}
        };
        // The watches end with their next step.
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.is_ok(), "the watches go on");
    }
}
