//! Signatures, changes and what is told of them.

use super::*;
use crate::outcome::{Fate, HeaderChange};
use proptest::prelude::*;

const SIGNED: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=sender.example; s=ext; h=from:subject:subject:to; bh=AA==; b=AA==\r\n";
const SENT: &str =
    "From: alice@sender.example\r\nSubject: hello\r\nTo: user@company.example\r\n\r\nfirst\r\nsecond\r\n";

fn of(sent: &str, received: &str) -> Vec<Survival> {
    survival(&Message::parse(sent), &Message::parse(received), None)
}

fn shown(change: &HeaderChange) -> (Fate, &str, Option<&str>, Option<&str>) {
    (change.fate, &change.name, change.before.as_deref(), change.after.as_deref())
}

/// What became of the header of the sent mail behind the signature.
fn headers(from: &str, to: &str) -> Vec<(Fate, String, Option<String>, Option<String>)> {
    let all = of(SENT, &format!("{SIGNED}{}", SENT.replacen(from, to, 1)));
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].survives, all[0].headers.is_empty() && all[0].body.is_none());
    let owned = |t: Option<&str>| t.map(str::to_owned);
    all[0].headers.iter().map(shown).map(|(f, n, b, a)| (f, n.to_owned(), owned(b), owned(a))).collect()
}

#[test]
fn changed_removed_and_added_fields_are_told_apart() {
    let text = |t: &str| Some(t.to_owned());
    assert_eq!(
        headers("hello", "[x] hello "),
        [(Fate::Changed, "Subject".to_owned(), text("hello"), text("[x] hello"))]
    );
    assert_eq!(headers("Subject: hello\r\n", ""), [(Fate::Removed, "Subject".to_owned(), text("hello"), None)]);
    // Oversigned: h= names Subject twice and From once, so a second Subject counts and a second From above does not.
    assert_eq!(
        headers("From: ", "Subject: second\r\nFrom: mallory@evil.example\r\nFrom: "),
        [(Fate::Added, "Subject".to_owned(), None, text("second"))]
    );
    // Put below the signed one, it is the one that h= selects.
    assert_eq!(
        headers("\r\n\r\n", "\r\nFrom: mallory@evil.example\r\n\r\n"),
        [(Fate::Changed, "From".to_owned(), text("alice@sender.example"), text("mallory@evil.example"))]
    );
    assert_eq!(headers("Subject: hello", "SUBJECT:   hello  "), []);
    assert_eq!(headers("Subject: hello", "X-Unsigned: a\r\nSubject: hello"), []);
}

#[test]
fn the_first_line_of_the_body_that_changed_is_shown_as_it_is_hashed() {
    let body = |c: &str, from: &str, to: &str| {
        let received = format!("{}{}", SIGNED.replace("relaxed/simple", c), SENT.replacen(from, to, 1));
        let survival = of(SENT, &received).remove(0);
        survival.body.map(|b| (b.line, b.octet, b.before.unwrap_or_default(), b.after.unwrap_or_default()))
    };
    let text = str::to_owned;
    assert_eq!(body("simple/simple", "second", "second  "), Some((2, 7, text("second"), text("second\\x20\\x20"))));
    assert_eq!(body("relaxed/relaxed", "second", "second  "), None);
    assert_eq!(
        body("relaxed/relaxed", "first\r\n", "f\u{ef}rst\r\n"),
        Some((1, 2, text("first"), text("f\\xc3\\xafrst")))
    );
    assert_eq!(body("relaxed", "second\r\n", "second\r\nfooter\r\n"), Some((3, 1, String::new(), text("footer"))));
    assert_eq!(body("simple/relaxed", "first\r\n", "first\r\r\n"), Some((1, 6, text("first"), text("first\\r"))));
    assert_eq!(body("simple/relaxed; l=7", "second\r\n", "anything\r\n"), None);
    assert_eq!(body("simple/relaxed", "\r\n", "\n"), None);
}

#[test]
fn every_signature_is_judged_on_its_own() {
    let ams = "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=company.example; s=arc; h=from:dkim-signature:dkim-signature; bh=AA==; b=AA==\r\n";
    let odd = "DKIM-Signature: v=1; c=other/simple; d=odd.example; s=a; h=from; b=AA==\r\n";
    let received = format!("{ams}{odd}{SIGNED}{}", SENT.replacen("hello", "changed", 1));
    let verification = Verification {
        dkim: [Verdict::Fail, Verdict::Pass]
            .map(|result| crate::verify::DkimVerification { result, ..Default::default() })
            .to_vec(),
        ..Verification::default()
    };
    let all = survival(&Message::parse(SENT), &Message::parse(received.as_str()), Some(&verification));
    let told: Vec<_> =
        all.iter().map(|s| (s.field, s.d.as_deref(), s.line, s.verdict, s.survives, s.headers.len())).collect();
    assert_eq!(
        told,
        [
            // It verifies, so the change came before it.
            (SigningField::Dkim, Some("sender.example"), 3, Some(Verdict::Pass), true, 1),
            // That somebody signed before is no change of what was sent.
            (SigningField::Ams, Some("company.example"), 1, None, true, 0),
        ]
    );
    // Where the signature was sent too, it does not sign itself there either.
    let both = SIGNED.replace("h=from", "h=dkim-signature:from");
    assert_eq!(of(&format!("{both}{SENT}"), &format!("{both}{SENT}"))[0].headers, []);
    let two = format!("DKIM-Signature: v=1; d=other.example; b=BB==\r\n{both}{SENT}");
    let gone = of(&two, &format!("{both}{SENT}"));
    assert_eq!(gone[0].headers.iter().map(|h| h.fate).collect::<Vec<_>>(), [Fate::Removed]);
}

#[test]
fn a_field_that_is_as_it_was_between_two_that_are_not_is_no_change() {
    let signed = SIGNED.replace("h=from:subject:subject:to", "h=b:b:b");
    let all = of("b: x\r\nb: y\r\n\r\n", &format!("{signed}b: z\r\nb: x\r\nb: w\r\n\r\n"));
    let fates: Vec<_> = all[0].headers.iter().map(shown).collect();
    assert_eq!(fates, [(Fate::Changed, "b", Some("y"), Some("w")), (Fate::Added, "b", None, Some("z"))]);
    let all = of("b: x\r\nb: y\r\n\r\n", &format!("{signed}b: y\r\nb: x\r\nb: x\r\n\r\n"));
    assert_eq!(all[0].headers.len(), 2, "{:?}", all[0].headers);
}

/// The signed header as RFC 6376 §5.4.2 says it, without any index.
fn canonical_header(c: Canonicalization, message: &Message, names: &[String]) -> Vec<u8> {
    let mut left: Vec<_> = message.fields().iter().collect();
    let mut out = Vec::new();
    for name in names {
        if let Some(at) = left.iter().rposition(|f| f.is(name)) {
            let field = left.remove(at);
            c.header(&message.raw()[field.offset..field.offset + field.len], &mut out);
        }
    }
    out
}

fn header() -> impl Strategy<Value = String> {
    proptest::collection::vec(("[abc]|[AB] ?", "([ \\t]{0,2}[xy]){0,2}[ \\t]{0,2}|x\\r\\n y"), 0..6)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect())
}

proptest! {
    #[test]
    fn a_difference_is_told_exactly_when_the_canonical_forms_differ(
        sent_header in header(),
        other_header in header(),
        same_header in any::<bool>(),
        sent_body in "([ \\t]|\\r\\n|\\r|[a-c]){0,12}",
        other_body in "([ \\t]|\\r\\n|\\r|[a-c]){0,12}",
        same_body in any::<bool>(),
        names in proptest::collection::vec("[abcd]", 0..6),
        c in prop_oneof![Just("simple/simple"), Just("relaxed/relaxed"), Just("simple/relaxed"), Just("relaxed/simple")],
        l in proptest::option::of(0_usize..12),
    ) {
        let received_header = if same_header { &sent_header } else { &other_header };
        let received_body = if same_body { &sent_body } else { &other_body };
        let tag = l.map(|l| format!("l={l}; ")).unwrap_or_default();
        let signed = format!("DKIM-Signature: c={c}; {tag}h={}; b=AA==\r\n", names.join(":"));
        let sent = Message::parse(format!("{sent_header}\r\n{sent_body}"));
        let received = Message::parse(format!("{signed}{received_header}\r\n{received_body}"));
        let told = survival(&sent, &received, None).remove(0);
        let (header, body) = c.split_once('/').unwrap();
        let header = Canonicalization::from_name(header).unwrap();
        let body = Canonicalization::from_name(body).unwrap();
        let same_header = canonical_header(header, &sent, &names) == canonical_header(header, &received, &names);
        prop_assert_eq!(told.headers.is_empty(), same_header, "{:?}", told.headers);
        let covered = |message: &Message| {
            let body = body.body(message.body()).into_owned();
            let end = l.map_or(body.len(), |l| l.min(body.len()));
            body[..end].to_vec()
        };
        prop_assert_eq!(told.body.is_none(), covered(&sent) == covered(&received), "{:?}", told.body);
        prop_assert_eq!(told.survives, told.headers.is_empty() && told.body.is_none());
        for change in &told.headers {
            prop_assert_ne!(&change.before, &change.after);
        }
        if let Some(body) = &told.body {
            prop_assert_ne!(&body.before, &body.after);
        }
    }
}
