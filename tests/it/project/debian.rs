//! The shipped scenarios with the programs of another Debian than the one that the gate runs on.

use crate::support::debian::{Inside, debian, fresh};
use std::{fs, path::Path, process::Command};

#[test]
#[ignore = "requires root and debootstrap; .ci/run has them"]
fn as_root_the_shipped_scenarios_pass_with_the_programs_of_debian_13() {
    let Some(root) = debian("trixie", &["postfix", "postsrsd", "rspamd"]) else { return };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fresh("scenarios-on-trixie");
    let shipped = ["scenarios", "snapshots"].map(|name| repository.join(name));
    let copied = Command::new("cp").arg("-a").args(shipped).arg(&folder).status().unwrap();
    assert!(copied.success());
    fs::copy(env!("CARGO_BIN_EXE_sealcheck"), root.join("usr/local/bin/sealcheck")).unwrap();
    let inside = Inside { root: &root, user: "0", directory: "/work", mounts: &[(&folder, "/work")] };
    for target in ["embedded", "rspamd", "postfix"] {
        let said = inside.run(&["sealcheck", "run", "--target", target, "--update", "never"]);
        let summary = said.lines().find(|line| line.contains("Summary")).unwrap();
        assert!(summary.contains(" run: ") && !summary.contains("failed"), "{said}");
    }
}
