//! DNS: the records of keys, and what it says of the domain and of the server that sends.

pub(super) mod key_record;
mod sending_server;

pub(super) use sending_server::look;
