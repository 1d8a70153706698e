//! `reqwest::Client` as it is, so that its proxies, its TLS and its DNS are the user's.

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyDataStream;
use reqwest::{Client, Request, Response};
use steadfast_call::{Failure, Reach, Reply};
use tokio::time::{Instant, timeout_at};

use super::{Exchanged, Limits, StreamBody, Transport};

/// A client that somebody has set up already: `Builder::transport(client)` takes it as it is.
///
/// - **Redirects** have to be off (`redirect::Policy::none()`). One that was followed is not
///   hidden: it comes back as the redirect that it was, with the status 302 and the address that
///   it led to, and ends the call. A redirect to the very same address cannot be seen.
/// - **Retries and cookies** of its own, if it has any, are the user's: an attempt is then more
///   than one exchange, and a session may be two. Leave them off.
/// - **Time-outs** of its own apply beside those of the call; the shorter one ends the attempt.
/// - An exchange counts as not sent only where no connection was made. Whatever else broke off,
///   a time-out too, may have been sent.
impl Transport for Client {
    fn exchange(&self, request: http::Request<Bytes>, limits: Limits) -> Exchanged<'_> {
        Box::pin(send(self, request.map(reqwest::Body::from), limits))
    }

    fn exchange_stream(&self, request: http::Request<StreamBody>, limits: Limits) -> Exchanged<'_> {
        let request = request.map(|body| {
            reqwest::Body::wrap_stream(BodyDataStream::new(body).map_err(std::io::Error::other))
        });
        Box::pin(send(self, request, limits))
    }
}

async fn send(
    client: &Client,
    request: http::Request<reqwest::Body>,
    limits: Limits,
) -> Result<Reply, Failure> {
    let late = || format!("no answer within {:.1} s", limits.timeout.as_secs_f64());
    let request = Request::try_from(request).map_err(|error| failed(error, "no request"))?;
    let asked = request.url().clone();
    let answer = client.execute(request);
    // Beyond what the clock can say is no limit.
    let ends_at = Instant::now().checked_add(limits.timeout);
    let answer = match ends_at {
        Some(ends_at) => {
            timeout_at(ends_at, answer).await.map_err(|_| Failure::new(Reach::MaybeSent, late()))?
        }
        None => answer.await,
    };
    let response = match answer {
        Ok(response) if *response.url() == asked => response,
        Ok(response) => return Ok(redirected(Some(response.url().origin().ascii_serialization()))),
        Err(error) if error.is_redirect() => return Ok(redirected(None)),
        Err(error) => return Err(failed(error, "the connection broke before an answer")),
    };
    read(response, limits.body_bytes_max, ends_at, late).await
}

/// The redirect that was followed, as far as it is known: the first status is not told. Of the
/// address only the origin is shown, since the rest may hold a secret.
fn redirected(to: Option<String>) -> Reply {
    let mut headers = HeaderMap::new();
    if let Some(Ok(to)) = to.map(|to| HeaderValue::from_str(&to)) {
        headers.insert(LOCATION, to);
    }
    let body = "the transport followed a redirect by itself: make the reqwest client with \
                redirect(reqwest::redirect::Policy::none())";
    Reply::new(StatusCode::FOUND, headers, Bytes::from_static(body.as_bytes()))
}

async fn read(
    mut response: Response,
    bytes_max: usize,
    ends_at: Option<Instant>,
    late: impl Fn() -> String,
) -> Result<Reply, Failure> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = BytesMut::new();
    loop {
        let chunk = match ends_at {
            Some(ends_at) => timeout_at(ends_at, response.chunk()).await,
            None => Ok(response.chunk().await),
        };
        let broken = |why: String, body: BytesMut| {
            let text = format!("the answer ({status}) broke off: {why}");
            Failure::new(Reach::ReplyBroken { status: status.as_u16() }, text)
                .with_reply(Reply::new(status, headers.clone(), body.freeze()))
        };
        match chunk {
            Ok(Ok(Some(chunk))) => {
                let room = bytes_max - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return Ok(Reply::new(status, headers, body.freeze()).cut_off());
                }
            }
            Ok(Ok(None)) => return Ok(Reply::new(status, headers, body.freeze())),
            Ok(Err(error)) => {
                let error = error.without_url();
                return Err(broken(root_cause(&error), body).caused_by(Arc::new(error)));
            }
            Err(_) => return Err(broken(late(), body)),
        }
    }
}

fn failed(error: reqwest::Error, what: &str) -> Failure {
    let (reach, what) = match error.is_builder() || error.is_connect() {
        true => (Reach::NotSent, "no connection"),
        false => (Reach::MaybeSent, what),
    };
    let error = error.without_url();
    Failure::new(reach, format!("{what}: {}", root_cause(&error))).caused_by(Arc::new(error))
}

fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
