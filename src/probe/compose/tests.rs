use super::*;
use crate::{
    core::Spanned,
    scenario::model::{Attachment, Encoding},
    target::{Account, TargetKind},
};
use std::{collections::BTreeMap, path::PathBuf};

fn place(line: u32) -> Span {
    Span::new("scenarios/a.yaml", line, 3)
}

fn template(text: &str) -> Template {
    Template::new(text, place(9))
}

fn send() -> SendSpec {
    SendSpec {
        from: Spanned::new("external".into(), place(1)),
        to: vec![Spanned::new("company".into(), place(2))],
        envelope_from: None,
        subject: None,
        text: None,
        html: None,
        headers: Vec::new(),
        encoding: None,
        attach: Vec::new(),
        eml: None,
    }
}

fn name(name: &str) -> Spanned<String> {
    Spanned::new(name.to_owned(), place(8))
}

fn attachment(file: &str, media_type: &str, size: &str) -> Spanned<Attachment> {
    let (name, r#type) = (Some(name(file)), Some(name(media_type)));
    Spanned::new(Attachment { name, r#type, file: None, size: Some(template(size)) }, place(9))
}

fn account(name: &str, address: &str) -> (String, Account) {
    (name.into(), Account::new(name, address))
}

fn composed_in(send: &SendSpec, base: &Path) -> Result<Sent, ComposeError> {
    let accounts: BTreeMap<_, _> =
        [account("external", "probe@Ext.example"), account("company", "forward-me@corp.example")].into();
    let target = Target { kind: TargetKind::Embedded, accounts, dns: None, rspamd: None };
    let (token, run) = (Token::new("sc-01jd-0-1"), RunId::new("01JD"));
    let mut vars = Vars::new();
    vars.set("token", token.as_str());
    vars.set("company.domain", "corp.example");
    compose(send, &ComposeContext { target: &target, vars: &vars, token: &token, run: &run, now: 1_700_000_000, base })
}

fn composed(send: &SendSpec) -> Sent {
    composed_in(send, Path::new(".")).unwrap()
}

fn refused(send: &SendSpec) -> ComposeError {
    composed_in(send, Path::new(".")).unwrap_err()
}

#[test]
fn a_mail_with_nothing_but_send() {
    let sent = composed(&send());
    assert_eq!(sent.message_id, "<sc-01jd-0-1@ext.example>");
    assert_eq!(
        (sent.mail_from.as_str(), sent.rcpt_to.as_slice()),
        ("probe@Ext.example", &["forward-me@corp.example".to_owned()][..])
    );
    let want = "From: probe@Ext.example\r\nTo: forward-me@corp.example\r\nSubject: sealcheck sc-01jd-0-1\r\n\
        Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <sc-01jd-0-1@ext.example>\r\n\
        X-Sealcheck-Run: sc-01jd-0-1; run=01JD\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\nSent by sealcheck to test mail delivery: sc-01jd-0-1\r\n";
    assert_eq!(std::str::from_utf8(sent.raw()).unwrap(), want);
}

#[test]
fn templates_are_filled_everywhere() {
    let mut send = send();
    send.subject = Some(template("ARC check $token"));
    send.text = Some(template("token $token\n"));
    send.headers = vec![(name("X-Purpose"), template("for $token"))];
    send.envelope_from = Some(template("bounce+$token@ext.example"));
    let sent = composed(&send);
    let message = &sent.message;
    assert_eq!(message.first("Subject").unwrap().value(), "ARC check sc-01jd-0-1");
    assert_eq!(message.first("X-Purpose").unwrap().value(), "for sc-01jd-0-1");
    assert_eq!(message.body(), b"token sc-01jd-0-1\r\n");
    assert_eq!(sent.mail_from, "bounce+sc-01jd-0-1@ext.example");

    send.text = Some(template("$tokn"));
    let error = refused(&send);
    assert_eq!(error.at, place(9));
    assert!(error.message.contains("tokn"), "{error}");
}

#[test]
fn every_recipient_is_in_the_envelope_and_in_to() {
    let mut send = send();
    send.to.push(Spanned::new("x@mail.$company.domain".into(), place(3)));
    send.envelope_from = Some(template(""));
    let sent = composed(&send);
    assert_eq!(sent.rcpt_to, ["forward-me@corp.example", "x@mail.corp.example"]);
    assert_eq!(sent.mail_from, "");
    let message = &sent.message;
    assert_eq!(message.first("To").unwrap().value(), "forward-me@corp.example, x@mail.corp.example");

    send.to.push(Spanned::new("gmial".into(), place(4)));
    let error = refused(&send);
    assert_eq!(
        (error.at.line, error.message.as_str()),
        (4, "unknown account `gmial`; target embedded has company, external")
    );
    send.to[2] = Spanned::new("a b@c.example".into(), place(5));
    assert_eq!(refused(&send).at.line, 5);
    send.to.pop();
    send.from = Spanned::new("nobody".into(), place(6));
    assert_eq!(refused(&send).at.line, 6);
}

#[test]
fn own_fields_replace_remove_and_repeat_defaults() {
    let mut send = send();
    send.headers = vec![
        (name("message-id"), template("<mine@x.example>")),
        (name("Date"), template("")),
        (name("From"), template("a@x.example")),
        (name("From"), template("b@y.example")),
        (name("Content-Type"), template("text/plain; charset=iso-2022-jp")),
        (name("X-Ü-Value"), template("x")),
    ];
    assert!(refused(&send).message.contains("cannot name a header field"));
    send.headers.pop();
    send.headers.push((name("X-Umlaut"), template("Grüße")));
    let sent = composed(&send);
    assert_eq!(sent.message_id, "<mine@x.example>");
    let message = &sent.message;
    let names: Vec<_> = message.fields().iter().map(|f| f.name.as_str()).collect();
    let want = [
        "From",
        "From",
        "To",
        "Subject",
        "message-id",
        "X-Sealcheck-Run",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
        "X-Umlaut",
    ];
    assert_eq!(names, want);
    assert_eq!(message.first("Content-Type").unwrap().value(), "text/plain; charset=iso-2022-jp");
    assert!(message.first("X-Umlaut").unwrap().raw.is_ascii());

    send.headers = vec![(name("X-Bad"), template("a\r\nBcc: x@y.example"))];
    assert_eq!(refused(&send).at, place(9));
    send.headers = vec![(name("Message-ID"), template(""))];
    let sent = composed(&send);
    assert!(sent.message.message_id().is_none());
    assert_eq!(sent.message_id, "<sc-01jd-0-1@ext.example>");
}

#[test]
fn a_mail_without_any_header() {
    let mut send = send();
    let names = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        PROBE_HEADER,
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    send.headers = names.iter().map(|n| (name(n), template(""))).collect();
    send.text = Some(template("only a body"));
    assert_eq!(composed(&send).raw(), b"\r\nonly a body\r\n");
}

#[test]
fn text_html_and_attachments_nest() {
    let mut send = send();
    send.text = Some(template("text é"));
    send.html = Some(template("<b>html é</b>"));
    send.attach = vec![attachment("größe.bin", "", "10KB"), attachment("b.pdf", "application/pdf", "7B")];
    let sent = composed(&send);
    let read = mail_parser::MessageParser::new().parse(sent.raw()).unwrap();
    assert_eq!(read.body_text(0).unwrap(), "text é\r\n");
    assert_eq!(read.body_html(0).unwrap(), "<b>html é</b>\r\n");
    let sizes: Vec<_> = (0..).map_while(|i| read.attachment(i)).map(|a| a.contents().len()).collect();
    assert_eq!(sizes, [10_000, 7]);
    use mail_parser::MimeHeaders;
    assert_eq!(read.attachment(0).unwrap().attachment_name(), Some("größe.bin"));
    assert_eq!(composed(&send).raw(), sent.raw(), "the same every time");

    send.attach = vec![attachment("a", "no media type", "1KB")];
    assert_eq!(refused(&send).at, place(9));
    send.attach = vec![attachment("a", "", "5XB")];
    assert_eq!(refused(&send).message, "`5XB` is no size");
}

#[test]
fn eight_bit_and_long_lines_stay_on_request() {
    let mut send = send();
    send.encoding = Some(Spanned::new(Encoding::EightBit, place(6)));
    let long = format!("é{}\nb", "x".repeat(3000));
    send.text = Some(template(&long));
    let message = composed(&send).message;
    assert_eq!(message.body(), format!("é{}\r\nb\r\n", "x".repeat(3000)).as_bytes());
    assert_eq!(message.first("Content-Transfer-Encoding").unwrap().value(), "8bit");
}

#[test]
fn no_line_end_stands_alone_in_what_is_sent() {
    let mut send = send();
    send.encoding = Some(Spanned::new(Encoding::EightBit, place(6)));
    send.text = Some(template("a\r.\rMAIL FROM:<b@c.example>\n.\nend"));
    let file = Some(Spanned::new(PathBuf::from("m.eml"), place(7)));
    send.attach = vec![Spanned::new(Attachment { name: None, r#type: None, file, size: None }, place(7))];
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.eml"), b"A: 1\r\n\r\nx\n.\r\ny\r.\r\n").unwrap();
    let sent = composed_in(&send, dir.path()).unwrap();
    let raw = std::str::from_utf8(sent.raw()).unwrap().replace("\r\n", "|");
    assert!(!raw.contains(['\r', '\n']), "{raw:?}");
    assert!(raw.contains("a|.|MAIL FROM:<b@c.example>|.|end|") && raw.contains("A: 1||x|.|y|.|"), "{raw:?}");
}

#[test]
fn a_message_file_keeps_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.eml"), b"From: a@b.example\r\nMessage-ID: <old>\r\n\r\n\xffbody\r\n").unwrap();
    let mut send = send();
    send.eml = Some(Spanned::new(PathBuf::from("m.eml"), place(7)));
    let sent = composed_in(&send, dir.path()).unwrap();
    let want = b"X-Sealcheck-Run: sc-01jd-0-1; run=01JD\r\nFrom: a@b.example\r\nMessage-ID: <sc-01jd-0-1@ext.example>\r\n\r\n\xffbody\r\n";
    assert_eq!(sent.raw(), want);

    send.subject = Some(template("no effect"));
    assert_eq!(composed_in(&send, dir.path()).unwrap_err().at.line, 7);
    send.subject = None;
    send.eml = Some(Spanned::new(PathBuf::from("missing.eml"), place(8)));
    let error = composed_in(&send, dir.path()).unwrap_err();
    assert!(error.at.line == 8 && error.message.contains("missing.eml"), "{error}");
}

#[test]
fn fifty_megabytes_are_composed() {
    let mut send = send();
    send.attach = vec![attachment("big.bin", "", "36MB")];
    assert!(composed(&send).raw().len() > 49_000_000);
}
