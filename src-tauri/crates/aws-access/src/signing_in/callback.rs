//! Where the browser comes back to with the authorization code: a small server on loopback
//! (RFC 8252, section 7.3).

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{AccessError, Secret, SignInFault};

/// The path that the service sends the browser back to, as the AWS CLI has it.
const PATH: &str = "/oauth/callback";

/// Connections that are served at once. A browser opens one or two; the others wait.
const CONNECTIONS: usize = 4;

/// How long a connection may take to say what it wants.
const SPEAKS_WITHIN: Duration = Duration::from_secs(10);

/// What the browser is shown.
const DONE: &str = "You are signed in. You can close this page.";
const NOT_DONE: &str = "You are not signed in. You can close this page.";
const FOREIGN: &str = "This page is of no sign-in that is under way.";

/// A server that waits for the browser.
#[derive(Debug)]
pub(super) struct Callback {
    listener: TcpListener,
    address: SocketAddr,
}

/// What the browser brought.
type Brought = Result<Secret, AccessError>;

impl Callback {
    /// Listens at a port that is free.
    pub(super) async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where the browser is to come.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// What the client is registered with: the port is free to change (RFC 8252, section 7.3).
    pub(super) fn registered_uri() -> String {
        format!("http://{}{PATH}", Ipv4Addr::LOCALHOST)
    }

    /// Waits for the code of the sign-in with this state. Whoever comes with another state, or
    /// with none, is turned away, and the wait goes on: anybody on this machine can come.
    ///
    /// # Errors
    /// [`SignInFault::Denied`] when the service says so, [`SignInFault::Refused`] for its other
    /// errors.
    pub(super) async fn code(self, state: &str) -> Brought {
        let (bring, mut brought) = mpsc::channel::<Brought>(1);
        let state: Arc<str> = state.into();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(brought) = brought.recv() => {
                    // The browser shall still get its answer.
                    let rest = async { while connections.join_next().await.is_some() {} };
                    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                    return brought;
                }
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => {
                    if let Ok((tcp, _)) = accepted {
                        connections.spawn(serve(tcp, Arc::clone(&state), bring.clone()));
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn serve(tcp: TcpStream, state: Arc<str>, bring: mpsc::Sender<Brought>) {
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, brought) = answer(&request, &state);
        if let Some(brought) = brought {
            // One sign-in has one answer; a second has nobody to take it.
            let _ = bring.try_send(brought);
        }
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SPEAKS_WITHIN)
        .keep_alive(false)
        .serve_connection(TokioIo::new(tcp), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the sign-in's page");
    }
}

fn answer(request: &Request<Incoming>, state: &str) -> (Response<Full<Bytes>>, Option<Brought>) {
    if request.method() != Method::GET || request.uri().path() != PATH {
        return (page(StatusCode::NOT_FOUND, FOREIGN), None);
    }
    match read(request.uri().query().unwrap_or_default(), state) {
        None => (page(StatusCode::BAD_REQUEST, FOREIGN), None),
        Some(Ok(code)) => (page(StatusCode::OK, DONE), Some(Ok(code))),
        Some(Err(error)) => (page(StatusCode::OK, NOT_DONE), Some(Err(error))),
    }
}

/// Reads what the browser brings; `None` if it is not for this sign-in.
fn read(query: &str, state: &str) -> Option<Brought> {
    let value = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    // RFC 6749, sections 4.1.2 and 4.1.2.1: both answers bring the state.
    if value("state").as_deref() != Some(state) {
        return None;
    }
    if let Some(error) = value("error") {
        return Some(Err(AccessError::SignIn(if error == "access_denied" {
            SignInFault::Denied
        } else {
            SignInFault::Refused(crate::ServiceAnswer {
                code: Some(plain(&error)),
                status: StatusCode::FOUND.as_u16(),
                message: plain(&value("error_description").unwrap_or_default()),
                request_id: None,
            })
        })));
    }
    value("code")
        .filter(|code| !code.is_empty())
        .map(|code| Ok(Secret::new(code)))
}

/// The far end's words, on one line and not too many.
fn plain(words: &str) -> String {
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

fn page(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Culvert</title><p>{words}</p></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (CACHE_CONTROL, "no-store"),
        (CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_with_the_right_state_is_taken_and_no_other() {
        let code = |query| read(query, "s").map(|brought| brought.unwrap().expose().to_owned());
        assert_eq!(code("code=a%2Bb&state=s"), Some("a+b".to_owned()));
        for query in [
            "",
            "code=a",
            "code=a&state=",
            "code=a&state=t",
            "state=s",
            "code=&state=s",
            "code=a&state=t&state=s",
            "error=access_denied",
            "error=access_denied&state=t",
        ] {
            assert_eq!(code(query), None, "{query}");
        }
    }

    #[test]
    fn an_error_of_the_service_is_told_in_its_words() {
        let error = |query| read(query, "s").unwrap().unwrap_err();
        let denied = error("error=access_denied&state=s");
        assert_eq!(denied.code(), "sign-in-denied");
        let refused = error("error=invalid_scope&error_description=no%0Asuch&state=s");
        assert_eq!(refused.code(), "sign-in-refused");
        assert_eq!(refused.details(), "invalid_scope (HTTP 302): nosuch");
    }
}
