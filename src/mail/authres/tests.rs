use super::*;
use crate::mail::Field;

fn parse(value: &str) -> AuthenticationResults {
    AuthenticationResults::parse("Authentication-Results", value.as_bytes(), 1)
}

/// One line per result: `method=result [reason] (comment) property=value …`.
fn shown(read: &AuthenticationResults) -> Vec<String> {
    let line = |r: &ResInfo| {
        let mut line = format!("{}={}", r.method, r.result);
        line.extend(r.reason.iter().map(|reason| format!(" [{reason}]")));
        line.extend(r.comment.iter().map(|comment| format!(" ({comment})")));
        for p in &r.properties {
            let dot = if p.ptype.is_empty() { "" } else { "." };
            line += &format!(" {}{dot}{}={}", p.ptype, p.property, p.value);
        }
        line
    };
    read.results.iter().map(line).collect()
}

#[track_caller]
fn reads(value: &str, authserv_id: Option<&str>, results: &[&str]) {
    let read = parse(value);
    assert_eq!(read.authserv_id.as_deref(), authserv_id, "{value}");
    assert_eq!(shown(&read), results, "{value}");
    let crlf = value.replace('\n', "\r\n");
    assert_eq!(parse(&crlf), read, "line ends change nothing");
    let unfolded = value.replace("\n", "");
    assert_eq!(parse(&unfolded), read, "folding changes nothing");
}

#[test]
fn google() {
    reads(
        " mx.google.com;\n       dkim=pass header.i=@sender.example header.s=ext header.b=\"ab/cD+12\";\n       dkim=neutral (no key) header.i=@other.example;\n       arc=pass (i=1 spf=pass spfdomain=sender.example dkim=pass dkdomain=sender.example dmarc=pass fromdomain=sender.example);\n       spf=pass (google.com: domain of srs0=ab=cd=sender.example=alice@company.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=\"SRS0=ab=cd=sender.example=alice@company.example\";\n       dmarc=fail (p=REJECT sp=REJECT dis=QUARANTINE) header.from=sender.example;\n       dara=pass header.i=@gmail.com\n",
        Some("mx.google.com"),
        &[
            "dkim=pass header.i=@sender.example header.s=ext header.b=ab/cD+12",
            "dkim=neutral (no key) header.i=@other.example",
            "arc=pass (i=1 spf=pass spfdomain=sender.example dkim=pass dkdomain=sender.example dmarc=pass fromdomain=sender.example)",
            "spf=pass (google.com: domain of srs0=ab=cd=sender.example=alice@company.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=SRS0=ab=cd=sender.example=alice@company.example",
            "dmarc=fail (p=REJECT sp=REJECT dis=QUARANTINE) header.from=sender.example",
            "dara=pass header.i=@gmail.com",
        ],
    );
    reads(
        " mx.google.com; spf=neutral (google.com: 192.0.2.1 is neither permitted nor denied by best guess record for domain of alice@sender.example) smtp.mail=alice@sender.example; domainkeys=neutral (no key?) header.From=alice@sender.example",
        Some("mx.google.com"),
        &[
            "spf=neutral (google.com: 192.0.2.1 is neither permitted nor denied by best guess record for domain of alice@sender.example) smtp.mail=alice@sender.example",
            "domainkeys=neutral (no key?) header.From=alice@sender.example",
        ],
    );
}

#[test]
fn microsoft_names_no_server() {
    reads(
        " spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=sender.example; dkim=pass (signature was verified)\n header.d=sender.example;dmarc=pass action=none\n header.from=sender.example;compauth=pass reason=100\n",
        None,
        &[
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=sender.example",
            "dkim=pass (signature was verified) header.d=sender.example",
            "dmarc=pass action=none header.from=sender.example",
            "compauth=pass [100]",
        ],
    );
    let aar = " i=2; mx.microsoft.com 1; spf=pass (sender ip is\n 192.0.2.1) smtp.rcpttodomain=company.example smtp.mailfrom=sender.example;\n arc=pass (0 oda=1 ltdi=1\n spf=[1,1,smtp.mailfrom=sender.example])\n";
    let read = AuthenticationResults::parse("arc-authentication-results", aar.as_bytes(), 7);
    assert_eq!((read.instance, read.authserv_id.as_deref(), read.line), (Some(2), Some("mx.microsoft.com"), 7));
    assert_eq!(read.version, Some(1));
    assert_eq!(
        shown(&read),
        [
            "spf=pass (sender ip is 192.0.2.1) smtp.rcpttodomain=company.example smtp.mailfrom=sender.example",
            "arc=pass (0 oda=1 ltdi=1 spf=[1,1,smtp.mailfrom=sender.example])",
        ]
    );
}

#[test]
fn other_servers() {
    // rspamd
    reads(
        " mx.company.example;\n\tdkim=pass header.d=sender.example header.s=ext header.b=\"ab cdEF\";\n\tarc=pass (\"other.example:s=s1:i=1\");\n\tdmarc=pass (policy=reject) header.from=sender.example;\n\tspf=pass (mx.company.example: domain of \"a+b=c@sender.example\" designates 192.0.2.1 as permitted sender) smtp.mailfrom=\"a+b=c@sender.example\"",
        Some("mx.company.example"),
        &[
            "dkim=pass header.d=sender.example header.s=ext header.b=ab cdEF",
            "arc=pass (\"other.example:s=s1:i=1\")",
            "dmarc=pass (policy=reject) header.from=sender.example",
            "spf=pass (mx.company.example: domain of \"a+b=c@sender.example\" designates 192.0.2.1 as permitted sender) smtp.mailfrom=a+b=c@sender.example",
        ],
    );
    // Zoho
    reads(
        " mx.zoho.test;\n\tdkim=pass  header.i=sender.example;\n\tspf=pass  smtp.mailfrom=no-reply@sender.example;\n\tdmarc=pass header.from=<no-reply@sender.example> header.from=<no-reply@sender.example>",
        Some("mx.zoho.test"),
        &[
            "dkim=pass header.i=sender.example",
            "spf=pass smtp.mailfrom=no-reply@sender.example",
            "dmarc=pass header.from=<no-reply@sender.example> header.from=<no-reply@sender.example>",
        ],
    );
    // Exim
    reads(
        " mx.company.example;\n\tiprev=pass (mx.sender.example) smtp.remote-ip=192.0.2.1;\n\tdkim=pass header.d=sender.example header.s=ext header.a=rsa-sha256;\n\tarc=pass (i=1) header.s=s1 arc.oldest-pass=1 smtp.remote-ip=192.0.2.1",
        Some("mx.company.example"),
        &[
            "iprev=pass (mx.sender.example) smtp.remote-ip=192.0.2.1",
            "dkim=pass header.d=sender.example header.s=ext header.a=rsa-sha256",
            "arc=pass (i=1) header.s=s1 arc.oldest-pass=1 smtp.remote-ip=192.0.2.1",
        ],
    );
    // OpenDKIM, OpenDMARC, OpenARC
    reads(
        " mx.company.example;\n\tdkim=fail reason=\"signature verification failed\" (1024-bit key; unprotected) header.d=sender.example header.i=@sender.example",
        Some("mx.company.example"),
        &[
            "dkim=fail [signature verification failed] (1024-bit key; unprotected) header.d=sender.example header.i=@sender.example",
        ],
    );
    reads(
        " OpenDMARC; dmarc=none (p=none dis=none) header.from=a.example",
        Some("OpenDMARC"),
        &["dmarc=none (p=none dis=none) header.from=a.example"],
    );
    reads(
        " mx.company.example; arc=none smtp.remote-ip=192.0.2.1",
        Some("mx.company.example"),
        &["arc=none smtp.remote-ip=192.0.2.1"],
    );
    // Fastmail
    reads(
        " mx.company.example; dkim=pass (2048-bit rsa key sha256) header.d=a.example x-bits=2048; x-tls=pass smtp.version=TLSv1.3 smtp.bits=256/256",
        Some("mx.company.example"),
        &[
            "dkim=pass (2048-bit rsa key sha256) header.d=a.example x-bits=2048",
            "x-tls=pass smtp.version=TLSv1.3 smtp.bits=256/256",
        ],
    );
    // Yahoo
    reads(
        " atlas.example; dkim=pass header.i=@a.example; dmarc=pass(p=NONE) header.from=a.example;",
        Some("atlas.example"),
        &["dkim=pass header.i=@a.example", "dmarc=pass (p=NONE) header.from=a.example"],
    );
}

#[test]
fn the_grammar_to_its_corners() {
    reads(" (at) company.example (here) 1 ; none", Some("company.example"), &[]);
    reads(" company.example", Some("company.example"), &[]);
    reads("", None, &[]);
    reads(" ; ; dkim=pass", None, &["dkim=pass"]);
    reads(" \"company.example\"; dkim=pass", Some("company.example"), &["dkim=pass"]);
    reads(" company.example dkim=pass header.d=a.example", Some("company.example"), &["dkim=pass header.d=a.example"]);
    reads(" h;\n DKIM (a)\n / (b)\n 1 = Pass", Some("h"), &["dkim=pass (a b)"]);
    reads(
        " h;\n DKIM/1 (a)\n = (b)\n Pass (c) header (d)\n . (e)\n D (f)\n =\n (g)\n a.example (h)",
        Some("h"),
        &["dkim=pass (a b c d e f g h) header.D=a.example"],
    );
    reads(
        " h; spf=none smtp.mailfrom= smtp.helo=a.example",
        Some("h"),
        &["spf=none smtp.mailfrom= smtp.helo=a.example"],
    );
    reads(" h; spf=none smtp.mailfrom=", Some("h"), &["spf=none smtp.mailfrom="]);
    reads(" h; spf=none smtp.mailfrom=;dkim=none", Some("h"), &["spf=none smtp.mailfrom=", "dkim=none"]);
    reads(
        " h; spf=pass smtp.mailfrom=\n SRS0=a=b@c.example",
        Some("h"),
        &["spf=pass smtp.mailfrom=SRS0=a=b@c.example"],
    );
    reads(" h; spf=pass stray words smtp.mailfrom=a.example = b", Some("h"), &["spf=pass smtp.mailfrom=a.example"]);
    reads(" h; dkim=pass (a (b (c)) \\) d) (e)", Some("h"), &["dkim=pass (a (b (c)) \\) d e)"]);
    reads(" h; (before) dkim=pass", Some("h"), &["dkim=pass (before)"]);
    reads(" h; stray; =x; a.b=c; dkim=; d;im=pass; \"dkim=pass\"", Some("h"), &["im=pass"]);
    reads(" h;\n \n\t\n dkim=pass\n  \n", Some("h"), &["dkim=pass"]);
}

#[test]
fn bytes_that_are_no_text_are_kept_apart() {
    let read = AuthenticationResults::parse(
        "Authentication-Results",
        b" h; spf=pass (\xff\xfe) smtp.mailfrom=\xfcx@a.example; dmarc=fail",
        1,
    );
    assert_eq!(shown(&read), ["spf=pass (\u{fffd}\u{fffd}) smtp.mailfrom=\u{fffd}x@a.example", "dmarc=fail"]);
}

#[test]
fn an_instance_comes_first() {
    let arc = |value: &str| AuthenticationResults::parse("ARC-Authentication-Results", value.as_bytes(), 1);
    for value in [
        "i=1;h;dkim=pass",
        " i=1; h; dkim=pass",
        " I = 1 ;\r\n h ; dkim=pass",
        "i=1 h; dkim=pass",
        " (c) i=01; h; dkim=pass",
    ] {
        let read = arc(value);
        assert_eq!(
            (read.instance, read.authserv_id.as_deref(), shown(&read)),
            (Some(1), Some("h"), vec!["dkim=pass".into()]),
            "{value}"
        );
    }
    assert_eq!((arc(" h; dkim=pass").instance, arc(" i=x; h").instance), (None, None));
    assert_eq!(
        (arc(" i=1; spf=pass; dkim=none").authserv_id, arc("i=1; spf=pass; dkim=none").results.len()),
        (None, 2)
    );
    assert_eq!((parse(" i=1; h; dkim=pass").instance, parse(" h; i=1; dkim=pass").instance), (Some(1), None));
}

#[test]
fn what_strangers_write_is_never_a_result() {
    let hidden = [
        r#" h; spf=pass (domain of "x; dmarc=pass header.from=bank.example"@evil.example) smtp.mailfrom="x; dmarc=pass"@evil.example"#,
        r#" h; spf=pass (domain of "x) ; dmarc=pass (y"@evil.example) smtp.mailfrom=evil.example"#,
        r#" h; spf=pass (domain of "x\" ) ; dmarc=pass (y"@evil.example) smtp.mailfrom=evil.example"#,
        r#" h; spf=pass (a (b) ; dmarc=pass) smtp.mailfrom=evil.example"#,
        r#" h; spf=pass smtp.mailfrom="\"x; dmarc=pass\"@evil.example""#,
        r#" h; spf=pass smtp.mailfrom=""x; dmarc=pass header.from=bank.example"@evil.example""#,
        r#" h; spf=pass smtp.mailfrom=<"x; dmarc=pass"@evil.example>"#,
        r#" h; spf=pass smtp.mailfrom="x; dmarc=pass"#,
        r#" h; spf=pass (never closed; dmarc=pass"#,
        r#" h; spf=pass reason="x; dmarc=pass""#,
        r#" "h; dmarc=pass"; spf=pass"#,
    ];
    for value in hidden {
        let read = parse(value);
        assert_eq!(read.results.iter().map(|r| r.method.as_str()).collect::<Vec<_>>(), ["spf"], "{value}");
    }
}

#[test]
fn what_a_stranger_writes_hides_no_result() {
    let value = r#" h; spf=pass (domain of "x("@evil.example) smtp.mailfrom="x("@evil.example; dmarc=fail header.from=bank.example"#;
    assert_eq!(shown(&parse(value))[1..], ["dmarc=fail header.from=bank.example"]);
}

#[test]
fn a_statement_says_which_domain_it_is_about() {
    let read = parse(
        " h; dkim=pass header.i=@a.example; spf=pass smtp.mailfrom=\"x@y\"@b.example; dmarc=pass header.from=<u@c.example>; dkim=pass header.d=d.example header.i=@x.d.example; arc=pass",
    );
    let domains: Vec<_> = read.results.iter().map(ResInfo::domain).collect();
    assert_eq!(domains, [Some("a.example"), Some("b.example"), Some("c.example"), Some("d.example"), None]);
    assert_eq!(read.results[0].property("HEADER", "I"), Some("@a.example"));
    assert_eq!(read.method("dkim").count(), 2);
}

#[test]
fn all_are_found_top_to_bottom() {
    let message = Message::parse(
        "X-Original-Authentication-Results: b; spf=pass\nARC-Authentication-Results: i=1; c\nauthentication-results: a\n\nAuthentication-Results: body\n",
    );
    assert_eq!(
        all(&message).iter().map(|a| (a.authserv_id.as_deref(), a.line)).collect::<Vec<_>>(),
        [(Some("b"), 1), (Some("a"), 3)]
    );
    let field: &Field = message.first("ARC-Authentication-Results").unwrap();
    assert_eq!(AuthenticationResults::of(field).instance, Some(1));
}
