//! From the text of a scenario file to scenarios.

use super::{
    Errors, ScenarioFile, Source, YamlError, YamlErrors, de,
    merge::merge,
    node::{Kind, Node, ScalarKind},
};
use crate::{
    core::suggest,
    scenario::{Scenario, matrix},
};

/// The version of both formats.
const VERSION: i128 = 1;

/// Every scenario of a file: one, or one for every row of its matrix. `base` finds the file that `extends` names.
///
/// # Errors
/// Everything that is wrong with the file, in the order of its lines.
pub fn scenarios(
    source: &Source,
    id: &str,
    base: &dyn Fn(&str) -> Result<Source, String>,
) -> Result<Vec<Scenario>, YamlErrors> {
    let mut sources = vec![source.clone()];
    let mut root = source.parse(0)?;
    version(&root).map_err(|f| one(&sources, f))?;
    if let Some(name) = root.get("extends") {
        let (base_source, base_root) = extended(name, base).map_err(|f| one(&sources, f))??;
        sources.push(base_source);
        version(&base_root).map_err(|f| one(&sources, f))?;
        if let Some(again) = base_root.get("extends") {
            let fault = de::Error::new("a file that is extended extends another", again.at);
            return Err(one(&sources, fault.with_help("`extends` goes one level; copy what is needed")).into());
        }
        root = merge(base_root, root);
    }
    let mut errors = Errors::new(&sources);
    let rows = matrix::read(&root, &mut errors);
    let mut scenarios = Vec::new();
    for row in &rows {
        let node = matrix::substitute(&root, row);
        let (file, faults) = de::read::<ScenarioFile>(&node, &sources);
        errors.note_all(faults);
        scenarios.extend(file.and_then(|file| file.scenario(id, row, &mut errors)));
        if errors.count() > 0 {
            break;
        }
    }
    errors.finish().map(|()| scenarios)
}

/// Whether a file has no `send` or no `expect`, so that it can only be extended.
pub(crate) fn is_partial(source: &Source) -> bool {
    source.parse(0).is_ok_and(|root| root.get("send").is_none() || root.get("expect").is_none())
}

/// The only error of some files.
pub(crate) fn one(sources: &[Source], fault: de::Error) -> YamlError {
    let mut errors = Errors::new(sources);
    errors.note_all(vec![fault]);
    errors
        .finish()
        .err()
        .and_then(|errors| errors.0.into_iter().next())
        .unwrap_or_else(|| YamlError::file("unreadable", ""))
}

/// Checks that the version is the first key and one that we know.
pub(crate) fn version(root: &Node) -> Result<(), de::Error> {
    let Kind::Map(entries) = &root.kind else {
        return Err(de::Error::new(format!("the file must hold a map, found {}", root.describe()), root.at)
            .with_help("start with `sealcheck: 1`"));
    };
    let help = "the first line is `sealcheck: 1`";
    let Some((first, value)) = entries.first() else {
        return Err(de::Error::new("the format version is missing", root.at).with_help(help));
    };
    if first.name == "sealcheck" {
        if matches!(value.kind, Kind::Scalar(_, ScalarKind::Integer(VERSION))) {
            return Ok(());
        }
        let version = value.describe();
        let message = format!("format version {} is not known", version.trim_start_matches("the number "));
        return Err(de::Error::new(message, value.at).with_help("this sealcheck reads version 1: `sealcheck: 1`"));
    }
    if let Some((key, _)) = entries.iter().find(|(key, _)| key.name == "sealcheck") {
        return Err(de::Error::new("the format version must be the first key", key.at).with_help(help));
    }
    if suggest::nearest(&first.name, ["sealcheck"]).is_some() {
        let message = format!("unknown key `{}`", first.name);
        return Err(de::Error::new(message, first.at).with_help("did you mean `sealcheck`?"));
    }
    Err(de::Error::new("the format version is missing", first.at).with_help(help))
}

fn extended(
    name: &Node,
    base: &dyn Fn(&str) -> Result<Source, String>,
) -> Result<Result<(Source, Node), YamlErrors>, de::Error> {
    let Kind::Scalar(path, _) = &name.kind else {
        return Err(de::Error::new(format!("`extends` must be a file name, found {}", name.describe()), name.at));
    };
    let source = base(path).map_err(|message| {
        de::Error::new(format!("cannot extend `{path}`: {message}"), name.at).with_help("name a file beside this one")
    })?;
    Ok(source.parse(1).map(|root| (source, root)))
}
