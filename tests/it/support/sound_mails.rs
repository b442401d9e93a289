//! Mails that verify, each another one: what people write, lists rewrite, and servers sign and seal. A seed gives the same mails.

use super::{
    numbers::Numbers,
    verify_signer::{H, Key, Recipe, arc, arc_recipe, dkim, dkim_recipe, ed25519, records, rsa, split},
};
use sealcheck::verify::ZoneFile;
use std::sync::LazyLock;

/// A mail that verifies.
pub(crate) struct SoundMail {
    pub(crate) text: Vec<u8>,
    /// The company forwarded and sealed it.
    pub(crate) is_forwarded: bool,
}

/// The keys of everybody on the way.
struct Keys {
    sender: Key,
    list: Key,
    company: Key,
    receiver: Key,
}

impl Keys {
    fn of(key: fn(&'static str, &'static str) -> Key, selector: &'static str, sender: &'static str) -> Self {
        Self {
            sender: key(sender, selector),
            list: key("list.example", selector),
            company: key("company.example", selector),
            receiver: key("receiver.example", selector),
        }
    }
}

/// Ed25519 is quick, RSA is what most mail has, and one author has a domain in U-labels (RFC 8616).
static KEYS: LazyLock<[Keys; 3]> = LazyLock::new(|| {
    [
        Keys::of(ed25519, "ed", "sender.example"),
        Keys::of(rsa, "rsa", "sender.example"),
        Keys::of(ed25519, "ed2", "日本語.example"),
    ]
});

/// DNS with every key.
pub(crate) fn keys_in_dns() -> ZoneFile {
    let mut zone = ZoneFile::default();
    for key in KEYS.iter().flat_map(|keys| [&keys.sender, &keys.list, &keys.company, &keys.receiver]) {
        zone.insert(&key.name(), records(&[&key.record()]));
    }
    zone
}

const NAMES: [&str; 7] = [
    "",
    "Alice ",
    "\"Smith, Alice (Sales)\" ",
    "=?UTF-8?B?5bGx55SwIOiKseWtkA==?=\r\n ",
    "=?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= ",
    "山田 花子 ",
    "Alice (on holiday)\r\n\t",
];
const SUBJECTS: [&str; 8] = [
    " hello",
    " Re: [Talk]  hello   there",
    " =?UTF-8?Q?caf=C3=A9?=\r\n =?UTF-8?Q?_au_lait?=",
    " 十月のお見積り",
    "",
    "\r\n folded at once ",
    "\tafter a tab\t",
    " =?ISO-2022-JP?B?GyRCJCo4KyRRJGobKEI=?=",
];
/// Fields that few sign.
const EXTRA: [&str; 8] = [
    "X-Mailer: Writer 1.0 (\"beta\")\r\n",
    "Auto-Submitted: auto-generated\r\n",
    "Authentication-Results: mail.sender.example; auth=pass smtp.auth=alice\r\n",
    "X-Spam-Status: No, score=-1.0\r\n\ttests=NONE\r\n",
    "References: <1@sender.example>\r\n\t<2@sender.example>\r\n <3@list.example>\r\n",
    "x-empty:\r\n",
    "Reply-To: Sales <sales@sender.example>, help@sender.example\r\n",
    "X-Original-ARC: i=1; cv=fail\r\n",
];
const BODIES: [(&str, &[u8]); 10] = [
    ("", b"First line.\r\nSecond  line. \r\n\r\n"),
    ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n", "café \t\r\n御中\r\n".as_bytes()),
    ("Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n", b"\x1b$B$\"$j$,$H$&\x1b(B\r\n"),
    ("Content-Type: text/plain; charset=\"windows-1252\"\r\nContent-Transfer-Encoding: 8bit\r\n", b"caf\xe9 \x80 5\r\n"),
    (
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n",
        b"<p>caf=C3=A9=\r\n au lait</p>=20\r\n",
    ),
    ("Content-Type: text/plain\r\nContent-Transfer-Encoding: BASE64\r\n", b"Rmlyc3QgbGluZS4NCg==\r\n"),
    (
        "Content-Type: multipart/mixed;\r\n boundary=\"a b'=_:c\"\r\n",
        b"preamble\r\n--a b'=_:c\r\n\r\ntext\r\n--a b'=_:c\r\nContent-Type: message/rfc822\r\n\r\nARC-Seal: i=1; cv=fail; d=x.example\r\nFrom: a@x.example\r\n\r\nb\r\n--a b'=_:c--\r\nepilogue",
    ),
    (
        "Content-Type: multipart/alternative; boundary=x\r\n",
        b"--x\r\nContent-Type: multipart/related; boundary=y\r\n\r\n--y\r\n\r\n--\r\n--y--\r\n\r\n--x\r\n\r\nnever closed\r\n",
    ),
    ("Content-Type: text/plain; format=flowed; delsp=yes\r\n", b"> quoted \r\n> more\r\n-- \r\nAlice\r\n\r\n\r\n\r\n"),
    ("Content-Type: nonsense\r\n", b"."),
];
const SIGNED: [&str; 4] = [
    H,
    "from:to:cc:subject:date:message-id:mime-version:content-type:content-transfer-encoding",
    "From:From:Subject:Subject:To:Reply-To:Date",
    "from:to:subject:date:message-id:in-reply-to:references:list-id:x-mailer",
];
const FORMS: [&str; 2] = ["simple", "relaxed"];
const AT: &str = "Tue, 24 Nov 2026 02:44:00 +0000";

/// The next mail.
pub(crate) fn sound_mail(numbers: &mut Numbers) -> SoundMail {
    // One in eight is signed with RSA throughout.
    let keys = &KEYS[[0, 0, 0, 0, 0, 1, 2, 2][numbers.below(8)]];
    let author = keys.sender.domain;
    let mut mail = written(numbers, author);
    for _ in 0..=numbers.below(3) {
        let recipe = recipe(numbers, &keys.sender);
        mail = dkim(&keys.sender, &recipe, &mail);
    }
    let passed = |of: &str| {
        format!(
            "dkim=pass header.d={of} header.s=s;\r\n\tspf=pass smtp.mailfrom=bounce@{of};\r\n\tdmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from={of}"
        )
    };
    let (by_list, is_forwarded) = (numbers.below(2) == 1, numbers.below(2) == 1);
    let (mut from, mut host, mut sets) = (author, format!("mx.{author}"), 0);
    if by_list {
        mail = taken(numbers, &host, "mx.list.example", "talk@list.example", &mail);
        if numbers.below(2) == 1 {
            mail = rewritten(numbers, &mail);
            mail = dkim(&keys.list, &recipe(numbers, &keys.list), &mail);
            from = "list.example";
        }
        let before = passed(author);
        (mail, sets, host) = (sealed(numbers, &keys.list, 1, &before, &mail), 1, "mx.list.example".to_owned());
    }
    let chain = |sets: u32| {
        if sets == 0 { String::new() } else { format!("arc=pass (i={sets} spf=pass dkim=pass dmarc=pass);\r\n\t") }
    };
    if is_forwarded {
        mail = taken(numbers, &host, "mx.company.example", "user@company.example", &mail);
        let results = chain(sets) + &passed(from);
        (mail, sets, host) =
            (sealed(numbers, &keys.company, sets + 1, &results, &mail), sets + 1, "mx.company.example".to_owned());
    }
    mail = taken(numbers, &host, "mx.receiver.example", "someone@receiver.example", &mail);
    let results = chain(sets) + &passed(from);
    mail = [format!("Authentication-Results: mx.receiver.example; {results}\r\n").as_bytes(), &mail].concat();
    if numbers.below(2) == 1 {
        mail = sealed(numbers, &keys.receiver, sets + 1, &results, &mail);
    }
    SoundMail { text: mail, is_forwarded }
}

/// What an author writes.
fn written(numbers: &mut Numbers, domain: &str) -> Vec<u8> {
    let recipients: Vec<String> =
        (0..=numbers.below(4) * numbers.below(12)).map(|n| format!("user{n}@company.example")).collect();
    let (content, body) = *numbers.pick(&BODIES);
    let from = if numbers.below(8) == 0 { "FROM" } else { "From" };
    let mut fields = vec![
        format!("{from}: {}<alice@{domain}>\r\n", numbers.pick(&NAMES)),
        format!("To: {}\r\n", recipients.join(",\r\n ")),
        format!("Subject:{}\r\n", numbers.pick(&SUBJECTS)),
        format!("Date: {AT}{}\r\n", numbers.pick(&["", " (UTC)", "  "])),
        format!("Message-ID: <{}.{}@{domain}>\r\n", numbers.below(1 << 30), numbers.below(1 << 30)),
        format!("MIME-Version: 1.0\r\n{content}"),
        (*numbers.pick(&EXTRA)).to_owned(),
    ];
    if numbers.below(6) == 0 {
        fields.push(format!("X-Long: {}\r\n", "word ".repeat(numbers.below(600))));
    }
    let turn = numbers.below(fields.len());
    fields.rotate_left(turn);
    let mut text = fields.concat().into_bytes();
    text.extend_from_slice(b"\r\n");
    match numbers.below(12) {
        0 => {}
        1 => text.extend(format!("{}\r\n", "x".repeat(numbers.below(4000))).bytes()),
        n => (0..1 + n / 8).for_each(|_| text.extend_from_slice(body)),
    }
    text
}

/// How somebody signs.
fn recipe(numbers: &mut Numbers, key: &Key) -> Recipe {
    let mut recipe = dkim_recipe(key, (*numbers.pick(&FORMS), *numbers.pick(&FORMS)));
    recipe.h = (*numbers.pick(&SIGNED)).to_owned();
    let folded = recipe.h.replace(":message-id", ":\r\n\t message-id");
    recipe.template = recipe.template.replace(&format!("h={H};"), &format!("h={folded};"));
    let more = *numbers.pick(&["", " t=1795488240;", " t=1795488240; x=1895488240;", " q=dns/txt; z=Subject:hello;"]);
    recipe.template = recipe.template.replace("; bh=", &format!(";{more} bh="));
    recipe
}

fn sealed(numbers: &mut Numbers, key: &Key, i: u32, results: &str, mail: &[u8]) -> Vec<u8> {
    let mut set = arc_recipe(key, i, ("relaxed", "relaxed"));
    let mut ams = recipe(numbers, key);
    ams.template = ams.template.replace("v=1;", &format!("i={i};"));
    set.ams = Some(ams);
    set.aar = Some(format!("i={i}; mx.{}; {results}", key.domain));
    arc(key, &set, mail)
}

/// The line of a server that took a mail.
fn taken(numbers: &mut Numbers, from: &str, by: &str, recipient: &str, mail: &[u8]) -> Vec<u8> {
    let with = *numbers.pick(&["ESMTPS", "ESMTP", "esmtps (TLS1.3)", "ESMTP/TLS/ECDHE-RSA-AES256-GCM-SHA384"]);
    let line = format!(
        "Received: from {from} ({from} [203.0.113.5])\r\n\tby {by} with {with} id {}\r\n\tfor <{recipient}>; {AT}\r\n",
        numbers.below(1 << 20)
    );
    [line.as_bytes(), mail].concat()
}

/// What a list makes of a mail: From is its own, the author's signatures are gone or broken, and there is a footer.
fn rewritten(numbers: &mut Numbers, mail: &[u8]) -> Vec<u8> {
    let (fields, body) = split(mail);
    let keeps = numbers.below(2) == 1;
    let is = |field: &str, name: &str| field.to_ascii_lowercase().starts_with(name);
    let mut out =
        "List-Id: <talk.list.example>\r\nList-Unsubscribe: <https://list.example/u>,\r\n <mailto:u@list.example>\r\n"
            .to_owned();
    for field in fields {
        if is(&field, "from:") {
            out.push_str("From: \"Alice via Talk\" <talk@list.example>\r\n");
        } else if keeps || !is(&field, "dkim-signature:") {
            out.push_str(&field);
        }
    }
    [out.as_bytes(), b"\r\n", body, b"\r\n-- \r\nTalk\r\n"].concat()
}
