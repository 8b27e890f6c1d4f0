#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| walscope_fuzz::images::run(data));
