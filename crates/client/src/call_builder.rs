use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use steadfast_call::{Error, IdempotencyKey, Options, Outcome, Request};
use url::form_urlencoded;

use crate::client::Client;
use crate::driver::drive;
use crate::outgoing::Outgoing;
use crate::path::Path;
use crate::transport::StreamBody;
use crate::typed;

/// A call that is being put together. [`Client::get`], [`Client::post`] and the like make one;
/// it does nothing until it is sent.
///
/// There are three ways to send it: [`CallBuilder::send`] tells how it ended, with all that is
/// known; [`CallBuilder::send_as`] reads the answer into a type; and `.await` on the builder
/// itself gives the answer's JSON, none if its body is empty.
///
/// ```no_run
/// # async fn example(client: steadfast::Client) -> Result<(), steadfast::Error> {
/// use serde_json::json;
/// use steadfast::Outcome;
///
/// let order = json!({ "PO List Number": "PO-1", "details": [] });
/// let outcome = client
///     .post("/purchase-order")
///     .json(&order)
///     .natural_key("purchase-order", "PO-1")   // so that it can be looked for
///     .context("job", "7")                     // for the log
///     .send()
///     .await?;
/// if let Outcome::Queued(_) = outcome { /* accepted, and not done yet: never send it again */ }
/// # Ok(()) }
/// ```
///
/// What cannot be sent (a header that is none, a value that cannot be written as JSON) is told
/// when the call is sent, as [`Kind::Unsendable`](crate::Kind::Unsendable): no exchange is made.
#[must_use = "a call does nothing until it is sent"]
pub struct CallBuilder {
    client: Client,
    outgoing: Outgoing,
}

impl CallBuilder {
    pub(crate) fn new(client: Client, method: Method, path: Path) -> Self {
        let (path, fault) = path.into_parts();
        let mut outgoing = Outgoing::new(Request::new(method, path), Options::default());
        outgoing.fault = fault;
        Self { client, outgoing }
    }

    /// Adds a parameter to the query, encoded.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        let path = &mut self.outgoing.request.path;
        path.push(if path.contains('?') { '&' } else { '?' });
        let value = value.to_string();
        let pair =
            form_urlencoded::Serializer::new(String::new()).append_pair(name, &value).finish();
        path.push_str(&pair);
        self
    }

    /// Sets a header of this call. Credentials are no business of a call: the client binds them.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                self.outgoing.request.headers.insert(name, value);
            }
            (Err(_), _) => self.fault(format!(
                "header name {name:?} is none: letters, digits and dashes make one"
            )),
            // The value may be a secret.
            (_, Err(_)) => self.fault(format!(
                "the value of header {name} holds a character that no header can: a line break, \
                 perhaps one at its end"
            )),
        }
        self
    }

    /// The body, as JSON. Whatever the value is, it is a body: `{}`, `[]` and `0`, too.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                let request = std::mem::replace(
                    &mut self.outgoing.request,
                    Request::new(Method::GET, String::new()),
                );
                self.outgoing.request = request.json(body);
            }
            Err(error) => self.fault(format!(
                "the body, a {}, cannot be written as JSON: {error}",
                std::any::type_name::<T>()
            )),
        }
        self
    }

    /// The body as it stands, and its content type.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.outgoing.request.body = Some(body.into());
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// A body that is read while it is sent, and its content type. It can be had once only, so
    /// the call is *sent once only*: where another would be sent again, after a log-in has
    /// expired or a 503, this one ends with an error. An event says so before the first send.
    /// A body that fits into memory is better given to [`CallBuilder::body`].
    ///
    /// Its length, if it is known, can be told by the header `Content-Length`; it is sent in
    /// chunks otherwise.
    pub fn stream<S, E>(mut self, content_type: &str, body: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let frames = body.map_ok(Frame::data).map_err(Into::into);
        let body = http_body_util::StreamBody::new(frames);
        self.outgoing.stream = Some(StreamBody::new(body.boxed_unsync()));
        self.outgoing.options.one_shot = true;
        self.header(CONTENT_TYPE.as_str(), content_type)
    }

    /// How long the call may take in all: attempts, waits, log-ins and look-ups.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.outgoing.options.deadline = Some(deadline);
        self
    }

    /// What the write is about: the resource, as the dialect names it, and your own key of it.
    /// A write that was not answered can then be looked for.
    pub fn natural_key(mut self, resource: impl Into<String>, key: impl Into<String>) -> Self {
        self.outgoing.options.resource = Some(resource.into());
        self.outgoing.options.natural_key = Some(key.into());
        self
    }

    /// The key by which the API recognises a repeat. Without one the client makes a UUID, where
    /// the dialect says that keys are made. Give your own if another process may have to send the
    /// same thing again, and keep it before the first send. A key that the API cannot take is
    /// refused before anything is sent.
    pub fn idempotency_key(mut self, key: impl Into<IdempotencyKey>) -> Self {
        self.outgoing.options.idempotency_key = Some(key.into());
        self
    }

    /// The id of this call, in place of the UUID that the client makes where the dialect has a
    /// header for it: sent with every attempt, and kept on the error.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.outgoing.options.request_id = Some(id.into());
        self
    }

    /// You have looked, and there was none with this key: what is found after an unanswered
    /// attempt is then known to be your own.
    pub fn known_absent(mut self) -> Self {
        self.outgoing.options.known_absent = true;
        self
    }

    /// How often it is sent at the most, the first time included, where that is less than what the
    /// policy says. With 1 it is not sent again after a fault; what a session that has expired asks
    /// for is done all the same.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.outgoing.options.attempts = Some(attempts);
        self
    }

    /// It goes out without a session, once: for what gets one by hand, such as the code of a second
    /// factor after [`CredentialsKind::SecondFactorRequired`](crate::CredentialsKind). If the answer
    /// sets the cookie that makes a session, all calls go on with that, whatever had shut the door
    /// before; what else it sets is not kept.
    pub fn without_session(mut self) -> Self {
        self.outgoing.options.without_session = true;
        self.attempts(1)
    }

    /// Puts a pair into the log records of this call, such as the id of a job. Not sent.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.outgoing.options.context.insert(name.into(), value.into());
        self
    }

    /// All options at once, in place of those set so far.
    pub fn options(mut self, options: Options) -> Self {
        let one_shot = self.outgoing.stream.is_some();
        self.outgoing.options = options;
        self.outgoing.options.one_shot |= one_shot;
        self
    }

    /// Sends it and sees it through.
    ///
    /// # Errors
    /// [`Error`], which says what was done, why it ended and what to do.
    pub async fn send(self) -> Result<Outcome, Error> {
        drive(&self.client.inner, self.outgoing).await
    }

    /// Sends it and reads the answer into a type: the JSON of the reply, or the record that a
    /// look-up found where that showed the success. An answer that does not fit is an error of
    /// kind [`Kind::Protocol`](crate::Kind::Protocol) that says where, holds the reply, and says
    /// the effect: the write itself went well (N17). So is the notice that a write was queued,
    /// unless it fits: use [`CallBuilder::send`] where the API queues writes.
    ///
    /// ```no_run
    /// # async fn example(client: steadfast::Client) -> Result<(), steadfast::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Run { id: String, status: String }
    ///
    /// let run: Run = client.get(steadfast::path!("v1", "runs", "r/1")).send_as().await?;
    /// # drop((run.id, run.status)); Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error`], as from [`CallBuilder::send`], and for an answer that does not fit.
    pub async fn send_as<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.send_record("").await.map(|(answer, _)| answer)
    }

    /// Sends it, and gives what it is about beside how it ended: what the answer has at that JSON
    /// pointer (empty: the whole answer), or the record that a look-up found where that showed the
    /// success.
    ///
    /// ```no_run
    /// # async fn example(client: steadfast::Client) -> Result<(), steadfast::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Payment { id: String }
    ///
    /// let call = client.post("/payments").json("…").natural_key("payment", "P-1");
    /// let (payment, outcome) = call.send_record::<Payment>("/payment").await?;
    /// println!("{}: {}", payment.id, outcome.as_str());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`CallBuilder::send_as`].
    pub async fn send_record<T: DeserializeOwned>(self, at: &str) -> Result<(T, Outcome), Error> {
        let client = self.client.clone();
        let is_write = self.is_write();
        let outcome = self.send().await?;
        typed::read(outcome, at, is_write, |body| client.inner.secrets().and_of(body))
    }

    fn is_write(&self) -> bool {
        let dialect = &self.client.inner.dialect;
        steadfast_call::Nature::of(dialect, &self.outgoing.request).is_write()
    }

    /// The first fault is the one that is told.
    fn fault(&mut self, text: String) {
        self.outgoing.fault.get_or_insert(text);
    }
}

/// Sends it, and gives the answer's JSON; none if its body is empty (K15).
impl IntoFuture for CallBuilder {
    type Output = Result<Option<Value>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let outcome = self.send().await?;
            Ok(outcome.success().json().cloned())
        })
    }
}

/// What is sent where; no header and no body, which may hold secrets.
impl std::fmt::Debug for CallBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallBuilder")
            .field("client", &self.client)
            .field("method", &self.outgoing.request.method)
            .field("path", &self.outgoing.request.route())
            .finish_non_exhaustive()
    }
}
