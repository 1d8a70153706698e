use std::error::Error as StdError;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{HeaderValue, Uri};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_decode_str;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use steadfast_call::{Failure, Reach, Reply};
use tokio::time::Instant;
use url::Url;

use super::{Exchanged, Limits, StreamBody, Transport};

/// An idle connection is closed after this long: a server that closes it first would take a
/// write with it, and nobody could say whether it was done.
/// Many servers do so after five seconds.
const IDLE: Duration = Duration::from_secs(4);
/// How much room is made for a body before it has come, whatever its length is said to be.
const AHEAD_BYTES_MAX: usize = 256 * 1024;

/// The default transport: HTTP/1.1 over hyper, TLS by rustls. No redirects, nothing sent again.
#[derive(Debug, Clone)]
pub struct HttpTransport(Via);

/// A body that is sent: whole, or read on the way.
type Sent = Either<Full<Bytes>, StreamBody>;

#[derive(Debug, Clone)]
enum Via {
    Direct(Client<HttpsConnector<HttpConnector>, Sent>),
    Proxy(Client<HttpsConnector<Tunnel<HttpConnector>>, Sent>),
}

/// Files in PEM that TLS needs beyond what the system knows.
#[derive(Debug, Clone, Default)]
pub struct TlsFiles {
    /// Authorities to trust, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, if the server asks for one, and the chain above it.
    pub client_cert: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<PathBuf>,
}

/// Why there is no transport.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A PEM file cannot be used.
    #[error("{path}: {text}; it has to be a PEM file that this user may read", path = .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// A certificate without a key, or the other way round.
    #[error("client_cert and client_key go together: set both or neither")]
    HalfAPair,
    /// The proxy's address cannot be used. It is not quoted whole: it may hold a password.
    #[error("proxy: {0}; write it as http://host:port or http://user:password@host:port")]
    Proxy(String),
    /// TLS refuses the pieces.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl HttpTransport {
    /// A transport with this limit. `tls`: what to trust; none for an address without TLS, so
    /// that the system's authorities need not be read. `proxy`: the address of a proxy that is
    /// asked to `CONNECT`, such as `http://proxy:3128`; a user name and password in it are sent
    /// to the proxy only.
    ///
    /// # Errors
    /// [`TransportError`] if a file or the address cannot be used.
    pub fn new(
        connect_timeout: Duration,
        tls: Option<&TlsFiles>,
        proxy: Option<&str>,
    ) -> Result<Self, TransportError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect_timeout));
        http.set_keepalive(Some(Duration::from_secs(60)));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(tls)?)
            .https_or_http()
            .enable_http1();
        Ok(Self(match proxy {
            None => Via::Direct(pool().build(https.wrap_connector(http))),
            Some(proxy) => {
                let (address, auth) = read_proxy(proxy)?;
                let mut tunnel = Tunnel::new(address, http);
                if let Some(auth) = auth {
                    tunnel = tunnel.with_auth(auth);
                }
                Via::Proxy(pool().build(https.wrap_connector(tunnel)))
            }
        }))
    }
}

/// The address without the credentials, and those as a header.
fn read_proxy(text: &str) -> Result<(Uri, Option<HeaderValue>), TransportError> {
    let wrong = |what: &str| TransportError::Proxy(what.to_owned());
    let mut url =
        Url::parse(text).map_err(|error| wrong(&format!("it is no address ({error})")))?;
    if url.scheme() != "http" {
        return Err(wrong("a proxy is spoken to over http"));
    }
    if url.host().is_none() {
        return Err(wrong("it names no host"));
    }
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut auth = None;
    if !url.username().is_empty() || url.password().is_some() {
        let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or("")));
        let pair = base64::engine::general_purpose::STANDARD.encode([user, password].join(&b':'));
        let value = HeaderValue::from_str(&format!("Basic {pair}"));
        let mut value = value.map_err(|_| wrong("its user name or password cannot be sent"))?;
        value.set_sensitive(true);
        auth = Some(value);
        let _ = (url.set_username(""), url.set_password(None));
    }
    let address = url.as_str().parse().map_err(|_| wrong("it is no address"))?;
    Ok((address, auth))
}

fn pool() -> hyper_util::client::legacy::Builder {
    let mut pool = Client::builder(TokioExecutor::new());
    pool.pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        // One call is one exchange: the engine alone decides about sending again.
        .retry_canceled_requests(false);
    pool
}

fn tls_config(files: Option<&TlsFiles>) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let Some(files) = files else {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    };
    let builder = builder.with_root_certificates(roots(files)?);
    match (&files.client_cert, &files.client_key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| pem(key, error))?;
            Ok(builder.with_client_auth_cert(chain, key)?)
        }
        (Some(_), None) | (None, Some(_)) => Err(TransportError::HalfAPair),
    }
}

fn roots(files: &TlsFiles) -> Result<RootCertStore, TransportError> {
    let mut roots = RootCertStore::empty();
    // A system without authorities is no error here: the connection will say whom it does not
    // trust, and a ca_file may be all that is needed.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &files.ca_file {
        for certificate in certificates(path)? {
            roots.add(certificate)?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    CertificateDer::pem_file_iter(path)
        .map_err(|error| pem(path, error))?
        .collect::<Result<_, _>>()
        .map_err(|error| pem(path, error))
}

fn pem(path: &Path, error: impl std::fmt::Display) -> TransportError {
    TransportError::Pem { path: path.to_owned(), text: error.to_string() }
}

impl Transport for HttpTransport {
    fn exchange(&self, request: http::Request<Bytes>, limits: Limits) -> Exchanged<'_> {
        Box::pin(self.send(request.map(|body| Either::Left(Full::new(body))), limits))
    }

    fn exchange_stream(&self, request: http::Request<StreamBody>, limits: Limits) -> Exchanged<'_> {
        Box::pin(self.send(request.map(Either::Right), limits))
    }
}

impl HttpTransport {
    async fn send(
        &self,
        mut request: http::Request<Sent>,
        limits: Limits,
    ) -> Result<Reply, Failure> {
        let late = || format!("no answer within {:.1} s", limits.timeout.as_secs_f64());
        // Beyond what the clock can say is no limit.
        let ends_at = Instant::now().checked_add(limits.timeout);
        let connection = capture_connection(&mut request);
        let answer = async {
            match &self.0 {
                Via::Direct(client) => client.request(request).await,
                Via::Proxy(client) => client.request(request).await,
            }
        };
        let response = match within(ends_at, answer).await {
            Some(answer) => answer.map_err(unanswered)?,
            // A request that was never given a connection is still here, whole.
            None if connection.connection_metadata().is_none() => {
                return Err(Failure::new(Reach::NotSent, format!("no connection: {}", late())));
            }
            None => return Err(Failure::new(Reach::MaybeSent, late())),
        };
        let mut reply = Reading::new(response.into_parts(), limits.body_bytes_max);
        match within(ends_at, reply.read()).await {
            Some(Ok(whole)) => Ok(reply.take(whole)),
            Some(Err(error)) => Err(reply.broken(&root_cause(&error)).caused_by(Arc::new(error))),
            None => Err(reply.broken(&late())),
        }
    }
}

async fn within<T>(ends_at: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match ends_at {
        Some(ends_at) => tokio::time::timeout_at(ends_at, work).await.ok(),
        None => Some(work.await),
    }
}

/// Nothing was sent if no connection was made, or if the one from the pool turned out to be
/// closed before the request was begun: hyper calls that cancelled, and hands such a request
/// back to be sent again. What any other closed connection had taken, nobody knows.
fn unanswered(error: hyper_util::client::legacy::Error) -> Failure {
    let source = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    let (reach, what) = if error.is_connect() {
        (Reach::NotSent, "no connection")
    } else if source.is_some_and(hyper::Error::is_canceled) {
        (Reach::NotSent, "the connection was closed before the request was begun")
    } else {
        (Reach::MaybeSent, "the connection broke before an answer")
    };
    let text = format!("{what}: {}", root_cause(&error));
    Failure::new(reach, text).caused_by(Arc::new(error))
}

fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// A reply whose body is being read.
struct Reading {
    head: Parts,
    body: Incoming,
    bytes: BytesMut,
    bytes_max: usize,
}

impl Reading {
    fn new((head, body): (Parts, Incoming), bytes_max: usize) -> Self {
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let bytes = BytesMut::with_capacity(expected.min(bytes_max).min(AHEAD_BYTES_MAX));
        Self { head, body, bytes, bytes_max }
    }

    /// Reads to the end, or to the bound: true if that was the end.
    async fn read(&mut self) -> Result<bool, hyper::Error> {
        while let Some(frame) = self.body.frame().await {
            let Ok(chunk) = frame?.into_data() else { continue };
            let room = self.bytes_max - self.bytes.len();
            self.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn take(self, whole: bool) -> Reply {
        let reply = Reply::new(self.head.status, self.head.headers, self.bytes.freeze());
        if whole { reply } else { reply.cut_off() }
    }

    /// What arrived of it, after it broke off.
    fn broken(self, why: &str) -> Failure {
        let status = self.head.status;
        let text = format!("the answer ({status}) broke off: {why}");
        Failure::new(Reach::ReplyBroken { status: status.as_u16() }, text)
            .with_reply(self.take(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_is_sent_and_never_shown() {
        let proxy = read_proxy("http://ada:hun%20ter2@proxy.example:3128").unwrap();
        assert_eq!(proxy.0, "http://proxy.example:3128/");
        let auth = proxy.1.unwrap();
        assert!(auth.is_sensitive());
        assert_eq!(auth, "Basic YWRhOmh1biB0ZXIy");
        for wrong in ["https://ada:hunter2@proxy", "ada:hunter2@proxy:80", "http://ada:hunter2@:x"]
        {
            let error = read_proxy(wrong).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(read_proxy("http://proxy:3128").unwrap().1.is_none());
    }
}
