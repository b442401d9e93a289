//! Many scenarios at a time share what can be shared.

use crate::support::program::Project;
use serde_json::Value;

#[test]
fn one_connection_a_folder_serves_every_scenario() {
    let text = "sealcheck: 1
name: direct
send: { from: external, to: gmail, subject: $token }
wait: { timeout: 60s }
expect:
  - delivered: { to: gmail, within: 50s }
snapshot: none
";
    let project = Project::new().scenario("direct", text);
    let run = project.run(&["run", "--repeat", "40", "-j", "16", "--report", "json=r.json"]);
    assert_eq!(run.code, 0, "{run}");
    let result: Value = serde_json::from_str(&project.read("r.json")).unwrap();
    assert_eq!(result["totals"]["passed"], 40);
    // The receiver's inbox and spam folder, and the sender's inbox.
    assert_eq!(result["imap"]["opened"], 3, "{}", result["imap"]);
    assert_eq!(result["imap"]["reopened"], 0);
}
