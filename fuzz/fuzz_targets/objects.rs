//! See `steadfast_fuzz::objects`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| steadfast_fuzz::objects(bytes));
