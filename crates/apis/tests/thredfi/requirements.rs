//! T1 to T16, by number.

use serde_json::json;
use steadfast_apis::Written;
use steadfast_sandbox::{Profile, Quirk};

use crate::world::{BUSINESS, World, applied, invoice};

/// V28: the first answer is lost, the second says that it is there.
#[tokio::test]
async fn t09_a_duplicate_of_our_own_lost_attempt_is_found_and_compared() {
    for (profile, second) in [(Profile::Guide, 409), (Profile::Reference, 200)] {
        let world = World::variant(profile, Vec::<Quirk>::new()).await;
        world.faults(json!([
            { "on": { "kind": "create", "nth": 1 }, "do": { "kind": "commit_then_reset" } },
        ]));
        let thredfi = world.thredfi.adjusted(|call| call.known_absent());
        let made = applied(thredfi.create_invoice(BUSINESS, &invoice("i9", 100)).await.unwrap());
        assert_eq!(made.external_id.as_deref(), Some("i9"));
        assert_eq!(world.statuses("POST", "/invoices/"), [0, second]);
        let again = world.thredfi.create_invoice(BUSINESS, &invoice("i9", 100)).await.unwrap();
        assert!(matches!(again, Written::Existing(_)), "{again:?}");
        world.is_clean();
    }
}
