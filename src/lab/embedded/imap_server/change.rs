//! The commands that change messages: STORE, COPY, MOVE, EXPUNGE.

use super::{
    fetch::labels,
    folder_view::{Row, flag_list},
    output::Output,
    sequence,
    session::{CommandResult, Session, Status},
    tokens::{Tokens, Unreadable},
};
use crate::lab::embedded::store::{FolderKind, Uid, account::Mail, utf7};
use std::collections::BTreeSet;

/// What STORE does with the values it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Replace,
    Add,
    Remove,
}

impl How {
    fn apply(self, old: &BTreeSet<String>, given: &BTreeSet<String>) -> BTreeSet<String> {
        match self {
            Self::Replace => given.clone(),
            Self::Add => old.union(given).cloned().collect(),
            Self::Remove => old.difference(given).cloned().collect(),
        }
    }
}

impl Session {
    /// The rows of a sequence set or set of UIDs; a message number that does not exist is an error, a UID is not.
    pub(super) fn chosen(&self, uid: bool, args: &mut Tokens) -> Result<(Vec<Row>, bool), Unreadable> {
        let set = args.set()?;
        let (view, account) = (self.view.as_ref().ok_or(Unreadable)?, self.account()?);
        if !uid && set.exceeds(view.exists()) {
            return Err(Unreadable);
        }
        let (greatest, greatest_uid) = (view.exists(), view.greatest_uid());
        Ok(view.rows(&account, |seq, u| if uid { set.contains(u, greatest_uid) } else { set.contains(seq, greatest) }))
    }

    /// STORE (RFC 3501 §6.4.6) and STORE X-GM-LABELS.
    pub(super) fn store(&mut self, uid: bool, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let (rows, gone) = self.chosen(uid, args)?;
        let item = args.keyword()?;
        let mut given = BTreeSet::new();
        while !args.is_empty() {
            given.extend(args.list()?);
        }
        let (item, silent) = item.strip_suffix(".SILENT").map_or((item.as_str(), false), |i| (i, true));
        let (item, how) = match item.as_bytes().first() {
            Some(b'+') => (&item[1..], How::Add),
            Some(b'-') => (&item[1..], How::Remove),
            _ => (item, How::Replace),
        };
        let account = self.account()?;
        let view = self.view.as_mut().ok_or(Unreadable)?;
        if view.read_only {
            return Ok(Status::no("[READ-ONLY] Folder is opened read-only (Failure)"));
        }
        let (folder, kind) = (view.folder.clone(), view.kind.clone());
        let is_labels = match item {
            "FLAGS" => false,
            "X-GM-LABELS" if self.server.provider == crate::target::Provider::Gmail => true,
            _ => return Err(Unreadable),
        };
        let flags: BTreeSet<String> = given.iter().map(|flag| canonical_flag(flag)).collect();
        for row in &rows {
            let text = account.change(|mail| {
                let text = if is_labels {
                    change_labels(mail, row.message.gm_msgid, how, &given);
                    format!("X-GM-LABELS ({})", labels(mail, row.message.gm_msgid, &kind).join(" "))
                } else {
                    let flags = how.apply(&row.flags, &flags);
                    mail.set_flags(&folder, row.uid, &flags);
                    format!("FLAGS ({})", flag_list(&flags))
                };
                view.seen(mail, row.uid);
                text
            });
            if !silent {
                let uid = if uid { format!(" UID {}", row.uid) } else { String::new() };
                out.line(format_args!("* {} FETCH ({text}{uid})", row.seq));
            }
        }
        Ok(done(gone, "stored"))
    }

    /// COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851), with COPYUID (RFC 4315).
    pub(super) fn copy(&mut self, uid: bool, args: &mut Tokens, remove: bool, out: &mut Output) -> CommandResult {
        let (rows, gone) = self.chosen(uid, args)?;
        let name = self.name_in(&args.text()?);
        args.end()?;
        let account = self.account()?;
        let view = self.view.as_ref().ok_or(Unreadable)?;
        if remove && view.read_only {
            return Ok(Status::no("[READ-ONLY] Folder is opened read-only (Failure)"));
        }
        let from = view.kind.clone();
        let copied = account.change(|mail| {
            let (to, validity) = mail.folder(&name).map(|f| (f.kind.clone(), f.uid_validity))?;
            let uids: Vec<(Uid, Uid)> = rows
                .iter()
                .filter_map(|row| {
                    let new = mail.copy(row.message.gm_msgid, &to)?;
                    // All Mail keeps what gets a label.
                    if remove
                        && from != to
                        && from != FolderKind::All
                        && mail.holders(row.message.gm_msgid).any(|k| *k == from)
                    {
                        mail.take(row.message.gm_msgid, &from);
                    }
                    Some((row.uid, new))
                })
                .collect();
            Some((validity, uids))
        });
        let Some((validity, uids)) = copied else {
            return Ok(Status::no(format_args!("[TRYCREATE] No folder {name} (Failure)")));
        };
        let (old, new): (Vec<_>, Vec<_>) = uids.into_iter().unzip();
        let code = if old.is_empty() {
            String::new()
        } else {
            format!("[COPYUID {validity} {} {}] ", sequence::write(&old), sequence::write(&new))
        };
        if remove {
            if !code.is_empty() {
                out.line(format_args!("* OK {code}(Success)"));
            }
            self.sync(true, out);
            return Ok(done(gone, "moved"));
        }
        Ok(if gone { done(gone, "copied") } else { Status::ok(format_args!("{code}(Success)")) })
    }

    /// EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315).
    pub(super) fn expunge(&mut self, uid: bool, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let only = if uid { Some(self.chosen(uid, args)?.0.into_iter().map(|r| r.uid).collect()) } else { None };
        args.end()?;
        if self.view.as_ref().is_some_and(|v| v.read_only) {
            return Ok(Status::no("[READ-ONLY] Folder is opened read-only (Failure)"));
        }
        self.expunge_deleted(only)?;
        self.sync(true, out);
        Ok(Status::ok("Success"))
    }

    /// Takes out what is marked `\Deleted`; nothing in a folder that is only read.
    pub(super) fn expunge_deleted(&mut self, only: Option<BTreeSet<Uid>>) -> Result<(), Unreadable> {
        let (view, account) = (self.view.as_ref().ok_or(Unreadable)?, self.account()?);
        if view.read_only {
            return Ok(());
        }
        let (rows, _) = view.rows(&account, |_, uid| only.as_ref().is_none_or(|only| only.contains(&uid)));
        account.change(|mail| {
            for row in rows.iter().filter(|r| r.flags.contains("\\Deleted")) {
                mail.take(row.message.gm_msgid, &view.kind);
            }
        });
        Ok(())
    }
}

fn done(gone: bool, what: &str) -> Status {
    if gone { Status::no(format_args!("Some messages could not be {what} (Failure)")) } else { Status::ok("Success") }
}

/// System flags are written one way; keywords stay as they are.
fn canonical_flag(flag: &str) -> String {
    const SYSTEM: [&str; 6] = ["\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "\\Seen", "\\Recent"];
    SYSTEM.into_iter().find(|s| s.eq_ignore_ascii_case(flag)).unwrap_or(flag).to_owned()
}

fn change_labels(mail: &mut Mail, gm_msgid: u64, how: How, given: &BTreeSet<String>) {
    let given: Vec<FolderKind> = given.iter().map(|label| kind_of(label)).collect();
    let held: Vec<FolderKind> = mail.holders(gm_msgid).filter(|k| **k != FolderKind::All).cloned().collect();
    for kind in held {
        if (how == How::Remove && given.contains(&kind)) || (how == How::Replace && !given.contains(&kind)) {
            // Without its last label a message is in All Mail still.
            mail.put(gm_msgid, &FolderKind::All);
            mail.take(gm_msgid, &kind);
        }
    }
    if how != How::Remove {
        for kind in given {
            if let FolderKind::Label(name) = &kind {
                mail.create(name);
            }
            mail.put(gm_msgid, &kind);
        }
    }
}

/// The folder that a label stands for.
fn kind_of(label: &str) -> FolderKind {
    let system = FolderKind::GMAIL.into_iter().find(|k| k.label().is_some_and(|l| l.eq_ignore_ascii_case(label)));
    system.unwrap_or_else(|| FolderKind::Label(if label.is_ascii() { label.into() } else { utf7::encode(label) }))
}
