//! Many tunnels: the saved ones, which of them run, and what each does.
//!
//! [`Manager`] is a handle to an actor that owns everything that can change: the list of
//! [`Profile`]s (kept in one TOML file by [`Store`]) and the tunnels that run. Whoever shows
//! tunnels watches [`Manager::overview`]; whoever changes something sends one request. The
//! tunnels themselves are made by an [`Engine`] ([`SessionManager`]), so that all of this can be tried without a
//! network.

pub mod bundle;
mod closing;
pub mod control;
pub mod demo;
pub mod doctor;
mod engine;
mod error;
pub mod exchange;
mod frequency;
mod history;
mod keys;
pub mod log;
mod manager;
pub mod metrics;
mod overview;
pub mod paste;
mod profile;
mod recordings;
mod roll;
mod session_manager;
mod settings;
mod sign_in_list;
mod signing_in;
mod store;
mod traces;
mod unrest;

/// What a sign-in is asked for, and asks for.
pub use aws_access::{
    AccessSettings, Keyring, KeyringFault, MfaDevice, ProfileList, ProxyAccount, ProxyChoice,
    Secret, SignIn, SignInBy, SignInRequest, SignIns, Standing, Visit, WrittenAddress,
};
pub use closing::Closing;
pub use diagnostics::words;
pub use engine::{DemoService, Engine, Launch, RunningTunnel, StartFailure, StaticAccess};
pub use error::ManagerError;
pub use frequency::{Frequency, TooOften};
pub use history::{
    Condition, Entry, Following, History, LostSocket, Past, Payload, Reading, Recent, Segment,
    Strip, Summary, TunnelName, Way,
};
pub use keys::{typed_key_id, typed_keys};
pub use manager::{Manager, RemovalId};
pub use overview::{Closes, Overview, SignInNeeded, TunnelStatus};
pub use profile::{
    Asks, BindAddress, Consent, CredentialSource, Destination, Draft, Field, Filing, Invalid,
    Listen, Production, ProductionDraft, Profile, ProfileId, Refiling, Rule, Upkeep, rules,
};
pub use recordings::Recorder;
pub use roll::{Roll, SessionFigures, TunnelFigures, TunnelRecordings};
pub use session_manager::{RecordedTunnel, SessionManager};
pub use settings::{
    Density, Fault, Key, Language, SettingError, Settings, SettingsKeeper, SettingsState, Theme,
};
pub use sign_in_list::{PersonalSignIn, PersonalSignInKind, personal_sign_ins, profile_of};
pub use signing_in::{CodeAsked, Outcome, SignInEvent, SigningIn, code_needed, keyring_problem};
pub use store::{CONFIG_DIR_VARIABLE, Store, StoreError, remove_leftovers, replace_file};
pub use traces::{STATE_DIR_VARIABLE, Traces};
/// One tunnel without a profile: what the command line runs.
pub use tunnel;
pub use unrest::{Restless, Unrest};
