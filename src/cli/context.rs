//! Everything that comes from outside the arguments: environment, terminal, clock, randomness, current directory. Nothing
//! else in the tool reads them.

use crate::{catalogue::Lang, core::RunId, outcome::CiInfo, run::Clock};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, IsTerminal},
    path::PathBuf,
};

/// What the process was started with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment, as far as it is text.
    pub environment: BTreeMap<String, String>,
    /// The current directory.
    pub directory: PathBuf,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// The machine's name.
    pub host: Option<String>,
    /// The time of day.
    pub clock: Clock,
    /// How many processors there are.
    pub processors: usize,
}

impl Context {
    /// That of this process.
    pub fn of_process() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|h| h.trim().to_owned());
        Self {
            args: std::env::args_os().collect(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            host: host.filter(|h| !h.is_empty()),
            clock: Clock::new(jiff::Timestamp::now),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// A variable of the environment; an empty one is as good as none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// What looks a variable up, as [`Context::variable`] does.
    pub(super) fn lookup(&self) -> impl Fn(&str) -> Option<String> {
        |name| self.variable(name).map(str::to_owned)
    }

    /// A new name for a run.
    pub fn new_run(&self) -> RunId {
        RunId::new(ulid::Ulid::new().to_string())
    }

    /// Whether this is a CI job: `CI` is set, and not to `false`.
    pub fn is_ci(&self) -> bool {
        self.variable("CI").is_some_and(|ci| ci != "false" && ci != "0")
    }

    /// The CI job, where this is one.
    pub fn ci(&self) -> Option<CiInfo> {
        if let (Some("true"), Some(server)) = (self.variable("GITHUB_ACTIONS"), self.variable("GITHUB_SERVER_URL")) {
            let run = self.variable("GITHUB_REPOSITORY").zip(self.variable("GITHUB_RUN_ID"));
            let run_url = run.map(|(repository, id)| format!("{server}/{repository}/actions/runs/{id}"));
            return Some(CiInfo { provider: "github-actions".into(), run_url });
        }
        if self.variable("GITLAB_CI").is_some() {
            return Some(CiInfo { provider: "gitlab".into(), run_url: self.variable("CI_JOB_URL").map(str::to_owned) });
        }
        self.is_ci().then(|| CiInfo { provider: "unknown".into(), run_url: None })
    }

    /// The language of the person: the first of LC_ALL, LC_MESSAGES and LANG that is set decides (POSIX.1-2017 §8.2).
    pub fn lang(&self) -> Lang {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| self.variable(name)).unwrap_or("C");
        let language = locale.split(['_', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ja") { Lang::Ja } else { Lang::En }
    }

    /// Whether colours go to a stream: what the person said, else NO_COLOR and CLICOLOR_FORCE, else whether it is a
    /// terminal that can show them.
    pub fn color(&self, asked: Option<bool>, is_terminal: bool) -> bool {
        match asked {
            Some(answer) => answer,
            None if self.variable("NO_COLOR").is_some() => false,
            None if self.variable("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
            None => is_terminal && self.variable("TERM") != Some("dumb"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(environment: &[(&str, &str)]) -> Context {
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Context { environment, ..Context::of_process() }
    }

    #[test]
    fn colours_follow_person_then_environment_then_terminal() {
        assert!(context(&[]).color(None, true));
        assert!(!context(&[]).color(None, false));
        assert!(!context(&[("NO_COLOR", "1")]).color(None, true));
        assert!(context(&[("NO_COLOR", "")]).color(None, true));
        assert!(context(&[("NO_COLOR", "1")]).color(Some(true), false));
        assert!(context(&[("CLICOLOR_FORCE", "1")]).color(None, false));
        assert!(!context(&[("TERM", "dumb")]).color(None, true));
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        for (environment, lang) in [
            (&[][..], Lang::En),
            (&[("LANG", "ja_JP.UTF-8")], Lang::Ja),
            (&[("LANG", "JA")], Lang::Ja),
            (&[("LANG", "jam_JM")], Lang::En),
            (&[("LANG", "ja_JP.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")], Lang::En),
            (&[("LANG", "C"), ("LC_MESSAGES", "ja_JP"), ("LC_ALL", "")], Lang::Ja),
            (&[("LANG", "ja_JP"), ("LC_ALL", "C.UTF-8")], Lang::En),
        ] {
            assert_eq!(context(environment).lang(), lang, "{environment:?}");
        }
    }

    #[test]
    fn ci_is_recognised() {
        assert_eq!(context(&[]).ci(), None);
        assert!(!context(&[("CI", "false")]).is_ci());
        let github = context(&[
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SERVER_URL", "https://git.example"),
            ("GITHUB_REPOSITORY", "acme/mail"),
            ("GITHUB_RUN_ID", "7"),
        ]);
        assert_eq!(github.ci().unwrap().run_url.unwrap(), "https://git.example/acme/mail/actions/runs/7");
        assert_eq!(context(&[("CI", "1")]).ci().unwrap().provider, "unknown");
    }
}
