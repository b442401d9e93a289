//! SEARCH (RFC 3501 §6.4.4) with Gmail's keys.

mod candidate;
mod gm_raw;
mod search_key;
mod text_match;

use super::{
    output::Output,
    session::{CommandResult, Session, Status},
    tokens::{Token, Tokens, Unreadable},
};
use crate::{lab::embedded::store::FolderKind, target::Provider};
use candidate::Candidate;
use search_key::Key;

impl Session {
    pub(super) fn search(&mut self, uid: bool, args: &mut Tokens, out: &mut Output) -> CommandResult {
        if args.peek().is_some_and(|t| matches!(t, Token::Atom(a) if a.eq_ignore_ascii_case("CHARSET"))) {
            args.keyword()?;
            if !matches!(args.text()?.to_ascii_uppercase().as_str(), "UTF-8" | "US-ASCII") {
                return Ok(Status::no("[BADCHARSET (UTF-8 US-ASCII)] Unsupported charset (Failure)"));
            }
        }
        let keys = search_key::read_all(args, self.server.provider == Provider::Gmail)?;
        let (view, account) = (self.view.as_ref().ok_or(Unreadable)?, self.account()?);
        let (rows, _) = view.rows(&account, |_, _| true);
        let needs_labels = keys.iter().any(Key::needs_labels);
        let mut found = String::new();
        for row in &rows {
            let held: Vec<FolderKind> = if needs_labels {
                account.read(|mail| mail.holders(row.message.gm_msgid).cloned().collect())
            } else {
                Vec::new()
            };
            let candidate = Candidate { row, held: &held, greatest: view.exists(), greatest_uid: view.greatest_uid() };
            if keys.iter().all(|key| key.matches(&candidate)) {
                found.push_str(&format!(" {}", if uid { row.uid } else { row.seq }));
            }
        }
        out.line(format_args!("* SEARCH{found}"));
        Ok(Status::ok("SEARCH completed (Success)"))
    }
}
