//! What is said of a mail that no diagnosis explains.

use super::TextStyle;
use crate::{
    catalogue::Lang,
    core::visible::plain,
    judge::proof::{Fault, FaultKind, Open, Proof},
    report::console::Tone,
};

/// That nothing is wrong, with what that rests on; or what is wrong, and what nobody knows.
pub(super) fn lines(style: TextStyle, proof: &Proof) -> Vec<String> {
    let ja = style.lang == Lang::Ja;
    let (open, aside): (Vec<&Open>, Vec<&Open>) = proof.open.iter().partition(|open| open.matters());
    let head = match (proof.sound, proof.faults.is_empty(), ja) {
        (true, _, false) => "nothing is wrong, as far as this mail tells",
        (true, _, true) => "このメールから分かる範囲では、問題はありません",
        (false, false, false) => "no known cause fits, and not all is as it should be:",
        (false, false, true) => "既知の原因には当てはまりませんが、正常ではない点があります:",
        (false, true, false) => "no cause was found, and this mail does not prove that all is well:",
        (false, true, true) => "原因は見つかりませんが、問題がないとも言い切れません:",
    };
    let mut out = vec![head.to_owned()];
    out.extend(proof.faults.iter().map(|f| format!("  {}", style.palette.paint(Tone::Bad, &fault(f, ja)))));
    out.extend(open.into_iter().map(|open| format!("  {}", said(open, ja))));
    let [verified, not_looked_at, between] =
        if ja { ["検証済み:", "未確認:", "、"] } else { ["verified:", "not looked at:", "; "] };
    if !proof.verified.is_empty() {
        out.push(format!("  {verified} {}", plain(&proof.verified.join("; "))));
    }
    let aside: Vec<String> = aside.into_iter().map(|open| said(open, ja)).collect();
    if !aside.is_empty() {
        out.push(format!("  {not_looked_at} {}", aside.join(between)));
    }
    out
}

fn fault(fault: &Fault, ja: bool) -> String {
    let about = plain(&fault.about);
    let text = match (fault.kind, ja) {
        (FaultKind::Signature, false) => format!("{about} does not verify"),
        (FaultKind::Signature, true) => format!("{about} は検証に失敗しました"),
        (FaultKind::Chain, false) => "the ARC chain is not valid".to_owned(),
        (FaultKind::Chain, true) => "ARC チェーンは有効ではありません".to_owned(),
        (FaultKind::MarkedFailed, false) => format!("the seal {about} says that the chain was broken before it"),
        (FaultKind::MarkedFailed, true) => format!("{about} のシールは、それより前のチェーンが壊れていたとしています"),
        (FaultKind::Field, false) => format!("an ARC field is wrong: {about}"),
        (FaultKind::Field, true) => format!("ARC フィールドに誤りがあります: {about}"),
        (FaultKind::Result, false) => format!("the result of {about}"),
        (FaultKind::Result, true) => format!("判定結果 {about}"),
        (FaultKind::Forged, false) => format!("{about}, is not the receiver's"),
        (FaultKind::Forged, true) => format!("{about} は受信側が書いたものではありません"),
        (FaultKind::Claim, false) => format!("{about} is not so"),
        (FaultKind::Claim, true) => format!("{about} は事実と異なります"),
        (FaultKind::Log, false) => format!("the log says {about}"),
        (FaultKind::Log, true) => format!("ログ {about}"),
        (FaultKind::Report, false) => "it is a delivery report, or holds one: another mail is in trouble".to_owned(),
        (FaultKind::Report, true) => {
            "配送通知そのもの、または配送通知を含むメールです (別のメールの配送に関するもの)".to_owned()
        }
    };
    match &fault.reason {
        Some(reason) => format!("{text}: {}", plain(reason)),
        None => text,
    }
}

fn said(open: &Open, ja: bool) -> String {
    match (open, ja) {
        (Open::NotVerified, false) => "its signatures were not verified (--dns none)".to_owned(),
        (Open::NotVerified, true) => "署名は検証していません (--dns none)".to_owned(),
        (Open::NoAnswer(about), false) => format!("DNS gave no answer for the key of {}", plain(about)),
        (Open::NoAnswer(about), true) => format!("{} の鍵について DNS の応答がありません", plain(about)),
        (Open::NotJudged(about), false) => format!("{} is one signature too many to be verified", plain(about)),
        (Open::NotJudged(about), true) => format!("署名が多すぎるため {} は検証していません", plain(about)),
        (Open::CutOff, false) => "it ends in its header, and may be cut off".to_owned(),
        (Open::CutOff, true) => "ヘッダーの途中で終わっており、切れている可能性があります".to_owned(),
        (Open::NoBody, false) => {
            "only its header is here: the signatures fit it, and whether the body changed cannot be told".to_owned()
        }
        (Open::NoBody, true) => {
            "ヘッダーしかありません。署名はヘッダーと一致しますが、本文が変更されたかどうかは分かりません".to_owned()
        }
        (Open::NothingToTellBy, false) => "it has no signature, and no results of a receiver".to_owned(),
        (Open::NothingToTellBy, true) => "署名も受信側の判定結果もありません".to_owned(),
        (Open::Unsigned, false) => "signatures, as it has none".to_owned(),
        (Open::Unsigned, true) => "署名 (ありません)".to_owned(),
        (Open::NoReceiver, false) => "results of a receiver, as it has none".to_owned(),
        (Open::NoReceiver, true) => "受信側の判定結果 (ありません)".to_owned(),
        (Open::NoLog, false) => "logs (--log)".to_owned(),
        (Open::NoLog, true) => "ログ (--log)".to_owned(),
        (Open::NotLogged, false) => "logs, as those that were given do not know it".to_owned(),
        (Open::NotLogged, true) => "ログ (渡されたログにこのメールの記録がありません)".to_owned(),
    }
}
