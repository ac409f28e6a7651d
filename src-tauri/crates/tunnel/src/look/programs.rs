//! Which program holds the other end of a local connection. Only the system knows, and asking it
//! means a walk through all processes: it is done beside everything else, for connections that
//! somebody looks at, once for each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::FarEnd;
use crate::program::Holder;

/// The least time between two walks. New connections are without a name for so long at most, and
/// a program that connects all the time costs no more.
const PAUSE: Duration = Duration::from_secs(2);

/// What is known of the programs behind a tunnel's connections. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Programs {
    inner: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// `None`: the system does not tell.
    programs: HashMap<FarEnd, Option<Holder>>,
    walked: Option<Instant>,
}

impl Programs {
    /// The programs behind these connections, as far as the system tells, in their order.
    pub(crate) async fn of(&self, far_ends: &[FarEnd]) -> Vec<Option<Holder>> {
        let mut known = self.inner.lock().await;
        let now: HashSet<_> = far_ends.iter().copied().collect();
        known.programs.retain(|far_end, _| now.contains(far_end));
        let unknown: Vec<_> = now
            .into_iter()
            .filter(|far_end| !known.programs.contains_key(far_end))
            .collect();
        let rested = known.walked.is_none_or(|walked| walked.elapsed() >= PAUSE);
        if !unknown.is_empty() && rested {
            let looked_for = unknown.clone();
            let found = tokio::task::spawn_blocking(move || find(&looked_for)).await;
            let mut found = found.unwrap_or_default();
            let named = unknown.into_iter().map(|far_end| {
                let holder = found.remove(&far_end);
                (far_end, holder)
            });
            known.programs.extend(named);
            known.walked = Some(Instant::now());
        }
        let program = |far_end| known.programs.get(far_end).cloned().flatten();
        far_ends.iter().map(program).collect()
    }
}

/// Asks the system. Blocks.
#[cfg(target_os = "linux")]
fn find(far_ends: &[FarEnd]) -> HashMap<FarEnd, Holder> {
    let mut found = HashMap::new();
    for far_end in far_ends {
        if let FarEnd::Unix(Some(pid)) = far_end
            && let Some(holder) = Holder::of(*pid)
        {
            found.insert(*far_end, holder);
        }
    }
    let inodes = inodes_of(far_ends);
    if inodes.is_empty() {
        return found;
    }
    let Ok(processes) = procfs::process::all_processes() else {
        return found;
    };
    for process in processes.flatten() {
        // Those of other users do not say what they hold.
        let Ok(descriptors) = process.fd() else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            if let procfs::process::FDTarget::Socket(inode) = descriptor.target
                && let Some(far_end) = inodes.get(&inode)
                && let Ok(pid) = u32::try_from(process.pid)
                && let Some(holder) = Holder::of(pid)
            {
                // A child that has inherited the socket comes after the one that opened it.
                found.entry(*far_end).or_insert(holder);
            }
        }
    }
    found
}

/// The sockets of those ends that are on this machine, by their inode.
#[cfg(target_os = "linux")]
fn inodes_of(far_ends: &[FarEnd]) -> HashMap<u64, FarEnd> {
    use crate::local_peer::{Peer, canonical};
    let wanted: HashMap<Peer, FarEnd> = far_ends
        .iter()
        .filter_map(|far_end| match far_end {
            FarEnd::Here(peer) => Some((*peer, *far_end)),
            FarEnd::Elsewhere(_) | FarEnd::Unix(_) | FarEnd::Unknown => None,
        })
        .collect();
    if wanted.is_empty() {
        return HashMap::new();
    }
    let four = procfs::net::tcp().unwrap_or_default();
    let six = procfs::net::tcp6().unwrap_or_default();
    let sockets = four.into_iter().chain(six).filter_map(|entry| {
        let peer = Peer {
            address: canonical(entry.local_address),
            remote: canonical(entry.remote_address),
        };
        Some((entry.inode, *wanted.get(&peer)?))
    });
    sockets.filter(|(inode, _)| *inode != 0).collect()
}

/// Elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
fn find(_far_ends: &[FarEnd]) -> HashMap<FarEnd, Holder> {
    HashMap::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::listen::Local;

    #[tokio::test]
    async fn the_program_behind_a_connection_is_named_where_it_is_on_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let (client, (server, address)) = (client.unwrap(), accepted.unwrap());
        let far_end = FarEnd::of(&Local::Tcp(server));
        assert_eq!(far_end.address(), Some(address));

        let elsewhere = FarEnd::Elsewhere("192.0.2.1:5000".parse().unwrap());
        let found = Programs::default().of(&[elsewhere, far_end]).await;
        assert_eq!(found[0], None);
        assert_eq!(found[1].as_ref().unwrap().pid, std::process::id());
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_come_and_go_make_one_walk_in_two_seconds() {
        let programs = Programs::default();
        let first = FarEnd::Unix(Some(std::process::id()));
        assert!(programs.of(&[first]).await[0].is_some());
        // It would be found, but not now.
        programs.inner.lock().await.programs.clear();
        assert_eq!(programs.of(&[first]).await, [None]);
        tokio::time::advance(PAUSE).await;
        assert!(programs.of(&[first]).await[0].is_some());
    }
}
