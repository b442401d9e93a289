//! Secrets are looked up where their references point, and nowhere else.

use crate::core::{
    Secret, Span, Spanned, file,
    reading::{self, Keyed, ScalarText, ShortOrLong, Wrong, checked},
    schema_as::schema_as,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::io::AsyncReadExt;

/// How long a program may take to print a secret.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A secret that is not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// The key, for example `accounts.gmail.imap.password`.
    pub key: String,
    /// Where the reference stands.
    pub at: Span,
    /// Where the secret is.
    pub place: SecretPlace,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// In an environment variable.
    Env(String),
    /// In a file, relative to the project file.
    File(PathBuf),
    /// A program prints it.
    Command(Vec<String>),
}

/// Where a secret is: exactly one key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Secret", extend("minProperties" = 1, "maxProperties" = 1))]
struct SecretKeys {
    /// In an environment variable.
    #[serde(default, deserialize_with = "variable")]
    env: Option<String>,
    /// In a file.
    #[serde(default, deserialize_with = "reading::file")]
    file: Option<PathBuf>,
    /// A program with its arguments prints it.
    #[serde(default, deserialize_with = "reading::command")]
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
}

fn variable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |name: &Option<String>| match name {
        Some(name) if name.trim().is_empty() => Err(Wrong::empty("`env`")),
        _ => Ok(()),
    })
}

impl SecretKeys {
    fn place(&self) -> Option<SecretPlace> {
        match (&self.env, &self.file, &self.command) {
            (Some(env), None, None) => Some(SecretPlace::Env(env.clone())),
            (None, Some(file), None) => Some(SecretPlace::File(file.clone())),
            (None, None, Some(command)) => Some(SecretPlace::Command(command.clone())),
            _ => None,
        }
    }
}

schema_as! { [] SecretRef: SecretKeys; }

/// A plain text is refused without being kept.
type WrittenSecret = Keyed<Spanned<ShortOrLong<ScalarText, SecretKeys>>>;

fn place(written: &WrittenSecret) -> Result<SecretPlace, Wrong> {
    let Keyed { keys: key, value: Spanned { value: ShortOrLong::Long(keys), .. } } = written else {
        let message = format!("W01: `{}` holds a secret in plain text", written.keys);
        let help = "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARGUMENT] }`";
        return Err(Wrong::new(message, help));
    };
    keys.place().ok_or_else(|| {
        Wrong::new(format!("`{key}` needs one of `env`, `file` and `command`"), "write exactly one of them")
    })
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = checked(deserializer, |written: &WrittenSecret| place(written).map(drop))?;
        let place = place(&written).unwrap_or(SecretPlace::Env(String::new()));
        Ok(Self { key: written.keys, at: written.value.at, place })
    }
}

/// What the project file refers to outside of itself.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Looks up an environment variable.
    pub env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The folder of the project file; its paths are relative to it, and programs run in it.
    pub root: &'a Path,
}

/// Why a secret could not be had; never the secret itself, nor what a program said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) message: String,
    pub(super) help: String,
}

/// What a secret looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One line of text.
    Line,
    /// A file in PEM, of several lines.
    Pem,
}

/// A secret, and what is odd about where it was.
pub(super) async fn look_up(
    reference: &SecretRef,
    shape: Shape,
    outside: &Outside<'_>,
    hints: &mut Vec<String>,
) -> Result<Secret, Missing> {
    let raw = match &reference.place {
        SecretPlace::Env(name) => (outside.env)(name).ok_or_else(|| Missing {
            message: format!("the environment variable `{name}` is not set"),
            help: format!("export {name}, or name a `file` or a `command`"),
        })?,
        SecretPlace::File(path) => from_file(&outside.root.join(path), hints)?,
        SecretPlace::Command(command) => from_program(command, outside.root, PATIENCE).await?,
    };
    let secret = raw.trim();
    let (odd, help) = match shape {
        Shape::Line => (secret.chars().any(char::is_control), "it must be one line of text"),
        Shape::Pem => (false, "it must be a private key in PEM, from BEGIN to END"),
    };
    if secret.is_empty() || odd {
        let what = if secret.is_empty() {
            "the secret is empty"
        } else {
            "the secret has several lines or control characters"
        };
        return Err(Missing { message: what.to_owned(), help: help.to_owned() });
    }
    Ok(Secret::new(secret))
}

fn from_file(path: &Path, hints: &mut Vec<String>) -> Result<String, Missing> {
    let shown = path.display();
    let bad = |message: String| Missing { message, help: "the path is relative to the project file".to_owned() };
    let meta = fs::metadata(path).map_err(|e| bad(format!("{shown} cannot be read: {e}")))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if meta.permissions().mode() & 0o077 != 0 {
            hints.push(format!("{shown} can be read by others; chmod 600 {shown}"));
        }
    }
    let bytes = file::read_regular(path, LONGEST).map_err(|e| bad(format!("{shown} cannot be read: {e}")))?;
    String::from_utf8(bytes).map_err(|_| bad(format!("{shown} is no UTF-8 text")))
}

async fn from_program(command: &[String], folder: &Path, patience: Duration) -> Result<String, Missing> {
    let program = command.first().cloned().unwrap_or_default();
    let bad = |what: String| Missing {
        message: format!("the program `{program}` {what}"),
        help: "run it by hand to see what it says".to_owned(),
    };
    let mut builder = tokio::process::Command::new(&program);
    builder.args(&command[command.len().min(1)..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    if folder.is_dir() {
        builder.current_dir(folder);
    }
    let mut child = builder.kill_on_drop(true).spawn().map_err(|e| bad(format!("cannot be started: {e}")))?;
    let output = async {
        let mut text = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST).read_to_end(&mut text).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, text))
    };
    let (status, text) = tokio::time::timeout(patience, output)
        .await
        .map_err(|_| bad(format!("printed nothing within {}", crate::core::duration::human(patience))))?
        .map_err(|e| bad(format!("cannot be read: {e}")))?;
    if !status.success() {
        return Err(bad(format!("failed: {status}")));
    }
    String::from_utf8(text).map_err(|_| bad("printed no UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(place: SecretPlace, root: &Path) -> (Result<String, Missing>, Vec<String>) {
        let reference = SecretRef { key: "k".into(), at: Span::new("f", 1, 1), place };
        let env = |name: &str| (name == "SET").then(|| " hunter2\n".to_owned());
        let mut hints = Vec::new();
        let secret = look_up(&reference, Shape::Line, &Outside { env: &env, root }, &mut hints).await;
        (secret.map(|s| s.expose().to_owned()), hints)
    }

    fn command(words: &[&str]) -> SecretPlace {
        SecretPlace::Command(words.iter().map(|w| (*w).to_owned()).collect())
    }

    #[tokio::test]
    async fn comes_from_where_the_reference_points() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(get(SecretPlace::Env("SET".into()), dir.path()).await.0.as_deref(), Ok("hunter2"));
        let missing = get(SecretPlace::Env("UNSET".into()), dir.path()).await.0.unwrap_err();
        assert_eq!(missing.message, "the environment variable `UNSET` is not set");

        fs::write(dir.path().join("secret"), "hunter3\n").unwrap();
        assert_eq!(get(SecretPlace::File("secret".into()), dir.path()).await.0.as_deref(), Ok("hunter3"));
        assert!(
            get(SecretPlace::File("none".into()), dir.path()).await.0.unwrap_err().message.contains("cannot be read")
        );
        fs::write(dir.path().join("empty"), "\n").unwrap();
        let empty = get(SecretPlace::File("empty".into()), dir.path()).await.0.unwrap_err();
        assert_eq!(empty.message, "the secret is empty");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_others_can_read_is_hinted_at() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "hunter3").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(get(SecretPlace::File("secret".into()), dir.path()).await.1[0].contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(get(SecretPlace::File("secret".into()), dir.path()).await.1, Vec::<String>::new());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_prints_it_and_nothing_else_is_shown() {
        let root = Path::new("");
        assert_eq!(get(command(&["printf", " hunter4\\n\\n"]), root).await.0.as_deref(), Ok("hunter4"));
        let failed = get(command(&["sh", "-c", "echo hunter5; echo hunter6 >&2; exit 3"]), root).await.0.unwrap_err();
        assert_eq!(failed.message, "the program `sh` failed: exit status: 3");
        let missing = get(command(&["no-such-program-here"]), root).await.0.unwrap_err();
        assert!(missing.message.starts_with("the program `no-such-program-here` cannot be started"), "{missing:?}");
        let lines = get(command(&["printf", "a\\nb"]), root).await.0.unwrap_err();
        assert!(lines.message.contains("several lines"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_never_ends_is_given_up() {
        let command = ["tail".to_owned(), "-f".to_owned(), "/dev/null".to_owned()];
        let given_up = from_program(&command, Path::new(""), Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(given_up.message, "the program `tail` printed nothing within 50ms");
    }
}
