//! See `steadfast_fuzz::dialect`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::dialect(bytes));
