//! The calls that a session needs from its start to its end.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::SystemTime;

use aws_types::request_id::RequestId as _;
use http::{HeaderMap, StatusCode};
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Access, foreign, kms_identity, ssm_identity};
use crate::answer::{Call, judged};
use crate::way::Answered;
use crate::{AccessError, Secret, sign};

/// Bytes of a session's data key: one AES-256 key for each direction.
const DATA_KEY_BYTES: usize = 64;

/// What a new session shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartSession {
    /// The instance or managed node; up to 400 characters.
    pub target: String,
    /// The session document, such as `AWS-StartPortForwardingSession`.
    pub document: String,
    /// The document's parameters, each a list of values.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// Why, for the account's records; 1 to 256 characters.
    pub reason: Option<String>,
}

/// The right to open a session's data channel, once.
#[derive(Clone)]
pub struct SessionGrant {
    /// The session.
    pub session_id: String,
    /// Where to open the WebSocket.
    pub stream_url: Url,
    /// For the data channel's first message, and nowhere else.
    pub token: Secret,
}

/// Of the URL the host alone: its query may hold a signature, with which anybody gets in.
impl fmt::Debug for SessionGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionGrant")
            .field("session_id", &self.session_id)
            .field("stream_host", &self.stream_url.host_str())
            .finish_non_exhaustive()
    }
}

/// The key material of an encrypted session (docs/protocol.md, section 4).
pub struct DataKey {
    /// The keys: the first half decrypts, the second half encrypts. Overwritten when dropped.
    pub plaintext: Zeroizing<[u8; DATA_KEY_BYTES]>,
    /// The same, encrypted by KMS, for the agent.
    pub ciphertext: Vec<u8>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("plaintext", &"[redacted]")
            .field(
                "ciphertext",
                &format_args!("{} bytes", self.ciphertext.len()),
            )
            .finish()
    }
}

impl Access {
    /// Starts a session (SSM `StartSession`).
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn start_session(&self, request: &StartSession) -> Result<SessionGrant, AccessError> {
        let call = Call::Start {
            target: &request.target,
            document: &request.document,
        };
        let parameters: HashMap<_, _> = request.parameters.clone().into_iter().collect();
        let answer = self
            .call(call, |credentials| {
                self.inner
                    .ssm
                    .start_session()
                    .target(&request.target)
                    .document_name(&request.document)
                    .set_parameters(Some(parameters.clone()))
                    .set_reason(request.reason.clone())
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await?;
        if answer.request_id().is_none() && answer.session_id.is_none() {
            return Err(nothing(call));
        }
        let session_id = answer.session_id.unwrap_or_default();
        if session_id.is_empty() {
            return Err(foreign("an answer without a session"));
        }
        grant(session_id, answer.stream_url, answer.token_value)?
            .ok_or_else(|| foreign("an answer without a token"))
    }

    /// Asks for another token for a session that lives (SSM `ResumeSession`).
    ///
    /// # Errors
    /// [`AccessError::SessionOver`] when the session has ended, which the service also says
    /// by an answer without a token; any other [`AccessError`] of a call.
    pub async fn resume_session(&self, session_id: &str) -> Result<SessionGrant, AccessError> {
        let call = Call::Resume { session_id };
        let answer = self
            .call(call, |credentials| {
                self.inner
                    .ssm
                    .resume_session()
                    .session_id(session_id)
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await?;
        // An answer without content is what a captive portal may give, too. The service's own
        // has an id, and a session must not be given up for anybody else's.
        let is_the_services = answer.request_id().is_some() || answer.session_id.is_some();
        match grant(session_id.to_owned(), answer.stream_url, answer.token_value)? {
            Some(grant) => Ok(grant),
            None if is_the_services => Err(AccessError::SessionOver {
                session_id: session_id.to_owned(),
                answer: None,
            }),
            None => Err(nothing(call)),
        }
    }

    /// Ends a session (SSM `TerminateSession`). Ending one that has ended succeeds.
    ///
    /// # Errors
    /// Any [`AccessError`] of a call.
    pub async fn terminate_session(&self, session_id: &str) -> Result<(), AccessError> {
        let call = Call::Terminate { session_id };
        let outcome = self
            .call(call, |credentials| {
                self.inner
                    .ssm
                    .terminate_session()
                    .session_id(session_id)
                    .customize()
                    .config_override(ssm_identity(credentials))
                    .send()
            })
            .await;
        match outcome {
            Ok(_) | Err(AccessError::SessionOver { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes the keys of an encrypted session (KMS `GenerateDataKey`, 64 bytes, bound to the
    /// session and the target by its encryption context).
    ///
    /// # Errors
    /// [`AccessError::KmsKey`] when the key cannot be used; any other [`AccessError`] of a call.
    pub async fn generate_data_key(
        &self,
        key_id: &str,
        session_id: &str,
        target_id: &str,
    ) -> Result<DataKey, AccessError> {
        let call = Call::DataKey { key_id };
        let answer = self
            .call(call, |credentials| {
                self.kms()
                    .generate_data_key()
                    .key_id(key_id)
                    .number_of_bytes(64)
                    .encryption_context("aws:ssm:SessionId", session_id)
                    .encryption_context("aws:ssm:TargetId", target_id)
                    .customize()
                    .config_override(kms_identity(credentials))
                    .send()
            })
            .await?;
        let mut bytes = answer
            .plaintext
            .map(|blob| blob.into_inner())
            .unwrap_or_default();
        let plaintext = <[u8; DATA_KEY_BYTES]>::try_from(bytes.as_slice()).map(Zeroizing::new);
        bytes.zeroize();
        let ciphertext = answer
            .ciphertext_blob
            .map(|blob| blob.into_inner())
            .unwrap_or_default();
        match plaintext {
            Ok(plaintext) if !ciphertext.is_empty() => Ok(DataKey {
                plaintext,
                ciphertext,
            }),
            Ok(_) | Err(_) => Err(foreign("an answer without a 64-byte key")),
        }
    }

    /// Signs a WebSocket upgrade: the headers to add to it.
    ///
    /// SigV4 for the service `ssmmessages`: `authorization`, `x-amz-date`, and
    /// `x-amz-security-token` for temporary credentials. The request's `Host` must be that of
    /// the URL. A URL that carries its signature already gets no headers. Where this machine's clock
    /// is wrong by more than 4 min, as the last answer of AWS says, AWS's time is taken.
    ///
    /// # Errors
    /// Any [`AccessError`] of finding credentials.
    pub async fn sign_upgrade(&self, stream_url: &Url) -> Result<HeaderMap, AccessError> {
        if sign::is_presigned(stream_url) {
            return Ok(HeaderMap::new());
        }
        let credentials = self.credentials(self.deadline()).await?;
        sign::sign_upgrade(
            stream_url,
            &self.inner.region,
            &credentials,
            self.inner.ways.signing_time(SystemTime::now()),
        )
    }
}

/// Makes a grant of an answer; `None` when it holds no token.
/// What it means that a call was answered with nothing, not even the id of the request.
fn nothing(call: Call<'_>) -> AccessError {
    let nothing = Answered::of(StatusCode::OK, &HeaderMap::new(), &[]);
    judged(call.callee().label(), nothing, None)
}

fn grant(
    session_id: String,
    stream_url: Option<String>,
    token: Option<String>,
) -> Result<Option<SessionGrant>, AccessError> {
    let token = Secret::from(token.unwrap_or_default());
    let url = stream_url.unwrap_or_default();
    if token.is_empty() || url.is_empty() {
        return Ok(None);
    }
    let stream_url = Url::parse(&url)
        .map_err(|error| foreign(&format!("a stream URL that is none: {error}")))?;
    Ok(Some(SessionGrant {
        session_id,
        stream_url,
        token,
    }))
}
