//! Renews a session, once for everybody who asks at the same time (I6).

mod exchange;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use steadfast_call::{
    AuthEvent, AuthFailure, AuthStep, Authentication, Entry, Exchange, Generation, Principal,
    Renewed, Reply, Time, Wanted, csrf_token, token,
};
use tokio::sync::broadcast;

use crate::client::Inner;
use crate::log;
use crate::secret::Secret;
use crate::session::Snapshot;

/// A renewal that is under way, as long as its task is. Those who wait for its end go on in the
/// order in which they came, so that the same calls run the same way each time.
pub(crate) type Renewal = broadcast::WeakSender<Result<(), AuthFailure>>;

/// Gets a session of that principal that holds. `csrf`: with a CSRF token that is fetched.
pub(crate) async fn renew(
    inner: &Arc<Inner>,
    principal: &Principal,
    csrf: bool,
) -> Result<(), AuthFailure> {
    let Some(mut renewal) = join(inner, principal, csrf)? else { return Ok(()) };
    match renewal.recv().await {
        Ok(result) => result,
        Err(_) => Err(unreached("the renewal was broken off")),
    }
}

/// The renewal of an owner's session renews the account's own, which never needs an owner's.
fn renew_parent(
    inner: &Arc<Inner>,
) -> Pin<Box<dyn Future<Output = Result<(), AuthFailure>> + Send + '_>> {
    Box::pin(renew(inner, &Principal::Account, false))
}

/// Joins the renewal that is under way, or starts one. None: the session holds.
///
/// The renewal is a task of its own: a caller who goes away must not take it along, or a
/// second one could be sent while the first is still on the wire.
fn join(
    inner: &Arc<Inner>,
    principal: &Principal,
    csrf: bool,
) -> Result<Option<broadcast::Receiver<Result<(), AuthFailure>>>, AuthFailure> {
    let mut shared = inner.shared();
    let session = shared.account.session_of(principal);
    session.lapse(inner.now());
    let entry = if csrf { session.entry_with_csrf() } else { session.entry() };
    match entry {
        Entry::Closed(kind, text) => return Err(AuthFailure::Closed { kind, text }),
        Entry::Bind(_) => return Ok(None),
        Entry::Authenticate(_) => {}
    }
    // One whose sender is gone without a word was broken off: its task panicked, or its runtime
    // was shut down. It must not stand in the way of another.
    if let Some(renewal) = shared.renewals.get(principal).and_then(Renewal::upgrade) {
        return Ok(Some(renewal.subscribe()));
    }
    let (sender, receiver) = broadcast::channel(1);
    shared.renewals.insert(principal.clone(), sender.downgrade());
    let (inner, principal) = (Arc::clone(inner), principal.clone());
    tokio::spawn(async move {
        let result = authenticate(&inner, &principal).await;
        let _ = sender.send(finish(&inner, &principal, result));
    });
    Ok(Some(receiver))
}

/// What a renewal brought.
struct Obtained {
    exchange: Exchange,
    bound: Generation,
    snapshot: Snapshot,
    route: usize,
    renewed: Renewed,
}

/// Why there is no session, and until when the API asked not to be asked again.
struct Refusal {
    failure: AuthFailure,
    hold_until: Option<Time>,
    /// The principal's session is of no use to anybody any more.
    closes: bool,
    /// What was answered last.
    answer: Option<Reply>,
}

fn finish(
    inner: &Inner,
    principal: &Principal,
    result: Result<Obtained, Refusal>,
) -> Result<(), AuthFailure> {
    let secrets = inner.secrets();
    let mut shared = inner.shared();
    shared.renewals.remove(principal);
    match result {
        Ok(Obtained { exchange: Exchange::CsrfFetch, bound, snapshot, .. }) => {
            // Cookies that have changed in the meantime are newer than the token, which belongs
            // to those that it came with; whoever needs one asks again.
            let session = shared.account.session_of(principal);
            if session.current() == bound {
                session.csrf_fetched();
                shared.adopt(principal, snapshot);
            }
            Ok(())
        }
        Ok(Obtained { exchange, snapshot, route, renewed, .. }) => {
            if matches!(exchange, Exchange::LogIn | Exchange::Refresh) {
                shared.route = route;
            }
            shared.account.session_of(principal).renewed_with(renewed);
            shared.adopt(principal, snapshot);
            Ok(())
        }
        Err(Refusal { failure, hold_until, closes, answer }) => {
            let failure = secrets.scrub_auth_failure(failure);
            let session = shared.account.session_of(principal);
            if let Some(until) = hold_until {
                session.hold_until(until);
            }
            if let (true, AuthFailure::Closed { kind, text }) = (closes, &failure) {
                session.close(*kind, text.clone());
                if principal == &Principal::Account {
                    shared.refused_with = answer;
                }
            }
            Err(failure)
        }
    }
}

async fn authenticate(inner: &Arc<Inner>, principal: &Principal) -> Result<Obtained, Refusal> {
    let mut machine = begin(inner, principal);
    let mut turn = advance(inner, &mut machine, principal, AuthEvent::Go);
    let mut last = None;
    loop {
        turn = match turn.step {
            AuthStep::Send { exchange, ref path, bound } => {
                let answer = exchange::send(inner, &turn, exchange, path).await;
                let event = match &answer {
                    Ok((reply, url)) => {
                        let fresh = Snapshot::default().merged(&reply.headers, url);
                        let session = fresh.is_session(&inner.dialect, &inner.url("/"));
                        AuthEvent::Replied { reply, session }
                    }
                    Err(failure) => AuthEvent::Failed(failure),
                };
                let next = advance(inner, &mut machine, principal, event);
                last = answer.ok().map(|(reply, url)| (exchange, bound, turn.own, reply, url));
                next
            }
            AuthStep::Parent { .. } => {
                let parent = renew_parent(inner).await;
                advance(inner, &mut machine, principal, AuthEvent::Parent(parent))
            }
            AuthStep::WaitUntil(until) => match inner.sleep_until(until).await {
                true => advance(inner, &mut machine, principal, AuthEvent::Go),
                false => {
                    machine.called_off(inner.now(), &mut inner.shared().account);
                    let failure = unreached("called off while waiting to log in again");
                    return Err(refusal(&machine, failure));
                }
            },
            AuthStep::Done { route, renewed } => {
                let obtained = last.and_then(|(exchange, bound, old, reply, url)| {
                    let snapshot = obtained(inner, exchange, &old, &reply, &url)?;
                    Some(Obtained { exchange, bound, snapshot, route, renewed })
                });
                return obtained.ok_or_else(|| refusal(&machine, unreached("nothing came of it")));
            }
            AuthStep::Failed(failure) => {
                let answer = last.map(|(_, _, _, reply, _)| reply);
                return Err(Refusal { answer, ..refusal(&machine, failure) });
            }
        };
    }
}

fn begin<'i>(inner: &'i Inner, principal: &Principal) -> Authentication<'i> {
    let mut shared = inner.shared();
    let old = shared.snapshot_of(principal);
    let refreshable = old.is_session(&inner.dialect, &inner.url("/"));
    let wanted = Wanted { principal: principal.clone(), refreshable, route: shared.route };
    log::renewing(&inner.dialect, refreshable);
    Authentication::new(&inner.dialect, inner.policy, wanted, &mut shared.account)
}

/// What the machine says, and what the sessions held when it said so.
struct Turn {
    step: AuthStep,
    principal: Principal,
    own: Arc<Snapshot>,
    parent: Arc<Snapshot>,
}

fn advance(
    inner: &Inner,
    machine: &mut Authentication<'_>,
    principal: &Principal,
    event: AuthEvent<'_>,
) -> Turn {
    // Parsed before the lock is taken, under which every other call waits.
    if let AuthEvent::Replied { reply, .. } = &event {
        let _ = reply.json();
    }
    let mut shared = inner.shared();
    let step = machine.step(event, inner.now(), inner.chance.draw(), &mut shared.account);
    let (own, parent) = (shared.snapshot_of(principal), shared.snapshot_of(&Principal::Account));
    Turn { step, principal: principal.clone(), own, parent }
}

/// What the last answer of a renewal makes of the session.
fn obtained(
    inner: &Inner,
    exchange: Exchange,
    old: &Snapshot,
    reply: &Reply,
    url: &url::Url,
) -> Option<Snapshot> {
    match exchange {
        Exchange::Refresh => Some(old.merged(&reply.headers, url)),
        Exchange::LogIn => Some(Snapshot::default().merged(&reply.headers, url)),
        Exchange::Token | Exchange::OwnerToken => {
            let token = token(&inner.dialect.auth, exchange, reply)?;
            Snapshot::bearer(Secret::new(token.value()))
        }
        Exchange::CsrfFetch => {
            let token = csrf_token(inner.dialect.csrf.as_ref()?, reply)?;
            Some(old.with_csrf(token, &reply.headers, url))
        }
    }
}

fn refusal(machine: &Authentication<'_>, failure: AuthFailure) -> Refusal {
    Refusal { failure, hold_until: machine.hold_until(), closes: machine.closes(), answer: None }
}

fn unreached(text: &str) -> AuthFailure {
    AuthFailure::Unreached { text: text.to_owned() }
}
