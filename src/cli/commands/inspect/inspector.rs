//! Inspects one mail after the other.

use super::{
    Format,
    input_mails::InputMail,
    inspection::{InspectOptions, Inspection, MessageContents},
    logs::Log,
    text,
};
use crate::{
    catalogue::Lang,
    mail::Message,
    outcome::ExitCode,
    report::console::Palette,
    run::Clock,
    verify::{Dns, Verdict},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// What every mail is inspected with.
pub(super) struct Inspector {
    pub(super) clock: Clock,
    pub(super) format: Format,
    pub(super) lang: Lang,
    pub(super) palette: Palette,
    /// The columns of the terminal; none elsewhere, where lines are as long as they are.
    pub(super) width: Option<usize>,
    /// Whether there are several mails.
    pub(super) many: bool,
    pub(super) authserv_id: Option<String>,
    pub(super) forwarder: Option<String>,
    pub(super) dns: Option<Dns>,
    /// The mail as it was sent, with its name.
    pub(super) sent: Option<(String, Message)>,
    /// Whether a mail was compared with it.
    pub(super) compared: AtomicBool,
    pub(super) logs: Vec<Log>,
}

/// What there is to say about one mail.
pub(super) struct Output {
    /// For standard output.
    pub(super) text: String,
    /// For standard error, a line each.
    pub(super) complaints: Vec<String>,
    pub(super) exit: ExitCode,
}

impl Output {
    fn unreadable(complaint: String) -> Self {
        Self { text: String::new(), complaints: vec![complaint], exit: ExitCode::Usage }
    }
}

impl Inspector {
    pub(super) async fn inspect(&self, item: InputMail) -> Output {
        let place = item.place();
        let raw = match item.content {
            Ok(raw) => raw,
            Err(error) => return Output::unreadable(format!("error: cannot read {place}: {error}")),
        };
        let message = Message::parse(raw);
        let message = if item.in_mailbox { message } else { message.at_line(u32::try_from(item.line).unwrap_or(1)) };
        if let Some(why) = no_mail(&message, item.line) {
            return Output::unreadable(format!("error: {place}: {why}"));
        }
        let cut = cut_off(&message, item.line).map(|why| format!("warning: {place}: {why}"));
        let options = InspectOptions {
            name: &item.name,
            number: item.in_mailbox.then_some(item.number),
            is_cut_off: cut.is_some(),
            now: self.clock.now().as_second(),
            dns: self.dns.as_ref(),
            lang: self.lang,
            sent: self.sent.as_ref().map(|(name, sent)| (name.as_str(), sent)),
            by_message_id: self.many,
            authserv_id: self.authserv_id.as_deref(),
            forwarder: self.forwarder.as_deref(),
            logs: &self.logs,
        };
        let inspection = Inspection::of(&message, &options).await;
        if inspection.is_compared() {
            self.compared.store(true, Ordering::Relaxed);
        }
        let text = match self.format {
            Format::Json if self.many => serde_json::to_string(&inspection),
            Format::Json => serde_json::to_string_pretty(&inspection),
            Format::Text => Ok(text::text(self, &place, &message, &inspection)),
        };
        match text {
            Ok(text) => {
                let vain = inspection.logs.iter().filter(|log| !self.many && log.lines == 0);
                let vain = vain.map(|log| format!("warning: {}", log.in_vain()));
                let unread = inspection.unread.iter().map(|why| format!("error: {why}"));
                let exit = if inspection.unread.is_empty() { ExitCode::Success } else { ExitCode::Usage };
                let complaints = cut.into_iter().chain(vain).chain(unread).collect();
                Output { text, complaints, exit: judge(&inspection).max(exit) }
            }
            Err(error) => Output {
                text: String::new(),
                complaints: vec![format!("internal error: {place}: {error}; please report it")],
                exit: ExitCode::Internal,
            },
        }
    }
}

/// Why a file is no mail: nothing in it looks like a header, that is fields with the names of RFC 5322 §2.2.
pub(super) fn no_mail(message: &Message, line: usize) -> Option<String> {
    if message.raw().trim_ascii().is_empty() {
        return Some("it is empty, there is no mail in it".to_owned());
    }
    let header = message.header().split(|b| *b == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    let lines: Vec<(bool, usize)> = header
        .zip(line..)
        .filter(|(text, _)| !matches!(text.first(), Some(b' ' | b'\t')))
        .map(|(text, line)| (is_field(text), line))
        .collect();
    let good = lines.iter().filter(|(good, _)| *good).count();
    let first = lines.iter().find(|(good, _)| !good).map_or(line, |(_, line)| *line);
    let advice = if good > 0 { "; lines that continue a field must begin with a space or a tab" } else { "" };
    (good == 0 || good * 2 < lines.len())
        .then(|| format!("line {first} is no header field, so that this is no mail{advice}"))
}

/// Whether a line begins as a field does.
fn is_field(line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).map_or(&[][..], |at| line[..at].trim_ascii_end());
    !name.is_empty() && name.iter().all(u8::is_ascii_graphic)
}

/// Whether the message ends inside of its header.
fn cut_off(message: &Message, line: usize) -> Option<String> {
    let raw = message.raw();
    let ends = message.header().len() < raw.len() || [&b"\n\n"[..], b"\n\r\n"].iter().any(|end| raw.ends_with(end));
    let last = line + memchr::memchr_iter(b'\n', raw.trim_ascii_end()).count();
    (!ends).then(|| format!("it ends in its header at line {last}, and may be cut off"))
}

/// A broken chain is a failure, one that could not be looked up is inconclusive.
fn judge(inspection: &Inspection) -> ExitCode {
    let own = judge_chain(&inspection.mail);
    inspection.returned.as_ref().map_or(own, |returned| own.max(judge_chain(&returned.mail)))
}

fn judge_chain(mail: &MessageContents) -> ExitCode {
    match mail.verification.as_ref().map(|v| v.arc) {
        Some(Verdict::Pass | Verdict::None) => ExitCode::Success,
        Some(Verdict::Fail) => ExitCode::Failed,
        Some(Verdict::TempError) => ExitCode::Inconclusive,
        None if mail.arc.defects.is_empty() => ExitCode::Success,
        None => ExitCode::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mail_says_where() {
        let why = |text: &str| no_mail(&Message::parse(text), 10);
        assert_eq!(why("A: 1\n\nbody"), None);
        assert_eq!(why("nonsense\nA: 1\nB: 2\n\n"), None);
        assert_eq!(why("").unwrap(), "it is empty, there is no mail in it");
        assert_eq!(why("\n \n").unwrap(), "it is empty, there is no mail in it");
        for (text, line) in [("\n\nbody", 10), ("%PDF-1.7\n\u{1}:\n", 10)] {
            assert_eq!(
                why(text).unwrap(),
                format!("line {line} is no header field, so that this is no mail"),
                "{text}"
            );
        }
        // Lines that continued a field have lost their white space.
        let unfolded = why("A: 1\nnonsense\nmore\n").unwrap();
        assert!(unfolded.starts_with("line 11 is no header field"), "{unfolded}");
        assert!(unfolded.ends_with("lines that continue a field must begin with a space or a tab"), "{unfolded}");
    }

    #[test]
    fn a_header_that_ends_early_is_told() {
        let cut = |text: &str| cut_off(&Message::parse(text), 1);
        for whole in ["A: 1\n\n", "A: 1\r\n\r\n", "A: 1\n\nbody"] {
            assert_eq!(cut(whole), None, "{whole:?}");
        }
        for (text, line) in [("A: 1", 1), ("A: 1\nB: 2\n", 2), ("A: 1\r\nB: 2;\r\n c", 3)] {
            assert_eq!(cut(text).unwrap(), format!("it ends in its header at line {line}, and may be cut off"));
        }
    }
}
