//! See `steadfast_fuzz::place`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::place(bytes));
