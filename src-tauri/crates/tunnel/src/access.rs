//! What AWS answers, in the words of the policy.

use aws_access::{AccessError, ProxyFailure, SessionGrant};
use tunnel_proto::{DataKey, Failure, Grant, Next, Problem, ProblemKind};

/// The answer to StartSession or ResumeSession.
pub(crate) fn granted(answer: Result<SessionGrant, AccessError>) -> Result<Grant, Failure> {
    match answer {
        Ok(granted) => Ok(Grant {
            session_id: granted.session_id,
            stream_url: granted.stream_url.into(),
            token: granted.token.expose().to_owned(),
        }),
        Err(error) => Err(failure(&error)),
    }
}

pub(crate) fn data_key(key: &aws_access::DataKey) -> DataKey {
    DataKey {
        plaintext: key.plaintext.to_vec(),
        ciphertext: key.ciphertext.clone(),
    }
}

pub(crate) fn failure(error: &AccessError) -> Failure {
    Failure {
        next: next(error.next()),
        problem: problem(error),
    }
}

/// What a program should do next, as the policy takes it.
pub(crate) fn next(next: aws_access::Next) -> Next {
    match next {
        aws_access::Next::Retry => Next::Retry,
        aws_access::Next::AwaitNetwork => Next::AwaitNetwork,
        aws_access::Next::NewSession => Next::NewSession,
        aws_access::Next::AwaitTarget => Next::AwaitTarget,
        aws_access::Next::NewCredentials => Next::NewCredentials,
        aws_access::Next::SignIn => Next::SignIn,
        aws_access::Next::Restart => Next::Restart,
        aws_access::Next::AwaitSettings => Next::AwaitSettings,
        aws_access::Next::Stop => Next::Stop,
    }
}

/// An error of a call, for people and programs.
pub fn problem(error: &AccessError) -> Problem {
    let problem = Problem::new(kind(error), error.code(), error.what(), error.remedy())
        .with_details(error.details());
    let facts = error.facts().into_iter();
    facts.fold(problem, |problem, (name, value)| {
        problem.with_fact(name, &value)
    })
}

/// The failure of a system without random numbers. It may pass: early in a boot.
pub(crate) fn no_randomness() -> Failure {
    let problem = Problem::new(
        ProblemKind::Settings,
        "no-randomness",
        "The system gives no random numbers, without which nothing can be encrypted.",
        "Restart the computer.",
    );
    Failure {
        next: Next::Retry,
        problem,
    }
}

/// The failure of a request that was lost by a fault of our own.
pub(crate) fn lost_request() -> Failure {
    let problem = Problem::new(
        ProblemKind::Service,
        "request-lost",
        "A request to AWS was lost by a fault of Culvert.",
        "Please report this, with the log.",
    );
    Failure {
        next: Next::Retry,
        problem,
    }
}

/// The failure of a request that was given up for another network or after a sleep.
pub(crate) fn overtaken() -> Failure {
    let problem = Problem::new(
        ProblemKind::Network,
        "request-overtaken",
        "The network changed, or the computer slept, while an answer of AWS was waited for.",
        "Nothing to do: it is asked again over the network that is there now.",
    );
    Failure {
        next: Next::Retry,
        problem,
    }
}

/// A connection was closed since its session carries as many as it can.
pub(crate) fn session_full() -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "session-full",
        "A connection was closed: its session carries as many connections as it can.",
        "Close some of them, or spread them over more sessions.",
    )
}

/// The code of the notice that StartSession was not answered when the tunnel ended.
pub const START_UNANSWERED: &str = "start-unanswered";

/// The tunnel has ended before StartSession was answered: nobody here knows the session, if there
/// is one.
pub(crate) fn start_unanswered() -> Problem {
    Problem::new(
        ProblemKind::Service,
        START_UNANSWERED,
        "AWS had not answered yet whether it starts a session. If it has started one, that is \
         left open there until its idle timeout.",
        "",
    )
}

/// A session could not be ended at the service, for this reason.
pub(crate) fn left_behind(reason: &Problem) -> Problem {
    Problem::new(
        reason.kind,
        "session-left-behind",
        format!(
            "A session could not be ended at the service. {}",
            reason.what
        ),
        "Nothing to do: it is tried again while Culvert runs, and at its next start.",
    )
    .with_details(reason.details.clone())
}

/// The answer to TerminateSession was not waited for.
pub(crate) fn no_answer() -> Problem {
    Problem::new(
        ProblemKind::Network,
        "terminate-unanswered",
        "The service has not answered in time.",
        "",
    )
}

/// TerminateSession was not called.
pub(crate) fn not_asked() -> Problem {
    Problem::new(
        ProblemKind::Service,
        "terminate-unasked",
        "There was no time to ask the service for it.",
        "",
    )
}

/// Whose business it is that there was no way through a proxy.
pub(crate) fn of_proxy(failure: &ProxyFailure) -> ProblemKind {
    match failure.is_of_settings() {
        true => ProblemKind::Settings,
        false => ProblemKind::Network,
    }
}

/// Until when the policy says that it tries depends on what a call may take.
const _: () = assert!(
    aws_access::DEFAULT_API_TIMEOUT.as_millis() == tunnel_proto::CALL_LIMIT.as_millis(),
    "the policy tells of another limit than the one that holds"
);

fn kind(error: &AccessError) -> ProblemKind {
    match error {
        AccessError::SignIn(_) | AccessError::Keyring(_) => ProblemKind::Credentials,
        AccessError::NoCredentials { .. }
        | AccessError::CredentialsFailed { .. }
        | AccessError::CredentialsTimeout { .. }
        | AccessError::SsoLoginExpired { .. }
        | AccessError::ExpiredToken { .. }
        | AccessError::ExpiredEnvironment(_)
        | AccessError::EndedByProcess { .. }
        | AccessError::InvalidCredentials { .. }
        | AccessError::IdentityToken { .. } => ProblemKind::Credentials,
        AccessError::AccessDenied { .. }
        | AccessError::RoleDenied { .. }
        | AccessError::PortalRole { .. }
        | AccessError::KmsKey { .. } => ProblemKind::Permission,
        AccessError::TargetNotConnected { .. }
        | AccessError::TargetNotFound { .. }
        | AccessError::TargetOffline { .. } => ProblemKind::Target,
        AccessError::Proxy(failure) => of_proxy(failure),
        AccessError::Network { .. }
        | AccessError::Stranger { .. }
        | AccessError::Unparsable { .. } => ProblemKind::Network,
        AccessError::Throttled(_)
        | AccessError::SessionLimit(_)
        | AccessError::SessionOver { .. }
        | AccessError::Service(_) => ProblemKind::Service,
        AccessError::Profile { .. }
        | AccessError::UnknownProfile { .. }
        | AccessError::ConfigFiles { .. }
        | AccessError::RegionMissing { .. }
        | AccessError::InvalidRegion { .. }
        | AccessError::InvalidEndpoint { .. }
        | AccessError::InvalidProxy { .. }
        | AccessError::CaBundle { .. }
        | AccessError::TlsSetup { .. }
        | AccessError::ClockSkew { .. }
        | AccessError::InvalidDocument { .. }
        | AccessError::InvalidRequest(_)
        | AccessError::InvalidRole { .. }
        | AccessError::NotEnabled(_)
        | AccessError::Unsendable { .. } => ProblemKind::Settings,
    }
}
