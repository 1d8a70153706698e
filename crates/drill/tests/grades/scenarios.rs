//! The scenarios themselves, and the page that lists them.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_drill::{Grade, Scenario};
use steadfast_sandbox::Api;

use crate::grades::subject;

const PAGE: &str = include_str!("../../../../docs/drills.md");

fn all(api: Api) -> Vec<Scenario> {
    Scenario::all(api).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_api_has_its_scenarios_each_once() {
    for api in Api::ALL {
        let all = all(*api);
        let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names.len(), all.len(), "{api}: a name is there twice");
        assert!(all.len() >= 30, "{api}: {}", all.len());
        for one in &all {
            assert!(!one.title.ends_with('.') && !one.sound.ends_with('.'), "{}", one.name);
        }
    }
}

/// The rows of the page's table that begins with this heading: the first cell's name, and the second cell.
fn listed(heading: &str) -> BTreeMap<String, String> {
    let after = PAGE.split_once(heading).unwrap_or_else(|| panic!("no table {heading}")).1;
    let rows = after.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let name = cells.next().unwrap_or_default().trim_matches('`').to_owned();
        (name, cells.next().unwrap_or_default().to_owned())
    });
    cells.collect()
}

#[test]
fn the_page_lists_every_scenario_with_its_apis() {
    let mut there: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for api in Api::ALL {
        for one in all(*api) {
            there.entry(one.name).or_default().push(api.name());
        }
    }
    let listed = listed("| scenario | APIs | what goes wrong | a sound client |");
    let names = |names: &BTreeMap<String, _>| names.keys().cloned().collect::<Vec<String>>();
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), names(&there));
    for (name, apis) in there {
        let shown = if apis.len() == Api::ALL.len() { "all".to_owned() } else { apis.join(", ") };
        assert_eq!(listed[&name], shown, "{name}");
    }
}

#[test]
fn the_page_lists_every_grade_with_its_meaning() {
    let listed = listed("| grade | failed where |");
    assert_eq!(listed.len(), Grade::ALL.len());
    for grade in Grade::ALL {
        assert_eq!(
            listed.get(grade.name()).map(String::as_str),
            Some(grade.meaning()),
            "{}",
            grade.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_makes_the_same_job_and_the_same_faults_again() {
    let scenarios = all(Api::Knosc);
    let scenario =
        scenarios.iter().find(|one| one.name == "rate-limit-seconds").expect("it is there");
    let mut seen = Vec::new();
    for seed in [5, 5, 6] {
        let mut subject = subject(Api::Knosc, "idle");
        subject.seed = seed;
        let graded = subject.run(scenario).await.unwrap_or_else(|error| panic!("{error}"));
        let keys: Vec<_> = graded.steps.iter().map(|step| step.natural_key.clone()).collect();
        seen.push((graded.faults, keys));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}
