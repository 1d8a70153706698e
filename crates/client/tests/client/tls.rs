//! TLS with an authority of the test's own, and a proxy that is asked to `CONNECT`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use steadfast::{Class, Client, Effect, Error, Kind, TlsFiles};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::server::{Answer, Server, open_dialect};

/// An authority that signs what it is asked to.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for this name, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        roots
    }

    /// A server that shows a certificate for this name, and asks for one if `clients` says whose.
    fn acceptor(&self, name: &str, clients: Option<&Self>) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider)
                    .build()
                    .unwrap(),
            ),
        };
        let (certificate, key) = self.sign(name);
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).unwrap()))
    }
}

/// Files as a user has them.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn trusting(ca_file: &Path) -> TlsFiles {
    TlsFiles { ca_file: Some(ca_file.to_owned()), ..TlsFiles::default() }
}

fn client(server: &Server, files: TlsFiles) -> Client {
    server.builder(open_dialect()).tls(files).attempts(2).build().unwrap()
}

async fn fine(acceptor: TlsAcceptor) -> Server {
    Server::start_tls(acceptor, |_, _| Answer::json(200, &json!({ "id": 1 }))).await
}

/// Nothing was sent, and it says why.
#[track_caller]
fn assert_not_sent(error: &Error, words: &str) {
    assert_eq!((error.kind(), error.effect()), (Kind::Unreached(Class::Network), Effect::None));
    let shown = error.to_string();
    assert!(shown.contains("no connection") && shown.contains(words), "{shown}");
    assert!(error.details().source.is_some());
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_beside_the_systems() {
    let (authority, files) = (Authority::new(), Files::new());
    let server = fine(authority.acceptor("127.0.0.1", None)).await;
    let ca_file = files.with("ca.pem", &authority.pem);
    let client = client(&server, trusting(&ca_file));
    client.post("/things").json(&json!({})).send().await.unwrap();
    client.get("/things").await.unwrap();
    assert_eq!(server.seen().len(), 2);
    assert!(server.seen().iter().all(|seen| seen.connection == 1), "the connection is kept");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_has_been_sent_nothing() {
    let (authority, other, files) = (Authority::new(), Authority::new(), Files::new());
    let server = fine(authority.acceptor("127.0.0.1", None)).await;
    let wrong = trusting(&files.with("other.pem", &other.pem));
    for tls in [TlsFiles::default(), wrong] {
        let client = client(&server, tls);
        let error = client.post("/things").json(&json!({})).send().await.unwrap_err();
        assert_not_sent(&error, "certificate");
    }
    let elsewhere = fine(authority.acceptor("elsewhere.example", None)).await;
    let client = client(&elsewhere, trusting(&files.with("ca.pem", &authority.pem)));
    assert_not_sent(&client.get("/things").await.unwrap_err(), "not valid for name");
    assert!(server.seen().is_empty() && elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_server_may_ask_who_we_are() {
    let (authority, clients, files) = (Authority::new(), Authority::new(), Files::new());
    let server = fine(authority.acceptor("127.0.0.1", Some(&clients))).await;
    let ca_file = files.with("ca.pem", &authority.pem);
    let pair = |by: &Authority, name: &str| {
        let (certificate, key) = by.sign("erp.example");
        TlsFiles {
            client_cert: Some(files.with(&format!("{name}.pem"), &certificate)),
            client_key: Some(files.with(&format!("{name}.key"), &key)),
            ..trusting(&ca_file)
        }
    };
    client(&server, pair(&clients, "ours")).get("/things").await.unwrap();
    assert_eq!(server.seen().len(), 1);
    // Under TLS 1.3 the server refuses after the handshake, so that a write may have left: it
    // was not read, and the client cannot know.
    for tls in [pair(&Authority::new(), "strange"), trusting(&ca_file)] {
        let error = client(&server, tls).get("/things").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreached(Class::Network), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn files_that_are_none_are_named() {
    let files = Files::new();
    let builder =
        |tls| Client::builder(open_dialect(), "https://127.0.0.1:1/").tls(tls).build().unwrap_err();
    let gone = builder(trusting(Path::new("/no/such/ca.pem"))).to_string();
    assert!(gone.contains("/no/such/ca.pem") && gone.contains("PEM"), "{gone}");
    let cert = files.with("c.pem", &Authority::new().sign("a.example").0);
    let half = TlsFiles { client_cert: Some(cert.clone()), ..TlsFiles::default() };
    assert!(builder(half).to_string().contains("go together"));
    let no_key = files.with("k.key", "key-canary");
    let pair = TlsFiles { client_cert: Some(cert), client_key: Some(no_key), ca_file: None };
    let text = builder(pair).to_string();
    assert!(text.contains("k.key") && !text.contains("key-canary"), "{text}");
}

/// A proxy that connects to whatever it is asked to, and keeps the heads of what it was asked.
async fn proxy(refuses: bool) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let asked = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let asked = Arc::clone(&asked);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                asked.lock().unwrap().push(head);
                if refuses {
                    let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
                    client.write_all(answer).await.unwrap();
                    return;
                }
                let mut server = TcpStream::connect(target).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn a_proxy_sees_where_to_and_its_own_password_and_nothing_else() {
    let (authority, files) = (Authority::new(), Files::new());
    let server = fine(authority.acceptor("127.0.0.1", None)).await;
    let (address, heads) = proxy(false).await;
    let client = server
        .builder(open_dialect())
        .tls(trusting(&files.with("ca.pem", &authority.pem)))
        .proxy(format!("http://ada:proxy-canary@{address}"))
        .build()
        .unwrap();
    let call = client.post("/things").header("x-mine", "header-canary");
    call.json(&json!({ "body": "body-canary" })).send().await.unwrap();
    let heads = heads.lock().unwrap().clone();
    let target = server.base_url.trim_start_matches("https://").trim_end_matches("/api");
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{}", heads[0]);
    let lower = heads[0].to_ascii_lowercase();
    assert!(lower.contains("proxy-authorization: basic ywrhonbyb3h5lwnhbmfyeq=="), "{lower}");
    assert!(!lower.contains("canary"), "{lower}");
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.header("x-mine"), seen.header("proxy-authorization")), ("header-canary", ""));
    assert!(!format!("{client:?}").contains("canary"));
}

#[tokio::test]
async fn a_proxy_that_refuses_has_passed_nothing_on() {
    let server = Server::start(|_, _| Answer::json(200, &json!({}))).await;
    let (address, heads) = proxy(true).await;
    let proxy = format!("http://ada:proxy-canary@{address}");
    let client = server.builder(open_dialect()).proxy(proxy).attempts(2).build().unwrap();
    let error = client.post("/things").json(&json!({})).send().await.unwrap_err();
    assert_not_sent(&error, "proxy");
    assert!(!format!("{error:?} {error}").contains("proxy-canary"));
    assert_eq!((heads.lock().unwrap().len(), server.seen().len()), (2, 0));
}
