//! Building and running a case before and after.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bases::Bases;
use crate::case::{Case, Level};
use crate::docker::{Build, Docker};
use crate::rewrite::Rewritten;
use crate::watch::{Seen, watch};

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) problems: Vec<String>,
    /// Why nothing was tried.
    pub(crate) skipped: Option<String>,
    code: String,
    why: String,
    /// Bytes before, after the split, and after every transform.
    sizes: Vec<u64>,
    time: Duration,
}

impl Verdict {
    /// Builds and runs it.
    pub(crate) fn of(case: &Case, docker: &Docker, bases: &Bases) -> Self {
        let start = Instant::now();
        let mut verdict = Self { name: case.name.clone(), why: case.spec.why.clone(), ..Self::default() };
        verdict.compare(case, docker, bases);
        verdict.time = start.elapsed();
        verdict
    }

    fn problem(&mut self, problem: impl fmt::Display) {
        self.problems.push(format!("{}: {problem}", self.name));
    }

    fn compare(&mut self, case: &Case, docker: &Docker, bases: &Bases) {
        let repository = case.repository();
        let original = case.text();
        let missing = bases.missing.iter().find(|(name, _)| original.contains(&format!("FROM {name}\n")));
        if let Some((name, why)) = missing {
            self.skipped = Some(format!("{name} cannot be made here: {why}"));
            return;
        }
        let rewritten = Rewritten::of(bases, repository.path());
        self.code.clone_from(&rewritten.code);
        if case.spec.recipe != rewritten.code {
            self.problem(format_args!("the reason is {}, not {}", rewritten.code, case.spec.recipe));
        }
        if (case.spec.level == Level::Review) != (rewritten.default != original) {
            self.problem(format_args!("it is not at the level {:?}", case.spec.level));
        }
        let trial = |text: &str| -> Result<Seen, String> {
            let image = build(case, docker, bases, repository.path(), text)?;
            Ok(watch(docker, bases, &image, &case.spec))
        };
        let before = match trial(&original) {
            Ok(before) => before,
            Err(why) if case.spec.network => {
                self.skipped =
                    Some(format!("the original does not build, perhaps for want of a network: {why}"));
                return;
            }
            Err(why) => return self.problem(format_args!("the original does not build: {why}")),
        };
        self.sizes.push(before.size);
        self.judge("the original", case, &before);
        for path in &case.spec.gone {
            if !before.files.iter().any(|file| file.starts_with(path)) {
                self.problem(format_args!("the original has no {path} that could be gone"));
            }
        }
        if rewritten.suggested == original {
            return self.problem(format_args!("no split: {}", rewritten.code));
        }
        for (what, text) in [("the split", &rewritten.suggested), ("all transforms", &rewritten.all)] {
            let after = match trial(text) {
                Ok(after) => after,
                Err(why) => {
                    self.problem(format_args!("{what} does not build: {why}\n{text}"));
                    continue;
                }
            };
            let count = self.problems.len();
            self.judge(what, case, &after);
            if (&after.said, after.exit) != (&before.said, before.exit) {
                self.problem(format_args!(
                    "{what} does something else: {:?}, not {:?}",
                    after.said, before.said
                ));
            }
            for path in &case.spec.gone {
                if let Some(file) = after.files.iter().find(|file| file.starts_with(path)) {
                    self.problem(format_args!("{what} still has {file}"));
                }
            }
            if after.size >= before.size {
                self.problem(format_args!("{what} is not smaller: {} bytes", after.size));
            }
            if self.problems.len() > count {
                self.problem(format_args!("of\n{text}"));
            }
            self.sizes.push(after.size);
        }
    }

    fn judge(&mut self, what: &str, case: &Case, seen: &Seen) {
        if let Some(broken) = &seen.broken {
            self.problem(format_args!("{what}: {broken}"));
        } else if !seen.said.contains(&case.spec.expect) {
            self.problem(format_args!("{what} does not say {:?}: {:?}", case.spec.expect, seen.said));
        }
        for path in case.spec.kept.iter().filter(|path| !seen.files.contains(*path)) {
            self.problem(format_args!("{what} has no {path}"));
        }
    }
}

fn build(
    case: &Case,
    docker: &Docker,
    bases: &Bases,
    repository: &Path,
    text: &str,
) -> Result<String, String> {
    let dockerfile = repository.join("Dockerfile");
    fs::write(&dockerfile, text).unwrap();
    let build = Build {
        dockerfile: &dockerfile,
        context: &repository.join("context"),
        target: None,
        images: &bases.images,
        tag: None,
        legacy: false,
    };
    let network = if case.spec.network { "host" } else { "none" };
    let (id, done) = docker.build_as(&build, |command| {
        command.args(["--network", network]);
    });
    done.ok().map(|_| id)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (&self.skipped, self.problems.is_empty()) {
            (Some(_), _) => "skip",
            (None, true) => "ok",
            (None, false) => "FAILED",
        };
        let sizes: Vec<String> = self.sizes.iter().map(|bytes| format!("{} MB", bytes / 1_000_000)).collect();
        let (name, code, seconds) = (&self.name, &self.code, self.time.as_secs_f32());
        write!(f, "{word:6} {name:28} {code:14} {} ({seconds:.1} s): {}", sizes.join(" → "), self.why)?;
        if let Some(skipped) = &self.skipped {
            write!(f, "\n       {skipped}")?;
        }
        Ok(())
    }
}
