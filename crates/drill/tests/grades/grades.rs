use std::collections::BTreeSet;

use steadfast_drill::{Grade, Graded, Scenario, Subject, Verdict};
use steadfast_sandbox::{Api, Profile};
use tokio::task::JoinSet;

use crate::subjects::ROLE;

/// This program as the command of a drill.
pub(crate) fn subject(api: Api, role: &str) -> Subject {
    let program = std::env::current_exe().expect("this program has a path");
    let command = vec![
        "env".into(),
        format!("{ROLE}={role}").into(),
        program.into_os_string(),
        "--exact".into(),
        "--ignored".into(),
        "subjects::drill_me".into(),
    ];
    Subject { api, profile: Profile::Guide, seed: 3, command }
}

async fn drill(api: Api, scenario: &str, role: &str) -> Graded {
    let mut all = Scenario::all(api).expect("they can be read").into_iter();
    let mut found = all.find(|one| one.name == scenario).unwrap_or_else(|| panic!("{scenario}"));
    if role == "hanging" {
        found.deadline_s = 1;
    }
    subject(api, role).run(&found).await.unwrap_or_else(|error| panic!("{error}"))
}

const OPERATIONS1: (Api, &str) = (Api::Operations1, "sound");
const THREDFI: (Api, &str) = (Api::Thredfi, "thredfi");

/// Which grade, in which scenario, who fails it, and who passes it there.
const CASES: [(Grade, &str, &str, (Api, &str)); 12] = [
    (Grade::Doubled, "reset-after-commit", "blind", OPERATIONS1),
    (Grade::Lost, "unavailable-503", "silent", OPERATIONS1),
    (Grade::False, "html-with-200", "boastful", OPERATIONS1),
    (Grade::Unfinished, "reset-after-commit", "timid", OPERATIONS1),
    (Grade::Early, "rate-limit-seconds", "hasty", OPERATIONS1),
    (Grade::Retried, "validation", "stubborn", OPERATIONS1),
    (Grade::Renewals, "calm", "thredfi, logging in each time", THREDFI),
    (Grade::Logins, "wrong-password", "thredfi, logging in again", THREDFI),
    (Grade::Layers, "never-up", "layered", OPERATIONS1),
    (Grade::Requests, "calm", "chatty", OPERATIONS1),
    (Grade::Secrets, "redirect", "follower", OPERATIONS1),
    (Grade::Deadline, "calm", "hanging", OPERATIONS1),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_grade_is_failed_by_one_subject_and_passed_by_another() {
    let graded: BTreeSet<Grade> = CASES.iter().map(|case| case.0).collect();
    assert_eq!(graded.len(), Grade::ALL.len(), "every grade has a case");
    let mut running = JoinSet::new();
    for (grade, scenario, wrong, (api, sound)) in CASES {
        running.spawn(async move {
            let (wrong, sound) =
                tokio::join!(drill(api, scenario, wrong), drill(api, scenario, sound));
            (grade, scenario, wrong, sound)
        });
    }
    while let Some(ended) = running.join_next().await {
        let (grade, scenario, wrong, sound) = ended.expect("no drill panics");
        let mark = wrong.marks.iter().find(|mark| mark.grade == grade);
        let mark = mark.unwrap_or_else(|| panic!("{scenario} does not judge {}", grade.name()));
        assert!(!mark.passed, "{scenario}: {} is passed; {wrong:#?}", grade.name());
        assert!(!mark.findings.is_empty(), "{scenario}: {} has no evidence", grade.name());
        assert_eq!(wrong.verdict, Verdict::Failed, "{scenario}");
        assert_eq!(sound.verdict, Verdict::Passed, "{scenario}; {sound:#?}");
        assert!(sound.marks.iter().any(|mark| mark.grade == grade && mark.passed), "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_no_results_is_graded_by_the_journal_alone() {
    let graded = drill(Api::Operations1, "unavailable-503", "silent").await;
    let judged: Vec<Grade> = graded.marks.iter().map(|mark| mark.grade).collect();
    assert!(!judged.contains(&Grade::False), "nothing was claimed");
    assert!(judged.contains(&Grade::Lost) && judged.contains(&Grade::Doubled), "{judged:?}");
    assert!(graded.steps.iter().all(|step| step.claim.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_names_the_requests_that_show_it() {
    let graded = drill(Api::Operations1, "reset-after-commit", "blind").await;
    let doubled =
        graded.marks.iter().find(|mark| mark.grade == Grade::Doubled).expect("it is judged");
    let numbers = &doubled.findings[0].requests;
    let shown: Vec<_> = graded.requests.iter().filter(|one| numbers.contains(&one.n)).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().all(|one| one.effect == "applied" && one.method == "POST"), "{shown:?}");
    assert!(shown[0].at_ms <= shown[1].at_ms);
    assert_eq!(shown[0].fault.as_deref(), Some("commit_then_reset"));
}
