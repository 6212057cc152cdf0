//! Carries requests to the services over HTTP, and their answers back.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use msnp::client::service::{Reply, Service, ServiceError, ServiceRequest};
use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderValue};

use crate::server::Server;

/// The services of one server.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    server: Server,
}

impl Http {
    pub(crate) fn new(server: Server) -> Result<Self, String> {
        let building = reqwest::Client::builder();
        #[cfg(feature = "tls")]
        let building = trusting(building, &server.trusted)?;
        let client = building
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            // Nothing but what the application says decides where passwords go.
            .no_proxy()
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| {
                // Certificates are looked at only now.
                if server.trusts_more() {
                    NO_CERTIFICATE.to_owned()
                } else {
                    error.to_string()
                }
            })?;
        Ok(Self { client, server })
    }

    /// Posts a request.
    pub(crate) async fn fetch(&self, request: ServiceRequest) -> Result<Reply, ServiceError> {
        let service = request.service;
        let posting = self.post(request);
        let reply = posting.await.map_err(|error| unreachable(service, &error));
        reply?.ok_or_else(|| ServiceError::Unreachable {
            service,
            why: format!("the answer is longer than {LONGEST} bytes"),
        })
    }

    async fn post(&self, request: ServiceRequest) -> reqwest::Result<Option<Reply>> {
        let url = self.server.url(request.service);
        tracing::debug!(%url, action = request.action, "asking a service");
        let mut posting = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .body(request.body);
        if let Some(action) = request.action {
            posting = posting.header("SOAPAction", format!("\"{action}\""));
        }
        if let Some(cookie) = request.cookie
            && let Ok(mut cookie) = HeaderValue::from_str(&cookie)
        {
            cookie.set_sensitive(true);
            posting = posting.header(COOKIE, cookie);
        }
        let mut answer = posting.send().await?;
        let status = answer.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LONGEST {
                return Ok(None);
            }
            body.extend_from_slice(&chunk);
        }
        let body = Bytes::from(body);
        Ok(Some(Reply { status, body }))
    }
}

#[cfg(feature = "tls")]
fn trusting(
    building: reqwest::ClientBuilder,
    certificates: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, String> {
    certificates.iter().try_fold(building, |building, pem| {
        let certificate = reqwest::Certificate::from_pem(pem).map_err(|_| NO_CERTIFICATE)?;
        Ok(building.add_root_certificate(certificate))
    })
}

/// In words that say what to look at: the causes, without the address, which may be long.
fn unreachable(service: Service, error: &reqwest::Error) -> ServiceError {
    let mut causes = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    let mut why = distrust(&causes).unwrap_or_else(|| causes.pop().unwrap_or_default());
    if error.is_timeout() {
        why = format!("no answer within {} s", PATIENCE.as_secs());
    }
    ServiceError::Unreachable { service, why }
}

/// Why a certificate is not trusted, if that is it: OpenSSL says so with much around it.
fn distrust(causes: &[String]) -> Option<String> {
    let said = causes
        .iter()
        .find(|cause| cause.contains("certificate verify failed"))?;
    let reason = said
        .rsplit_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    Some(match reason {
        Some(reason) => format!("its certificate is not trusted: {reason}"),
        None => "its certificate is not trusted".to_owned(),
    })
}

/// As a Messenger of then; some services look at it.
const USER_AGENT: &str = "MSN Explorer/9.0 (MSN 8.0; TmstmpExt)";

/// What is said of [`Server::trusting`](crate::Server) with something else.
const NO_CERTIFICATE: &str = "what is to be trusted is no certificate in PEM";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer in bytes: an address book of twenty thousand contacts.
const LONGEST: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_certificate_is_not_trusted_is_said_in_words() {
        let said = |cause: &str| distrust(&["error sending request".to_owned(), cause.to_owned()]);
        let openssl = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate \
                       verify failed:ssl/statem/statem_clnt.c:2124: (IP address mismatch)";
        let words = "its certificate is not trusted: IP address mismatch";
        assert_eq!(said(openssl).as_deref(), Some(words));
        assert_eq!(said("connection refused"), None);
    }
}
