//! Getting a session (K1, K5, K16, K18; I6).

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use steadfast_call::dialect::{Dialect, Jitter, LogInFailed, PolicyName};
use steadfast_call::{
    Account, AuthEvent, AuthFailure, AuthStep, Authentication, CredentialsKind, Draw, Exchange,
    Failure, Principal, Reach, Renewed, Reply, Time, Wanted,
};

use crate::scenario::{Answer, code, gone_away, knosc, reply};

const SESSION: bool = true;
const NONE: bool = false;

/// Plays the answers, and tells the exchanges that were asked for and how it ended.
fn play(
    refreshable: bool,
    answers: Vec<(Option<Answer>, bool)>,
) -> (Vec<(Exchange, String)>, AuthStep, Time) {
    play_with(&exact(), refreshable, answers)
}

/// What we advise, without chance.
fn exact() -> Dialect {
    let mut dialect = knosc();
    dialect.policy.recommended.jitter = Jitter::None;
    dialect.policy.documented = dialect.policy.recommended.clone();
    dialect
}

/// The same under the documented policy of a dialect.
fn play_with(
    dialect: &Dialect,
    refreshable: bool,
    answers: Vec<(Option<Answer>, bool)>,
) -> (Vec<(Exchange, String)>, AuthStep, Time) {
    let (mut now, draw) = (Time::from_millis(0), Draw::new(0.5));
    let mut account = Account::new(dialect, None, now);
    let wanted = Wanted { principal: Principal::Account, refreshable, route: 0 };
    let policy = PolicyName::Documented;
    let mut machine = Authentication::new(dialect, policy, wanted, &mut account);
    let mut step = machine.step(AuthEvent::Go, now, draw, &mut account);
    let mut asked = Vec::new();
    let mut answers = answers.into_iter();
    loop {
        step = match step {
            AuthStep::Send { exchange, path, .. } => {
                asked.push((exchange, path));
                let away = Failure::new(Reach::NotSent, "refused");
                let answer = answers.next();
                let event = match &answer {
                    Some((Some(Answer::Reply(reply)), session)) => {
                        AuthEvent::Replied { reply, session: *session }
                    }
                    Some(_) => AuthEvent::Failed(&away),
                    None => panic!("no answer is left: {asked:?}"),
                };
                machine.step(event, now, draw, &mut account)
            }
            AuthStep::WaitUntil(until) => {
                now = until;
                machine.step(AuthEvent::Go, now, draw, &mut account)
            }
            end => return (asked, end, now),
        };
    }
}

fn done(route: usize) -> AuthStep {
    AuthStep::Done { route, renewed: Renewed::default() }
}

fn closed(step: &AuthStep) -> Option<CredentialsKind> {
    match step {
        AuthStep::Failed(AuthFailure::Closed { kind, .. }) => Some(*kind),
        _ => None,
    }
}

fn is_unreached(step: &AuthStep) -> bool {
    matches!(step, AuthStep::Failed(AuthFailure::Unreached { .. }))
}

fn asked(exchanges: &[(Exchange, &str)]) -> Vec<(Exchange, String)> {
    exchanges.iter().map(|(exchange, path)| (*exchange, (*path).to_owned())).collect()
}

#[test]
fn a_session_is_refreshed_if_there_is_one_and_else_made() {
    let (seen, end, _) = play(true, vec![(Some(reply(200, r#"{"refresh":true}"#)), SESSION)]);
    assert_eq!((seen, end), (asked(&[(Exchange::Refresh, "/refresh")]), done(0)));
    let (seen, end, _) = play(false, vec![(Some(reply(200, r#"{"login":true}"#)), SESSION)]);
    assert_eq!((seen, end), (asked(&[(Exchange::LogIn, "/login")]), done(0)));
}

/// V38: a refused refresh allows one new log-in.
#[test]
fn a_refused_refresh_leads_to_one_log_in() {
    for refused in [code(401, "Token.Revoked"), code(422, "CSRF.Missing"), reply(200, "{}")] {
        let (seen, end, _) =
            play(true, vec![(Some(refused), NONE), (Some(reply(200, "{}")), SESSION)]);
        assert_eq!(seen, asked(&[(Exchange::Refresh, "/refresh"), (Exchange::LogIn, "/login")]));
        assert_eq!(end, done(0));
    }
}

/// V2, V3, I6: what is refused is not tried again.
#[test]
fn hazard_5_a_refused_log_in_is_final() {
    let refusals = [
        code(401, "User.InvalidCredentials"),
        code(403, "User.Locked").with("retry-after", "30"),
        code(400, "JSON.Invalid"),
        reply(401, "<html>"),
    ];
    for refusal in refusals {
        let (seen, end, _) = play(false, vec![(Some(refusal), NONE)]);
        assert_eq!(seen.len(), 1);
        assert_eq!(closed(&end), Some(CredentialsKind::Refused));
    }
    let (_, end, _) =
        play(false, vec![(Some(code(403, "User.Locked").with("retry-after", "30")), NONE)]);
    let AuthStep::Failed(AuthFailure::Closed { text, .. }) = end else { panic!("{end:?}") };
    assert!(
        text.contains("User.Locked")
            && text.contains("30 s")
            && text.contains("wait until the lock ends")
    );
}

/// K16, V4.
#[test]
fn hazard_7_k16_a_200_is_no_proof_of_a_session() {
    for (body, kind) in [
        (r#"{"requires_2fa":true}"#, CredentialsKind::SecondFactorRequired),
        (r#"{"first_signin":true,"session_token":"t"}"#, CredentialsKind::FirstSignIn),
        (r#"{"login":true}"#, CredentialsKind::SessionNotTaken),
    ] {
        let (seen, end, _) = play(false, vec![(Some(reply(200, body)), NONE)]);
        assert_eq!((seen.len(), closed(&end)), (1, Some(kind)), "{body}");
    }
}

/// Found wrong: a portal's page with status 200 shut the account for good.
#[test]
fn hazard_47_a_page_in_place_of_the_log_ins_answer_is_no_refusal() {
    let portal = || (Some(reply(200, "<html>Welcome to the hotel</html>")), NONE);
    let (seen, end, _) = play(false, vec![portal(), portal(), portal(), portal()]);
    assert_eq!(seen.len(), 4);
    assert!(is_unreached(&end));
    let (_, end, _) = play(false, vec![portal(), (Some(reply(200, "{}")), SESSION)]);
    assert_eq!(end, done(0));
}

/// K18: guide or reference, found out once and remembered.
#[test]
fn k18_a_404_leads_to_the_other_path_once() {
    let nothing = || (Some(code(404, "Route.NotFound")), NONE);
    let (seen, end, _) = play(false, vec![nothing(), (Some(reply(200, "{}")), SESSION)]);
    assert_eq!(seen, asked(&[(Exchange::LogIn, "/login"), (Exchange::LogIn, "/authenticate")]));
    assert_eq!(end, done(1));

    let (seen, end, _) = play(false, vec![nothing(), nothing()]);
    assert_eq!(seen.len(), 2);
    let AuthStep::Failed(AuthFailure::Closed { text, .. }) = end else { panic!("{end:?}") };
    assert!(text.contains("base_url"));

    let (seen, end, _) = play(true, vec![nothing(), (Some(reply(200, "{}")), SESSION)]);
    assert_eq!(
        seen,
        asked(&[(Exchange::Refresh, "/refresh"), (Exchange::Refresh, "/token-refresh")])
    );
    assert_eq!(end, done(1));
}

#[test]
fn a_log_in_that_is_not_answered_backs_off() {
    let away = || (Some(gone_away()), NONE);
    let (seen, end, now) =
        play(false, vec![(None, NONE), away(), (Some(reply(200, "{}")), SESSION)]);
    assert_eq!((seen.len(), end), (3, done(0)));
    assert_eq!(now.to_duration(), Duration::from_secs(1 + 2));
    let (seen, end, _) = play(false, vec![away(), away(), away(), away()]);
    assert_eq!(seen.len(), 4);
    assert!(is_unreached(&end));
}

#[test]
fn a_log_in_keeps_to_the_servers_wait() {
    let busy = (Some(reply(429, "").with("retry-after", "7")), NONE);
    let (_, end, now) = play(false, vec![busy, (Some(reply(200, "{}")), SESSION)]);
    assert_eq!((end, now.to_duration()), (done(0), Duration::from_secs(7)));
    let (seen, end, _) = play(false, vec![(Some(reply(503, "").with("retry-after", "90")), NONE)]);
    assert_eq!(seen.len(), 1);
    assert!(is_unreached(&end));
}

/// K1: a redirect is an error too, but a portal may send one, so it shuts nobody out.
#[test]
fn k1_a_redirected_log_in_is_an_error() {
    let (seen, end, _) = play(false, vec![(Some(reply(302, "")), NONE)]);
    assert_eq!(seen.len(), 1);
    assert!(is_unreached(&end));
}

/// K1, to the letter of the guide: what was answered with a failure is told at once. What was not
/// answered, or not by this API, backs off, as does a refresh.
#[test]
fn k1_documented_a_log_in_that_is_answered_with_a_failure_is_told_at_once() {
    let said = |answer: Answer| (Some(answer), NONE);
    for status in [408, 429, 500, 502, 503, 504] {
        let (seen, end, now) = play_with(&knosc(), false, vec![said(reply(status, "<html>"))]);
        assert_eq!((seen.len(), now.to_duration()), (1, Duration::ZERO), "{status}");
        let text = format!("HTTP {status}");
        assert_eq!(end, AuthStep::Failed(AuthFailure::Failed { status, text }));
    }
    let let_in = || (Some(reply(200, "{}")), SESSION);
    let portal = || said(reply(200, "<html>Welcome to the hotel</html>"));
    let (seen, end, _) = play_with(&knosc(), false, vec![(None, NONE), portal(), let_in()]);
    assert_eq!((seen.len(), end), (3, done(0)));
    let (seen, end, _) = play_with(&knosc(), true, vec![said(gone_away()), let_in()]);
    assert_eq!((seen, end), (asked(&[(Exchange::Refresh, "/refresh"); 2]), done(0)));
    // A refusal of the refresh leads to a log-in, which is one like any other.
    let refused = said(code(401, "Token.Revoked"));
    let (seen, end, _) = play_with(&knosc(), true, vec![refused, said(gone_away())]);
    assert_eq!(
        (seen.len(), matches!(end, AuthStep::Failed(AuthFailure::Failed { .. }))),
        (2, true)
    );
}

/// A hint is kept to by whoever asks next, and a token is asked for like a session.
#[test]
fn k1_a_log_in_that_ends_keeps_its_hint_and_a_request_for_a_token_ends_likewise() {
    let mut azure = Dialect::built_in("azure").unwrap();
    azure.policy.documented.log_in_failed = LogInFailed::Ends;
    for dialect in [knosc(), azure] {
        let (now, draw) = (Time::from_millis(0), Draw::new(0.5));
        let mut account = Account::new(&dialect, None, now);
        let wanted = Wanted { principal: Principal::Account, refreshable: false, route: 0 };
        let policy = PolicyName::Documented;
        let mut machine = Authentication::new(&dialect, policy, wanted, &mut account);
        let _ = machine.step(AuthEvent::Go, now, draw, &mut account);
        let Answer::Reply(away) = gone_away().with("retry-after", "7") else { unreachable!() };
        let away: Reply = away;
        let event = AuthEvent::Replied { reply: &away, session: false };
        let step = machine.step(event, now, draw, &mut account);
        assert!(matches!(step, AuthStep::Failed(AuthFailure::Failed { status: 503, .. })));
        assert_eq!(machine.hold_until(), Some(Time::from_millis(7_000)));
        assert!(!machine.closes(), "another call may be let in");
    }
}

/// Found wrong: what was left of an answer whose body broke off was not read, so a log-in was
/// asked for again before its hint, and one that was refused was repeated.
#[test]
fn an_answer_to_a_log_in_that_breaks_off_is_read_as_far_as_it_goes() {
    let dialect = exact();
    let broken = |status: u16, wait: &'static str| {
        let headers = [("retry-after".parse().unwrap(), wait.parse().unwrap())];
        let code = StatusCode::from_u16(status).unwrap();
        let reply = Reply::new(code, HeaderMap::from_iter(headers), "<html>".into());
        Failure::new(Reach::ReplyBroken { status }, "the body broke off").with_reply(reply)
    };
    let (now, draw) = (Time::from_millis(0), Draw::new(0.5));
    let mut account = Account::new(&dialect, None, now);
    let wanted = Wanted { principal: Principal::Account, refreshable: false, route: 0 };
    let policy = PolicyName::Documented;
    let mut machine = Authentication::new(&dialect, policy, wanted, &mut account);
    let _ = machine.step(AuthEvent::Go, now, draw, &mut account);
    let step = machine.step(AuthEvent::Failed(&broken(503, "30")), now, draw, &mut account);
    assert_eq!(step, AuthStep::WaitUntil(Time::from_millis(30_000)));
    let step = machine.step(AuthEvent::Failed(&broken(401, "0")), now, draw, &mut account);
    assert_eq!(closed(&step), Some(CredentialsKind::Refused));
}
