//! See `steadfast_fuzz::reply`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::reply(bytes));
