//! What an attempt leaves behind on disk.

use crate::{
    core::{
        Redactor, ScenarioId,
        file::{self, Access},
        visible,
    },
    judge::snapshot::relative,
    outcome::{Artifact, HarnessError, HarnessErrorKind, ScenarioReport},
};
use std::{
    borrow::Cow,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// When files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactPolicy {
    /// Of attempts that did not pass.
    Failed,
    /// Of every attempt.
    All,
    /// Never.
    None,
}

/// What is wrong with a scenario whose last attempt failed, in the words of the console: the text of `diagnosis.txt`. How
/// things are told is not for a run to know.
pub type DiagnosisText = fn(&ScenarioReport) -> String;

/// The media type of files that people read as they are, in an editor or on a terminal.
const TEXT: &str = "text/plain";

/// A file to be written.
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: &'static str,
    pub(super) content: Vec<u8>,
}

impl File {
    pub(super) fn mail(name: String, content: &[u8]) -> Self {
        Self { name, media_type: "message/rfc822", content: content.to_vec() }
    }

    pub(super) fn text(name: &str, content: String) -> Self {
        Self { name: name.to_owned(), media_type: TEXT, content: content.into_bytes() }
    }
}

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    root: PathBuf,
    redactor: Redactor,
}

impl RunDir {
    /// The directory of one run; it is made when the first file is written.
    pub fn new(root: PathBuf, redactor: Redactor) -> Self {
        Self { root, redactor }
    }

    /// Writes an attempt's files, masked; no character of a text steers what shows it.
    pub(super) fn keep(&self, id: &ScenarioId, attempt: u32, files: Vec<File>) -> Result<Vec<Artifact>, HarnessError> {
        let scenario = relative(&self.redactor.text(id.as_str()));
        let below = format!("artifacts/{}/{attempt}", scenario.to_string_lossy().replace('\\', "/"));
        let dir = self.root.join(&below);
        let error = |e: io::Error| {
            let next = "make room, or choose another place with --artifacts none";
            HarnessError::new(HarnessErrorKind::File, format!("write {}", dir.display()), e.to_string(), next)
        };
        file::create_folder(&dir, Access::Private).map_err(error)?;
        let mut kept = Vec::with_capacity(files.len());
        for file in files {
            let mut content = self.redactor.bytes(&file.content);
            // A mail is kept as it came.
            if file.media_type == TEXT {
                let shown = visible::lines(&String::from_utf8_lossy(&content)).into_owned();
                content = Cow::Owned(shown.into_bytes());
            }
            let written = file::create(&dir.join(&file.name), Access::Private).and_then(|mut f| f.write_all(&content));
            written.map_err(error)?;
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
            kept.push(Artifact {
                path: format!("{below}/{}", file.name),
                name: file.name,
                media_type: file.media_type.to_owned(),
                sha256: digest.as_ref().iter().map(|b| format!("{b:02x}")).collect(),
                redacted: true,
            });
        }
        Ok(kept)
    }

    /// Reads every file of the run again and removes those that hold a secret; their names.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub(crate) fn sweep(&self) -> io::Result<Vec<PathBuf>> {
        let mut leaks = Vec::new();
        if self.root.exists() {
            sweep(&self.root, &self.redactor, &mut leaks)?;
        }
        Ok(leaks)
    }
}

fn sweep(dir: &Path, redactor: &Redactor, leaks: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sweep(&path, redactor, leaks)?;
        } else if redactor.leaks_in(fs::File::open(&path)?)? {
            fs::remove_file(&path)?;
            leaks.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Secret;

    #[test]
    fn no_two_scenarios_share_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path().join("RUN"), Redactor::new());
        let ids = ["a[x=a:b]", "a[x=a?b]", "a[x=a_b]", "a#2", "a_2", "a", "A", "../a"];
        let paths = ids.map(|id| {
            let kept = run.keep(&ScenarioId::new(id), 1, vec![File::text("smtp.log", id.into())]).unwrap();
            assert!(kept[0].path.starts_with("artifacts/"), "{}", kept[0].path);
            dir.path().join("RUN").join(&kept[0].path)
        });
        for (id, path) in ids.iter().zip(paths) {
            assert_eq!(fs::read_to_string(path).unwrap(), *id);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_are_masked_hashed_and_swept() {
        let dir = tempfile::tempdir().unwrap();
        let redactor = Redactor::new();
        redactor.learn("me", &Secret::new("hunter2"));
        let run = RunDir::new(dir.path().join("RUN"), redactor);
        assert_eq!(run.sweep().unwrap(), Vec::<PathBuf>::new());
        let files = vec![File::text("smtp.log", "abc".into()), File::text("imap.log", "LOGIN hunter2".into())];
        let kept = run.keep(&ScenarioId::new("a/b"), 1, files).unwrap();
        assert_eq!(kept[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let text = fs::read_to_string(dir.path().join("RUN").join(&kept[1].path)).unwrap();
        assert_eq!(text, "LOGIN [REDACTED]");
        let leak = dir.path().join("RUN/artifacts/leak.txt");
        fs::write(&leak, "hunter2").unwrap();
        assert_eq!(run.sweep().unwrap(), std::slice::from_ref(&leak));
        assert!(!leak.exists());
    }
}
