//! What must be true.

use super::Cx;
use crate::{
    core::{At, reading::OneOrMany},
    scenario::{
        model::{
            ArcExpectation, AuthExpectation, BouncedExpectation, CarriesTest, DeliveredExpectation, Expectation,
            ExpectationKind, FolderTest, HeaderTest, LogExpectation, MethodTest, SealIndex, SealTest, SmtpExpectation,
            TextTest,
        },
        yaml::{
            node::Place,
            spot::{Form, Spot},
            twin::expect::{
                Action, ArcTwin, AuthTwin, BouncedTwin, CarriesTwin, DeliveredTwin, ExpectTwin, LogTwin, SealTwin,
                SmtpTwin, Targets, Text, Verify,
            },
        },
    },
    target::TargetKind,
};

impl Cx<'_> {
    /// One expectation, or `None` when it is wrong.
    pub(crate) fn expectation(&mut self, index: usize, twin: Spot<ExpectTwin>) -> Option<Expectation> {
        let mut targets = None;
        let kind = match twin.value {
            ExpectTwin::Smtp(form) => self.smtp(twin.at, form, &mut targets).map(ExpectationKind::Smtp),
            ExpectTwin::Delivered(form) => self.delivered(form, &mut targets).map(ExpectationKind::Delivered),
            ExpectTwin::Bounced(form) => self.bounced(form, &mut targets).map(ExpectationKind::Bounced),
            ExpectTwin::Absent(absent) => {
                return Some(self.placed(index, twin.at, absent.targets.clone(), ExpectationKind::Absent(absent)));
            }
            ExpectTwin::Count(count) => {
                return Some(self.placed(index, twin.at, count.targets.clone(), ExpectationKind::Count(count)));
            }
            ExpectTwin::Log(log) => self.log(twin.at, log, &mut targets).map(ExpectationKind::Log),
        };
        let targets = self.targets(targets);
        Some(Expectation { index, at: self.position(twin.at), targets, kind: kind? })
    }

    fn placed(
        &mut self,
        index: usize,
        at: Place,
        targets: OneOrMany<At<TargetKind>>,
        kind: ExpectationKind,
    ) -> Expectation {
        Expectation { index, at: self.position(at), targets: self.distinct(targets), kind }
    }

    fn smtp(&mut self, at: Place, form: Form<Spot<u16>, SmtpTwin>, out: &mut Targets) -> Option<SmtpExpectation> {
        let SmtpTwin { code, status, text, stage, targets } = match form {
            Form::Short(code) => SmtpTwin { code: Some(code), status: None, text: None, stage: None, targets: None },
            Form::Long(twin) => twin,
        };
        *out = targets;
        if code.is_none() && status.is_none() && text.is_none() && stage.is_none() {
            self.wrong(at, "`smtp` says nothing", "write `code`, `status`, `text` or `stage`");
        }
        // RFC 5321 §4.2: the first digit is 2 to 5, the second 0 to 5.
        if let Some(code) = code.as_ref().filter(|c| !(200..=599).contains(&c.value) || c.value / 10 % 10 > 5) {
            let help = "write a number from 200 to 559 whose second digit is at most 5 (RFC 5321 §4.2)";
            self.wrong(code.at, format!("{} is no SMTP reply code", code.value), help);
        }
        Some(SmtpExpectation {
            code: code.map(|c| self.at(c)),
            status: self.optional_text(status)?,
            text: self.optional_text(text)?,
            stage: stage.map(|s| self.word(s)),
        })
    }

    fn delivered(
        &mut self,
        form: Form<Spot<String>, Box<DeliveredTwin>>,
        out: &mut Targets,
    ) -> Option<DeliveredExpectation> {
        let DeliveredTwin { to, folder, within, auth, arc, body, headers, labels, category, targets } = match form {
            Form::Long(twin) => *twin,
            Form::Short(to) => DeliveredTwin {
                to,
                folder: None,
                within: None,
                auth: None,
                arc: None,
                body: None,
                headers: None,
                labels: None,
                category: None,
                targets: None,
            },
        };
        *out = targets;
        self.filled("the account", &to);
        let labels = labels.map(|l| l.0).unwrap_or_default();
        for (n, label) in labels.iter().enumerate() {
            if labels[..n].iter().any(|before| before.value == label.value) {
                self.wrong(label.at, format!("label `{}` is written twice", label.value), "keep one of them");
            }
        }
        let mut tests = Vec::new();
        if let Some(headers) = headers.as_ref().filter(|h| h.value.0.is_empty()) {
            self.wrong(headers.at, "`headers` says nothing", "write the name of a field and a text");
        }
        for (name, test) in headers.map(|h| h.value.0).unwrap_or_default() {
            self.header_name(&name, &tests);
            tests.push((name.value, self.header_test(test)?));
        }
        let auth = auth.map_or(Some(AuthExpectation::default()), |a| self.auth(a))?;
        let arc = arc.map_or(Some(ArcExpectation::default()), |a| self.arc(a))?;
        Some(DeliveredExpectation {
            folder: folder.map_or_else(|| At::new(FolderTest::Inbox, self.position(to.at)), |f| self.at(f)),
            to: self.at(to),
            within: within.map(|w| self.time_limit(w)),
            auth,
            arc,
            body: body.map(|b| self.at(b)),
            headers: tests,
            labels: labels.into_iter().map(|l| self.template(l)).collect(),
            category: category.map(|c| self.at(c)),
        })
    }

    /// A name that a header field can have, and no other test has.
    fn header_name(&mut self, name: &Spot<String>, before: &[(String, At<HeaderTest>)]) {
        self.field_name(name);
        if let Some((first, _)) = before.iter().find(|(first, _)| first.eq_ignore_ascii_case(&name.value)) {
            let message = format!("header field `{}` is tested twice", name.value);
            self.wrong(name.at, message, format!("`{first}` is the same field, whatever the case; keep one of them"));
        }
    }

    fn auth(&mut self, twin: Spot<AuthTwin>) -> Option<AuthExpectation> {
        let AuthTwin { by, arc, dkim, spf, dmarc, dara } = twin.value;
        let written = [("arc", arc), ("dkim", dkim), ("spf", spf), ("dmarc", dmarc), ("dara", dara)];
        let mut methods: Vec<(String, At<MethodTest>)> = Vec::new();
        for (name, method) in written {
            if let Some(method) = method {
                methods.push((name.to_owned(), self.method(name, method)?));
            }
        }
        if by.is_none() && methods.is_empty() {
            self.wrong(twin.at, "`auth` says nothing", "write `by` or a method, for example `arc: pass`");
        }
        methods.sort_by_key(|(_, test)| (test.at.line, test.at.column));
        Some(AuthExpectation { by: by.map(|b| self.template(b)), methods })
    }

    fn arc(&mut self, twin: Spot<ArcTwin>) -> Option<ArcExpectation> {
        let ArcTwin { carries, seals, verify } = twin.value;
        if carries.is_none() && seals.is_empty() && verify.is_none() {
            self.wrong(twin.at, "`arc` says nothing", "write `carries`, `seals` or `verify`");
        }
        let carries = carries.map(|c| self.carries(c));
        let mut tests: Vec<At<SealTest>> = Vec::new();
        for seal in seals {
            let at = seal.at;
            let test = self.seal(seal)?;
            if let Some(first) = tests.iter().find(|t| t.value.i == test.value.i) {
                let line = first.at.line;
                self.wrong(at, "this seal is tested twice", format!("line {line} tests it already; join the two"));
            }
            tests.push(test);
        }
        let verify = verify.map(|v| {
            let word = if v.value == Verify::True { Verify::Pass } else { v.value };
            At::new(word.as_ref().to_owned(), self.position(v.at))
        });
        Some(ArcExpectation { carries, seals: tests, verify })
    }

    fn carries(&mut self, twin: Spot<CarriesTwin>) -> At<CarriesTest> {
        let CarriesTwin { i, spf, dkim, dmarc } = twin.value;
        if i.is_none() && spf.is_none() && dkim.is_none() && dmarc.is_none() {
            self.wrong(twin.at, "`carries` says nothing", "write `i`, `spf`, `dkim` or `dmarc`");
        }
        if let Some(i) = i.as_ref().filter(|i| !(1..=50).contains(&i.value)) {
            self.wrong(
                i.at,
                format!("there is no instance {}", i.value),
                "instances go from 1 to 50 (RFC 8617 §4.2.1)",
            );
        }
        for (method, word) in [("spf", &spf), ("dkim", &dkim), ("dmarc", &dmarc)] {
            if let Some(word) = word.as_ref().filter(|w| w.value != "absent") {
                let _ = self.result(method, word);
            }
        }
        let value = |word: Option<Spot<String>>| word.map(|w| w.value);
        let test = CarriesTest { i: i.map(|i| i.value), spf: value(spf), dkim: value(dkim), dmarc: value(dmarc) };
        At::new(test, self.position(twin.at))
    }

    fn seal(&mut self, twin: Spot<SealTwin>) -> Option<At<SealTest>> {
        let SealTwin { i, by, cv, selector, absent } = twin.value;
        let Some(index) = seal_index(&i.value) else {
            self.wrong(i.at, format!("`{}` is no seal", i.value), "write a number from 1 to 50, `last`, or `last-1`");
            return None;
        };
        let gone = absent.as_ref().is_some_and(|a| a.value);
        let said = by.is_some() || cv.is_some() || selector.is_some();
        if gone && said {
            self.wrong(twin.at, "a seal that is absent has no `by`, `cv` or `selector`", "keep `absent: true` alone");
        }
        if !gone && !said {
            self.wrong(twin.at, "the seal test says nothing", "write `by`, `cv`, `selector` or `absent: true`");
        }
        let test = SealTest {
            i: index,
            by: by.map(|b| self.template(b)),
            cv: cv.map(|c| c.value.as_ref().to_owned()),
            selector: selector.map(|s| self.template(s)),
            absent: gone,
        };
        Some(At::new(test, self.position(twin.at)))
    }

    fn bounced(&mut self, form: Form<Spot<String>, Box<BouncedTwin>>, out: &mut Targets) -> Option<BouncedExpectation> {
        let BouncedTwin { to, within, from, action, status, diagnostic, final_recipient, returns, targets } = match form
        {
            Form::Long(twin) => *twin,
            Form::Short(to) => BouncedTwin {
                to,
                within: None,
                from: None,
                action: None,
                status: None,
                diagnostic: None,
                final_recipient: None,
                returns: None,
                targets: None,
            },
        };
        *out = targets;
        self.filled("the account", &to);
        let action = action.unwrap_or(Spot { value: Action::Failed, at: to.at });
        Some(BouncedExpectation {
            to: self.at(to),
            within: within.map(|w| self.time_limit(w)),
            from: self.optional_text(from)?,
            action: self.word(action),
            status: self.optional_text(status)?,
            diagnostic: self.optional_text(diagnostic)?,
            final_recipient: self.optional_text(final_recipient)?,
            returns: returns.map(|r| self.word(r)),
        })
    }

    fn log(&mut self, at: Place, twin: LogTwin, out: &mut Targets) -> Option<LogExpectation> {
        let LogTwin { of, is, contains, matches, within, targets } = twin;
        *out = targets;
        self.filled("the account", &of);
        let line = self.text_of(at, is, contains, matches)?;
        Some(LogExpectation { of: self.at(of), line, within: within.map(|w| self.time_limit(w)) })
    }

    /// Texts without the form that they must have, and parts that exclude each other.
    pub(super) fn holdable(&mut self, kind: &ExpectationKind) {
        for (form, text) in kind.texts() {
            if let Err((message, help)) = form.check_written(text) {
                self.wrong_at(text.at(), message, help);
            }
        }
        for error in kind.contradictions() {
            self.wrong_at(&error.position, error.message, error.help.unwrap_or_default());
        }
    }

    pub(super) fn word(&self, word: Spot<impl AsRef<str>>) -> At<String> {
        At::new(word.value.as_ref().to_owned(), self.position(word.at))
    }

    /// `Some(None)` when nothing is written, `None` when what is written is wrong.
    fn optional_text(&mut self, text: Option<Text>) -> Option<Option<At<TextTest>>> {
        match text {
            None => Some(None),
            Some(text) => self.text(text).map(Some),
        }
    }

    /// An expectation that applies nowhere where the scenario runs is a mistake.
    pub(crate) fn reachable(&mut self, at: Place, own: &[TargetKind], scenario: &[TargetKind]) {
        if let Some(kind) = own.iter().find(|k| !scenario.contains(k)) {
            let list: Vec<_> = scenario.iter().map(|k| k.as_str()).collect();
            let help = format!("the scenario runs on {}", list.join(", "));
            self.wrong(at, format!("option without effect: target `{kind}` is none of the scenario's"), help);
        }
    }
}

fn seal_index(text: &str) -> Option<SealIndex> {
    match text.strip_prefix("last") {
        Some("") => Some(SealIndex::Last(0)),
        Some(rest) => rest.trim().strip_prefix('-')?.trim().parse().ok().filter(|n| *n < 50).map(SealIndex::Last),
        None => text.parse().ok().filter(|n| (1..=50).contains(n)).map(SealIndex::Number),
    }
}
