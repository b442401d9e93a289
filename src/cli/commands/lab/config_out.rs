//! The world as a project file, as a person would write one.

use crate::scenario::{
    Target,
    target::{Endpoint, Provider, TlsMode},
};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes the project file, and beside it a folder with the CA certificate and the secrets; the certificate's path.
pub(super) fn write(file: &Path, target: &Target, ca_pem: &str) -> io::Result<PathBuf> {
    let mut folder = file.as_os_str().to_owned();
    folder.push(".d");
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    // Paths in a project file are relative to it.
    let below = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let ca_file = folder.join("ca.pem");
    fs::write(&ca_file, ca_pem)?;
    let mut text = format!(
        "# The world of `sealcheck lab up` as target gmail; it is there as long as that command runs.\n\
         sealcheck: 1\ntarget: gmail\n{}accounts:\n",
        target.dns.map(|dns| format!("dns: {dns}\n")).unwrap_or_default()
    );
    for (name, account) in &target.accounts {
        text.push_str(&format!("  {name}:\n    address: {}\n", account.address));
        if let Some(smtp) = &account.smtp {
            text.push_str(&server("smtp", smtp, &below, name));
            secret(&folder, name, smtp)?;
        }
        if let Some(imap) = &account.imap {
            text.push_str(&server("imap", &imap.endpoint, &below, name));
            secret(&folder, name, &imap.endpoint)?;
            if imap.provider == Provider::Gmail {
                text.push_str("      provider: gmail\n");
            }
        }
        let more = [
            ("forwards_to", &account.forwards_to),
            ("seal_domain", &account.seal_domain),
            ("authserv_id", &account.authserv_id),
        ];
        for (key, value) in more {
            text.push_str(&value.as_ref().map(|value| format!("    {key}: {value}\n")).unwrap_or_default());
        }
    }
    fs::write(file, text)?;
    Ok(ca_file)
}

fn server(key: &str, endpoint: &Endpoint, below: &str, account: &str) -> String {
    let tls = match endpoint.tls {
        TlsMode::Implicit => "implicit",
        TlsMode::Starttls => "starttls",
        TlsMode::None => "none",
    };
    let mut text = format!(
        "    {key}:\n      host: {}\n      port: {}\n      tls: {tls}\n      ca_file: {}\n",
        endpoint.host,
        endpoint.port,
        quoted(&format!("{below}/ca.pem"))
    );
    if let Some(name) = &endpoint.tls_name {
        text.push_str(&format!("      tls_name: {name}\n"));
    }
    if let Some(login) = &endpoint.login {
        let file = quoted(&format!("{below}/{account}.secret"));
        text.push_str(&format!("      user: {}\n      password: {{ file: {file} }}\n", login.user));
    }
    text
}

/// A text in double quotes is YAML as well as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes an account's secret so that only its owner can read it.
fn secret(folder: &Path, account: &str, endpoint: &Endpoint) -> io::Result<()> {
    let Some(login) = &endpoint.login else { return Ok(()) };
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join(format!("{account}.secret")))?.write_all(login.secret.expose().as_bytes())
}
