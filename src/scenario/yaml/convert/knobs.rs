//! The knobs of a lab.

use super::Cx;
use crate::scenario::{
    faults,
    knobs::{ArcSealing, DnsAnswer, DnsFault, Knobs, Refusal, SealFault, SenderArc},
    yaml::{
        spot::Spot,
        twin::knobs::{Answer, Chain, CompanyTwin, DnsTwin, ExternalTwin, GmailTwin, KnobsTwin, Sealing},
    },
};

impl Cx<'_> {
    /// The knobs that a scenario turns.
    pub(crate) fn knobs(&mut self, twin: Spot<KnobsTwin>) -> Knobs {
        let mut knobs = Knobs::default();
        let KnobsTwin { fault, external, company, gmail, dns } = twin.value;
        if fault.is_none() && external.is_none() && company.is_none() && gmail.is_none() && dns.is_empty() {
            self.wrong(twin.at, "`lab` changes nothing", "write a knob or leave `lab` out");
        }
        if let Some(fault) = fault {
            let codes: Vec<&str> = fault.0.iter().map(|f| f.value.as_str()).collect();
            if let (Err((problem, help)), Some(first)) = (faults::turn(&mut knobs, &codes), fault.0.first()) {
                self.wrong(first.at, problem, help);
            }
        }
        if let Some(ExternalTwin { dkim, dmarc, spf, arc, results, patience, submission, certificate }) = external {
            let it = &mut knobs.external;
            let arc = arc.map(|a| match a {
                Chain::False => SenderArc::None,
                Chain::True => SenderArc::Seal,
                Chain::Twice => SenderArc::Twice,
                Chain::Changed => SenderArc::Changed,
                Chain::Failed => SenderArc::Failed,
                Chain::Partial => SenderArc::Partial,
            });
            set(&mut it.dkim, dkim);
            set(&mut it.dmarc, dmarc);
            set(&mut it.spf, spf);
            set(&mut it.arc, arc);
            set(&mut it.results, results);
            set(&mut it.patience, patience.map(|p| Some(p.0)));
            set(&mut it.submission, submission);
            set(&mut it.certificate, certificate);
        }
        if let Some(CompanyTwin { arc, arc_key, seal, results, srs, modify, greylist, reject }) = company {
            let arc = arc.map(|a| match a {
                Sealing::False => ArcSealing::Off,
                Sealing::True | Sealing::Reuse => ArcSealing::ReusedKey,
                Sealing::Dedicated => ArcSealing::DedicatedKey,
            });
            for (knob, written) in [
                ("arc_key", arc_key.is_some()),
                ("seal", seal.is_some_and(|s| s != SealFault::None)),
                ("results", results.is_some()),
            ] {
                if arc == Some(ArcSealing::Off) && written {
                    let problem = format!("`{knob}` has no effect with `arc: false`");
                    self.wrong(twin.at, problem, "leave one of them out");
                }
            }
            set(&mut knobs.company.reject, reject.map(|r| self.reply(r, &["4", "5"])));
            let it = &mut knobs.company;
            set(&mut it.arc, arc);
            set(&mut it.arc_key, arc_key);
            set(&mut it.seal, seal);
            set(&mut it.results, results);
            set(&mut it.srs, srs);
            set(&mut it.modify, modify);
            set(&mut it.greylist, greylist);
        }
        if let Some(GmailTwin {
            folder,
            trust_arc,
            defer,
            reject,
            labels,
            category,
            locale,
            delay,
            imap,
            certificate,
        }) = gmail
        {
            set(&mut knobs.gmail.reject, reject.map(|r| self.reply(r, &["4", "5"])));
            knobs.gmail.defer = defer.and_then(|d| {
                let times = d.times.map_or(1, |t| {
                    if !(1..=20).contains(&t.value) {
                        self.wrong(t.at, format!("`times` is {}", t.value), "write a number from 1 to 20");
                    }
                    t.value
                });
                self.reply(d.reply, &["4"]).map(|reply| Refusal { reply, times })
            });
            let labels = labels.map(|l| l.0.into_iter().filter_map(|label| self.label(label)).collect());
            let it = &mut knobs.gmail;
            set(&mut it.labels, labels);
            set(&mut it.category, category);
            set(&mut it.folder, folder);
            set(&mut it.trust_arc, trust_arc);
            set(&mut it.locale, locale);
            set(&mut it.delay, delay.map(|d| d.0));
            set(&mut it.imap, imap);
            set(&mut it.certificate, certificate);
        }
        // The first that matches counts.
        let written: Vec<DnsFault> = dns.into_iter().filter_map(|d| self.dns_fault(d)).collect();
        knobs.dns.splice(..0, written);
        knobs
    }

    /// A label that the receiver can put on mail.
    fn label(&mut self, label: Spot<String>) -> Option<String> {
        let text = &label.value;
        let own = text.starts_with('\\');
        let known = matches!(text.as_str(), "\\Important" | "\\Starred");
        if text.trim().is_empty() || text.chars().any(char::is_control) || (own && !known) {
            let help = "write a name, or `\\Important` or `\\Starred`";
            self.wrong(label.at, format!("`{}` is no label for mail in the inbox", text.escape_debug()), help);
            return None;
        }
        Some(label.value)
    }

    /// A refusal as a server writes it: a code, then perhaps an enhanced status code and a text.
    fn reply(&mut self, reply: Spot<String>, classes: &[&str]) -> Option<String> {
        let text = reply.value.trim().to_owned();
        let (code, rest) = text.split_at_checked(3).unwrap_or((&text, ""));
        let class = code.get(..1).unwrap_or_default();
        let shaped =
            code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()) && (rest.is_empty() || rest.starts_with(' '));
        if !shaped || !classes.contains(&class) || text.chars().any(char::is_control) {
            let what = classes.join("xx or ");
            self.wrong(
                reply.at,
                format!("`{text}` is no {what}xx reply"),
                format!("write a code, an enhanced status and a text, for example `{}", example(classes)),
            );
            return None;
        }
        let status =
            rest.split_whitespace().next().filter(|w| w.contains('.') && w.starts_with(|c: char| c.is_ascii_digit()));
        if let Some(status) = status.filter(|s| !s.starts_with(class)) {
            self.wrong(
                reply.at,
                format!("the enhanced status {status} does not fit the code {code}"),
                "RFC 3463: both start with the same digit",
            );
        }
        Some(text)
    }

    fn dns_fault(&mut self, twin: Spot<DnsTwin>) -> Option<DnsFault> {
        let DnsTwin { name, r#type, answer, ttl } = twin.value;
        self.filled("`name`", &name);
        let rtype = r#type.map_or_else(
            || "TXT".to_owned(),
            |t| {
                let rtype = t.value.to_ascii_uppercase();
                if !["A", "AAAA", "MX", "TXT", "PTR", "CNAME", "NS", "SOA"].contains(&rtype.as_str()) {
                    self.wrong(
                        t.at,
                        format!("unknown record type `{}`", t.value),
                        "one of A, AAAA, MX, TXT, PTR, CNAME, NS, SOA",
                    );
                }
                rtype
            },
        );
        let answer = match (answer, ttl) {
            (Some(Answer::Servfail), None) => DnsAnswer::ServFail,
            (Some(Answer::Nxdomain), None) => DnsAnswer::NxDomain,
            (None, Some(ttl)) => DnsAnswer::Ttl(ttl.value),
            _ => {
                self.wrong(twin.at, "a DNS fault needs `answer` or `ttl`", "write exactly one of them");
                return None;
            }
        };
        Some(DnsFault { name: name.value, rtype, answer })
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn example(classes: &[&str]) -> &'static str {
    if classes.contains(&"5") { "550 5.1.1 no such user`" } else { "421 4.7.28`" }
}
