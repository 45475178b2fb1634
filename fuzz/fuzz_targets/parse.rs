//! The syntax tree of any text is lossless and every token stands where it says.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    harden_fuzz::parse(&String::from_utf8_lossy(data));
});
