//! What a scenario asserts when it says no more than that a copy arrives.

use super::{
    model::{
        ArcExpectation, ArcPolicy, AuthExpectation, DeliveredExpectation, ExpectationKind, MethodTest, ResultTest,
        Scenario, SealIndex, SealTest,
    },
    vars::Template,
};
use crate::{
    core::Spanned,
    target::{Provider, Target},
};

impl Scenario {
    /// The scenario as it counts on a target.
    ///
    /// A `delivered` that says nothing about `auth`, `arc`, `body` and `headers` asserts, when the mail is forwarded to
    /// that account and its provider is Gmail, what forwarding needs: the receiver's `arc=pass`, and `cv=pass` on its own
    /// newest seal. Mail that is sent to the account itself needs no chain; then only the folder counts, as with
    /// `arc: advisory` and `arc: off`.
    #[must_use]
    pub fn with_defaults(mut self, target: &Target) -> Self {
        let recipients: Vec<String> = self.send.to.iter().map(|to| to.value.clone()).collect();
        if self.arc != ArcPolicy::Required {
            return self;
        }
        for expectation in &mut self.expect {
            let ExpectationKind::Delivered(delivered) = &mut expectation.kind else { continue };
            if delivered.says_nothing() && forwarded(&recipients, &delivered.to.value, target) {
                delivered.require_chain();
            }
        }
        self
    }
}

/// Whether mail to one of the recipients is forwarded to a mailbox at Gmail.
fn forwarded(recipients: &[String], to: &str, target: &Target) -> bool {
    let gmail = target.accounts.get(to).and_then(|a| a.imap.as_ref()).is_some_and(|i| i.provider == Provider::Gmail);
    let recipients: Vec<&str> =
        recipients.iter().filter_map(|r| target.account_of(r)).map(|account| account.name.as_str()).collect();
    gmail
        && !recipients.contains(&to)
        && recipients.iter().any(|first| target.route(first).iter().skip(1).any(|account| account.name == to))
}

impl DeliveredExpectation {
    fn says_nothing(&self) -> bool {
        let Self { to: _, folder: _, within: _, auth, arc, body, headers, labels, category, targets: _ } = self;
        *auth == AuthExpectation::default()
            && *arc == ArcExpectation::default()
            && body.is_none()
            && headers.is_empty()
            && labels.is_empty()
            && category.is_none()
    }

    fn require_chain(&mut self) {
        let at = self.to.at.clone();
        let pass = MethodTest {
            result: Some(ResultTest::OneOf(vec![Spanned::new("pass".to_owned(), at.clone())])),
            domain: None,
            comment: None,
        };
        self.auth.methods.push(("arc".to_owned(), Spanned::new(pass, at.clone())));
        let seal = SealTest {
            i: SealIndex::Last(0),
            by: Some(Template::new(format!("${{{}.seal_domain}}", self.to.value), at.clone())),
            cv: Some("pass".to_owned()),
            selector: None,
            absent: false,
        };
        self.arc.seals.push(Spanned::new(seal, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        scenario::yaml::{self, Source},
        target::{Account, Endpoint, ImapAccess, TargetKind, TlsMode},
    };

    fn account(name: &str, address: &str, forwards_to: Option<&str>, provider: Option<Provider>) -> (String, Account) {
        let endpoint = Endpoint {
            host: "localhost".into(),
            port: 1,
            tls: TlsMode::None,
            tls_name: None,
            ca_pem: None,
            login: None,
        };
        let account = Account {
            imap: provider.map(|provider| ImapAccess { endpoint, provider, folders: Default::default() }),
            forwards_to: forwards_to.map(Into::into),
            ..Account::new(name, address)
        };
        (name.into(), account)
    }

    fn target() -> Target {
        let accounts = [
            account("external", "a@ext.example", None, Some(Provider::Generic)),
            account("company", "b@corp.example", Some("gmail"), None),
            account("plain", "p@corp.example", Some("external"), None),
            account("loop", "l@corp.example", Some("loop"), None),
            account("gmail", "c@gmail.com", None, Some(Provider::Gmail)),
        ];
        Target { kind: TargetKind::Embedded, accounts: accounts.into_iter().collect(), dns: None, rspamd: None }
    }

    fn delivered(rest: &str) -> DeliveredExpectation {
        let text = format!("sealcheck: 1\nname: x\n{rest}\n");
        let source = Source::new("a.yaml", text.as_bytes()).unwrap();
        let scenario =
            yaml::scenarios(&source, "a", &|_| Err(String::new())).map_err(|e| e.to_string()).unwrap().remove(0);
        match scenario.with_defaults(&target()).expect.remove(0).kind {
            ExpectationKind::Delivered(d) => d,
            other => panic!("{other:?}"),
        }
    }

    fn said(d: &DeliveredExpectation) -> (Vec<&str>, usize) {
        (d.auth.methods.iter().map(|(n, _)| n.as_str()).collect(), d.arc.seals.len())
    }

    #[test]
    fn a_forwarded_copy_needs_the_chain() {
        let d = delivered("send: {from: external, to: company}\nexpect: [delivered: gmail]");
        assert_eq!(said(&d), (vec!["arc"], 1));
        let seal = &d.arc.seals[0];
        assert_eq!((seal.value.i, seal.value.cv.as_deref()), (SealIndex::Last(0), Some("pass")));
        let by = seal.value.by.as_ref().unwrap().fill(&target().vars());
        assert_eq!(by.as_deref(), Ok("gmail.com"));
        assert_eq!((seal.at.line, seal.at.column), (4, 21));
    }

    #[test]
    fn a_direct_copy_and_one_that_says_more_do_not() {
        for rest in [
            "send: {from: external, to: gmail}\nexpect: [delivered: gmail]",
            "send: {from: external, to: [company, gmail]}\nexpect: [delivered: gmail]",
            "send: {from: external, to: plain}\nexpect: [delivered: external]",
            "send: {from: external, to: loop}\nexpect: [delivered: gmail]",
            "send: {from: external, to: company}\nexpect: [delivered: {to: gmail, body: unchanged}]",
        ] {
            assert_eq!(said(&delivered(rest)), (vec![], 0), "{rest}");
        }
        let d = delivered("send: {from: external, to: company}\nexpect: [delivered: {to: gmail, auth: {dmarc: pass}}]");
        assert_eq!(said(&d), (vec!["dmarc"], 0));
        let d = delivered("send: {from: external, to: company}\nexpect: [delivered: {to: gmail, within: 5s}]");
        assert_eq!(said(&d), (vec!["arc"], 1));
    }

    #[test]
    fn advisory_and_off_require_no_chain() {
        for policy in ["advisory", "off"] {
            let d =
                delivered(&format!("arc: {policy}\nsend: {{from: external, to: company}}\nexpect: [delivered: gmail]"));
            assert_eq!(said(&d), (vec![], 0), "{policy}");
        }
    }
}
