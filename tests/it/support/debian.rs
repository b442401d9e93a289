//! Debian systems in folders of their own, with processes and mounts that are gone when a command ends.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// Mounts what a container has, and folders of the machine: pairs of paths up to `--`. Then a user and a directory.
const ENTER: &str = r#"
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; done
shift
user=$1 directory=$2; shift 2
# Not in place of this shell: a process that changes its user outlives its parent.
unshare --root "$root" --setgid "$user" --setuid "$user" --wd "$directory" -- "$@"
"#;

/// What `.ci/debian-root` makes of a suite, with these packages. `None` where this machine can have none, which is said.
#[expect(clippy::print_stdout, reason = "what is left out is said")]
pub(crate) fn debian(suite: &str, packages: &[&str]) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/debian-root");
    let made = Command::new(script).arg(suite).args(packages).output().unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    match made.status.code() {
        Some(0) => Some(PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end())),
        Some(77) => {
            println!("left out: {said}");
            None
        }
        _ => panic!("{said}"),
    }
}

/// Who runs a command in a system, where, and what it sees there of the machine.
pub(crate) struct Inside<'a> {
    pub(crate) root: &'a Path,
    /// The number of the user and of its group.
    pub(crate) user: &'a str,
    pub(crate) directory: &'a str,
    /// A folder of the machine, and where it is there.
    pub(crate) mounts: &'a [(&'a Path, &'a str)],
}

impl Inside<'_> {
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER, "-"]).arg(self.root);
        for (from, to) in self.mounts {
            command.arg(from).arg(to);
        }
        command.args(["--", self.user, self.directory]).args(words);
        command.env_clear().env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs a command that must end well; what it said.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        let ran = self.command(words).output().unwrap();
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(ran.status.success(), "{words:?}: {}\n{said}", ran.status);
        said
    }
}

/// An empty folder beside the systems.
pub(crate) fn fresh(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debian").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A system that has the files of these packages of another one and nothing else, no shell for example.
pub(crate) fn with_files_of(root: &Path, packages: &[&str], name: &str) -> PathBuf {
    let new = fresh(name);
    for folder in ["bin", "lib", "lib64", "sbin"] {
        fs::create_dir_all(new.join("usr").join(folder)).unwrap();
        symlink(format!("usr/{folder}"), new.join(folder)).unwrap();
    }
    ["dev", "etc", "proc", "tmp"].iter().for_each(|folder| fs::create_dir_all(new.join(folder)).unwrap());
    let listed = Command::new("chroot").arg(root).args(["dpkg-query", "-L"]).args(packages).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    for path in listed.lines().filter_map(|line| line.strip_prefix('/')) {
        let (from, to) = (root.join(path), new.join(path));
        if fs::symlink_metadata(&to).is_ok() {
            continue;
        }
        match fs::symlink_metadata(&from) {
            Ok(file) if file.is_symlink() => symlink(fs::read_link(&from).unwrap(), to).unwrap(),
            Ok(file) if file.is_dir() => fs::create_dir_all(to).unwrap(),
            Ok(_) => drop(fs::copy(from, to).unwrap()),
            // Of the same package, and not installed: a page of the manual.
            Err(_) => {}
        }
    }
    new
}
