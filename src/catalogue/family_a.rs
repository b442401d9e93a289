//! Family A: the forwarder did not seal.

use super::text;

rows![
    row(
        A00,
        text("no hop before the receiver sealed the message", "受信側より前のどのホップもメールを封印していない"),
        text(
            "the receiver's copy has only its own ARC Set (i=1, cv=none), and its Authentication-Results has no arc=",
            "受信側のコピーには受信側自身の ARC セット (i=1, cv=none) しかなく、Authentication-Results に arc= がない",
        ),
        text(
            "the forwarder did not add an ARC Set; which of the causes A01 to A19 it is cannot be proved from the evidence at hand",
            "転送サーバーが ARC セットを付けていない。A01～A19 のどれが原因かは、手元の証拠だけでは証明できない",
        ),
        text(
            "provide the forwarder's log lines of this message (rspamd with debug_modules = [\"arc\"]) and the output of rspamadm configdump arc",
            "このメールについての転送サーバーのログ (rspamd なら debug_modules = [\"arc\"]) と rspamadm configdump arc の出力を用意する",
        ),
        &[],
    ),
    row(
        A01,
        text("sealing of inbound mail is switched off", "受信メールの封印が無効になっている"),
        text(
            "no seal; the log line has ARC_NA, no ARC_SIGNED and nothing else about ARC",
            "封印なし。ログには ARC_NA だけがあり、ARC_SIGNED も他の ARC の記録もない",
        ),
        text("sign_inbound = false in arc.conf", "arc.conf の sign_inbound = false"),
        text("set sign_inbound = true", "sign_inbound = true にする"),
        &["mailcow #2598", "rspamd PR #2018", "measured with rspamd 3.4"],
    ),
    row(
        A02,
        text("the signing domain is taken from the From header", "署名ドメインが From ヘッダーから取られている"),
        text("no seal; ARC_NA without ARC_SIGNED", "封印なし。ARC_NA があり ARC_SIGNED がない"),
        text(
            "use_domain = \"header\": rspamd looks for the outside sender's key and has none",
            "use_domain = \"header\" のため、rspamd は外部差出人の鍵を探し、見つけられない",
        ),
        text(
            "set use_domain = \"recipient\" or use_domain_sign_inbound = \"recipient\"",
            "use_domain = \"recipient\" または use_domain_sign_inbound = \"recipient\" にする",
        ),
        &["rspamd #2703", "measured with rspamd 3.4"],
    ),
    row(
        A03,
        text("OpenDKIM-style tables never seal inbound mail", "OpenDKIM 形式のテーブルでは受信メールが封印されない"),
        text("no seal; ARC_NA without ARC_SIGNED", "封印なし。ARC_NA があり ARC_SIGNED がない"),
        text(
            "signing_table with key_table: that branch ignores sign_inbound",
            "signing_table と key_table を使う経路は sign_inbound を無視する",
        ),
        text("use domain { } blocks or maps for ARC", "ARC には domain { } ブロックかマップを使う"),
        &["rspamd #6091", "measured with rspamd 3.4"],
    ),
    row(
        A04,
        text(
            "the key file is missing, or the recipient's domain is not configured",
            "鍵ファイルがない、または宛先ドメインが設定されていない",
        ),
        text(
            "no seal; only with debug_modules = [\"arc\"]: cannot read key from …: No such file or directory",
            "封印なし。debug_modules = [\"arc\"] のときだけ cannot read key from … No such file or directory が出る",
        ),
        text(
            "rspamd fell back to the default path, and nothing is there",
            "rspamd が既定のパスを見に行き、そこに何もない",
        ),
        text(
            "add the domain to arc.conf, or put the key where it looks",
            "arc.conf にドメインを加えるか、そのパスに鍵を置く",
        ),
        &["docker-mailserver #4485", "captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        A05,
        text("the key file is not readable for rspamd", "rspamd が鍵ファイルを読めない"),
        text(
            "cannot read key from … Permission denied, or cannot map key file … Permission denied",
            "cannot read key from … Permission denied または cannot map key file … Permission denied",
        ),
        text(
            "owner or mode of the key file keeps the rspamd user out",
            "鍵ファイルの所有者か権限のため rspamd ユーザーが読めない",
        ),
        text("chown root:_rspamd KEY; chmod 0440 KEY", "chown root:_rspamd 鍵; chmod 0440 鍵"),
        &[
            "docker-mailserver #3621",
            "NethServer/dev #6963",
            "rspamd #1822",
            "poolpOrg #63",
            "captured on Postfix 3.7 + rspamd 3.4",
        ],
    ),
    row(
        A06,
        text("the key's directory cannot be entered by rspamd", "rspamd が鍵のディレクトリーに入れない"),
        text(
            "cannot load dkim key …: cannot stat key file … Permission denied",
            "cannot load dkim key …: cannot stat key file … Permission denied",
        ),
        text("the directory lacks x for the rspamd user", "ディレクトリーに rspamd ユーザーの x 権限がない"),
        text("chmod g+x or o+x on the directory", "ディレクトリーに chmod g+x か o+x をする"),
        &["mubn/ansible-mail-server PR #5", "ispconfig_setup #364"],
    ),
    row(
        A07,
        text("the key file is no private key", "鍵ファイルが秘密鍵ではない"),
        text(
            "cannot load dkim key …: cannot parse pem private key",
            "cannot load dkim key …: cannot parse pem private key",
        ),
        text("a public key, a truncated file or another format", "公開鍵、途中で切れたファイル、別の形式のいずれか"),
        text(
            "make a new one: rspamadm dkim_keygen -s SELECTOR -b 2048 -d DOMAIN -k FILE",
            "作り直す: rspamadm dkim_keygen -s SELECTOR -b 2048 -d DOMAIN -k FILE",
        ),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        A08,
        text("an ed25519 key cannot seal", "ed25519 鍵では封印できない"),
        text(
            "cannot load dkim key …: cannot extract rsa key from evp key",
            "cannot load dkim key …: cannot extract rsa key from evp key",
        ),
        text(
            "rspamd before 3.14 seals with RSA only, and Gmail does not verify ed25519",
            "rspamd 3.14 より前は RSA でしか封印できず、Gmail は ed25519 を検証しない",
        ),
        text("use an RSA key of 2048 bits", "2048 ビットの RSA 鍵を使う"),
        &["rspamd #4417", "mox #45", "stalwart #3193", "ergo PR #2242", "measured with rspamd 3.4"],
    ),
    row(
        A09,
        text("the key is looked up for the organisational domain", "組織ドメインの鍵を探している"),
        text("no seal only for recipients of a subdomain", "サブドメインの宛先だけ封印されない"),
        text(
            "use_esld = true: domain { mail.corp.co.jp } is never matched, the key of corp.co.jp is wanted",
            "use_esld = true のため domain { mail.corp.co.jp } は一致せず、corp.co.jp の鍵を探す",
        ),
        text(
            "configure the organisational domain, or set use_esld = false",
            "組織ドメインを設定するか、use_esld = false にする",
        ),
        &["measured with rspamd 3.4"],
    )
    .without_fault("give the company a domain below a public suffix, as in `--company info@mail.corp.co.jp`"),
    row(
        A10,
        text(
            "the first of several recipients decides, and it has no key",
            "複数の宛先の最初の一つで決まり、その鍵がない",
        ),
        text("no seal when a mail has several RCPT TO", "RCPT TO が複数あるメールだけ封印されない"),
        text(
            "use_domain = \"recipient\" takes the first recipient; without a key for it the whole mail stays unsealed",
            "use_domain = \"recipient\" は最初の宛先を使い、その鍵がなければメール全体が封印されない",
        ),
        text("use a fixed use_domain, or one recipient per transaction", "use_domain を固定するか、一通信一宛先にする"),
        &["measured with rspamd 3.4"],
    )
    .without_fault("send to two addresses, the first at another domain of the server's"),
    row(
        A11,
        text("the client address counts as local", "接続元アドレスがローカル扱いになっている"),
        text(
            "skip SPF checks for local networks and authorized users, and no ARC_SIGNED",
            "skip SPF checks for local networks and authorized users があり、ARC_SIGNED がない",
        ),
        text(
            "rspamd sees a docker gateway, a NAT address or a content_filter instead of the outside client",
            "rspamd から見える接続元が、外部ではなく docker ゲートウェイ、NAT、content_filter になっている",
        ),
        text(
            "hand over the real client address (PROXY protocol, XCLIENT), or change local_addrs, or set sign_local",
            "本当の接続元を渡す (PROXY プロトコル、XCLIENT) か、local_addrs を変えるか、sign_local を使う",
        ),
        &["anonaddy/docker PR #207", "docker-mailserver #611", "rspamd #3375", "captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        A12,
        text(
            "the chain was broken before it came in, so rspamd did not seal",
            "届いた時点でチェーンが壊れていたため rspamd が封印しなかった",
        ),
        text(
            "skip ARC as the existing chain is broken: bad i for signature: …",
            "skip ARC as the existing chain is broken: bad i for signature: …",
        ),
        text("an earlier hop left a gap or a duplicate instance", "前のホップが番号の欠けや重複を残した"),
        text(
            "nothing to do at the forwarder; tell the earlier hop",
            "転送側ですることはない。前のホップの管理者に伝える",
        ),
        &["measured with rspamd 3.4"],
    ),
    row(
        A13,
        text("two From addresses are never sealed", "From が二つあるメールは封印されない"),
        text("no seal; debug: multiple header from not allowed", "封印なし。debug: multiple header from not allowed"),
        text(
            "allow_hdrfrom_multiple = false, and the sender's mail has two From addresses",
            "allow_hdrfrom_multiple = false で、メールに From が二つある",
        ),
        text("leave it: the sender breaks RFC 5322", "そのままでよい。差出人が RFC 5322 に違反している"),
        &["measured with rspamd 3.4"],
    )
    .without_fault("send a mail with two authors: `send: { from: external, headers: … }`"),
    row(
        A14,
        text(
            "the key in DNS is missing or wrong, and check_pubkey refused to seal",
            "DNS の鍵がないか違うため、check_pubkey が封印を止めた",
        ),
        text(
            "public key for … is not found: …, skip signing; or does not match private key …, skip signing",
            "public key for … is not found: …, skip signing または does not match private key …, skip signing",
        ),
        text(
            "check_pubkey = true did its work: a wrong seal would be worse than none",
            "check_pubkey = true が正しく働いた。誤った封印はないほうがよい",
        ),
        text(
            "publish the right TXT record; keep check_pubkey on",
            "正しい TXT レコードを公開する。check_pubkey は有効のままにする",
        ),
        &["measured with rspamd 3.4"],
    ),
    row(
        A15,
        text("the forward happens after local delivery", "転送がローカル配送の後で行われている"),
        text(
            "vacation replies are sealed and forwards are not, or the reverse",
            "自動応答は封印され転送は封印されない、またはその逆",
        ),
        text(
            "a sieve redirect re-enters through pickup or submission, with a local address and without milters",
            "sieve の redirect は pickup や submission から再投入され、接続元はローカルで milter も通らない",
        ),
        text(
            "seal at inbound SMTP, or use non_smtpd_milters with sign_local and a fixed use_domain",
            "受信 SMTP で封印するか、non_smtpd_milters と sign_local、固定の use_domain を使う",
        ),
        &["rspamd #4129", "OpenARC #124", "rspamd #2151"],
    )
    .without_fault("it needs a server where users submit mail, or filters that hand mail back"),
    row(
        A16,
        text("an authenticated re-submission is not sealed", "認証付きの再投入が封印されない"),
        text("no seal; debug: user domain mismatch", "封印なし。debug: user domain mismatch"),
        text(
            "allow_username_mismatch = false, and user and domain differ",
            "allow_username_mismatch = false で、ユーザーとドメインが一致しない",
        ),
        text("set allow_username_mismatch = true", "allow_username_mismatch = true にする"),
        &["rspamd #4129"],
    )
    .without_fault("it needs a server where users submit mail, or filters that hand mail back"),
    row(
        A17,
        text(
            "rspamd is down, or rspamd or Postfix refuses its configuration",
            "rspamd が停止中か、rspamd または Postfix が設定を拒否している",
        ),
        text(
            "all mail unsealed or none taken since a restart; warning: connect to Milter service …: Connection refused; ucl parser \
             error …; fatal: bad … configuration",
            "再起動以降すべて封印なし、またはメールを受け付けない。warning: connect to Milter service …: Connection refused; ucl parser \
             error …; fatal: bad … configuration",
        ),
        text(
            "milter_default_action = accept lets mail through when the milter does not answer, tempfail defers it; with a value that \
             it does not know Postfix takes no mail at all",
            "milter_default_action = accept なら、milter が応答しなくてもメールが通り、tempfail なら遅延する。main.cf に無効な値があると、\
             Postfix はメールを一切受け付けない",
        ),
        text(
            "milter_default_action = tempfail; run rspamadm configtest and postfix check before every restart",
            "milter_default_action = tempfail にし、再起動の前に rspamadm configtest と postfix check を実行する",
        ),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        A18,
        text(
            "the domains of From and envelope sender differ, and rspamd does not sign such mail",
            "From とエンベロープの差出人のドメインが異なるため、rspamd が署名しない",
        ),
        text(
            "no seal on newsletters and list mail; debug: domain mismatch not allowed: … != …",
            "ニュースレターやメーリングリストだけ封印されない。debug: domain mismatch not allowed: … != …",
        ),
        text(
            "allow_hdrfrom_mismatch = false in arc.conf: a rule for mail of one's own, which forwarded mail often breaks",
            "arc.conf の allow_hdrfrom_mismatch = false。自ドメインのメール向けの条件で、転送メールは満たさないことが多い",
        ),
        text(
            "set allow_hdrfrom_mismatch = true in arc.conf; dkim_signing.conf has a setting of its own",
            "arc.conf で allow_hdrfrom_mismatch = true にする。dkim_signing.conf の設定は別",
        ),
        &["rspamd: lualib/lua_dkim_tools.lua", "rspamd: ARC module"],
    )
    .without_fault("set allow_hdrfrom_mismatch = false in arc.conf, and send with an envelope sender of another domain than From"),
    row(
        A19,
        text("the server that forwards cannot seal", "転送するサーバーに封印の機能がない"),
        text(
            "no seal; the Received line of the forwarder says with Microsoft SMTP Server, and its host is the company's own",
            "封印なし。転送側の Received に with Microsoft SMTP Server とあり、ホストは自社のもの",
        ),
        text(
            "Exchange Server has nothing that makes ARC Sets; Exchange Online seals what it forwards",
            "Exchange Server には ARC セットを付ける機能がない。Exchange Online は転送時に封印する",
        ),
        text(
            "let mail to the outside go through a gateway that seals, or ask senders to sign with DKIM and do not modify their mail",
            "外部への転送は封印できるゲートウェイを通す。または、差出人に DKIM 署名を求め、メールを変更せずに転送する",
        ),
        &["Microsoft: trusted ARC sealers", "RFC 8617 §5.1"],
    )
    .without_fault("it needs an Exchange Server"),
];
