//! The listener and its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use crate::control;
use crate::double::{Double, Gate};
use crate::exchange::{Answer, Manner, Reply, Request};
use crate::wire::{Outgoing, Wire};

const BACKLOG: u32 = 1024;
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Binds an address without listening on it yet: connections are refused, and nobody else can take it.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Lets a port be taken again whose old connections have not timed out. Elsewhere than on Unix the
    // same option would let two listeners share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    reserve(address)?.listen(BACKLOG)
}

/// Accepts connections until told to stop, or until everyone who could tell is gone.
pub(crate) async fn run(
    listener: TcpListener,
    double: Arc<Double>,
    mut gate: UnboundedReceiver<Gate>,
) {
    let Ok(address) = listener.local_addr() else { return };
    // Connections end when this value changes or goes away.
    let (epoch, _) = watch::channel(());
    let mut listener = Some(listener);
    while let Some(open) = &listener {
        tokio::select! {
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => spawn_connection(stream, &double, epoch.subscribe()),
                Err(error) => {
                    tracing::warn!(target: "steadfast_sandbox", %error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            command = gate.recv() => match command {
                Some(Gate::Refuse { for_ms }) => {
                    drop(listener.take());
                    epoch.send_replace(());
                    listener = refuse(address, for_ms, &mut gate).await;
                }
                Some(Gate::Stop) | None => return,
            },
        }
    }
}

/// Refuses connections for a while, then listens again; nothing if told to stop meanwhile.
async fn refuse(
    address: SocketAddr,
    for_ms: u64,
    gate: &mut UnboundedReceiver<Gate>,
) -> Option<TcpListener> {
    let reserved = reserve(address);
    let end = tokio::time::sleep(Duration::from_millis(for_ms));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            command = gate.recv() => match command {
                // A second refusal within the first changes nothing.
                Some(Gate::Refuse { .. }) => {}
                Some(Gate::Stop) | None => return None,
            },
        }
    }
    match reserved.and_then(|socket| socket.listen(BACKLOG)).or_else(|_| listen(address)) {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::error!(target: "steadfast_sandbox", %error, %address, "cannot listen again");
            None
        }
    }
}

fn spawn_connection(stream: TcpStream, double: &Arc<Double>, mut epoch: watch::Receiver<()>) {
    // Without this the small writes of a reply would wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let wire = TokioIo::new(Wire::new(stream, Arc::clone(&reset)));
    let double = Arc::clone(double);
    tokio::spawn(async move {
        let aborts = Arc::clone(&reset);
        let service =
            service_fn(move |request| answer(request, Arc::clone(&double), Arc::clone(&aborts)));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(wire, service);
        tokio::pin!(connection);
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::trace!(target: "steadfast_sandbox", %error, "connection ended");
                }
            }
            // Refused: a reset. Stopped (the sender is gone): an orderly close.
            changed = epoch.changed() => reset.store(changed.is_ok(), Ordering::Relaxed),
        }
    });
}

/// The connection is to be reset.
#[derive(Debug, thiserror::Error)]
#[error("the connection is reset by a fault")]
struct Aborted;

async fn answer(
    request: http::Request<Incoming>,
    double: Arc<Double>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Outgoing>, Aborted> {
    let arrived_ms = double.clock.now_ms();
    let answer = match read(request).await {
        Ok(request) if request.path.starts_with(control::PREFIX) => {
            Answer::Reply(control::answer(&double, &request), Manner::Whole)
        }
        Ok(request) => double.serve(request, arrived_ms).await,
        Err((request, status)) => Answer::Reply(double.refuse(&request, status), Manner::Whole),
    };
    match answer {
        Answer::Reply(reply, manner) => Ok(response(reply, manner, &double)),
        Answer::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(Aborted)
        }
    }
}

/// Reads the body, which has a bound. Without it comes the status to refuse the request with.
async fn read(request: http::Request<Incoming>) -> Result<Request, (Request, StatusCode)> {
    let (head, body) = request.into_parts();
    let mut request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        body: Bytes::new(),
    };
    // One that announces too much is refused before any of it has arrived.
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return Err((request, StatusCode::PAYLOAD_TOO_LARGE));
    }
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => {
            request.body = body.to_bytes();
            Ok(request)
        }
        Err(error) if error.is::<LengthLimitError>() => {
            Err((request, StatusCode::PAYLOAD_TOO_LARGE))
        }
        Err(_) => Err((request, StatusCode::BAD_REQUEST)),
    }
}

fn response(reply: Reply, manner: Manner, double: &Double) -> Response<Outgoing> {
    let Reply { status, headers, body } = reply;
    let announced = announced_length(&body, manner);
    let outgoing = match manner {
        Manner::Whole => Outgoing::Whole(Some(body)),
        Manner::Dribbled { .. } if body.is_empty() => Outgoing::Whole(Some(body)),
        Manner::Dribbled { over_ms } => Outgoing::dribbled(body, over_ms),
        Manner::Cut => Outgoing::cut(&body),
    };
    let mut response = Response::new(outgoing);
    *response.status_mut() = status;
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    if let Some(length) = announced {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some(date) =
        double.clock.shifted_date().and_then(|date| HeaderValue::from_str(&date).ok())
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// The length to announce where the body is not sent at once; an empty body cannot be cut, so one is made up.
fn announced_length(body: &Bytes, manner: Manner) -> Option<u64> {
    match manner {
        Manner::Whole => None,
        Manner::Dribbled { .. } => Some(body.len() as u64),
        Manner::Cut => Some(body.len().max(16) as u64),
    }
}
