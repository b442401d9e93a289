//! Family D, continued: what replies of today say, by who speaks and by the registry of status codes.

use super::text;

rows![
    row(
        D14,
        text("the receiver has no such mailbox", "受信側にそのメールボックスがない"),
        text(
            "550 5.1.1 … does not exist, user unknown, no such user",
            "550 5.1.1 … does not exist、user unknown、no such user",
        ),
        text(
            "the address that the mail is forwarded to is mistyped, or was deleted",
            "転送先のアドレスが誤っているか、削除された",
        ),
        text(
            "correct the address in the alias or virtual table of the server that forwards",
            "転送サーバーの alias や virtual テーブルのアドレスを直す",
        ),
        &["Google: SMTP errors and codes", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D15,
        text("the mailbox is full", "メールボックスが満杯"),
        text(
            "452 4.2.2 or 552 5.2.2 … out of storage space, over quota",
            "452 4.2.2 または 552 5.2.2 … out of storage space、over quota",
        ),
        text("the recipient's storage is used up", "受信者の保存容量が残っていない"),
        text("the owner of the mailbox makes room, or buys more", "メールボックスの持ち主が容量を空けるか増やす"),
        &["Google: SMTP errors and codes", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D16,
        text("the mailbox is disabled", "メールボックスが無効になっている"),
        text("550 5.2.1 … is disabled, is inactive", "550 5.2.1 … is disabled、is inactive"),
        text(
            "the account was suspended, or was not used for a long time",
            "アカウントが停止されたか、長く使われていない",
        ),
        text(
            "the owner signs in to the account, or the mail is forwarded to another address",
            "持ち主がアカウントにログインするか、別のアドレスへ転送する",
        ),
        &["Google: SMTP errors and codes", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D17,
        text("the recipient gets more mail than the receiver allows", "受信者宛のメールが受信側の許す量を超えている"),
        text(
            "450 4.2.1 or 550 5.2.1 … receiving mail too quickly, at a rate that prevents additional messages",
            "450 4.2.1 または 550 5.2.1 … receiving mail too quickly、at a rate that prevents additional messages",
        ),
        text(
            "Gmail counts what one mailbox receives: 60 a minute, 3,600 an hour",
            "Gmail は 1 つのメールボックスの受信数を数える (毎分 60、毎時 3,600)",
        ),
        text("wait; forward less to this mailbox", "待つ。このメールボックスへの転送を減らす"),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D18,
        text("the sending account has used up its limit", "送信アカウントの上限に達した"),
        text(
            "550 5.4.5 Daily user sending limit exceeded, 450 4.2.1 Peak SMTP relay limit exceeded",
            "550 5.4.5 Daily user sending limit exceeded、450 4.2.1 Peak SMTP relay limit exceeded",
        ),
        text(
            "the relay counts the mail of an account or of a customer",
            "中継サービスがアカウントや契約ごとの通数を数えている",
        ),
        text("wait a day, or send through another account", "1 日待つか、別のアカウントで送る"),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D19,
        text("the message is larger than the server takes", "サーバーの上限より大きい"),
        text(
            "552 5.3.4 or 5.2.3 … message size limits; too many attachments",
            "552 5.3.4 または 5.2.3 … message size limits。添付ファイルが多すぎる",
        ),
        text(
            "the next server takes smaller messages than the server that forwards (SIZE, RFC 1870)",
            "次のサーバーの上限 (SIZE、RFC 1870) が転送サーバーより小さい",
        ),
        text(
            "send it smaller or as a link; let message_size_limit be no larger than what the receiver takes",
            "小さくするかリンクで送る。message_size_limit を受信側の上限以下にする",
        ),
        &["Google: SMTP errors and codes", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D20,
        text("the receiver takes an attachment for dangerous", "添付ファイルが危険と判断された"),
        text(
            "552 5.7.0 … potential security issue, illegal attachment; contains a virus",
            "552 5.7.0 … potential security issue、illegal attachment。contains a virus",
        ),
        text(
            "an attachment is of a kind that the receiver blocks, or a virus was found",
            "受信側が拒否する種類の添付ファイルがあるか、ウイルスが見つかった",
        ),
        text(
            "send the file in another way; scan mail before it is forwarded",
            "ファイルを別の方法で送る。転送前に検査する",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D21,
        text("the forwarder's address is on a block list", "転送側の IP アドレスがブロックリストに載っている"),
        text(
            "554 5.7.1 … blocked using zen.spamhaus.org, block list (S3150), banned sending IP",
            "554 5.7.1 … blocked using zen.spamhaus.org、block list (S3150)、banned sending IP",
        ),
        text(
            "spam was sent or forwarded from the address, or from its network",
            "そのアドレスかネットワークから迷惑メールが送信または転送された",
        ),
        text(
            "look up the address at the list that the reply names, end the cause, ask for removal; filter before forwarding",
            "応答にあるリストでアドレスを調べ、原因をなくして解除を申請する。転送前に選別する",
        ),
        &["docker-mailserver #3642", "Microsoft: NDR codes in Exchange Online", "Yahoo: SMTP error codes"],
    ),
    row(
        D22,
        text("the mail goes in circles", "メールがループしている"),
        text(
            "554 5.4.6 … exceeded 50 hops, mail loop, too many hops",
            "554 5.4.6 … exceeded 50 hops、mail loop、too many hops",
        ),
        text(
            "two addresses forward to each other, or a server hands mail to itself",
            "2 つのアドレスが互いに転送し合うか、サーバーが自分自身に渡している",
        ),
        text(
            "read the Received fields of the bounce, and take one of the forwards out",
            "バウンスの Received を読み、一方の転送をやめる",
        ),
        &["Google: SMTP errors and codes", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D23,
        text("the receiver wants a passing DKIM signature", "受信側が有効な DKIM 署名を求めている"),
        text(
            "550 5.7.30 … DKIM does not pass (Gmail, bulk mail), 550 5.7.20 no passing DKIM signature found",
            "550 5.7.30 … DKIM does not pass (Gmail、大量送信)、550 5.7.20 no passing DKIM signature found",
        ),
        text(
            "the sender does not sign, or the signature broke on the way",
            "差出人が署名していないか、途中で署名が壊れた",
        ),
        text(
            "see whether the sender signs (C05, C06), and do not modify forwarded mail",
            "差出人が署名しているか確かめ (C05、C06)、転送メールを変更しない",
        ),
        &["Google: SMTP errors and codes", "RFC 7372"],
    ),
    row(
        D24,
        text("the sending domain has no DMARC policy", "送信ドメインに DMARC ポリシーがない"),
        text(
            "550 5.7.40 or 421 4.7.31 … doesn't have a DMARC record",
            "550 5.7.40 または 421 4.7.31 … doesn't have a DMARC record",
        ),
        text("Gmail wants one of everybody who sends in bulk", "Gmail は大量送信の差出人に DMARC を求める"),
        text(
            "the sender publishes a record at _dmarc, at least v=DMARC1; p=none",
            "差出人が _dmarc にレコードを公開する (少なくとも v=DMARC1; p=none)",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D25,
        text("the SPF record of the sending domain is suspicious", "送信ドメインの SPF レコードが不審と判断された"),
        text("550 5.7.24 or 451 4.7.24 … suspicious entries", "550 5.7.24 または 451 4.7.24 … suspicious entries"),
        text(
            "it allows far too much: +all, or huge ranges of addresses",
            "+all や広すぎるアドレス範囲など、許可しすぎている",
        ),
        text(
            "let the record name the servers that send, and nothing else",
            "送信するサーバーだけを SPF レコードに書く",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D26,
        text("a policy of the recipient's organization forbids it", "受信側組織のポリシーに反する"),
        text(
            "550 5.7.1 … has a policy that prohibited the mail that you sent; a reply that ends in gcdp",
            "550 5.7.1 … has a policy that prohibited the mail that you sent。gcdp で終わる応答",
        ),
        text(
            "a rule that the recipient's administrators wrote (Google Workspace: compliance, blocked senders)",
            "受信側の管理者が設けた規則 (Google Workspace のコンプライアンスや送信者のブロック)",
        ),
        text(
            "ask the recipient's administrators; no setting of the forwarder helps",
            "受信側の管理者に問い合わせる。転送側の設定では直らない",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D27,
        text("the relay does not take mail of this sender", "中継サーバーがこの差出人のメールを受け取らない"),
        text(
            "relay access denied; not verified; SendAsDenied; invalid credentials for relay",
            "relay access denied、not verified、SendAsDenied、invalid credentials for relay",
        ),
        text(
            "the next server sends for addresses that were registered with it; forwarded mail is from anybody",
            "次のサーバーは登録された差出人だけを送信する。転送メールの差出人は誰でもありうる",
        ),
        text(
            "forward without this relay (relayhost, transport_maps), or through one that takes any sender; rewriting the envelope sender (SRS) to a registered domain helps where only the envelope is compared",
            "転送メールはこの中継を通さない (relayhost、transport_maps)。任意の差出人を受け取る中継を使う。エンベロープだけを見る中継なら、登録ドメインへの書き換え (SRS) で足りる",
        ),
        &[
            "Amazon SES: SMTP response codes",
            "SendGrid: sender identity",
            "Google Workspace: SMTP relay",
            "Microsoft: NDR codes in Exchange Online",
        ],
    ),
    row(
        D28,
        text("SPF does not pass at the receiver", "受信側で SPF が pass しない"),
        text(
            "550 5.7.23 SPF validation failed, 5.7.27 … SPF does not pass (Gmail, bulk mail)",
            "550 5.7.23 SPF validation failed、5.7.27 … SPF does not pass (Gmail、大量送信)",
        ),
        text(
            "the forward keeps the sender's envelope address, whose SPF record does not name the forwarder; or the forwarder's own record lacks its address",
            "転送でエンベロープの差出人がそのままで、その SPF に転送側がない。または転送側自身の SPF にアドレスの漏れがある",
        ),
        text(
            "rewrite the envelope sender (SRS), and let the forwarder's own SPF record name all its addresses, IPv6 too",
            "エンベロープの差出人を書き換え (SRS)、転送側自身の SPF に IPv6 を含む全アドレスを書く",
        ),
        &["Google: SMTP errors and codes", "RFC 7372"],
    ),
    row(
        D29,
        text("the receiver does not accept the ARC chain", "受信側が ARC チェーンを受け付けない"),
        text("550 5.7.29 ARC validation failure", "550 5.7.29 ARC validation failure"),
        text(
            "a seal does not verify at the receiver, or the receiver could not verify it",
            "受信側で封印を検証できなかった",
        ),
        text(
            "verify the copy that came back (sealcheck inspect); if it holds, the receiver could not get the keys",
            "戻ってきた写しを検証する (sealcheck inspect)。正しければ、受信側が鍵を取得できなかった",
        ),
        &["RFC 8617 §5.2.2", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D30,
        text(
            "the mail asks for TLS on every hop, and a server does not offer it",
            "全ホップで TLS を求めるメールだが、対応しないサーバーがある",
        ),
        text("550 5.7.30 REQUIRETLS support required", "550 5.7.30 REQUIRETLS support required"),
        text(
            "the sender used REQUIRETLS (RFC 8689), which the next server must support",
            "差出人が REQUIRETLS (RFC 8689) を使い、次のサーバーが対応していない",
        ),
        text(
            "send it without REQUIRETLS, or through servers that support it",
            "REQUIRETLS なしで送るか、対応するサーバーを使う",
        ),
        &["RFC 8689 §5"],
    ),
    row(
        D31,
        text(
            "the receiver asked the sender's server, and it does not know the address",
            "受信側が差出人のサーバーに照会し、アドレスを確認できなかった",
        ),
        text(
            "550 Verification failed for …, sender verify failed, unverified address",
            "550 Verification failed for …、sender verify failed、unverified address",
        ),
        text(
            "a callout: the receiver tries the envelope sender before it takes the mail",
            "受信側が受け取る前にエンベロープの差出人を試す (callout)",
        ),
        text(
            "the envelope sender must accept mail, SRS addresses too; no greylisting for bounces",
            "SRS アドレスも含め、エンベロープの差出人が受信できるようにする。バウンスはグレーリストの対象から外す",
        ),
        &["Exim: verify = sender/callout", "Postfix: ADDRESS_VERIFICATION_README"],
    ),
    row(
        D32,
        text("the sender's domain does not exist or takes no mail", "差出人のドメインが存在しないか、受信しない"),
        text(
            "553 5.1.8 Domain of sender address … does not exist; 550 5.7.27 null MX",
            "553 5.1.8 Domain of sender address … does not exist、550 5.7.27 null MX",
        ),
        text(
            "the domain of the envelope sender has neither MX nor address, or says with a null MX that it takes none (RFC 7505)",
            "エンベロープの差出人のドメインに MX もアドレスもないか、null MX (RFC 7505) で受信しないと宣言している",
        ),
        text(
            "mend the sender's DNS, or rewrite the envelope sender (SRS)",
            "差出人の DNS を直すか、エンベロープの差出人を書き換える (SRS)",
        ),
        &["RFC 7505", "IANA: SMTP Enhanced Status Codes"],
    ),
    row(
        D33,
        text(
            "the organization that forwards forbids forwarding to the outside",
            "転送元の組織が外部への転送を禁じている",
        ),
        text("550 5.7.520 … does not allow external forwarding", "550 5.7.520 … does not allow external forwarding"),
        text(
            "the outbound spam policy of Microsoft 365 forbids automatic forwarding by default",
            "Microsoft 365 の送信スパムポリシーは既定で自動転送を禁じる",
        ),
        text(
            "its administrators allow automatic forwarding for this mailbox (outbound spam filter policy)",
            "管理者がこのメールボックスの自動転送を許可する (送信スパム フィルター ポリシー)",
        ),
        &["Microsoft: NDR codes in Exchange Online"],
    ),
    row(
        D34,
        text("the domain of the recipient takes no mail", "宛先のドメインがメールを受け取らない"),
        text("553 5.1.2 … recipient domain; 556 5.1.10 null MX", "553 5.1.2 … recipient domain、556 5.1.10 null MX"),
        text(
            "the domain is mistyped, does not exist, or says with a null MX that it takes none (RFC 7505)",
            "ドメインの誤記か、存在しないか、null MX (RFC 7505) で受信しないと宣言している",
        ),
        text("correct the address that the mail is forwarded to", "転送先のアドレスを直す"),
        &["Google: SMTP errors and codes", "RFC 7505"],
    ),
    row(
        D35,
        text("the forwarder names itself wrongly in HELO", "転送側の HELO の名前が正しくない"),
        text(
            "501 5.5.4 HELO/EHLO argument … is invalid, Helo command rejected",
            "501 5.5.4 HELO/EHLO argument … is invalid、Helo command rejected",
        ),
        text(
            "smtp_helo_name or myhostname is localhost, a bare name, or one that does not resolve",
            "smtp_helo_name や myhostname が localhost か、ドメインのない名前か、解決できない名前になっている",
        ),
        text(
            "postconf myhostname smtp_helo_name: a fully qualified name that resolves to the address",
            "postconf myhostname smtp_helo_name で確かめ、そのアドレスに解決される完全な名前にする",
        ),
        &["Google: SMTP errors and codes", "Postfix: postconf(5) reject_invalid_helo_hostname"],
    ),
    row(
        D36,
        text(
            "no mail is expected from the address of the forwarder",
            "転送側の IP アドレスからのメール送信が想定されていない",
        ),
        text(
            "550 5.7.1 … The IP you are using to send mail is not authorized to send email directly",
            "550 5.7.1 … The IP you are using to send mail is not authorized to send email directly",
        ),
        text(
            "the address belongs to a network of dynamic or private lines",
            "動的割り当てや家庭向けの回線のアドレスから送っている",
        ),
        text(
            "send through the provider's relay, or from a server with a fixed address",
            "プロバイダーの中継か、固定アドレスのサーバーから送る",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D37,
        text("too many recipients at once", "一度の宛先が多すぎる"),
        text("452 4.5.3 or 550 5.5.3 … too many recipients", "452 4.5.3 または 550 5.5.3 … too many recipients"),
        text(
            "the server takes fewer recipients in one transaction or one message",
            "サーバーが 1 回の送信や 1 通で受け付ける宛先数を超えている",
        ),
        text(
            "send to fewer at once (smtp_destination_recipient_limit)",
            "宛先を分けて送る (smtp_destination_recipient_limit)",
        ),
        &["Google: SMTP errors and codes", "RFC 5321 §4.5.3.1.10"],
    ),
    row(
        D38,
        text(
            "the next server wants a login, or does not accept this one",
            "次のサーバーがログインを求めているか、ログインを受け付けない",
        ),
        text(
            "530 5.7.0 Authentication required, 535 5.7.8 … not accepted",
            "530 5.7.0 Authentication required、535 5.7.8 … not accepted",
        ),
        text(
            "the relay knows its customers by name and password, and these are missing or old",
            "中継サーバーの認証情報がないか、古い",
        ),
        text(
            "postconf relayhost smtp_sasl_password_maps: renew the password, then postqueue -f",
            "postconf relayhost smtp_sasl_password_maps を確かめ、パスワードを更新して postqueue -f",
        ),
        &["Google: SMTP errors and codes"],
    ),
    row(
        D39,
        text("the receiver asks to try again later", "受信側が後での再送を求めている"),
        text(
            "421 4.3.0 Temporary System Problem, 4.4.5 Server busy, try again later",
            "421 4.3.0 Temporary System Problem、4.4.5 Server busy、try again later",
        ),
        text(
            "it has no time or no room now; nothing is wrong with the mail",
            "受信側が混んでいるか一時的な障害。メールに問題はない",
        ),
        text("wait: the server tries again", "待つ。サーバーが再送する"),
        &["Google: SMTP errors and codes"],
    )
    .without_fault("it needs a server that keeps a log or reports delays"),
    row(
        D40,
        text(
            "the SPF record of the sending server's own domain lacks its address",
            "送信サーバー自身のドメインの SPF に、送信元アドレスが含まれていない",
        ),
        text(
            "SPF [x] with ip: [y] = did not pass, where x is the domain of the server that sends, not the sender's",
            "SPF [x] with ip: [y] = did not pass。x が差出人ではなく送信サーバー側のドメイン",
        ),
        text(
            "the envelope sender is already in the server's own name; the record of that domain is missing, or names other addresses: the server moved, or sends over IPv6",
            "エンベロープの差出人はすでに自ドメインになっている。その SPF がないか、別のアドレスしか書かれていない (サーバーの移転、IPv6 での送信)",
        ),
        text(
            "let the SPF record of that domain name the address that sends, which the reply tells (ip4:, ip6:), or send from one that it names; sign with DKIM for that domain as well",
            "応答にある送信元アドレスをそのドメインの SPF に加える (ip4:、ip6:)。または SPF にあるアドレスから送る。そのドメインの DKIM 署名も付ける",
        ),
        &["Google: SMTP errors and codes", "RFC 7208 §5.6"],
    ),
    row(
        D41,
        text("mail of one's own is not authenticated", "自サーバーで作られたメールが認証されない"),
        text(
            "the refused mail has no hop from outside: a web application, cron, an automatic reply or a user wrote it, or a mailing list of one's own did; no DKIM-Signature of its From domain holds",
            "拒否されたメールに外部からのホップがない (ウェブアプリ、cron、自動応答、利用者が作成)、または自サーバーのメーリングリストが出している。From ドメインの有効な DKIM 署名がない",
        ),
        text(
            "what is made on the server passes the signing filter by, and SPF does not pass for the From domain either",
            "サーバー上で作られたメールが署名フィルターを通らず、From ドメインの SPF も pass しない",
        ),
        text(
            "sign own mail with DKIM (non_smtpd_milters in Postfix, sign_local in rspamd's dkim_signing.conf), let the From domain's SPF record name the server, and write only under domains that you may sign for",
            "自サーバーのメールにも DKIM 署名を付ける (Postfix の non_smtpd_milters、rspamd の dkim_signing.conf の sign_local)。From ドメインの SPF にサーバーを書き、署名できるドメインの差出人だけを使う",
        ),
        &["Google: email sender guidelines", "Postfix: MILTER_README"],
    )
    .without_fault("it needs a server that sends mail of its own"),
    row(
        D42,
        text("the next server does not relay this mail", "次のサーバーが中継を拒否した"),
        text(
            "554 5.7.1 Relay access denied, 550 5.7.54 Unable to relay, relaying denied",
            "554 5.7.1 Relay access denied、550 5.7.54 Unable to relay、relaying denied",
        ),
        text(
            "it does not take mail for the recipient's domain: the MX record, transport_maps or relayhost leads to the wrong server, or this one wants a login that it did not get",
            "そのサーバーは宛先ドメインのメールを受け取らない。MX レコード、transport_maps、relayhost の向き先が違うか、必要な認証をしていない",
        ),
        text(
            "dig MX of the recipient's domain, and postconf relayhost transport_maps smtp_sasl_password_maps: lead the mail to the recipient's server, or log in at the relay",
            "宛先ドメインの MX と、postconf relayhost transport_maps smtp_sasl_password_maps を確かめ、正しいサーバーに渡すか、中継サーバーで認証する",
        ),
        &["Postfix: SMTPD_ACCESS_README", "RFC 3463 §3.8"],
    ),
];
