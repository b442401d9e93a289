//! Which scenario files are there, and what is in them?

use super::{
    Scenario, YamlError, suggest,
    yaml::{self, Source},
};
use crate::core::glob;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// What a search for scenarios gave.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every scenario and matrix row, sorted by file, rows in their order.
    pub scenarios: Vec<Scenario>,
    /// Everything that is wrong; the files without errors are in `scenarios` all the same.
    pub errors: Vec<YamlError>,
}

/// How deep folders are searched.
const MAX_DEPTH: usize = 32;

/// Loads scenarios. `root` is the scenario folder, which identifiers are counted from. Each of `wanted` is a file, a
/// folder, a glob of paths (`scenarios/forward-*.yaml`), an identifier (`forward/arc`, also with a matrix row) or a glob
/// of identifiers (`forward/*`); none means everything below `root`. Names that start with `.` or `_` are skipped in
/// folders, and so are files that only serve others as `extends`.
pub fn load(root: &Path, wanted: &[String]) -> Loaded {
    let mut errors = Vec::new();
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let all = if root.is_dir() { search(root, root, &mut errors) } else { Vec::new() };
    if wanted.is_empty() {
        if !root.is_dir() {
            let error = YamlError::file("there is no such scenario folder", &root.to_string_lossy());
            errors.push(error.with_help("name scenario files or folders, or set `scenarios` in sealcheck.yaml"));
        }
        all.iter().for_each(|f| add(&mut files, f.clone(), None, &mut errors));
    }
    for want in wanted {
        let path = Path::new(want);
        if path.is_dir() {
            let base = if is_below(path, root) { root } else { path };
            search(path, base, &mut errors).into_iter().for_each(|f| add(&mut files, f, None, &mut errors));
        } else if path.exists() {
            let base = if is_below(path, root) { root } else { path.parent().unwrap_or(root) };
            add(&mut files, File::new(path.to_path_buf(), base), None, &mut errors);
        } else {
            named(want, &all, &mut files, &mut errors);
        }
    }
    read_all(files.into_values().collect(), errors, wanted)
}

/// A scenario file that was found.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    id: String,
    /// Only rows whose identifier one of these matches; `None` for all.
    rows: Option<Vec<String>>,
}

impl File {
    fn new(path: PathBuf, base: &Path) -> Self {
        let below = fs::canonicalize(&path)
            .ok()
            .zip(fs::canonicalize(base).ok())
            .and_then(|(p, b)| p.strip_prefix(b).ok().map(Path::to_path_buf))
            .or_else(|| path.strip_prefix(base).ok().map(Path::to_path_buf))
            .unwrap_or_else(|| path.file_name().map(PathBuf::from).unwrap_or_default());
        let parts: Vec<_> = below
            .with_extension("")
            .components()
            .filter_map(|c| match c {
                Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
                _ => None,
            })
            .collect();
        Self { path, id: parts.join("/"), rows: None }
    }

    fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

fn is_below(path: &Path, root: &Path) -> bool {
    matches!((fs::canonicalize(path), fs::canonicalize(root)), (Ok(p), Ok(r)) if p.starts_with(&r))
}

fn add(files: &mut BTreeMap<String, File>, file: File, rows: Option<String>, errors: &mut Vec<YamlError>) {
    match files.get_mut(&file.id) {
        None => drop(files.insert(file.id.clone(), File { rows: rows.map(|r| vec![r]), ..file })),
        Some(known) if same_file(&known.path, &file.path) => {
            known.rows = known.rows.take().zip(rows).map(|(mut known, more)| {
                known.push(more);
                known
            });
        }
        Some(known) => {
            let error =
                YamlError::file(format!("the scenario id `{}` is taken by {}", file.id, known.name()), &file.name());
            errors.push(error.with_help("rename one of the two files"));
        }
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Adds the files that an identifier or a glob names.
fn named(want: &str, all: &[File], files: &mut BTreeMap<String, File>, errors: &mut Vec<YamlError>) {
    let without_row = want.split('[').next().unwrap_or(want);
    let fits = |name: &str| glob::fits(without_row.trim_start_matches("./"), name.trim_start_matches("./"));
    let mut found = false;
    for file in all.iter().filter(|f| fits(&f.id) || fits(&f.name())) {
        found = true;
        add(files, file.clone(), want.contains('[').then(|| want.to_owned()), errors);
    }
    if !found {
        let error = YamlError::file(format!("no scenario is called `{want}`, and there is no such file"), want);
        let help = suggest::nearest(without_row, all.iter().map(|f| f.id.as_str())).map_or_else(
            || "`sealcheck list` shows what there is".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        errors.push(error.with_help(help));
    }
}

/// Every scenario file below a folder, sorted.
fn search(folder: &Path, base: &Path, errors: &mut Vec<YamlError>) -> Vec<File> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let fresh = fs::canonicalize(&folder).is_ok_and(|real| seen.insert(real));
        if !fresh || depth > MAX_DEPTH {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                errors.push(YamlError::file(format!("the folder cannot be read: {error}"), &folder.to_string_lossy()));
                continue;
            }
        };
        for path in entries.filter_map(Result::ok).map(|e| e.path()) {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if name.starts_with(['.', '_']) {
                continue;
            } else if path.is_dir() {
                open.push((path, depth + 1));
            } else if yaml && fs::canonicalize(&path).map_or(true, |real| seen.insert(real)) {
                found.push(File::new(path, base));
            }
        }
    }
    found.sort_by(|a, b| (&a.id, &a.path).cmp(&(&b.id, &b.path)));
    found
}

/// The text of a scenario file.
///
/// # Errors
/// When it cannot be read, is no regular file, too large, or no text.
fn source(path: &Path) -> Result<Source, YamlError> {
    let is_other = fs::metadata(path).is_ok_and(|m| !m.is_file());
    match is_other {
        true => Err(YamlError::file("this is no regular file", &path.to_string_lossy())),
        false => Source::read(path),
    }
}

fn read_all(files: Vec<File>, mut errors: Vec<YamlError>, wanted: &[String]) -> Loaded {
    let extended = RefCell::new(BTreeSet::new());
    let mut results = Vec::new();
    for file in files {
        let folder = file.path.parent().unwrap_or(Path::new(""));
        let base = |name: &str| {
            let path = folder.join(name);
            if same_file(&path, &file.path) {
                return Err("it is the file itself".to_owned());
            }
            let source = source(&path).map_err(|e| e.message)?;
            if let Ok(real) = fs::canonicalize(&path) {
                extended.borrow_mut().insert(real);
            }
            Ok(source)
        };
        let result = source(&file.path).map_err(Into::into).and_then(|s| yaml::scenarios(&s, &file.id, &base));
        results.push((file, result));
    }
    let extended = extended.into_inner();
    let mut scenarios = Vec::new();
    for (file, result) in results {
        match result {
            Ok(rows) => match &file.rows {
                None => scenarios.extend(rows),
                Some(globs) => {
                    let before = scenarios.len();
                    scenarios.extend(rows.into_iter().filter(|s| globs.iter().any(|g| glob::fits(g, s.id.as_str()))));
                    if scenarios.len() == before {
                        let want = wanted.iter().find(|w| w.contains('[')).cloned().unwrap_or_default();
                        let error = YamlError::file(format!("no row of the matrix is called `{want}`"), &file.name());
                        errors.push(error.with_help("`sealcheck list` shows the rows"));
                    }
                }
            },
            Err(_) if serves_only_others(&file.path, &extended) => {}
            Err(wrong) => errors.extend(wrong.0),
        }
    }
    Loaded { scenarios, errors }
}

fn serves_only_others(path: &Path, extended: &BTreeSet<PathBuf>) -> bool {
    fs::canonicalize(path).is_ok_and(|real| extended.contains(&real))
        && source(path).is_ok_and(|s| yaml::is_partial(&s))
}
