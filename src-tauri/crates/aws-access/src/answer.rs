//! Telling the service's errors apart, by their codes.

mod call;

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use tokio::time::error::Elapsed;

use crate::error::{CalledHost, Source};
use crate::http_client::Between;
use crate::way::{Answered, Author};
use crate::{AccessError, Callee, NetworkFault, ProxyFailure, ProxyFault};
pub(crate) use call::{Call, Inquiry};

/// How far clocks may be apart before it is their fault that a signature is refused.
/// SigV4 bears five minutes; the answer's date is older than the moment it is read.
const BEARABLE_SKEW: Duration = Duration::from_secs(240);

/// An error as the service put it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The service's name for the error, such as `TargetNotConnected`.
    pub code: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The service's words; may name accounts, roles and resources, but no secrets.
    pub message: String,
    /// What AWS support asks for.
    pub request_id: Option<String>,
}

impl ServiceAnswer {
    /// Whether the service is at fault, so that the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        // 501, "not implemented", stays as it is (RFC 9110, section 15.6.2).
        let by_status =
            (self.status >= 500 && self.status != 501) || self.status == 429 || self.status == 408;
        // STS says the first by a bad request, and that it can be tried again; Systems Manager
        // the second.
        let by_code = matches!(
            self.code.as_deref(),
            Some("IDPCommunicationError" | "RequestAbortedException")
        );
        by_status || by_code
    }
}

impl fmt::Display for ServiceAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("error");
        write!(f, "{code} (HTTP {})", self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl Error for ServiceAnswer {}

/// Makes of an SDK error what it means for the call.
pub(crate) fn call_error<E>(call: Call<'_>, error: SdkError<E, HttpResponse>) -> AccessError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let callee = call.callee();
    if let SdkError::ServiceError(service) = &error {
        return match answer(callee, service.err(), service.raw()) {
            Ok(answer) => answer_error(call, answer, skew(service.raw(), SystemTime::now())),
            Err(foreign) => foreign,
        };
    }
    if let Some(response) = error.raw_response() {
        return wordless(callee, response);
    }
    if let SdkError::ConstructionFailure(_) = &error {
        return AccessError::Unsendable {
            source: error.into(),
        };
    }
    let otherwise = fault_of(&error);
    unreached(callee, error.into(), otherwise)
}

/// What it means that a request of ours, made without a client of the SDK, got no answer.
pub(crate) fn connector_error(call: Call<'_>, error: ConnectorError) -> AccessError {
    let otherwise = if error.is_timeout() {
        NetworkFault::Timeout
    } else {
        NetworkFault::Broken
    };
    unreached(call.callee(), error.into(), otherwise)
}

/// What it means that an answer broke off.
pub(crate) fn broken_off(call: Call<'_>, source: Source) -> AccessError {
    unreached(call.callee(), source, NetworkFault::Broken)
}

/// What an error means that kept a request from being answered: what its causes tell, or else
/// `otherwise`.
pub(crate) fn unreached(callee: Callee, source: Source, otherwise: NetworkFault) -> AccessError {
    if let Some(failure) = ProxyFailure::of(source.as_ref()) {
        return AccessError::Proxy(Box::new(failure.clone()));
    }
    AccessError::Network {
        fault: NetworkFault::of(source.as_ref()).unwrap_or(otherwise),
        callee,
        at: CalledHost::of(source.as_ref()).map(Box::new),
        proxy: NetworkFault::proxy_of(source.as_ref()).map(Box::new),
        doubt: None,
        source,
    }
}

/// What it means that a call was not answered within the time that it may take; `between` is the
/// proxy that it went through. Connecting to one has a shorter limit of its own.
pub(crate) fn unanswered(
    callee: Callee,
    between: Option<Between>,
    elapsed: Elapsed,
) -> AccessError {
    let proxy = match between {
        None => None,
        Some(Between::Connecting(proxy)) => Some(Box::new(proxy)),
        Some(Between::Asked(proxy, asked)) => {
            return AccessError::Proxy(Box::new(ProxyFailure {
                proxy,
                asked,
                fault: ProxyFault::Silent,
                details: String::new(),
            }));
        }
    };
    AccessError::Network {
        fault: NetworkFault::Timeout,
        callee,
        at: None,
        proxy,
        doubt: None,
        source: elapsed.into(),
    }
}

/// What the service has against a request, if it is the request's fault and not a matter of time.
pub(crate) fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Option<ServiceAnswer>
where
    E: ProvideErrorMetadata,
{
    let SdkError::ServiceError(service) = error else {
        return None;
    };
    let answer = answer(Callee::Credentials, service.err(), service.raw()).ok()?;
    let code = answer.code.as_deref()?;
    (!answer.is_transient() && !is_throttling(code)).then_some(answer)
}

/// The network fault of a request that got no answer.
fn fault_of<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> NetworkFault {
    if let Some(fault) = NetworkFault::of(error) {
        return fault;
    }
    match error {
        SdkError::TimeoutError(_) => NetworkFault::Timeout,
        SdkError::DispatchFailure(_)
        | SdkError::ConstructionFailure(_)
        | SdkError::ResponseError(_)
        | SdkError::ServiceError(_)
        | _ => NetworkFault::Broken,
    }
}

/// Reads the service's own words; an answer with none may not be the service's.
fn answer<E: ProvideErrorMetadata>(
    callee: Callee,
    error: &E,
    response: &HttpResponse,
) -> Result<ServiceAnswer, AccessError> {
    let meta = error.meta();
    if meta.code().is_none() && meta.message().is_none() {
        return Err(wordless(callee, response));
    }
    Ok(ServiceAnswer {
        code: meta.code().map(str::to_owned),
        status: response.status().as_u16(),
        message: meta.message().unwrap_or_default().to_owned(),
        request_id: response
            .headers()
            .get("x-amzn-requestid")
            .map(str::to_owned),
    })
}

/// Sorts an answer by its code.
///
/// The codes are those of the SSM, KMS and other services' API references ("Errors" of each
/// action and "Common Errors").
pub(crate) fn answer_error(
    call: Call<'_>,
    answer: ServiceAnswer,
    skew: Option<i64>,
) -> AccessError {
    let Some(code) = answer.code.as_deref() else {
        return AccessError::Service(answer);
    };
    match code {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized"
        | "ForbiddenException" => call.denied(answer),
        // The token that is over is the identity provider's.
        "ExpiredTokenException" | "InvalidIdentityToken" | "IDPRejectedClaim"
            if matches!(call, Call::WebIdentity { .. }) =>
        {
            by_call(call, answer)
        }
        "ExpiredTokenException" | "ExpiredToken" | "TokenRefreshRequired" => {
            AccessError::ExpiredToken {
                profile: None,
                answer,
            }
        }
        code if tells_of_time(code) => AccessError::ClockSkew {
            seconds: skew,
            answer,
        },
        "InvalidSignatureException" | "SignatureDoesNotMatch" | "AuthFailure" if skew.is_some() => {
            AccessError::ClockSkew {
                seconds: skew,
                answer,
            }
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorizedException"
        // EC2's word for all of these.
        | "AuthFailure" => AccessError::InvalidCredentials {
            profile: None,
            answer,
        },
        code if is_throttling(code) => AccessError::Throttled(answer),
        "OptInRequired"
        | "SubscriptionRequiredException"
        | "RegionDisabledException"
        | "Blocked"
        | "PendingVerification" => AccessError::NotEnabled(answer),
        _ => by_call(call, answer),
    }
}

/// Makes a call, and once more if it was refused for this machine's clock alone: AWS has told its
/// time with the refusal and done nothing, and what follows is signed with that
/// ([`Ways::signing_time`](crate::http_client::Ways::signing_time)).
pub(crate) async fn at_the_time_of_aws<T, F>(make: impl Fn() -> F) -> Result<T, AccessError>
where
    F: Future<Output = Result<T, AccessError>>,
{
    match make().await {
        Err(AccessError::ClockSkew {
            seconds: Some(_), ..
        }) => make().await.map_err(past_the_clock),
        outcome => outcome,
    }
}

/// What it means that AWS refuses what was signed with its own time: that is the clock's fault only
/// if AWS says so.
fn past_the_clock(error: AccessError) -> AccessError {
    if let AccessError::ClockSkew { answer, .. } = &error
        && !answer.code.as_deref().is_some_and(tells_of_time)
    {
        return AccessError::InvalidCredentials {
            profile: None,
            answer: answer.clone(),
        };
    }
    error
}

/// Whether the code is one of those that speak of the time alone.
fn tells_of_time(code: &str) -> bool {
    matches!(
        code,
        "RequestTimeTooSkewed" | "RequestInTheFuture" | "RequestExpired"
    )
}

/// Whether the code is one of those that say that there were too many calls.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException"
            | "Throttling"
            | "TooManyRequestsException"
            | "TooManyUpdates"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "SlowDownException"
    )
}

fn by_call(call: Call<'_>, answer: ServiceAnswer) -> AccessError {
    let code = answer.code.as_deref().unwrap_or_default();
    match (call, code) {
        (Call::Start { .. }, "ServiceQuotaExceededException" | "LimitExceededException") => {
            AccessError::SessionLimit(answer)
        }
        (Call::Start { target, .. }, "TargetNotConnected") => AccessError::TargetNotConnected {
            target: target.to_owned(),
            answer,
        },
        (Call::Start { document, .. }, "InvalidDocument" | "InvalidDocumentOperation") => {
            AccessError::InvalidDocument {
                document: document.to_owned(),
                answer,
            }
        }
        (Call::Resume { session_id } | Call::Terminate { session_id }, "DoesNotExistException") => {
            AccessError::SessionOver {
                session_id: session_id.to_owned(),
                answer: Some(answer),
            }
        }
        // Reported in 2026 of sessions that were over (amazon.aws #3056, gossm #49). Of
        // ResumeSession nobody has reported it, and there it may mean that the session is
        // connected: it stays a request that is refused, which ends a session that has lost its
        // WebSocket all the same, and leaves one alone that works.
        (Call::Terminate { session_id }, "ValidationException")
            if answer
                .message
                .to_ascii_lowercase()
                .contains("not in a valid state") =>
        {
            AccessError::SessionOver {
                session_id: session_id.to_owned(),
                answer: Some(answer),
            }
        }
        // The API reference names no code for resuming what was terminated; the agent, too,
        // goes by the word (docs/protocol.md, section 3).
        (Call::Resume { session_id }, _)
            if answer.status < 500
                && answer.message.to_ascii_lowercase().contains("terminated") =>
        {
            AccessError::SessionOver {
                session_id: session_id.to_owned(),
                answer: Some(answer),
            }
        }
        (
            Call::DataKey { key_id },
            "NotFoundException"
            | "DisabledException"
            | "KMSInvalidStateException"
            | "InvalidKeyUsageException"
            | "InvalidGrantTokenException"
            | "InvalidArnException",
        ) => AccessError::KmsKey {
            key_id: key_id.to_owned(),
            answer,
        },
        (
            Call::WebIdentity { role },
            "ExpiredTokenException" | "InvalidIdentityToken" | "IDPRejectedClaim",
        ) => AccessError::IdentityToken {
            role: role.to_owned(),
            answer,
        },
        (
            Call::AssumeRole { role } | Call::WebIdentity { role },
            "ValidationException"
            | "ValidationError"
            | "MalformedPolicyDocument"
            | "PackedPolicyTooLarge",
        ) => AccessError::InvalidRole {
            role: role.to_owned(),
            answer,
        },
        (
            Call::PortalRole { account, role },
            "ResourceNotFoundException" | "InvalidRequestException",
        ) => AccessError::PortalRole {
            role: format!("{role} of the account {account}"),
            answer,
        },
        (
            _,
            "ValidationException"
            | "ValidationError"
            | "InvalidParameters"
            | "BadRequest"
            | "InvalidInstanceId"
            | "InvalidInstanceInformationFilterValue"
            | "InvalidFilterKey"
            | "InvalidNextToken"
            | "InvalidDocumentVersion",
        ) => AccessError::InvalidRequest(answer),
        _ => AccessError::Service(answer),
    }
}

/// How far this clock is ahead of the answer's date, in seconds, when that is too far.
pub(crate) fn skew(response: &HttpResponse, now: SystemTime) -> Option<i64> {
    let ahead = seconds_ahead(response.headers().get("date")?, now)?;
    (ahead.unsigned_abs() > BEARABLE_SKEW.as_secs()).then_some(ahead)
}

/// How far a clock that says `now` is ahead of the date in an HTTP header (behind, if
/// negative), in seconds; `None` for what is no such date.
#[must_use]
pub fn seconds_ahead(date: &str, now: SystemTime) -> Option<i64> {
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?.secs();
    Some(DateTime::from(now).secs().saturating_sub(theirs))
}

/// Describes an answer without a word that a service has for what is wrong: a bare status, an answer
/// that is not as documented, or something that the service did not write.
pub(crate) fn wordless(callee: Callee, response: &HttpResponse) -> AccessError {
    let body = response.body().bytes().unwrap_or_default();
    let headers = response.headers();
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        let named = name.parse::<HeaderName>();
        if let (Ok(name), Ok(value)) = (named, HeaderValue::from_str(value)) {
            map.append(name, value);
        }
    }
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
    let answered = Answered::of(status, &map, body);
    judged(callee.label(), answered, request_id(response))
}

/// What it means that an answer without words came in place of one of this service, or of this host.
#[must_use]
pub fn judged(whom: &str, answered: Answered, request_id: Option<String>) -> AccessError {
    let status = answered.status;
    match answered.to_call() {
        Author::Aws | Author::Trouble if status >= 400 => AccessError::Service(ServiceAnswer {
            code: None,
            status,
            message: answered.excerpt,
            request_id,
        }),
        Author::Aws | Author::Trouble => AccessError::Unparsable {
            status: Some(status),
            excerpt: answered.excerpt,
        },
        Author::Between => AccessError::Stranger {
            whom: whom.to_owned(),
            answered: Box::new(answered),
        },
    }
}

pub(crate) fn request_id(response: &HttpResponse) -> Option<String> {
    response
        .headers()
        .get("x-amzn-requestid")
        .map(str::to_owned)
}
