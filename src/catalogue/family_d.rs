//! Family D: a server answers 4yz or 5yz.

use super::text;

rows![
    row(
        D00,
        text("the receiver refused the mail", "受信側がメールを拒否した"),
        text(
            "a 4yz or 5yz reply whose text is none that the catalogue knows",
            "カタログにない文面の 4yz または 5yz 応答",
        ),
        text("the reply's text says it, as far as the receiver tells", "受信側が述べる限りでは、応答の文面が理由"),
        text("read the reply; keep it with the Message-ID", "応答を読み、Message-ID とともに控える"),
        &[],
    ),
    row(
        D01,
        text("neither SPF nor DKIM passes at the receiver", "受信側で SPF も DKIM も pass しない"),
        text(
            "550-5.7.26 … the sender is unauthenticated … DKIM = did not pass SPF [x] with ip: [y] = did not pass",
            "550-5.7.26 … the sender is unauthenticated … DKIM = did not pass SPF [x] with ip: [y] = did not pass",
        ),
        text(
            "the forward keeps the sender's envelope address, and the sender has no DKIM",
            "転送でエンベロープの差出人がそのままで、差出人に DKIM がない",
        ),
        text("rewrite the envelope sender (SRS)", "エンベロープの差出人を書き換える (SRS)"),
        &["docker-mailserver #3642", "docker-mailserver #3759", "Google: SMTP errors and codes"],
    ),
    row(
        D02,
        text(
            "the sender's SPF record ends in -all and the forward has no SRS",
            "差出人の SPF が -all で、SRS なしに転送している",
        ),
        text(
            "550-5.7.26 The MAIL FROM domain [x] has an SPF record with a hard fail policy (-all)",
            "550-5.7.26 The MAIL FROM domain [x] has an SPF record with a hard fail policy (-all)",
        ),
        text("as D01, with a hard SPF policy", "D01 と同じで、SPF のポリシーが厳しい"),
        text("rewrite the envelope sender (SRS)", "エンベロープの差出人を書き換える (SRS)"),
        &["docker-simple-mail-forwarder #123", "Google: SMTP errors and codes"],
    ),
    row(
        D03,
        text("the sender's DMARC policy forbids it", "差出人の DMARC ポリシーに反する"),
        text(
            "550-5.7.26 Unauthenticated email from x is not accepted due to domain's DMARC policy",
            "550-5.7.26 Unauthenticated email from x is not accepted due to domain's DMARC policy",
        ),
        text(
            "p=reject, the sender's DKIM is missing or broken, and ARC was not honoured",
            "p=reject で、差出人の DKIM がないか壊れていて、ARC も考慮されなかった",
        ),
        text("do not modify forwarded mail; see C05 and C06", "転送メールを変更しない。C05 と C06 を参照"),
        &["OpenARC #129", "docker-mailserver #1346", "postsrsd #77", "Google: SMTP errors and codes"],
    ),
    row(
        D04,
        text("the mail looks like spam to the receiver", "受信側が迷惑メールと判断した"),
        text("550-5.7.1 … likely unsolicited mail", "550-5.7.1 … likely unsolicited mail"),
        text("forwarded spam, and the reputation that comes of it", "迷惑メールを転送し、評判が落ちている"),
        text(
            "filter before forwarding; forward from an address of its own",
            "転送前に選別し、転送専用のアドレスを使う",
        ),
        &["docker-mailserver #3642", "Google: SMTP errors and codes"],
    ),
    row(
        D05,
        text("too much mail for the receiver's liking", "受信側の許す量を超えている"),
        text(
            "421-4.7.0 or 4.7.28 unusual rate of (unsolicited) mail",
            "421-4.7.0 または 4.7.28 unusual rate of (unsolicited) mail",
        ),
        text("rate or reputation, for a time", "一時的な流量制限か評判の低下"),
        text("back off; it is no fault of the configuration", "間隔を空ける。設定の誤りではない"),
        &["mailcow-dockerized #110", "smf #41", "Google: SMTP errors and codes"],
    ),
    row(
        D06,
        text("the same Message-ID was sent too often", "同じ Message-ID を送りすぎた"),
        text(
            "421-4.7.28 … quota for sending messages with the same Message-ID",
            "421-4.7.28 … quota for sending messages with the same Message-ID",
        ),
        text("a probe re-uses its Message-ID", "試験メールが Message-ID を使い回している"),
        text("a new Message-ID for every try", "毎回新しい Message-ID を使う"),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D07,
        text("the forwarder's address has no matching PTR record", "転送側のアドレスに正しい PTR がない"),
        text(
            "550-5.7.25 … PTR, or 550-5.7.1 … IPv6 sending guidelines",
            "550-5.7.25 … PTR、または 550-5.7.1 … IPv6 sending guidelines",
        ),
        text(
            "no reverse DNS, or one that does not lead back, often on IPv6",
            "逆引きがないか正引きと一致しない。IPv6 に多い",
        ),
        text("publish the PTR, or send over IPv4", "PTR を公開するか、IPv4 で送る"),
        &["mailinabox #1746", "mailcow #238", "OpenSMTPD #1076"],
    ),
    row(
        D08,
        text("the message breaks RFC 5322", "メールが RFC 5322 に違反している"),
        text(
            "550-5.7.1 … not RFC 5322 compliant: duplicate headers, or a missing Message-ID",
            "550-5.7.1 … not RFC 5322 compliant。ヘッダーの重複や Message-ID の欠落",
        ),
        text(
            "the forwarder adds a second header, or the sender left one out",
            "転送側がヘッダーを重複させたか、差出人が省いた",
        ),
        text("mend the program that writes the header", "そのヘッダーを書くプログラムを直す"),
        &["Chaste #268", "krayin PR #1145", "mailyak #70"],
    ),
    row(
        D09,
        text("the receiver wants TLS", "受信側が TLS を求めている"),
        text("421 4.7.29 or 550 5.7.29 … TLS", "421 4.7.29 または 550 5.7.29 … TLS"),
        text("the forwarder sends in clear", "転送側が平文で送っている"),
        text("smtp_tls_security_level = may", "smtp_tls_security_level = may にする"),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D10,
        text("the forwarder's SRS daemon does not answer", "転送側の SRS デーモンが応答しない"),
        text("NOQUEUE: reject … Temporary lookup failure", "NOQUEUE: reject … Temporary lookup failure"),
        text(
            "postsrsd is down, and Postfix asks it for every address",
            "postsrsd が停止していて、Postfix は毎回問い合わせる",
        ),
        text("start postsrsd", "postsrsd を起動する"),
        &["docker-simple-mail-forwarder PR #103"],
    ),
    row(
        D11,
        text("SRS leaves the null sender alone", "空の差出人は SRS で書き換えられない"),
        text("srs_forward: <\"\"> not rewritten: No at sign", "srs_forward: <\"\"> not rewritten: No at sign"),
        text("a bounce has no sender to rewrite; harmless", "バウンスには書き換える差出人がない。無害"),
        text("ignore it", "無視してよい"),
        &["postsrsd #77"],
    )
    .without_fault("send a mail without a sender: `send: { envelope_from: \"\" }`"),
    row(
        D12,
        text("the forwarder forwards what it scored as spam", "迷惑メールと判定したものを転送している"),
        text(
            "a spoofed mail was sealed and forwarded with X-Spam: Yes; later 5.7.26 or a lost reputation",
            "なりすましメールが X-Spam: Yes 付きで封印・転送され、後に 5.7.26 や評判の低下が起きる",
        ),
        text(
            "no rule keeps mail over the spam threshold from being forwarded",
            "しきい値を超えたメールの転送を止める規則がない",
        ),
        text("do not forward mail over the spam threshold", "しきい値を超えたメールは転送しない"),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        D13,
        text("the company's server does not take the mail", "会社のサーバーがメールを受け取らない"),
        text(
            "a 4yz or 5yz reply of the server that forwards, to this run or to the sender's own server",
            "転送するサーバーが、この実行または差出人のサーバーに返した 4yz または 5yz 応答",
        ),
        text(
            "its reply says it: no such user, no relaying, a policy, a milter, greylisting; the receiver has not seen the mail",
            "応答に理由がある。宛先なし、中継拒否、ポリシー、milter、グレーリストなど。受信側にはまだ届いていない",
        ),
        text(
            "read the reply and that server's log; mend its tables or restrictions, and send again",
            "応答とそのサーバーのログを読み、テーブルや制限を直してから送り直す",
        ),
        &["RFC 5321 §4.2.1", "Postfix: SMTPD_ACCESS_README"],
    )
    .without_fault("hand the mail over yourself: `--set accounts.company.mx=HOST:PORT`"),
];
