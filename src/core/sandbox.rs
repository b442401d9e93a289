//! Programs that must leave the files of others alone.

/// The command line with which `unshare` runs a program, whose words follow, where `directory` can be read and not written
/// to (mount_namespaces(7)): for root, whom no permission stops. Where the system allows no namespaces, `unshare` says so
/// and runs nothing.
pub fn read_only(directory: &str) -> [&str; 6] {
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"; exec \"$@\"";
    ["unshare", "--mount", "sh", "-c", script, directory]
}

/// Whether the program was not run, by its exit code and what was said on its standard error: by `unshare`, or as `sh` did
/// not find it.
pub fn was_not_run(code: Option<i32>, stderr: &[u8]) -> bool {
    stderr.starts_with(b"unshare: ") || matches!(code, Some(126 | 127))
}
