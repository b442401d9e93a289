//! `delivered.auth:`: the receiver's own Authentication-Results (RFC 8601).

use super::{
    comparison::Comparison,
    context::{Context, Results},
    text::{self, Matcher},
};
use crate::{
    core::domain,
    evidence::ReceivedCopy,
    judge::phrases,
    mail::authres::{AuthenticationResults, ResInfo},
    outcome::CheckPart,
    scenario::{
        Vars,
        model::{ArcPolicy, AuthExpectation, MethodTest, ResultTest},
    },
};

pub(super) fn check(
    wanted: &AuthExpectation,
    account: &str,
    copy: &ReceivedCopy,
    context: Context<'_>,
    results: &mut Results,
) {
    let (waived, asserted): (Vec<_>, Vec<_>) =
        wanted.methods.iter().partition(|(method, _)| context.arc != ArcPolicy::Required && method.as_str() == "arc");
    for (method, test) in waived {
        let comparison = copy.auth.trusted.as_ref().map_or_else(
            || untrusted(account, copy, context),
            |trusted| check_method(method, &test.value, trusted, context.vars),
        );
        results.waive(CheckPart::Auth(method.clone()), context.arc, &comparison);
    }
    let first = wanted.by.as_ref().map(|b| &b.at).or_else(|| asserted.first().map(|(_, m)| &m.at));
    let Some(first) = first else { return };
    let Some(trusted) = &copy.auth.trusted else {
        results.add(CheckPart::Auth(String::new()), first, untrusted(account, copy, context));
        return;
    };
    if let Some(by) = &wanted.by {
        let actual = trusted.authserv_id.as_deref().unwrap_or("no authserv-id");
        let comparison = text::fill(by, context.vars)
            .map_or_else(|f| f, |by| Comparison::new(domain::is_same(&by, actual), by, actual));
        results.add(CheckPart::Auth("by".to_owned()), &by.at, comparison);
    }
    for (method, test) in asserted {
        let comparison = check_method(method, &test.value, trusted, context.vars);
        results.add(CheckPart::Auth(method.clone()), &test.at, comparison);
    }
}

/// The receiver wrote no field that can be believed.
fn untrusted(account: &str, copy: &ReceivedCopy, context: Context<'_>) -> Comparison {
    let receiver = context.target.accounts.get(account).and_then(|a| a.authserv_id.as_deref());
    let expected = format!("Authentication-Results by {}", receiver.unwrap_or("the receiver"));
    let mut actual = "no trusted Authentication-Results".to_owned();
    let forged: Vec<String> = copy.auth.forged.iter().map(|f| format!("line {}", f.line)).collect();
    if !forged.is_empty() {
        actual += &format!("; forged on {} of the received message", forged.join(", "));
    }
    Comparison::failed(expected, actual)
}

fn check_method(method: &str, test: &MethodTest, trusted: &AuthenticationResults, vars: &Vars) -> Comparison {
    let found: Vec<&ResInfo> = trusted.method(method).collect();
    let with_comment = test.comment.is_some();
    let actual = phrases::list(found.iter().map(|r| describe(r, test.domain.is_some(), with_comment)), "; ", "absent");
    let results = match &test.result {
        Some(ResultTest::Absent) => return Comparison::new(found.is_empty(), "absent", actual),
        None | Some(ResultTest::Any) => None,
        Some(ResultTest::OneOf(results)) => Some(results.iter().map(|r| r.value.as_str()).collect::<Vec<_>>()),
    };
    let (d, comment) = match conditions(test, vars) {
        Ok(conditions) => conditions,
        Err(comparison) => return comparison,
    };
    let expected = [
        Some(results.as_ref().map_or_else(|| "any".to_owned(), |r| r.join(" or "))),
        d.as_ref().map(|d| format!("d={d}")),
        comment.as_ref().map(|c| format!("comment {}", c.words)),
    ];
    let expected = phrases::list(expected.into_iter().flatten(), " ", "any");
    let anything_goes = results.is_none() && d.is_none() && comment.is_none();
    let fits = found.iter().any(|r| {
        results.as_ref().is_none_or(|wanted| wanted.iter().any(|w| w.eq_ignore_ascii_case(&r.result)))
            && d.as_ref().is_none_or(|d| r.domain().is_some_and(|is| domain::is_same(is, d)))
            && comment.as_ref().is_none_or(|c| r.comment.as_deref().is_some_and(|is| c.fits(is)))
    });
    Comparison::new(anything_goes || fits, expected, actual)
}

fn conditions(test: &MethodTest, vars: &Vars) -> Result<(Option<String>, Option<Matcher>), Comparison> {
    let domain = test.domain.as_ref().map(|d| text::fill(d, vars)).transpose()?;
    let comment = test.comment.as_ref().map(|c| Matcher::new(c, vars, false)).transpose()?;
    Ok((domain, comment))
}

/// `pass`, or with what else was asked: `pass d=ext.example (comment)`.
fn describe(result: &ResInfo, with_domain: bool, with_comment: bool) -> String {
    let mut out = result.result.clone();
    if with_domain {
        out.push_str(&result.domain().map_or_else(|| " without a domain".to_owned(), |d| format!(" d={d}")));
    }
    if with_comment {
        out.push_str(&result.comment.as_ref().map_or_else(|| " without a comment".to_owned(), |c| format!(" ({c})")));
    }
    out
}
