//! The readers of mail.

pub(crate) mod corpus;
pub(crate) mod fuzz_readers;
pub(crate) mod fuzzed;
pub(crate) mod readers;
