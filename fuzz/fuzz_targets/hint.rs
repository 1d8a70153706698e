//! See `steadfast_fuzz::hint_of`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::hint_of(bytes));
