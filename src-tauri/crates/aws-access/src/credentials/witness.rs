//! Sees how the requests went that were made for credentials.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::{CalledHost, NetworkFault, ProxyFailure, ProxySetting, ServiceAnswer};

/// What kept a request for credentials from being answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It got no answer.
    Network {
        fault: NetworkFault,
        /// The host that it was to go to.
        at: Option<Box<CalledHost>>,
        /// The proxy on the way, if there was one.
        proxy: Option<Box<ProxySetting>>,
    },
    /// A proxy on the way did not do its part.
    Proxy(Box<ProxyFailure>),
    /// The answer is an error.
    Service(ServiceAnswer),
}

/// Keeps how the last request went of one search for credentials.
#[derive(Debug)]
pub(super) struct Witness {
    client: SharedHttpClient,
    last: Arc<Mutex<Option<Trouble>>>,
}

impl Witness {
    pub(super) fn of(http: SharedHttpClient) -> Self {
        let last = Arc::new(Mutex::new(None));
        let client = SharedHttpClient::new(WatchedClient {
            http,
            last: Arc::clone(&last),
        });
        Self { client, last }
    }

    /// The client to make the requests with.
    pub(super) fn client(&self) -> SharedHttpClient {
        self.client.clone()
    }

    /// What was wrong with the last request; `None` also when there was none.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[derive(Debug)]
struct WatchedClient {
    http: SharedHttpClient,
    last: Arc<Mutex<Option<Trouble>>>,
}

impl HttpClient for WatchedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(WatchedConnector {
            http: self.http.http_connector(settings, components),
            last: Arc::clone(&self.last),
        })
    }
}

#[derive(Debug)]
struct WatchedConnector {
    http: SharedHttpConnector,
    last: Arc<Mutex<Option<Trouble>>>,
}

impl HttpConnector for WatchedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.http.call(request);
        let last = Arc::clone(&self.last);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            *last.lock().unwrap_or_else(PoisonError::into_inner) = trouble(&answer);
            answer
        })
    }
}

fn trouble(answer: &Result<HttpResponse, ConnectorError>) -> Option<Trouble> {
    match answer {
        Ok(response) if response.status().as_u16() < 400 => None,
        Ok(response) => Some(Trouble::Service(ServiceAnswer {
            code: None,
            status: response.status().as_u16(),
            message: String::new(),
            request_id: response
                .headers()
                .get("x-amzn-requestid")
                .map(str::to_owned),
        })),
        Err(error) => Some(match ProxyFailure::of(error) {
            Some(failure) => Trouble::Proxy(Box::new(failure.clone())),
            None => Trouble::Network {
                fault: NetworkFault::of(error).unwrap_or(NetworkFault::Broken),
                at: CalledHost::of(error).map(Box::new),
                proxy: NetworkFault::proxy_of(error).map(Box::new),
            },
        }),
    }
}
