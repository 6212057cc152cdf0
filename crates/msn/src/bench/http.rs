//! Requests to the services, over connections that are kept: as many as the plan allows, and how long
//! requests wait for a free one is told as the tool's own doing.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use msnp_client::Service;
use msnp_client::msnp::client::service::{Reply, ServiceError, ServiceRequest};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::plan::{self, Plan};
use super::tally::Tally;

/// The services of the server under load.
pub(super) struct Http {
    /// One for each of our addresses.
    clients: Vec<Client<HttpConnector, Full<Bytes>>>,
    next: AtomicUsize,
    places: Semaphore,
    urls: Vec<(Service, Uri)>,
}

impl Http {
    pub(super) fn new(plan: &Plan) -> anyhow::Result<Self> {
        let sources: Vec<Option<IpAddr>> = match &plan.sources[..] {
            [] => vec![None],
            sources => sources.iter().copied().map(Some).collect(),
        };
        let mut urls = Vec::new();
        for service in Service::ALL {
            let url = plan.services.get(&plan::name(service));
            let url = url.with_context(|| format!("no address of {service:?}"))?;
            let url = url.parse().with_context(|| format!("no address: {url}"))?;
            urls.push((service, url));
        }
        Ok(Self {
            clients: sources.into_iter().map(client).collect(),
            next: AtomicUsize::new(0),
            places: Semaphore::new(plan.http_connections),
            urls,
        })
    }

    /// Posts a request.
    pub(super) async fn fetch(
        &self,
        request: ServiceRequest,
        tally: &Tally,
    ) -> Result<Reply, ServiceError> {
        let service = request.service;
        let unreachable = |why: String| ServiceError::Unreachable { service, why };
        let asked = Instant::now();
        // Never closed.
        let _place = self.places.acquire().await;
        tally.held(asked);
        match timeout(PATIENCE, self.post(request)).await {
            Ok(reply) => reply.map_err(|error| unreachable(innermost(&*error))),
            Err(_) => Err(unreachable(format!(
                "no answer within {} s",
                PATIENCE.as_secs()
            ))),
        }
    }

    async fn post(
        &self,
        request: ServiceRequest,
    ) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let url = self.urls.iter().find(|(of, _)| *of == request.service);
        let url = url.map(|(_, url)| url.clone()).unwrap_or_default();
        let mut posting = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .header(USER_AGENT, AGENT);
        if let Some(action) = request.action {
            posting = posting.header("SOAPAction", format!("\"{action}\""));
        }
        if let Some(cookie) = request.cookie {
            let mut cookie = HeaderValue::from_str(&cookie)?;
            cookie.set_sensitive(true);
            posting = posting.header(COOKIE, cookie);
        }
        let posting = posting.body(Full::new(Bytes::from(request.body)))?;
        let client = self.next.fetch_add(1, Ordering::Relaxed) % self.clients.len();
        let answer = self.clients[client].request(posting).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LONGEST).collect().await?;
        Ok(Reply {
            status,
            body: body.to_bytes(),
        })
    }
}

fn client(source: Option<IpAddr>) -> Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_local_address(source);
    connector.set_reuse_address(source.is_some());
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        .build(connector)
}

/// The cause of all causes: what went wrong, without the address.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// As a Messenger of then; some services look at it.
const AGENT: &str = "MSN Explorer/9.0 (MSN 8.0; TmstmpExt)";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer in bytes.
const LONGEST: usize = 32 << 20;
