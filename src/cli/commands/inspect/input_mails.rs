//! What there is to inspect: files, mailboxes, directories and standard input, one mail at a time.

use super::mbox::{MboxMessage, Messages};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

/// One mail, or why there is none.
pub(super) struct InputMail {
    /// The file where it is, or `standard input`.
    pub(super) name: String,
    /// Its number in the file, from 1.
    pub(super) number: usize,
    /// Whether the file is a mailbox.
    pub(super) in_mailbox: bool,
    /// The line of the file where it starts, from 1.
    pub(super) line: usize,
    pub(super) content: io::Result<Vec<u8>>,
}

impl InputMail {
    /// Its name, and where the file holds several its place.
    pub(super) fn place(&self) -> String {
        if self.in_mailbox {
            format!("{}: message {}, line {}", self.name, self.number, self.line)
        } else {
            self.name.clone()
        }
    }
}

/// Every mail of these files and directories, in their order; of a directory in the order of the names, with everything
/// below it. Only one mail at a time is in memory. What cannot be read does not hide the rest.
pub(super) fn input_mails(paths: &[String]) -> impl Iterator<Item = InputMail> + '_ {
    paths.iter().flat_map(|path| files(path)).flat_map(|(name, path)| mails(name, path))
}

/// A path with the name to call it by.
type Named = (String, io::Result<PathBuf>);

/// The file, or every regular file below the directory.
fn files(path: &str) -> Vec<Named> {
    let mut out = Vec::new();
    if path != "-" && Path::new(path).is_dir() {
        walk(Path::new(path), &mut out);
    } else {
        out.push((path.to_owned(), Ok(PathBuf::from(path))));
    }
    if out.is_empty() {
        out.push((path.to_owned(), Err(io::Error::other("there is no file in this directory"))));
    }
    out
}

fn walk(dir: &Path, out: &mut Vec<Named>) {
    let name = |path: &Path| path.display().to_string();
    let entries = fs::read_dir(dir).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return out.push((name(dir), Err(error))),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // A link may lead back to where it is: links to directories are not followed.
        match (entry.file_type(), fs::metadata(&path)) {
            (Ok(kind), _) if kind.is_dir() => walk(&path, out),
            (_, Ok(data)) if data.is_file() => out.push((name(&path), Ok(path))),
            (_, Ok(_)) => {}
            (_, Err(error)) => out.push((name(&path), Err(error))),
        }
    }
}

/// The mails of a file; one that cannot be opened is an item too.
fn mails(name: String, path: io::Result<PathBuf>) -> Box<dyn Iterator<Item = InputMail>> {
    match path.and_then(|path| open(&path)) {
        Err(error) => {
            let unread = InputMail { name, number: 1, in_mailbox: false, line: 1, content: Err(error) };
            Box::new(std::iter::once(unread))
        }
        Ok(input) => {
            let name = if name == "-" { "standard input".to_owned() } else { name };
            Box::new(Messages::of(input).zip(1..).map(move |(found, number)| {
                let MboxMessage { line, in_mailbox, content } = found;
                InputMail { name: name.clone(), number, in_mailbox, line, content }
            }))
        }
    }
}

/// A file, or standard input for `-`.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    match path.to_str() {
        Some("-") => Ok(Box::new(io::stdin().lock())),
        _ => Ok(Box::new(BufReader::new(File::open(path)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_walked_in_order_and_hide_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for sub in ["b", "b/deep"] {
            fs::create_dir(path(sub)).unwrap();
        }
        for (name, text) in
            [("c.eml", "C: 1\n\n"), ("a.eml", "A: 1\n\n"), ("b/deep/mail", "From x\nB: 1\n\nFrom y\nB: 2\n\n")]
        {
            fs::write(path(name), text).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", path("b.gone")).unwrap();
            std::os::unix::fs::symlink("..", path("b/up")).unwrap();
        }
        let root = [dir.path().to_str().unwrap().to_owned()];
        let found: Vec<String> = input_mails(&root)
            .map(|item| {
                let place = item.place().replace(&root[0], "");
                format!(
                    "{place} {}",
                    item.content.map_or("unread".into(), |c| String::from_utf8_lossy(&c[..4]).into_owned())
                )
            })
            .collect();
        let mails = ["/b/deep/mail: message 1, line 2 B: 1", "/b/deep/mail: message 2, line 5 B: 2"];
        let mut wanted = vec!["/a.eml A: 1", mails[0], mails[1], "/b.gone unread", "/c.eml C: 1"];
        if cfg!(not(unix)) {
            wanted.remove(3);
        }
        assert_eq!(found, wanted);
    }
}
