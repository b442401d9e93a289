//! Family B: sealed, but the chain does not verify.

use super::text;

rows![
    row(
        B00,
        text("the chain is broken", "チェーンが壊れている"),
        text(
            "the receiver says arc=fail, or our own verification fails",
            "受信側が arc=fail と言うか、当方の検証が失敗する",
        ),
        text(
            "which cause of this family it is cannot be proved from the evidence at hand",
            "この系列のどれが原因かは、手元の証拠だけでは証明できない",
        ),
        text(
            "provide the DNS answers (dns.zone), the bytes that were sent and the forwarder's log",
            "DNS の応答 (dns.zone)、送信した本文、転送サーバーのログを用意する",
        ),
        &[],
    ),
    row(
        B01,
        text("DNS has no key for the seal's selector", "封印のセレクターの鍵が DNS にない"),
        text(
            "ARC_SIGNED(…:s=X:…) in the log; message signature and seal both fail with no key at X._domainkey",
            "ログに ARC_SIGNED(…:s=X:…) があり、署名も封印も X._domainkey に鍵がなく失敗する",
        ),
        text(
            "the TXT record was never published, or the selector is wired in wrongly",
            "TXT レコードが公開されていないか、セレクターが誤っている",
        ),
        text(
            "publish the record; before: dig TXT SELECTOR._domainkey.DOMAIN; turn check_pubkey on",
            "レコードを公開する。事前に dig TXT SELECTOR._domainkey.DOMAIN で確認し、check_pubkey を有効にする",
        ),
        &["masa23/arcmilter #17", "measured with rspamd 3.4"],
    ),
    row(
        B02,
        text("the key in DNS is not the one that seals", "DNS の鍵が封印に使った鍵と違う"),
        text(
            "the key is there and parses, and neither message signature nor seal verifies",
            "鍵はあり解析もできるが、署名も封印も検証に失敗する",
        ),
        text(
            "rotation of one side only, or a wrong file was copied",
            "片側だけの鍵交換、または別のファイルをコピーした",
        ),
        text("compare the public keys; turn check_pubkey on", "公開鍵を比べる。check_pubkey を有効にする"),
        &["measured with rspamd 3.4"],
    ),
    row(
        B03,
        text("the key record in DNS is damaged", "DNS の鍵レコードが壊れている"),
        text(
            "arc=fail (dns record malformed), or the record does not parse",
            "arc=fail (dns record malformed)、またはレコードが解析できない",
        ),
        text(
            "quotes pasted into the value, a wrong split at 255 bytes, two TXT records, or a missing underscore",
            "値に引用符が混入、255 バイトの分割の誤り、TXT が二つ、アンダースコアの欠落など",
        ),
        text(
            "publish one TXT record whose strings join to one key",
            "文字列をつなぐと一つの鍵になる TXT レコードを一つだけ公開する",
        ),
        &["OpenARC #125", "OpenARC #124", "docker-mailserver #3220", "forwardemail.net #316", "emailwiz #130"],
    ),
    row(
        B04,
        text("the body was changed after the seal", "封印の後で本文が変更された"),
        text(
            "the body hash of the message signature does not match; the seal itself holds; Gmail says arc=fail (body hash mismatch)",
            "署名の本文ハッシュが一致しない。封印自体は正しい。Gmail は arc=fail (body hash mismatch) と言う",
        ),
        text(
            "a footer, a banner, a virus scanner or a list edits the mail after sealing",
            "フッター、バナー、ウイルス検査、メーリングリストが封印後に書き換えている",
        ),
        text("seal last", "封印を最後に行う"),
        &["postsrsd #105", "Hermes-SEG #229", "measured with rspamd 3.4"],
    ),
    row(
        B05,
        text("8-bit mail was re-encoded after the seal", "8 ビットのメールが封印の後で再符号化された"),
        text("as B04, but only for mails with 8-bit text", "B04 と同じだが、8 ビット文字のメールだけ"),
        text(
            "the next hop does not offer 8BITMIME, and the body became quoted-printable",
            "次のホップが 8BITMIME を提示せず、本文が quoted-printable になった",
        ),
        text(
            "advertise 8BITMIME end to end, or send 7-bit encodings",
            "全区間で 8BITMIME を提示するか、7 ビット符号化で送る",
        ),
        &["chatmail/filtermail PR #149"],
    ),
    row(
        B06,
        text("a signed header was changed after the seal", "署名対象のヘッダーが封印の後で変更された"),
        text(
            "the body hash matches and the message signature fails; often the Subject got a tag",
            "本文ハッシュは一致し署名だけ失敗する。件名へのタグ付けが多い",
        ),
        text(
            "a subject tag, or rspamd's own rewrite subject action, which seals the old subject",
            "件名のタグ付け、または古い件名を封印する rspamd の rewrite subject",
        ),
        text("do not rewrite headers of forwarded mail", "転送メールのヘッダーを書き換えない"),
        &["rspamd #2914", "measured with rspamd 3.4"],
    ),
    row(
        B07,
        text("rspamd before 3.6 seals the third hop wrongly", "rspamd 3.6 より前は三番目以降の封印を誤る"),
        text(
            "cv=pass on i=3 or later, yet the seal is invalid, when a mail arrives with two or more ARC Sets",
            "ARC セットが二つ以上あるメールで、i=3 以降が cv=pass なのに封印が無効",
        ),
        text("earlier sets are hashed in the wrong order", "前のセットを誤った順序でハッシュしている"),
        text("rspamd 3.6 or later", "rspamd 3.6 以降にする"),
        &["rspamd PR #4449", "measured with rspamd 3.4"],
    ),
    row(
        B08,
        text("rspamd 3.10.0 and 3.10.1 make invalid seals", "rspamd 3.10.0 と 3.10.1 は無効な封印を作る"),
        text(
            "every seal invalid since an update; ARC_REJECT … seal check failed …",
            "更新以降すべての封印が無効。ARC_REJECT … seal check failed …",
        ),
        text("a regression in RSA padding", "RSA パディングの不具合"),
        text("rspamd 3.10.2 or later", "rspamd 3.10.2 以降にする"),
        &["rspamd #5173", "rspamd PR #5193"],
    )
    .without_fault("it needs rspamd 3.10.0 or 3.10.1"),
    row(
        B09,
        text("the forwarder marks a valid chain as failed", "転送側が正しいチェーンを失敗と記している"),
        text(
            "ARC-Seal … cv=fail by the forwarder, although the incoming chain verifies",
            "届いたチェーンは正しいのに、転送側の ARC-Seal が cv=fail",
        ),
        text(
            "reuse_auth_results before rspamd 3.10.0 reads dmarc=fail as arc=fail",
            "rspamd 3.10.0 より前の reuse_auth_results は dmarc=fail を arc=fail と読む",
        ),
        text("upgrade, or turn reuse_auth_results off", "更新するか、reuse_auth_results を無効にする"),
        &["rspamd #4959", "measured with rspamd 3.4"],
    ),
    row(
        B10,
        text(
            "an earlier hop broke the chain, before the forwarder",
            "転送サーバーより前のホップがチェーンを壊した",
        ),
        text(
            "the forwarder adds i=N+1 with cv=fail, or no set; its log says ARC_REJECT; Gmail says arc=fail",
            "転送側が i=N+1 を cv=fail で付けるか封印せず、ログは ARC_REJECT、Gmail は arc=fail と言う",
        ),
        text(
            "an Office 365 tenant or a mailing list edited the mail after its own seal",
            "Office 365 やメーリングリストが自分の封印後に書き換えた",
        ),
        text(
            "nothing at the forwarder: the chain is dead where it was broken",
            "転送側ですることはない。壊れた場所でチェーンは終わっている",
        ),
        &["OpenARC #137", "rspamd #4601", "rspamd #4529", "rspamd #4528", "measured with rspamd 3.4"],
    ),
    row(
        B11,
        text("a set is incomplete", "セットの一部が欠けている"),
        text(
            "arc=fail (missing mandatory fields); one of the three fields of an instance is missing",
            "arc=fail (missing mandatory fields)。ある番号の三つのフィールドの一つがない",
        ),
        text(
            "a header filter dropped an ARC field, or a sealer wrote a bad set",
            "ヘッダーフィルターが ARC フィールドを落としたか、封印側が不完全なセットを書いた",
        ),
        text("stop filtering ARC-* fields", "ARC-* フィールドを落とさない"),
        &["OpenARC #128", "measured with rspamd 3.4"],
    ),
    row(
        B12,
        text("an instance stands twice", "同じ番号が二度ある"),
        text("duplicate ARC-Message-Signature for instance 1", "duplicate ARC-Message-Signature for instance 1"),
        text(
            "the mail came with a partial set, and rspamd 3.4 started a second i=1",
            "不完全なセット付きで届き、rspamd 3.4 が二つ目の i=1 を始めた",
        ),
        text("strip partial sets before sealing", "封印の前に不完全なセットを取り除く"),
        &["measured with rspamd 3.4"],
    ),
    row(
        B13,
        text("the message signature covers headers that change on the way", "途中で変わるヘッダーまで署名している"),
        text(
            "arc=fail (signature failed); h= of the message signature lists Received or X-Virus-Scanned",
            "arc=fail (signature failed)。署名の h= に Received や X-Virus-Scanned がある",
        ),
        text(
            "OpenARC without SignHeaders signs volatile headers",
            "SignHeaders のない OpenARC は変わりやすいヘッダーも署名する",
        ),
        text(
            "SignHeaders to,subject,message-id,date,from,mime-version,dkim-signature",
            "SignHeaders to,subject,message-id,date,from,mime-version,dkim-signature を設定する",
        ),
        &["OpenARC #66", "OpenARC #126", "OpenARC #47"],
    ),
    row(
        B14,
        text("a later seal leaves earlier sets out", "後の封印が前のセットを含まない"),
        text(
            "the seal of i=2 or later fails, and fits when it is computed without some of the earlier sets, or over them in reverse",
            "i=2 以降の封印が失敗し、前のセットの一部を除くか逆順にして計算すると一致する",
        ),
        text(
            "earlier sets are not in the seal's hash, or not in the order of their instances: OpenARC before 1.0, and other sealers that do not follow RFC 8617 section 5.1.1",
            "前のセットが封印のハッシュに入っていないか、番号順でない。1.0 より前の OpenARC や、RFC 8617 5.1.1 に従わない封印プログラム",
        ),
        text(
            "where OpenARC seals, flowerysong/OpenARC 1.0 or later; else tell who makes the sealer",
            "OpenARC なら flowerysong/OpenARC 1.0 以降にする。そうでなければ封印プログラムの作者に知らせる",
        ),
        &["OpenARC #74", "OpenARC PR #167"],
    ),
    row(
        B15,
        text("cv=none on a later instance", "後の番号なのに cv=none"),
        text("cv=none at i=2 or later", "i=2 以降で cv=none"),
        text(
            "OpenARC carries arc=none forward when it verifies, modifies and signs",
            "OpenARC が検証・変更・署名の間で arc=none を持ち越す",
        ),
        text("no remedy is known; seal with another program", "対策は知られていない。別のプログラムで封印する"),
        &["OpenARC #169"],
    ),
    row(
        B16,
        text(
            "the order of the ARC fields or an empty AAR offends Office 365",
            "ARC フィールドの順序か空の AAR を Office 365 が嫌う",
        ),
        text(
            "Gmail says arc=pass, Office 365 arc=fail (40) or (35)",
            "Gmail は arc=pass、Office 365 は arc=fail (40) か (35)",
        ),
        text(
            "the milter did not keep the order AS, AMS, AAR, or the AAR says none",
            "milter が AS、AMS、AAR の順序を保たないか、AAR が none",
        ),
        text("rspamd 4.1.0 or later", "rspamd 4.1.0 以降にする"),
        &["rspamd #6045"],
    )
    .without_fault("it needs Office 365 as the receiver"),
    row(
        B17,
        text("a line over 998 bytes was folded on delivery", "998 バイトを超える行が配送時に折られた"),
        text(
            "arc and dkim fail only for mails with a very long line",
            "とても長い行のあるメールだけ arc と dkim が失敗する",
        ),
        text(
            "Postfix folds lines longer than smtp_line_length_limit after sealing; nothing is configured wrongly",
            "Postfix は封印後に smtp_line_length_limit を超える行を折る。設定の誤りではない",
        ),
        text("send such content as quoted-printable or base64", "そのような内容は quoted-printable か base64 で送る"),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        B18,
        text("the sealer's message signature is wrong from the start", "封印者の署名が最初から正しくない"),
        text(
            "the message signature fails, the seal over it verifies, and the author's DKIM-Signature, which covers the same, verifies too; or its tags break the grammar",
            "署名だけが失敗し、それを覆う封印は正しく、同じ範囲を覆う差出人の DKIM 署名も正しい。または署名のタグが文法に反する",
        ),
        text(
            "the sealing program hashes or writes its ARC-Message-Signature wrongly; nothing was changed after it",
            "封印プログラムが ARC-Message-Signature の計算または書式を誤っている。封印後の変更はない",
        ),
        text(
            "update the sealing program, or seal with another one; send its makers a mail that shows it",
            "封印プログラムを更新するか別のものにする。再現するメールを開発元に送る",
        ),
        &["RFC 6376 §3.2", "RFC 8617 §4.1.2"],
    )
    .without_fault("it needs a sealing program with such a fault"),
    row(
        B19,
        text(
            "the server changed the mail between two seals of its own",
            "サーバーが自分の二つの封印の間でメールを変更した",
        ),
        text(
            "two sets with the same d= and no other server between them; the first does not verify, the second says cv=fail",
            "同じ d= の二つのセットの間に他のサーバーがなく、一つ目は検証に失敗し、二つ目は cv=fail",
        ),
        text(
            "a mailing list, content_filter or sieve edits the mail after the first pass through the milter and hands it back for a second one",
            "メーリングリスト、content_filter、sieve が milter の一回目の後に書き換え、二回目に戻している",
        ),
        text(
            "verify on the first pass and seal once, on the last: keep the sealing milter off the first one",
            "検証は一回目、封印は最後の一回だけにする。一回目では封印の milter を外す",
        ),
        &["rspamd #2920", "rspamd #4994"],
    )
    .without_fault("it needs a server that hands its own mail back, as a mailing list does"),
    row(
        B20,
        text("a server rejects a chain that verifies here", "ここでは検証に成功するチェーンを、あるサーバーが失敗とした"),
        text(
            "the receiver says arc=fail or seals with cv=fail, and every seal that came and the newest message signature verify with the keys that DNS has",
            "受信側が arc=fail と言うか cv=fail で封印しているが、届いた封印と最新の署名は DNS の鍵ですべて検証に成功する",
        ),
        text(
            "that server judged by another key, clock or rule than RFC 8617's, a server in front of it changed the mail and the copy at hand is an earlier one, or its verifier is wrong; which cannot be told from the mail",
            "そのサーバーが別の鍵・時刻・規則で判定したか、手前のサーバーがメールを変更しており手元の控えはその前のものか、検証器の誤り。どれかはメールからは分からない",
        ),
        text(
            "nothing at the forwarder; send the mail to another receiver to compare, and show this result to the operator of the one that rejects it",
            "転送側ですることはない。別の受信先にも送って比べ、失敗とした側の管理者にこの結果を示す",
        ),
        &["RFC 8617 section 5.2"],
    )
    .without_fault("it needs a receiver whose verifier is wrong"),
    row(
        B21,
        text("the receiver could not get a key when the mail came", "受信時に受信側が鍵を取得できなかった"),
        text(
            "the receiver says temperror, or no key for signature, and fails the chain; the signatures verify with the keys that DNS has now",
            "受信側が temperror や no key for signature と言いチェーンを失敗とした。いまの DNS の鍵では検証に成功する",
        ),
        text(
            "the domain's DNS servers did not answer the receiver, the record was published after the mail was sent, or the receiver kept an older answer that there is none",
            "ドメインの DNS サーバーが受信側に応答しなかったか、レコードの公開が送信より後だったか、受信側が「存在しない」という古い応答をキャッシュしていた",
        ),
        text(
            "ask every DNS server of the domain: dig +norecurse TXT SELECTOR._domainkey.DOMAIN @SERVER; publish a key a day before it signs",
            "ドメインのすべての DNS サーバーに問い合わせる: dig +norecurse TXT SELECTOR._domainkey.DOMAIN @SERVER。鍵は使い始める一日前に公開する",
        ),
        &["RFC 6376 section 6.1.2", "RFC 8601 section 2.7.1"],
    )
    .without_fault("it needs a receiver that judges although DNS did not answer"),
    row(
        B22,
        text("a key has left DNS since the mail was judged", "判定の後で鍵が DNS から消えた"),
        text(
            "the receiver says arc=pass, and now there is no key for a signature of the chain",
            "受信側は arc=pass と言うが、いまはチェーンの署名の鍵がない",
        ),
        text(
            "selectors are replaced in the course of time; nothing was wrong with the mail when it came",
            "セレクターは時とともに交換される。受信時にはメールに問題はなかった",
        ),
        text(
            "nothing; to verify mail later, keep the DNS answers of its day (dns.zone)",
            "することはない。後で検証するには、その日の DNS の応答 (dns.zone) を保存しておく",
        ),
        &["RFC 6376 section 3.1"],
    )
    .without_fault("it needs time to pass"),
    row(
        B23,
        text("a field of an ARC Set was changed after its seal", "ARC セットのフィールドが封印の後で変更された"),
        text(
            "the seals fail from one instance on, and the message signature verifies with the same key",
            "ある番号以降の封印が失敗し、同じ鍵の署名は検証に成功する",
        ),
        text(
            "a server on the way rewrites ARC-Authentication-Results or ARC-Seal, as a filter does that edits every field with results in it",
            "途中のサーバーが ARC-Authentication-Results か ARC-Seal を書き換えている。認証結果のフィールドを編集するフィルターなど",
        ),
        text(
            "leave ARC-* fields as they are; compare the set with the copy that the server before has",
            "ARC-* フィールドを変更しない。手前のサーバーにある控えとセットを比べる",
        ),
        &["RFC 8617 section 5.1.1"],
    )
    .without_fault("it needs a server that edits ARC fields"),
    row(
        B24,
        text("an ARC Set is missing", "ARC セットが丸ごと欠けている"),
        text(
            "arc=fail; an instance is not there although a later one is",
            "arc=fail。後の番号があるのに、ある番号のセットがない",
        ),
        text(
            "a server on the way took every field of the set out, or a sealer counted wrongly",
            "途中のサーバーがそのセットのフィールドをすべて取り除いたか、封印側が番号を誤った",
        ),
        text(
            "stop removing ARC-* fields of mail that others have sealed",
            "他者が封印したメールの ARC-* フィールドを取り除かない",
        ),
        &["RFC 8617 section 5.2"],
    )
    .without_fault("it needs a server that takes sets out"),
    row(
        B25,
        text(
            "the forwarder cannot verify a chain that holds",
            "正しいチェーンを転送側が検証できない",
        ),
        text(
            "rspamd logs ARC_REJECT, or the forwarder's ARC-Authentication-Results say arc=fail, and its seal says cv=fail; the sets before it verify",
            "rspamd のログに ARC_REJECT があるか、転送側の ARC-Authentication-Results が arc=fail で、その封印が cv=fail。それより前のセットは検証できる",
        ),
        text(
            "the forwarder's verifier rejects a signature that others accept, as older versions do with some of Microsoft's and Google's; or something in front of it changes the mail",
            "他では通る署名を転送側の検証機能が拒否している (古い版では Microsoft や Google の一部の署名でも起きる)。または、その手前でメールが変更されている",
        ),
        text(
            "update the verifier, and report it with the message where it stays; until then seal no chain that it rejects, as cv=fail cannot be undone",
            "検証機能を更新し、直らなければメールを添えて報告する。それまで、拒否したチェーンは封印しない (cv=fail は取り消せない)",
        ),
        &["rspamd #4601", "rspamd #3090", "rspamd #1942", "RFC 8617 §5.1.1"],
    )
    .without_fault("it needs a verifier that rejects what others accept"),
    row(
        B26,
        text(
            "a server after the forwarder changed the message",
            "転送サーバーより後のサーバーがメールを変更した",
        ),
        text(
            "arc=fail at the receiver; a server between the forwarder and the receiver found arc=pass, and did not seal",
            "受信側では arc=fail。転送サーバーと受信側の間のサーバーは arc=pass と判定し、封印していない",
        ),
        text(
            "that server put in a footer or a tag, or wrote the message anew, after it had found the chain sound",
            "そのサーバーが、チェーンを正しいと確認したあとで、フッターや件名タグを加えたか、メールを書き直した",
        ),
        text(
            "have that server change nothing, or verify what comes and seal it itself after its changes (i=2); the forwarder's seal is sound",
            "そのサーバーでは何も変更しないか、受け取ったときに検証し、変更したあとで自分でも封印する (i=2)。転送サーバーの封印は正しい",
        ),
        &["RFC 8617 §5.1"],
    )
    .without_fault("it needs a server between the forwarder and the receiver"),
];
