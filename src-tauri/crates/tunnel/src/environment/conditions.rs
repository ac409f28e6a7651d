//! What is known of the machine, and the board on which it is shown.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What the machine goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// Whether there is a network.
    pub network: Network,
    /// Whether the machine is awake.
    pub power: Power,
    /// Rises when the files of AWS settings, credentials or sign-ins change.
    pub credentials: u64,
}

/// Whether there is a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// There is a way out, as far as this machine knows.
    Up {
        /// Rises with each change of addresses or default routes: what was connected before may
        /// be connected no longer.
        generation: u64,
    },
    /// There is no way out of this machine.
    Down,
}

/// Whether the machine is awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It works.
    Awake {
        /// How often it woke since the process began to watch.
        wakes: u64,
        /// How long it slept in all since then. On Linux and macOS the process's monotonic clock
        /// is by so much behind the rest of the world; on Windows it goes on meanwhile.
        asleep: Duration,
    },
    /// It is about to sleep, or sleeps.
    Sleeping {
        /// How long it slept in all before.
        asleep: Duration,
    },
}

/// Everything that is counted: more than is shown, since a network that is down has no number.
#[derive(Debug, Clone, Default)]
struct Ledger {
    down: bool,
    generation: u64,
    sleeping: bool,
    wakes: u64,
    asleep: Duration,
    credentials: u64,
}

impl Ledger {
    fn conditions(&self) -> Conditions {
        Conditions {
            network: if self.down {
                Network::Down
            } else {
                Network::Up {
                    generation: self.generation,
                }
            },
            power: if self.sleeping {
                Power::Sleeping {
                    asleep: self.asleep,
                }
            } else {
                Power::Awake {
                    wakes: self.wakes,
                    asleep: self.asleep,
                }
            },
            credentials: self.credentials,
        }
    }
}

/// Where the parts that watch the machine write, and tunnels read.
#[derive(Debug)]
pub(super) struct Board {
    ledger: Mutex<Ledger>,
    shown: watch::Sender<Conditions>,
}

impl Board {
    /// Network up, awake, nothing changed yet.
    pub(super) fn new() -> Self {
        let ledger = Ledger::default();
        let shown = watch::Sender::new(ledger.conditions());
        Self {
            ledger: Mutex::new(ledger),
            shown,
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Conditions> {
        self.shown.subscribe()
    }

    pub(super) fn network_down(&self) {
        self.note(|ledger| ledger.down = true);
    }

    pub(super) fn network_up(&self) {
        self.note(|ledger| {
            if ledger.down {
                ledger.down = false;
                ledger.generation += 1;
            }
        });
    }

    pub(super) fn network_changed(&self) {
        self.note(|ledger| ledger.generation += 1);
    }

    pub(super) fn sleep(&self) {
        self.note(|ledger| ledger.sleeping = true);
    }

    pub(super) fn wake(&self, slept: Duration) {
        self.note(|ledger| {
            ledger.sleeping = false;
            ledger.wakes += 1;
            ledger.asleep = ledger.asleep.saturating_add(slept);
        });
    }

    pub(super) fn credentials_changed(&self) {
        self.note(|ledger| ledger.credentials += 1);
    }

    /// Changes the ledger and shows it, in one step, so that nobody sees an older state after a
    /// newer one. What changes nothing that is shown wakes nobody.
    fn note(&self, change: impl FnOnce(&mut Ledger)) {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut ledger);
        let conditions = ledger.conditions();
        self.shown.send_if_modified(|shown| {
            let differs = *shown != conditions;
            *shown = conditions;
            differs
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(board: &Board) -> Conditions {
        board.watch().borrow().clone()
    }

    #[test]
    fn at_first_nothing_has_happened() {
        let expected = Conditions {
            network: Network::Up { generation: 0 },
            power: Power::Awake {
                wakes: 0,
                asleep: Duration::ZERO,
            },
            credentials: 0,
        };
        assert_eq!(shown(&Board::new()), expected);
    }

    #[test]
    fn a_network_that_returns_is_another_one() {
        let board = Board::new();
        board.network_down();
        assert_eq!(shown(&board).network, Network::Down);
        board.network_up();
        assert_eq!(shown(&board).network, Network::Up { generation: 1 });
    }

    #[test]
    fn what_is_said_twice_is_shown_once() {
        let board = Board::new();
        let mut watcher = board.watch();
        board.network_up();
        assert!(!watcher.has_changed().unwrap());
        board.network_down();
        watcher.mark_unchanged();
        board.network_down();
        board.network_changed();
        assert!(!watcher.has_changed().unwrap());
        board.sleep();
        watcher.mark_unchanged();
        board.sleep();
        assert!(!watcher.has_changed().unwrap());
    }

    #[test]
    fn a_change_of_the_network_while_it_is_down_is_seen_on_its_return() {
        let board = Board::new();
        board.network_down();
        board.network_changed();
        board.network_up();
        assert_eq!(shown(&board).network, Network::Up { generation: 2 });
    }

    #[test]
    fn wakes_and_the_time_asleep_add_up_over_sleeps() {
        let board = Board::new();
        board.sleep();
        assert!(matches!(shown(&board).power, Power::Sleeping { .. }));
        board.wake(Duration::from_secs(5));
        // A sleep that nothing announced.
        board.wake(Duration::from_secs(7));
        let expected = Power::Awake {
            wakes: 2,
            asleep: Duration::from_secs(12),
        };
        assert_eq!(shown(&board).power, expected);
    }

    #[test]
    fn each_change_of_credentials_counts() {
        let board = Board::new();
        board.credentials_changed();
        board.credentials_changed();
        assert_eq!(shown(&board).credentials, 2);
    }
}
