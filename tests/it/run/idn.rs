//! Internationalized domains: people write U-labels, servers are told A-labels, and both are one domain in expectations.

use crate::support::program::{Project, Ran, forward};

const COMPANY: &str = "info@例え.jp";

/// The company by its address, and everything that names its domain in U-labels.
fn scenario(target: &str) -> String {
    forward(target)
        .replace("to: company", "to: info@例え.jp")
        .replace("subject: ARC check $token }", "subject: ARC check $token, headers: { Reply-To: 例 <info@例え.jp> } }")
        .replace("by: $company.domain", "by: 例え.jp")
}

/// Whether every command to the first server is ASCII, and the recipient stands in A-labels.
fn assert_wire(project: &Project, run: &Ran) {
    let mut seen = 0;
    project.each_file(".sealcheck", &mut |path, bytes| {
        if path.ends_with("smtp.log") || path.ends_with("sent.eml") {
            assert!(bytes.is_ascii(), "{}: {}", path.display(), String::from_utf8_lossy(bytes));
            let text = String::from_utf8_lossy(bytes);
            assert!(text.contains("<info@xn--r8jz45g.jp>"), "{}: {text}", path.display());
            seen += 1;
        }
    });
    assert_eq!(seen, 2, "{run}");
}

#[test]
fn labels_of_both_kinds_are_one_domain_and_the_wire_has_a_labels() {
    let project = Project::new().scenario("forward", &scenario("embedded"));
    let run = project.run(&["run", "--company", COMPANY, "--artifacts", "all", "--update", "new"]);
    assert_eq!(run.code, 0, "{run}");
    assert_wire(&project, &run);
    let snapshot = project.read("snapshots/embedded/forward.snap");
    assert!(!snapshot.contains("xn--"), "{snapshot}");
    let other = project.scenario("forward", &scenario("embedded").replace("by: 例え.jp", "by: 例.jp"));
    let run = other.run(&["run", "--company", COMPANY]);
    assert_eq!(run.code, 1, "{run}");
}

#[test]
fn described_accounts_can_be_written_in_u_labels() {
    let project = Project::new().scenario("forward", &scenario("gmail"));
    let _lab = project.lab(&["--company", COMPANY, "--config-out", "sealcheck.yaml"]);
    let described = project.read("sealcheck.yaml").replace("xn--r8jz45g.jp", "例え.jp");
    assert!(described.contains(COMPANY), "{described}");
    let project = project.config(&described);
    let run = project.run(&["run", "--target", "gmail", "--artifacts", "all", "--update", "new"]);
    assert_eq!(run.code, 0, "{run}");
    assert_wire(&project, &run);
}

#[test]
fn an_address_that_no_server_takes_is_refused_with_its_place() {
    let text = scenario("embedded").replace("to: info@例え.jp", "to: 情報@例え.jp");
    let project = Project::new().scenario("forward", &text);
    let run = project.run(&["run"]);
    assert!(run.code != 0 && run.code != 1, "{run}");
    assert!(format!("{run}").contains("needs SMTPUTF8 (RFC 6531)"), "{run}");
    let config = "sealcheck: 1\naccounts:\n  company: { address: 情報@例え.jp }\n";
    let check = project.config(config).run(&["check"]);
    assert!(check.code == 2 && check.stderr.contains("sealcheck.yaml:3:"), "{check}");
    assert!(check.stderr.contains("needs SMTPUTF8 (RFC 6531)"), "{check}");
}
