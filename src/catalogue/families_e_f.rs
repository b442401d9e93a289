//! Families E and F: not seen by the tester, and what else a bounce tells.

use super::text;

rows![
    row(
        E00,
        text("accepted, and never seen", "受理されたが見つからない"),
        text(
            "250 from every server that was asked, and no copy in any folder in time",
            "どのサーバーも 250 を返したが、時間内にどのフォルダーにもない",
        ),
        text(
            "which of the causes E01 to E07 it is cannot be proved from the evidence at hand",
            "E01～E07 のどれが原因かは、手元の証拠だけでは証明できない",
        ),
        text(
            "look at the forwarder's log for this Message-ID; raise the timeout",
            "この Message-ID を転送サーバーのログで探し、待ち時間を延ばす",
        ),
        &[],
    ),
    row(
        E01,
        text("the probe was sent from the account that it goes to", "試験メールの差出人と最終宛先が同じアカウント"),
        text(
            "250 from Gmail, and the mail is in no folder but Sent and All Mail",
            "Gmail は 250 を返すが、送信済みとすべてのメールにしかない",
        ),
        text(
            "Gmail drops a copy whose Message-ID it has sent itself",
            "Gmail は自分が送った Message-ID のコピーを捨てる",
        ),
        text("send from another account", "別のアカウントから送る"),
        &["free-email-forwarding #73", "sympa #1501", "MailKit #181"],
    )
    .without_fault("send from the account that receives: `send: { from: self }`"),
    row(
        E02,
        text("it is in the spam folder under a localised name", "各国語名の迷惑メールフォルダーにある"),
        text("not in INBOX", "INBOX にない"),
        text(
            "the spam folder's name depends on the account's language, in modified UTF-7",
            "迷惑メールフォルダーの名前は言語設定により異なり、修正 UTF-7 で書かれる",
        ),
        text(
            "find folders by \\Junk and \\All in LIST, never by name",
            "フォルダーは名前ではなく LIST の \\Junk と \\All で探す",
        ),
        &["imap2maildir #25", "MailKit #1478", "imapsync #97"],
    ),
    row(
        E03,
        text("the IMAP session is stale", "IMAP セッションが古い"),
        text(
            "a loop of SEARCH never sees the mail, a new login does",
            "SEARCH を繰り返しても見えず、ログインし直すと見える",
        ),
        text(
            "Gmail tells a selected session of new mail only through NOOP, IDLE or a new SELECT",
            "Gmail は NOOP、IDLE、再 SELECT でしか新着を知らせない",
        ),
        text("NOOP in every round", "毎回 NOOP を送る"),
        &["smtp_exporter PR #4", "imap_tools #153", "imap_tools #159"],
    ),
    row(
        E04,
        text("the login is of a kind that Gmail refuses", "Gmail が拒否する種類のログイン"),
        text(
            "Application-specific password required, Web login required, or Invalid credentials",
            "Application-specific password required、Web login required、Invalid credentials",
        ),
        text(
            "an ordinary password, or a Workspace that forbids app passwords",
            "通常のパスワード、またはアプリパスワードを禁じた Workspace",
        ),
        text("an app password, or XOAUTH2", "アプリパスワードか XOAUTH2 を使う"),
        &["mutt-wizard #831", "MailKit #239", "himalaya #52"],
    ),
    row(
        E05,
        text("a provider's limit was met", "事業者の制限に達した"),
        text(
            "Too many simultaneous connections, OVERQUOTA or THROTTLED",
            "Too many simultaneous connections、OVERQUOTA、THROTTLED",
        ),
        text("more than 15 sessions, or too much traffic", "セッションが 15 を超えたか、通信量が多すぎる"),
        text(
            "one session for all scenarios; wait before the next try",
            "全シナリオで一つのセッションを使い、間を空ける",
        ),
        &["imapsync #61", "ha-email-sensor #16", "MailKit #1396"],
    ),
    row(
        E06,
        text("it came late", "遅れて届いた"),
        text("the mail arrives after minutes", "数分後に届く"),
        text("greylisting on the first hop", "最初のホップのグレーリスティング"),
        text("allow ten minutes or more", "十分以上待つ"),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    ),
    row(
        E07,
        text("the server ended the IDLE session", "サーバーが IDLE を終了した"),
        text("IDLE ends, or BYE", "IDLE が終わる、または BYE"),
        text(
            "an idle limit; IDLE must be issued again within 29 minutes",
            "アイドル制限。IDLE は 29 分以内に再発行する",
        ),
        text("issue it again, and connect again", "再発行し、再接続する"),
        &["qore PR #5360", "parsedmarc #211"],
    ),
    row(
        E08,
        text("Gmail shows it under another tab", "Gmail が別のタブに表示する"),
        text(
            "in the inbox, and under promotions, social, updates or forums in place of the wanted category; spam is under none",
            "受信トレイにあるが、期待したカテゴリではなくプロモーション、ソーシャル、最新情報、フォーラムにある。迷惑メールはどれにもない",
        ),
        text(
            "Gmail sorts by content, sender and the account's filters; fields and footers of lists and newsletters count",
            "Gmail は内容、差出人、アカウントのフィルターで分類する。メーリングリストやニュースレターのヘッダーとフッターも影響する",
        ),
        text(
            "compare with the same mail sent straight to Gmail; add a filter to the account that sorts it, or ask for the tab that it has",
            "Gmail に直接送った同じメールと比べる。アカウントに分類用のフィルターを追加するか、実際のタブを期待値に書く",
        ),
        &[],
    ),
    row(
        E09,
        text("Gmail takes it for spam although everything passes", "すべて pass なのに迷惑メールと判定された"),
        text(
            "in the spam folder, with dmarc=pass and no arc=fail; \"Why is this message in spam?\" in Gmail tells more",
            "迷惑メールフォルダーにあり、dmarc=pass で arc=fail もない。Gmail の「このメールが迷惑メールに振り分けられた理由」に詳細がある",
        ),
        text(
            "what the mail says and links to, or the reputation of the author's domain or of the forwarder's address: neither DKIM nor ARC answers that",
            "本文やリンクの内容、または差出人ドメインや転送サーバーのアドレスの評判。DKIM や ARC では解決しない",
        ),
        text(
            "send a plain text to compare; mark the mail as no spam; see Google Postmaster Tools for both domains; do not forward what scores as spam; a filter \"never send it to spam\" for the company's address helps this one account",
            "簡単な本文で比べる。迷惑メールではないと報告する。両方のドメインを Google Postmaster Tools で見る。スパム判定のメールは転送しない。会社の宛先に「迷惑メールにしない」フィルターを作れば、そのアカウントでは防げる",
        ),
        &["Gmail help: why a message is in spam", "Google Postmaster Tools"],
    ),
    row(
        F00,
        text("the mail bounced", "メールが返送された"),
        text("a delivery status notification came back to the sender", "配送状況通知が差出人に戻った"),
        text("the report says it; no row of family D fits its text", "報告に理由がある。D 系列のどれにも一致しない"),
        text("read the Diagnostic-Code", "Diagnostic-Code を読む"),
        &[],
    )
    .without_fault("give `inspect` a bounce that tells no reason"),
    row(
        F01,
        text("the bounce shows the private address behind the forward", "バウンスが転送先の個人アドレスを明かしている"),
        text(
            "<someone@gmail> (expanded from <user@company>) in the report to the outside sender",
            "外部差出人への報告に <転送先> (expanded from <会社の宛先>) とある",
        ),
        text(
            "the forwarding server names both addresses; SRS does not help",
            "転送サーバーが両方のアドレスを書く。SRS では防げない",
        ),
        text(
            "rewrite bounces, or deliver a local copy instead of forwarding",
            "バウンスを書き換えるか、転送の代わりにローカルに配送する",
        ),
        &["captured on Postfix 3.7 + rspamd 3.4"],
    )
    .without_fault("every refusal shows it beside a code of its own, for example `fault: D00`"),
    row(
        F02,
        text("a bounce that cannot be read", "読み取れないバウンス"),
        text(
            "the message says that it is a delivery report, and no recipient with a reason is found in it",
            "配送通知と名乗るが、宛先と理由が見つからない",
        ),
        text(
            "the server writes its reports in a form of its own, or the report was cut, forwarded or damaged",
            "サーバー独自の形式か、通知が途中で切れたり転送されたり壊れたりしている",
        ),
        text(
            "read the report's own text; save it as the server sent it (\"show original\"), not forwarded or copied",
            "通知の本文を読む。転送やコピーではなく、届いたままの原文 (「メッセージのソースを表示」) を保存する",
        ),
        &["RFC 3464"],
    )
    .without_fault("give `inspect` a bounce whose form is not known"),
];
