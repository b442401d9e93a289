//! From the text of a project file to its model.

use super::{
    Source, YamlError, YamlErrors,
    convert::Cx,
    de,
    node::{Key, Kind, Node, Place, ScalarKind},
    read::version,
    twin::config::ConfigTwin,
};
use crate::{core::Position, scenario::config::Config};

/// Reads a project file, with values that were set on the command line (`accounts.company.mx=host:25`) laid over it.
///
/// # Errors
/// Everything that is wrong, in the order of the lines. No error shows a line that may hold a secret.
pub fn config(source: Option<&Source>, set: &[String]) -> Result<Config, YamlErrors> {
    let mut sources: Vec<Source> = source.cloned().into_iter().collect();
    let hide = |errors: YamlErrors| match source {
        Some(source) => errors.without_secrets(&source.text),
        None => errors,
    };
    let mut root = match source {
        Some(source) => source.parse(0).map_err(hide)?,
        None => {
            sources.push(Source { file: "".into(), text: "".into() });
            nothing()
        }
    };
    if source.is_some() {
        version(&root).map_err(|fault| {
            let mut cx = Cx::new(&sources);
            cx.fault(fault);
            hide(YamlErrors(cx.errors))
        })?;
    }
    for assignment in set {
        let number = u32::try_from(sources.len()).unwrap_or(u32::MAX);
        let (source, path, value) = assigned(assignment, number)?;
        sources.push(source);
        put(&mut root, &path, value);
    }
    let (twin, faults) = de::read::<ConfigTwin>(&root);
    let mut cx = Cx::new(&sources);
    cx.faults(faults);
    let config = twin.map(|twin| cx.config(twin));
    cx.finish().map_err(hide)?;
    let mut config = config.unwrap_or_default();
    config.sources = sources;
    Ok(config)
}

/// A project without a file.
fn nothing() -> Node {
    let at = Place::default();
    let version = Node { at, kind: Kind::Scalar("1".to_owned(), ScalarKind::Integer(1)) };
    Node { at, kind: Kind::Map(vec![(Key { at, name: "sealcheck".to_owned() }, version)]) }
}

/// The keys and the value of `accounts.company.mx=host:25`; the value is YAML.
fn assigned(text: &str, number: u32) -> Result<(Source, Vec<String>, Node), YamlErrors> {
    let name = |path: &str| format!("--set {path}");
    let bad = |path: &str, message: String| {
        let error = YamlError::new(message, Position::new(name(path), 0, 0));
        error.with_help("write it as `--set accounts.company.mx=host:25`")
    };
    let Some((path, value)) = text.split_once('=') else {
        return Err(bad(text, "a `=` is missing".to_owned()).into());
    };
    let keys: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        return Err(bad(path, format!("`{path}` is no path of keys")).into());
    }
    if keys.first().is_some_and(|k| k == "sealcheck") {
        return Err(bad(path, "the format version cannot be set".to_owned()).into());
    }
    let source = Source::new(name(path.trim()), value.trim().as_bytes())?;
    let value = source
        .parse(number)
        .map_err(|errors| YamlErrors(errors.0.into_iter().map(|e| YamlError { excerpt: None, ..e }).collect()))?;
    Ok((source, keys, value))
}

/// Puts a value where the keys lead to; what is in the way is replaced.
fn put(node: &mut Node, path: &[String], value: Node) {
    let [first, rest @ ..] = path else {
        *node = value;
        return;
    };
    if !matches!(node.kind, Kind::Map(_)) {
        node.at = value.at;
        node.kind = Kind::Map(Vec::new());
    }
    if let Kind::Map(entries) = &mut node.kind {
        match entries.iter_mut().find(|(k, _)| k.name == *first) {
            Some((_, old)) => put(old, rest, value),
            None => {
                let at = value.at;
                let mut new = Node { at, kind: Kind::Map(Vec::new()) };
                put(&mut new, rest, value);
                entries.push((Key { at, name: first.clone() }, new));
            }
        }
    }
}
