//! Access to AWS: profiles, credentials, and the calls that Session Manager needs.
//!
//! The only user of the AWS SDK. Three rules shape it:
//!
//! * **Credentials are asked for anew at each call.** A tunnel lives longer than temporary
//!   credentials do, and the files they come from are rewritten by other programs, so neither
//!   an identity cache nor a profile that was parsed at start is ever trusted again.
//! * **One attempt.** The SDK's retries are off: when to try again is `tunnel-proto`'s decision.
//!   Only the pages of a list ([`Directory`]) are asked for again here: no tunnel waits for them;
//!   and what is refused for this machine's clock alone, once, signed with AWS's time.
//!   Each call, credentials included, ends within [`AccessSettings::api_timeout`].
//! * **Errors carry a code.** [`AccessError`] says what happened, what can be done, and in
//!   [`AccessError::next`] what a program should do about it.
//!
//! HTTP and WebSocket connections trust the same roots ([`Trust`]), fail on their way with the same
//! words ([`WayTo`], [`ProxyFailure`]), and both honour
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; loopback and link-local addresses, and
//! those of an instance's own services, are never sent through a proxy.

mod access;
mod answer;
mod callee;
mod container;
mod credentials;
mod denial;
mod directory;
mod endpoints;
mod error;
mod find;
mod holder;
mod hosts;
mod http_client;
mod issuers;
mod keyring;
mod local;
mod network;
mod profiles;
mod proxies;
mod proxy_address;
mod proxy_failure;
mod proxy_setting;
mod reading;
mod roles;
mod secret;
mod settings;
mod shared;
mod sign;
mod sign_in;
mod sign_in_fault;
mod sign_ins;
mod signers;
mod signing_in;
mod sso;
mod standing;
mod targets;
mod through_proxy;
mod toward;
mod trust;
mod variables;
mod way;

pub use access::{
    Access, Caller, DataKey, ManagedNode, NodePing, OpenSession, SessionGrant, SessionPreferences,
    StartSession, utc,
};
pub use answer::{ServiceAnswer, judged, seconds_ahead};
pub use callee::Callee;
pub use container::{ContainerId, ContainerState};
pub use denial::Denial;
pub use directory::{Directory, Entry, Listing, Matches, Part, Query, Search, Shortfall};
pub use endpoints::{
    Endpoint, EndpointOrigin, EndpointUrl, Endpoints, NamedInAddress, ResolvedEndpoints, Service,
    StreamUrl, StreamUrlFault, UnknownService, WrittenAddress,
};
pub use error::{AccessError, CalledHost, Next};
pub use find::{CallPace, FoundNode, NodePick, NodeQuery};
pub use holder::Holder;
pub use hosts::{Host, HostKind, HostRole};
pub use keyring::{Keyring, KeyringFault, ProxyAccount};
pub use network::{NetworkFault, TlsFault};
pub use profiles::{
    CredentialPath, FileFault, FileFaultKind, ProfileFault, ProfileInfo, ProfileList, Role,
    Severity, Source,
};
pub use proxy_address::ProxyUnreadable;
pub use proxy_failure::{ProxyFailure, ProxyFault, ProxySignIn};
pub use proxy_setting::{PasswordLack, ProxyHop, ProxyPlace, ProxyRoutes, ProxySetting, SetProxy};
pub use reading::WaitingTask;
pub use secret::Secret;
pub use settings::{AccessSettings, DEFAULT_API_TIMEOUT, ProxyChoice, StaticCredentials};
pub use sign_in::{SignIn, sign_in};
pub use sign_in_fault::SignInFault;
pub use sign_ins::SignIns;
pub use signers::CertificateName;
pub use signing_in::{
    MfaDevice, Person, SignInBy, SignInRequest, SignedIn, Visit, code_needed, sign_in_now,
};
pub use standing::Standing;
pub use targets::{ExecuteCommand, Ping, Target, TargetKind};
pub use trust::{ShownCertificates, Trust};
pub use way::{
    AnswerBody, Answered, Author, MaybeTls, Stream, Upgraded, Watched, WayError, WayTo, authority,
};

#[cfg(test)]
mod tests;
