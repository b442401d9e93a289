//! Which scenario files are there, and what is in them?

use super::{
    Scenario, YamlError,
    yaml::{self, MAX_BYTES, Source},
};
use crate::core::{glob, suggest};
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

/// Loads scenarios. `root` is the scenario folder, which identifiers are counted from; that of a file elsewhere is its
/// path from the folder around `root` (`other/arc`, `../shared/arc`). Each of `wanted` is a file, a
/// folder, a glob of paths (`scenarios/forward-*.yaml`), an identifier (`forward/arc`, also with a matrix row) or a glob
/// of identifiers (`forward/*`); none means everything below `root`. Names that start with `.` or `_` are skipped in
/// folders, and so are files that only serve others as `extends`.
pub fn load(root: &Path, wanted: &[String]) -> Loaded {
    let mut errors = Vec::new();
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let names = Names::new(root);
    let all = if root.is_dir() { search(root, &names, &mut errors) } else { Vec::new() };
    if wanted.is_empty() {
        if !root.is_dir() {
            let error = YamlError::file("there is no such scenario folder", &root.to_string_lossy());
            errors.push(error.with_help("name scenario files or folders, or set `scenarios` in sealcheck.yaml"));
        }
        all.iter().for_each(|f| add(&mut files, f.clone(), None, &mut errors));
    }
    for want in wanted {
        let path = Path::new(want);
        let found = if path.is_dir() {
            search(path, &names, &mut errors)
        } else if path.exists() {
            names.file(path.to_path_buf()).map_err(|error| errors.push(error)).into_iter().collect()
        } else {
            named(want, &all, &mut files, &mut errors);
            continue;
        };
        for file in found {
            match all.iter().find(|f| f.id == file.id && !same_file(&f.path, &file.path)) {
                Some(other) => errors.push(taken(&file, other)),
                None => add(&mut files, file, None, &mut errors),
            }
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
    fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// What identifiers are counted from.
struct Names {
    /// The scenario folder, absolute.
    root: PathBuf,
    /// The same without links.
    real_root: Option<PathBuf>,
    /// The folder around it, without links.
    around: PathBuf,
}

impl Names {
    fn new(root: &Path) -> Self {
        let around = match root.parent() {
            Some(around) if around.as_os_str().is_empty() => Path::new("."),
            Some(around) => around,
            None => root,
        };
        Self {
            root: absolute(root),
            real_root: fs::canonicalize(root).ok(),
            around: fs::canonicalize(around).unwrap_or_else(|_| absolute(around)),
        }
    }

    /// A scenario file. Its identifier is its path below the scenario folder, also where a link leads to it from there;
    /// of another file it is the path from the folder around that. A path from there has a folder before the name always
    /// (`./arc`, `other/arc`, `../arc`).
    ///
    /// # Errors
    /// When the path is not UTF-8: other names would be shown alike.
    fn file(&self, path: PathBuf) -> Result<File, YamlError> {
        let (real, named) = (fs::canonicalize(&path).ok(), absolute(&path));
        let in_root = real.as_ref().zip(self.real_root.as_ref()).and_then(|(p, root)| p.strip_prefix(root).ok());
        let in_root = in_root.or_else(|| named.strip_prefix(&self.root).ok().filter(|below| !goes_up(below)));
        let below = match in_root {
            Some(below) => below.to_path_buf(),
            None => relative(real.as_deref().unwrap_or(&named), &self.around),
        };
        let is_yaml = below.extension().is_some_and(|e| e == "yaml" || e == "yml");
        let below = if is_yaml { below.with_extension("") } else { below };
        let parts = below.components().filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_str()),
            Component::ParentDir => Some(Some("..")),
            Component::CurDir => Some(Some(".")),
            Component::Prefix(_) | Component::RootDir => None,
        });
        match parts.collect::<Option<Vec<_>>>() {
            Some(parts) => Ok(File { id: parts.join("/"), path, rows: None }),
            None => {
                let error = YamlError::file("the path of this file is not UTF-8", &path.to_string_lossy());
                Err(error.with_help("rename the file or its folder"))
            }
        }
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn goes_up(path: &Path) -> bool {
    path.components().any(|part| part == Component::ParentDir)
}

/// The way to a file from a folder, both absolute; through `.` where it is only a name.
fn relative(file: &Path, folder: &Path) -> PathBuf {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(file.components().skip(shared)).collect();
    if way.components().count() == 1 { Path::new(".").join(way) } else { way }
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
        Some(known) => errors.push(taken(&file, known)),
    }
}

/// The files outside of the scenario folder `root` that have these identifiers, with a matrix row or without.
pub fn elsewhere<'i>(root: &Path, ids: impl IntoIterator<Item = &'i str>) -> BTreeSet<String> {
    let names = Names::new(root);
    let file = |id: &str, extension: &str| {
        let path = names.around.join(format!("{id}.{extension}"));
        let is_it = path.is_file() && names.file(path.clone()).is_ok_and(|file| file.id == id);
        is_it.then(|| path.to_str().map(str::to_owned)).flatten()
    };
    let ids: BTreeSet<&str> = ids.into_iter().map(|id| id.split('[').next().unwrap_or(id)).collect();
    ids.into_iter().flat_map(|id| ["yaml", "yml"].into_iter().filter_map(move |e| file(id, e))).collect()
}

/// Two scenarios cannot have one identifier, and the snapshots of one.
fn taken(file: &File, by: &File) -> YamlError {
    let error = YamlError::file(format!("the scenario id `{}` is taken by {}", file.id, by.name()), &file.name());
    error.with_help("rename one of the two files")
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
fn search(folder: &Path, names: &Names, errors: &mut Vec<YamlError>) -> Vec<File> {
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
        // In a fixed order: of several links to one file, the first has it.
        let entries: BTreeSet<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
        for path in entries {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if name.starts_with(['.', '_']) {
                continue;
            } else if path.is_dir() {
                open.push((path, depth + 1));
            } else if yaml && fs::canonicalize(&path).map_or(true, |real| seen.insert(real)) {
                match names.file(path) {
                    Ok(file) => found.push(file),
                    Err(error) => errors.push(error),
                }
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
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let message = format!("this is no regular file of at most {MAX_BYTES} bytes");
        return Err(YamlError::file(message, &path.to_string_lossy()));
    }
    Source::read(path)
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
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for scenario in &scenarios {
        // A file can be called as a row of another's matrix is.
        if let Some(other) = known.insert(scenario.id.as_str(), &scenario.file) {
            let error =
                YamlError::file(format!("the scenario id `{}` is taken by {other}", scenario.id), &scenario.file);
            errors.push(error.with_help("rename one of the two files"));
        }
    }
    Loaded { scenarios, errors }
}

fn serves_only_others(path: &Path, extended: &BTreeSet<PathBuf>) -> bool {
    fs::canonicalize(path).is_ok_and(|real| extended.contains(&real))
        && source(path).is_ok_and(|s| yaml::is_partial(&s))
}
