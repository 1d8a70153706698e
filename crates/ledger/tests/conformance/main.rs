//! What every store has to do, whatever it is made of. The suite knows a store by [`Store`](steadfast_ledger::Store)
//! alone; it is run against SQLite, and against a store in memory to show that nothing in it needs SQLite.
//!
//! To run it against another store, implement `Subject` for it and add a line to the list below.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod memory;
mod suite;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use steadfast_ledger::{Ledger, Options};

use memory::Memory;
use suite::Subject;

/// A ledger in a directory of its own.
struct Sqlite {
    dir: tempfile::TempDir,
    clock: Arc<AtomicI64>,
}

impl Subject for Sqlite {
    type Store = Ledger;

    fn make(clock: &Arc<AtomicI64>) -> (Self, Ledger) {
        let dir = tempfile::tempdir().unwrap();
        let subject = Sqlite { dir, clock: Arc::clone(clock) };
        let ledger = subject.open();
        (subject, ledger)
    }

    fn after_the_process(&self, store: Ledger) -> Ledger {
        drop(store);
        self.open()
    }
}

impl Sqlite {
    fn open(&self) -> Ledger {
        let clock = Arc::clone(&self.clock);
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        let options = Options { clock, ..Options::default() };
        Ledger::open_with(&self.dir.path().join("a.db"), options).unwrap()
    }
}

struct InMemory;

impl Subject for InMemory {
    type Store = Memory;

    fn make(clock: &Arc<AtomicI64>) -> (Self, Memory) {
        (InMemory, Memory::new(clock))
    }

    fn after_the_process(&self, store: Memory) -> Memory {
        store.opened()
    }
}

macro_rules! conforms {
    ($($store:ident: $subject:ty;)*) => {
        $(mod $store { crate::suite::every_case!($subject); })*
    };
}

conforms! {
    sqlite: super::Sqlite;
    in_memory: super::InMemory;
}
