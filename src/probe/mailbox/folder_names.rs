//! What a server calls its folders.

use super::{fetch::Listed, imap_connection::ImapConnection, utf7};
use crate::{
    evidence::Folder,
    outcome::{HarnessError, HarnessErrorKind},
    target::Provider,
};

/// Names that servers without special-use attributes give to the folder for spam.
const SPAM_NAMES: [&str; 5] = ["junk", "spam", "junk e-mail", "junk email", "bulk mail"];

/// How a folder was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The project file names it.
    Settings,
    /// By its attribute (RFC 6154).
    Attribute,
    /// By a name that is usual.
    Usual,
}

/// Whether there is a folder.
#[derive(Debug)]
pub(super) enum Named {
    /// Its name, as the server writes it, and how it was found.
    Found(String, FoundBy),
    /// What there is instead.
    Absent(HarnessError),
}

impl ImapConnection {
    /// The name of a folder, as the server writes it.
    ///
    /// # Errors
    /// H09 too when the configuration names a folder that is not there.
    pub(super) fn folder_name(&mut self, folder: Folder) -> Result<Named, HarnessError> {
        let configured = match folder {
            Folder::Inbox => return Ok(Named::Found("INBOX".to_owned(), FoundBy::Usual)),
            Folder::Spam => self.names.spam.clone(),
            Folder::All => None,
        };
        let folders = self.folders()?;
        let found = match (&configured, folder) {
            (Some(name), _) => Some((self.configured(&folders, name)?, FoundBy::Settings)),
            (None, Folder::Spam) => special(&folders, "\\junk").map(|name| (name, FoundBy::Attribute)).or_else(|| {
                let usual = folders.iter().find(|f| SPAM_NAMES.contains(&last_level(f).as_str()));
                usual.map(|f| (f.name.clone(), FoundBy::Usual))
            }),
            (None, _) => special(&folders, "\\all").map(|name| (name, FoundBy::Attribute)),
        };
        Ok(match found {
            Some((name, by)) => Named::Found(name, by),
            None => Named::Absent(self.absent(folder, &folders)),
        })
    }

    /// The name of the bin.
    pub(super) fn bin_name(&mut self) -> Result<Option<String>, HarnessError> {
        let folders = self.folders()?;
        match self.names.trash.clone() {
            Some(name) => self.configured(&folders, &name).map(Some),
            None => Ok(special(&folders, "\\trash")),
        }
    }

    /// A folder of the configuration, as the server writes it.
    fn configured(&self, folders: &[Listed], name: &str) -> Result<String, HarnessError> {
        let found = folders.iter().find(|f| f.name == name || utf7::readable(&f.name) == name);
        found.map(|f| f.name.clone()).ok_or_else(|| {
            let message = format!("there is no folder `{name}`; LIST shows {}", listed(folders));
            let next = "write one of these names below `imap: { folders: … }` of the account";
            HarnessError::new(HarnessErrorKind::File, self.stage("LIST"), message, next)
        })
    }

    fn absent(&self, folder: Folder, folders: &[Listed]) -> HarnessError {
        let message = format!("no folder is marked as {folder}; LIST shows {}", listed(folders));
        let next = match self.provider {
            Provider::Gmail => "in Gmail's settings, under Labels, tick `Show in IMAP` for it",
            Provider::Generic => "name it below `imap: { folders: { spam: NAME } }` of the account",
        };
        HarnessError::new(HarnessErrorKind::File, self.stage("LIST"), message, next)
    }

    /// Every folder that can be opened. Gmail gives the attributes of RFC 6154 in a plain LIST and refuses to be asked for them; others
    /// want to be asked.
    fn folders(&mut self) -> Result<Vec<Listed>, HarnessError> {
        let plain = self.list("LIST \"\" \"*\"")?;
        let has_uses =
            plain.iter().any(|f| f.attributes.iter().any(|a| matches!(a.as_str(), "\\junk" | "\\all" | "\\trash")));
        if has_uses || !self.can("SPECIAL-USE") {
            return Ok(plain);
        }
        self.list("LIST \"\" \"*\" RETURN (SPECIAL-USE)")
    }

    fn list(&mut self, command: &str) -> Result<Vec<Listed>, HarnessError> {
        let mut folders = self.run("LIST", command)?.folders;
        folders.retain(|f| !f.attributes.iter().any(|a| matches!(a.as_str(), "\\noselect" | "\\nonexistent")));
        Ok(folders)
    }
}

/// The names of folders for people, at most twenty.
fn listed(folders: &[Listed]) -> String {
    let names: Vec<_> = folders.iter().take(20).map(|f| format!("`{}`", utf7::readable(&f.name))).collect();
    match (names.is_empty(), folders.len() > names.len()) {
        (true, _) => "no folders".to_owned(),
        (false, more) => names.join(", ") + if more { ", …" } else { "" },
    }
}

fn special(folders: &[Listed], attribute: &str) -> Option<String> {
    folders.iter().find(|f| f.attributes.iter().any(|a| a == attribute)).map(|f| f.name.clone())
}

fn last_level(folder: &Listed) -> String {
    let name = folder.delimiter.as_deref().filter(|d| !d.is_empty());
    let last = name.and_then(|d| folder.name.rsplit(d).next()).unwrap_or(&folder.name);
    last.to_ascii_lowercase()
}
