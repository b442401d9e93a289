//! From the text of a project file to its model.

use super::{
    ConfigFile, Errors, Source, YamlErrors, de,
    errors::source_of,
    merge::merge_entries,
    node::{Key, Kind, Node, NodeSpan, ScalarKind},
    read::{one, version},
    set::Change,
};
use crate::{core::suggest, scenario::config::Config};
use std::{collections::BTreeMap, sync::Arc};

/// What the user's own file may not hold: it belongs to a project.
const OF_PROJECTS: [&str; 2] = ["scenarios", "snapshots"];

/// Reads a project file, with values that were set on the command line (`accounts.company.mx=host:25`) laid over it.
///
/// # Errors
/// Everything that is wrong, in the order of the lines. No error shows a line that may hold a secret.
pub fn config(source: Option<&Source>, set: &[String]) -> Result<Config, YamlErrors> {
    config_over(source, None, set)
}

/// The same over the user's own file: what the project file does not say, that file may.
///
/// # Errors
/// Those of [`config`], and what does not belong into the user's file.
pub fn config_over(source: Option<&Source>, user: Option<&Source>, set: &[String]) -> Result<Config, YamlErrors> {
    let mut sources = Vec::new();
    let mut root = match source {
        Some(source) => file(source, &mut sources)?,
        None => {
            sources.push(Source { file: "".into(), text: "".into(), folder: None, set: None });
            empty()
        }
    };
    if let Some(user) = user {
        let below = file(user, &mut sources)?;
        if let Some((key, _)) = below.entries().iter().find(|(key, _)| OF_PROJECTS.contains(&key.name.as_str())) {
            let fault = de::Error::new(format!("`{}` does not stand in a user's file", key.name), key.at);
            return Err(wrong(&sources, fault.with_help("it belongs into sealcheck.yaml")));
        }
        root = merge_entries(below, root);
    }
    let written = names(&root);
    for text in set {
        let change = Change::read(text, number(&sources))?;
        sources.push(change.source.clone());
        change.put(&mut root);
    }
    let (file, mut faults) = de::read::<ConfigFile>(&root, &sources);
    // A change to an account that is not there makes a new one, of which something is missing.
    let accounts = root.get("accounts").map(Node::entries).unwrap_or_default();
    for (name, node) in accounts.iter().filter(|(name, _)| !written.contains(&name.name)) {
        let near = suggest::nearest(&name.name, written.iter().map(String::as_str));
        for fault in faults.iter_mut().filter(|fault| fault.at == Some(node.at) && fault.help.is_none()) {
            fault.help = near.map(|near| format!("did you mean `{near}`?"));
        }
    }
    let mut errors = Errors::new(&sources);
    errors.note_all(faults);
    let config = file.map(|file| file.config(&mut errors));
    let mut places = BTreeMap::new();
    note(&root, "", &mut |key, place| drop(places.insert(key, errors.span(place))));
    errors.finish().map_err(|errors| hidden(errors, &sources))?;
    let user_file = user.map(|user| Arc::clone(&user.file));
    Ok(Config { user_file, places, sources, ..config.unwrap_or_default() })
}

fn number(sources: &[Source]) -> u32 {
    u32::try_from(sources.len()).unwrap_or(u32::MAX)
}

/// A file as a tree, its version known.
fn file(source: &Source, sources: &mut Vec<Source>) -> Result<Node, YamlErrors> {
    let root = source.parse(number(sources)).map_err(|errors| errors.without_secrets(source))?;
    sources.push(source.clone());
    version(&root).map_err(|fault| wrong(sources, fault))?;
    Ok(root)
}

/// The names of the accounts.
fn names(root: &Node) -> Vec<String> {
    let accounts = root.get("accounts").map(Node::entries).unwrap_or_default();
    accounts.iter().map(|(name, _)| name.name.clone()).collect()
}

fn wrong(sources: &[Source], fault: de::Error) -> YamlErrors {
    hidden(one(sources, fault).into(), sources)
}

/// The errors without lines that may hold a secret.
fn hidden(errors: YamlErrors, sources: &[Source]) -> YamlErrors {
    let hidden = errors.0.into_iter().map(|error| match source_of(sources, &error.position.file) {
        Some(source) => error.without_secrets(source),
        None => error,
    });
    YamlErrors(hidden.collect())
}

/// A project without a file.
fn empty() -> Node {
    let at = NodeSpan::default();
    let version = Node { at, kind: Kind::Scalar("1".to_owned(), ScalarKind::Integer(1)) };
    Node { at, kind: Kind::Map(vec![(Key { at, name: "sealcheck".to_owned() }, version)]) }
}

/// Tells the keys and the place of every value that is no map.
fn note(node: &Node, keys: &str, place: &mut dyn FnMut(String, NodeSpan)) {
    let Kind::Map(entries) = &node.kind else { return place(keys.to_owned(), node.at) };
    for (key, value) in entries {
        let keys = if keys.is_empty() { key.name.clone() } else { format!("{keys}.{}", key.name) };
        note(value, &keys, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_later_of_two_changes_of_one_key_is_not_shown() {
        let text = "sealcheck: 1\naccounts:\n  a: { address: a@b.example, imap: { host: h, password: { env: P } } }\n";
        let source = Source::new("sealcheck.yaml", text.as_bytes()).unwrap();
        let set = ["{ env: Q }", "hunter2"].map(|value| format!("accounts.a.imap.password={value}"));
        let errors = config(Some(&source), &set).unwrap_err().to_string();
        assert!(errors.contains("W01") && !errors.contains("hunter2"), "{errors}");
    }
}
