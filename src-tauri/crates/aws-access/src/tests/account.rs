//! A server that answers the calls of several services, each by its action.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::server::settings;
use crate::{Access, AccessSettings};
use test_kit::listen;

/// A call as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The action, or the path where there is none.
    pub(crate) action: String,
    /// How many calls of this action came before.
    pub(crate) number: usize,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
    pub(crate) form: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str)
    }
}

/// What is answered.
pub(crate) enum Reply {
    Text {
        status: u16,
        kind: &'static str,
        body: String,
    },
    /// Nothing, for ever.
    Hang,
    /// This, as soon as the number is so high.
    Held {
        until: watch::Receiver<usize>,
        at_least: usize,
        then: Box<Reply>,
    },
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::Text {
            status: 200,
            kind: "application/x-amz-json-1.1",
            body: body.to_string(),
        }
    }

    pub(crate) fn xml(body: &str) -> Self {
        Self::Text {
            status: 200,
            kind: "text/xml",
            body: body.to_owned(),
        }
    }

    /// The same, but not before the number is so high.
    pub(crate) fn held(self, until: &watch::Receiver<usize>, at_least: usize) -> Self {
        Self::Held {
            until: until.clone(),
            at_least,
            then: Box::new(self),
        }
    }

    /// What goes out, when it is time.
    async fn text(self, hangs: watch::Sender<usize>) -> (u16, &'static str, String) {
        let mut reply = self;
        loop {
            match reply {
                Self::Text { status, kind, body } => return (status, kind, body),
                Self::Hang => {
                    let _hangs = Hanging::new(hangs);
                    return std::future::pending().await;
                }
                Self::Held {
                    mut until,
                    at_least,
                    then,
                } => {
                    // The test that would let it go has ended otherwise.
                    let _ = until.wait_for(|number| *number >= at_least).await;
                    reply = *then;
                }
            }
        }
    }

    /// An error of the JSON protocols.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Text {
            status,
            kind: "application/x-amz-json-1.1",
            body: json!({ "__type": code, "message": message }).to_string(),
        }
    }

    /// An error of the Query protocol.
    pub(crate) fn query_error(status: u16, code: &str, message: &str) -> Self {
        Self::Text {
            status,
            kind: "text/xml",
            body: format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
            ),
        }
    }

    /// An error of EC2.
    pub(crate) fn ec2_error(status: u16, code: &str, message: &str) -> Self {
        Self::Text {
            status,
            kind: "text/xml",
            body: format!(
                "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
                 </Error></Errors><RequestID>r-1</RequestID></Response>"
            ),
        }
    }
}

/// Ends, with its connections, when it is dropped.
pub(crate) struct AccountServer {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    hanging: watch::Sender<usize>,
    _tasks: JoinSet<()>,
}

impl AccountServer {
    pub(crate) async fn start(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let (asked, reply) = (Arc::new(Mutex::new(Vec::new())), Arc::new(reply));
        let hanging = watch::Sender::new(0);
        let (record, hangs) = (Arc::clone(&asked), hanging.clone());
        let (address, tasks) = listen(move |tcp| {
            let (record, reply, hangs) = (Arc::clone(&record), Arc::clone(&reply), hangs.clone());
            async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let (record, reply) = (Arc::clone(&record), Arc::clone(&reply));
                    let hangs = hangs.clone();
                    async move {
                        let asked = note(&record, request).await;
                        let (status, kind, body) = reply(&asked).text(hangs).await;
                        Ok::<_, Infallible>(
                            Response::builder()
                                .status(status)
                                .header("content-type", kind)
                                .body(Full::new(Bytes::from(body)))
                                .unwrap(),
                        )
                    }
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(tcp), service)
                    .await;
            }
        })
        .await;
        Self {
            address,
            asked,
            hanging,
            _tasks: tasks,
        }
    }

    /// The calls so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The actions that were called so far, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.action).collect()
    }

    /// Waits until so many calls wait for an answer.
    pub(crate) async fn hanging(&self, count: usize) {
        self.hanging
            .subscribe()
            .wait_for(|hanging| *hanging == count)
            .await
            .unwrap();
    }

    /// Access to it as a service on this machine: all services are one.
    pub(crate) async fn access(&self) -> Access {
        self.access_within(AccessSettings::default().api_timeout)
            .await
    }

    /// The same, with a limit for each call.
    pub(crate) async fn access_within(&self, api_timeout: Duration) -> Access {
        Access::load(AccessSettings {
            api_timeout,
            ..self.settings()
        })
        .await
        .unwrap()
    }

    /// The settings of that access.
    pub(crate) fn settings(&self) -> AccessSettings {
        settings(format!("http://{}", self.address))
    }
}

/// Counts a call for as long as its connection lives.
struct Hanging(watch::Sender<usize>);

impl Hanging {
    fn new(count: watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

async fn note(record: &Mutex<Vec<Asked>>, request: Request<Incoming>) -> Asked {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let json: Value = serde_json::from_slice(&body).unwrap_or_default();
    let form: BTreeMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    let target = head.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()?.split_once('.'));
    let action = match (target, form.get("Action")) {
        (Some((_, action)), _) => action.to_owned(),
        (None, Some(action)) => action.clone(),
        (None, None) => head.uri.path().to_owned(),
    };
    let mut record = record.lock().unwrap();
    let asked = Asked {
        number: record
            .iter()
            .filter(|before| before.action == action)
            .count(),
        action,
        headers: head.headers,
        json,
        form,
    };
    record.push(asked.clone());
    asked
}
