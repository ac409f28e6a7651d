//! macOS and Windows: interfaces and their changes by `netwatcher`; routes are not told.

use netwatcher::async_adapter::Tokio;
use netwatcher::{AsyncWatch, Error, list_interfaces, watch_interfaces_async};

use super::{Link, Picture};

/// Hears that something in interfaces or addresses has changed.
pub(super) struct Changes {
    watch: AsyncWatch,
}

impl Changes {
    pub(super) fn new() -> Result<Self, Error> {
        let watch = watch_interfaces_async::<Tokio>()?;
        Ok(Self { watch })
    }

    /// Waits for a change; the first is the present state. Never `None`, here.
    pub(super) async fn next(&mut self) -> Option<()> {
        self.watch.changed().await;
        Some(())
    }
}

/// What the system tells of the network. `None`: nothing.
pub(super) fn picture() -> Option<Picture> {
    let interfaces = list_interfaces().ok()?;
    let links = interfaces
        .into_values()
        .map(|interface| Link {
            name: interface.name,
            addresses: interface.ips.into_iter().map(|record| record.ip).collect(),
            // An interface that does not work has no addresses on these systems.
            works: true,
            leads_elsewhere: true,
        })
        .collect();
    Some(Picture {
        links,
        routes: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_the_present_state_first() {
        let mut changes = Changes::new().unwrap();
        assert_eq!(changes.next().await, Some(()));
        assert!(!picture().unwrap().links.is_empty());
    }
}
