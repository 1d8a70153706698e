//! The API's side of an exchange: what becomes of a request that left its caller.

use std::time::Duration;

use bytes::Bytes;
use steadfast::{Failure, Reach, Reply};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::World;
use crate::checker::Arrived;
use crate::plan::{Answer, Body, Fate, Hint};
use crate::server::{Incoming, Outgoing, session_in};

/// What travels back.
pub(super) type Answered = Result<(Reply, Arrived), (Failure, Arrived)>;

/// A request on the API's side of the network.
pub(super) struct Serving<'w> {
    pub(super) world: &'w World,
    pub(super) incoming: Incoming,
    pub(super) up: Duration,
    pub(super) down: Duration,
}

impl Serving<'_> {
    pub(super) async fn serve(self, fate: Fate, caller: oneshot::Sender<Answered>) {
        // What is late is late from when it was given up, which may be before it would arrive.
        if !matches!(fate, Fate::Late { .. }) {
            sleep(self.up).await;
        }
        match fate {
            Fate::Refused => {}
            Fate::LostBefore { silent } => self.lose(silent, caller).await,
            Fate::LostAfter { silent } => {
                self.handle();
                self.lose(silent, caller).await;
            }
            Fate::Late { ms, silent } => {
                self.lose(silent, caller).await;
                sleep(Duration::from_millis(ms)).await;
                self.handle();
            }
            Fate::Slow { ms } => {
                let answer = self.handle();
                sleep(self.down + Duration::from_millis(ms)).await;
                let _ = caller.send(self.whole(&answer));
            }
            Fate::Answer(ref instead) => {
                let answer = self.answer(instead);
                sleep(self.down).await;
                let answered = match instead.body {
                    Body::HtmlCut => self.cut(&answer),
                    _ => self.whole(&answer),
                };
                let _ = caller.send(answered);
            }
            Fate::Cut => {
                let answer = self.handle();
                sleep(self.down).await;
                let _ = caller.send(self.cut(&answer));
            }
            Fate::Huge => {
                let answer = self.handle();
                sleep(self.down).await;
                let _ = caller.send(self.whole(&answer).map(|(reply, arrived)| {
                    (reply.cut_off(), Arrived { whole: false, ..arrived })
                }));
            }
            Fate::Expired | Fate::StaleCsrf => {
                self.spoil(fate == Fate::Expired);
                let answer = self.handle();
                sleep(self.down).await;
                let _ = caller.send(self.whole(&answer));
            }
        }
    }

    fn spoil(&self, expired: bool) {
        let mut state = self.world.state();
        match expired {
            true => state.server.sessions.end(&self.incoming),
            false => state.server.sessions.rotate_csrf(),
        }
    }

    /// The API does what is asked.
    fn handle(&self) -> Outgoing {
        let now_ms = self.world.now_ms();
        let mut state = self.world.state();
        let answer = state.server.handle(&self.incoming, now_ms);
        let number = self.incoming.exchange;
        state.log.note(now_ms, format_args!("#{number} arrives: {}", answer.status));
        state.tell(now_ms);
        answer
    }

    /// Nobody answers: the connection breaks, or nothing is heard until the caller gives up.
    async fn lose(&self, silent: bool, mut caller: oneshot::Sender<Answered>) {
        if silent {
            caller.closed().await;
            return;
        }
        // Who has gone away already gave up then, and not when the connection breaks.
        tokio::select! {
            biased;
            () = caller.closed() => return,
            () = sleep(self.down) => {}
        }
        let gone = Failure::new(Reach::MaybeSent, "connection reset");
        let _ = caller.send(Err((gone, Arrived::default())));
    }

    /// An answer in place of the API's own.
    fn answer(&self, instead: &Answer) -> Outgoing {
        if instead.done {
            self.handle();
        }
        let mut state = self.world.state();
        if instead.status == 401 {
            state.server.sessions.disown(&self.incoming);
        }
        let code = match instead.status {
            403 => "User.NotPrivileged",
            400 => "Validation.InvalidField",
            429 => "Rate.Limited",
            401 => "Token.Expired",
            _ => "Server.Error",
        };
        let mut answer = state.server.error(instead.status, code);
        (answer.body, answer.content_type) = match instead.body {
            Body::Error => (answer.body, answer.content_type),
            Body::Html | Body::HtmlCut => ("<html>it is so</html>".into(), "text/html"),
            Body::Empty => (Bytes::new(), "text/plain"),
            Body::Garbled => ("{\"it is".into(), "application/json"),
        };
        answer.retry_after = instead.hints.iter().map(|hint| self.hint(hint)).collect();
        answer
    }

    fn hint(&self, hint: &Hint) -> String {
        match hint {
            Hint::Seconds(seconds) => seconds.to_string(),
            Hint::Date(seconds) => {
                let date = self.world.date().0 + seconds;
                httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(date))
            }
            Hint::Text(text) => text.clone(),
        }
    }

    fn whole(&self, answer: &Outgoing) -> Answered {
        let (now_s, date) = self.world.date();
        let arrived = Arrived {
            hint_ms: hinted_ms(&answer.retry_after, now_s),
            whole: true,
            status: answer.status,
            session: session_in(&answer.cookies),
        };
        Ok((answer.reply(&date), arrived))
    }

    fn cut(&self, answer: &Outgoing) -> Answered {
        let mut part = answer.clone();
        part.body = answer.body.slice(..answer.body.len() / 2);
        let reach = Reach::ReplyBroken { status: answer.status };
        let failure = Failure::new(reach, "the body broke off");
        let (reply, arrived) = self.whole(&part)?;
        // A success that breaks off is no answer, and asks for nothing.
        let hint_ms = arrived.hint_ms.filter(|_| answer.status >= 300);
        Err((failure.with_reply(reply), Arrived { whole: false, hint_ms, ..arrived }))
    }
}

/// What `Retry-After` asks for, read anew here so that the engine's reader is not its own judge:
/// of several the longest, and of nonsense nothing.
fn hinted_ms(values: &[String], now_s: u64) -> Option<u64> {
    let one = |text: &String| {
        if let Ok(date) = httpdate::parse_http_date(text) {
            let since = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
            return Some(since.saturating_sub(now_s) * 1_000);
        }
        text.parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1_000))
    };
    values.iter().filter_map(one).max()
}
