//! One HTTP exchange, without retries, redirects or credentials of its own.

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use ureq::http::HeaderMap;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::proxy::Proxies;
use super::secret::Secret;
use super::url::Url;

/// What is read of an answer that reports an error, so that the connection can be used again.
const ERROR_BODY: u64 = 64 << 10;
/// Longest wait for a connection, with name resolution and TLS.
const CONNECT: Duration = Duration::from_secs(10);

/// What to do.
#[derive(Clone, Copy)]
pub(super) enum Method<'a> {
    Head,
    Get,
    /// With these form fields.
    Post(&'a [(&'a str, &'a str)]),
    /// GET, with the body handed on as it comes.
    Stream(&'a Stream<'a>),
}

/// What becomes of a body that is too large to be held.
pub(super) struct Stream<'a> {
    /// Longest time for the exchange.
    pub(super) time: Duration,
    /// Gets the body of an answer with status 2xx, from its beginning, each time the request is sent. It need not read
    /// to the end.
    pub(super) take: &'a dyn Fn(&mut dyn Read),
}

/// A request.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: Method<'a>,
    pub(super) url: &'a Url,
    /// Added to the query of `url`.
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) accept: &'a str,
    pub(super) authorization: Option<&'a Secret>,
    /// Most bytes of the body that are read.
    pub(super) limit: u64,
}

/// An answer, whatever its status.
pub(super) struct Reply {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The first header of this name that is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers of this name that are text.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Timeout,
    /// The host name is not known.
    NoHost,
    /// Nothing listens there, or the network does not reach it.
    NoConnection,
    /// The connection was closed before the answer was complete.
    Broken,
    /// The server does not speak TLS, or not a version that harden speaks.
    NotTls,
    /// The server's certificate was refused.
    Certificate(&'static str),
    /// The proxy refused.
    Proxy,
    /// The body is larger than the limit.
    TooLarge,
    /// No HTTP.
    Protocol,
}

/// Sends requests.
pub(super) struct Transport {
    direct: Agent,
    https: Option<Agent>,
    http: Option<Agent>,
    proxies: Proxies,
}

impl Transport {
    /// `timeout` is for one whole exchange. Certificates are checked against `ca_file`, or else the system's (or
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`). The second part says what is wrong with them.
    pub(super) fn new(
        timeout: Duration,
        connections: usize,
        proxies: Proxies,
        ca_file: Option<&Path>,
    ) -> (Self, Option<String>) {
        let loaded = match ca_file {
            Some(file) => rustls_native_certs::load_certs_from_paths(Some(file), None),
            None => rustls_native_certs::load_native_certs(),
        };
        let warning = loaded.certs.is_empty().then(|| {
            "no CA certificates were found, so no registry can be trusted; install them (`ca-certificates`) or name a \
             file with SSL_CERT_FILE"
                .to_owned()
        });
        let roots: Vec<_> = loaded.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = |proxy: Option<&ureq::Proxy>| {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_global(Some(timeout))
                .timeout_connect(Some(timeout.min(CONNECT)))
                .max_idle_connections(connections)
                .max_idle_connections_per_host(connections)
                .user_agent(concat!("harden/", env!("CARGO_PKG_VERSION")))
                .proxy(proxy.cloned())
                .tls_config(tls.clone())
                .build()
                .new_agent()
        };
        let transport = Self {
            direct: agent(None),
            https: proxies.https.as_ref().map(|proxy| agent(Some(proxy))),
            http: proxies.http.as_ref().map(|proxy| agent(Some(proxy))),
            proxies,
        };
        (transport, warning)
    }

    /// Sends one request and reads the whole answer.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Reply, Trouble> {
        let Url { plain, authority, .. } = request.url;
        let agent = match self.proxies.select(*plain, authority) {
            Some(_) if *plain => self.http.as_ref(),
            Some(_) => self.https.as_ref(),
            None => None,
        };
        let agent = agent.unwrap_or(&self.direct);
        let url = request.url.text();
        let answer = match request.method {
            Method::Head => with_headers(agent.head(&url), request).call(),
            Method::Get => with_headers(agent.get(&url), request).call(),
            Method::Stream(stream) => {
                let slow = agent.get(&url).config().timeout_global(Some(stream.time)).build();
                with_headers(slow, request).call()
            }
            Method::Post(form) => with_headers(agent.post(&url), request).send_form(form.iter().copied()),
        };
        let (parts, mut body) = answer.map_err(|error| trouble(&error))?.into_parts();
        let status = parts.status.as_u16();
        let body = if matches!(request.method, Method::Head) {
            Vec::new()
        } else if let (Method::Stream(stream), 200..300) = (request.method, status) {
            let mut watched = Watched { body: body.with_config().limit(u64::MAX).reader(), error: None };
            (stream.take)(&mut watched);
            match watched.error {
                Some(error) => return Err(trouble(&ureq::Error::from(error))),
                None => Vec::new(),
            }
        } else if (200..300).contains(&status) {
            // ureq refuses a body that only just reaches its limit.
            read(&mut body, request.limit.saturating_add(1))?
        } else {
            read(&mut body, ERROR_BODY).unwrap_or_default()
        };
        Ok(Reply { status, headers: parts.headers, body })
    }
}

fn with_headers<T>(mut builder: ureq::RequestBuilder<T>, request: &Request<'_>) -> ureq::RequestBuilder<T> {
    for (name, value) in request.query {
        builder = builder.query(name, value);
    }
    if let Some(authorization) = request.authorization {
        builder = builder.header("Authorization", authorization.reveal());
    }
    builder.header("Accept", request.accept)
}

/// A body that remembers why it ended too early.
struct Watched<R> {
    body: R,
    error: Option<io::Error>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != ErrorKind::Interrupted {
                self.error = Some(error);
            }
            kind.into()
        })
    }
}

fn read(body: &mut Body, limit: u64) -> Result<Vec<u8>, Trouble> {
    body.with_config().limit(limit).read_to_vec().map_err(|error| trouble(&error))
}

fn trouble(error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::Timeout,
        ureq::Error::HostNotFound => Trouble::NoHost,
        ureq::Error::BodyExceedsLimit(_) => Trouble::TooLarge,
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => Trouble::Proxy,
        ureq::Error::ConnectionFailed => Trouble::NoConnection,
        ureq::Error::Tls(_) | ureq::Error::TlsRequired => Trouble::NotTls,
        ureq::Error::Rustls(error) => tls(error),
        ureq::Error::BodyStalled => Trouble::Broken,
        ureq::Error::Io(error) => {
            if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return tls(error);
            }
            match error.kind() {
                ErrorKind::TimedOut | ErrorKind::WouldBlock => Trouble::Timeout,
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => Trouble::Broken,
                ErrorKind::InvalidData => Trouble::Protocol,
                _ => Trouble::NoConnection,
            }
        }
        _ => Trouble::Protocol,
    }
}

fn tls(error: &rustls::Error) -> Trouble {
    let rustls::Error::InvalidCertificate(error) = error else { return Trouble::NotTls };
    Trouble::Certificate(match error {
        // A bad signature: an authority of the same name, with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate was issued by an authority that is not trusted here; name the CA file with SSL_CERT_FILE"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; check the clock, or tell those who run it"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clock"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host"
        }
        CertificateError::Revoked => "its certificate was revoked",
        _ => "its certificate is not valid",
    })
}
