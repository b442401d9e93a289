//! From the text of a scenario file to scenarios.

use super::{
    Source, YamlError, YamlErrors,
    convert::Cx,
    de::{self, Fault},
    merge::merge,
    node::{Kind, Node, Place, ScalarKind},
    spot::Spot,
    substitute::substitute,
    twin::scenario::ScenarioTwin,
};
use crate::{
    core::suggest,
    scenario::{
        Scenario,
        matrix::{self, MAX_ROWS},
    },
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
            let fault = Fault::new("a file that is extended extends another", again.at);
            return Err(one(&sources, fault.with_help("`extends` goes one level; copy what is needed")).into());
        }
        root = merge(base_root, root);
    }
    let mut cx = Cx::new(&sources);
    let axes = axes(&root, &mut cx);
    let rows = matrix::rows(&axes).unwrap_or_else(|count| {
        let at = root.get("matrix").map_or(root.at, |m| m.at);
        cx.wrong(at, format!("the matrix has {count} rows"), format!("at most {MAX_ROWS}"));
        Vec::new()
    });
    let mut scenarios = Vec::new();
    for row in &rows {
        let node = if row.is_empty() { root.clone() } else { substitute(&root, row) };
        let (twin, faults) = de::read::<ScenarioTwin>(&node, &sources);
        cx.faults(faults);
        scenarios.extend(twin.and_then(|twin| cx.scenario(id, twin, row)));
        if !cx.errors.is_empty() {
            break;
        }
    }
    cx.finish().map(|()| scenarios)
}

/// Whether a file has no `send` or no `expect`, so that it can only be extended.
pub(crate) fn is_partial(source: &Source) -> bool {
    source.parse(0).is_ok_and(|root| root.get("send").is_none() || root.get("expect").is_none())
}

fn one(sources: &[Source], fault: Fault) -> YamlError {
    let mut cx = Cx::new(sources);
    cx.fault(fault);
    cx.errors.pop().unwrap_or_else(|| YamlError::file("unreadable", ""))
}

/// Checks that the version is the first key and one that we know.
pub(crate) fn version(root: &Node) -> Result<(), Fault> {
    let Kind::Map(entries) = &root.kind else {
        return Err(Fault::new(format!("the file must hold a map, found {}", root.describe()), root.at)
            .with_help("start with `sealcheck: 1`"));
    };
    let help = "the first line is `sealcheck: 1`";
    match entries.first() {
        Some((key, value)) if key.name == "sealcheck" => match value.kind {
            Kind::Scalar(_, ScalarKind::Integer(VERSION)) => Ok(()),
            _ => {
                let message =
                    format!("format version {} is not known", value.describe().trim_start_matches("the number "));
                Err(Fault::new(message, value.at).with_help("this sealcheck reads version 1: `sealcheck: 1`"))
            }
        },
        _ => match entries.iter().find(|(k, _)| k.name == "sealcheck") {
            Some((key, _)) => Err(Fault::new("the format version must be the first key", key.at).with_help(help)),
            None => match entries.first() {
                Some((key, _)) if suggest::nearest(&key.name, ["sealcheck"]).is_some() => {
                    Err(Fault::new(format!("unknown key `{}`", key.name), key.at)
                        .with_help("did you mean `sealcheck`?"))
                }
                Some((key, _)) => Err(Fault::new("the format version is missing", key.at).with_help(help)),
                None => Err(Fault::new("the format version is missing", root.at).with_help(help)),
            },
        },
    }
}

fn extended(
    name: &Node,
    base: &dyn Fn(&str) -> Result<Source, String>,
) -> Result<Result<(Source, Node), YamlErrors>, Fault> {
    let Kind::Scalar(path, _) = &name.kind else {
        return Err(Fault::new(format!("`extends` must be a file name, found {}", name.describe()), name.at));
    };
    let source = base(path).map_err(|message| {
        Fault::new(format!("cannot extend `{path}`: {message}"), name.at).with_help("name a file beside this one")
    })?;
    Ok(source.parse(1).map(|root| (source, root)))
}

/// The names and values of the matrix; what is no list of scalars is left to the twin to complain about.
fn axes(root: &Node, cx: &mut Cx<'_>) -> Vec<(String, Vec<String>)> {
    let Some(matrix) = root.get("matrix") else { return Vec::new() };
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    for (key, list) in matrix.entries() {
        let Kind::List(items) = &list.kind else { continue };
        let name = Spot { value: key.name.clone(), at: key.at };
        if items.is_empty() {
            cx.wrong(list.at, format!("`{}` has no values", key.name), "a matrix without values has no rows");
        }
        let mut values: Vec<String> = Vec::new();
        for item in items {
            if let Kind::Scalar(text, _) = &item.kind {
                axis_value(cx, item.at, text, &values);
                values.push(text.clone());
            }
        }
        if cx.var_name(&name) && !values.is_empty() {
            axes.push((key.name.clone(), values));
        }
    }
    if matrix.entries().is_empty() {
        cx.wrong(matrix.at, "`matrix` is empty", "write a name and a list of values, for example `size: [1KB, 5MB]`");
    }
    axes
}

fn axis_value(cx: &mut Cx<'_>, at: Place, text: &str, before: &[String]) {
    if before.iter().any(|v| v == text) {
        cx.wrong(at, format!("`{text}` is written twice"), "two rows would have the same name");
    }
    if text.is_empty() || text.chars().count() > 60 || text.chars().any(|c| c.is_control() || "[],=/\\".contains(c)) {
        let help = "the value stands in the scenario's name: at most 60 characters, none of `[ ] , = / \\`";
        cx.wrong(at, format!("`{}` cannot be a matrix value", text.escape_debug()), help);
    }
}
