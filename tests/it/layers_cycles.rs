//! No two files of a room use each other, directly or through others, so that each can be read from what it stands on. A `mod.rs`
//! is left out: it names every file of its folder, and what it passes on counts as a use of the file where that stands.

use crate::layers::tree;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// A module or an item, from the crate on: `run::plan` is `["run", "plan"]`.
type Path = Vec<String>;

/// A module, and what its code names of others.
#[derive(Default)]
struct Module {
    file: String,
    /// From the crate on, or from an external one.
    used: Vec<Path>,
    /// What it passes on with `pub use`, by name.
    passed_on: BTreeMap<String, Path>,
}

#[derive(Default)]
struct Modules(BTreeMap<Path, Module>);

impl Modules {
    fn of(files: &[(String, String)]) -> Self {
        let mut modules = Self::default();
        let uses = Regex::new(r"(?m)^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap();
        let inline = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap();
        for (file, text) in files {
            let mut path: Path = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
            path.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap()).collect();
            let code = code.join("\n");
            let mut module = Module { file: file.clone(), ..Module::default() };
            for found in uses.captures_iter(&code) {
                for (used, name) in expanded("", &found[2]) {
                    let used = from_crate(&path, &used);
                    if found.get(1).is_some() {
                        module.passed_on.insert(name, used.clone());
                    }
                    module.used.push(used);
                }
            }
            let rest = uses.replace_all(&code, "");
            module.used.extend(inline.find_iter(&rest).map(|found| from_crate(&path, found.as_str())));
            modules.0.insert(path, module);
        }
        modules
    }

    /// The module where it stands; `None` when it is of another crate.
    fn home(&self, path: &[String]) -> Option<&Path> {
        let (mut path, mut home) = (path.to_vec(), None);
        // A module may pass on what another passes on to it.
        for _ in 0..8 {
            let Some((at, module, n)) = (1..=path.len()).rev().find_map(|n| {
                let (at, module) = self.0.get_key_value(&path[..n])?;
                Some((at, module, n))
            }) else {
                break;
            };
            home = Some(at);
            let Some(to) = path.get(n).and_then(|name| module.passed_on.get(name)) else { break };
            path = [to, &path[n + 1..]].concat();
        }
        home
    }

    /// The files that each file of a room uses there, but for `mod.rs`.
    fn edges(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let stands_alone = |path: &Path| !self.0[path].file.ends_with("mod.rs");
        let of = |(path, module): &(&Path, &'_ Module)| {
            let homes = module.used.iter().filter_map(|used| self.home(used));
            let there = homes.filter(|home| home[0] == path[0] && *home != *path && stands_alone(home));
            there.map(|home| self.0[home].file.as_str()).collect()
        };
        let files = self.0.iter().filter(|(path, _)| !path.is_empty() && stands_alone(path));
        files.map(|file| (file.1.file.as_str(), of(&file))).collect()
    }

    /// The files that use each other, cycle by cycle.
    fn cycles(&self) -> BTreeSet<Vec<&str>> {
        let edges = self.edges();
        let reached: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|file| (*file, reach(&edges, file))).collect();
        let cycle = |file: &&str| reached[file].iter().copied().filter(|other| reached[other].contains(file)).collect();
        edges.keys().filter(|file| reached[*file].contains(*file)).map(cycle).collect()
    }
}

/// Every file that this one uses, directly or through others.
fn reach<'f>(edges: &BTreeMap<&'f str, BTreeSet<&'f str>>, from: &str) -> BTreeSet<&'f str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = edges[from].iter().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(&edges[file]);
        }
    }
    reached
}

/// Every path of the tree of a `use`, and the name that it has from there on.
fn expanded(before: &str, tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let group = group.rsplit_once('}').unwrap().0;
        let (mut depth, mut parts) = (0, vec![String::new()]);
        for c in group.chars() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            match c {
                ',' if depth == 0 => parts.push(String::new()),
                _ => parts.last_mut().unwrap().push(c),
            }
        }
        let before = format!("{before}{head}");
        return parts.iter().filter(|part| !part.trim().is_empty()).flat_map(|part| expanded(&before, part)).collect();
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let whole = format!("{before}{path}");
    let whole = whole.strip_suffix("::self").unwrap_or(&whole).to_owned();
    let name = if name.is_empty() { whole.rsplit("::").next().unwrap_or_default() } else { name }.to_owned();
    vec![(whole, name)]
}

/// A path as it is written in a module, from the crate on.
fn from_crate(module: &[String], path: &str) -> Path {
    let mut base = module.to_vec();
    let mut rest: Vec<&str> = path.split("::").map(str::trim).collect();
    match rest[0] {
        "crate" => base.clear(),
        "self" => {}
        "super" => base.truncate(base.len().saturating_sub(1)),
        // Of another crate, or a module below this one.
        _ => rest.insert(0, "self"),
    }
    rest.remove(0);
    while rest.first() == Some(&"super") {
        base.pop();
        rest.remove(0);
    }
    base.into_iter().chain(rest.into_iter().map(str::to_owned)).collect()
}

#[test]
fn no_files_of_a_room_use_each_other() {
    let files = tree();
    let modules = Modules::of(&files);
    let found = modules.cycles();
    assert!(found.is_empty(), "these use each other: {found:#?}");
}

#[test]
fn the_reader_of_cycles_sees_them() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("a/mod.rs", "mod one;\nmod two;\nmod three;\npub(crate) use one::{One as First};\nuse three::Three;\n"),
        file("a/one.rs", "use super::{\n    two::{self, Two},\n};\n"),
        file("a/two.rs", "use crate::a::First;\nuse crate::b;\n"),
        file(
            "a/three.rs",
            "// use super::two;\nfn f() { super::one::f(); }\n#[cfg(test)]\nmod tests { use super::super::three; }\n",
        ),
        file("b.rs", "use crate::a::one::One;\n"),
    ];
    let modules = Modules::of(&files);
    assert_eq!(modules.edges()["a/three.rs"], BTreeSet::from(["a/one.rs"]));
    assert_eq!(modules.cycles(), BTreeSet::from([vec!["a/one.rs", "a/two.rs"]]));
}
