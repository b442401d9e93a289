//! Variables from the command line and from files.

use crate::{cli::failure::Failure, scenario::Vars};
use std::{fs, path::Path};

/// `NAME=VALUE` as typed.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write a name of letters, digits, `_` and `-`, then =, then the value".into()),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The variables of a file, one `NAME=VALUE` a line (empty lines and lines that start with `#` count for nothing), and of
/// the command line, which come later and so win.
pub(super) fn vars(typed: &[(String, String)], file: Option<&Path>) -> Result<Vars, Failure> {
    let mut vars = Vars::new();
    if let Some(path) = file {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|e| Failure::Usage(format!("cannot read {shown}: {e}")))?;
        for (n, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = pair(line).map_err(|e| Failure::Usage(format!("{shown}:{n}: {e}")))?;
            vars.set(name, value);
        }
    }
    for (name, value) in typed {
        vars.set(name, value);
    }
    Ok(vars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "# who\nwho=file\n\nmore = x=y\n").unwrap();
        let error = vars(&[], Some(file.path())).unwrap_err().to_string();
        assert!(error.contains(":4: write a name"), "{error}");
        fs::write(file.path(), "who=file\nmore=x=y").unwrap();
        let vars = vars(&[("who".into(), "typed".into())], Some(file.path())).unwrap();
        assert_eq!((vars.get("who"), vars.get("more")), (Some("typed"), Some("x=y")));
    }
}
