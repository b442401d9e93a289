//! What can never hold, however the mail system behaves: parts of an expectation, or expectations, that exclude each other.

use super::{
    YamlError,
    model::{
        AbsentExpectation, Action, ArcExpectation, CountExpectation, DeliveredExpectation, Expectation,
        ExpectationKind, FolderTest, MethodTest, ResultTest, SealIndex, SealTest, SmtpExpectation, SmtpStage, TextTest,
    },
    vars::Vars,
};
use crate::core::{Span, Spanned};

/// The commands whose refusal ends the mail for every recipient.
const FOR_ALL: [SmtpStage; 6] =
    [SmtpStage::Connect, SmtpStage::Starttls, SmtpStage::Auth, SmtpStage::Mail, SmtpStage::Data, SmtpStage::Message];

fn wrong(at: &Span, message: impl Into<String>, help: &str) -> YamlError {
    YamlError::new(message, at.clone()).with_help(help)
}

/// What a text is, where it is equality that is asked for and no variable is named.
fn literal(test: &Option<Spanned<TextTest>>) -> Option<(String, &Span)> {
    match test {
        Some(Spanned { value: TextTest::Is(text), at }) => Some((text.fill(&Vars::new()).ok()?, at)),
        _ => None,
    }
}

impl ExpectationKind {
    /// Parts of this expectation that exclude each other.
    pub(super) fn contradictions(&self) -> Vec<YamlError> {
        match self {
            Self::Smtp(smtp) => smtp.contradictions(),
            Self::Delivered(delivered) => delivered.contradictions(),
            Self::Bounced(bounced) => {
                let (action, _) = bounced.action();
                let classes: &[&str] = match action {
                    Action::Failed => &["4", "5"],
                    Action::Delayed => &["4"],
                    _ => &["2"],
                };
                let status =
                    literal(&bounced.status).filter(|(status, _)| !classes.iter().any(|c| status.starts_with(c)));
                let action = action.as_str();
                let help = "RFC 3464 §2.3.3: 4 or 5 with `failed`, 4 with `delayed`, 2 with the others";
                status
                    .map(|(status, at)| wrong(at, format!("no bounce is `{action}` with status {status}"), help))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

impl SmtpExpectation {
    fn contradictions(&self) -> Vec<YamlError> {
        let Some(code) = &self.code else { return Vec::new() };
        let mut found = Vec::new();
        let class = code.value / 100;
        if class == 3 {
            let help =
                "after it the server waits for more; the reply that decides is a refusal, or that to the whole message";
            found.push(wrong(&code.at, format!("{} decides over no mail", code.value), help));
        }
        if class == 2
            && let Some(stage) = self.stage.as_ref().filter(|s| s.value != SmtpStage::Message)
        {
            let message = format!("a {} at stage `{}` decides over no mail", code.value, stage.value.as_str());
            found.push(wrong(&stage.at, message, "the reply that decides is a refusal, or that to the whole message"));
        }
        if let Some((status, at)) = literal(&self.status).filter(|(status, _)| !status.starts_with(&class.to_string()))
        {
            let message = format!("the enhanced status {status} does not fit the code {}", code.value);
            found.push(wrong(at, message, "RFC 3463: both start with the same digit"));
        }
        found
    }
}

impl DeliveredExpectation {
    fn contradictions(&self) -> Vec<YamlError> {
        let ArcExpectation { carries, seals, verify } = &self.arc;
        let mut found = Vec::new();
        let method = self.auth.methods.iter().find(|(name, _)| name == "arc").map(|(_, test)| &test.value);
        let is_unsound = method.is_some_and(|test| !passes(test));
        if let Some(carries) = carries
            && is_unsound
        {
            let help = "the chain is told in the comment of arc=pass; leave one of the two out";
            found.push(wrong(&carries.at, "`carries` without `arc: pass` by the receiver", help));
        }
        let verified = verify.as_ref().map(|v| v.value.as_str());
        // Whoever expects a broken chain may expect of it what no chain that holds can have.
        let broken = verified == Some("fail") || is_unsound;
        for seal in seals {
            found.extend(chain_validation(seal, broken, verified == Some("pass")));
            if verified == Some("none") && !seal.value.absent {
                let help = "`verify: none` is of a mail without ARC; leave one of the two out";
                found.push(wrong(&seal.at, "a seal in a mail without a chain", help));
            }
        }
        let newest = seals.iter().filter(|s| !s.value.absent).filter_map(|s| number(&s.value)).max();
        let missing = seals.iter().filter(|s| verified == Some("pass") && s.value.absent);
        for seal in
            missing.filter(|s| number(&s.value).is_some_and(|n| n == 1 || newest.is_some_and(|newest| n < newest)))
        {
            let help = "instances go from 1 to the newest without a gap (RFC 8617 §5.2); leave one of the two out";
            found.push(wrong(&seal.at, "no chain that verifies leaves this seal out", help));
        }
        found
    }
}

/// Whether `pass` is a result that the test allows.
fn passes(test: &MethodTest) -> bool {
    match &test.result {
        Some(ResultTest::OneOf(results)) => results.iter().any(|r| r.value == "pass"),
        None | Some(ResultTest::Any) => true,
        Some(ResultTest::Absent) => false,
    }
}

fn number(seal: &SealTest) -> Option<u32> {
    match seal.i {
        SealIndex::Number(n) => Some(n),
        SealIndex::Last(_) => None,
    }
}

/// The first seal of a chain says `cv=none`, and no other does; `cv=fail` ends a chain.
fn chain_validation(seal: &Spanned<SealTest>, broken: bool, verified: bool) -> Option<YamlError> {
    let (n, cv) = (number(&seal.value), seal.value.cv.as_deref()?);
    let help = "RFC 8617 §5.1.1: cv=none at i=1 and nowhere else; of a broken chain write `verify: fail` too";
    let message = match (n, cv) {
        (Some(1), "pass" | "fail") if !broken => format!("a chain does not begin with cv={cv}"),
        (Some(2..), "none") if verified => format!("no chain that verifies has cv=none at i={}", n?),
        (_, "fail") if verified => "no chain that verifies has cv=fail".to_owned(),
        _ => return None,
    };
    Some(wrong(&seal.at, message, help))
}

/// Expectations of one target that exclude each other; accounts are told by their names. `recipients` is how many there are.
pub(crate) fn between<'a>(expected: impl IntoIterator<Item = &'a Expectation>, recipients: usize) -> Vec<YamlError> {
    let mut before: Vec<&ExpectationKind> = Vec::new();
    let mut found = Vec::new();
    for Expectation { at, kind, .. } in expected {
        let clash =
            before.iter().find_map(|first| clash(first, kind, recipients).or_else(|| clash(kind, first, recipients)));
        found.extend(clash.map(|message| wrong(at, message, "leave one of the two out, or give each its `targets`")));
        before.push(kind);
    }
    found
}

fn clash(one: &ExpectationKind, other: &ExpectationKind, recipients: usize) -> Option<String> {
    use ExpectationKind::{Absent, Bounced, Count, Smtp};
    let nothing = |AbsentExpectation { from, .. }: &AbsentExpectation, to: &Spanned<String>, what: &str| {
        (from.value == to.value).then(|| format!("nothing is to be in {}, and {what}", to.value))
    };
    match (one, other) {
        (Absent(absent), Bounced(b)) => nothing(absent, &b.to, "a bounce"),
        (Absent(absent), _) => nothing(absent, other.copy_in()?, "a copy"),
        (Count(c), Count(d)) => counts(c, d),
        (Smtp(smtp), _) if smtp.refuses(recipients) && other.copy_in().is_some() => {
            Some("the first server is to refuse the mail, and a copy is to arrive".to_owned())
        }
        (Smtp(smtp), Bounced(_)) if smtp.refuses(recipients) => {
            Some("the first server is to refuse the mail, and a bounce of it is to arrive".to_owned())
        }
        (Smtp(SmtpExpectation { code: Some(a), .. }), Smtp(SmtpExpectation { code: Some(b), .. }))
            if a.value != b.value =>
        {
            Some(format!("one reply decides, and it is to be {} and {}", a.value, b.value))
        }
        _ => None,
    }
}

fn counts(one: &CountExpectation, other: &CountExpectation) -> Option<String> {
    let more = match (one.folder, other.folder) {
        (a, b) if a == b => one.is.value != other.is.value,
        (FolderTest::Any, _) => one.is.value < other.is.value,
        _ => false,
    };
    let message =
        || format!("{} copies and {} of the same cannot be in {}", one.is.value, other.is.value, one.to.value);
    (one.to.value == other.to.value && more).then(message)
}

impl SmtpExpectation {
    /// Whether it wants a final refusal that leaves nobody who could get the mail.
    fn refuses(&self, recipients: usize) -> bool {
        let stage = self.stage.as_ref().map(|s| s.value);
        let for_all = match stage {
            Some(SmtpStage::Ehlo) => false,
            Some(stage) => recipients == 1 || FOR_ALL.contains(&stage),
            None => recipients == 1,
        };
        let is_final = self.code.as_ref().is_some_and(|code| code.value >= 500)
            || literal(&self.status).is_some_and(|(status, _)| status.starts_with('5'));
        for_all && is_final
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::yaml::{self, Source};

    /// What is said of these expectations of a mail to some recipients.
    fn said(to: &str, expect: &str) -> Vec<String> {
        let text = format!("sealcheck: 1\nname: x\nsend: {{ from: external, to: {to} }}\nexpect: [{expect}]\n");
        let source = Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario =
            yaml::scenarios(&source, "a", &|_| Err(String::new())).map_err(|e| e.to_string()).unwrap().remove(0);
        between(&scenario.expect, scenario.send.to.len()).into_iter().map(|e| e.message).collect()
    }

    #[test]
    fn expectations_that_exclude_each_other_are_found_in_either_order() {
        for (one, other, message) in [
            ("absent: gmail", "delivered: gmail", "nothing is to be in gmail, and a copy"),
            ("absent: gmail", "count: { to: gmail, is: 1 }", "nothing is to be in gmail, and a copy"),
            ("absent: external", "bounced: external", "nothing is to be in external, and a bounce"),
            ("smtp: 550", "delivered: gmail", "the first server is to refuse the mail, and a copy is to arrive"),
            (
                "smtp: { status: 5.7.1 }",
                "delivered: gmail",
                "the first server is to refuse the mail, and a copy is to arrive",
            ),
            (
                "smtp: 550",
                "bounced: external",
                "the first server is to refuse the mail, and a bounce of it is to arrive",
            ),
        ] {
            for both in [format!("{{ {one} }}, {{ {other} }}"), format!("{{ {other} }}, {{ {one} }}")] {
                assert_eq!(said("company", &both), [message], "{both}");
            }
        }
    }

    #[test]
    fn what_can_hold_together_is_left_alone() {
        for (to, expect) in [
            ("company", "{ smtp: 250 }, { delivered: gmail }"),
            ("company", "{ smtp: 550 }, { absent: gmail }"),
            ("company", "{ smtp: 451 }, { delivered: gmail }"),
            ("company", "{ absent: gmail-2 }, { delivered: gmail }"),
            ("company", "{ delivered: { to: gmail, folder: inbox } }, { delivered: { to: gmail, folder: spam } }"),
            ("[company, other]", "{ smtp: { code: 550, stage: rcpt } }, { delivered: gmail }"),
            ("company", "{ count: { to: gmail, is: 2 } }, { count: { to: gmail, folder: spam, is: 1 } }"),
        ] {
            assert_eq!(said(to, expect), [""; 0], "{expect}");
        }
    }

    #[test]
    fn counts_and_codes_have_one_number() {
        for (to, expect) in [
            ("company", "{ count: { to: gmail, is: 2 } }, { count: { to: gmail, is: 1 } }"),
            ("company", "{ count: { to: gmail, folder: inbox, is: 2 } }, { count: { to: gmail, is: 1 } }"),
            ("company", "{ smtp: 250 }, { smtp: 550 }"),
            ("[company, other]", "{ smtp: { code: 550, stage: mail } }, { delivered: gmail }"),
        ] {
            assert_eq!(said(to, expect).len(), 1, "{expect}");
        }
    }
}
