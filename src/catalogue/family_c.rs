//! Family C: the chain verifies, but it does not help, or says the wrong thing.

use super::text;

rows![
    row(
        C00,
        text(
            "the chain verifies and the mail is judged badly all the same",
            "チェーンは正しいのに、メールの評価が悪い",
        ),
        text("arc=pass, and spam, a bounce or dmarc=fail", "arc=pass なのに迷惑メール、バウンス、または dmarc=fail"),
        text(
            "which cause of this family it is cannot be proved from the evidence at hand",
            "この系列のどれが原因かは、手元の証拠だけでは証明できない",
        ),
        text("provide the bytes that were sent and the forwarder's log", "送信した本文と転送サーバーのログを用意する"),
        &[],
    )
    .without_fault("it is said when no other cause of its family fits"),
    row(
        C01,
        text("the seal says nothing: no check had been made", "封印に中身がない。何も検査されていない"),
        text(
            "arc=pass (i=1) without spf=, dkim= and dmarc=; the AAR says none",
            "arc=pass (i=1) に spf= dkim= dmarc= がなく、AAR が none",
        ),
        text(
            "the seal was made for a client that counts as local, so all checks were skipped",
            "ローカル扱いの接続元のため、検査がすべて省かれたまま封印した",
        ),
        text("hand over the real client address: see A11", "本当の接続元を渡す。A11 を参照"),
        &["rspamd #5177", "OpenARC #164", "captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        C02,
        text("the same server sealed twice", "同じサーバーが二度封印した"),
        text(
            "two sets with the same d=; the receiver's own seal is i=3; the second AAR holds only arc=pass",
            "同じ d= のセットが二つあり、受信側の封印が i=3。二つ目の AAR は arc=pass だけ",
        ),
        text(
            "a content_filter, mailing list or sieve loop passes the milter twice",
            "content_filter、メーリングリスト、sieve のループで milter を二度通る",
        ),
        text("use the milter on one pass only", "milter は一度だけ通す"),
        &["rspamd #2920", "rspamd #1839", "rspamd #4994", "measured with rspamd 3.4"],
    ),
    row(
        C03,
        text("a relay in front hides the client address", "前段のリレーが接続元を隠している"),
        text(
            "arc=pass (i=1 spf=softfail …) although the sender's SPF is right",
            "差出人の SPF は正しいのに arc=pass (i=1 spf=softfail …)",
        ),
        text("SPF was judged on the relay's address", "リレーのアドレスで SPF を判定した"),
        text("configure external_relay", "external_relay を設定する"),
        &["rspamd #3176", "rspamd #3614", "rspamd #4601"],
    ),
    row(
        C04,
        text("the seal repeats what somebody else wrote", "他人の書いた内容を封印している"),
        text("the AAR of i=1 carries a foreign authserv-id", "i=1 の AAR に他人の authserv-id がある"),
        text(
            "reuse_auth_results without trusted_authserv_id: a forged field was sealed",
            "trusted_authserv_id のない reuse_auth_results が、偽のフィールドを封印した",
        ),
        text(
            "turn it off, or rspamd 4.0 with trusted_authserv_id",
            "無効にするか、rspamd 4.0 以降で trusted_authserv_id を設定する",
        ),
        &["measured with rspamd 3.4"],
    ),
    row(
        C05,
        text("a header that the sender's DKIM covers was dropped", "差出人の DKIM が署名したヘッダーが消された"),
        text(
            "dkim=fail and dmarc=fail, but arc=pass (i=1 … dkim=pass dmarc=pass)",
            "dkim=fail と dmarc=fail なのに arc=pass (i=1 … dkim=pass dmarc=pass)",
        ),
        text(
            "smtp_header_checks removes a header after the milter, for example X-Mailer or User-Agent",
            "milter の後で smtp_header_checks が X-Mailer や User-Agent などを消す",
        ),
        text(
            "drop those IGNORE rules, or apply them to submission only",
            "その IGNORE ルールをやめるか、投稿時だけに使う",
        ),
        &["docker-mailserver #1575", "docker-mailserver #4607", "mailcow #5335", "measured with rspamd 3.4"],
    ),
    row(
        C06,
        text("the receiver does not trust this sealer", "受信側がこの封印者を信用していない"),
        text(
            "arc=pass and dmarc=fail (p=REJECT …), spam or a 5.7.26 bounce",
            "arc=pass と dmarc=fail (p=REJECT …)、迷惑メールか 5.7.26 のバウンス",
        ),
        text(
            "a valid chain does not oblige the receiver to believe its sealer",
            "正しいチェーンでも、封印者を信じるかは受信側が決める",
        ),
        text(
            "keep the sender's DKIM intact; rewrite From for senders with p=reject and no DKIM",
            "差出人の DKIM を壊さない。DKIM のない p=reject の差出人は From を書き換える",
        ),
        &["OpenARC #129", "free-email-forwarding #214", "free-email-forwarding #257"],
    ),
    row(
        C07,
        text("the sender's DKIM is not aligned", "差出人の DKIM が整合していない"),
        text(
            "SPF and DKIM pass, and DMARC fails; d= is not the From domain",
            "SPF も DKIM も pass なのに DMARC が fail。d= が From のドメインと違う",
        ),
        text(
            "the sender signs with its provider's domain, and SRS took SPF alignment away",
            "差出人がプロバイダーのドメインで署名し、SRS で SPF の整合も失われた",
        ),
        text("the sender must sign with its own domain", "差出人が自分のドメインで署名する必要がある"),
        &["free-email-forwarding #268"],
    ),
    row(
        C08,
        text("the forwarder signs mail that is not its own", "転送側が自分のものでないメールに署名している"),
        text(
            "the original DKIM is broken, and the forwarder's own DKIM passes",
            "元の DKIM は壊れ、転送側の DKIM は pass",
        ),
        text("it rewrites and re-signs forwarded mail", "転送メールを書き換えて署名し直している"),
        text("sign only mail of your own domain", "自分のドメインのメールだけに署名する"),
        &["postsrsd #77", "aws-lambda-ses-forwarder #13", "salmon #72"],
    ),
    row(
        C10,
        text("the mail was changed before the seal", "封印の前にメールが変更された"),
        text(
            "arc=pass with dkim=fail in the seal's own results; the author's signature does not fit what the seal covers",
            "arc=pass だが、封印された結果は dkim=fail。差出人の署名が、封印が覆う内容と合わない",
        ),
        text(
            "a filter or gateway in front of the sealing server, or another milter before it, tagged the subject or edited the body: the seal says that nothing genuine came in",
            "封印サーバーの前のフィルターやゲートウェイ、または先に動く milter が件名や本文を書き換えた。封印には「本物ではない」と書かれる",
        ),
        text(
            "check and seal before anything edits the mail, or leave it as it is: verify at the server that takes it from outside, tag after the check or not at all; name a filter in front in external_relay",
            "書き換える前に検査と封印を行うか、書き換えない。外部から受け取るサーバーで検証し、タグ付けは検査の後にするかやめる。前段のフィルターは external_relay に書く",
        ),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    )
    .without_fault("it needs a server that edits mail before it seals"),
];
