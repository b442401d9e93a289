//! Versions that seal wrongly.

use super::RspamdSettings;
use crate::{catalogue::Cause, core::Version, doctor::Report};

/// Says what a version does wrong.
pub(super) fn judge(seen: &RspamdSettings, report: &mut Report) {
    let check = "rspamd.version";
    let Some(version) = seen.version else {
        return report.unknown(check, "rspamadm names no version", "see `rspamadm --version`");
    };
    let mut sound = true;
    let mut warn = |applies: bool, cause: Option<Cause>, what: &str, next: &str| {
        if applies {
            sound = false;
            report.warn(check, cause, format!("rspamd {version} {what}"), next);
        }
    };
    let reuses = seen.is_on("reuse_auth_results");
    let trusts_anybody = seen.arc["trusted_authserv_id"].is_null();
    warn(
        version < Version(3, 6, 0),
        Some(Cause::B07),
        "writes an invalid seal on mail that comes with two ARC sets or more",
        "upgrade to 3.6 or later",
    );
    warn(
        reuses && version < Version(3, 10, 0),
        Some(Cause::B09),
        "can take dmarc=fail for arc=fail with `reuse_auth_results`",
        "turn it off, or upgrade to 3.10 or later",
    );
    warn(
        reuses && (version < Version(4, 0, 0) || trusts_anybody),
        Some(Cause::C04),
        "seals what a sender wrote itself with `reuse_auth_results`",
        "turn it off, or upgrade to 4.0 and set `trusted_authserv_id`",
    );
    warn(
        version < Version(4, 1, 0),
        Some(Cause::B16),
        "does not keep the order of its header fields, which Office 365 wants; Gmail takes any",
        "upgrade to 4.1 or later if you forward there too",
    );
    warn(
        version < Version(4, 2, 3) && !seen.arc["whitelisted_signers_map"].is_null(),
        None,
        "takes the results of a sealer in `whitelisted_signers_map` for true although its seal fails",
        "upgrade to 4.2.3 or later, or take the map out",
    );
    if (Version(3, 10, 0)..Version(3, 10, 2)).contains(&version) {
        let text = format!("rspamd {version} makes invalid signatures with RSA keys");
        report.fail(check, Cause::B08, text, "upgrade to 3.10.2 or later");
    } else if sound {
        report.ok(check, format!("rspamd {version}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;
    use serde_json::json;

    #[test]
    fn every_gate_is_where_the_fault_was_mended() {
        let codes = |version: &str, reuse: bool| {
            let arc = json!({ "reuse_auth_results": reuse });
            let mut report = Report::default();
            judge(&RspamdSettings { version: Version::find(version), arc, ..RspamdSettings::default() }, &mut report);
            let worst = report.worst();
            (report.checks.into_iter().filter_map(|c| c.code.map(Cause::as_str)).collect::<Vec<_>>().join(" "), worst)
        };
        for (version, reuse, wanted, worst) in [
            ("3.4", false, "B07 B16", Status::Warn),
            ("3.5.9", true, "B07 B09 C04 B16", Status::Warn),
            ("3.6", false, "B16", Status::Warn),
            ("3.10.0", false, "B16 B08", Status::Fail),
            ("3.10.1", true, "C04 B16 B08", Status::Fail),
            ("3.10.2", false, "B16", Status::Warn),
            ("4.0", true, "C04 B16", Status::Warn),
            ("4.1", false, "", Status::Ok),
            ("none", false, "", Status::Unknown),
        ] {
            assert_eq!(codes(version, reuse), (wanted.to_owned(), worst), "{version}");
        }
        let mut report = Report::default();
        let arc = json!({ "reuse_auth_results": true, "trusted_authserv_id": "mx.corp.example" });
        judge(&RspamdSettings { version: Some(Version(4, 1, 0)), arc, ..RspamdSettings::default() }, &mut report);
        assert_eq!(report.worst(), Status::Ok);
        for (version, wanted) in [(Version(4, 2, 2), Status::Warn), (Version(4, 2, 3), Status::Ok)] {
            let arc = json!({ "whitelisted_signers_map": ["list.example"] });
            let mut report = Report::default();
            judge(&RspamdSettings { version: Some(version), arc, ..RspamdSettings::default() }, &mut report);
            assert_eq!(report.worst(), wanted, "{version}");
        }
    }
}
