//! One request over a way, and its answer.

use std::convert::Infallible;
use std::io;

use aws_smithy_runtime_api::box_error::BoxError;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::uri::PathAndQuery;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{Stage, Stream, WayError, WayTo, proxy};
use crate::NetworkFault;

/// The body of an answer.
#[derive(Debug)]
pub struct AnswerBody {
    /// What came of it.
    bytes: Vec<u8>,
    /// Why there is no more, if that is not its end.
    broken: Option<BoxError>,
}

impl AnswerBody {
    /// As much as came: what is too long or breaks off has told by then who it is.
    #[must_use]
    pub fn begun(&self) -> &[u8] {
        &self.bytes
    }

    /// All of it.
    ///
    /// # Errors
    /// That it broke off, or is longer than it may be.
    pub(crate) fn whole(self) -> Result<Vec<u8>, BoxError> {
        match self.broken {
            None => Ok(self.bytes),
            Some(error) => Err(error),
        }
    }

    async fn read(body: Incoming, most: usize) -> Self {
        let mut body = Limited::new(body, most);
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
                Err(error) => {
                    let broken = Some(error);
                    return Self { bytes, broken };
                }
            }
        }
        Self {
            bytes,
            broken: None,
        }
    }
}

impl WayTo {
    /// Sends a request over the stream that [`open`](Self::open) has given, and reads its answer,
    /// at most this many bytes of the body. Of the request's URL the path counts: it is written as
    /// whoever takes it wants it (RFC 9112, section 3.2), with `Host`, and with what signs in to a
    /// proxy that passes it on in the clear. What such a proxy answers itself is its failure.
    ///
    /// # Errors
    /// [`WayError`], that no answer came.
    pub async fn exchange(
        &self,
        stream: Stream,
        request: Request<Bytes>,
        most: usize,
    ) -> Result<Response<AnswerBody>, WayError> {
        let request = self.addressed(request);
        let request = request.map_err(|error| self.failed(io::Error::other(error)))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unanswered(error))?;
        let asking = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            self.at(Stage::Open);
            let body = if head.status.is_informational() {
                AnswerBody {
                    bytes: Vec::new(),
                    broken: None,
                }
            } else {
                AnswerBody::read(body, most).await
            };
            Ok(Response::from_parts(head, body))
        };
        let answer = driven(connection.with_upgrades(), asking)
            .await
            .map_err(|error| self.unanswered(error))?;
        match self.proxy_in_the_clear() {
            Some(hop) => proxy::passed_on(self, hop, answer),
            None => Ok(answer),
        }
    }

    fn addressed(&self, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, http::Error> {
        let (mut head, body) = request.into_parts();
        let host = self.host_header();
        let path = head.uri.path_and_query();
        let path = path.map_or("/", PathAndQuery::as_str);
        head.uri = match self.proxy_in_the_clear() {
            None => path.parse()?,
            Some(hop) => {
                if let Some(authorization) = &hop.proxy.authorization {
                    let headers = &mut head.headers;
                    headers.insert(PROXY_AUTHORIZATION, authorization.clone());
                }
                format!("http://{host}{path}").parse()?
            }
        };
        if !head.headers.contains_key(HOST) {
            head.headers.insert(HOST, HeaderValue::try_from(host)?);
        }
        Ok(Request::from_parts(head, Full::new(body)))
    }

    /// Host and port; the usual port is not written (RFC 9110, section 7.2).
    fn host_header(&self) -> String {
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let authority = self.authority();
        match authority.strip_suffix(&format!(":{usual}")) {
            Some(host) => host.to_owned(),
            None => authority,
        }
    }

    fn unanswered(&self, error: hyper::Error) -> WayError {
        match self.proxy_in_the_clear() {
            Some(hop) => proxy::broken(self, hop, &error),
            None => {
                let fault = NetworkFault::of(&error).unwrap_or(NetworkFault::Broken);
                self.network(fault, io::Error::other(error))
            }
        }
    }
}

/// Drives a connection for as long as an exchange over it takes. One that fails since the
/// connection has broken fails with what broke that.
pub(super) async fn driven<T>(
    connection: impl Future<Output = hyper::Result<()>>,
    exchange: impl Future<Output = hyper::Result<T>>,
) -> hyper::Result<T> {
    let mut broke = None;
    let driving = async {
        broke = connection.await.err();
        // The exchange hears of the end.
        std::future::pending::<Infallible>().await
    };
    let outcome = tokio::select! {
        outcome = exchange => outcome,
        never = driving => match never {},
    };
    outcome.map_err(|error| broke.unwrap_or(error))
}
