//! The files of the login cache, as the AWS CLI has them (its `sso login`, version 2): a token
//! under the SHA-1 of its session's name or portal, and the registration of a client under that of
//! what it was registered for.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Login, RENEW_AHEAD};
use crate::Secret;
use crate::sign_ins::{Kept, Place, Written, json, name_of, python_text, read_time, written_time};

/// How long a registration must last to be worth using. What the AWS CLI takes.
const REGISTRATION_AHEAD: Duration = Duration::from_secs(15 * 60);

/// The token of a login.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) access_token: Secret,
    pub(crate) expires_at: SystemTime,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) region: String,
    pub(crate) start_url: String,
    /// The client that it was given to, which alone can renew it.
    pub(crate) registration: Option<Registration>,
}

impl Token {
    /// Whether its end is near enough for it to be renewed.
    pub(crate) fn is_due(&self, now: SystemTime) -> bool {
        self.expires_at <= now + RENEW_AHEAD
    }

    pub(crate) fn can_be_renewed(&self, now: SystemTime) -> bool {
        let registered = self.registration.as_ref();
        self.refresh_token.is_some() && registered.is_some_and(|client| client.expires_at > now)
    }
}

/// A client that the service knows. One serves all logins of a portal.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) expires_at: SystemTime,
    pub(crate) scopes: Vec<String>,
    /// Empty for the device flow, since the AWS CLI writes none for it.
    pub(crate) grant_types: Vec<String>,
}

impl Registration {
    /// Where the registration for a login is kept. Both flows share the place.
    pub(crate) fn place(login: &Login) -> Place {
        // The AWS CLI writes this as Python does: keys sorted, a space after each separator,
        // and everything beyond ASCII escaped.
        let scopes = login.scopes.as_ref().map_or("null".to_owned(), |scopes| {
            let scopes: Vec<_> = scopes.iter().map(|scope| python_text(scope)).collect();
            format!("[{}]", scopes.join(", "))
        });
        let session = login.session.as_deref();
        let session = session.map_or("null".to_owned(), python_text);
        Place::Sso(name_of(&format!(
            "{{\"region\": {}, \"scopes\": {scopes}, \"session_name\": {session}, \
             \"startUrl\": {}, \"tool\": \"botocore\"}}",
            python_text(&login.region),
            python_text(&login.start_url),
        )))
    }

    /// Whether it can be used from now on, for an authorization code or for a device.
    pub(crate) fn serves(&self, by_code: bool, now: SystemTime) -> bool {
        let for_code = self
            .grant_types
            .iter()
            .any(|grant| grant == "authorization_code");
        for_code == by_code && self.expires_at > now + REGISTRATION_AHEAD
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenFile {
    #[serde(default)]
    start_url: String,
    #[serde(default)]
    region: String,
    access_token: Written,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<Written>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Written>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationFile {
    client_id: String,
    client_secret: Written,
    expires_at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    grant_types: Vec<String>,
}

impl Kept for Token {
    fn parse(text: &[u8]) -> Option<Self> {
        let file: TokenFile = serde_json::from_slice(text).ok()?;
        let registration = match (file.client_id, file.client_secret) {
            (Some(client_id), Some(client_secret)) => file
                .registration_expires_at
                .and_then(|text| read_time(&text))
                .map(|expires_at| Registration {
                    client_id,
                    client_secret: client_secret.0,
                    expires_at,
                    scopes: Vec::new(),
                    grant_types: Vec::new(),
                }),
            (Some(_) | None, _) => None,
        };
        Some(Self {
            access_token: file.access_token.0,
            expires_at: read_time(&file.expires_at)?,
            refresh_token: file.refresh_token.map(|token| token.0),
            region: file.region,
            start_url: file.start_url,
            registration,
        })
    }

    fn text(&self) -> Zeroizing<Vec<u8>> {
        let client = self.registration.as_ref();
        json(&TokenFile {
            start_url: self.start_url.clone(),
            region: self.region.clone(),
            access_token: Written(self.access_token.clone()),
            expires_at: written_time(self.expires_at),
            client_id: client.map(|client| client.client_id.clone()),
            client_secret: client.map(|client| Written(client.client_secret.clone())),
            registration_expires_at: client.map(|client| written_time(client.expires_at)),
            refresh_token: self.refresh_token.clone().map(Written),
        })
    }

    fn until(&self) -> SystemTime {
        self.expires_at
    }
}

impl Kept for Registration {
    fn parse(text: &[u8]) -> Option<Self> {
        let file: RegistrationFile = serde_json::from_slice(text).ok()?;
        Some(Self {
            client_id: file.client_id,
            client_secret: file.client_secret.0,
            expires_at: read_time(&file.expires_at)?,
            scopes: file.scopes,
            grant_types: file.grant_types,
        })
    }

    fn text(&self) -> Zeroizing<Vec<u8>> {
        json(&RegistrationFile {
            client_id: self.client_id.clone(),
            client_secret: Written(self.client_secret.clone()),
            expires_at: written_time(self.expires_at),
            scopes: self.scopes.clone(),
            grant_types: self.grant_types.clone(),
        })
    }

    fn until(&self) -> SystemTime {
        self.expires_at
    }
}
