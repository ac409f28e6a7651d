//! How a tunnel's events reach all who listen.
//!
//! A place of the channel holds a pointer: there are 256 of them for each tunnel, and most are
//! empty for ever.

use std::sync::Arc;

use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};

use crate::TunnelEvent;

/// Makes a channel whose listeners may be so many events behind before they miss some.
///
/// # Panics
/// If `most` is nought.
pub fn channel(most: usize) -> (Sender, Receiver) {
    let (sender, receiver) = broadcast::channel(most);
    (Sender(sender), Receiver(receiver))
}

/// Tells events.
#[derive(Debug, Clone)]
pub struct Sender(broadcast::Sender<Arc<TunnelEvent>>);

impl Sender {
    /// Tells it to all who listen now. Nobody has to.
    pub fn send(&self, event: TunnelEvent) {
        let _ = self.0.send(Arc::new(event));
    }

    /// Makes one who hears each event from now on.
    pub fn subscribe(&self) -> Receiver {
        Receiver(self.0.subscribe())
    }

    /// Makes one that does not keep the channel open.
    pub(crate) fn downgrade(&self) -> WeakSender {
        WeakSender(self.0.downgrade())
    }
}

/// Tells events for as long as somebody else keeps the channel open.
#[derive(Debug, Clone)]
pub(crate) struct WeakSender(broadcast::WeakSender<Arc<TunnelEvent>>);

impl WeakSender {
    pub(crate) fn send(&self, event: TunnelEvent) {
        if let Some(sender) = self.0.upgrade() {
            Sender(sender).send(event);
        }
    }
}

/// Hears events.
#[derive(Debug)]
pub struct Receiver(broadcast::Receiver<Arc<TunnelEvent>>);

impl Receiver {
    /// Waits for the next event. No event is lost if nobody waits any more.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] with how many were missed, [`RecvError::Closed`] when there will be
    /// none any more.
    pub async fn recv(&mut self) -> Result<TunnelEvent, RecvError> {
        self.0.recv().await.map(Arc::unwrap_or_clone)
    }

    /// The next event, if there is one already.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] if there is none yet; else as for [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<TunnelEvent, TryRecvError> {
        self.0.try_recv().map(Arc::unwrap_or_clone)
    }
}
