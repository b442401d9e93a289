//! The world as a project file, as a person would write one.

use crate::{
    core::{
        Secret,
        file::{self, Access, Place},
    },
    lab::embedded::{Google, World},
    target::{DkimSigner, Endpoint, Provider, Target, TlsMode},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Writes the project file, and a folder with the CA certificate and the secrets; the certificate's path.
pub(super) fn write(file: &Path, target: &Target, world: &World) -> io::Result<PathBuf> {
    let (folder, below) = folder(file)?;
    let ca_file = folder.join("ca.pem");
    file::replace(&ca_file, world.describe().ca_pem.as_bytes(), Access::Usual)?;
    let files = Files { folder: &folder, below: &below, google: world.google() };
    let mut text = format!(
        "# The world of `sealcheck lab up` as target gmail; it is there as long as that command runs.\n\
         sealcheck: 1\ntarget: gmail\n{}accounts:\n",
        target.dns.map(|dns| format!("dns: {dns}\n")).unwrap_or_default()
    );
    for (name, account) in &target.accounts {
        text.push_str(&format!("  {name}:\n    address: {}\n", account.address));
        if let Some(smtp) = &account.smtp {
            text.push_str(&files.server("smtp", smtp, name)?);
        }
        if let Some(imap) = &account.imap {
            text.push_str(&files.server("imap", &imap.endpoint, name)?);
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
        if let Some(DkimSigner { domain, selector, key }) = &account.dkim {
            // The domain is the one of the address.
            text.push_str(&format!("    dkim:\n      selector: {selector}\n"));
            text.push_str(&files.secret("private_key", domain, "pem", key)?);
        }
    }
    text.push_str(&format!("profiles:\n{SMOKE}"));
    file::replace(file, text.as_bytes(), Access::Usual)?;
    Ok(ca_file)
}

/// The folder of secrets, made where there is none, and how the project file names it: beside the project file; where that is
/// no file, in the current directory.
fn folder(file: &Path) -> io::Result<(PathBuf, String)> {
    match file::place(file)? {
        Place::File(path) if path.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Place::File(_) => {
            let mut folder = file.as_os_str().to_owned();
            folder.push(".d");
            let folder = PathBuf::from(folder);
            fs::create_dir_all(&folder)?;
            // Paths in a project file are relative to it.
            let below = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Ok((folder, below))
        }
        // Nobody knows where the project file will be read.
        Place::Special | Place::Descriptor => {
            fs::create_dir_all("lab.d")?;
            let folder = Path::new("lab.d").canonicalize()?;
            let below = folder.display().to_string();
            Ok((folder, below))
        }
    }
}

/// The gate of a deployment, as the page about Gmail has it.
const SMOKE: &str = "  smoke: { tags: [smoke], fail_fast: true, global_timeout: 90s, update: never }\n";

/// What lies beside the project file.
struct Files<'a> {
    folder: &'a Path,
    below: &'a str,
    google: Option<&'a Google>,
}

impl Files<'_> {
    /// A server, its secrets written to files.
    fn server(&self, key: &str, endpoint: &Endpoint, account: &str) -> io::Result<String> {
        let tls = match endpoint.tls {
            TlsMode::Implicit => "implicit",
            TlsMode::Starttls => "starttls",
            TlsMode::None => "none",
        };
        let ca_file = self.path("ca.pem");
        let mut text = format!(
            "    {key}:\n      host: {}\n      port: {}\n      tls: {tls}\n      ca_file: {ca_file}\n",
            endpoint.host, endpoint.port,
        );
        if let Some(name) = &endpoint.tls_name {
            text.push_str(&format!("      tls_name: {name}\n"));
        }
        let Some(login) = &endpoint.login else { return Ok(text) };
        text.push_str(&format!("      user: {}\n", login.user));
        match &login.oauth {
            None => text.push_str(&self.secret("password", account, "secret", &login.secret)?),
            Some(client) => {
                text.push_str("      auth: xoauth2\n");
                text.push_str(&self.secret("client_id", "google", "client_id", &client.id)?);
                text.push_str(&self.secret("client_secret", "google", "client_secret", &client.secret)?);
                text.push_str(&self.secret("refresh_token", account, "refresh_token", &login.secret)?);
                text.push_str(&format!("      token_endpoint: {}\n", client.token_endpoint));
                if let Some(google) = self.google {
                    text.push_str(&format!("      authorization_endpoint: {}\n", google.authorization_endpoint()));
                }
                text.push_str(&format!("      token_ca_file: {ca_file}\n"));
            }
        }
        Ok(text)
    }

    /// A key with a secret, which is written so that only its owner can read it.
    fn secret(&self, key: &str, of: &str, what: &str, secret: &Secret) -> io::Result<String> {
        let name = format!("{of}.{what}");
        file::replace_private(&self.folder.join(&name), secret.expose().as_bytes())?;
        Ok(format!("      {key}: {{ file: {} }}\n", self.path(&name)))
    }

    /// A file beside the project file, as the project file names it. A text in double quotes is YAML as well as JSON.
    fn path(&self, name: &str) -> String {
        serde_json::Value::from(format!("{}/{name}", self.below)).to_string()
    }
}
