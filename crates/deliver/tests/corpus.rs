//! What the fuzzer found worth keeping, judged as the fuzzer judges it.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the corpus has failed")]

#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the fuzzer calls them from outside")]
mod judges;

use std::fs;
use std::path::Path;

#[test]
fn nothing_that_is_kept_makes_a_reader_panic_or_lie() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, judge) in judges::JUDGES {
        let mut judged = 0;
        for entry in fs::read_dir(corpus.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let judging = std::panic::catch_unwind(|| judge(&bytes));
            assert!(judging.is_ok(), "{}", path.display());
            judged += 1;
        }
        assert!(judged >= 5, "{name}: the corpus has {judged} files");
    }
}
