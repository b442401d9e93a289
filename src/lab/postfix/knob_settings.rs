//! The knobs of the company, as settings of Postfix.

use super::main_cf::MainCf;
use crate::{
    lab::{
        embedded::{
            hosts::{Company, EXTERNAL_DOMAIN},
            smtp_server::Reply,
        },
        process::{StateDir, StateError},
    },
    target::knobs::{CompanyKnobs, Modification, SealFault, ServerFault},
};

/// Tags the subject, as `[EXTERNAL]` is put in front of it.
const TAG: &str = "/^Subject: *(.*)$/ REPLACE Subject: [corp] $1\n";
/// Changes every line of text that ends like a sentence: what a filter behind the milter does to a body, as far as
/// Postfix itself can do it. Lines of base64 and of MIME stay as they are.
const EDIT: &str = "/^([[:alpha:]].*[.!?:])$/ REPLACE $1 [corp]\n";

/// Drops the sender's program, as a pattern does that is found in many servers; it takes X-Mailer-Info too.
const DROP: &str = "/^(X-Mailer|User-Agent)/ IGNORE\n";
/// Masks the addresses in the results that were sealed.
const ANONYMOUS: &str = "/^(ARC-Authentication-Results:.*designates? )[0-9a-f.:]+( .*)$/ REPLACE ${1}xxx${2}\n";
/// Writes a field on the way in, as a virus scanner does, and another on the way out.
const SCAN_IN: &str = "/^Subject:/ PREPEND X-Virus-Scanned: on the way in\n";
const SCAN_OUT: &str = "/^X-Virus-Scanned:/ REPLACE X-Virus-Scanned: on the way out\n";
/// Takes the results that were sealed away.
const INCOMPLETE: &str = "/^ARC-Authentication-Results:/ IGNORE\n";

/// What the knobs set, with the tables that the settings name written below `postfix/`.
///
/// # Errors
/// When a table cannot be written.
pub(super) fn settings(
    knobs: &CompanyKnobs,
    company: &Company,
    reject: Option<&Reply>,
    state: &StateDir,
) -> Result<MainCf, StateError> {
    let table = |name: &str, text: &str| {
        let file = state.write(&format!("postfix/etc/{name}"), text)?;
        Ok::<_, StateError>(format!("regexp:{}", file.display()))
    };
    let mut settings = MainCf::default();
    // Nearly all of it happens on the way out, behind the milter that seals.
    match knobs.modify {
        // Postfix folds long lines where nobody forbids it.
        Modification::None | Modification::Fold => {}
        // The milter sees the changed mail.
        Modification::Resign => settings.set("body_checks", table("edit.regexp", EDIT)?),
        Modification::Body => settings.set("smtp_body_checks", table("edit.regexp", EDIT)?),
        Modification::Subject => settings.set("smtp_header_checks", table("tag.regexp", TAG)?),
        Modification::Drop => settings.set("smtp_header_checks", table("drop.regexp", DROP)?),
        Modification::Results => settings.set("smtp_header_checks", table("anonymous.regexp", ANONYMOUS)?),
        // A server that takes addresses in UTF-8 is held to take 8-bit text too.
        Modification::Recode => settings.set("smtp_discard_ehlo_keywords", "8bitmime, smtputf8"),
    }
    if knobs.server == ServerFault::Down {
        settings.set("milter_default_action", "accept");
    }
    match knobs.seal {
        SealFault::Incomplete => settings.set("smtp_header_checks", table("incomplete.regexp", INCOMPLETE)?),
        SealFault::Volatile => {
            settings.set("header_checks", table("scan-in.regexp", SCAN_IN)?);
            settings.set("smtp_header_checks", table("scan-out.regexp", SCAN_OUT)?);
        }
        SealFault::CvFail => settings.set("header_checks", table("results.regexp", &results(company))?),
        _ => {}
    }
    let mut restrictions = Vec::new();
    if let Some(reply) = reject {
        let line = format!("/^/ {}\n", reply.to_string().replace('$', "$$").replace('\n', " "));
        restrictions.push(format!("check_recipient_access {}", table("reject.regexp", &line)?));
    }
    if knobs.greylist {
        restrictions.push(format!("check_policy_service unix:{}", greylist_socket(state).display()));
    }
    settings.set("smtpd_recipient_restrictions", restrictions.join(", "));
    Ok(settings)
}

/// Writes results of a DMARC filter of the server's own on the way in, which rspamd is told to reuse.
fn results(company: &Company) -> String {
    let (host, author) = (&company.host, EXTERNAL_DOMAIN);
    format!("/^Subject:/ PREPEND Authentication-Results: {host}; dmarc=fail header.from={author}\n")
}

/// Where the policy server is that greylists.
pub(super) fn greylist_socket(state: &StateDir) -> std::path::PathBuf {
    state.path().join("postfix/greylist.sock")
}
