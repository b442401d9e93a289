//! Why other verifiers disagree, and who is right: the rules of the comparison.

use sealcheck::{
    mail::{Message, arc::ArcChain},
    verify::{SignatureDefect, Verdict},
};

/// Another verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    Dkimpy,
    Mailauth,
    MailDkim,
    Rspamd,
}

use Tool::{Dkimpy, MailDkim, Mailauth, Rspamd};

impl Tool {
    pub(crate) const ALL: [Self; 4] = [Dkimpy, Mailauth, MailDkim, Rspamd];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Dkimpy => "dkimpy",
            Mailauth => "mailauth",
            MailDkim => "Mail::DKIM",
            Rspamd => "rspamd",
        }
    }
}

/// What a disagreement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Chain,
    Ams,
    Seal,
    Dkim,
}

/// One disagreement.
pub(crate) struct Dispute<'a> {
    pub(crate) tool: Tool,
    pub(crate) about: About,
    pub(crate) message: &'a Message,
    /// The set, where it is about one of its parts.
    pub(crate) instance: u32,
    pub(crate) ours: Verdict,
    /// Everything that we found wrong with what the dispute is about.
    pub(crate) causes: Vec<SignatureDefect>,
    pub(crate) our_reason: String,
    /// What they say: `pass`, `fail`, `none`.
    pub(crate) theirs: String,
    pub(crate) their_reason: String,
}

impl Dispute<'_> {
    fn we_fail_for(&self, cause: SignatureDefect) -> bool {
        self.ours == Verdict::Fail && self.causes.contains(&cause)
    }

    fn we_fail_saying(&self, text: &str) -> bool {
        self.ours == Verdict::Fail && self.our_reason.contains(text)
    }

    fn we_pass(&self) -> bool {
        self.ours == Verdict::Pass
    }

    fn they_say(&self, text: &str) -> bool {
        self.their_reason.contains(text)
    }

    /// In an ARC field or a DKIM-Signature.
    fn has_signature(&self, wanted: impl Fn(&str) -> bool) -> bool {
        ["ARC-Seal", "ARC-Message-Signature", "DKIM-Signature"].iter().any(|name| self.has_field(name, &wanted))
    }

    fn has_field(&self, name: &str, wanted: impl Fn(&str) -> bool) -> bool {
        self.message.all(name).any(|f| wanted(&f.value()))
    }
}

/// Why verifiers may disagree, and who is right.
pub(crate) struct Rule {
    /// Whose reading differs from ours.
    pub(crate) tools: &'static [Tool],
    /// What they do.
    pub(crate) they: &'static str,
    /// What we do, and what the RFC says.
    pub(crate) we: &'static str,
    pub(crate) applies: fn(&Dispute<'_>) -> bool,
}

impl Rule {
    /// Whether it explains a disagreement.
    pub(crate) fn explains(&self, dispute: &Dispute<'_>) -> bool {
        self.tools.contains(&dispute.tool) && (self.applies)(dispute)
    }
}

/// For a DKIM-Signature that a tool does not list.
pub(crate) const NOT_LISTED: &str = "not listed";

/// For a chain of which a tool says nothing.
pub(crate) const NO_VERDICT: &str = "no verdict";

/// Whether of all ARC fields of a name the newest is above the older ones.
fn descending(message: &Message) -> bool {
    ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"].iter().all(|name| {
        let instance =
            |value: String| value.split("i=").nth(1).and_then(|v| v.split(';').next()?.trim().parse::<u32>().ok());
        let instances: Vec<_> = message.all(name).map(|f| instance(f.value())).collect();
        instances.is_sorted_by(|above, below| above >= below)
    })
}

fn is_ed25519(value: &str) -> bool {
    value.contains("ed25519")
}

/// Whether a CR or an LF stands alone.
fn has_bare(message: &Message, byte: u8) -> bool {
    let without_pairs = String::from_utf8_lossy(message.raw()).replace("\r\n", "");
    without_pairs.as_bytes().contains(&byte)
}

/// Whether a signed field is there more often than signatures name it.
fn signed_fields_were_added(message: &Message) -> bool {
    ["From", "To", "Subject", "Date", "Message-ID"].iter().any(|name| message.all(name).count() > 1)
}

/// Every rule; the first that explains a disagreement counts.
pub(crate) const RULES: [Rule; 27] = [
    Rule {
        tools: &[Dkimpy],
        they: "refuses a message with a line that is no header field",
        we: "skip the line: RFC 5322 §2.2 knows none",
        applies: |d| d.they_say("Unexpected characters in RFC822 header"),
    },
    Rule {
        tools: &[Dkimpy, Mailauth, MailDkim, Rspamd],
        they: "takes words in tags (`a=`, `c=`, `cv=`), or some of them, in lower case only",
        we: "ignore case: RFC 5234 §2.3, for literals in a grammar",
        applies: |d| {
            let words = ["a=RSA-SHA256", "c=Relaxed/RELAXED", "cv=PASS"];
            d.we_pass() && d.has_signature(|v| words.iter().any(|w| v.contains(w)))
        },
    },
    Rule {
        tools: &[Dkimpy, Mailauth],
        they: "takes relaxed/relaxed where an ARC-Message-Signature has no `c=`",
        we: "take simple/simple: RFC 6376 §3.5, and RFC 8617 §4.1.2 changes nothing of that",
        applies: |d| {
            let no_c =
                ArcChain::of(d.message).sets.iter().any(|s| s.ams.as_ref().is_some_and(|a| a.tags.get("c").is_none()));
            d.about != About::Dkim && no_c && d.we_fail_for(SignatureDefect::BodyHash)
        },
    },
    Rule {
        tools: &[Dkimpy, MailDkim, Rspamd],
        they: "reads `q=` or `x=` of a seal",
        we: "ignore them: RFC 8617 §4.1.3 has none there, and RFC 6376 §3.2 has unknown tags ignored",
        applies: |d| {
            let unknown = |v: &str| v.contains("q=dns/other") || v.contains("x=");
            d.we_pass() && d.about != About::Dkim && d.has_field("ARC-Seal", unknown)
        },
    },
    Rule {
        tools: &[Dkimpy],
        they: "gives ten hours more than `x=`",
        we: "give none: RFC 6376 §3.5",
        applies: |d| d.we_fail_for(SignatureDefect::Expired),
    },
    Rule {
        tools: &[Dkimpy, Mailauth, MailDkim, Rspamd],
        they: "takes an `l=` that goes over the end of the body",
        we: "fail: RFC 6376 §3.5, it must not be larger than the body",
        applies: |d| d.we_fail_saying("counts more octets than"),
    },
    Rule {
        tools: &[Dkimpy, Mailauth, MailDkim],
        they: "takes an `h=` without From",
        we: "fail: RFC 6376 §5.4 and §6.1.1, From must be signed",
        applies: |d| d.we_fail_for(SignatureDefect::SignedHeaders) && d.we_fail_saying("h= does not name From"),
    },
    Rule {
        tools: &[Dkimpy, Mailauth, MailDkim, Rspamd],
        they: "takes an empty name in `h=`",
        we: "fail: RFC 6376 §3.5, they are names of fields",
        applies: |d| d.we_fail_saying("which is no field name"),
    },
    Rule {
        tools: &[Dkimpy],
        they: "reads the order of the sets from the header",
        we: "read it from their instances: RFC 8617 §5.1.1",
        applies: |d| d.about != About::Dkim && d.we_pass() && !descending(d.message),
    },
    Rule {
        tools: &[Dkimpy],
        they: "adds From to `h=`, against a second one",
        we: "take what `h=` names: RFC 6376 §5.4.2",
        applies: |d| d.we_pass() && d.message.all("From").count() > 1,
    },
    Rule {
        tools: &[Dkimpy, Mailauth],
        they: "knows no ed25519 in ARC",
        we: "know it: RFC 8463 defines it for DKIM, and RFC 8617 §4.1 takes over its algorithms",
        applies: |d| d.about != About::Dkim && d.we_pass() && d.has_signature(is_ed25519),
    },
    Rule {
        tools: &[MailDkim],
        they: "knows no ed25519 at all, and leaves out an ARC Set that is signed so",
        we: "know it: RFC 8463",
        applies: |d| {
            d.has_signature(is_ed25519) && (d.about == About::Chain || d.they_say("unsupported algorithm ed25519"))
        },
    },
    Rule {
        tools: &[Dkimpy],
        they: "hashes every duplicate of a field for a seal",
        we: "judge the topmost, and fail the chain for the duplicate: RFC 8617 §5.2 step 3",
        applies: |d| d.about == About::Seal && d.causes.contains(&SignatureDefect::Structure),
    },
    Rule {
        tools: &[Dkimpy],
        they: "hashes every set for a seal with `cv=fail`",
        we: "take its own set: RFC 8617 §5.1.2. The chain fails either way",
        applies: |d| {
            let failed = |v: &str| v.starts_with(&format!("i={};", d.instance)) && v.contains("cv=fail");
            d.about == About::Seal && d.we_pass() && d.has_field("ARC-Seal", failed)
        },
    },
    Rule {
        tools: &[Dkimpy],
        they: "judges `cv=` with the chain",
        we: "judge it with the seal that has it. The chain fails either way",
        applies: |d| d.about == About::Seal && d.we_fail_for(SignatureDefect::ChainValidationStatus),
    },
    Rule {
        tools: &[Mailauth, MailDkim, Rspamd],
        they: "leaves out a DKIM-Signature that it cannot read",
        we: "fail: RFC 6376 §6.1.1, a signature with a syntax error is a permanent error",
        applies: |d| d.theirs == NOT_LISTED && d.ours == Verdict::Fail,
    },
    Rule {
        tools: &[Rspamd],
        they: "says nothing at all of a chain with a seal that it cannot read",
        we: "fail: RFC 8617 §5.2 steps 3 and 6",
        applies: |d| d.theirs == NO_VERDICT && d.ours == Verdict::Fail,
    },
    Rule {
        tools: &[Rspamd],
        they: "finds no chain where every ARC-Message-Signature or every ARC-Seal is missing",
        we: "fail: RFC 8617 §5.2 step 3, a set has all three",
        applies: |d| d.theirs == "none" && d.we_fail_for(SignatureDefect::Structure),
    },
    Rule {
        tools: &[Rspamd],
        they: "does not count ARC-Authentication-Results",
        we: "fail: RFC 8617 §5.2 step 3, a set has exactly one",
        applies: |d| {
            d.we_fail_for(SignatureDefect::Structure) && d.we_fail_saying("duplicate ARC-Authentication-Results")
        },
    },
    Rule {
        tools: &[Rspamd],
        they: "fails where a signed field is there more often than `h=` names it",
        we: "take the lowest: RFC 6376 §5.4.2",
        applies: |d| d.we_pass() && signed_fields_were_added(d.message),
    },
    Rule {
        tools: &[Rspamd],
        they: "ends a line at a bare CR",
        we: "keep it as a character: RFC 5322 §2.2",
        applies: |d| has_bare(d.message, b'\r'),
    },
    Rule {
        tools: &[Rspamd],
        they: "leaves out a NUL",
        we: "keep every octet: RFC 6376 §3.4 changes nothing but white space and the case of names",
        applies: |d| d.message.raw().contains(&0),
    },
    Rule {
        tools: &[MailDkim],
        they: "keeps a bare LF as a character",
        we: "read CRLF, as SMTP carried it before it was stored: RFC 5321 §2.3.8",
        applies: |d| has_bare(d.message, b'\n'),
    },
    Rule {
        tools: &[MailDkim],
        they: "takes an `h=` in a seal",
        we: "fail: RFC 8617 §4.1.3",
        applies: |d| d.we_fail_for(SignatureDefect::SignedHeaders) && d.we_fail_saying("h= is not allowed in a seal"),
    },
    Rule {
        tools: &[Rspamd],
        they: "takes an ARC-Seal in the `h=` of an ARC-Message-Signature",
        we: "fail: RFC 8617 §4.1.2",
        applies: |d| d.we_fail_for(SignatureDefect::SignedHeaders) && d.we_fail_saying("h= names arc-seal"),
    },
    Rule {
        tools: &[Mailauth, MailDkim, Rspamd],
        they: "reads tag lists without their grammar",
        we: "fail: RFC 6376 §3.2 and §6.1.1, a list that breaks the grammar is no tag list",
        applies: |d| d.we_fail_for(SignatureDefect::Syntax),
    },
    Rule {
        tools: &[Mailauth, Rspamd],
        they: "leaves the signature in what is signed when `b` and its `=` are apart",
        we: "take it out: RFC 6376 §3.2 allows white space there",
        applies: |d| d.we_pass() && d.message.fields().iter().any(|f| f.value().contains("b = ")),
    },
];
