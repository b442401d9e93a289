//! What the settings of section `arc` come to.

use super::{RspamdSettings, signing_key::SigningKey};
use crate::{
    catalogue::Cause,
    doctor::{Report, Status},
};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

/// Where rspamd looks for a key that nobody configured.
const FALLBACK: &str = "$DBDIR/arc/$domain.$selector.key";

/// Settings that rspamd has on unless somebody turns them off, and what it then leaves unsealed.
const WANTED: [(&str, Cause, Status, &str); 2] = [
    (
        "allow_hdrfrom_mismatch",
        Cause::A18,
        Status::Fail,
        "mail whose From and envelope sender have different domains, as that of newsletters and lists, is not sealed",
    ),
    (
        "allow_envfrom_empty",
        Cause::A00,
        Status::Warn,
        "mail without an envelope sender, as bounces and automatic answers, is not sealed",
    ),
];

/// Whether a section stands in itself: a file in `local.d` is the inside of its section already.
pub(super) fn are_nested(seen: &RspamdSettings, report: &mut Report) -> bool {
    for (name, section, cause) in [("arc", &seen.arc, Cause::A04), ("actions", &seen.actions, Cause::D12)] {
        if section[name].is_object() {
            let text = format!(
                "local.d/{name}.conf has `{name} {{` in it, and is the inside of that section already: nothing in those \
                 braces has an effect"
            );
            let next = format!("take `{name} {{` and its closing brace out of local.d/{name}.conf");
            report.fail(&format!("rspamd.{name}"), cause, text, next);
        }
    }
    seen.arc["arc"].is_object()
}

/// Settings that keep rspamd from sealing mail that it forwards.
pub(super) fn settings(seen: &RspamdSettings, report: &mut Report) {
    let arc = &seen.arc;
    if arc["enabled"] == Value::Bool(false) {
        let next = "take `enabled = false` out of local.d/arc.conf";
        return report.fail("rspamd.arc", Cause::A00, "the module is turned off", next);
    }
    match &arc["sign_inbound"] {
        Value::Bool(true) => report.ok("rspamd.sign_inbound", "mail from outside is sealed"),
        Value::Bool(false) | Value::Null => {
            let text = "mail from outside is not sealed";
            report.fail("rspamd.sign_inbound", Cause::A01, text, "write `sign_inbound = true;` into local.d/arc.conf");
        }
        other => {
            let text = format!("`sign_inbound` is neither true nor false but {other}");
            report.fail("rspamd.sign_inbound", Cause::A01, text, "see the lines around it in local.d/arc.conf");
        }
    }
    for (name, cause, status, text) in WANTED {
        if arc[name] == Value::Bool(false) {
            let next = format!("write `{name} = true;` into local.d/arc.conf");
            report.add(&format!("rspamd.{name}"), status, cause, format!("{text} ({name} = false)"), next);
        }
    }
    if !arc["signing_table"].is_null() {
        let text = "`signing_table` is for the mail of your own users, and ignores `sign_inbound`";
        report.fail("rspamd.signing_table", Cause::A03, text, "write a `domain { … }` block instead");
    }
    match domain_of_seal(seen) {
        "header" | "envelope" => {
            let text =
                format!("the key of the outside sender is looked for (use_domain = \"{}\")", domain_of_seal(seen));
            let next = "write `use_domain = \"recipient\";` into local.d/arc.conf";
            report.fail("rspamd.use_domain", Cause::A02, text, next);
        }
        "recipient" => report.ok("rspamd.use_domain", "the domain of the recipient seals"),
        fixed => report.ok("rspamd.use_domain", format!("{fixed} seals everything")),
    }
    if !seen.is_on("check_pubkey") {
        let text = "a key that DNS does not match is used all the same";
        report.warn("rspamd.check_pubkey", Cause::B02, text, "write `check_pubkey = true;` into local.d/arc.conf");
    } else if seen.is_on("allow_pubkey_mismatch") {
        let text = "a key that DNS does not match is noticed and used all the same (`allow_pubkey_mismatch`)";
        report.warn("rspamd.check_pubkey", Cause::B02, text, "take it out");
    } else {
        report.ok("rspamd.check_pubkey", "a key that DNS does not match is not used");
    }
    if let Some(score) = seen.actions["rewrite_subject"].as_f64() {
        let text = format!("mail of {score} points gets another Subject after it was sealed");
        report.fail("rspamd.actions", Cause::B06, text, "write `rewrite_subject = null;` into local.d/actions.conf");
    }
}

/// `recipient`, `header`, `envelope`, or the domain itself.
fn domain_of_seal(seen: &RspamdSettings) -> &str {
    seen.arc["use_domain_sign_inbound"].as_str().or(seen.arc["use_domain"].as_str()).unwrap_or("header")
}

/// The keys that mail to these domains, and to every domain that is configured, is sealed with.
pub(super) fn keys(seen: &RspamdSettings, domains: &[String], report: &mut Report) -> Vec<SigningKey> {
    let fixed = match domain_of_seal(seen) {
        "recipient" | "header" | "envelope" => None,
        fixed => Some(fixed.to_ascii_lowercase()),
    };
    let mut wanted: BTreeSet<String> = match fixed {
        Some(fixed) => BTreeSet::from([fixed]),
        None => domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
    };
    let configured: BTreeSet<String> =
        seen.arc["domain"].as_object().into_iter().flatten().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let mut keys = Vec::new();
    if wanted.is_empty() && configured.is_empty() {
        let text = "no domain has a key in `domain { … }`, and nobody named one";
        let next = "write the block into local.d/arc.conf, or name the domain with --domain";
        report.unknown("rspamd.domain", text, next);
    }
    wanted.extend(configured.iter().filter(|d| *d != "*").cloned());
    for domain in wanted {
        let asked = if seen.is_on("use_esld") { organisational(seen, &domain) } else { domain.clone() };
        if asked != domain && !configured.contains(&asked) && configured.contains(&domain) {
            let text = format!("the key of {domain} is looked for under {asked}, which has none");
            let next = format!("configure {asked}, or write `use_esld = false;`");
            report.fail(&format!("rspamd.domain.{domain}"), Cause::A09, text, next);
            continue;
        }
        keys.extend(keys_of(seen, &asked, report));
    }
    keys.sort_by(|a, b| (&a.domain, &a.selector).cmp(&(&b.domain, &b.selector)));
    keys.dedup();
    keys
}

fn keys_of(seen: &RspamdSettings, domain: &str, report: &mut Report) -> Vec<SigningKey> {
    let block = seen.arc["domain"].as_object().into_iter().flatten();
    let entry = block.clone().find(|(name, _)| name.eq_ignore_ascii_case(domain)).map(|(_, entry)| entry);
    let entry = entry.or_else(|| block.clone().find(|(name, _)| *name == "*").map(|(_, entry)| entry));
    let key = |entry: &Value, is_fallback: bool| {
        let text = |name: &str| entry[name].as_str().or(seen.arc[name].as_str());
        let selector = text("selector").unwrap_or("arc");
        let path = text("path").unwrap_or(FALLBACK);
        let path = path.replace("$DBDIR", &db_dir(seen)).replace("$domain", domain).replace("$selector", selector);
        SigningKey { domain: domain.to_owned(), selector: selector.to_owned(), path: path.into(), is_fallback }
    };
    let check = format!("rspamd.domain.{domain}");
    match entry {
        Some(entry) => {
            let all = entry["selectors"].as_array().cloned().unwrap_or_default();
            if all.is_empty() { vec![key(entry, false)] } else { all.iter().map(|e| key(e, false)).collect() }
        }
        None if elsewhere(seen) => {
            let text = "its key comes from a map, redis or a vault, which was not looked at";
            report.warn(&check, Cause::A04, text, "send a mail to see whether it is sealed");
            Vec::new()
        }
        None if seen.arc["try_fallback"] == Value::Bool(false) => {
            let text = "the domain has no key in `domain { … }`, and `try_fallback` is off";
            let next = format!("write `domain {{ {domain} {{ … }} }}` into local.d/arc.conf");
            report.fail(&check, Cause::A04, text, next);
            Vec::new()
        }
        None => vec![key(&Value::Null, true)],
    }
}

fn elsewhere(seen: &RspamdSettings) -> bool {
    let arc = &seen.arc;
    ["selector_map", "path_map"].iter().any(|name| !arc[*name].is_null())
        || ["use_redis", "use_vault"].iter().any(|name| seen.is_on(name))
}

/// rspamd's state folder, which `$DBDIR` stands for.
fn db_dir(seen: &RspamdSettings) -> String {
    let file = seen.options["dynamic_conf"].as_str().or(seen.options["cache_file"].as_str());
    let dir = file.and_then(|f| f.rsplit_once('/')).map(|(dir, _)| dir);
    dir.unwrap_or("/var/lib/rspamd").to_owned()
}

/// The domain that `use_esld` makes of this one: below a public suffix, by the list that rspamd uses.
fn organisational(seen: &RspamdSettings, domain: &str) -> String {
    let list = seen.options["url_tld"].as_str().and_then(|path| fs::read_to_string(path).ok());
    below_suffix(&list.unwrap_or_default(), domain)
}

/// The label before the longest public suffix and this suffix; the domain itself where the list has no suffix of it.
fn below_suffix(list: &str, domain: &str) -> String {
    let rules: BTreeSet<&str> =
        list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    let labels: Vec<&str> = domain.split('.').collect();
    for from in 0..labels.len() {
        let suffix = labels[from..].join(".");
        let wildcard = format!("*.{}", labels[from + 1..].join("."));
        if rules.contains(format!("!{suffix}").as_str()) {
            return suffix;
        }
        if rules.contains(suffix.as_str()) || rules.contains(wildcard.as_str()) {
            return labels[from.saturating_sub(1)..].join(".");
        }
    }
    domain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(arc: Value) -> RspamdSettings {
        RspamdSettings {
            arc,
            options: json!({ "cache_file": "/var/db/rspamd/symbols.cache" }),
            ..RspamdSettings::default()
        }
    }

    /// The stock settings with these changes.
    fn stock(changes: Value) -> RspamdSettings {
        let mut arc =
            json!({ "sign_inbound": true, "use_domain": "recipient", "try_fallback": true, "selector": "arc" });
        for (key, value) in changes.as_object().unwrap() {
            arc[key] = value.clone();
        }
        seen(arc)
    }

    fn codes(changes: Value) -> String {
        let mut report = Report::default();
        settings(&stock(changes), &mut report);
        let failed = report.checks.into_iter().filter(|c| c.status == Status::Fail);
        failed.filter_map(|c| c.code.map(Cause::as_str)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn settings_that_do_not_seal_fail_with_their_code() {
        for (changes, wanted) in [
            (json!({}), ""),
            (json!({ "enabled": false }), "A00"),
            (json!({ "sign_inbound": false }), "A01"),
            (json!({ "sign_inbound": null }), "A01"),
            (json!({ "sign_inbound": "domain {" }), "A01"),
            (json!({ "use_domain": "header" }), "A02"),
            (json!({ "use_domain": null }), "A02"),
            (json!({ "use_domain": "envelope" }), "A02"),
            (json!({ "use_domain": "header", "use_domain_sign_inbound": "recipient" }), ""),
            (json!({ "use_domain": "corp.example" }), ""),
            (json!({ "signing_table": ["*@corp.example corp"] }), "A03"),
            (json!({ "allow_hdrfrom_mismatch": false }), "A18"),
            (json!({ "allow_hdrfrom_mismatch": true, "allow_envfrom_empty": false }), ""),
        ] {
            assert_eq!(codes(changes.clone()), wanted, "{changes}");
        }
        let mut report = Report::default();
        let actions = json!({ "rewrite_subject": 8 });
        settings(&RspamdSettings { actions, ..stock(json!({ "check_pubkey": true })) }, &mut report);
        assert_eq!(report.check("rspamd.actions").unwrap().code, Some(Cause::B06));
        assert_eq!(report.check("rspamd.check_pubkey").unwrap().status, Status::Ok);
        let mut report = Report::default();
        settings(&stock(json!({ "check_pubkey": true, "allow_pubkey_mismatch": true })), &mut report);
        assert_eq!(report.check("rspamd.check_pubkey").unwrap().status, Status::Warn);
    }

    #[test]
    fn a_section_in_itself_is_told() {
        let told = |seen: RspamdSettings| {
            let mut report = Report::default();
            let stops = are_nested(&seen, &mut report);
            (stops, report.checks.into_iter().map(|c| (c.check, c.code)).collect::<Vec<_>>())
        };
        let domain = json!({ "corp.example": { "selector": "s", "path": "/k" } });
        let arc = json!({ "arc": { "sign_inbound": true, "domain": domain } });
        assert_eq!(told(stock(arc)), (true, vec![("rspamd.arc".to_owned(), Some(Cause::A04))]));
        let actions = json!({ "actions": { "add_header": 6 }, "reject": 15 });
        let wanted = (false, vec![("rspamd.actions".to_owned(), Some(Cause::D12))]);
        assert_eq!(told(RspamdSettings { actions, ..stock(json!({})) }), wanted);
        assert_eq!(told(stock(json!({ "domain": domain }))), (false, Vec::new()));
    }

    fn paths(changes: Value, domains: &[&str]) -> (Vec<String>, String) {
        let mut report = Report::default();
        let domains: Vec<_> = domains.iter().map(|d| (*d).to_owned()).collect();
        let keys = keys(&stock(changes), &domains, &mut report);
        let keys = keys.into_iter().map(|k| format!("{}/{} {}", k.domain, k.selector, k.path.display())).collect();
        (keys, report.checks.iter().filter_map(|c| c.code.map(Cause::as_str)).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn keys_are_those_that_rspamd_looks_for() {
        let block = json!({
            "domain": {
                "Corp.example": { "selector": "2026", "path": "/keys/$domain.$selector.private" },
                "other.example": { "selectors": [ { "selector": "a", "path": "/a" }, { "selector": "b", "path": "/b" } ] },
            }
        });
        let (keys, code) = paths(block.clone(), &["corp.example"]);
        let wanted = ["corp.example/2026 /keys/corp.example.2026.private", "other.example/a /a", "other.example/b /b"];
        assert_eq!((keys, code), (wanted.map(str::to_owned).to_vec(), String::new()));
        let (keys, _) = paths(block.clone(), &["third.example"]);
        assert!(keys.contains(&"third.example/arc /var/db/rspamd/arc/third.example.arc.key".to_owned()), "{keys:?}");
        let mut strict = block.clone();
        strict["try_fallback"] = json!(false);
        assert_eq!(paths(strict.clone(), &["third.example"]).1, "A04");
        strict["path_map"] = json!("/etc/rspamd/paths.map");
        assert_eq!(paths(strict, &["third.example"]).1, "A04");
        let fixed = json!({ "use_domain": "corp.example", "domain": block["domain"] });
        assert!(!paths(fixed, &["third.example"]).0.iter().any(|k| k.starts_with("third")));
        let mut report = Report::default();
        assert!(super::keys(&stock(json!({})), &[], &mut report).is_empty());
        assert_eq!(report.worst(), Status::Unknown);
    }

    #[test]
    fn a_key_below_a_public_suffix_is_never_found() {
        let list = "// comment\njp\nco.jp\n*.ck\n!www.ck\nexample\n";
        for (domain, wanted) in [
            ("mail.corp.co.jp", "corp.co.jp"),
            ("corp.co.jp", "corp.co.jp"),
            ("a.b.shop.ck", "b.shop.ck"),
            ("x.www.ck", "www.ck"),
            ("mail.corp.test", "mail.corp.test"),
        ] {
            assert_eq!(below_suffix(list, domain), wanted, "{domain}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tld.dat");
        fs::write(&path, list).unwrap();
        let mut seen = stock(json!({ "use_esld": true, "domain": { "mail.corp.co.jp": { "path": "/k" } } }));
        seen.options["url_tld"] = json!(path);
        let mut report = Report::default();
        assert!(keys(&seen, &[], &mut report).is_empty());
        assert_eq!(report.checks[0].code, Some(Cause::A09));
    }
}
