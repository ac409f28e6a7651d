//! IAM Identity Center for tests: its OIDC API, its page in the browser, and the portal that
//! hands out credentials of roles. It trusts nothing that it is not told twice: clients, secrets,
//! redirects, challenges, codes and tokens are checked as the service checks them.
//!
//! Written after the API references of "IAM Identity Center OIDC" and "IAM Identity Center
//! portal", RFC 6749, RFC 7636 and RFC 8628. moto knows neither of the two APIs.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The role that every login may have.
pub const ACCOUNT: &str = "111111111111";
/// Its name.
pub const ROLE: &str = "reader";

/// How the service is to behave from now on.
#[derive(Debug, Clone)]
pub struct Manner {
    /// What whoever is asked in the browser says.
    pub person: Says,
    /// How long an access token lasts, in seconds.
    pub token_lasts: i64,
    /// Error codes with which the next requests for a token by device are answered.
    pub device_errors: VecDeque<&'static str>,
    /// How often to ask for a token by device, in seconds, and how long at most.
    pub device_interval: i64,
    /// How long a device code is good, in seconds.
    pub device_lasts: i64,
    /// Whether refresh tokens are refused.
    pub refuses_refresh: bool,
    /// The credentials of the role: id, secret, token.
    pub credentials: (String, String, Option<String>),
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            person: Says::Yes,
            token_lasts: 3600,
            device_errors: VecDeque::new(),
            device_interval: 1,
            device_lasts: 600,
            refuses_refresh: false,
            credentials: (
                "ASIAPORTALEXAMPLE".to_owned(),
                "planted-role-secret".to_owned(),
                Some("planted-role-token".to_owned()),
            ),
        }
    }
}

/// What a person says in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// That this program may sign in.
    Yes,
    /// That it may not.
    No,
    /// Nothing, yet.
    Nothing,
}

/// What was asked of the service, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Clients that were registered.
    pub registrations: usize,
    /// Tokens that were given for an authorization code.
    pub by_code: usize,
    /// Tokens that were given for a device code.
    pub by_device: usize,
    /// Tokens that were given for a refresh token.
    pub by_refresh: usize,
    /// Refresh tokens that were refused.
    pub refused_refresh: usize,
    /// Credentials that were handed out.
    pub credentials: usize,
    /// Access tokens that were refused.
    pub refused_tokens: usize,
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    asked: Asked,
    serial: u64,
    clients: BTreeMap<String, Client>,
    codes: BTreeMap<String, Code>,
    devices: BTreeMap<String, String>,
    access_tokens: BTreeMap<String, SystemTime>,
    refresh_tokens: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Client {
    secret: String,
    scopes: Vec<String>,
    grants: Vec<String>,
    redirects: Vec<String>,
}

#[derive(Debug)]
struct Code {
    client: String,
    redirect: String,
    challenge: String,
}

/// The service. Ends when it is dropped.
#[derive(Debug)]
pub struct IdentityCenter {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

impl IdentityCenter {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start(manner: Manner) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            manner,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                connections.spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A client that goes away is its own business.
                    let _ = connection
                        .serve_connection(TokioIo::new(tcp), service)
                        .await;
                });
            }
        });
        Ok(Self {
            address,
            state,
            _tasks: tasks,
        })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The portal's address, as a profile names it.
    pub fn start_url(&self) -> String {
        format!("http://{}/start", self.address)
    }

    /// A config file with two profiles of one `sso-session` (`orders` and `ledger`), one of the
    /// older form (`old`), and this service as the place to ask.
    pub fn config(&self) -> String {
        let (url, start) = (self.url(), self.start_url());
        let role = format!("sso_account_id = {ACCOUNT}\nsso_role_name = {ROLE}\n");
        let common = format!("{role}region = eu-central-1\nservices = here\n");
        format!(
            "[sso-session company]\nsso_region = eu-central-1\nsso_start_url = {start}\n\
             sso_registration_scopes = sso:account:access\n\
             [profile orders]\nsso_session = company\n{common}\
             [profile ledger]\nsso_session = company\n{common}\
             [profile old]\nsso_start_url = {start}\nsso_region = eu-central-1\n{common}\
             [services here]\nsso =\n  endpoint_url = {url}\nsso_oidc =\n  endpoint_url = {url}\n"
        )
    }

    /// Changes its manner.
    pub fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.state().manner);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Asked {
        self.state().asked
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Goes to a page as a browser does, redirects and all; answers the last status.
///
/// # Errors
/// What the system says; `InvalidData` for what is no web page.
pub async fn visit(page: &str) -> std::io::Result<u16> {
    let mut page = page.to_owned();
    loop {
        let head = get(&page).await?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
        let next = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location")
                .then(|| value.to_owned())
        });
        match next {
            Some(next) => page = next,
            None => return Ok(status),
        }
    }
}

async fn get(page: &str) -> std::io::Result<String> {
    let url = url::Url::parse(page).map_err(std::io::Error::other)?;
    let authority = url.authority();
    let what = &url[url::Position::BeforePath..];
    let mut stream = TcpStream::connect(authority).await?;
    let request = format!("GET {what} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, _) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(head.to_owned())
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let body: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
    let query = pairs(head.uri.query().unwrap_or_default());
    let mut state = lock(&state);
    Ok(match (head.method, head.uri.path()) {
        (Method::POST, "/client/register") => state.register(&body),
        (Method::POST, "/device_authorization") => {
            let host = head.headers.get("host").and_then(|host| host.to_str().ok());
            state.authorize_device(&body, host.unwrap_or_default())
        }
        (Method::POST, "/token") => state.token(&body),
        (Method::GET, "/authorize") => state.authorize(&query),
        (Method::GET, "/federation/credentials") => {
            let token = head.headers.get("x-amz-sso_bearer_token");
            let token = token.and_then(|token| token.to_str().ok());
            state.credentials(&query, token.unwrap_or_default())
        }
        _ => refuse(404, "UnknownOperationException", "unknown"),
    })
}

impl State {
    fn name(&mut self, kind: &str) -> String {
        self.serial += 1;
        format!("planted-{kind}-{}", self.serial)
    }

    fn register(&mut self, body: &Value) -> Answer {
        if text(body, "clientType") != "public" || text(body, "clientName").is_empty() {
            return refuse(
                400,
                "InvalidClientMetadataException",
                "invalid_client_metadata",
            );
        }
        let client = Client {
            secret: self.name("client-secret"),
            scopes: texts(body, "scopes"),
            grants: texts(body, "grantTypes"),
            redirects: texts(body, "redirectUris"),
        };
        let by_code = client
            .grants
            .iter()
            .any(|grant| grant == "authorization_code");
        if by_code && (client.redirects.is_empty() || text(body, "issuerUrl").is_empty()) {
            return refuse(400, "InvalidRedirectUriException", "invalid_redirect_uri");
        }
        self.asked.registrations += 1;
        let id = format!("client-{}", self.asked.registrations);
        let secret = client.secret.clone();
        self.clients.insert(id.clone(), client);
        let until = SystemTime::now() + Duration::from_secs(90 * 24 * 3600);
        give(&json!({
            "clientId": id,
            "clientSecret": secret,
            "clientIdIssuedAt": seconds(SystemTime::now()),
            "clientSecretExpiresAt": seconds(until),
        }))
    }

    fn client(&self, body: &Value) -> Option<(String, Client)> {
        let id = text(body, "clientId");
        let client = self.clients.get(&id)?.clone();
        (client.secret == text(body, "clientSecret")).then_some((id, client))
    }

    fn authorize_device(&mut self, body: &Value, host: &str) -> Answer {
        let Some((id, client)) = self.client(body) else {
            return refuse(401, "InvalidClientException", "invalid_client");
        };
        if !client.grants.is_empty() || text(body, "startUrl").is_empty() {
            return refuse(400, "InvalidRequestException", "invalid_request");
        }
        let code = self.name("device-code");
        self.devices.insert(code.clone(), id);
        give(&json!({
            "deviceCode": code,
            "userCode": "ABCD-EFGH",
            "verificationUri": format!("http://{host}/device"),
            "verificationUriComplete": format!("http://{host}/device?user_code=ABCD-EFGH"),
            "expiresIn": self.manner.device_lasts,
            "interval": self.manner.device_interval,
        }))
    }

    /// What a browser gets: the person answers at once, if at all.
    fn authorize(&mut self, query: &BTreeMap<String, String>) -> Answer {
        let value = |name: &str| query.get(name).cloned().unwrap_or_default();
        let (id, redirect, state) = (value("client_id"), value("redirect_uri"), value("state"));
        let known = self.clients.get(&id).is_some_and(|client| {
            client
                .redirects
                .iter()
                .any(|uri| uri == &without_port(&redirect))
                && client.scopes.join(" ") == value("scopes")
        });
        let fits = value("response_type") == "code"
            && value("code_challenge_method") == "S256"
            && value("code_challenge").len() == 43
            && !state.is_empty();
        if !(known && fits) {
            return refuse(400, "InvalidRequestException", "invalid_request");
        }
        let back = match self.manner.person {
            Says::Nothing => return page("Allow access?"),
            Says::No => format!("{redirect}?error=access_denied&state={state}"),
            Says::Yes => {
                let code = self.name("code");
                let challenge = value("code_challenge");
                let back = format!("{redirect}?code={code}&state={state}");
                let client = id;
                self.codes.insert(
                    code,
                    Code {
                        client,
                        redirect,
                        challenge,
                    },
                );
                back
            }
        };
        let mut answer = page("");
        *answer.status_mut() = hyper::StatusCode::FOUND;
        if let Ok(back) = back.parse() {
            answer.headers_mut().insert("location", back);
        }
        answer
    }

    fn token(&mut self, body: &Value) -> Answer {
        let Some((id, client)) = self.client(body) else {
            return refuse(401, "InvalidClientException", "invalid_client");
        };
        match text(body, "grantType").as_str() {
            "authorization_code" => {
                // A code counts once.
                let code = self.codes.remove(&text(body, "code"));
                let verifier = text(body, "codeVerifier");
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
                let fits = code.is_some_and(|code| {
                    code.client == id
                        && code.redirect == text(body, "redirectUri")
                        && code.challenge == challenge
                });
                if !fits {
                    return refuse(400, "InvalidGrantException", "invalid_grant");
                }
                self.asked.by_code += 1;
            }
            "refresh_token" => {
                let owner = self.refresh_tokens.remove(&text(body, "refreshToken"));
                if owner.as_ref() != Some(&id) || self.manner.refuses_refresh {
                    self.asked.refused_refresh += 1;
                    return refuse(400, "InvalidGrantException", "invalid_grant");
                }
                self.asked.by_refresh += 1;
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                let device = text(body, "deviceCode");
                if self.devices.get(&device) != Some(&id) {
                    return refuse(400, "InvalidGrantException", "invalid_grant");
                }
                if let Some(code) = self.manner.device_errors.pop_front() {
                    return refuse(400, code, "as_told");
                }
                match self.manner.person {
                    Says::Yes => {}
                    Says::No => return refuse(400, "AccessDeniedException", "access_denied"),
                    Says::Nothing => {
                        let code = "AuthorizationPendingException";
                        return refuse(400, code, "authorization_pending");
                    }
                }
                self.devices.remove(&device);
                self.asked.by_device += 1;
            }
            _ => {
                return refuse(
                    400,
                    "UnsupportedGrantTypeException",
                    "unsupported_grant_type",
                );
            }
        }
        let lasts = self.manner.token_lasts;
        let access_token = self.name("access-token");
        let until = SystemTime::now() + Duration::from_secs(lasts.unsigned_abs());
        self.access_tokens.insert(access_token.clone(), until);
        let mut given = json!({
            "accessToken": access_token,
            "expiresIn": lasts,
            "tokenType": "Bearer",
        });
        if client
            .scopes
            .iter()
            .any(|scope| scope == "sso:account:access")
        {
            let refresh_token = self.name("refresh-token");
            self.refresh_tokens.insert(refresh_token.clone(), id);
            given["refreshToken"] = refresh_token.into();
        }
        give(&given)
    }

    fn credentials(&mut self, query: &BTreeMap<String, String>, token: &str) -> Answer {
        let now = SystemTime::now();
        if self
            .access_tokens
            .get(token)
            .is_none_or(|until| *until <= now)
        {
            self.asked.refused_tokens += 1;
            return refuse(
                401,
                "UnauthorizedException",
                "Session token not found or invalid",
            );
        }
        let wanted = |name: &str| query.get(name).map(String::as_str);
        if (wanted("account_id"), wanted("role_name")) != (Some(ACCOUNT), Some(ROLE)) {
            return refuse(403, "ForbiddenException", "No access");
        }
        self.asked.credentials += 1;
        let (id, secret, token) = &self.manner.credentials;
        let until = now + Duration::from_secs(3600);
        give(&json!({ "roleCredentials": {
            "accessKeyId": id,
            "secretAccessKey": secret,
            "sessionToken": token,
            "expiration": seconds(until) * 1000,
        }}))
    }
}

fn give(body: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body.to_string())));
    let kind = hyper::header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert("content-type", kind);
    answer
}

fn refuse(status: u16, kind: &str, error: &str) -> Answer {
    let mut answer = give(&json!({ "error": error, "error_description": error, "message": error }));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(kind) = kind.parse() {
        answer.headers_mut().insert("x-amzn-errortype", kind);
    }
    answer
}

fn page(words: &str) -> Answer {
    Response::new(Full::new(Bytes::from(words.to_owned())))
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_default().to_owned()
}

fn texts(body: &Value, name: &str) -> Vec<String> {
    let list = body[name].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// RFC 8252, section 7.3: the port of a loopback redirect may be any.
fn without_port(redirect: &str) -> String {
    let mut url = match url::Url::parse(redirect) {
        Ok(url) => url,
        Err(_) => return String::new(),
    };
    // An http URL can always be without one.
    let _ = url.set_port(None);
    url.to_string()
}
