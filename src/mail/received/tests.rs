use super::*;
use crate::mail::Message;

fn hop(value: &str) -> Hop {
    hops(&Message::parse(format!("Received: {value}\r\n"))).remove(0)
}

/// from, from_ip, by, with, id, recipient, tls, time
type Row<'a> = (
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    bool,
    Option<i64>,
);

fn row(hop: &Hop) -> Row<'_> {
    (
        hop.from.as_deref(),
        hop.from_ip.as_deref(),
        hop.by.as_deref(),
        hop.with.as_deref(),
        hop.id.as_deref(),
        hop.recipient.as_deref(),
        hop.tls,
        hop.time,
    )
}

const NOON: Option<i64> = Some(1_601_035_200); // Fri, 25 Sep 2020 12:00:00 +0000

#[test]
fn every_server_s_field_is_read() {
    let cases: [(&str, Row<'_>); 16] = [
        (
            "from mx.sender.example (mx.sender.example [203.0.113.5])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n\t(No client certificate requested)\r\n\tby mx.company.example (Postfix) with ESMTPS id 4BZ\r\n\tfor <user@company.example>; Fri, 25 Sep 2020 12:00:00 +0000 (UTC)",
            (
                Some("mx.sender.example"),
                Some("203.0.113.5"),
                Some("mx.company.example"),
                Some("ESMTPS"),
                Some("4BZ"),
                Some("user@company.example"),
                true,
                NOON,
            ),
        ),
        (
            "by mx.company.example (Postfix, from userid 1000)\n\tid 15DFE; Fri, 25 Sep 2020 14:00:00 +0200 (CEST)",
            (None, None, Some("mx.company.example"), None, Some("15DFE"), None, false, NOON),
        ),
        (
            "by 2002:a05:7022:1::2 with SMTP id x1csp1;\r\n        Fri, 25 Sep 2020 05:00:00 -0700 (PDT)",
            (None, None, Some("2002:a05:7022:1::2"), Some("SMTP"), Some("x1csp1"), None, false, NOON),
        ),
        (
            "from mx.company.example (mx.company.example. [2001:db8::1])\r\n        by mx.google.com with ESMTPS id z3si4.5.2026.04.01\r\n        for <probe.inbox@gmail.com>\r\n        (version=TLS1_2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 bits=128/128);\r\n        Fri, 25 Sep 2020 05:00:00 -0700 (PDT)",
            (
                Some("mx.company.example"),
                Some("2001:db8::1"),
                Some("mx.google.com"),
                Some("ESMTPS"),
                Some("z3si4.5.2026.04.01"),
                Some("probe.inbox@gmail.com"),
                true,
                NOON,
            ),
        ),
        (
            "from mail-sor-f41.google.com (mail-sor-f41.google.com. [192.0.2.41]) by mx.google.com with SMTPS id a for <probe.inbox@gmail.com> (Google Transport Security); Fri, 25 Sep 2020 05:00:00 PDT",
            (
                Some("mail-sor-f41.google.com"),
                Some("192.0.2.41"),
                Some("mx.google.com"),
                Some("SMTPS"),
                Some("a"),
                Some("probe.inbox@gmail.com"),
                true,
                NOON,
            ),
        ),
        (
            "from 1234 named unknown by gmailapi.google.com with HTTPREST; Fri, 25 Sep 2020 12:00:00 +0000",
            (Some("1234"), None, Some("gmailapi.google.com"), Some("HTTPREST"), None, None, false, NOON),
        ),
        (
            "from [192.0.2.7] (helo=[198.51.100.9])\n\tby mx.company.example with esmtpsa  (TLS1.3) tls TLS_AES_256_GCM_SHA384\n\t(Exim 4.96)\n\t(envelope-from <a@sender.example>)\n\tid 1abc-0001-2Q\n\tfor user@company.example;\n\tFri, 25 Sep 2020 12:00:00 +0000",
            (
                Some("[192.0.2.7]"),
                Some("192.0.2.7"),
                Some("mx.company.example"),
                Some("esmtpsa"),
                Some("1abc-0001-2Q"),
                Some("user@company.example"),
                true,
                NOON,
            ),
        ),
        (
            "from mx.sender.example ([192.0.2.8]:4242 helo=[198.51.100.9]) by mx.company.example with esmtp (Exim 4.90) id 1; Fri, 25 Sep 2020 12:00:00 +0000",
            (
                Some("mx.sender.example"),
                Some("192.0.2.8"),
                Some("mx.company.example"),
                Some("esmtp"),
                Some("1"),
                None,
                false,
                NOON,
            ),
        ),
        (
            "from A.prod.company.example (2001:db8:1::1) by\r\n B.prod.company.example (2001:db8:1::2) with Microsoft SMTP Server\r\n (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.1.2\r\n via Frontend Transport; Fri, 25 Sep 2020 12:00:00 +0000",
            (
                Some("A.prod.company.example"),
                Some("2001:db8:1::1"),
                Some("B.prod.company.example"),
                Some("Microsoft SMTP Server"),
                Some("15.20.1.2"),
                None,
                true,
                NOON,
            ),
        ),
        (
            "from sender.example (sender.example [IPv6:2001:db8::5] (may be forged))\r\n\tby mx.company.example (8.14.4/8.14.4) with ESMTP id q8\r\n\t(version=TLSv1/SSLv3 cipher=DHE-RSA-AES256-SHA bits=256 verify=NOT)\r\n\tfor <user@company.example>; Fri, 25 Sep 2020 12:00:00 GMT",
            (
                Some("sender.example"),
                Some("2001:db8::5"),
                Some("mx.company.example"),
                Some("ESMTP"),
                Some("q8"),
                Some("user@company.example"),
                true,
                NOON,
            ),
        ),
        (
            "(from root@localhost) by host.company.example (8.14.4/8.14.4/Submit) id q9; Fri, 25 Sep 2020 12:00:00 GMT",
            (None, None, Some("host.company.example"), None, Some("q9"), None, false, NOON),
        ),
        (
            "(qmail 1234 invoked by uid 89); 25 Sep 2020 12:00:00 -0000",
            (None, None, None, None, None, None, false, NOON),
        ),
        (
            "from unknown (HELO mail.sender.example) (user@192.0.2.9)\n  by mx.company.example with SMTP; 25 Sep 2020 12:00:00 -0000",
            (Some("unknown"), Some("192.0.2.9"), Some("mx.company.example"), Some("SMTP"), None, None, false, NOON),
        ),
        (
            "from mx.company.example ([192.0.2.3])\n\tby store.company.example with LMTP\n\tid AAAA\n\t(envelope-from <a@sender.example>)\n\tfor <user@company.example>; Fri, 25 Sep 2020 12:00:00 +0000",
            (
                Some("mx.company.example"),
                Some("192.0.2.3"),
                Some("store.company.example"),
                Some("LMTP"),
                Some("AAAA"),
                Some("user@company.example"),
                false,
                NOON,
            ),
        ),
        (
            "from tls1.sender.example (TLS1.sender.example [192.0.2.4]) by mx.company.example with SMTP id 1",
            (
                Some("tls1.sender.example"),
                Some("192.0.2.4"),
                Some("mx.company.example"),
                Some("SMTP"),
                Some("1"),
                None,
                false,
                None,
            ),
        ),
        ("nonsense", (None, None, None, None, None, None, false, None)),
    ];
    for (value, expected) in cases {
        assert_eq!(row(&hop(value)), expected, "{value}");
    }
}

#[test]
fn what_the_client_says_stays_a_name() {
    let read = hop("from by (x [192.0.2.1]) by mx.company.example with SMTP id 1; Fri, 25 Sep 2020 12:00:00 +0000");
    assert_eq!((read.from.as_deref(), read.by.as_deref()), (Some("by"), Some("mx.company.example")));
    let read = hop(
        "from x (y) by mx.company.example for <\"a; by mx.google.com; Mon\"@sender.example>; Fri, 25 Sep 2020 12:00:00 +0000",
    );
    assert_eq!((read.by.as_deref(), read.time), (Some("mx.company.example"), NOON));
    assert_eq!(read.recipient.as_deref(), Some("\"a; by mx.google.com; Mon\"@sender.example"));
    let read = hop("from x (by mx.google.com ; with SMTP) by mx.company.example; Fri, 25 Sep 2020 12:00:00 +0000");
    assert_eq!((read.by.as_deref(), read.with), (Some("mx.company.example"), None));
}

#[test]
fn dates_are_read_as_they_come() {
    let time = |date: &str| hop(&format!("by a; {date}")).time;
    for date in [
        "Fri, 25 Sep 2020 12:00:00 +0000",
        "25 Sep 2020 12:00 UT",
        "Fri, 25 Sep 2020 07:00:00 EST",
        "Fri (a day), 25 (b) Sep 2020\r\n (c (d)) 12:00:00 Z (UTC)",
        "Mon, 25 Sep 2020 12:00:00 -0000",
        "fri, 25 sep 2020 12:00:00 gmt",
        "Fri, 25 Sep 20 12:00:00 +0000",
        "Fri, 25 Sep 2020 14:00:00 +0200 CEST",
    ] {
        assert_eq!(time(date), NOON, "{date}");
    }
    for date in [
        "",
        "yesterday",
        "Fri, 32 Sep 2020 12:00:00 +0000",
        "Fri, 25 Sep 2020",
        "Fri, 25 Sep 2020 12:00:00",
        "25 Sep 99999 12:00:00 Z",
    ] {
        assert_eq!(time(date), None, "{date}");
    }
}

#[test]
fn the_path_runs_from_the_first_hop_to_the_last() {
    let header = "Received: by c; Fri, 25 Sep 2020 12:00:09 +0000\r\nReceived: by b\r\nSubject: x\r\n\
                  Received: by a2; Fri, 25 Sep 2020 12:00:00 +0000\r\nReceived: by a1; Fri, 25 Sep 2020 12:00:01 +0000\r\n";
    let hops = hops(&Message::parse(header));
    let read: Vec<_> = hops.iter().map(|h| (h.by.as_deref().unwrap(), h.delay, h.line)).collect();
    assert_eq!(read, [("a1", None, 5), ("a2", Some(-1), 4), ("b", None, 2), ("c", None, 1)]);
}

#[test]
fn transfers_under_tls_are_seen_in_the_words_of_every_server() {
    for with in [
        "with ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384",
        "with SMTP/TLS/TLS_AES_256_GCM_SHA384",
        "with Microsoft SMTP Server (TLS) id 15.0.1497.18",
        "with esmtps  (TLSv1.2:ECDHE-RSA-AES256-GCM-SHA384:256) (Exim 4.90) id 1",
        "(OpenSMTPD) with ESMTPS id 2 (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)",
        "(8.18.1/8.18.1) with ESMTP id 3 (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=OK)",
        "with (DHE-RSA-AES256-SHA encrypted) SMTP",
        "with ESMTP (TLS: TLSv1.2,256bits,ECDHE_RSA_AES_256_GCM) id 4",
        "with ESMTP id 5 (cipher=ECDHE-RSA-AES256-GCM-SHA384)",
        "with UTF8SMTPS id 6",
    ] {
        assert!(hop(&format!("from a (b [192.0.2.1]) by mx.company.example {with}; {DATE}")).tls, "{with}");
    }
    for with in [
        "with ESMTP/ECDHE-RSA-AES256-GCM-SHA384",
        "with Microsoft SMTP Server id 15.0.1497.18",
        "with ESMTP (no TLS) id 7",
        "with SMTP (not encrypted) id 8",
        "with ESMTP id 9 (cipher=NONE)",
    ] {
        assert!(!hop(&format!("from a (b [192.0.2.1]) by mx.company.example {with}; {DATE}")).tls, "{with}");
    }
}

const DATE: &str = "Fri, 25 Sep 2020 12:00:00 +0000";
