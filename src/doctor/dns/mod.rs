//! DNS: the records of keys, and what it says of the domain and of the server that sends.

pub(super) mod key_record;
mod sending_server;
mod spf;

pub(super) use sending_server::look;

use crate::verify::{Dns, TxtAnswer};

/// The TXT records at a name.
///
/// # Errors
/// That DNS gave no answer.
pub(super) async fn txt_records(dns: &Dns, name: &str) -> Result<Vec<String>, String> {
    match dns.txt(name).await {
        TxtAnswer::Records { texts, .. } => Ok(texts.iter().map(|t| String::from_utf8_lossy(t).into_owned()).collect()),
        TxtAnswer::NoData | TxtAnswer::NxDomain => Ok(Vec::new()),
        failed @ TxtAnswer::Failed(_) => {
            Err(format!("DNS gave no answer for {name} ({})", failed.word().unwrap_or_default()))
        }
    }
}
