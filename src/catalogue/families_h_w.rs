//! Families H and W: what the harness could not do, and what is odd about a scenario or the project file. They are no
//! causes of failing mail, and no diagnosis carries them.

use super::text;

rows![
    row(
        H01,
        text("a login was refused", "ログインを拒否された"),
        text(
            "an IMAP or SMTP server answers NO, or 535, to the login",
            "IMAP または SMTP サーバーがログインに NO や 535 を返す",
        ),
        text(
            "a wrong password, a normal one where Gmail wants an app password, or IMAP switched off",
            "パスワードの誤り、アプリ パスワードが必要な Gmail での通常のパスワード、または IMAP の無効化",
        ),
        text(
            "make an app password or use XOAUTH2, and switch IMAP on; docs/gmail.md says how; see E04",
            "アプリ パスワードか XOAUTH2 を使い、IMAP を有効にする。手順は docs/gmail.md。E04 も参照",
        ),
        &[],
    ),
    row(
        H02,
        text("an OAuth grant or access token is no longer valid", "OAuth の許可またはアクセス トークンが失効した"),
        text(
            "invalid_grant from the token server, or a refused XOAUTH2 login",
            "トークン サーバーの invalid_grant、または XOAUTH2 ログインの拒否",
        ),
        text(
            "the refresh token was revoked, is older than seven days in a project that is still testing, was not used for six \
             months, or the password changed; or it is another user's, or for another scope than https://mail.google.com/",
            "リフレッシュ トークンの取り消し、テスト中のプロジェクトでの 7 日の期限切れ、6 か月の未使用、またはパスワードの変更。\
             あるいは別のユーザーのもの、または https://mail.google.com/ 以外のスコープ",
        ),
        text(
            "get a new refresh token with sealcheck auth gmail, and publish the OAuth project; docs/gmail.md says how",
            "sealcheck auth gmail で新しいリフレッシュ トークンを取り、OAuth プロジェクトを公開する。手順は docs/gmail.md",
        ),
        &[],
    ),
    row(
        H03,
        text("DNS gave no answer", "DNS が応答しない"),
        text("SERVFAIL or a timeout for a name that was needed", "必要な名前に対する SERVFAIL またはタイムアウト"),
        text("the resolver is down or cannot be reached from here", "リゾルバーの停止、またはここから届かない"),
        text(
            "ask for the name by hand with dig, and run again when it answers",
            "dig で同じ名前を引き、応答したら再実行する",
        ),
        &[],
    ),
    row(
        H04,
        text("a TCP connection could not be made or broke", "TCP 接続ができない、または切れた"),
        text("connection refused, reset or timed out", "接続の拒否、リセット、タイムアウト"),
        text(
            "the server is down, the port is wrong, or port 25 is blocked, as on most cloud and home networks",
            "サーバーの停止、ポートの誤り、または 25 番の遮断 (多くのクラウドや家庭の回線)",
        ),
        text(
            "try the same host and port with nc; submit on 587 where 25 is blocked",
            "同じホストとポートを nc で試す。25 番が遮断されていれば 587 で送る",
        ),
        &[],
    ),
    row(
        H05,
        text("TLS failed", "TLS に失敗した"),
        text(
            "a handshake error, or a certificate that is not trusted",
            "ハンドシェイクの失敗、または信頼できない証明書",
        ),
        text(
            "the certificate has expired, has another name, or was issued by a CA that is not known here",
            "証明書の期限切れ、名前の不一致、または未知の認証局",
        ),
        text(
            "look at it with openssl s_client; name the CA file in sealcheck.yaml",
            "openssl s_client で確かめ、sealcheck.yaml に CA ファイルを書く",
        ),
        &[],
    ),
    row(
        H06,
        text("a provider's limit", "プロバイダーの制限"),
        text(
            "too many connections, bytes or mails in a time; a server that takes mail first says 4yz, or 550 5.4.5",
            "接続数、転送量、一定時間の送信数の超過。最初に渡したサーバーの 4yz または 550 5.4.5 応答",
        ),
        text(
            "other programs use the same account, runs follow too fast, or a server greylists for longer than the timeout",
            "他のプログラムが同じアカウントを使っている、実行の間隔が短い、またはグレーリストの待ち時間がタイムアウトより長い",
        ),
        text(
            "wait; set limits in sealcheck.yaml; use fewer jobs; give a server that greylists more time; see E05",
            "待つ。sealcheck.yaml の limits を設定し、並列数を減らす。グレーリストならタイムアウトを延ばす。E05 も参照",
        ),
        &[],
    ),
    row(
        H07,
        text(
            "a server broke its protocol, or the sender's own server refused the mail",
            "サーバーがプロトコルに違反したか、差出人のサーバーがメールを拒否した",
        ),
        text(
            "an answer that cannot be read, or none where there must be one; a 5yz of the server where the sender submits",
            "読めない応答、またはあるべき応答の欠落。差出人が送信に使うサーバーの 5yz 応答",
        ),
        text(
            "a broken server, another one than is believed on that port, or an account that may not send this mail there",
            "サーバーの不具合、想定と違うサーバー、またはそのメールの送信を許されていないアカウント",
        ),
        text(
            "read smtp.log or imap.log of the attempt and the server's own log; the system under test has not seen the mail",
            "その試行の smtp.log か imap.log と、サーバーのログを読む。テスト対象にはメールが届いていない",
        ),
        &[],
    ),
    row(
        H08,
        text("the lab could not be built or kept running", "ラボを用意または維持できない"),
        text(
            "a target that needs a program or a port does not start",
            "プログラムやポートが必要なターゲットが起動しない",
        ),
        text(
            "a package is missing, a port is taken, root is needed, or the process may not open enough files",
            "パッケージの不足、ポートの使用中、root 権限の不足、または開けるファイル数の上限",
        ),
        text(
            "do what the error says; docs/lab.md lists what each target needs",
            "エラーの指示に従う。必要なものは docs/lab.md にある",
        ),
        &[],
    ),
    row(
        H09,
        text("a file or folder could not be read or written", "ファイルやフォルダーを読み書きできない"),
        text(
            "an error of the system with the path, or what LIST shows of a mailbox",
            "パスの付いたシステムのエラー、またはメールボックスの LIST の結果",
        ),
        text(
            "no permission, no room, the file is gone, or no folder of a mailbox has the name or the use",
            "権限や空き容量の不足、ファイルの消失、または該当するフォルダーがない",
        ),
        text(
            "correct the permission or make room; name the folder below imap.folders; run again",
            "権限を直すか容量を空け、フォルダーなら imap.folders に名前を書き、再実行する",
        ),
        &[],
    ),
    row(
        H10,
        text("clocks are more than five minutes apart", "時計が5分以上ずれている"),
        text(
            "a server's greeting tells another time than this machine, or a mailbox says that a copy came before the mail was sent",
            "サーバーの挨拶の時刻がこの機械と違う、または写しの到着時刻が送信より前になっている",
        ),
        text("this machine or that server does not follow NTP", "この機械かサーバーが NTP に従っていない"),
        text(
            "timedatectl set-ntp true; until then nothing is sent, since Date, signatures and deadlines would be wrong",
            "timedatectl set-ntp true。直すまで何も送らない (Date、署名、期限が正しくないため)",
        ),
        &[],
    ),
    row(
        W01,
        text("a secret stands in plain text", "秘密が平文で書かれている"),
        text(
            "the project file is refused at that line; nothing is sent",
            "プロジェクト ファイルのその行で拒否され、何も送られない",
        ),
        text("a password or token was written as a string", "パスワードやトークンが文字列で書かれている"),
        text(
            "write { env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT] }, and change the secret",
            "{ env: NAME }、{ file: PATH }、{ command: [PROGRAM, ARGUMENT] } のいずれかで書き、その秘密を変更する",
        ),
        &[],
    ),
    row(
        W02,
        text("a variable is never used", "変数が使われていない"),
        text(
            "a name under vars or matrix that no text of the scenario has",
            "vars や matrix の名前がシナリオのどこにもない",
        ),
        text("a slip of the pen, or what is left of an older scenario", "書き間違い、または古いシナリオの名残"),
        text("use it in a text, or leave it out", "使うか、削除する"),
        &[],
    ),
    row(
        W03,
        text("no expectation looks into a mailbox", "メールボックスを見る期待がない"),
        text(
            "on a target only smtp and log are expected and the server takes the mail, or nothing at all is expected",
            "あるターゲットで smtp と log だけを期待し、サーバーはメールを受け取る。または何も期待していない",
        ),
        text(
            "that a server took a mail does not prove that it arrived; where nothing is expected, the scenario is skipped",
            "受け取られたことは、届いたことの証明にならない。何も期待しないターゲットではシナリオは実行されない",
        ),
        text(
            "add delivered, bounced or absent, or leave the target out of the scenario's targets",
            "delivered、bounced、absent のいずれかを加えるか、シナリオの targets からそのターゲットを外す",
        ),
        &[],
    ),
    row(
        W04,
        text("within is longer than the timeout", "within がタイムアウトより長い"),
        text("within of an expectation is more than wait.timeout", "期待の within が wait.timeout を超える"),
        text("the wait ends first, so that within decides nothing", "待機が先に終わり、within に意味がない"),
        text("raise wait.timeout, or lower within", "wait.timeout を延ばすか、within を縮める"),
        &[],
    ),
    row(
        W05,
        text("settle is too short for Gmail", "settle が Gmail には短すぎる"),
        text(
            "absent or count on target gmail with a settle under 5s",
            "ターゲット gmail の absent や count で settle が 5 秒未満",
        ),
        text(
            "a mail can show later than that, and the check has passed already",
            "メールがそれより後に現れ、検査は既に通っている",
        ),
        text("write at least 5s", "5s 以上にする"),
        &[],
    ),
    row(
        W06,
        text("a seal is told by its number alone", "封印を番号だけで指定している"),
        text("seals with i: 2 or more and without by", "seals の i が 2 以上で by がない"),
        text("a sender that seals shifts every number by one", "差出人が封印すると番号が 1 つずれる"),
        text("add by, or write i: last", "by を加えるか、i: last と書く"),
        &[],
    ),
    row(
        W07,
        text("arc is expected and not asserted", "arc を書いても検査されない"),
        text(
            "auth has arc, or arc has carries, seals or verify, and the scenario says arc: advisory or off",
            "auth に arc が、または arc に carries、seals、verify があり、シナリオが arc: advisory か off",
        ),
        text("the policy of the scenario takes the expectation back", "シナリオの方針が期待を打ち消す"),
        text("leave one of the two out", "どちらかを削除する"),
        &[],
    ),
    row(
        W08,
        text("a secret goes over the network without TLS", "秘密が TLS なしで送られる"),
        text(
            "an account with a login has tls: none, and its host is not this machine",
            "ログインのあるアカウントが tls: none で、ホストがこのマシンではない",
        ),
        text("everybody between can read the password", "途中の誰もがパスワードを読める"),
        text("write tls: starttls or tls: implicit", "tls: starttls か tls: implicit と書く"),
        &[],
    ),
    row(
        W09,
        text("a variable is empty", "変数が空である"),
        text(
            "vars, --var or --vars-file gives a variable no value",
            "vars、--var、--vars-file で変数の値が空になっている",
        ),
        text(
            "often a variable of the environment that is not set; a test of an empty text would hold of anything",
            "設定されていない環境変数であることが多い。空の文字列の検査は何にでも成り立つ",
        ),
        text("give it a value, or leave it out", "値を与えるか、削除する"),
        &[],
    ),
];
