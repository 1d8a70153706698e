//! A repeat that is refused because the first try has done it: the record tells (hazard 25; the
//! contract of Thredfi, section 5).

use http::StatusCode;
use steadfast_call::dialect::Dialect;
use steadfast_call::{Class, Effect, Kind, LookUp, Options, Outcome};

use crate::payments::{TEXT, cancel, said};
use crate::scenario::{Answer, Played, World, lost, reply, same, script};

const CANCEL: &str = r#"
[[operation]]
method = "POST"
path = "/payments/*/cancel"
idempotent = true
done = [{ at = "json:/status", values = ["cancelled"] }]
"#;

fn void(answers: Vec<Answer>, looks: Vec<LookUp>, options: Options) -> Played {
    let dialect = Dialect::parse(&format!("{TEXT}{CANCEL}")).unwrap();
    World::of(dialect).play(cancel(), options, script(answers).looks(looks))
}

fn forbidden_by_its_state() -> Answer {
    said(StatusCode::CONFLICT, "state_conflict")
}

#[test]
fn what_the_record_shows_as_done_after_a_lost_answer_is_done() {
    let answers = vec![lost(), forbidden_by_its_state()];
    let played = void(answers, vec![same()], Options::default());
    let Outcome::Existing(success) = played.outcome() else { panic!("{:?}", played.result) };
    assert!(success.may_be_ours);
    assert_eq!((played.sent_ms.len(), played.looked_ms.len()), (2, 1));
}

#[test]
fn what_the_record_does_not_show_stays_in_doubt() {
    let answers = vec![lost(), forbidden_by_its_state()];
    let played = void(answers, vec![LookUp::Absent], Options::default());
    assert_eq!((played.error().kind(), played.error().effect()), (Kind::Unknown, Effect::Unknown));
    assert!(played.error().details().rule.contains("does not show"), "{}", played.error());
}

#[test]
fn a_conflict_on_the_first_try_is_the_callers_to_know() {
    let played = void(vec![forbidden_by_its_state()], vec![], Options::default());
    assert_eq!(played.error().kind(), Kind::Refused(Class::Conflict));
    assert!(played.looked_ms.is_empty());
}

/// The caller may ask for fewer sends than the policy has, and never for more.
#[test]
fn a_call_is_sent_no_oftener_than_its_caller_wishes() {
    for (wished, sent) in [(1, 1), (3, 3), (9, 4), (0, 1)] {
        let options = Options { attempts: Some(wished), ..Options::default() };
        let answers = vec![reply(503, ""); 5];
        let played = void(answers, vec![], options);
        assert_eq!(played.sent_ms.len(), sent, "{wished}");
    }
}
