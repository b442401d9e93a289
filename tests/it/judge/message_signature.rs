//! Why the message signature of a set does not hold, shown on mails that are really signed: what changed after it, who changed
//! it, and that nothing did.

use crate::support::{
    by_hand::{RECEIVED, first, given},
    verify_signer::{
        ArcRecipe, COMPANY, H, Key, LIST, Older, PLAIN, RELAXED, Recipe, SENDER, arc, arc_recipe, dkim, dkim_recipe,
        split, zone,
    },
};
use sealcheck::{
    mail::Message,
    outcome::Diagnosis,
    verify::{Dns, verify},
};

const SEEN: &str = "dkim=pass header.d=sender.example header.s=ext";
const SIMPLE: (&str, &str) = ("simple", "simple");

/// What is said of a mail with its keys in DNS.
fn said(mail: &[u8], log: &str) -> Vec<Diagnosis> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let verification = runtime.block_on(verify(&Message::parse(mail), &Dns::zone(zone()), 1_795_500_000));
    given(std::str::from_utf8(mail).unwrap(), log, Some(&verification))
}

/// The author's mail as the company takes it.
fn taken(signed: bool) -> Vec<u8> {
    let mail = if signed { dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), PLAIN.as_bytes()) } else { PLAIN.into() };
    [RECEIVED.as_bytes(), &mail].concat()
}

/// How the company seals: what its `h=` says, and what it says of the author's signature.
fn seal(h: &str, c: (&'static str, &'static str), results: &str) -> ArcRecipe {
    let mut recipe = arc_recipe(&COMPANY, 1, c);
    recipe.aar = Some(format!("i=1; mx.company.example; {results}"));
    let ams = recipe.ams.as_mut().unwrap();
    (ams.h, ams.template) = (h.to_owned(), ams.template.replace(H, h));
    recipe
}

/// The same by a program that signs other fields than its `h=` says: in another order, or without one.
fn seal_fields(signed: &str, c: (&'static str, &'static str), results: &str) -> ArcRecipe {
    let mut recipe = seal(H, c, results);
    recipe.ams.as_mut().unwrap().h = signed.to_owned();
    recipe
}

fn seal_wrongly(c: (&'static str, &'static str), results: &str) -> ArcRecipe {
    seal_fields("to:from:subject:date:message-id", c, results)
}

fn sealed(recipe: &ArcRecipe) -> Vec<u8> {
    arc(&COMPANY, recipe, &taken(true))
}

fn changed(mail: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

/// A mail without one of its fields.
fn without(mail: &[u8], name: &str) -> Vec<u8> {
    let (fields, body) = split(mail);
    let kept: String = fields.iter().filter(|f| !f.starts_with(name)).map(String::as_str).collect();
    [kept.as_bytes(), b"\r\n", body].concat()
}

/// Asserts the first code with its confidence, and a text that its evidence shows.
fn assert_said(name: &str, found: &[Diagnosis], wanted: &str, shown: &str) {
    let evidence: Vec<&str> =
        found.first().map(|d| d.evidence.iter().map(|e| e.text.as_str()).collect()).unwrap_or_default();
    assert_eq!(first(found), wanted, "{name}: {found:#?}");
    assert!(
        evidence.iter().any(|text| text.contains(shown)) || shown.is_empty(),
        "{name}: no {shown} in {evidence:#?}"
    );
}

#[test]
fn a_signature_that_covers_the_same_shows_that_the_sealer_signed_wrongly() {
    let no_subject = H.replace("subject:", "");
    let on_top = |recipe: &ArcRecipe| {
        let sealed = arc(&COMPANY, recipe, &taken(false));
        dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), &sealed)
    };
    let less = |recipe: &ArcRecipe| {
        let own = dkim_recipe(&SENDER, RELAXED);
        let own = Recipe { template: own.template.replace(H, &no_subject), h: no_subject.clone(), ..own };
        arc(&COMPANY, recipe, &[RECEIVED.as_bytes(), &dkim(&SENDER, &own, PLAIN.as_bytes())].concat())
    };
    let mut wrong_body = seal(H, RELAXED, SEEN);
    let ams = wrong_body.ams.as_mut().unwrap();
    ams.template = ams.template.replace("{bh}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let odd = seal("7;1;4:from:to:subject", RELAXED, SEEN);
    let odd = sealed(&odd);
    let unseen = "spf=pass smtp.mailfrom=sender.example";
    for (name, mail, wanted, shown) in [
        ("sound", sealed(&seal(H, RELAXED, SEEN)), "", ""),
        ("wrong", sealed(&seal_wrongly(RELAXED, SEEN)), "B18 certain", "DKIM d=sender.example s=ext"),
        ("not seen then", sealed(&seal_wrongly(RELAXED, unseen)), "B18 high", "DKIM d=sender.example"),
        (
            "leaves a field out",
            sealed(&seal_fields(&no_subject, SIMPLE, SEEN)),
            "B18 high",
            "Subject: without this field",
        ),
        ("white space may have changed", sealed(&seal_wrongly(SIMPLE, SEEN)), "B06 high", "white space"),
        ("made after the seal", on_top(&seal_wrongly(RELAXED, SEEN)), "B06 high", ""),
        ("covers less", less(&seal_wrongly(RELAXED, SEEN)), "B06 high", "one of these changed: subject"),
        (
            "nobody signed",
            arc(&COMPANY, &seal_fields(&no_subject, RELAXED, SEEN), &taken(false)),
            "B06 high",
            "or the sealer left it out",
        ),
        ("wrong body hash", sealed(&wrong_body), "B18 certain", "DKIM d=sender.example"),
        ("no tag list", odd.clone(), "B18 certain", "tag without `=`: 1"),
        ("damaged after the seal", changed(&odd, "cv=none; ", "cv=none;  t2=1; "), "B18 low", "tag without `=`: 1"),
    ] {
        assert_said(name, &said(&mail, ""), wanted, shown);
    }
}

#[test]
fn the_field_that_changed_is_named_where_that_can_be_shown() {
    let oversigned = format!("{H}:reply-to:dkim-signature");
    let mail = sealed(&seal(&oversigned, RELAXED, SEEN));
    let added = |mail: &[u8]| [b"Reply-To: desk@company.example\r\n", mail].concat();
    let tagged = |mail: &[u8]| changed(mail, "Subject: hello", "Subject: [outside] hello");
    let unseen = sealed(&seal(&oversigned, RELAXED, "spf=pass smtp.mailfrom=sender.example"));
    let unsigned = arc(&COMPANY, &seal(H, RELAXED, "dkim=none"), &taken(false));
    for (name, mail, wanted, shown) in [
        ("added", added(&mail), "B06 certain", "Reply-To: without this field"),
        ("added with bare line feeds", changed_ends(&added(&mail)), "B06 certain", "Reply-To: without this field"),
        ("tagged", tagged(&mail), "B06 certain", "without `[outside]`"),
        ("tagged at its end", changed(&mail, "there\r\n", "there (outside)\r\n"), "B06 certain", "without `(outside)`"),
        ("both", tagged(&added(&mail)), "B06 certain", "Reply-To: without this field"),
        ("both", tagged(&added(&mail)), "B06 certain", "without `[outside]`"),
        ("removed", without(&mail, "DKIM-Signature"), "B06 certain", "DKIM-Signature: h= names it"),
        ("never seen", without(&unseen, "DKIM-Signature"), "B06 high", ""),
        ("rewritten", changed(&mail, "hello  there", "something else"), "B06 certain", ""),
        ("rewritten, and nobody else signed", changed(&unsigned, "hello  there", "something else"), "B06 high", ""),
        ("redacted", changed(&mail, "To: user@company.example", "To: (hidden)"), "B06 low", "no address in it"),
        ("an unsigned field", [b"X-Note: a\r\n", &mail[..]].concat(), "", ""),
    ] {
        assert_said(name, &said(&mail, ""), wanted, shown);
    }
}

fn changed_ends(mail: &[u8]) -> Vec<u8> {
    String::from_utf8(mail.to_vec()).unwrap().replace("\r\n", "\n").into_bytes()
}

#[test]
fn a_changed_body_is_certain_where_somebody_else_saw_it_as_it_was() {
    let edit = |mail: &[u8]| changed(mail, "First line.", "First word.");
    let mail = sealed(&seal(H, RELAXED, SEEN));
    let unsigned = arc(&COMPANY, &seal(H, RELAXED, "dkim=none"), &taken(false));
    for (name, mail, wanted) in [
        ("signed", edit(&mail), "B04 certain"),
        ("unsigned", edit(&unsigned), "B04 high"),
        ("a footer", [&unsigned[..], b"-- \r\nfooter\r\n"].concat(), "B04 certain"),
    ] {
        assert_said(name, &said(&mail, ""), wanted, "");
    }
}

/// The sender's provider sealed, the sender's gateway then added a line, and the company took it and did not seal.
fn from_a_gateway(signs: bool) -> Vec<u8> {
    let provider = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), PLAIN.as_bytes());
    let edited = [&provider[..], b"Confidential.\r\n"].concat();
    let sent = if signs { dkim(&SENDER, &dkim_recipe(&SENDER, RELAXED), &edited) } else { edited };
    [RECEIVED.as_bytes(), &sent].concat()
}

#[test]
fn whose_seal_broke_is_told() {
    let symbols = |arc: &str| {
        format!(
            "x; proxy; rspamd_task_write_log: id: <1@sender.example>, ip: 203.0.113.5, (default: F (no action): [1/15] [{arc}(1.00){{x}},R_SPF_ALLOW(-0.20){{}}])"
        )
    };
    for (name, mail, log, wanted) in [
        ("signed after the change", from_a_gateway(true), String::new(), "B10 certain"),
        ("as its log says", from_a_gateway(false), symbols("ARC_REJECT"), "B10 certain"),
        ("not known", from_a_gateway(false), String::new(), "A00 high"),
        ("whole as it came", from_a_gateway(false), symbols("ARC_ALLOW"), "B04 certain"),
    ] {
        assert_said(name, &said(&mail, &log), wanted, "");
    }
    assert_said(
        "beside it",
        &said(&from_a_gateway(false), "")[1..],
        "B04 high",
        "who changed the mail after it is not seen",
    );
}

/// The line of a server that took the mail from another.
fn hop(from: &str, by: &str) -> String {
    format!("Received: from {from} by {by} with ESMTP id C3; Tue, 24 Nov 2026 02:42:06 +0000\r\n")
}

/// What was sealed got a line more, and with this trace above it was sealed again as broken.
fn sealed_again(first: &[u8], trace: &str, key: &'static Key) -> Vec<u8> {
    let edited = [trace.as_bytes(), first, b"-- \r\nstaff list\r\n"].concat();
    let mut second = arc_recipe(key, 2, RELAXED);
    second.seal = second.seal.map(|tags| tags.replace("cv=pass", "cv=fail"));
    arc(key, &ArcRecipe { older: Older::None, ..second }, &edited)
}

const LOCAL: &str = "list (localhost [127.0.0.1])";
const OUTSIDE: &str = "gw.elsewhere.example (gw.elsewhere.example [192.0.2.8])";

#[test]
fn a_second_pass_through_the_same_server_is_no_earlier_hop() {
    let own = sealed(&seal(H, RELAXED, SEEN));
    for (name, trace, key, wanted) in [
        ("its own list", hop(LOCAL, "lists.company.example"), &COMPANY, "B19 certain"),
        ("its own list, by another host", hop("mx.company.example", "lists.company.example"), &COMPANY, "B19 certain"),
        ("somebody else in between", hop(LOCAL, "mx.elsewhere.example"), &COMPANY, "B10 certain"),
        ("given back from outside", hop(OUTSIDE, "mx.company.example"), &COMPANY, "B10 high"),
        ("a later server", hop(LOCAL, "mx.list.example"), &LIST, "B04 certain"),
    ] {
        assert_said(name, &said(&sealed_again(&own, &trace, key), ""), wanted, "");
    }
    // A list that seals twice is an earlier hop for who forwards what it sent.
    let theirs = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), PLAIN.as_bytes());
    let twice = sealed_again(&theirs, &hop(LOCAL, "lists.list.example"), &LIST);
    let taken = hop("mx.list.example (mx.list.example [192.0.2.9])", "mx.company.example");
    let mut third = arc_recipe(&COMPANY, 3, RELAXED);
    third.seal = third.seal.map(|tags| tags.replace("cv=pass", "cv=fail"));
    let forwarded = arc(&COMPANY, &ArcRecipe { older: Older::None, ..third }, &[taken.as_bytes(), &twice].concat());
    assert_said("by a list, and forwarded", &said(&forwarded, ""), "B10 certain", "");
}

#[test]
fn who_seals_a_chain_as_broken_may_have_broken_it() {
    let theirs = arc(&LIST, &arc_recipe(&LIST, 1, RELAXED), PLAIN.as_bytes());
    let taken = hop("mx.list.example (mx.list.example [192.0.2.9])", "mx.company.example");
    let filtered = hop("mx.company.example", "filter.company.example") + &taken;
    let judged = |arc: &str| format!("Authentication-Results: mx.company.example; arc={arc}\r\n{taken}");
    let received = hop("mx.company.example (mx.company.example [198.51.100.7])", "mx.receiver.example")
        + "Authentication-Results: mx.receiver.example; arc=fail\r\n";
    let doubt = "only servers of company.example took the mail";
    for (name, trace, wanted, shown) in [
        ("it alone took it", taken.clone(), "B10 high", doubt),
        ("its own filter", filtered, "B10 high", doubt),
        ("it found it broken", judged("fail"), "B10 high", doubt),
        ("it found it whole", judged("pass"), "B04 high", "arc=pass"),
        ("another server", hop(OUTSIDE, "mx.company.example") + &hop(LOCAL, "gw.elsewhere.example"), "B10 certain", ""),
    ] {
        let mail = [received.as_bytes(), &sealed_again(&theirs, &trace, &COMPANY)].concat();
        assert_said(name, &said(&mail, ""), wanted, shown);
    }
}

#[test]
fn a_later_server_may_have_changed_what_the_forwarder_sealed() {
    let sealed = [&sealed(&seal(H, RELAXED, SEEN))[..], b"-- \r\nfooter\r\n"].concat();
    let handed = hop("mx.company.example (mx.company.example [198.51.100.7])", "mx.receiver.example");
    let results = "Authentication-Results: mx.receiver.example; arc=fail\r\n";
    let second = hop("mx.company.example (mx.company.example [198.51.100.7])", "filter.receiver.example");
    let passed = format!("{second}Authentication-Results: filter.receiver.example; arc=pass\r\n");
    for (name, trace, wanted, shown) in [
        ("none", format!("{handed}{results}"), "B04 certain", ""),
        ("none that judged it", format!("{results}{handed}"), "B04 certain", ""),
        ("a filter", format!("{handed}{results}{second}"), "B04 high", "filter.receiver.example took the mail after"),
        ("found whole", format!("{handed}{results}{passed}"), "B26 high", "not at company.example"),
        ("its own", format!("{handed}{results}{}", hop(LOCAL, "out.company.example")), "B04 certain", ""),
    ] {
        assert_said(name, &said(&[trace.as_bytes(), &sealed].concat(), ""), wanted, shown);
    }
}
