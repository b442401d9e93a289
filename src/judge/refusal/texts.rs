//! Gmail's reply texts, today's and older ones, by words that stay while the wording changes.

use super::Outlook;
use crate::catalogue::{Cause, Text, text};

/// One of Gmail's texts.
#[derive(Debug)]
pub(super) struct KnownReply {
    /// A short name for it.
    pub(super) name: &'static str,
    /// Words in lower case: the text is this one when it holds all of one group.
    pub(super) phrases: &'static [&'static [&'static str]],
    /// The last two parts of the enhanced status codes that only this text has.
    pub(super) statuses: &'static [&'static str],
    pub(super) meaning: Meaning,
    /// It is about how much is sent, and goes by with time.
    pub(super) is_limit: bool,
}

impl KnownReply {
    const fn limit(self) -> Self {
        Self { is_limit: true, ..self }
    }
}

/// What a text means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// A row of the catalogue says it.
    Row(Cause),
    /// It is no fault that the catalogue is about.
    Own { means: Text, next: Text },
}

const fn row(
    name: &'static str,
    cause: Cause,
    phrases: &'static [&'static [&'static str]],
    statuses: &'static [&'static str],
) -> KnownReply {
    KnownReply { name, phrases, statuses, meaning: Meaning::Row(cause), is_limit: false }
}

const fn own(
    name: &'static str,
    phrases: &'static [&'static [&'static str]],
    statuses: &'static [&'static str],
    means: Text,
    next: Text,
) -> KnownReply {
    KnownReply { name, phrases, statuses, meaning: Meaning::Own { means, next }, is_limit: false }
}

/// What to do about a reply that is not known.
pub(super) fn otherwise(outlook: Outlook) -> Text {
    match outlook {
        Outlook::Transient => text("wait: the server tries again", "待つ。サーバーが再送する"),
        Outlook::Final => text(
            "read the reply; what it asks for must be done before the mail is sent again",
            "応答を読み、求められていることを直してから送り直す",
        ),
        Outlook::Unknown => text("read the report's own text", "通知の本文を読む"),
    }
}

/// Every text, the most special first.
pub(super) const KNOWN: &[KnownReply] = &[
    row("same Message-ID too often", Cause::D06, &[&["same message-id"]], &[]).limit(),
    row("unusual rate of mail", Cause::D05, &[&["unusual rate"]], &["7.28"]).limit(),
    row("SPF hard fail", Cause::D02, &[&["hard fail policy"]], &[]),
    own(
        "no DMARC record",
        &[&["doesn't have a dmarc record"], &["doesn't specify a dmarc policy"]],
        &["7.40"],
        text("the sender sends in bulk and has no DMARC policy", "大量送信の差出人に DMARC ポリシーがない"),
        text("the sender publishes a DMARC record", "差出人が DMARC レコードを公開する"),
    ),
    row("DMARC policy", Cause::D03, &[&["dmarc policy"]], &[]),
    row(
        "sender is unauthenticated",
        Cause::D01,
        &[
            &["sender is unauthenticated"],
            &["because it is unauthenticated"],
            &["does not have authentication information"],
        ],
        &[],
    ),
    own(
        "bulk mail without SPF",
        &[&["spf does not pass"], &["spf authentication didn't pass"]],
        &["7.27"],
        text("the sender sends in bulk, and SPF does not pass", "大量送信の差出人の SPF が pass しない"),
        text(
            "rewrite the envelope sender (SRS), and let its SPF record name the forwarder",
            "エンベロープの差出人を書き換え (SRS)、その SPF に転送サーバーを含める",
        ),
    ),
    own(
        "bulk mail without DKIM",
        &[&["dkim does not pass"], &["dkim authentication didn't pass"]],
        &["7.30"],
        text("the sender sends in bulk, and DKIM does not pass", "大量送信の差出人の DKIM が pass しない"),
        text(
            "see whether the sender signs, and do not modify forwarded mail",
            "差出人が署名しているか確かめ、転送メールを変更しない",
        ),
    ),
    own(
        "From is not aligned",
        &[&["isn't aligned"], &["is not aligned"]],
        &["7.32"],
        text("neither SPF nor DKIM is in the name of the From domain", "SPF も DKIM も From のドメインと一致しない"),
        text("the sender must sign with its own domain", "差出人が自分のドメインで署名する"),
    ),
    own(
        "suspicious SPF record",
        &[&["suspicious entries"]],
        &["7.24"],
        text(
            "the SPF record of the sending domain has suspicious entries",
            "送信ドメインの SPF レコードに不審な項目がある",
        ),
        text("shorten the SPF record: no +all, no huge ranges", "SPF レコードを整理する。+all や広すぎる範囲を除く"),
    ),
    row("no PTR record", Cause::D07, &[&["ptr record"], &["ipv6", "guidelines"]], &["7.25", "7.23"]),
    row("breaks RFC 5322", Cause::D08, &[&["rfc 5322"], &["rfc 2822"], &["duplicate headers"]], &[]),
    row("no TLS", Cause::D09, &[&["tls connection"], &["tls required"], &["starttls"]], &["7.29"]),
    row("likely unsolicited", Cause::D04, &[&["unsolicited"], &["very low reputation"]], &[]),
    row("SRS lookup failure", Cause::D10, &[&["temporary lookup failure"]], &[]),
    row("greylisting", Cause::E06, &[&["greylist"]], &[]),
    own(
        "not authorized to send directly",
        &[&["not authorized to send email directly"], &["not authorized", "send email directly"]],
        &[],
        text(
            "the address belongs to a net from which no mail is expected",
            "メール送信が想定されていない網のアドレスから送っている",
        ),
        text(
            "send through the provider's relay, or from a server with a fixed address",
            "プロバイダーの中継か、固定アドレスのサーバーから送る",
        ),
    ),
    own(
        "no such user",
        &[&["does not exist"], &["no such user"], &["doesn't exist"]],
        &["1.1"],
        text("there is no such mailbox", "そのメールボックスは存在しない"),
        text("correct the address that the mail is forwarded to", "転送先のアドレスを直す"),
    ),
    own(
        "mailbox is inactive",
        &[&["is disabled"], &["is inactive. for"], &["account that you tried to reach is inactive"]],
        &[],
        text("the mailbox is disabled or inactive", "メールボックスが無効か休止中"),
        text(
            "ask its owner to log in, or forward to another address",
            "持ち主がログインするか、別のアドレスへ転送する",
        ),
    ),
    own(
        "receives too quickly",
        &[&["mail too quickly"], &["at a rate that prevents"]],
        &["2.1"],
        text("the mailbox gets more mail than it may", "メールボックスが許容量を超えて受信している"),
        text("wait; forward less to it", "待つ。転送量を減らす"),
    ),
    own(
        "mailbox is full",
        &[&["out of storage space"], &["over quota"]],
        &["2.2"],
        text("the mailbox is full", "メールボックスが満杯"),
        text("its owner must make room", "持ち主が容量を空ける"),
    ),
    own(
        "message is too big",
        &[&["message size limits"], &["size limit"]],
        &["3.4"],
        text("the message is larger than Gmail takes", "Gmail の上限を超える大きさのメール"),
        text("send it smaller, or a link to it", "小さくするか、リンクで送る"),
    ),
    own(
        "sending limit",
        &[&["sending limit exceeded"], &["sending quota exceeded"]],
        &["4.5"],
        text("the sending account has used up its daily limit", "送信アカウントの 1 日の上限に達した"),
        text("wait a day, or send from another account", "1 日待つか、別のアカウントで送る"),
    )
    .limit(),
    own(
        "mail loop",
        &[&["exceeded 50 hops"], &["mail loop"], &["hop count exceeded"]],
        &["4.6"],
        text("the mail goes in circles", "メールがループしている"),
        text("look for two addresses that forward to each other", "互いに転送し合うアドレスがないか確かめる"),
    ),
    own(
        "too many recipients",
        &[&["too many recipients"]],
        &["5.3"],
        text("too many recipients at once", "一度の宛先が多すぎる"),
        text("send to fewer at once", "宛先を分けて送る"),
    ),
    own(
        "dangerous content",
        &[&["potential security issue"], &["illegal attachment"]],
        &[],
        text("an attachment is of a kind that Gmail blocks", "Gmail が拒否する種類の添付ファイルがある"),
        text("send it in another way", "別の方法で送る"),
    ),
    own(
        "malformed message",
        &[&["message is malformed"]],
        &["6.0"],
        text("the message cannot be read as mail", "メールとして読めない"),
        text("mend the program that wrote it", "そのメールを作ったプログラムを直す"),
    ),
    own(
        "try again later",
        &[&["try again later"], &["temporarily rejected"], &["temporary system problem"], &["server busy"]],
        &["3.0"],
        text("Gmail has no time now", "Gmail が一時的に受け付けない"),
        text("wait: the server tries again", "待つ。サーバーが再送する"),
    ),
];
