use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Uri;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use steadfast_call::{Failure, Reach, Reply};

use super::{Exchanged, Limits, Transport};

/// An idle connection is closed after this long: a server that closes it first would take a
/// write with it, and nobody could say whether it was done.
const IDLE: Duration = Duration::from_secs(15);

/// The default transport: HTTP/1.1 over hyper, TLS by rustls. No redirects, nothing sent again.
#[derive(Debug, Clone)]
pub struct HttpTransport(Via);

#[derive(Debug, Clone)]
enum Via {
    Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Proxy(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
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
    /// The proxy's address cannot be read.
    #[error("proxy = \"{0}\" is no address; write it as http://host:port")]
    Proxy(String),
    /// TLS refuses the pieces.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl HttpTransport {
    /// A transport with this limit. `tls`: what to trust; none for an address without TLS, so
    /// that the system's authorities need not be read. `proxy`: the address of a proxy that is
    /// asked to `CONNECT`, such as `http://proxy:3128`.
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
                let address: Uri =
                    proxy.parse().map_err(|_| TransportError::Proxy(proxy.to_owned()))?;
                if address.host().is_none() {
                    return Err(TransportError::Proxy(proxy.to_owned()));
                }
                Via::Proxy(pool().build(https.wrap_connector(Tunnel::new(address, http))))
            }
        }))
    }
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
        Box::pin(async move {
            let exchange = async {
                let request = request.map(Full::new);
                let sent = match &self.0 {
                    Via::Direct(client) => client.request(request).await,
                    Via::Proxy(client) => client.request(request).await,
                };
                let response = sent.map_err(unanswered)?;
                read(response, limits.body_bytes_max).await
            };
            match tokio::time::timeout(limits.timeout, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Failure::new(
                    Reach::MaybeSent,
                    format!("no answer within {:.1} s", limits.timeout.as_secs_f64()),
                )),
            }
        })
    }
}

/// Only a connection that was never made is known to have sent nothing. What a closed
/// connection had taken, nobody knows, whatever the library calls it.
fn unanswered(error: hyper_util::client::legacy::Error) -> Failure {
    let (reach, what) = match error.is_connect() {
        true => (Reach::NotSent, "no connection"),
        false => (Reach::MaybeSent, "the connection broke before an answer"),
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

async fn read(response: http::Response<Incoming>, bytes_max: usize) -> Result<Reply, Failure> {
    let (head, mut body) = response.into_parts();
    let status = head.status;
    let expected = body.size_hint().lower().min(bytes_max as u64);
    let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let reach = Reach::ReplyBroken { status: status.as_u16() };
            let text = format!("the answer ({status}) broke off: {}", root_cause(&error));
            Failure::new(reach, text).caused_by(Arc::new(error))
        })?;
        let Ok(chunk) = frame.into_data() else { continue };
        let room = bytes_max - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok(Reply::new(status, head.headers, bytes.freeze()).cut_off());
        }
    }
    Ok(Reply::new(status, head.headers, bytes.freeze()))
}
