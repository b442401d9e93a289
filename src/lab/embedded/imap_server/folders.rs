//! The commands about folders as such: LIST and its kin, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE.

use super::{
    output::{Output, quoted},
    session::{CommandResult, Session, Status},
    tokens::{Token, Tokens, Unreadable},
};
use crate::lab::embedded::store::{FolderKind, account::Mail, folder::Folder, utf7};
use std::collections::BTreeSet;

impl Session {
    /// LIST, LSUB (RFC 3501 §6.3.8-9) and XLIST.
    pub(super) fn list(&self, command: &str, args: &mut Tokens, out: &mut Output) -> CommandResult {
        // RFC 5258 options stand before the reference or after the pattern; Gmail refuses both.
        if args.peek() == Some(&Token::Open) {
            return Err(Unreadable);
        }
        let (reference, pattern) = (args.text()?, args.text()?);
        args.end()?;
        if pattern.is_empty() && command != "LSUB" {
            out.line(format_args!("* {command} (\\Noselect) \"/\" \"\""));
            return Ok(Status::ok("Success"));
        }
        let pattern = self.name_in(&format!("{reference}{pattern}"));
        self.account()?.read(|mail| {
            for (name, folder) in tree(mail) {
                let wanted = command != "LSUB" || folder.is_none_or(|f| f.subscribed);
                if wanted && matches(pattern.as_bytes(), name.as_bytes(), name.eq_ignore_ascii_case("INBOX")) {
                    let attributes = attributes(mail, name, folder, command == "XLIST");
                    out.line(format_args!("* {command} ({attributes}) \"/\" {}", self.name_out(name)));
                }
            }
        });
        Ok(Status::ok("Success"))
    }

    /// STATUS (RFC 3501 §6.3.10).
    pub(super) fn status(&self, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let name = self.name_in(&args.text()?);
        let items = args.list()?;
        args.end()?;
        self.account()?.read(|mail| {
            let Some(folder) = mail.folder(&name) else { return Ok(Status::no_folder(&name)) };
            let values = items
                .iter()
                .map(|item| {
                    let value = match item.to_ascii_uppercase().as_str() {
                        "MESSAGES" => folder.entries.len() as u64,
                        "RECENT" => 0,
                        "UIDNEXT" => folder.uid_next.into(),
                        "UIDVALIDITY" => folder.uid_validity.into(),
                        "HIGHESTMODSEQ" => mail.modseq(),
                        "UNSEEN" => folder.entries.iter().filter(|e| !mail.flags(e).contains("\\Seen")).count() as u64,
                        _ => return Err(Unreadable),
                    };
                    Ok(format!("{} {value}", item.to_ascii_uppercase()))
                })
                .collect::<Result<Vec<_>, _>>()?;
            out.line(format_args!("* STATUS {} ({})", self.name_out(&folder.name), values.join(" ")));
            Ok(Status::ok("Success"))
        })
    }

    /// CREATE (RFC 3501 §6.3.3).
    pub(super) fn create(&self, args: &mut Tokens) -> CommandResult {
        let name = self.name_in(&args.text()?);
        args.end()?;
        let name = name.strip_suffix('/').unwrap_or(&name);
        if name.is_empty()
            || name.len() > 255
            || utf7::decode(name).is_none()
            || name.starts_with("[Gmail]")
            || name.contains(['%', '*'])
        {
            return Ok(Status::no(format_args!("[CANNOT] Invalid folder name: {name} (Failure)")));
        }
        let created = self.account()?.change(|mail| mail.create(name));
        Ok(if created {
            Status::ok("Success")
        } else {
            Status::no(format_args!("[ALREADYEXISTS] Duplicate folder name {name} (Failure)"))
        })
    }

    /// DELETE (RFC 3501 §6.3.4).
    pub(super) fn delete(&self, args: &mut Tokens) -> CommandResult {
        let name = self.name_in(&args.text()?);
        args.end()?;
        let deleted = self.account()?.change(|mail| mail.delete(&name));
        Ok(if deleted { Status::ok("Success") } else { Status::no_folder(&name) })
    }

    /// RENAME (RFC 3501 §6.3.5).
    pub(super) fn rename(&self, args: &mut Tokens) -> CommandResult {
        let (from, to) = (self.name_in(&args.text()?), self.name_in(&args.text()?));
        args.end()?;
        let renamed = self.account()?.change(|mail| mail.rename(&from, &to));
        Ok(if renamed {
            Status::ok("Success")
        } else {
            Status::no(format_args!("[CANNOT] Cannot rename {from} to {to} (Failure)"))
        })
    }

    /// SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6-7).
    pub(super) fn subscribe(&self, args: &mut Tokens, subscribed: bool) -> CommandResult {
        let name = self.name_in(&args.text()?);
        args.end()?;
        let found = self.account()?.change(|mail| mail.folder_mut(&name).map(|f| f.subscribed = subscribed));
        Ok(if found.is_some() { Status::ok("Success") } else { Status::no_folder(&name) })
    }

    /// GETQUOTAROOT and GETQUOTA (RFC 2087), in units of 1024 octets.
    pub(super) fn quota(&self, args: &mut Tokens, root: bool, out: &mut Output) -> CommandResult {
        let name = args.text()?;
        args.end()?;
        let used = self.account()?.read(Mail::size) / 1024;
        if root {
            out.line(format_args!("* QUOTAROOT {} \"\"", quoted(&name)));
        }
        out.line(format_args!("* QUOTA \"\" (STORAGE {used} 15728640)"));
        Ok(Status::ok("Success"))
    }

    /// A name as the store has it.
    pub(super) fn name_in(&self, name: &str) -> String {
        if name.is_ascii() { name.to_owned() } else { utf7::encode(name) }
    }

    /// A name as this client reads it.
    fn name_out(&self, name: &str) -> String {
        let decoded = self.utf8.then(|| utf7::decode(name)).flatten();
        quoted(decoded.as_deref().unwrap_or(name))
    }
}

/// Every name with its folder, INBOX first; names that only have folders below them have none.
fn tree(mail: &Mail) -> Vec<(&str, Option<&Folder>)> {
    let mut names: BTreeSet<&str> = mail.folders().iter().map(|f| f.name.as_str()).collect();
    for folder in mail.folders() {
        names.extend(folder.name.match_indices('/').filter_map(|(at, _)| folder.name.get(..at)));
    }
    let mut tree: Vec<_> = names.into_iter().map(|n| (n, mail.folder(n))).collect();
    tree.sort_by_key(|(name, _)| *name != "INBOX");
    tree
}

/// The attributes, in the order of the alphabet as Gmail lists them.
fn attributes(mail: &Mail, name: &str, folder: Option<&Folder>, is_xlist: bool) -> String {
    let below = mail.folders().iter().any(|f| f.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')));
    let mut all = vec![if below { "\\HasChildren" } else { "\\HasNoChildren" }];
    match folder {
        None => all.push("\\Noselect"),
        Some(folder) if is_xlist => all.extend(match folder.kind {
            FolderKind::Inbox => Some("\\Inbox"),
            FolderKind::All => Some("\\AllMail"),
            FolderKind::Junk => Some("\\Spam"),
            FolderKind::Flagged => Some("\\Starred"),
            _ => folder.kind.attribute(),
        }),
        Some(folder) => all.extend(folder.kind.attribute()),
    }
    all.sort_unstable();
    all.join(" ")
}

/// Whether a name fits a LIST pattern: `*` is anything, `%` anything without the separator.
fn matches(pattern: &[u8], name: &[u8], fold: bool) -> bool {
    // After each step: how many octets of the name may be used up by now.
    let mut used = vec![false; name.len() + 1];
    used[0] = true;
    for p in pattern {
        let mut before = used[0];
        used[0] &= matches!(p, b'*' | b'%');
        for (at, n) in name.iter().enumerate() {
            let after = match p {
                b'*' => used[at + 1] || used[at],
                b'%' => used[at + 1] || (used[at] && *n != b'/'),
                p => before && (p == n || (fold && p.eq_ignore_ascii_case(n))),
            };
            before = std::mem::replace(&mut used[at + 1], after);
        }
    }
    used[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_the_rfc_says() {
        let fits = |pattern: &str, name: &str| matches(pattern.as_bytes(), name.as_bytes(), name == "INBOX");
        assert!(fits("*", "[Gmail]/Spam") && fits("[Gmail]/%", "[Gmail]/Spam") && fits("inbox", "INBOX"));
        assert!(fits("%", "[Gmail]") && !fits("%", "[Gmail]/Spam") && !fits("[gmail]/*", "[Gmail]/Spam"));
        assert!(fits("*am", "[Gmail]/Spam") && !fits("", "INBOX"));
    }
}
