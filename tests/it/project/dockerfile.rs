//! The Dockerfile, done line by line in Debian systems of their own, as far as that goes without Docker.

use crate::support::{
    debian::{Inside, debian, fresh, with_files_of},
    program::{Lab, Project, forward},
};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

/// What the image of Debian packages has that the last stages stand on, and the user of its tag `nonroot`.
const CC_DEBIAN12: [&str; 9] =
    ["base-files", "ca-certificates", "libc6", "libgcc-s1", "libgomp1", "libssl3", "libstdc++6", "netbase", "tzdata"];
const NONROOT: &str = "65532";

/// From a `FROM` to the next one.
#[derive(Default)]
struct Stage {
    from: String,
    name: String,
    /// Each with what follows it on its line.
    instructions: Vec<(String, String)>,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn stages() -> Vec<Stage> {
    let text = fs::read_to_string(file("Dockerfile")).unwrap().replace("\\\n", "");
    let mut stages: Vec<Stage> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (instruction, rest) = line.split_once(' ').unwrap();
        match (instruction, rest.split_once(" AS ")) {
            ("FROM", Some((from, name))) => {
                stages.push(Stage { from: from.to_owned(), name: name.to_owned(), instructions: Vec::new() });
            }
            ("FROM", None) => panic!("a stage without a name: {line}"),
            _ => stages.last_mut().unwrap().instructions.push((instruction.to_owned(), rest.trim().to_owned())),
        }
    }
    stages
}

impl Stage {
    /// What follows the last of these instructions.
    fn last(&self, instruction: &str) -> &str {
        let all = self.instructions.iter().rev();
        let mut found = all.filter(|(name, _)| name == instruction).map(|(_, rest)| rest.as_str());
        found.next().unwrap_or_else(|| panic!("{} has no {instruction}", self.name))
    }

    /// The words of a command that no shell reads.
    fn words(&self, instruction: &str) -> Vec<String> {
        let rest = self.last(instruction);
        serde_json::from_str(&rest[rest.find('[').unwrap()..]).unwrap()
    }
}

/// The stage of this name.
fn stage<'s>(stages: &'s [Stage], name: &str) -> &'s Stage {
    stages.iter().find(|stage| stage.name == name).unwrap_or_else(|| panic!("no stage {name}"))
}

#[test]
fn the_last_stage_is_the_program_and_the_lab_names_its_ports() {
    let stages = stages();
    let rust = env!("CARGO_PKG_RUST_VERSION");
    assert_eq!(stages[0].from, format!("rust:{rust}-bookworm"), "Rust is named where the package names it");
    let program = stage(&stages, "program");
    assert_eq!(program.from, "gcr.io/distroless/cc-debian12:nonroot");
    assert_eq!(stages.last().unwrap().words("ENTRYPOINT"), ["sealcheck"], "`docker build .` takes the last stage");
    assert!(!stages.iter().any(|stage| stage.instructions.iter().any(|(name, _)| name == "USER")));
    let lab = stage(&stages, "lab");
    let entry = lab.words("ENTRYPOINT");
    let mut named: Vec<&str> =
        entry.windows(2).filter(|pair| pair[0].starts_with("--port-")).map(|pair| pair[1].as_str()).collect();
    let mut exposed: Vec<&str> = lab.last("EXPOSE").split(' ').map(|port| port.split('/').next().unwrap()).collect();
    [&mut named, &mut exposed].into_iter().for_each(|ports| ports.sort_unstable());
    exposed.dedup();
    assert_eq!(named, exposed);
    let help = Project::new().run(&["lab", "up", "--help"]).stdout;
    assert_eq!(named.len(), help.matches("--port-").count(), "every server has a port that does not change");
}

/// What the build stage leaves.
struct Built {
    root: PathBuf,
    /// Lines that were run.
    ran: Vec<String>,
}

/// Does the build stage in a Debian 12. Where it does not compile, the program that these tests were built with is there.
fn build(stage: &Stage, compiles: bool) -> Option<Built> {
    let root = debian("bookworm", &CC_DEBIAN12)?;
    ["src", "out"].iter().for_each(|folder| drop(fs::remove_dir_all(root.join(folder))));
    // The tools that these tests were built with, and what they have downloaded.
    let toolchain = Path::new(env!("CARGO")).ancestors().nth(2).unwrap();
    let home = option_env!("CARGO_HOME").map_or_else(|| Path::new(env!("HOME")).join(".cargo"), PathBuf::from);
    let mounts = [(toolchain, "/usr/local/rust"), (home.as_path(), "/usr/local/cargo")];
    let mut built = Built { root: root.clone(), ran: Vec::new() };
    let mut directory = "/";
    for (instruction, rest) in &stage.instructions {
        match instruction.as_str() {
            "WORKDIR" => {
                directory = rest;
                fs::create_dir_all(root.join(&rest[1..])).unwrap();
            }
            "COPY" => {
                assert_eq!(rest, ". .");
                copy_context(&root.join(&directory[1..]));
            }
            "RUN" if rest.starts_with("cargo ") && !compiles => {
                let program = root.join(&directory[1..]).join("target/release/sealcheck");
                fs::create_dir_all(program.parent().unwrap()).unwrap();
                fs::copy(env!("CARGO_BIN_EXE_sealcheck"), program).unwrap();
            }
            "RUN" => {
                let path = "PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
                let words = ["env", path, "CARGO_HOME=/usr/local/cargo", "sh", "-c", rest];
                Inside { root: &root, user: "0", directory, mounts: &mounts }.run(&words);
                built.ran.push(rest.clone());
            }
            _ => panic!("{instruction} {rest}: this test does not do it"),
        }
    }
    Some(built)
}

/// Copies what `docker build` is given: all but what .dockerignore names.
fn copy_context(to: &Path) {
    let ignored = fs::read_to_string(file(".dockerignore")).unwrap();
    for entry in fs::read_dir(file("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !ignored.lines().any(|line| line == name) {
            let copied = Command::new("cp").arg("-a").args([&path, to]).status().unwrap();
            assert!(copied.success(), "{}", path.display());
        }
    }
}

/// Makes what an image of a stage has.
fn image(stages: &[Stage], name: &str, built: &Built) -> PathBuf {
    let root = with_files_of(&built.root, &CC_DEBIAN12, &format!("image-{name}"));
    let mut chain = vec![stage(stages, name)];
    while let Some(below) = stages.iter().find(|other| other.name == chain.last().unwrap().from) {
        chain.push(below);
    }
    for (_, rest) in chain.iter().rev().flat_map(|s| &s.instructions).filter(|(name, _)| name == "COPY") {
        let (options, paths): (Vec<&str>, Vec<&str>) = rest.split(' ').partition(|word| word.starts_with("--"));
        let [from, to] = paths[..] else { panic!("COPY {rest}") };
        assert!(options.contains(&"--from=build"), "COPY {rest}");
        let from = built.root.join(&from[1..]);
        assert!(from.exists(), "COPY {rest}: the build stage leaves no {}", from.display());
        let mut place = root.join(&to[1..]);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        if to.ends_with('/') {
            fs::create_dir_all(&place).unwrap();
            place.push(from.file_name().unwrap());
        }
        if from.is_dir() {
            fs::create_dir(&place).unwrap();
        } else {
            fs::copy(&from, &place).unwrap();
        }
        if options.contains(&"--chown=nonroot:nonroot") {
            let id = NONROOT.parse().ok();
            chown(&place, id, id).unwrap();
        }
    }
    root
}

/// Each shared library that the program needs is there.
fn needs_no_more_than(image: &Path, built: &Built) {
    let inside = Inside { root: &built.root, user: "0", directory: "/", mounts: &[] };
    let listed = inside.run(&["ldd", "/out/sealcheck"]);
    let found =
        listed.lines().filter_map(|line| line.split_once("=> /")).map(|(_, path)| path.split(' ').next().unwrap());
    let mut count = 0;
    for path in found {
        assert!(image.join(path).exists(), "the image has no {path}");
        count += 1;
    }
    assert!(count > 0, "{listed}");
}

/// A folder with a project of a person's, whose number this is.
fn project_of(user: u32) -> Project {
    let project = Project::new().open_to_all();
    let made = project.run(&["init"]);
    assert_eq!(made.code, 0, "{made}");
    let own = Command::new("chown").args(["-R", &format!("{user}:{user}")]).arg(project.path("")).status().unwrap();
    assert!(own.success());
    project
}

/// The image runs somebody's project, as its own user and as the one that the folder belongs to.
fn runs_a_project(stages: &[Stage], built: &Built) {
    let root = image(stages, "sealcheck", built);
    needs_no_more_than(&root, built);
    let stage = stage(stages, "sealcheck");
    let (entry, directory) = (stage.words("ENTRYPOINT"), stage.last("WORKDIR"));
    assert_eq!(fs::metadata(root.join(&directory[1..])).unwrap().uid().to_string(), NONROOT);
    let project = project_of(1000);
    let folder = project.path("");
    for (user, options) in [(NONROOT, &["--artifacts", "none"][..]), ("1000", &[])] {
        let inside = Inside { root: &root, user, directory, mounts: &[(&folder, directory)] };
        let words = entry.iter().map(String::as_str).chain(["run"]).chain(options.iter().copied());
        let said = inside.run(&words.collect::<Vec<_>>());
        assert!(said.contains(" passed"), "{said}");
        assert_eq!(project.path(".sealcheck/runs").exists(), user == "1000", "{said}");
    }
}

/// The lab's image answers another container under the name of its service.
fn lab_answers(stages: &[Stage], built: &Built) {
    let (lab, other) = (image(stages, "lab", built), image(stages, "sealcheck", built));
    let name = stage(stages, "lab");
    let (variable, host) = name.last("ENV").split_once('=').unwrap();
    // What Docker's DNS says.
    for root in [&lab, &other] {
        fs::write(root.join("etc/hosts"), format!("127.0.0.1 {host}\n")).unwrap();
    }
    // A volume, which begins as the folder of the image.
    let volume = fresh("volume");
    let owner = fs::metadata(lab.join("lab")).unwrap().uid();
    chown(&volume, Some(owner), Some(owner)).unwrap();
    let directory = name.last("WORKDIR");
    let inside = Inside { root: &lab, user: NONROOT, directory, mounts: &[(&volume, directory)] };
    let entry = name.words("ENTRYPOINT");
    let words: Vec<&str> = entry.iter().map(String::as_str).collect();
    let started = |advertise: &str| {
        let mut command = inside.command(&words);
        command.env(variable, advertise);
        command
    };
    let health = name.words("HEALTHCHECK");
    let health: Vec<&str> = health.iter().map(String::as_str).collect();
    assert!(!inside.command(&health).output().unwrap().status.success(), "a lab that is not there is healthy");
    let unknown = started("nobody.example").output().unwrap();
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(3), "{said}");
    assert!(said.contains("--advertise nobody.example: the name has no address here"), "{said}");

    let lab = Lab::start(started(host));
    inside.run(&health);
    let servers: BTreeMap<String, String> = lab.ready["servers"].as_array().unwrap().iter().map(server).collect();
    for (server, address) in &servers {
        let stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("{server} at {address}: {e}"));
        if server.ends_with("-mx") || server == "submission" {
            let mut greeting = String::new();
            BufReader::new(stream).read_line(&mut greeting).unwrap();
            assert!(greeting.starts_with("220 "), "{server}: {greeting}");
        }
    }
    let twice = started(host).output().unwrap();
    let said = String::from_utf8_lossy(&twice.stderr).into_owned();
    assert_eq!(twice.status.code(), Some(3), "{said}");
    assert!(said.contains("no port could be bound for DNS on port 5300 of 0.0.0.0: "), "{said}");

    // The other container sends by SMTP, reads by IMAP, asks the DNS for keys, and holds the certificate to the name.
    let project = Project::new().scenario("forward", &forward("gmail")).open_to_all();
    let config = fs::read_to_string(volume.join("lab.yaml")).unwrap();
    assert_eq!(config.matches(&format!("host: {host}\n")).count(), config.matches("host: ").count(), "{config}");
    let config: String = config.lines().filter(|l| !l.contains("tls_name:")).map(|l| format!("{l}\n")).collect();
    fs::write(project.path("lab.yaml"), config).unwrap();
    let copied = Command::new("cp").arg("-a").args([volume.join("lab.yaml.d"), project.path("")]).status().unwrap();
    assert!(copied.success());
    let folder = project.path("");
    let inside = Inside { root: &other, user: NONROOT, directory: "/project", mounts: &[(&folder, "/project")] };
    let run = ["sealcheck", "run", "--config", "lab.yaml", "--update", "never", "--artifacts", "none"];
    let ran = inside.command(&run).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(said.contains("1 run: 1 passed"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

/// A server of the ready line: its name, and where it is.
fn server(described: &serde_json::Value) -> (String, String) {
    let text = |key: &str| described[key].as_str().unwrap().to_owned();
    (text("name"), text("address"))
}

#[test]
#[ignore = "requires root and debootstrap; .ci/run has them"]
fn as_root_every_line_but_the_compiler_s_is_run_and_the_images_work() {
    let stages = stages();
    let Some(built) = build(stage(&stages, "build"), false) else { return };
    let all = stages.iter().flat_map(|stage| &stage.instructions).filter(|(name, _)| name == "RUN").count();
    assert_eq!(built.ran.len() + 1, all, "{:?}", built.ran);
    runs_a_project(&stages, &built);
    lab_answers(&stages, &built);
}

/// `cargo test --test it -- --ignored dockerfile::by_hand` as root: some minutes.
#[test]
#[ignore = "requires root and debootstrap, and compiles everything anew"]
fn by_hand() {
    let stages = stages();
    let Some(built) = build(stage(&stages, "build"), true) else { return };
    runs_a_project(&stages, &built);
    lab_answers(&stages, &built);
}
