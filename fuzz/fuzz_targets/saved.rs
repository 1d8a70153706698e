//! See `steadfast_fuzz::saved`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::saved(bytes));
