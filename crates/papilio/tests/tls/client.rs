//! A client of whatever age.

use std::net::SocketAddr;
use std::pin::Pin;

use openssl::ssl::{
    self, Ssl, SslContextBuilder, SslMethod, SslOptions, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use papilio::tls::load_providers;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

/// How a client is made.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) versions: (SslVersion, SslVersion),
    /// In the words of OpenSSL; those of TLS 1.3 go without saying.
    pub(crate) ciphers: String,
    pub(crate) name: Option<&'static str>,
    /// What it trusts; nobody who trusts nothing finds anything wrong.
    pub(crate) root: Option<X509>,
    pub(crate) options: SslOptions,
}

impl Client {
    /// As in the years when Messenger was young: one version, one cipher, no name.
    pub(crate) fn old(version: SslVersion, ciphers: &str) -> Self {
        Self {
            versions: (version, version),
            ciphers: format!("{ciphers}:@SECLEVEL=0"),
            name: None,
            root: None,
            options: SslOptions::empty(),
        }
    }

    /// As of today.
    pub(crate) fn modern(name: &'static str) -> Self {
        Self {
            versions: (SslVersion::TLS1_2, SslVersion::TLS1_3),
            ciphers: "DEFAULT:@SECLEVEL=2".to_owned(),
            name: Some(name),
            root: None,
            options: SslOptions::empty(),
        }
    }

    pub(crate) fn to(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    pub(crate) fn trusting(self, root: X509) -> Self {
        Self {
            root: Some(root),
            ..self
        }
    }

    /// The handshake, or why there is none.
    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
    ) -> Result<SslStream<TcpStream>, ssl::Error> {
        load_providers().unwrap();
        let mut context = SslContextBuilder::new(SslMethod::tls_client()).unwrap();
        context.clear_options(SslOptions::NO_SSLV3);
        context.set_options(self.options);
        context.set_cipher_list(&self.ciphers).unwrap();
        context
            .set_min_proto_version(Some(self.versions.0))
            .unwrap();
        context
            .set_max_proto_version(Some(self.versions.1))
            .unwrap();
        if let Some(root) = &self.root {
            let mut store = X509StoreBuilder::new().unwrap();
            store.add_cert(root.clone()).unwrap();
            context.set_cert_store(store.build());
            context.set_verify(SslVerifyMode::PEER);
        }
        let context = context.build();
        let mut ssl = Ssl::new(&context).unwrap();
        if let Some(name) = self.name {
            ssl.set_hostname(name).unwrap();
            if self.root.is_some() {
                ssl.param_mut().set_host(name).unwrap();
            }
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = SslStream::new(ssl, stream).unwrap();
        Pin::new(&mut stream).connect().await?;
        Ok(stream)
    }

    /// One request, and the whole answer.
    pub(crate) async fn ask(&self, address: SocketAddr) -> String {
        let mut stream = self.connect(address).await.unwrap();
        ask(&mut stream).await
    }
}

/// What `/` says, on a connection that stays open.
pub(crate) async fn ask(stream: &mut SslStream<TcpStream>) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    loop {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
        let text = String::from_utf8(answer.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && head.contains(&format!("Content-Length: {}", body.len()))
        {
            return body.to_owned();
        }
    }
}
