//! Feeds the reader that the variable READER names.

#![no_main]

#[path = "../it/mail/fuzz_readers.rs"]
mod fuzz_readers;

use std::sync::LazyLock;

static READ: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let names = fuzz_readers::READERS.map(|r| r.name).join(", ");
    let wanted = std::env::var("READER").unwrap_or_default();
    let reader = fuzz_readers::READERS.into_iter().find(|r| r.name == wanted);
    reader.unwrap_or_else(|| panic!("READER={wanted} is none of {names}")).read
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (*READ)(data));
