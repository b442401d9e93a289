//! FETCH (RFC 3501 §6.4.5): which items are wanted, and what each says of a message.

mod address;
mod body_structure;
mod envelope;
mod items;
pub(super) mod mime;
mod section;

use super::{
    append::show_internal_date,
    folder_view::{Row, flag_list},
    output::{Output, quoted},
    session::{CommandResult, Session, Status},
    tokens::{Tokens, Unreadable},
};
use crate::{
    lab::embedded::store::{FolderKind, account::Mail},
    target::Provider,
};
use items::Item;
use mime::Part;
use std::cell::OnceCell;

impl Session {
    pub(super) fn fetch(&mut self, uid: bool, args: &mut Tokens, out: &mut Output) -> CommandResult {
        let (mut rows, gone) = self.chosen(uid, args)?;
        let mut items = items::read(args, self.server.provider == Provider::Gmail)?;
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let account = self.account()?;
        let view = self.view.as_mut().ok_or(Unreadable)?;
        let marks_seen = !view.read_only && items.iter().any(Item::marks_seen);
        for row in &mut rows {
            let mut newly_seen = false;
            if marks_seen && row.flags.insert("\\Seen".into()) {
                newly_seen = true;
                account.change(|mail| {
                    mail.set_flags(&view.folder, row.uid, &row.flags);
                    view.seen(mail, row.uid);
                });
            }
            let labels = if items.contains(&Item::GmLabels) {
                account.read(|mail| labels(mail, row.message.gm_msgid, &view.kind))
            } else {
                Vec::new()
            };
            out.append(answer(row, &items, &labels, newly_seen));
        }
        Ok(if gone { Status::no("Some messages could not be FETCHed (Failure)") } else { Status::ok("Success") })
    }
}

/// `* n FETCH (…)` for one message.
fn answer(row: &Row, items: &[Item], labels: &[String], newly_seen: bool) -> Output {
    let mut out = Output::default();
    let structure = OnceCell::new();
    let root = || structure.get_or_init(|| Part::read(&row.message.raw));
    let raw = &row.message.raw;
    out.text(format_args!("* {} FETCH (", row.seq));
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.text(" ");
        }
        match item {
            Item::Uid => out.text(format_args!("UID {}", row.uid)),
            Item::Flags => out.text(format_args!("FLAGS ({})", flag_list(&row.flags))),
            Item::InternalDate => {
                out.text(format_args!("INTERNALDATE {}", quoted(&show_internal_date(row.message.internal_date))));
            }
            Item::Size => out.text(format_args!("RFC822.SIZE {}", raw.len())),
            Item::Envelope => {
                out.text("ENVELOPE ");
                envelope::write(row.message.header(), &mut out);
            }
            Item::Body => {
                out.text("BODY ");
                body_structure::write(raw, root(), false, &mut out);
            }
            Item::BodyStructure => {
                out.text("BODYSTRUCTURE ");
                body_structure::write(raw, root(), true, &mut out);
            }
            Item::Section { section, partial, .. } => {
                out.text(format_args!("BODY[{}]", section.name()));
                if let Some((from, _)) = partial {
                    out.text(format_args!("<{from}>"));
                }
                out.text(" ");
                section.write(raw, root, *partial, &mut out);
            }
            Item::Rfc822 { name, section } => {
                out.text(format_args!("{name} "));
                section.write(raw, root, None, &mut out);
            }
            Item::GmMsgid => out.text(format_args!("X-GM-MSGID {}", row.message.gm_msgid)),
            Item::GmThrid => out.text(format_args!("X-GM-THRID {}", row.message.gm_thrid)),
            Item::GmLabels => out.text(format_args!("X-GM-LABELS ({})", labels.join(" "))),
        }
    }
    if newly_seen && !items.contains(&Item::Flags) {
        out.text(format_args!(" FLAGS ({})", flag_list(&row.flags)));
    }
    out.line(")");
    out
}

/// The labels as X-GM-LABELS shows them in a folder: without the folder itself, strings quoted where they must be.
pub(super) fn labels(mail: &Mail, gm_msgid: u64, folder: &FolderKind) -> Vec<String> {
    mail.holders(gm_msgid)
        .filter(|kind| *kind != folder)
        .filter_map(|kind| kind.label())
        .map(|label| if label.bytes().all(|b| b.is_ascii_alphanumeric()) { label.to_owned() } else { quoted(label) })
        .collect()
}
