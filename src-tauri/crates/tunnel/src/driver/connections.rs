//! Local connections on their way to a session.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument as _, Span};
use tunnel_proto::{Input, RequestId, SessionKey, Vitals};

use super::{Driver, Reply};
use crate::guard::hung;
use crate::listen::{Caller, Listener, Local, Presence};
use crate::session_task::ToSession;

impl Driver {
    /// Gives a local connection to a session, unless its program has gone while it waited: the
    /// agent would dial the destination for nothing.
    pub(super) fn place(&mut self, key: SessionKey, caller: Caller) {
        match caller.local.presence() {
            Presence::There | Presence::SaysNoMore(None) => self.connect(key, caller),
            Presence::SaysNoMore(Some(peer)) => {
                let peers = self.surroundings.peers.clone();
                self.requests.start(Reply::Gone(key), async move {
                    if peers.is_gone(peer).await {
                        Reply::Gone(key)
                    } else {
                        Reply::Present(key, caller)
                    }
                });
            }
            Presence::Gone => self.input(Input::Finished(key)),
        }
    }

    pub(super) fn connect(&mut self, key: SessionKey, caller: Caller) {
        if let Err(command) = self.command(key, ToSession::Connect(caller)) {
            self.input(Input::Finished(key));
            if self.sessions.contains_key(&key) {
                self.input(Input::Over(key, hung(), Vitals::default()));
            }
            if let ToSession::Connect(caller) = command {
                self.place_anew(caller);
            }
        }
    }

    /// A local connection that no session has carried yet: the policy says what becomes of it.
    pub(super) fn accept(&mut self, local: Local) {
        let since = Instant::now().into_std();
        let request = self.keep(Caller { local, since });
        self.input(Input::Accepted(request));
    }

    /// One that was placed and could not begin.
    pub(super) fn take_back(&mut self, caller: Caller) {
        let since = caller.since;
        let request = self.keep(caller);
        self.input(Input::Returned(request, since));
    }

    fn keep(&mut self, caller: Caller) -> RequestId {
        let request = RequestId(self.next_request);
        self.next_request += 1;
        self.waiting.insert(request, caller);
        request
    }

    /// The session for which a connection was meant is gone. It is told to the policy again, though
    /// not at once: the policy may not know of the end yet, which is on its way, and would choose
    /// the same.
    pub(super) fn place_anew(&mut self, caller: Caller) {
        // It is lost by nothing but a panic of ours.
        let if_lost = Reply::Nothing;
        self.requests
            .start(if_lost, async move { Reply::Again(caller) });
    }
}

/// Accepts connections until the tunnel's task is gone.
pub(crate) fn accept(
    listeners: Vec<Listener>,
    accepted: &mpsc::Sender<Local>,
    span: &Span,
) -> JoinSet<()> {
    listeners
        .into_iter()
        .map(|listener| {
            let accepted = accepted.clone();
            let accept = async move {
                loop {
                    let local = tokio::select! {
                        local = listener.accept() => local,
                        // A tunnel that has given up must not keep its port.
                        () = accepted.closed() => return,
                    };
                    if accepted.send(local).await.is_err() {
                        return;
                    }
                }
            };
            accept.instrument(span.clone())
        })
        .collect()
}
