//! Family G: the forwarder could not hand the mail over, as its log or its own report says.

use super::text;

rows![
    row(
        G00,
        text("the forwarder could not hand the mail over", "転送サーバーがメールを次に渡せなかった"),
        text(
            "its log says deferred or bounced, with no reply of another server",
            "転送サーバーのログに deferred または bounced とあり、相手サーバーの応答はない",
        ),
        text(
            "the log says why in words that no other row of this family knows",
            "理由はログにあるが、この系列のほかのどの項目にも当てはまらない",
        ),
        text(
            "read the text in brackets at the end of the line; correct what it names on the forwarder",
            "行末の括弧内の理由を読み、転送サーバーでそれを直す",
        ),
        &["Postfix: smtp(8), local(8), error(8)"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G01,
        text("no connection to the receiver's server", "受信側サーバーに接続できない"),
        text(
            "connect to …:25: Connection timed out, Connection refused, or No route to host",
            "connect to …:25: Connection timed out、Connection refused、No route to host",
        ),
        text(
            "outgoing port 25 is blocked by the hosting provider or a firewall, or the route is down; nothing was refused",
            "送信の 25 番ポートをホスティング事業者かファイアウォールが塞いでいるか、経路が切れている。拒否されたのではない",
        ),
        text(
            "from the forwarder: `nc -vz gmail-smtp-in.l.google.com 25`; have port 25 opened, or send through a relay on port 587 (relayhost)",
            "転送サーバーから `nc -vz gmail-smtp-in.l.google.com 25` で確かめ、25 番を開けてもらうか、587 番の中継 (relayhost) を使う",
        ),
        &["Postfix: smtp(8)", "Google Compute Engine, AWS EC2, Azure: outgoing port 25"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G02,
        text("no connection to the receiver's server over IPv6", "IPv6 で受信側サーバーに接続できない"),
        text("connect to …[2a00:…]:25: Network is unreachable", "connect to …[2a00:…]:25: Network is unreachable"),
        text(
            "the forwarder tries the receiver's IPv6 address, and its own IPv6 has no route",
            "転送サーバーが受信側の IPv6 アドレスに接続しようとするが、自身の IPv6 に経路がない",
        ),
        text(
            "repair the IPv6 route, or send over IPv4: `inet_protocols = ipv4` or `smtp_address_preference = ipv4`",
            "IPv6 の経路を直すか、IPv4 で送る: `inet_protocols = ipv4` または `smtp_address_preference = ipv4`",
        ),
        &["Postfix: smtp_address_preference"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G03,
        text("the connection was lost during the conversation", "通信中に接続が切れた"),
        text(
            "lost connection with … while sending …, or conversation with … timed out",
            "lost connection with … while sending …、conversation with … timed out",
        ),
        text(
            "the other server hung up or fell silent: overload, a firewall that inspects SMTP, or packets too large for the path (MTU)",
            "相手が切断したか応答しなくなった。過負荷、SMTP を検査するファイアウォール、経路の MTU を超えるパケットなど",
        ),
        text(
            "wait for the next try; if large mail alone fails, lower the MTU; turn SMTP inspection off in the firewall",
            "次の再送を待つ。大きなメールだけ失敗するなら MTU を下げる。ファイアウォールの SMTP 検査を切る",
        ),
        &["Postfix: smtp(8)", "Postfix: DEBUG_README"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G04,
        text("the forwarder's resolver has no answer for the receiver", "転送サーバーのリゾルバーが受信側を引けない"),
        text(
            "Name service error for name=… type=MX: Host not found, try again",
            "Name service error for name=… type=MX: Host not found, try again",
        ),
        text(
            "the resolver that the forwarder asks is down, cannot be reached or answers with a failure; in a chroot it may lack resolv.conf",
            "転送サーバーが使うリゾルバーが停止しているか、届かないか、失敗を返す。chroot の中に resolv.conf がないこともある",
        ),
        text(
            "from the forwarder: `dig MX gmail.com`; mend the resolver or /etc/resolv.conf, copy it into /var/spool/postfix/etc, then `postqueue -f`",
            "転送サーバーで `dig MX gmail.com` を試し、リゾルバーか /etc/resolv.conf を直して /var/spool/postfix/etc にもコピーし、`postqueue -f`",
        ),
        &["Postfix: DEBUG_README", "docker-mailserver FAQ"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G05,
        text("the domain that the mail goes to takes no mail", "宛先のドメインがメールを受け取らない"),
        text(
            "Host or domain name not found, or Domain … does not accept mail (nullMX)",
            "Host or domain name not found、Domain … does not accept mail (nullMX)",
        ),
        text(
            "the domain of the address does not exist, has no mail server, or says that it takes no mail (RFC 7505)",
            "宛先のドメインが存在しないか、メールサーバーがないか、メールを受け取らないと宣言している (RFC 7505)",
        ),
        text("correct the address that the mail is forwarded to", "転送先のアドレスを直す"),
        &["RFC 7505", "Postfix: smtp(8)"],
    ),
    row(
        G06,
        text("the mail was tried until its time in the queue was over", "キューの保持期限が過ぎた"),
        text(
            "status=expired, returned to sender; retry timeout exceeded",
            "status=expired, returned to sender、retry timeout exceeded",
        ),
        text(
            "every try for days failed for now; the earlier lines about the mail say why",
            "何日も一時的な失敗が続いた。理由はそのメールの以前のログにある",
        ),
        text(
            "search older, rotated logs for the queue id: the deferred lines have the reason; mend that and send again",
            "ローテーション済みの古いログでキュー ID を探す。deferred の行に理由がある。それを直して送り直す",
        ),
        &["Postfix: maximal_queue_lifetime", "Exim specification: retry configuration"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G07,
        text("the mail goes in circles", "メールがループしている"),
        text(
            "mail forwarding loop for …, mail for … loops back to myself, or too many hops",
            "mail forwarding loop for …、mail for … loops back to myself、too many hops",
        ),
        text(
            "two addresses forward to each other, or the domain's MX leads to a server that does not know the domain as its own",
            "二つのアドレスが互いに転送しているか、MX の指すサーバーがそのドメインを自分のものと認識していない",
        ),
        text(
            "end one of the two forwards; or name the domain in mydestination, virtual_alias_domains or virtual_mailbox_domains, or correct its MX",
            "転送の一方を止める。または mydestination、virtual_alias_domains、virtual_mailbox_domains にドメインを加えるか、MX を直す",
        ),
        &["Postfix: local(8)", "Postfix: proxy_interfaces", "RFC 5321 §6.3"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G08,
        text("TLS is required, and the next server does not offer it", "TLS が必須だが、次のサーバーが対応していない"),
        text("TLS is required, but was not offered by host …", "TLS is required, but was not offered by host …"),
        text(
            "the forwarder's policy asks for TLS, and STARTTLS is not offered, or is taken out of the conversation on the way",
            "転送サーバーのポリシーは TLS を求めるが、相手が STARTTLS を提示しないか、途中の機器が取り除いている",
        ),
        text(
            "look at `openssl s_client -starttls smtp -connect HOST:25`; turn SMTP inspection off, or `smtp_tls_security_level = may` for that destination",
            "`openssl s_client -starttls smtp -connect HOST:25` で確かめ、SMTP 検査を切るか、その宛先だけ `smtp_tls_security_level = may` にする",
        ),
        &["Postfix: TLS_README"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G09,
        text("TLS to the next server failed", "次のサーバーとの TLS が失敗した"),
        text(
            "Server certificate not verified, Server certificate not trusted, or Cannot start TLS: handshake failure",
            "Server certificate not verified、Server certificate not trusted、Cannot start TLS: handshake failure",
        ),
        text(
            "the forwarder verifies certificates (verify, secure, DANE, MTA-STS) and lacks the roots, or the name, record or protocol does not fit",
            "転送サーバーが証明書を検証する設定 (verify、secure、DANE、MTA-STS) で、ルート証明書がないか、名前、レコード、プロトコルが合わない",
        ),
        text(
            "set `smtp_tls_CAfile` to the system's roots; see `posttls-finger -c HOST`; or `may` where nobody asked for verification",
            "`smtp_tls_CAfile` にシステムのルート証明書を指定し、`posttls-finger -c HOST` で確かめる。検証が不要なら `may` にする",
        ),
        &["Postfix: TLS_README", "RFC 7672", "RFC 8461"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G10,
        text("the mail is too big for the next server", "メールが次のサーバーの上限より大きい"),
        text("message size … exceeds size limit … of server …", "message size … exceeds size limit … of server …"),
        text(
            "the next server says the size that it takes (SIZE, RFC 1870), and the mail is larger; base64 adds a third to attachments",
            "次のサーバーが示す上限 (SIZE、RFC 1870) より大きい。添付ファイルは base64 で 3 分の 1 ほど増える",
        ),
        text(
            "let the forwarder refuse such mail itself, so that the sender hears of it at once: a `message_size_limit` not above the receiver's; send a link in place of the file",
            "受信側以下の `message_size_limit` を設定して転送サーバーの入口で断り、差出人にすぐ知らせる。ファイルの代わりにリンクを送る",
        ),
        &["RFC 1870", "Postfix: message_size_limit"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G11,
        text(
            "the mail needs SMTPUTF8, and the next server does not offer it",
            "SMTPUTF8 が必要だが、次のサーバーが対応していない",
        ),
        text(
            "SMTPUTF8 is required, but was not offered by host …",
            "SMTPUTF8 is required, but was not offered by host …",
        ),
        text(
            "an address or header field of the mail is in UTF-8 (RFC 6531), and the next server takes ASCII only",
            "アドレスかヘッダーが UTF-8 (RFC 6531) で書かれており、次のサーバーは ASCII しか受け取らない",
        ),
        text(
            "use ASCII addresses; where only header fields are in UTF-8, `smtputf8_autodetect_classes` decides when Postfix asks for it",
            "ASCII のアドレスを使う。ヘッダーだけが UTF-8 なら `smtputf8_autodetect_classes` の設定を見直す",
        ),
        &["RFC 6531", "Postfix: SMTPUTF8_README"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G12,
        text("the forwarder does not know the address", "転送サーバーにその宛先がない"),
        text(
            "unknown user: \"…\", User unknown, or Unrouteable address, said by the forwarder itself",
            "転送サーバー自身が unknown user: \"…\"、User unknown、Unrouteable address と言う",
        ),
        text(
            "there is no mailbox, alias or forward of this name, or the alias map was not rebuilt",
            "その名前のメールボックス、エイリアス、転送設定がないか、エイリアス表が再作成されていない",
        ),
        text(
            "add the alias, run `newaliases` or `postmap`, and look it up: `postmap -q user@company.example hash:/etc/postfix/virtual`",
            "エイリアスを追加し、`newaliases` か `postmap` を実行して `postmap -q user@company.example hash:/etc/postfix/virtual` で確かめる",
        ),
        &["Postfix: local(8), virtual(5)", "Exim specification: redirect router"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G13,
        text("delivery on the forwarder itself failed", "転送サーバー内の配送が失敗した"),
        text(
            "Command died with status …, mail transport unavailable, cannot append message, or over quota",
            "Command died with status …、mail transport unavailable、cannot append message、over quota",
        ),
        text(
            "a delivery program, a filter, a transport of master.cf, or the local mailbox does not work; the mail did not come to the forward",
            "配送プログラム、フィルター、master.cf のトランスポート、ローカルのメールボックスのどれかが動かず、転送まで進まなかった",
        ),
        text(
            "read the program's own log and the lines just before this one; run `postfix check`; see space and rights of the mailbox",
            "そのプログラムのログと直前の行を読み、`postfix check` を実行し、メールボックスの容量と権限を確かめる",
        ),
        &["Postfix: pipe(8), local(8)"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G14,
        text(
            "a rule, a milter or an administrator holds the mail back",
            "規則、milter、管理者のいずれかがメールを止めている",
        ),
        text(
            "milter-hold:, hold:, discard:, milter-discard:, placed on hold, or Frozen",
            "milter-hold:、hold:、discard:、milter-discard:、placed on hold、Frozen",
        ),
        text(
            "a header or body check, an access table, a milter's quarantine, or `postsuper -h` on the forwarder; the receiver never saw the mail",
            "転送サーバーの header_checks、アクセス表、milter の隔離、`postsuper -h` による。受信側には届いていない",
        ),
        text(
            "find the rule that the line names; release what is held with `postsuper -H QUEUEID` (Exim: `exim -Mt ID`); what was discarded must be sent again",
            "行に示された規則を探す。保留中のものは `postsuper -H QUEUEID` (Exim は `exim -Mt ID`) で解放する。破棄されたものは送り直す",
        ),
        &["Postfix: header_checks(5), access(5), postsuper(1)"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G15,
        text(
            "the mail was delivered on the forwarder and never forwarded",
            "転送サーバー内に配送され、転送されていない",
        ),
        text(
            "status=sent (delivered to mailbox), and no line about a delivery to another server",
            "status=sent (delivered to mailbox) とあり、ほかのサーバーへの配送の行がない",
        ),
        text(
            "the address has a mailbox here and no forward, or the forward is in a file or table that is not read",
            "その宛先にはここのメールボックスがあるだけで転送がないか、転送の設定がある表やファイルが読まれていない",
        ),
        text(
            "see where the address leads: `postmap -q`, ~/.forward (owner and mode), the Sieve script; to keep a copy, name both in the alias",
            "宛先の行き先を `postmap -q`、~/.forward (所有者と権限)、Sieve スクリプトで確かめる。控えも残すならエイリアスに両方を書く",
        ),
        &["Postfix: local(8), aliases(5)"],
    )
    .without_fault("give `inspect` the mail with the log of a server that could not hand it over"),
    row(
        G16,
        text("the mail is delayed: a warning, not a bounce", "配送の遅延。警告であり、返送ではない"),
        text(
            "Action: delayed; Delayed Mail (still being retried)",
            "Action: delayed、Delayed Mail (still being retried)",
        ),
        text(
            "the server could not hand the mail over yet and goes on trying; the report does not say why in words that are known",
            "サーバーはまだ渡せておらず、再送を続けている。理由は既知の言葉では書かれていない",
        ),
        text(
            "do not send it again; look for the queue id in the log of the server that warns",
            "送り直さない。警告したサーバーのログでキュー ID を探す",
        ),
        &["RFC 3464 §2.3.3", "Postfix: delay_warning_time"],
    )
    .without_fault("give `inspect` a report whose `Action` is `delayed`"),
];
