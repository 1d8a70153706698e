//! Who does not do the work passes nothing, whatever he says of it.

use steadfast_drill::{Scenario, Verdict};
use steadfast_sandbox::Api;

use crate::grades::subject;

#[tokio::test(flavor = "multi_thread")]
async fn who_does_nothing_passes_nothing() {
    for api in Api::ALL {
        let scenarios = Scenario::all(*api).expect("they can be read");
        for role in ["liar", "idler"] {
            let graded =
                subject(*api, role).run_all(&scenarios, 8, std::future::pending(), |_| {}).await;
            for one in graded.unwrap_or_else(|error| panic!("{error}")) {
                assert_ne!(one.verdict, Verdict::Passed, "{api}, {role}: {}", one.scenario);
                assert!(!one.unmet.is_empty() || one.failed().count() > 0, "{}", one.scenario);
            }
        }
    }
}
