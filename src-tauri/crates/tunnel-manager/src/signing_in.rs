//! Signing in, as somebody at a window or a terminal goes through it.

use std::time::SystemTime;

use aws_access::{AccessError, MfaDevice, Person, Secret, SignInRequest, SignedIn, Visit};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tunnel::StartError;
use tunnel_proto::Problem;

/// Events that may wait. A sign-in has a handful in all.
const EVENTS_MOST: usize = 8;

/// A sign-in that is under way. Dropped, it is broken off.
#[derive(Debug)]
pub struct SigningIn {
    events: mpsc::Receiver<SignInEvent>,
    _task: JoinSet<()>,
}

/// What happens in a sign-in.
#[derive(Debug)]
pub enum SignInEvent {
    /// A page is to be visited. Comes again if one way has failed and another is tried.
    Visit(Visit),
    /// The code of an MFA device is asked for.
    Code(CodeAsked),
    /// It is done. The last event. Tunnels that wait for it hear of it by themselves, unless
    /// it could not be written down.
    Done(Outcome),
    /// It is not. The last event.
    Failed(Problem),
}

/// What a sign-in has come to.
#[derive(Debug)]
pub struct Outcome {
    /// Until when it is good, as Unix milliseconds; `None` if the profile needs no sign-in.
    pub until: Option<u64>,
    /// Whether it is renewed after that without a person, for as long as the account allows.
    pub renews: bool,
    /// Why it is good in this process alone, if so.
    pub not_kept: Option<Problem>,
}

/// A question for a code. Dropped without an answer, it is answered with none.
#[derive(Debug)]
pub struct CodeAsked {
    /// Whose code.
    pub device: MfaDevice,
    answer: oneshot::Sender<Secret>,
}

impl CodeAsked {
    /// Gives the code.
    pub fn give(self, code: Secret) {
        // A sign-in that has ended needs none.
        let _ = self.answer.send(code);
    }
}

impl SigningIn {
    /// Begins.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(request: SignInRequest) -> Self {
        let (sender, events) = mpsc::channel(EVENTS_MOST);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let asker = Asker {
                events: sender.clone(),
            };
            let last = match aws_access::sign_in_now(request, &asker).await {
                Ok(done) => SignInEvent::Done(outcome(done)),
                Err(error) => SignInEvent::Failed(problem(error)),
            };
            // Nobody minds if nobody listens any more.
            let _ = sender.send(last).await;
        });
        Self {
            events,
            _task: task,
        }
    }

    /// What happens next; `None` after the last event.
    pub async fn next(&mut self) -> Option<SignInEvent> {
        self.events.recv().await
    }
}

/// Says whether a tunnel with these settings would want a code now, which only a person has.
///
/// # Errors
///
/// What keeps the settings from being used.
pub async fn code_needed(
    settings: aws_access::AccessSettings,
) -> Result<Option<MfaDevice>, Problem> {
    aws_access::code_needed(settings).await.map_err(problem)
}

struct Asker {
    events: mpsc::Sender<SignInEvent>,
}

impl Person for Asker {
    fn visit(&self, visit: Visit) {
        // There are fewer pages than there is room.
        let _ = self.events.try_send(SignInEvent::Visit(visit));
    }

    async fn mfa_code(&self, device: MfaDevice) -> Option<Secret> {
        let (answer, answered) = oneshot::channel();
        let asked = CodeAsked { device, answer };
        self.events.send(SignInEvent::Code(asked)).await.ok()?;
        answered.await.ok()
    }
}

fn outcome(done: SignedIn) -> Outcome {
    Outcome {
        until: done.until.map(|until| {
            let since = until.duration_since(SystemTime::UNIX_EPOCH);
            u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
        }),
        renews: done.renews,
        not_kept: done.not_kept.map(problem),
    }
}

/// Tells a fault of the keyring, or of what is to be kept there.
pub fn keyring_problem(fault: AccessError) -> Problem {
    problem(fault)
}

fn problem(error: AccessError) -> Problem {
    StartError::Access(error).problem()
}
